// Intervals of time, ns: `fromNs` included, `toNs` not.

export interface Interval {
  fromNs: bigint
  toNs: bigint
}

/** What of them lies in the span, in order, those that overlap or touch made one; without the empty ones. */
export function uniteIntervals(intervals: Iterable<Interval>, span: Interval): Interval[] {
  const clipped: Interval[] = []
  for (const { fromNs, toNs } of intervals) {
    const from = fromNs > span.fromNs ? fromNs : span.fromNs
    const to = toNs < span.toNs ? toNs : span.toNs
    if (from < to) clipped.push({ fromNs: from, toNs: to })
  }
  clipped.sort((a, b) => (a.fromNs < b.fromNs ? -1 : a.fromNs > b.fromNs ? 1 : 0))
  const united: Interval[] = []
  for (const next of clipped) {
    const last = united.at(-1)
    if (last && next.fromNs <= last.toNs) {
      if (next.toNs > last.toNs) last.toNs = next.toNs
    } else united.push(next)
  }
  return united
}

/** Length of all, ns. They must not overlap. */
export const lengthOf = (united: readonly Interval[]): bigint =>
  united.reduce((sum, { fromNs, toNs }) => sum + toNs - fromNs, 0n)

/** How much of one interval others cover, ns. They must be in order and not overlap. */
export function coveredNs(united: readonly Interval[], { fromNs, toNs }: Interval): bigint {
  let sum = 0n
  for (const each of united) {
    if (each.fromNs >= toNs) break
    const from = each.fromNs > fromNs ? each.fromNs : fromNs
    const to = each.toNs < toNs ? each.toNs : toNs
    if (from < to) sum += to - from
  }
  return sum
}

export const secondsOf = (ns: bigint): number => Number(ns) / 1e9
