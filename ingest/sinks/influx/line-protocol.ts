import { isScaled } from '../../../protos/physical.ts'
import type { Batch, Column, Schema } from '../../../protos/types.ts'
import { escapeKey, escapeMeasurement, quoteText, storableName } from './escape.ts'
import { doubleBytesMax, type LineWriter } from './line-writer.ts'
import { measurementOf } from './measurements.ts'
import { type RowRule, rowRules, scale, textBytesMax, timeRules, type ValueRule } from './representable.ts'

// Batches to InfluxDB's line protocol: a line a row, measurement = stream, tag rig (and era when it isn't 0), a field a
// channel, time in ns. Numbers are always floats (1 and 1.5 must be of one kind).

export interface EncodeCounts {
  lines: number
  values: number
  /** What was left out, by rule: values, or whole rows. */
  left: Record<ValueRule | RowRule, number>
}

export const noCounts = (): EncodeCounts => ({
  lines: 0,
  values: 0,
  left: {
    nan: 0,
    infinity: 0,
    int_beyond_2_53: 0,
    string_too_long: 0,
    not_rising: 0,
    time_out_of_range: 0,
    no_value: 0,
  },
})

/** Where lines end in the writer's bytes: a text may hold a line feed, so they can't be found again by looking. */
export interface LineEnds {
  ends: Uint32Array
  count: number
}

export function addLineEnd(lines: LineEnds, end: number): void {
  if (lines.count === lines.ends.length) {
    const larger = new Uint32Array(Math.max(1024, lines.ends.length * 2))
    larger.set(lines.ends)
    lines.ends = larger
  }
  lines.ends[lines.count++] = end
}

/** What stands before the fields of each line of a series. */
export const seriesBytes = (stream: string, rig: string, era: number): Uint8Array =>
  Buffer.from(
    `${escapeMeasurement(measurementOf(storableName(stream)))},${era === 0 ? '' : `era=${era},`}rig=${escapeKey(storableName(rig))}`,
  )

/** Each field's name with what stands around it in a line. */
export const fieldBytes = (names: readonly string[]): Uint8Array[] =>
  names.map((name) => Buffer.from(`,${escapeKey(name)}=`))

/** Adds a batch's lines to the writer. `fields` (from fieldBytes) are in the order of the schema's channels. */
export function encodeBatch(
  batch: Batch,
  schema: Schema,
  series: Uint8Array,
  fields: readonly Uint8Array[],
  writer: LineWriter,
  lines: LineEnds,
  counts: EncodeCounts,
): void {
  const rules = timeRules(batch)
  const columns: FieldColumn[] = []
  const count = Math.min(batch.columns.length, fields.length)
  let rowBytes = series.length + 32
  for (let i = 0; i < count; i++) {
    columns.push(createFieldColumn(batch.columns[i]!, schema, i, fields[i]!, writer, counts))
    rowBytes += fields[i]!.length + doubleBytesMax
  }
  const writeTime = createTimeWriter(batch.times, writer)
  const rows = Math.min(batch.rows, batch.times.length)
  for (let row = 0; row < rows; row++) {
    const rule = rules ? rules[row]! : 0
    if (rule !== 0) {
      counts.left[rowRules[rule - 1]!]++
      continue
    }
    writer.ensure(rowBytes)
    const start = writer.length
    writer.bytes(series)
    const fieldsAt = writer.length
    let values = 0
    for (let i = 0; i < count; i++) if (columns[i]!(row, rowBytes)) values++
    if (values === 0) {
      writer.cut(start)
      counts.left.no_value++
      continue
    }
    writer.patch(fieldsAt, 32) // the first field's comma becomes the space before the fields
    writer.byte(32)
    writeTime(row)
    writer.byte(10)
    addLineEnd(lines, writer.length)
    counts.lines++
    counts.values += values
  }
}

/** Writes a column's field of a row; false if there is nothing to write. Room for `rowBytes` more is left behind. */
type FieldColumn = (row: number, rowBytes: number) => boolean

function createFieldColumn(
  column: Column,
  schema: Schema,
  index: number,
  key: Uint8Array,
  writer: LineWriter,
  counts: EncodeCounts,
): FieldColumn {
  const { validity } = column
  const present = (row: number) =>
    row < column.values.length && (validity === undefined || (validity[row >> 3]! & (1 << (row & 7))) !== 0)

  const number = (value: number): boolean => {
    if (value - value !== 0) {
      counts.left[Number.isNaN(value) ? 'nan' : 'infinity']++
      return false
    }
    writer.bytes(key)
    writer.double(value)
    return true
  }

  switch (column.kind) {
    case 'f64':
    case 'f32': {
      const { values } = column
      return (row) => present(row) && number(values[row]!)
    }
    case 'int': {
      const channel = schema.channels[index]
      const { values } = column
      if (channel && isScaled(channel)) return (row) => present(row) && number(scale(Number(values[row]!), channel))
      return (row) => {
        if (!present(row)) return false
        const value = Number(values[row]!)
        // Of the integers beyond 2^53 Number() makes 2^53 out of 2^53 + 1: that one is told by its own value.
        const beyond = value > 9007199254740991 || value < -9007199254740991
        if (beyond && (Math.abs(value) !== 9007199254740992 || BigInt(values[row]!) !== BigInt(value))) {
          counts.left.int_beyond_2_53++
          return false
        }
        return number(value)
      }
    }
    case 'bool': {
      const { values } = column
      return (row) => {
        if (!present(row)) return false
        writer.bytes(key)
        writer.ascii(values[row] === 0 ? 'false' : 'true')
        return true
      }
    }
    case 'text':
      return createTextColumn(column, present, key, writer, counts)
  }
}

function createTextColumn(
  { values, dictionary }: Extract<Column, { kind: 'text' }>,
  present: (row: number) => boolean,
  key: Uint8Array,
  writer: LineWriter,
  counts: EncodeCounts,
): FieldColumn {
  const quoted: (Uint8Array | 'too long')[] = []
  return (row, rowBytes) => {
    if (!present(row)) return false
    const index = values[row]!
    const text = dictionary[index]
    if (text === undefined) return false
    let bytes = quoted[index]
    if (bytes === undefined) {
      bytes = Buffer.byteLength(text) > textBytesMax ? 'too long' : Buffer.from(quoteText(text))
      quoted[index] = bytes
    }
    if (bytes === 'too long') {
      counts.left.string_too_long++
      return false
    }
    writer.ensure(rowBytes + bytes.length)
    writer.bytes(key)
    writer.bytes(bytes)
    return true
  }
}

/**
 * Writes a row's time. Making text of a bigint costs as much as several values, so a time is taken as the distance to
 * the batch's first in its two 32-bit halves (exact within 104 days), and as seconds, whose text changes seldom, and ns.
 */
function createTimeWriter(times: BigInt64Array, writer: LineWriter): (row: number) => void {
  const words = new Int32Array(times.buffer, times.byteOffset, times.length * 2)
  const base = times[0] ?? 0n
  const baseSecond = Number(base / 1_000_000_000n)
  const baseNano = Number(base % 1_000_000_000n)
  const baseHigh = words[1] ?? 0
  const baseLow = (words[0] ?? 0) >>> 0
  let second = -1
  let secondText = ''
  return (row) => {
    const delta = (words[row * 2 + 1]! - baseHigh) * 4294967296 + ((words[row * 2]! >>> 0) - baseLow)
    let nano = baseNano + delta
    let seconds = 0
    if (nano < 0 || nano >= 1e9) {
      seconds = Math.floor(nano / 1e9)
      nano -= seconds * 1e9
    }
    seconds += baseSecond
    if (seconds <= 0 || base < 0n || nano < 0 || nano >= 1e9 || Math.abs(delta) > 9e15) {
      writer.ascii(`${times[row]!}`)
      return
    }
    if (seconds !== second) {
      second = seconds
      secondText = `${seconds}`
    }
    writer.ascii(secondText)
    writer.fixed(nano, 9)
  }
}
