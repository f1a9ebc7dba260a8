// The bytes of one write, in a buffer that grows and is used again, and how numbers become text in it. The hot path:
// digits are written byte by byte, because a native call a value costs more than the value (measured: twice the
// speed of one string a row).

export interface LineWriter {
  /** Forgets what was written. */
  reset(): void
  /** Makes room for `count` more bytes; everything below writes without looking. */
  ensure(count: number): void
  readonly length: number
  /** Takes back everything after `length`. */
  cut(length: number): void
  byte(value: number): void
  /** Writes over a byte. */
  patch(at: number, value: number): void
  bytes(value: Uint8Array): void
  /** The shortest decimal text that reads back as exactly this double, as String gives it, and "-0" for -0. Finite only. */
  double(value: number): void
  /** Exactly `digits` digits of a whole number, with leading zeros. */
  fixed(value: number, digits: number): void
  /** ASCII text. */
  ascii(text: string): void
  /** What was written from byte `from` on; valid until the next call that writes. */
  view(from?: number, to?: number): Buffer
}

const minus = 45
const dot = 46
const zero = 48

/** Longest text of a double: "-2.2250738585072014e-308". */
export const doubleBytesMax = 24

export function createLineWriter(initialBytes = 64 * 1024): LineWriter {
  let buffer = Buffer.allocUnsafeSlow(initialBytes)
  let at = 0

  const ascii = (text: string) => {
    let to = at
    for (let i = 0, length = text.length; i < length; i++) buffer[to++] = text.charCodeAt(i)
    at = to
  }

  /** 0 <= value < 2^31. */
  const whole = (value: number) => {
    const digits =
      value < 10
        ? 1
        : value < 100
          ? 2
          : value < 1000
            ? 3
            : value < 10000
              ? 4
              : value < 100000
                ? 5
                : value < 1e6
                  ? 6
                  : value < 1e7
                    ? 7
                    : value < 1e8
                      ? 8
                      : value < 1e9
                        ? 9
                        : 10
    let to = at + digits
    at = to
    let left = value
    do {
      const tenth = (left / 10) | 0
      buffer[--to] = zero + left - tenth * 10
      left = tenth
    } while (left > 0)
  }

  const double = (value: number) => {
    const integer = value | 0
    if (integer === value && (integer !== 0 || 1 / value > 0) && integer !== -2147483648) {
      if (integer < 0) {
        buffer[at++] = minus
        whole(-integer)
      } else whole(integer)
      return
    }
    // Measured values often have three decimals at most. A decimal of up to 15 digits that reads back as `value` is the
    // only one that short, so it is what String would give.
    const thousandths = Math.round(value * 1000)
    if (thousandths / 1000 === value && thousandths < 2147483648 && thousandths > -2147483648 && thousandths !== 0) {
      let left = thousandths
      if (left < 0) {
        buffer[at++] = minus
        left = -left
      }
      const ones = (left / 1000) | 0
      left -= ones * 1000
      whole(ones)
      buffer[at++] = dot
      const a = (left / 100) | 0
      const b = ((left - a * 100) / 10) | 0
      const c = left - a * 100 - b * 10
      buffer[at++] = zero + a
      if (b !== 0 || c !== 0) {
        buffer[at++] = zero + b
        if (c !== 0) buffer[at++] = zero + c
      }
      return
    }
    if (value === 0) {
      buffer[at++] = minus
      buffer[at++] = zero
      return
    }
    ascii(`${value}`)
  }

  return {
    reset() {
      at = 0
    },
    ensure(count) {
      if (at + count <= buffer.length) return
      const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + count))
      buffer.copy(larger, 0, 0, at)
      buffer = larger
    },
    get length() {
      return at
    },
    cut(length) {
      at = length
    },
    byte(value) {
      buffer[at++] = value
    },
    patch(index, value) {
      buffer[index] = value
    },
    bytes(value) {
      const length = value.length
      if (length > 64) {
        buffer.set(value, at)
        at += length
        return
      }
      let to = at
      for (let i = 0; i < length; i++) buffer[to++] = value[i]!
      at = to
    },
    double,
    fixed(value, digits) {
      let to = at + digits
      at = to
      let left = value
      for (let i = 0; i < digits; i++) {
        const tenth = (left / 10) | 0
        buffer[--to] = zero + left - tenth * 10
        left = tenth
      }
    },
    ascii,
    view: (from = 0, to = at) => buffer.subarray(from, to),
  }
}
