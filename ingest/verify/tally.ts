import { addSum, type ChannelSum, newSum, subtractSum, sumText } from './checksum.ts'
import type { Amount } from './report.ts'

// Sums of a stream while its data pass by.

export interface Tally {
  envelopes: number
  rows: number
  sum: ChannelSum
}

export const newTally = (): Tally => ({ envelopes: 0, rows: 0, sum: newSum() })

export function addTally(to: Tally, from: Tally): void {
  to.envelopes += from.envelopes
  to.rows += from.rows
  addSum(to.sum, from.sum)
}

/** Takes `from` out of `to` again. */
export function subtractTally(to: Tally, from: Tally): void {
  to.envelopes -= from.envelopes
  to.rows -= from.rows
  subtractSum(to.sum, from.sum)
}

export const amountOf = ({ rows, sum }: Tally): Amount => ({ rows, readings: sum.count, checksum: sumText(sum) })

export const sameAmount = (a: Tally, b: Tally): boolean =>
  a.rows === b.rows && a.sum.count === b.sum.count && a.sum.a === b.sum.a && a.sum.b === b.sum.b

/** A checksum as the ledger keeps it. */
export const unpackSum = (count: number, packed: bigint): ChannelSum => ({
  count,
  a: Number(BigInt.asIntN(32, packed >> 32n)),
  b: Number(BigInt.asIntN(32, packed)),
})

export interface Interval {
  era: number
  firstNs: bigint
  lastNs: bigint
}

/** Where batches lie in time. */
export interface Seen {
  add(interval: Interval): void
  /** Whether one that was added may have rows there. */
  touches(interval: Interval): boolean
  eras(): number[]
}

/** Most batches lie above all before them; of the others it is looked up, and said rather too often than not. */
export function createSeen(): Seen {
  const intervals = createIntervals()
  const highest = new Map<number, bigint>()
  return {
    add(interval) {
      const { era, lastNs } = interval
      const known = highest.get(era)
      if (known === undefined || lastNs > known) highest.set(era, lastNs)
      intervals.add(interval)
    },
    eras: () => [...highest.keys()],
    touches(interval) {
      const known = highest.get(interval.era)
      return known !== undefined && interval.firstNs <= known && intervals.touches(interval)
    },
  }
}

const intervalsMax = 10_000

/** Times of one stream in which rows are left alone. Bounded: where there are too many, neighbours become one. */
export interface Intervals {
  add(interval: Interval): void
  has(era: number, tNs: bigint): boolean
  touches(interval: Interval): boolean
  readonly empty: boolean
}

export function createIntervals(): Intervals {
  let list: Interval[] = []
  let sorted = true
  const sort = () => {
    if (sorted) return
    list.sort((a, b) => a.era - b.era || (a.firstNs < b.firstNs ? -1 : a.firstNs > b.firstNs ? 1 : 0))
    const merged: Interval[] = []
    for (const next of list) {
      const last = merged.at(-1)
      if (last && last.era === next.era && next.firstNs <= last.lastNs) {
        if (next.lastNs > last.lastNs) last.lastNs = next.lastNs
      } else merged.push({ ...next })
    }
    list = merged
    sorted = true
  }
  const thin = () => {
    sort()
    while (list.length > intervalsMax / 2) {
      list = list.flatMap((interval, i) => {
        const next = list[i + 1]
        if (i % 2 === 1 && list[i - 1]!.era === interval.era) return []
        if (i % 2 === 1 || next?.era !== interval.era) return [interval]
        return [{ ...interval, lastNs: next.lastNs > interval.lastNs ? next.lastNs : interval.lastNs }]
      })
    }
  }
  /** The last that begins at that time or before it. */
  const lastUpTo = (era: number, tNs: bigint): Interval | undefined => {
    sort()
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      const at = list[middle]!
      if (at.era < era || (at.era === era && at.firstNs <= tNs)) low = middle + 1
      else high = middle
    }
    const found = list[low - 1]
    return found?.era === era ? found : undefined
  }
  const touches = ({ era, firstNs, lastNs }: Interval): boolean => {
    const found = lastUpTo(era, lastNs)
    return found !== undefined && found.lastNs >= firstNs
  }
  return {
    add(interval) {
      const last = list.at(-1)
      // As it mostly is.
      sorted &&= !last || (last.era === interval.era && last.lastNs < interval.firstNs)
      list.push(interval)
      if (list.length > intervalsMax) thin()
    },
    touches,
    has: (era, tNs) => touches({ era, firstNs: tNs, lastNs: tNs }),
    get empty() {
      return list.length === 0
    },
  }
}
