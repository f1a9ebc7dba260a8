import { addLength, createLogHistogram, type LogHistogram } from './log-histogram.ts'

// The readings of one channel of numbers, in one pass. It is taken as a series of holds: rows in a row (those without a value
// passed over) in which the value is the same. A noisy signal has one hold a row; a sensor that froze, one long hold; an overdriven
// amplifier, holds at its limit. What a hold means is judged at the end, see judge-channel.ts.

export interface Limits {
  /** As a reading can have them (f32, steps of a scaled integer); infinite: none. */
  min: number
  max: number
}

/** Holds of 3 rows or more at one value that could be a limit. */
export interface Clip {
  value: number
  readings: number
  runs: number
  longestRows: number
  longestNs: number
  firstNs: number
}

/** A value that was held. */
export interface Held {
  value: number
  lengthNs: number
  rows: number
  fromNs: number
  /** From the value before to this one; NaN: none was before. */
  entryStep: number
}

export interface ChannelTally {
  limits: Limits
  /** Values at which it rests because of what it is. */
  rests: readonly number[]
  present: number
  missing: number
  nan: number
  infinite: number
  outside: number
  firstOutsideNs: number
  changes: number
  /** Of these, downwards. */
  falls: number
  /** The hold that is under way; NaN: none. */
  value: number
  sinceNs: number
  untilNs: number
  heldRows: number
  entryStep: number
  /** How much the value changed, at the first changes and then at every so many; the newest overwrite the oldest. */
  steps: Float64Array
  stepsTaken: number
  /** Holds of one row that a change ended; longer ones by their length. */
  shortHolds: number
  holds: LogHistogram
  lowest: number
  highest: number
  atMin: Clip
  atMax: Clip
  atLowest: Clip
  atHighest: Clip
  longest: Held | undefined
  /** The longest ones where it does not rest, the longest first. */
  held: Held[]
  /** The values seen, until they are too many to be states. */
  distinct: number[]
}

/** Rows in a row at a limit that count as clipped. */
export const clippedRowsMin = 3
/** Shorter holds are not remembered, ns. */
const heldNsMin = 1e9
export const heldMax = 3
export const distinctMax = 16

/** Steps that are remembered, a power of 2, and which changes they are of when there are many. */
const stepsMax = 256
const stepEvery = 64

const noClip = (value: number): Clip => ({
  value,
  readings: 0,
  runs: 0,
  longestRows: 0,
  longestNs: 0,
  firstNs: Number.NaN,
})

export const createChannelTally = (limits: Limits, rests: readonly number[] = []): ChannelTally => ({
  limits,
  rests,
  present: 0,
  missing: 0,
  nan: 0,
  infinite: 0,
  outside: 0,
  firstOutsideNs: Number.NaN,
  changes: 0,
  falls: 0,
  value: Number.NaN,
  sinceNs: 0,
  untilNs: 0,
  heldRows: 0,
  entryStep: Number.NaN,
  steps: new Float64Array(stepsMax),
  stepsTaken: 0,
  shortHolds: 0,
  holds: createLogHistogram(8),
  lowest: Number.POSITIVE_INFINITY,
  highest: Number.NEGATIVE_INFINITY,
  atMin: noClip(limits.min),
  atMax: noClip(limits.max),
  atLowest: noClip(Number.NaN),
  atHighest: noClip(Number.NaN),
  longest: undefined,
  held: [],
  distinct: [],
})

export type Numbers = Float64Array | Float32Array | BigInt64Array

/**
 * Takes a chunk's values. `validity`: one bit a row, lowest first, 1 = present; absent if all are. `times` and `breaks` as a
 * RowTally has them.
 */
export function takeValues(
  tally: ChannelTally,
  values: Numbers,
  validity: Uint8Array | undefined,
  times: Float64Array,
  breaks: Uint8Array,
  rows: number,
): void {
  const numbers = values instanceof BigInt64Array ? toDoubles(values, rows) : values
  let { value, sinceNs, untilNs, heldRows, changes, falls, shortHolds, lowest, highest } = tally
  const { min, max } = tally.limits
  let missing = 0
  for (let row = 0; row < rows; row++) {
    if (breaks[row] === 1 && heldRows > 0) {
      // What it was in the pause is not known: the hold ends, and it is no change.
      tally.sinceNs = sinceNs
      tally.untilNs = untilNs
      endHold(tally, value, heldRows, false)
      lowest = tally.lowest
      highest = tally.highest
      value = Number.NaN
      heldRows = 0
    }
    if (validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0) {
      missing++
      continue
    }
    const next = numbers[row]!
    if (next === value) {
      untilNs = times[row]!
      heldRows++
      continue
    }
    if (heldRows > 0) {
      if (heldRows === 1 && value < highest && value > lowest && value >= min && value <= max) shortHolds++
      else {
        tally.sinceNs = sinceNs
        tally.untilNs = untilNs
        endHold(tally, value, heldRows, true)
        if (heldRows === 1) shortHolds++
        lowest = tally.lowest
        highest = tally.highest
      }
      changes++
      if (next < value) falls++
      tally.entryStep = Math.abs(next - value)
      if (changes <= stepsMax || changes % stepEvery === 0) takeStep(tally)
    } else tally.entryStep = Number.NaN
    // Neither NaN nor infinite.
    if (next - next === 0) {
      value = next
      heldRows = 1
      sinceNs = times[row]!
      untilNs = sinceNs
      if (tally.distinct.length <= distinctMax && !tally.distinct.includes(next)) tally.distinct.push(next)
    } else {
      if (Number.isNaN(next)) tally.nan++
      else tally.infinite++
      value = Number.NaN
      heldRows = 0
    }
  }
  tally.value = value
  tally.sinceNs = sinceNs
  tally.untilNs = untilNs
  tally.heldRows = heldRows
  tally.changes = changes
  tally.falls = falls
  tally.shortHolds = shortHolds
  tally.missing += missing
  tally.present += rows - missing
}

function takeStep(tally: ChannelTally): void {
  const { entryStep, steps } = tally
  // To or from what is no number.
  if (entryStep - entryStep !== 0) return
  steps[tally.stepsTaken & (stepsMax - 1)] = entryStep
  tally.stepsTaken++
}

/** The median of how much the value changes when it does; undefined if it never did. */
export function usualStep({ steps, stepsTaken }: ChannelTally): number | undefined {
  const taken = steps.slice(0, Math.min(stepsTaken, stepsMax)).sort()
  return taken[taken.length >> 1]
}

/** After the last chunk. */
export function endValues(tally: ChannelTally): void {
  if (tally.heldRows > 0) endHold(tally, tally.value, tally.heldRows, false)
  tally.value = Number.NaN
  tally.heldRows = 0
}

function endHold(tally: ChannelTally, value: number, rows: number, changed: boolean): void {
  const { limits, sinceNs, untilNs } = tally
  const lengthNs = untilNs - sinceNs
  if (value < limits.min || value > limits.max) {
    tally.outside += rows
    if (Number.isNaN(tally.firstOutsideNs)) tally.firstOutsideNs = sinceNs
  }
  if (value > tally.highest) {
    tally.highest = value
    restart(tally.atHighest, value)
  }
  if (value < tally.lowest) {
    tally.lowest = value
    restart(tally.atLowest, value)
  }
  if (rows >= clippedRowsMin) {
    if (value === limits.max) addRun(tally.atMax, rows, sinceNs, lengthNs)
    if (value === limits.min) addRun(tally.atMin, rows, sinceNs, lengthNs)
    if (value === tally.highest) addRun(tally.atHighest, rows, sinceNs, lengthNs)
    if (value === tally.lowest) addRun(tally.atLowest, rows, sinceNs, lengthNs)
  }
  if (rows > 1) {
    if (changed) addLength(tally.holds, lengthNs)
    addHeld(tally, value, rows, lengthNs)
  }
}

/** A rising signal does this at every row. */
function restart(clip: Clip, value: number): void {
  clip.value = value
  if (clip.runs === 0) return
  Object.assign(clip, noClip(value))
}

function addRun(clip: Clip, rows: number, fromNs: number, lengthNs: number): void {
  clip.readings += rows
  clip.runs++
  if (rows > clip.longestRows) clip.longestRows = rows
  if (lengthNs > clip.longestNs) clip.longestNs = lengthNs
  if (Number.isNaN(clip.firstNs)) clip.firstNs = fromNs
}

function addHeld(tally: ChannelTally, value: number, rows: number, lengthNs: number): void {
  const { longest, held, rests, sinceNs, entryStep } = tally
  if (longest && lengthNs <= longest.lengthNs && lengthNs < heldNsMin) return
  const hold = { value, lengthNs, rows, fromNs: sinceNs, entryStep }
  if (!longest || lengthNs > longest.lengthNs) tally.longest = hold
  if (lengthNs < heldNsMin || rests.includes(value)) return
  held.push(hold)
  held.sort((a, b) => b.lengthNs - a.lengthNs)
  if (held.length > heldMax) held.pop()
}

let doubles = new Float64Array(2048)

/** Without making a bigint of each. Exact up to 2^53. */
function toDoubles(values: BigInt64Array, rows: number): Float64Array {
  if (doubles.length < rows) doubles = new Float64Array(rows)
  const halves = new Uint32Array(values.buffer, values.byteOffset, rows * 2)
  for (let row = 0; row < rows; row++) {
    doubles[row] = (halves[2 * row + 1]! | 0) * 4294967296 + halves[2 * row]!
  }
  return doubles
}
