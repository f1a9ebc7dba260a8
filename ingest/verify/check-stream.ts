import { inspectBatch } from '../sinks/lake/inspect-batch.ts'
import type { LakeColumn } from '../sinks/lake/lake-columns.ts'
import { lakeKind, rowFlags } from '../sinks/lake/lake-columns.ts'
import type { LakeChunkColumn, LakeRows } from '../sinks/lake/read-lake.ts'
import type { JournalEnvelope } from '../sinks/sink.ts'
import {
  addChannel,
  addIntegers,
  addNumbers,
  addTexts,
  type ChannelSum,
  hashRows,
  newSum,
  subtractSum,
  sumText,
} from './checksum.ts'
import type { VerifyContext } from './context.ts'
import { createExpectation, type Expectation } from './expectation.ts'
import type { ChannelReport } from './report.ts'
import type { StreamState } from './state.ts'
import { newTally, type Tally } from './tally.ts'

// The rows of one rig and stream, read back from the lake's files.

export interface LakeFinding {
  /** All rows in the span. */
  total: Tally
  /** Of these, those of envelopes that lie partly in it. */
  boundary: Tally
  duplicates: number
  channels: ChannelReport[]
  /** What InfluxDB must have; undefined if it is not compared. */
  expectation: Expectation | undefined
}

export async function checkLake(context: VerifyContext, rig: string, stream: StreamState): Promise<LakeFinding> {
  const { reader, span, influxCursor, catalog } = context
  const total = newTally()
  const boundary = newTally()
  const sums = new Map<string, { column: LakeColumn; sum: ChannelSum }>()
  const boundarySums = new Map<string, ChannelSum>()
  const expectation =
    influxCursor === undefined
      ? undefined
      : createExpectation(stream.stream, catalog.fields(), stream.differingRows > 0)
  let duplicates = 0
  let lastEra = -1
  let lastNs = 0n

  for await (const chunk of reader.rows(stream.stream, rig, span)) {
    const { rows, times, eras, flags, spools, seqs } = chunk
    total.rows += rows
    const hashes = hashRows(times, eras)
    const atBoundary = (row: number) => stream.boundary.has(`${spools[row]} ${seqs[row]}`)
    for (const column of chunk.columns) {
      const key = `${column.kind}\0${column.channel}`
      const found = sums.get(key) ?? { column: { ...column, column: '' }, sum: newSum() }
      sums.set(key, found)
      addChunkColumn(found.sum, hashes, column)
      if (stream.boundary.size > 0) {
        const sum = boundarySums.get(column.channel) ?? newSum()
        boundarySums.set(column.channel, sum)
        addChunkColumn(sum, hashes, column, (row) => !atBoundary(row))
      }
    }
    for (let row = 0; row < rows; row++) {
      if (stream.boundary.size > 0 && atBoundary(row)) boundary.rows++
      if (flags[row]! & rowFlags.notRising) continue
      if (eras[row] === lastEra && times[row] === lastNs) duplicates++
      lastEra = eras[row]!
      lastNs = times[row]!
    }
    if (expectation) expect(expectation, context, rig, stream, chunk)
  }
  expectation?.settle()
  for (const { column, sum } of sums.values()) addChannel(total.sum, column.channel, sum)
  for (const [channel, sum] of boundarySums) addChannel(boundary.sum, channel, sum)
  const channels = [...sums.values()].map(({ column: { channel, kind }, sum }) => ({
    channel,
    kind,
    lake: { readings: sum.count, checksum: sumText(sum) },
  }))
  return { total, boundary, duplicates, channels, expectation }
}

/** The rows of envelopes that lie wholly in the span. */
export function withoutBoundary({ total, boundary }: LakeFinding, envelopes: number): Tally {
  const sum = { ...total.sum }
  subtractSum(sum, boundary.sum)
  return { envelopes, rows: total.rows - boundary.rows, sum }
}

function expect(
  expectation: Expectation,
  { aside }: VerifyContext,
  rig: string,
  stream: StreamState,
  chunk: LakeRows,
): void {
  const { influxLeftOut } = stream
  const refused = aside.refusedRows.get(`${rig} ${stream.stream}`)
  expectation.add(
    chunk,
    influxLeftOut.empty ? () => false : (row) => influxLeftOut.has(chunk.eras[row]!, chunk.times[row]!),
    refused ? (row) => refused.has(`${chunk.eras[row]} ${chunk.times[row]}`) : () => false,
  )
}

/** What the journal has beyond the lake, and InfluxDB may have already. */
export function expectEnvelope(
  expectation: Expectation,
  context: VerifyContext,
  stream: StreamState,
  envelope: JournalEnvelope,
): void {
  const chunk = chunkOf(envelope, context.span)
  if (!chunk) return
  expect(expectation, context, envelope.header.rig, stream, chunk)
  expectation.settle()
}

/** A batch in the form in which the lake's rows are read. */
function chunkOf(
  { body, schema, header, receivedNs }: JournalEnvelope,
  { fromNs, toNs }: VerifyContext['span'],
): LakeRows | undefined {
  if (body.type !== 'batch' || !schema) return undefined
  const { batch } = body
  const { flags, numbers } = inspectBatch(batch, schema, false)
  const inSpan = [...batch.times].flatMap((tNs, row) =>
    (fromNs === undefined || tNs >= fromNs) && (toNs === undefined || tNs < toNs) ? [row] : [],
  )
  const whole = inSpan.length === batch.rows
  const pick = <T extends { [index: number]: unknown; length: number }>(values: T, copy: T): T => {
    inSpan.forEach((from, to) => {
      copy[to] = values[from]
    })
    return copy
  }
  const rows = inSpan.length
  const columns = schema.channels.map((channel, i): LakeChunkColumn => {
    const column = batch.columns[i]!
    const validity = whole || !column.validity ? column.validity : pickBits(column.validity, inSpan)
    const base = { channel: channel.name, validity }
    if (column.kind === 'text') {
      const values = whole ? column.values : pick(column.values, new Uint32Array(rows))
      return { ...base, kind: 'text', values, dictionary: column.dictionary }
    }
    const kind = lakeKind(channel)
    let values = numbers[i]!
    if (kind === 'int' && !(values instanceof BigInt64Array)) values = BigInt64Array.from(values, BigInt)
    if (!whole) values = pick(values, new (values.constructor as new (length: number) => typeof values)(rows))
    return { ...base, kind, values } as LakeChunkColumn
  })
  return {
    rows,
    eras: new Int32Array(rows).fill(batch.era),
    times: whole ? batch.times : pick(batch.times, new BigInt64Array(rows)),
    flags: whole ? flags : pick(flags, new Int32Array(rows)),
    spools: new Array<string>(rows).fill(header.spool),
    seqs: new BigInt64Array(rows).fill(BigInt(header.seq)),
    rowIndexes: Int32Array.from(inSpan),
    receivedNs: new BigInt64Array(rows).fill(receivedNs),
    columns,
  }
}

function pickBits(bits: Uint8Array, rows: readonly number[]): Uint8Array {
  const picked = new Uint8Array((rows.length + 7) >> 3)
  rows.forEach((from, to) => {
    if ((bits[from >> 3]! >> (from & 7)) & 1) picked[to >> 3]! |= 1 << (to & 7)
  })
  return picked
}

function addChunkColumn(
  sum: ChannelSum,
  hashes: ReturnType<typeof hashRows>,
  column: LakeChunkColumn,
  skip?: (row: number) => boolean,
): void {
  if (column.kind === 'text') addTexts(sum, hashes, column.values, column.dictionary, column.validity, skip)
  else if (column.values instanceof BigInt64Array) addIntegers(sum, hashes, column.values, column.validity, skip)
  else addNumbers(sum, hashes, column.values as Float64Array, column.validity, skip)
}
