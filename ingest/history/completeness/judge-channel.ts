import type { Kind } from '../../../protos/types.ts'
import { type ChannelTally, type Clip, distinctMax, type Held, usualStep } from './channel-tally.ts'
import { lengthAt } from './log-histogram.ts'
import type { ClippedReport, NumbersReport, StillReport } from './report.ts'

// What the holds of a channel mean: a fault, or the nature of the signal. docs/completeness.md says why each line is drawn where it is.

export interface ChannelNature {
  kind: Kind
  unit: string
  /** As the schema says. */
  min: number | undefined
  max: number | undefined
}

export interface TimeBase {
  baseNs: bigint
  /** Of two rows, ns; undefined with fewer than two. */
  usualIntervalNs: number | undefined
}

/** A channel that stood still this long, and this many times its usual pause, may be stuck. */
const stuckNsMin = 10e9
export const stuckTimes = 10
/** A channel whose last step before was this part of a usual one has come to rest by itself: a car at a steady speed. */
const settledShare = 0.01
/** With fewer changes, what is usual is not known. */
const changesMin = 20
/** At an extreme that is no limit of the range: so many runs, longer than so many usual pauses. */
const extremeRunsMin = 3
const extremeTimes = 2

export function judgeChannel(tally: ChannelTally, nature: ChannelNature, base: TimeBase): NumbersReport {
  const finite = tally.present - tally.nan - tally.infinite
  const constant = finite > 1 && tally.lowest === tally.highest && finite === tally.present
  const usualNs = usualPauseNs(tally, base.usualIntervalNs)
  const isState = tally.distinct.length <= distinctMax && nature.kind === 'int' && nature.unit === ''
  const still = (held: Held | undefined) => (held ? stillReport(held, base.baseNs) : null)
  return {
    lowest: finite > 0 ? tally.lowest : null,
    highest: finite > 0 ? tally.highest : null,
    constant,
    changes: tally.changes,
    usualPauseS: usualNs === undefined ? null : usualNs / 1e9,
    outOfRange: {
      readings: tally.outside,
      share: tally.present === 0 ? 0 : tally.outside / tally.present,
      firstNs: Number.isNaN(tally.firstOutsideNs) ? null : absolute(base.baseNs, tally.firstOutsideNs),
    },
    clipped: isState ? [] : clippedOf(tally, nature, usualNs, constant, base.baseNs),
    longestStill: constant ? null : still(tally.longest),
    stuck: constant || isState ? null : still(stuckOf(tally, nature, usualNs)),
  }
}

const absolute = (baseNs: bigint, ns: number): string => String(baseNs + BigInt(Math.round(ns)))

const stillReport = ({ longestNs, longestRows, fromNs, value }: Held, baseNs: bigint): StillReport => ({
  seconds: longestNs / 1e9,
  rows: longestRows,
  fromNs: absolute(baseNs, fromNs),
  value,
})

/** 95 of 100 pauses between changes are no longer than this, ns. */
function usualPauseNs({ shortHolds, holds }: ChannelTally, intervalNs: number | undefined): number | undefined {
  const total = shortHolds + holds.total
  if (total === 0 || intervalNs === undefined) return undefined
  const rank = Math.floor(total * 0.95)
  // A hold goes on until the next row.
  if (rank < shortHolds) return intervalNs
  return (lengthAt(holds, rank - shortHolds) ?? 0) + intervalNs
}

/** A value at which a channel stays because of what it is: nothing pressed, standing, dark, full. */
function restsAt(value: number, { unit, min, max }: ChannelNature): boolean {
  if (unit === '%' && (value === 0 || value === 100)) return true
  return value === 0 && (min === 0 || max === 0)
}

function stuckOf(tally: ChannelTally, nature: ChannelNature, usualNs: number | undefined): Held | undefined {
  if (usualNs === undefined || tally.changes < changesMin) return undefined
  const least = Math.max(stuckNsMin, stuckTimes * usualNs)
  const settledStep = settledShare * (usualStep(tally) ?? 0)
  let longest: Held | undefined
  for (const held of tally.held) {
    if (held.longestNs <= least || restsAt(held.value, nature)) continue
    if (held.entryStep < settledStep) continue
    // It has come back to this value and stayed there: it rests there.
    if (held.thirdNs > least) continue
    if (!longest || held.longestNs > longest.longestNs) longest = held
  }
  return longest
}

function clippedOf(
  tally: ChannelTally,
  nature: ChannelNature,
  usualNs: number | undefined,
  constant: boolean,
  baseNs: bigint,
): ClippedReport[] {
  const found: ClippedReport[] = []
  const report = (side: 'min' | 'max', at: 'range' | 'extreme', clip: Clip, judged: ClippedReport['judged']) =>
    found.push({
      side,
      at,
      value: clip.value,
      readings: clip.readings,
      runs: clip.runs,
      longestRows: clip.longestRows,
      longestS: clip.longestNs / 1e9,
      firstNs: absolute(baseNs, clip.firstNs),
      judged,
    })
  const sides = [
    ['min', tally.atMin, tally.atLowest],
    ['max', tally.atMax, tally.atHighest],
  ] as const
  for (const [side, range, extreme] of sides) {
    if (range.runs > 0) report(side, 'range', range, restsAt(range.value, nature) ? 'rest' : 'clipped')
    if (extreme.value === range.value || constant || extreme.value === 0 || usualNs === undefined) continue
    const isFlat = extreme.runs >= extremeRunsMin && extreme.longestNs > extremeTimes * usualNs
    if (isFlat && !restsAt(extreme.value, nature)) report(side, 'extreme', extreme, 'clipped')
  }
  return found
}
