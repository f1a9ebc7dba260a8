import { reasonOf } from '../../protos/errors.ts'
import type { InfluxConfig } from '../sinks/influx/config.ts'
import { type InfluxRows, readInfluxRows } from '../sinks/influx/read-back.ts'
import { timeMaxNs, timeMinNs } from '../sinks/influx/representable.ts'
import { addNumbers, addTexts, type ChannelSum, hashRows, newSum, sumText } from './checksum.ts'
import type { Expectation } from './expectation.ts'
import type { FieldReport, InfluxStreamReport } from './report.ts'
import type { Span, StreamState } from './state.ts'

// The rows of one rig and stream as InfluxDB gives them back, beside what it must have.

/** Throws InfluxReadError. */
export async function checkInflux(
  config: InfluxConfig,
  rig: string,
  stream: StreamState,
  { fromNs = timeMinNs, toNs = timeMaxNs + 1n }: Span,
  expectation: Expectation,
): Promise<InfluxStreamReport> {
  const found = new Map<string, ChannelSum>()
  let rows = 0
  const span = { rig, stream: stream.stream, fromNs: max(fromNs, timeMinNs), toNs: min(toNs - 1n, timeMaxNs) }
  try {
    for await (const chunk of readInfluxRows(config, span)) rows += addRows(found, chunk, stream)
  } catch (error) {
    // Made with the first write: nothing is stored yet.
    if (!reasonOf(error).includes('database not found')) throw error
  }

  const fields = [...new Set([...expectation.fields.keys(), ...found.keys()])].sort().map((field): FieldReport => {
    const expected = expectation.fields.get(field) ?? newSum()
    const actual = found.get(field) ?? newSum()
    return {
      field,
      expected: { readings: expected.count, checksum: sumText(expected) },
      influx: { readings: actual.count, checksum: sumText(actual) },
    }
  })
  const differ = fields.some(
    ({ expected, influx }) => expected.readings !== influx.readings || expected.checksum !== influx.checksum,
  )
  const readings = (which: 'expected' | 'influx') => fields.reduce((sum, field) => sum + field[which].readings, 0)
  const { envelopes, rows: pendingRows } = stream.pendingInInflux
  return {
    rows,
    readings: readings('influx'),
    expected: { rows: expectation.rows, readings: readings('expected'), checksum: totalOf(expectation.fields) },
    notRepresentable: expectation.notRepresentable,
    pending: { envelopes, rows: pendingRows },
    owedRows: stream.owedInInflux,
    leftOutGaps: 0,
    fields: fields.filter(({ expected, influx }) => expected.readings + influx.readings > 0),
    agree: !differ && rows === expectation.rows,
  }
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

function totalOf(fields: ReadonlyMap<string, ChannelSum>): string {
  let a = 0
  let b = 0
  for (const sum of fields.values()) {
    a = (a + sum.a) | 0
    b = (b + sum.b) | 0
  }
  return sumText({ a, b })
}

/** Returns the rows that count. */
function addRows(
  sums: Map<string, ChannelSum>,
  { era, times, fields, columns }: InfluxRows,
  stream: StreamState,
): number {
  const { influxLeftOut } = stream
  const hashes = hashRows(times, era)
  const out = influxLeftOut.empty ? undefined : Uint8Array.from(times, (tNs) => (influxLeftOut.has(era, tNs) ? 1 : 0))
  const skip = out && ((row: number) => out[row] === 1)
  const present = new Uint8Array(times.length)
  fields.forEach((field, i) => {
    const cells = columns[i]!
    const sum = sums.get(field) ?? newSum()
    sums.set(field, sum)
    const isText = cells.some((cell) => typeof cell === 'string')
    const validity = new Uint8Array((cells.length + 7) >> 3)
    cells.forEach((cell, row) => {
      if (cell === null || cell === undefined) return
      present[row] = 1
      validity[row >> 3]! |= 1 << (row & 7)
    })
    if (isText) addTextCells(sum, hashes, cells.map(String), validity, skip)
    else addNumbers(sum, hashes, Float64Array.from(cells, Number), validity, skip)
  })
  let rows = 0
  for (let row = 0; row < times.length; row++) if (present[row] && !skip?.(row)) rows++
  return rows
}

function addTextCells(
  sum: ChannelSum,
  hashes: ReturnType<typeof hashRows>,
  texts: string[],
  validity: Uint8Array,
  skip: ((row: number) => boolean) | undefined,
): void {
  const dictionary = [...new Set(texts)]
  const codes = new Map(dictionary.map((text, code) => [text, code]))
  addTexts(
    sum,
    hashes,
    Uint32Array.from(texts, (text) => codes.get(text)!),
    dictionary,
    validity,
    skip,
  )
}
