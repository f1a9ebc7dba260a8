import type { rigline } from './generated/rigline.js'
import { fromLong, toLong, toUnsignedLong } from './long.ts'
import type { Period } from './types.ts'
import { decodeDeltas64, encodeDeltas64, halvesOf } from './varint.ts'

// Times of rows, ns: anchor + floor(i * num / den) where they follow a period exactly, else differences.

type TimesMessage = rigline.v1.Times.$Properties

const two32 = 2 ** 32
const uint64Max = 2n ** 64n - 1n

/** Writes the first `rows` times; by the period only if every one of them follows it to the nanosecond. */
export function encodeTimes(times: BigInt64Array, rows: number, period?: Period): TimesMessage {
  if (times.length < rows) throw new RangeError(`${times.length} times for ${rows} rows`)
  const message: TimesMessage = rows > 0 ? { anchorNs: toLong(times[0]!) } : {}
  if (period && isPeriod(period) && follows(times, rows, period)) {
    message.periodNum = toUnsignedLong(period.num)
    message.periodDen = toUnsignedLong(period.den)
  } else if (rows > 1) message.deltas = encodeDeltas64(times, rows, 1)
  return message
}

export interface DecodedTimes {
  /** As many as are known: fewer than asked for if the bytes end early. */
  times: BigInt64Array<ArrayBuffer>
  period?: Period
  /** What was wrong, in words; undefined if nothing was. */
  problem?: string
}

/** Reads the times of `rows` rows. Never throws; the caller bounds `rows`. */
export function decodeTimes(message: TimesMessage, rows: number): DecodedTimes {
  const times = new BigInt64Array(rows)
  if (rows > 0) times[0] = message.anchorNs ? fromLong(message.anchorNs) : 0n
  const deltas = message.deltas ?? new Uint8Array(0)
  const period: Period = {
    num: message.periodNum ? fromLong(message.periodNum) : 0n,
    den: message.periodDen ? fromLong(message.periodDen) : 0n,
  }
  if (isPeriod(period)) {
    fill(times, period)
    if (deltas.length === 0) return { times, period }
    return { times, period, problem: `${deltas.length} bytes of differences beside a period were passed over` }
  }
  if (rows === 0) return deltas.length === 0 ? { times } : { times, problem: `${deltas.length} bytes too many` }
  const progress = decodeDeltas64(deltas, times, 1)
  if (progress.rows < rows) return { times: times.slice(0, progress.rows), problem: `for ${progress.rows} rows only` }
  if (progress.bytes < deltas.length) return { times, problem: `${deltas.length - progress.bytes} bytes too many` }
  return { times }
}

/** A period that the wire can carry. */
const isPeriod = ({ num, den }: Period): boolean => num > 0n && den > 0n && num <= uint64Max && den <= uint64Max

interface Step {
  whole: number
  rest: number
  den: number
}

/**
 * The period as whole nanoseconds and a rest in 1/den, for stepping from row to row: offset += whole, carry += rest,
 * and one more nanosecond whenever carry reaches den. By induction offset = floor(i * num / den) and carry =
 * (i * num) mod den. These are sums of whole numbers; doubles hold them exactly as long as they stay below 2^53, which
 * is what is asked here (carry + rest < 2 den). Undefined: it has to be bigint.
 */
function stepOf({ num, den }: Period, rows: number): Step | undefined {
  if (den > 2n ** 52n || (BigInt(rows) * num) / den >= 2n ** 53n) return undefined
  return { whole: Number(num / den), rest: Number(num % den), den: Number(den) }
}

function follows(times: BigInt64Array, rows: number, period: Period): boolean {
  if (rows < 2) return true
  const step = stepOf(period, rows)
  if (!step) return followsFar(times, rows, period)
  const halves = halvesOf(times)
  const anchorLow = halves[0]! >>> 0
  const anchorHigh = halves[1]!
  let offset = 0
  let carry = 0
  for (let row = 1; row < rows; row++) {
    offset += step.whole
    carry += step.rest
    if (carry >= step.den) {
      carry -= step.den
      offset++
    }
    // Rounded only from 2^53 on, so it equals the offset, which is below, only if the times do.
    const measured = (halves[2 * row + 1]! - anchorHigh) * two32 + ((halves[2 * row]! >>> 0) - anchorLow)
    if (measured !== offset) return false
  }
  return true
}

function followsFar(times: BigInt64Array, rows: number, { num, den }: Period): boolean {
  const anchor = times[0]!
  for (let row = 1; row < rows; row++) {
    if (times[row] !== anchor + (BigInt(row) * num) / den) return false
  }
  return true
}

/** Fills in what follows the first time; beyond int64 it wraps round, as only damaged bytes ask for that. */
function fill(times: BigInt64Array, period: Period): void {
  if (times.length < 2) return
  const step = stepOf(period, times.length)
  if (!step) {
    fillFar(times, period)
    return
  }
  const halves = halvesOf(times)
  const anchorLow = halves[0]! >>> 0
  const anchorHigh = halves[1]!
  let offset = 0
  let carry = 0
  for (let row = 1; row < times.length; row++) {
    offset += step.whole
    carry += step.rest
    if (carry >= step.den) {
      carry -= step.den
      offset++
    }
    const offsetHigh = Math.floor(offset / two32)
    const low = anchorLow + (offset - offsetHigh * two32)
    halves[2 * row] = low
    halves[2 * row + 1] = anchorHigh + offsetHigh + (low >= two32 ? 1 : 0)
  }
}

function fillFar(times: BigInt64Array, { num, den }: Period): void {
  const anchor = times[0]!
  for (let row = 1; row < times.length; row++) times[row] = anchor + (BigInt(row) * num) / den
}
