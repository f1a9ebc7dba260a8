import type { DuckDBDataChunk } from '@duckdb/node-api'
import {
  AsyncByteQueue,
  Bool,
  type DataType,
  Dictionary,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { readValidity } from '../sinks/lake/read-lake.ts'
import type { AnswerColumn } from './channels.ts'
import { type Encoder, type EncoderOptions, factsText, readText } from './encoder.ts'

// Rows as an Arrow IPC stream (https://arrow.apache.org/docs/format/Columnar.html): whole vectors are copied, numbers are not touched one by one.

const batchBytes = 6 * 1024 * 1024
const textBytesMax = 8 * 1024 * 1024

type NumberArray = Float64Array | Float32Array | BigInt64Array | Int32Array | Uint8Array

interface Filled {
  type: DataType
  /** Of DuckDB's vector; texts are gathered apart. */
  values: NumberArray | undefined
  texts: Uint8Array[]
  offsets: Int32Array | undefined
  bitmap: Uint8Array
  nulls: number
}

const types: Record<AnswerColumn['kind'], () => DataType> = {
  f64: () => new Float64(),
  scaled: () => new Float64(),
  f32: () => new Float32(),
  int: () => new Int64(),
  bool: () => new Bool(),
  text: () => new Utf8(),
}

export function createArrowEncoder(options: EncoderOptions, write: (bytes: Uint8Array) => void): Encoder {
  const { columns, rigs } = options
  const bytesPerRow = 28 + columns.reduce((sum, { kind }) => sum + (kind === 'f32' ? 4 : kind === 'bool' ? 1 : 8), 0)
  const rowsMax = Math.max(2048, Math.min(65_536, Math.floor(batchBytes / bytesPerRow / 2048) * 2048))
  const rigType = new Dictionary(new Utf8(), new Int32(), 0)
  const rigWords = vectorFromArray(rigs, new Utf8())
  const own: [string, DataType][] = [
    ['rig', rigType],
    ['t_ns', new Int64()],
    ['time', new TimestampMicrosecond('UTC')],
    ['era', new Int32()],
    ['flags', new Int32()],
  ]
  const schema = new Schema(
    [
      ...own.map(([name, type]) => new Field(name, type, false)),
      ...columns.map(({ facts, kind }) => new Field(facts.column, types[kind](), true, metadataOf(facts))),
    ],
    new Map([['rigline', factsText(options)]]),
  )
  const sink = new AsyncByteQueue()
  // The queue would hold it all: it goes out as it comes.
  sink.write = (bytes) => write(bytes as Uint8Array)
  const writer = new RecordBatchStreamWriter({ autoDestroy: false })
  writer.reset(sink as never, schema)

  let rigIndexes = new Int32Array(rowsMax)
  let filled: Filled[] = []
  let rows = 0
  let textBytes = 0
  const begin = () => {
    rigIndexes = new Int32Array(rowsMax)
    filled = schema.fields.slice(1).map(({ type }) => ({
      type,
      values: arrayFor(type, rowsMax),
      texts: [],
      offsets: type instanceof Utf8 ? new Int32Array(rowsMax + 1) : undefined,
      bitmap: new Uint8Array(0),
      nulls: 0,
    }))
    rows = 0
    textBytes = 0
  }
  begin()

  const flush = () => {
    if (rows === 0) return
    const rig = makeData({
      type: rigType,
      length: rows,
      nullCount: 0,
      data: rigIndexes.subarray(0, rows),
      dictionary: rigWords,
    })
    const children = [rig, ...filled.map((column) => dataOf(column, rows))]
    const data = makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children } as never)
    writer.write(new RecordBatch(schema, data as never) as never)
    begin()
  }

  return {
    contentType: 'application/vnd.apache.arrow.stream',
    add(part, chunk) {
      const count = chunk.rowCount
      if (rows + count > rowsMax) flush()
      rigIndexes.fill(rigs.indexOf(part.rig), rows, rows + count)
      for (const [i, column] of filled.entries()) textBytes += copyColumn(column, chunk, i, rows, rowsMax)
      rows += count
      if (rows === rowsMax || textBytes > textBytesMax) flush()
    },
    end() {
      flush()
      writer.finish()
    },
  }
}

function metadataOf({ unit, code, description, name, min, max }: AnswerColumn['facts']): Map<string, string> {
  const entries: [string, string | number | undefined][] = [
    ['channel', name],
    ['unit', unit],
    ['code', code],
    ['description', description],
    ['min', min],
    ['max', max],
  ]
  return new Map(entries.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, String(value)]])))
}

function arrayFor(type: DataType, length: number): NumberArray | undefined {
  if (type instanceof Float64) return new Float64Array(length)
  if (type instanceof Float32) return new Float32Array(length)
  if (type instanceof Int32) return new Int32Array(length)
  if (type instanceof Bool) return new Uint8Array((length + 7) >> 3)
  return type instanceof Utf8 ? undefined : new BigInt64Array(length)
}

/** Returns the bytes of text that came. */
function copyColumn(column: Filled, chunk: DuckDBDataChunk, index: number, at: number, rowsMax: number): number {
  const count = chunk.rowCount
  const validity = readValidity(chunk, index)
  if (validity) addNulls(column, validity, at, count, rowsMax)
  else if (column.bitmap.length > 0) setBits(column.bitmap, at, count)
  const { values, offsets } = column
  if (offsets) return copyTexts(column, offsets, chunk, index, at)
  const { items } = chunk.getColumnVector(index) as unknown as { items: Float64Array }
  if (column.type instanceof Bool) {
    const bits = values as Uint8Array
    for (let i = 0; i < count; i++) if (items[i]) bits[(at + i) >> 3]! |= 1 << ((at + i) & 7)
  } else (values as Float64Array).set(items, at)
  return 0
}

function copyTexts(column: Filled, offsets: Int32Array, chunk: DuckDBDataChunk, index: number, at: number): number {
  let end = offsets[at]!
  const before = end
  const vector = chunk.getColumnVector(index)
  for (let i = 0; i < chunk.rowCount; i++) {
    const bytes = readText(vector, i)
    if (bytes && bytes.length > 0) {
      column.texts.push(bytes)
      end += bytes.length
    }
    offsets[at + i + 1] = end
  }
  return end - before
}

/** `validity`: bits of the chunk, lowest first. */
function addNulls(column: Filled, validity: Uint8Array, at: number, count: number, rowsMax: number): void {
  if (column.bitmap.length === 0) {
    column.bitmap = new Uint8Array((rowsMax + 7) >> 3)
    setBits(column.bitmap, 0, at)
  }
  const { bitmap } = column
  let valid = 0
  if ((at & 7) === 0 && (count & 7) === 0) {
    bitmap.set(validity.subarray(0, count >> 3), at >> 3)
    for (let i = 0; i < count >> 3; i++) valid += ones[validity[i]!]!
  } else {
    for (let i = 0; i < count; i++) {
      if (!(validity[i >> 3]! & (1 << (i & 7)))) continue
      bitmap[(at + i) >> 3]! |= 1 << ((at + i) & 7)
      valid++
    }
  }
  column.nulls += count - valid
}

const ones = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length)

function setBits(bitmap: Uint8Array, from: number, count: number): void {
  let at = from
  const to = from + count
  for (; at < to && (at & 7) !== 0; at++) bitmap[at >> 3]! |= 1 << (at & 7)
  bitmap.fill(255, at >> 3, to >> 3)
  for (at = Math.max(at, to & ~7); at < to; at++) bitmap[at >> 3]! |= 1 << (at & 7)
}

function dataOf({ type, values, texts, offsets, bitmap, nulls }: Filled, rows: number) {
  const own = { type, length: rows, nullCount: nulls, nullBitmap: nulls > 0 ? bitmap : undefined }
  if (offsets)
    return makeData({ ...own, valueOffsets: offsets.subarray(0, rows + 1), data: Buffer.concat(texts) } as never)
  const data = type instanceof Bool ? values : values!.subarray(0, rows)
  return makeData({ ...own, data } as never)
}
