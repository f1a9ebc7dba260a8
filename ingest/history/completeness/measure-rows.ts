import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import type { Channel, Schema } from '../../../protos/types.ts'
import { lakeKind } from '../../sinks/lake/lake-columns.ts'
import { readValidity } from '../../sinks/lake/read-lake.ts'
import { type AnswerColumn, chooseChannels, type Described } from '../channels.ts'
import { queriesOf, type Shape, type Source } from '../relation.ts'
import { byChunk, itemsOf, scan } from '../scan.ts'
import type { Part } from '../types.ts'
import { type ChannelTally, createChannelTally, endValues, type Numbers, takeValues } from './channel-tally.ts'
import { coveredNs, type Interval, secondsOf } from './intervals.ts'
import { judgeChannel, restsOf } from './judge-channel.ts'
import { limitsOf } from './limits.ts'
import type { ChannelReport, RateReport } from './report.ts'
import { createRowTally, type RowTally, takeTimes, usualIntervalNs } from './row-tally.ts'

// One pass over a stream's rows, in order of era and time: the figures of its rows and of its channels.

const rowShape: Shape = {
  own: ['era', 't_ns'],
  // Of texts and truth values it counts only whether they are there.
  channel: ({ kind }, name) => (isNumber(kind) ? name : `CAST(${name} IS NOT NULL AS UTINYINT)`),
  missing: ({ kind }) => (isNumber(kind) ? `CAST(NULL AS ${sqlTypes[kind]})` : 'CAST(0 AS UTINYINT)'),
}

const sqlTypes = { f64: 'DOUBLE', scaled: 'DOUBLE', f32: 'FLOAT', int: 'BIGINT' } as const
const isNumber = (kind: AnswerColumn['kind']): kind is keyof typeof sqlTypes => kind in sqlTypes

/** Of a result in memory. */
const cellsMax = 800_000
const rowsMin = 10_000

export interface RowsMeasured {
  rows: number
  firstNs: string | null
  lastNs: string | null
  rate: RateReport
  channels: ChannelReport[]
}

export interface RowsAsked {
  part: Part
  sources: readonly Source[]
  described: readonly Described[]
  /** Of the stream, newest first. */
  schemas: readonly Schema[]
  /** Gaps of the stream, united and clipped to the part. */
  gaps: readonly Interval[]
  /** The span's end, or now if that is earlier. */
  endNs: bigint
  onRows(rows: number): void
}

export async function measureRows(
  connection: DuckDBConnection,
  { part, sources, described, schemas, gaps, endNs, onRows }: RowsAsked,
  signal: AbortSignal,
): Promise<RowsMeasured> {
  const columns = chooseChannels(described, schemas, undefined)
  const oldestFirst = [...[...schemas].reverse(), ...described.flatMap((each) => each.schemas)]
  const period = oldestFirst.at(-1)?.period
  const rows = createRowTally(part.fromNs, period ? Number(period.num) / Number(period.den) : 0, gaps)
  const channels = columns.map(({ channel, kind, facts }): Measured => {
    const defined = definitionOf(oldestFirst, channel, kind)
    const { unit, min, max } = facts
    const tally = isNumber(kind) ? createChannelTally(limitsOf(defined), restsOf({ unit, min, max })) : undefined
    return { defined, present: 0, tally }
  })
  const rowsMax = Math.max(rowsMin, Math.floor(cellsMax / (columns.length + 2)))
  await scan(
    connection,
    queriesOf({ part, sources, columns, shape: rowShape, rowsMax }),
    rowsMax,
    byChunk((chunk) => {
      takeChunk(chunk, rows, channels)
      onRows(chunk.rowCount)
    }),
    signal,
  )
  const base = { baseNs: part.fromNs, usualIntervalNs: usualIntervalNs(rows) }
  const at = (ns: number) => String(part.fromNs + BigInt(Math.round(ns)))
  return {
    rows: rows.rows,
    firstNs: rows.rows > 0 ? at(rows.firstNs) : null,
    lastNs: rows.rows > 0 ? at(rows.lastNs) : null,
    rate: rateOf(rows, part, gaps, endNs),
    channels: columns.map(({ channel, facts }, i): ChannelReport => {
      const { tally, present, defined } = channels[i]!
      if (tally) endValues(tally)
      const readings = tally ? tally.present : present
      const { min, max, unit } = facts
      const kind = defined?.kind ?? facts.kind
      return {
        channel,
        kind,
        unit,
        min: min ?? null,
        max: max ?? null,
        readings,
        missing: rows.rows - readings,
        nan: tally?.nan ?? 0,
        infinite: tally?.infinite ?? 0,
        numbers: tally ? judgeChannel(tally, { kind, unit }, base) : null,
      }
    }),
  }
}

interface Measured {
  defined: Channel | undefined
  tally: ChannelTally | undefined
  present: number
}

/** As the newest schema has it. */
function definitionOf(oldestFirst: readonly Schema[], name: string, kind: AnswerColumn['kind']): Channel | undefined {
  for (let i = oldestFirst.length - 1; i >= 0; i--) {
    const found = oldestFirst[i]!.channels.find((channel) => channel.name === name && lakeKind(channel) === kind)
    if (found) return found
  }
  return undefined
}

function takeChunk(chunk: DuckDBDataChunk, rows: RowTally, channels: readonly Measured[]): void {
  const count = chunk.rowCount
  takeTimes(rows, itemsOf<BigInt64Array>(chunk, 1), itemsOf<Int32Array>(chunk, 0), count)
  for (const [i, measured] of channels.entries()) {
    if (measured.tally) {
      const values = itemsOf<Numbers>(chunk, i + 2)
      takeValues(measured.tally, values, readValidity(chunk, i + 2), rows.relative, rows.breaks, count)
    } else measured.present += countTrue(itemsOf<Uint8Array>(chunk, i + 2), count)
  }
}

function countTrue(values: Uint8Array, rows: number): number {
  let count = 0
  for (let row = 0; row < rows; row++) if (values[row] !== 0) count++
  return count
}

function rateOf(tally: RowTally, part: Part, gaps: readonly Interval[], endNs: bigint): RateReport {
  const { periodNs, pairs, pairsNs, rows } = tally
  const nominalRowsPerS = periodNs > 0 ? 1e9 / periodNs : null
  const rowsPerS = pairsNs > 0 ? pairs / (pairsNs / 1e9) : null
  const median = periodNs === 0 ? usualIntervalNs(tally) : undefined
  const open = (interval: Interval) =>
    interval.fromNs >= interval.toNs ? 0 : secondsOf(interval.toNs - interval.fromNs - coveredNs(gaps, interval))
  const at = (ns: number) => part.fromNs + BigInt(Math.round(ns))
  return {
    nominalRowsPerS,
    rowsPerS,
    ratio: nominalRowsPerS !== null && rowsPerS !== null ? rowsPerS / nominalRowsPerS : null,
    medianIntervalS: median === undefined ? null : median / 1e9,
    longestPauseS: tally.longestPauseNs / 1e9,
    longestPauseFromNs: tally.longestPauseNs > 0 ? String(at(tally.longestPauseFromNs)) : null,
    pauses: tally.pauses,
    pausesS: tally.pausesNs / 1e9,
    beforeFirstS: rows > 0 ? open({ fromNs: part.fromNs, toNs: at(tally.firstNs) }) : 0,
    afterLastS: rows > 0 ? open({ fromNs: at(tally.lastNs), toNs: endNs }) : 0,
  }
}
