import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api'
import { readValidity } from '../sinks/lake/read-lake.ts'
import type { AnswerColumn } from './channels.ts'
import { type Encoder, type EncoderOptions, factsText, readText } from './encoder.ts'

// Rows as text: CSV (RFC 4180, lines ending in LF as pandas and polars write them) and JSON. Numbers are the shortest decimals that give the same double back, as JavaScript writes them.

/** How one format writes values; a value that is missing is `none`. */
interface Style {
  none: string
  text(value: string): string
  number(value: number): string
  integer(value: bigint): string
  bool(value: boolean): string
}

const csv: Style = {
  none: '',
  // Empty text is not a missing one: it has its quotes.
  text: (value) => (value === '' || /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value),
  number(value) {
    if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value)
    return Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf'
  },
  integer: String,
  bool: String,
}

const json: Style = {
  none: 'null',
  text: (value) => JSON.stringify(value),
  number(value) {
    if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value)
    return `"${value}"`
  },
  // Whoever reads JSON reads numbers as doubles.
  integer: (value) => (value > 2n ** 53n || value < -(2n ** 53n) ? `"${value}"` : String(value)),
  bool: String,
}

const pieceChars = 64 * 1024

export function createCsvEncoder(options: EncoderOptions, write: (bytes: Uint8Array) => void): Encoder {
  const names = ['rig', 't_ns', 'time', 'era', 'flags', ...options.columns.map(({ facts }) => facts.column)]
  const out = createTextOut(write)
  out.add(`${names.map(csv.text).join(',')}\n`)
  return {
    contentType: 'text/csv; charset=utf-8',
    add(part, chunk) {
      const rig = csv.text(part.rig)
      forEachRow(chunk, options.columns, csv, (tNs, time, era, flags, values) =>
        out.add(`${rig},${tNs},${time},${era},${flags}${values.length > 0 ? `,${values.join(',')}` : ''}\n`),
      )
    },
    end: out.end,
  }
}

export function createJsonEncoder(options: EncoderOptions, write: (bytes: Uint8Array) => void): Encoder {
  const names = ['rig', 't_ns', 'time', 'era', 'flags', ...options.columns.map(({ facts }) => facts.column)]
  const out = createTextOut(write)
  out.add(`${factsText(options).slice(0, -1)},"columns":${JSON.stringify(names)},"rows":[`)
  let between = '\n'
  return {
    contentType: 'application/json',
    add(part, chunk) {
      const rig = json.text(part.rig)
      forEachRow(chunk, options.columns, json, (tNs, time, era, flags, values) => {
        out.add(
          `${between}[${rig},"${tNs}","${time}",${era},${flags}${values.length > 0 ? `,${values.join(',')}` : ''}]`,
        )
        between = ',\n'
      })
    },
    end() {
      out.add('\n]}\n')
      out.end()
    },
  }
}

function createTextOut(write: (bytes: Uint8Array) => void) {
  let text = ''
  const flush = () => {
    if (text.length > 0) write(Buffer.from(text, 'utf8'))
    text = ''
  }
  return {
    add(more: string) {
      text += more
      if (text.length >= pieceChars) flush()
    },
    end: flush,
  }
}

type UseRow = (tNs: bigint, time: string, era: number, flags: number, values: string[]) => void

function forEachRow(chunk: DuckDBDataChunk, columns: readonly AnswerColumn[], style: Style, use: UseRow): void {
  const times = itemsOf<BigInt64Array>(chunk, 0)
  const eras = itemsOf<Int32Array>(chunk, 2)
  const flags = itemsOf<Int32Array>(chunk, 3)
  const readers = columns.map(({ kind }, i) => createReader(chunk, i + 4, kind, style))
  const values: string[] = new Array(columns.length)
  for (let row = 0; row < chunk.rowCount; row++) {
    for (let i = 0; i < readers.length; i++) values[i] = readers[i]!(row)
    const tNs = times[row]!
    use(tNs, isoNs(tNs), eras[row]!, flags[row]!, values)
  }
}

const itemsOf = <T>(chunk: DuckDBDataChunk, index: number): T =>
  (chunk.getColumnVector(index) as unknown as { items: T }).items

function createReader(
  chunk: DuckDBDataChunk,
  index: number,
  kind: AnswerColumn['kind'],
  style: Style,
): (row: number) => string {
  const read = createValueReader(chunk, index, kind, style)
  const validity = readValidity(chunk, index)
  if (!validity) return read
  return (row) => (validity[row >> 3]! & (1 << (row & 7)) ? read(row) : style.none)
}

function createValueReader(
  chunk: DuckDBDataChunk,
  index: number,
  kind: AnswerColumn['kind'],
  style: Style,
): (row: number) => string {
  if (kind === 'text') {
    const vector: DuckDBVector = chunk.getColumnVector(index)
    return (row) => {
      const bytes = readText(vector, row)
      return bytes ? style.text(Buffer.from(bytes).toString('utf8')) : style.none
    }
  }
  if (kind === 'int') {
    const integers = itemsOf<BigInt64Array>(chunk, index)
    return (row) => style.integer(integers[row]!)
  }
  const numbers = itemsOf<Float64Array>(chunk, index)
  if (kind === 'bool') return (row) => style.bool(numbers[row] === 1)
  return (row) => style.number(numbers[row]!)
}

const secondNs = 1_000_000_000n
let lastSecond: bigint | undefined
let lastText = ''

/** ISO 8601 with nanoseconds, UTC. int64 ns reach from 1677 to 2262: years of four digits. */
export function isoNs(tNs: bigint): string {
  let rest = tNs % secondNs
  if (rest < 0n) rest += secondNs
  const second = (tNs - rest) / secondNs
  if (second !== lastSecond) {
    lastSecond = second
    lastText = new Date(Number(second) * 1000).toISOString().slice(0, 20)
  }
  return `${lastText}${String(rest).padStart(9, '0')}Z`
}
