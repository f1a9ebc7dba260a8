import type { Kind } from '../../../protos/types.ts'
import { type ChannelTally, type Clip, distinctMax, type Held, heldMax, usualStep } from './channel-tally.ts'
import { lengthAt } from './log-histogram.ts'
import type { ClippedReport, NumbersReport, StillReport } from './report.ts'

// What the holds of a channel mean: a fault, or the nature of the signal. docs/completeness.md says why each line is drawn where it is.

export interface ChannelNature {
  kind: Kind
  unit: string
}

export interface TimeBase {
  baseNs: bigint
  /** Of two rows, ns; undefined with fewer than two. */
  usualIntervalNs: number | undefined
}

/** A channel that stood still this long, and this many times its usual pause, may be stuck. */
const stuckNsMin = 10e9
const stuckTimes = 10
/** If it has done so before, this many times as long as then. */
const stuckTimesAgain = 5
/** A channel whose last step before was this part of a usual one has come to rest by itself: a car at a steady speed. */
const settledShare = 0.01
/** One that came to its most extreme value by steps up to so many usual ones is limited there; one that jumped is not. */
const limitedSteps = 10
/** With fewer changes, what is usual is not known. */
const changesMin = 20
/**
 * At an extreme that is no limit of the range: so many runs, longer than so many usual pauses, and all of them short: what stays
 * at a limit is limited on purpose (an inverter), or stuck.
 */
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
    clipped: isState ? [] : clippedOf(tally, usualNs, constant, base.baseNs),
    longestStill: constant ? null : still(tally.longest),
    stuck: constant || isState ? null : still(stuckOf(tally, usualNs)),
  }
}

const absolute = (baseNs: bigint, ns: number): string => String(baseNs + BigInt(Math.round(ns)))

const stillReport = ({ lengthNs, rows, fromNs, value }: Held, baseNs: bigint): StillReport => ({
  seconds: lengthNs / 1e9,
  rows,
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

/** Powers and currents: 0 when the device is off. */
const offAtZero = /^[kmM]?(W|A|V\.A)(\{.*\})?$/

/** Values at which a channel stays because of what it is: nothing pressed, standing, dark, off, empty, full. */
export function restsOf({
  unit,
  min,
  max,
}: {
  unit: string
  min?: number | undefined
  max?: number | undefined
}): number[] {
  if (unit === '%') return [0, 100]
  return min === 0 || max === 0 || offAtZero.test(unit) ? [0] : []
}

function stuckOf(tally: ChannelTally, usualNs: number | undefined): Held | undefined {
  const { changes, falls, held } = tally
  if (usualNs === undefined || changes < changesMin) return undefined
  // A counter waits for what it counts.
  if (falls === 0 || falls === changes) return undefined
  const step = usualStep(tally) ?? 0
  const isSettled = ({ entryStep }: Held) => entryStep < settledShare * step
  const isLimited = ({ value, entryStep }: Held) =>
    (value === tally.lowest || value === tally.highest) && entryStep <= limitedSteps * step
  const longest = held.find((hold) => !isSettled(hold) && !isLimited(hold))
  if (!longest) return undefined
  const leastNs = Math.max(stuckNsMin, stuckTimes * usualNs)
  // One that has stood still that long more than twice does so by its nature.
  const again = held.length === heldMax ? held[heldMax - 1]!.lengthNs : 0
  const neededNs = again > leastNs ? stuckTimesAgain * again : leastNs
  return longest.lengthNs > neededNs ? longest : undefined
}

function clippedOf(
  tally: ChannelTally,
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
    if (range.runs > 0) report(side, 'range', range, tally.rests.includes(range.value) ? 'rest' : 'clipped')
    // Where the range says the limit, what stays below it is not limited: a pedal that is held.
    if (Number.isFinite(range.value) || constant || extreme.value === 0 || usualNs === undefined) continue
    const isFlat = extreme.longestNs > extremeTimes * usualNs && extreme.longestNs < stuckNsMin
    if (isFlat && extreme.runs >= extremeRunsMin && !tally.rests.includes(extreme.value)) {
      report(side, 'extreme', extreme, 'clipped')
    }
  }
  return found
}
