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

export function createRangeSet(initial: readonly Range[] = []): RangeSet {
  const ranges: Range[] = []

  /** Index of the first range that ends at or after the number. */
  const find = (number: number): number => {
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

  const set: RangeSet = {
    has(number) {
      const range = ranges[find(number)]
      return range !== undefined && range.from <= number
    },
    add(from, to = from) {
      const start = find(from - 1)
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
    },
    through: () => (ranges[0]?.from === 1 ? ranges[0].to : 0),
    highest: () => ranges.at(-1)?.to ?? 0,
    extends(from, to = from) {
      const range = ranges[find(from - 1)]
      return range !== undefined && range.from <= to + 1
    },
    ranges: () => ranges,
  }
  for (const { from, to } of initial) set.add(from, to)
  return set
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
