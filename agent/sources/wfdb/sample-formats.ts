// How samples stand in a signal file, as signal(5) of the WFDB Applications Guide defines it
// (https://physionet.org/physiotools/wag/signal-5.htm).

export interface SampleFormat {
  /** Bits of a sample. */
  bits: number
  /** Stands for "no value". */
  missing: number
  /** Samples in so many bytes. */
  samplesIn(bytes: number): number
  /** Where `count` samples from number `first` on stand: offsets of the first byte and behind the last. */
  span(first: number, count: number): { start: number; end: number }
  /** `bytes` as `span` says. */
  decode(bytes: Buffer, first: number, count: number): Int16Array
}

/** Two's complement in two bytes, the lower one first. */
const format16: SampleFormat = {
  bits: 16,
  missing: -32_768,
  samplesIn: (bytes) => Math.floor(bytes / 2),
  span: (first, count) => ({ start: first * 2, end: (first + count) * 2 }),
  decode(bytes, _first, count) {
    const samples = new Int16Array(count)
    for (let i = 0; i < count; i++) samples[i] = bytes.readInt16LE(i * 2)
    return samples
  },
}

/**
 * Two samples of 12 bits, two's complement, in three bytes: the first has the first byte and the lower half of the second
 * above it, the second has the third byte and the upper half of the second above it. An odd last sample has two bytes.
 */
const format212: SampleFormat = {
  bits: 12,
  missing: -2048,
  samplesIn: (bytes) => Math.floor(bytes / 3) * 2 + (bytes % 3 === 2 ? 1 : 0),
  span: (first, count) => {
    const last = first + count - 1
    return { start: Math.floor(first / 2) * 3, end: Math.floor(last / 2) * 3 + (last % 2 === 0 ? 2 : 3) }
  },
  decode(bytes, first, count) {
    const samples = new Int16Array(count)
    const odd = first % 2
    for (let i = 0; i < count; i++) {
      const n = i + odd
      const at = (n >> 1) * 3
      const bits = n % 2 === 0 ? bytes[at]! | (bytes[at + 1]! << 8) : bytes[at + 2]! | ((bytes[at + 1]! & 0xf0) << 4)
      // The lower 12 bits, with their sign.
      samples[i] = (bits << 20) >> 20
    }
    return samples
  },
}

export const formats: Readonly<Record<string, SampleFormat>> = { 16: format16, 212: format212 }
