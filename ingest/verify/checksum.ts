// Checksums that do not depend on the order of rows, so that the journal, the lake and InfluxDB can be compared whatever
// order each gives its rows in. A channel's checksum is the sum, modulo 2^32 in each of two lanes, of a mixed hash of
// (era, t, value) over the rows that have a value: 64 bits together. The mixing is MurmurHash3's (Austin Appleby, public
// domain). Sums are linear, so the sum over envelopes equals the sum over files equals the sum over the whole.
//
// Values are compared as what was measured: numbers by the bits of their double (every NaN counts as the same, an
// f32 as the double of the same value), integers beyond 2^53 by their 64 bits, texts by their UTF-16 units.

export interface ChannelSum {
  count: number
  a: number
  b: number
}

export const newSum = (): ChannelSum => ({ count: 0, a: 0, b: 0 })

export const sumText = ({ a, b }: { a: number; b: number }): string =>
  (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0')

export function addSum(to: ChannelSum, from: ChannelSum): void {
  to.count += from.count
  to.a = (to.a + from.a) | 0
  to.b = (to.b + from.b) | 0
}

/** Takes `from` out of `to` again. */
export function subtractSum(to: ChannelSum, from: ChannelSum): void {
  to.count -= from.count
  to.a = (to.a - from.a) | 0
  to.b = (to.b - from.b) | 0
}

/** Adds a channel's sum into the sum of all channels of a stream, so that exchanged channels show. */
export function addChannel(total: ChannelSum, channel: string, sum: ChannelSum): void {
  const [a, b] = hashText(channel)
  total.count += sum.count
  total.a = (total.a + Math.imul(sum.a, a | 1)) | 0
  total.b = (total.b + Math.imul(sum.b, b | 1)) | 0
}

const mix = (hash: number, word: number): number => {
  let k = Math.imul(word, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  hash ^= Math.imul(k, 0x1b873593)
  hash = (hash << 13) | (hash >>> 19)
  return (Math.imul(hash, 5) + 0xe6546b64) | 0
}

const finish = (hash: number): number => {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

const seedA = 0x2545f491
const seedB = 0x9e3779b1 | 0

function hashText(text: string): [number, number] {
  let a = seedB
  let b = seedA
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = mix(a, unit)
    b = mix(b, unit)
  }
  return [finish(a ^ text.length), finish(b ^ text.length)]
}

/** What the rows' times and eras contribute; made once, used for each channel. */
export interface RowHashes {
  rows: number
  a: Int32Array
  b: Int32Array
}

/** `eras`: one for all rows, or one a row. */
export function hashRows(times: BigInt64Array, eras: number | Int32Array): RowHashes {
  const rows = times.length
  const a = new Int32Array(rows)
  const b = new Int32Array(rows)
  const words = new Int32Array(times.buffer, times.byteOffset, rows * 2)
  for (let i = 0; i < rows; i++) {
    const low = words[2 * i]!
    const high = words[2 * i + 1]!
    const era = typeof eras === 'number' ? eras : eras[i]!
    a[i] = mix(mix(mix(seedA, era), low), high)
    b[i] = mix(mix(mix(seedB, high), era), low)
  }
  return { rows, a, b }
}

/** One bit a row, lowest first, 1 = there is a value; undefined: all rows have one. */
export type Validity = Uint8Array | undefined

export const isValid = (validity: Validity, row: number): boolean =>
  validity === undefined || ((validity[row >> 3]! >> (row & 7)) & 1) === 1

const scratch = new Float64Array(1)
const scratchWords = new Int32Array(scratch.buffer)

/** Doubles, floats, booleans as 0 and 1, integers within +-2^53. `skip`: rows for which it says true are left out. */
export function addNumbers(
  sum: ChannelSum,
  rows: RowHashes,
  values: Float64Array | Float32Array | Uint8Array,
  validity: Validity,
  skip?: (row: number) => boolean,
): void {
  let { count, a, b } = sum
  for (let i = 0; i < rows.rows; i++) {
    if (!isValid(validity, i) || skip?.(i)) continue
    const value = values[i]!
    // What bits a NaN has is up to the engine.
    scratch[0] = value
    const nan = Number.isNaN(value)
    const low = nan ? 0 : scratchWords[0]!
    const high = nan ? 0x7ff80000 : scratchWords[1]!
    a = (a + finish(mix(mix(rows.a[i]!, low), high))) | 0
    b = (b + finish(mix(mix(rows.b[i]!, high), low))) | 0
    count++
  }
  Object.assign(sum, { count, a, b })
}

const exactMax = 2 ** 53

/** 64-bit integers: those within +-2^53 count as their double, so that a store of doubles can agree. */
export function addIntegers(
  sum: ChannelSum,
  rows: RowHashes,
  values: BigInt64Array,
  validity: Validity,
  skip?: (row: number) => boolean,
): void {
  let { count, a, b } = sum
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  for (let i = 0; i < rows.rows; i++) {
    if (!isValid(validity, i) || skip?.(i)) continue
    let low = words[2 * i]!
    let high = words[2 * i + 1]!
    const value = high * 2 ** 32 + (low >>> 0)
    const exact = value >= -exactMax && value <= exactMax && BigInt(value) === values[i]
    if (exact) {
      scratch[0] = value
      low = scratchWords[0]!
      high = scratchWords[1]!
    }
    const salt = exact ? 0 : 1
    a = (a + finish(mix(mix(rows.a[i]! ^ salt, low), high))) | 0
    b = (b + finish(mix(mix(rows.b[i]! ^ salt, high), low))) | 0
    count++
  }
  Object.assign(sum, { count, a, b })
}

/** Texts: `codes` are indexes into `dictionary`. */
export function addTexts(
  sum: ChannelSum,
  rows: RowHashes,
  codes: Uint32Array,
  dictionary: readonly string[],
  validity: Validity,
  skip?: (row: number) => boolean,
): void {
  let { count, a, b } = sum
  const hashes = dictionary.map(hashText)
  for (let i = 0; i < rows.rows; i++) {
    if (!isValid(validity, i) || skip?.(i)) continue
    const [low, high] = hashes[codes[i]!]!
    a = (a + finish(mix(rows.a[i]! ^ 2, low))) | 0
    b = (b + finish(mix(rows.b[i]! ^ 2, high))) | 0
    count++
  }
  Object.assign(sum, { count, a, b })
}
