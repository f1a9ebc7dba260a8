import type { Interval } from './intervals.ts'
import { addLength, createLogHistogram, type LogHistogram, lengthAt } from './log-histogram.ts'

// The times of a stream's rows, in one pass: how fast they came, and where none came although no Gap says why. Times are ns after the
// beginning of the span as doubles: exact for 104 days, to a microsecond for ever.

export interface RowTally {
  baseNs: bigint
  /** 0: irregular. */
  periodNs: number
  gapFrom: Float64Array
  gapTo: Float64Array
  gap: number
  rows: number
  firstNs: number
  lastNs: number
  /** Of the row before. */
  previousNs: number
  previousEra: number
  /** Pairs of rows between which no Gap lies, and the sum of their distances. */
  pairs: number
  pairsNs: number
  longestPauseNs: number
  longestPauseFromNs: number
  pauses: number
  pausesNs: number
  intervals: LogHistogram | undefined
  /** Times of the chunk; 1: the row does not go on from the one before it (a Gap, a pause, a new era). */
  relative: Float64Array
  breaks: Uint8Array
}

/** A pair of rows further apart than this many periods is left out of the rate if a Gap lies between. */
const gapPeriods = 1.5
/** A pause that no Gap explains. */
const pausePeriods = 5
/** Where there is no period, ns. */
const irregularPauseNs = 60e9

/** `gaps` united, in order; `periodNs`: 0 for an irregular stream. */
export function createRowTally(baseNs: bigint, periodNs: number, gaps: readonly Interval[]): RowTally {
  return {
    baseNs,
    periodNs,
    gapFrom: Float64Array.from(gaps, ({ fromNs }) => Number(fromNs - baseNs)),
    gapTo: Float64Array.from(gaps, ({ toNs }) => Number(toNs - baseNs)),
    gap: 0,
    rows: 0,
    firstNs: Number.POSITIVE_INFINITY,
    lastNs: Number.NEGATIVE_INFINITY,
    previousNs: 0,
    previousEra: 0,
    pairs: 0,
    pairsNs: 0,
    longestPauseNs: 0,
    longestPauseFromNs: 0,
    pauses: 0,
    pausesNs: 0,
    intervals: periodNs === 0 ? createLogHistogram(64) : undefined,
    relative: new Float64Array(2048),
    breaks: new Uint8Array(2048),
  }
}

/** Takes the rows of a chunk: by era, then time. Fills `relative` and `breaks`. */
export function takeTimes(tally: RowTally, times: BigInt64Array, eras: Int32Array, rows: number): void {
  if (tally.relative.length < rows) {
    tally.relative = new Float64Array(rows)
    tally.breaks = new Uint8Array(rows)
  }
  const { relative, breaks } = tally
  toRelative(tally.baseNs, times, relative, rows)
  const gaps = tally.gapFrom.length
  // Pairs closer than this need no look at the Gaps.
  const nearNs = tally.periodNs > 0 ? tally.periodNs * gapPeriods : gaps === 0 ? irregularPauseNs : 0
  const { intervals } = tally
  let { firstNs, lastNs, previousNs, previousEra, pairs, pairsNs, longestPauseNs, longestPauseFromNs } = tally
  let any = tally.rows > 0
  for (let row = 0; row < rows; row++) {
    const t = relative[row]!
    const era = eras[row]!
    const distance = t - previousNs
    const from = previousNs
    previousNs = t
    breaks[row] = 0
    if (t < firstNs) firstNs = t
    if (t > lastNs) lastNs = t
    if (!any || (era !== previousEra && distance <= 0)) {
      any = true
      previousEra = era
      breaks[row] = 1
      tally.gap = 0
      continue
    }
    if (distance <= nearNs && era === previousEra) {
      pairs++
      pairsNs += distance
      if (distance > longestPauseNs) {
        longestPauseNs = distance
        longestPauseFromNs = from
      }
      if (intervals) addLength(intervals, distance)
      continue
    }
    if (era !== previousEra) {
      previousEra = era
      breaks[row] = 1
    }
    const covered = coveredBetween(tally, from, t)
    if (covered > 0) breaks[row] = 1
    else {
      pairs++
      pairsNs += distance
      if (intervals) addLength(intervals, distance)
    }
    const open = distance - covered
    if (open > longestPauseNs) {
      longestPauseNs = open
      longestPauseFromNs = from
    }
    if (tally.periodNs > 0 && open > pausePeriods * tally.periodNs) {
      breaks[row] = 1
      tally.pauses++
      tally.pausesNs += open
    } else if (tally.periodNs === 0 && open > irregularPauseNs) breaks[row] = 1
  }
  Object.assign(tally, { firstNs, lastNs, previousNs, previousEra, pairs, pairsNs, longestPauseNs, longestPauseFromNs })
  tally.rows += rows
}

/** Times rise within an era, so the Gaps are passed once. */
function coveredBetween(tally: RowTally, from: number, to: number): number {
  const { gapFrom, gapTo } = tally
  while (tally.gap < gapTo.length && gapTo[tally.gap]! <= from) tally.gap++
  let covered = 0
  for (let i = tally.gap; i < gapFrom.length && gapFrom[i]! < to; i++) {
    covered += Math.min(to, gapTo[i]!) - Math.max(from, gapFrom[i]!)
  }
  return covered
}

/** Without making a bigint of each: high and low halves of 32 bits. */
function toRelative(baseNs: bigint, times: BigInt64Array, relative: Float64Array, rows: number): void {
  const base = BigInt.asIntN(64, baseNs)
  const baseHigh = Number(base >> 32n)
  const baseLow = Number(BigInt.asUintN(32, base))
  const halves = new Uint32Array(times.buffer, times.byteOffset, rows * 2)
  for (let row = 0; row < rows; row++) {
    relative[row] = ((halves[2 * row + 1]! | 0) - baseHigh) * 4294967296 + (halves[2 * row]! - baseLow)
  }
}

/** The usual distance of two rows, ns: the period, or the median. Undefined with fewer than two rows. */
export function usualIntervalNs({ periodNs, intervals }: RowTally): number | undefined {
  if (periodNs > 0) return periodNs
  return intervals && lengthAt(intervals, Math.floor(intervals.total / 2))
}
