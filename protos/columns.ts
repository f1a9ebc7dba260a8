import { UnknownEncodingError } from './errors.ts'
import { rigline } from './generated/rigline.js'
import type { Column } from './types.ts'
import { decodeDeltas, decodeDeltas64, decodeIndexes, encodeDeltas, encodeDeltas64, encodeIndexes } from './varint.ts'
import { wellFormed } from './write.ts'

// One column of a batch <-> bytes. f64 and f32 lie on the wire as in memory, so NaN payloads and -0 stay.

type ColumnMessage = rigline.v1.Column.$Properties
const { Encoding } = rigline.v1

const bitBytes = (rows: number): number => (rows + 7) >>> 3

/**
 * Writes the first `rows` rows. The message may point into the column's own memory: encode it before that changes.
 * Throws RangeError if values, validity or dictionary have fewer entries than the rows ask for, or an int column holds
 * what is no whole number within +-2^53.
 */
export function encodeColumn(column: Column, rows: number): ColumnMessage {
  if (column.values.length < rows) throw new RangeError(`${column.values.length} values for ${rows} rows`)
  const message = encodeValues(column, rows)
  const validity = encodeValidity(column.validity, rows)
  if (validity) message.validity = validity
  return message
}

function encodeValues(column: Column, rows: number): ColumnMessage {
  const { values } = column
  switch (column.kind) {
    case 'f64':
      return { encoding: Encoding.F64_LE, values: new Uint8Array(values.buffer, values.byteOffset, rows * 8) }
    case 'f32':
      return { encoding: Encoding.F32_LE, values: new Uint8Array(values.buffer, values.byteOffset, rows * 4) }
    case 'int':
      return {
        encoding: Encoding.DELTA_VARINT,
        values:
          column.values instanceof Float64Array
            ? encodeDeltas(column.values, rows)
            : encodeDeltas64(column.values, rows),
      }
    case 'bool':
      return { encoding: Encoding.BITS, values: packBits(column.values, rows) }
    case 'text':
      return {
        encoding: Encoding.DICTIONARY,
        values: encodeIndexes(knownIndexes(column, rows), rows),
        dictionary: column.dictionary.map(wellFormed),
      }
  }
}

function knownIndexes(column: Column & { kind: 'text' }, rows: number): Uint32Array {
  const { values, validity, dictionary } = column
  let indexes = values
  for (let row = 0; row < rows; row++) {
    if (values[row]! < dictionary.length) continue
    if (!validity || hasBit(validity, row)) {
      throw new RangeError(`row ${row} has index ${values[row]} into a dictionary of ${dictionary.length}`)
    }
    // A missing value's placeholder may be anything; on the wire it is 0.
    if (indexes === values) indexes = values.slice(0, rows)
    indexes[row] = 0
  }
  return indexes
}

/** Nothing where all rows are present: only needed bitmaps travel. */
function encodeValidity(validity: Uint8Array | undefined, rows: number): Uint8Array | undefined {
  if (!validity || rows === 0) return undefined
  const length = bitBytes(rows)
  if (validity.length < length) throw new RangeError(`${validity.length} bytes of validity for ${rows} rows`)
  const bitmap = new Uint8Array(validity.subarray(0, length))
  clearBeyond(bitmap, rows)
  return countBits(bitmap) === rows ? undefined : bitmap
}

export interface DecodedColumn {
  column: Column
  /** What was wrong, in words. */
  problems: string[]
}

/**
 * Reads `rows` rows into memory of its own. What is there is kept: rows without a value, without a validity bit or with
 * an index of nothing are missing, and a problem says so. Throws UnknownEncodingError; the caller bounds `rows`.
 * `index` is the column's place, for the texts.
 */
export function decodeColumn(message: ColumnMessage, rows: number, index: number): DecodedColumn {
  const bytes = message.values ?? new Uint8Array(0)
  const problems: string[] = []
  const say = (text: string) => problems.push(`column ${index}: ${text}`)
  const validity = decodeValidity(message.validity ?? new Uint8Array(0), rows, say)
  const { column, known, used, wrong } = decodeValues(message, bytes, rows, index)
  if (known < rows) say(`values for ${known} of ${rows} rows, the others are missing`)
  else if (used < bytes.length) say(`${bytes.length - used} bytes more than its ${rows} rows need`)
  let bitmap = validity
  const drop = (row: number) => {
    bitmap ??= allPresent(rows)
    bitmap[row >> 3]! &= ~(1 << (row & 7))
  }
  for (let row = known; row < rows; row++) drop(row)
  let outside = 0
  for (const row of wrong) {
    if (bitmap && !hasBit(bitmap, row)) continue
    drop(row)
    outside++
  }
  if (outside > 0) say(`${outside} rows with an index outside the dictionary are missing`)
  if (bitmap) column.validity = bitmap
  return { column, problems }
}

interface DecodedValues {
  column: Column
  /** Rows with a value. */
  known: number
  /** Bytes they took. */
  used: number
  /** Rows whose value stands for nothing. */
  wrong: number[]
}

function decodeValues(message: ColumnMessage, bytes: Uint8Array, rows: number, index: number): DecodedValues {
  switch (message.encoding ?? 0) {
    case Encoding.F64_LE: {
      const values = new Float64Array(rows)
      return { column: { kind: 'f64', values }, ...copyInto(values, bytes), wrong: [] }
    }
    case Encoding.F32_LE: {
      const values = new Float32Array(rows)
      return { column: { kind: 'f32', values }, ...copyInto(values, bytes), wrong: [] }
    }
    case Encoding.DELTA_VARINT:
      return decodeInts(bytes, rows)
    case Encoding.BITS: {
      const known = Math.min(rows, bytes.length * 8)
      return { column: { kind: 'bool', values: unpackBits(bytes, rows) }, known, used: bitBytes(known), wrong: [] }
    }
    case Encoding.DICTIONARY:
      return decodeTexts(bytes, rows, message.dictionary ?? [])
    default:
      throw new UnknownEncodingError(index, message.encoding ?? 0)
  }
}

/** Into an aligned array: on the wire the values begin at any byte. */
function copyInto(values: Float64Array | Float32Array, bytes: Uint8Array): { known: number; used: number } {
  const known = Math.min(values.length, Math.floor(bytes.length / values.BYTES_PER_ELEMENT))
  const used = known * values.BYTES_PER_ELEMENT
  new Uint8Array(values.buffer).set(used === bytes.length ? bytes : bytes.subarray(0, used))
  return { known, used }
}

function decodeInts(bytes: Uint8Array, rows: number): DecodedValues {
  const values = new Float64Array(rows)
  const progress = decodeDeltas(bytes, values)
  if (progress) return { column: { kind: 'int', values }, known: progress.rows, used: progress.bytes, wrong: [] }
  const large = new BigInt64Array(rows)
  const largeProgress = decodeDeltas64(bytes, large)
  return {
    column: { kind: 'int', values: narrow(large) ?? large },
    known: largeProgress.rows,
    used: largeProgress.bytes,
    wrong: [],
  }
}

/** As doubles, if all are within +-2^53. */
function narrow(large: BigInt64Array): Float64Array<ArrayBuffer> | undefined {
  const limit = 2n ** 53n
  for (const value of large) if (value > limit || value < -limit) return undefined
  return Float64Array.from(large, Number)
}

function decodeTexts(bytes: Uint8Array, rows: number, dictionary: string[]): DecodedValues {
  const values = new Uint32Array(rows)
  const progress = decodeIndexes(bytes, values)
  const wrong: number[] = []
  for (let row = 0; row < progress.rows; row++) {
    if (values[row]! < dictionary.length) continue
    values[row] = 0
    wrong.push(row)
  }
  return { column: { kind: 'text', values, dictionary }, known: progress.rows, used: progress.bytes, wrong }
}

function decodeValidity(bytes: Uint8Array, rows: number, say: (text: string) => void): Uint8Array | undefined {
  if (bytes.length === 0) return undefined
  const length = bitBytes(rows)
  if (bytes.length > length) say(`${bytes.length - length} bytes of validity more than its ${rows} rows need`)
  if (rows === 0) return undefined
  // Whether a row beyond a bitmap that is too short was measured is not known: it counts as missing.
  if (bytes.length < length) say(`validity for ${bytes.length * 8} of ${rows} rows, the others are missing`)
  const bitmap = new Uint8Array(length)
  bitmap.set(bytes.subarray(0, length))
  clearBeyond(bitmap, rows)
  return bitmap
}

const hasBit = (bitmap: Uint8Array, row: number): boolean => (bitmap[row >> 3]! & (1 << (row & 7))) !== 0

function allPresent(rows: number): Uint8Array {
  const bitmap = new Uint8Array(bitBytes(rows)).fill(0xff)
  clearBeyond(bitmap, rows)
  return bitmap
}

/** Bits beyond the last row are 0, so that equal columns have equal bytes. */
function clearBeyond(bitmap: Uint8Array, rows: number): void {
  if (rows & 7) bitmap[rows >> 3]! &= (1 << (rows & 7)) - 1
}

/** Bits that are set. */
export function countBits(bitmap: Uint8Array): number {
  let count = 0
  for (let byte of bitmap) for (; byte !== 0; byte &= byte - 1) count++
  return count
}

function packBits(values: Uint8Array, rows: number): Uint8Array {
  const bits = new Uint8Array(bitBytes(rows))
  for (let row = 0; row < rows; row++) if (values[row] !== 0) bits[row >> 3]! |= 1 << (row & 7)
  return bits
}

function unpackBits(bits: Uint8Array, rows: number): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(rows)
  const known = Math.min(rows, bits.length * 8)
  for (let row = 0; row < known; row++) values[row] = (bits[row >> 3]! >> (row & 7)) & 1
  return values
}
