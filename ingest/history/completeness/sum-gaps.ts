import type { Cause } from '../../../protos/types.ts'
import type { DeclaredGap } from '../types.ts'
import { type Interval, lengthOf, secondsOf, uniteIntervals } from './intervals.ts'
import type { GapSums } from './report.ts'

const listMax = 100

/** Also of a Gap of no length, which says that something was lost at one moment; not of one that ends where the span begins. */
export const touches = (gap: Interval, { fromNs, toNs }: Interval): boolean =>
  gap.fromNs < toNs && (gap.toNs > fromNs || gap.fromNs === fromNs)

/** Sums of Gaps that touch the span: clipped to it, and what two declare counted once. */
export function sumGaps(gaps: readonly DeclaredGap[], span: Interval): GapSums {
  const causes = new Map<Cause, DeclaredGap[]>()
  for (const gap of gaps) causes.set(gap.cause, [...(causes.get(gap.cause) ?? []), gap])
  const seconds = (some: readonly DeclaredGap[]) => secondsOf(lengthOf(uniteIntervals(some, span)))
  const longest = [...gaps].sort((a, b) => Number(b.toNs - b.fromNs - (a.toNs - a.fromNs))).slice(0, listMax)
  return {
    count: gaps.length,
    seconds: seconds(gaps),
    rows: gaps.reduce((sum, { rows }) => sum + rows, 0),
    byCause: [...causes]
      .map(([cause, some]) => ({ cause, count: some.length, seconds: seconds(some) }))
      .sort((a, b) => b.seconds - a.seconds),
    list: longest
      .sort((a, b) => (a.fromNs < b.fromNs ? -1 : 1))
      .map(({ fromNs, toNs, cause, detail, rows }) => ({
        fromNs: String(fromNs),
        toNs: String(toNs),
        cause,
        detail,
        rows,
      })),
    cut: gaps.length > listMax,
  }
}
