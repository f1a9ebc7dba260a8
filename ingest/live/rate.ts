// How many a second, over the last five or six buckets of time. A bucket is a second, or a period where that is longer, so
// that a slow stream is measured too. Counted is what came after one batch until another, over the time between the two:
// windows with fixed ends would hold now a batch more and now one less.

const bucketCount = 5

export interface Rate {
  add(count: number, nowMs: number): void
  /** Per second. Sinks to 0 when nothing comes. */
  perSecond(nowMs: number): number
}

/** How it stood right after something was added. */
interface Mark {
  bucket: number
  ms: number
  count: number
  total: number
  adds: number
}

export function createRate(bucketMs = 1000): Rate {
  /** What came first in each of the last buckets. */
  const marks: (Mark | undefined)[] = new Array(bucketCount + 1).fill(undefined)
  let last: Mark | undefined

  return {
    add(count, nowMs) {
      const bucket = Math.floor(nowMs / bucketMs)
      if (last && nowMs < last.ms) {
        // The clock was set back: a new measurement.
        marks.fill(undefined)
        last = undefined
      }
      last = { bucket, ms: nowMs, count, total: (last?.total ?? 0) + count, adds: (last?.adds ?? 0) + 1 }
      const slot = bucket % marks.length
      if (marks[slot]?.bucket !== bucket) marks[slot] = last
    },
    perSecond(nowMs) {
      const oldest = Math.floor(nowMs / bucketMs) - bucketCount
      let first: Mark | undefined
      for (const mark of marks) {
        if (mark && mark.bucket >= oldest && (first === undefined || mark.bucket < first.bucket)) first = mark
      }
      if (!first || !last) return 0
      const counted = last.total - first.total
      // One alone says little: it counts for the whole time looked at.
      if (last === first) return (last.count * 1000) / (bucketCount * bucketMs)
      const usualMs = (last.ms - first.ms) / (last.adds - first.adds)
      // When the next is overdue, the time without it counts as well.
      const end = nowMs - last.ms > 2 * usualMs ? nowMs : last.ms
      return (counted * 1000) / Math.max(bucketMs, end - first.ms)
    },
  }
}
