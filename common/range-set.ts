import type { Range } from '../protos/types.ts'

// A set of numbers counted from 1, kept as sorted, disjoint, non-touching ranges. Nearly always one range.

export interface RangeSet {
  has(number: number): boolean
  /** Adds from..to; returns how many numbers were new. */
  add(from: number, to?: number): number
  /** All numbers from 1 up to here are in the set; 0 if 1 is not. */
  through(): number
  /** The highest number, 0 if empty. */
  highest(): number
  /** True if adding from..to makes no range more than there are. */
  extends(from: number, to?: number): boolean
  ranges(): readonly Range[]
}

export const createRangeSet = (initial: readonly Range[] = []): RangeSet => new SortedRanges(initial)

/** A class, because there are some for each of a hundred thousand spools: closures take five times the memory. */
class SortedRanges implements RangeSet {
  readonly #ranges: Range[] = []

  constructor(initial: readonly Range[]) {
    for (const { from, to } of initial) this.add(from, to)
  }

  /** Index of the first range that ends at or after the number. */
  #find(number: number): number {
    const ranges = this.#ranges
    // The end is where nearly all additions happen.
    const last = ranges.length - 1
    if (last < 0 || number > ranges[last]!.to) return ranges.length
    let low = 0
    let high = last
    while (low < high) {
      const middle = (low + high) >> 1
      if (ranges[middle]!.to >= number) high = middle
      else low = middle + 1
    }
    return low
  }

  has(number: number): boolean {
    const range = this.#ranges[this.#find(number)]
    return range !== undefined && range.from <= number
  }

  add(from: number, to = from): number {
    const ranges = this.#ranges
    const start = this.#find(from - 1)
    let end = start
    let merged = 0
    const joined = { from, to }
    while (end < ranges.length && ranges[end]!.from <= to + 1) {
      const range = ranges[end]!
      merged += Math.max(0, Math.min(range.to, to) - Math.max(range.from, from) + 1)
      joined.from = Math.min(joined.from, range.from)
      joined.to = Math.max(joined.to, range.to)
      end++
    }
    if (end - start === 1) Object.assign(ranges[start]!, joined)
    else ranges.splice(start, end - start, joined)
    return to - from + 1 - merged
  }

  through(): number {
    return this.#ranges[0]?.from === 1 ? this.#ranges[0].to : 0
  }

  highest(): number {
    return this.#ranges.at(-1)?.to ?? 0
  }

  extends(from: number, to = from): boolean {
    const range = this.#ranges[this.#find(from - 1)]
    return range !== undefined && range.from <= to + 1
  }

  ranges(): readonly Range[] {
    return this.#ranges
  }
}

/** The numbers of `ranges` that are not in `taken`; both sorted and disjoint. */
export function subtractRanges(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  const left: Range[] = []
  let next = 0
  for (const range of ranges) {
    let from = range.from
    while (next < taken.length && taken[next]!.to < from) next++
    for (let i = next; i < taken.length && taken[i]!.from <= range.to; i++) {
      if (taken[i]!.from > from) left.push({ from, to: taken[i]!.from - 1 })
      from = taken[i]!.to + 1
    }
    if (from <= range.to) left.push({ from, to: range.to })
  }
  return left
}

const apartMax = 16

/** Ranges that lie apart become Gaps of their own, so that each has its own interval; if they are too many, one. */
export const rangesApart = (ranges: readonly Range[]): Range[][] =>
  ranges.length > apartMax ? [[...ranges]] : ranges.map((range) => [range])
