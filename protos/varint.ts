// Varints and zig-zag as Protocol Buffers define them (https://protobuf.dev/programming-guides/encoding), and runs of
// differences written with them. Differences count modulo 2^64, so that every pair of int64 has one.
//
// The loops stay on doubles and 32-bit halves and leave them for bigint only where a value asks for it. What keeps this
// exact: the difference of two integers, each exact in a double, rounds to less than 2^52 only if it is exact, because
// rounding is monotonic and all integers up to 2^53 are doubles.

// Typed arrays are copied to the wire as they lie in memory, and int64 arrays are read as pairs of 32-bit halves.
if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) {
  throw new Error('this machine is big-endian, which the wire codecs do not support')
}

const two32 = 2 ** 32
/** A zig-zagged difference below this fits a double exactly. */
const zigZagDoubleMax = 2 ** 52
/** Bytes of a varint that still make a small enough double: 7 x 7 bits. */
const doubleBytesMax = 7
const varintBytesMax = 10
const scratchBytesMax = 1024 * 1024

/** The low and high halves of each int64: element 2i and 2i + 1. */
export const halvesOf = (values: BigInt64Array): Int32Array =>
  new Int32Array(values.buffer, values.byteOffset, values.length * 2)

let kept = new Uint8Array(4096)

function scratch(bytes: number): Uint8Array<ArrayBuffer> {
  if (bytes <= kept.length) return kept
  const larger = new Uint8Array(bytes)
  if (bytes <= scratchBytesMax) kept = larger
  return larger
}

/** Writes an integer from 0 to 2^53 - 1; returns where the next byte goes. */
function writeVarint(out: Uint8Array, at: number, value: number): number {
  while (value >= two32) {
    out[at++] = (value % 128) | 128
    value = Math.floor(value / 128)
  }
  let low = value >>> 0
  while (low > 127) {
    out[at++] = (low & 127) | 128
    low >>>= 7
  }
  out[at++] = low
  return at
}

/** Writes the zig-zag of a difference that no double holds. */
function writeBigDelta(out: Uint8Array, at: number, delta: bigint): number {
  const signed = BigInt.asIntN(64, delta)
  let rest = BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n))
  while (rest > 127n) {
    out[at++] = Number(rest & 127n) | 128
    rest >>= 7n
  }
  out[at++] = Number(rest)
  return at
}

const zigZag = (delta: number): number => (delta >= 0 ? delta * 2 : delta * -2 - 1)

/** Unsigned varints of the indexes. */
export function encodeIndexes(indexes: Uint32Array, rows: number): Uint8Array {
  const out = scratch(rows * 5)
  let at = 0
  for (let row = 0; row < rows; row++) at = writeVarint(out, at, indexes[row]!)
  return out.slice(0, at)
}

/**
 * Zig-zag varints of the differences of whole numbers within +-2^53, the first from 0. -0 counts as 0. Throws
 * RangeError for any other number.
 */
export function encodeDeltas(values: Float64Array, rows: number): Uint8Array {
  const out = scratch(rows * varintBytesMax)
  let at = 0
  let previous = 0
  for (let row = 0; row < rows; row++) {
    const value = values[row]!
    const delta = value - previous
    const small = delta | 0
    if (small === delta) {
      let rest = ((small << 1) ^ (small >> 31)) >>> 0
      while (rest > 127) {
        out[at++] = (rest & 127) | 128
        rest >>>= 7
      }
      out[at++] = rest
    } else at = writeLargeDelta(out, at, value, previous)
    previous = value
  }
  return out.slice(0, at)
}

function writeLargeDelta(out: Uint8Array, at: number, value: number, previous: number): number {
  // Any value that is no integer comes by here, because its difference from an integer is none either.
  if (!Number.isInteger(value) || Math.abs(value) > 2 ** 53) {
    throw new RangeError(`${value} in an int column: not a whole number within +-2^53`)
  }
  const delta = value - previous
  if (Math.abs(delta) < zigZagDoubleMax) return writeVarint(out, at, zigZag(delta))
  return writeBigDelta(out, at, BigInt(value) - BigInt(previous))
}

/** The same for any int64, from row `first` on; the difference of row 0 is from 0. */
export function encodeDeltas64(values: BigInt64Array, rows: number, first = 0): Uint8Array {
  const halves = halvesOf(values)
  const out = scratch(rows * varintBytesMax)
  let at = 0
  let previousLow = first === 0 ? 0 : halves[2 * first - 2]! >>> 0
  let previousHigh = first === 0 ? 0 : halves[2 * first - 1]!
  for (let row = first; row < rows; row++) {
    const low = halves[2 * row]! >>> 0
    const high = halves[2 * row + 1]!
    const delta = (high - previousHigh) * two32 + (low - previousLow)
    if (Math.abs(delta) < zigZagDoubleMax) at = writeVarint(out, at, zigZag(delta))
    else at = writeBigDelta(out, at, values[row]! - (row === 0 ? 0n : values[row - 1]!))
    previousLow = low
    previousHigh = high
  }
  return out.slice(0, at)
}

/**
 * How far a decoder came: values read, and bytes they took. Fewer values than asked for: the bytes ended or make no
 * sense.
 */
export interface Progress {
  rows: number
  bytes: number
}

/** Unsigned varints below 2^32 into `out`. */
export function decodeIndexes(bytes: Uint8Array, out: Uint32Array): Progress {
  let at = 0
  for (let row = 0; row < out.length; row++) {
    const start = at
    let value = 0
    let factor = 1
    for (;;) {
      const byte = bytes[at++]
      if (byte === undefined || at - start > 5) return { rows: row, bytes: start }
      value += (byte & 127) * factor
      factor *= 128
      if (byte < 128) break
    }
    // What a Uint32Array can't hold is an index of nothing: the largest one stands for it.
    out[row] = Math.min(value, 0xffffffff)
  }
  return { rows: out.length, bytes: at }
}

/**
 * Differences into numbers. Undefined as soon as a value or a difference is too large to be sure of in doubles: then
 * decodeDeltas64 must be asked.
 */
export function decodeDeltas(bytes: Uint8Array, out: Float64Array): Progress | undefined {
  const end = bytes.length
  let at = 0
  let value = 0
  for (let row = 0; row < out.length; row++) {
    const start = at
    if (at >= end) return { rows: row, bytes: at }
    let byte = bytes[at++]!
    if (byte < 128) value += (byte >>> 1) ^ -(byte & 1)
    else {
      let rest = byte & 127
      let factor = 128
      do {
        if (at - start >= doubleBytesMax) return undefined
        if (at >= end) return { rows: row, bytes: start }
        byte = bytes[at++]!
        rest += (byte & 127) * factor
        factor *= 128
      } while (byte > 127)
      value += unZigZag(rest)
    }
    // 2^53 itself may be a rounded 2^53 + 1.
    if (value >= 2 ** 53 || value <= -(2 ** 53)) return undefined
    out[row] = value
  }
  return { rows: out.length, bytes: at }
}

function unZigZag(value: number): number {
  if (value < two32) {
    const low = value >>> 0
    return (low >>> 1) ^ -(low & 1)
  }
  const half = Math.floor(value / 2)
  return half * 2 === value ? half : -half - 1
}

/** Differences into int64 from row `first` on; the first is from the row before it, or from 0. */
export function decodeDeltas64(bytes: Uint8Array, out: BigInt64Array, first = 0): Progress {
  const halves = halvesOf(out)
  let at = 0
  let low = first === 0 ? 0 : halves[2 * first - 2]! >>> 0
  let high = first === 0 ? 0 : halves[2 * first - 1]!
  for (let row = first; row < out.length; row++) {
    const start = at
    let rest = 0
    let factor = 1
    let byte = 128
    while (byte > 127 && at - start < doubleBytesMax) {
      if (at >= bytes.length) return { rows: row, bytes: start }
      byte = bytes[at++]!
      rest += (byte & 127) * factor
      factor *= 128
    }
    if (byte < 128) {
      const sum = low + unZigZag(rest)
      const carry = Math.floor(sum / two32)
      low = sum - carry * two32
      high = (high + carry) | 0
    } else {
      const large = readBigDelta(bytes, start)
      if (!large) return { rows: row, bytes: start }
      at = large.next
      const value = BigInt.asIntN(64, (BigInt(high) << 32n) + BigInt(low) + large.delta)
      low = Number(BigInt.asUintN(32, value))
      high = Number(value >> 32n)
    }
    halves[2 * row] = low
    halves[2 * row + 1] = high
  }
  return { rows: out.length, bytes: at }
}

function readBigDelta(bytes: Uint8Array, start: number): { delta: bigint; next: number } | undefined {
  let rest = 0n
  for (let i = 0; i < varintBytesMax; i++) {
    const byte = bytes[start + i]
    if (byte === undefined) return undefined
    rest |= BigInt(byte & 127) << BigInt(7 * i)
    if (byte < 128) {
      const unsigned = BigInt.asUintN(64, rest)
      return { delta: (unsigned >> 1n) ^ -(unsigned & 1n), next: start + i + 1 }
    }
  }
  return undefined
}
