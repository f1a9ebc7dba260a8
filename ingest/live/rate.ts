// How many a second, over the last whole buckets of time. A bucket is a second, or a period where that is longer, so
// that a slow stream is not measured by windows that hold none or one of its rows.

const bucketCount = 5

export interface Rate {
  add(count: number, nowMs: number): void
  /** Per second. Before five buckets have passed: what came after the first, over the time since the first. */
  perSecond(nowMs: number): number
}

export function createRate(bucketMs = 1000): Rate {
  // One more than is counted: the one being filled.
  const counts = new Float64Array(bucketCount + 1)
  let newest = 0
  let firstMs: number | undefined
  let firstCount = 0

  const moveTo = (nowMs: number) => {
    const bucket = Math.floor(nowMs / bucketMs)
    // A clock that was set back begins a new measurement.
    if (bucket < newest) firstMs = undefined
    if (bucket - newest > bucketCount || bucket < newest) counts.fill(0)
    else for (let i = newest + 1; i <= bucket; i++) counts[i % counts.length] = 0
    newest = bucket
  }

  return {
    add(count, nowMs) {
      moveTo(nowMs)
      if (firstMs === undefined) {
        firstMs = nowMs
        firstCount = count
      }
      counts[newest % counts.length]! += count
    },
    perSecond(nowMs) {
      moveTo(nowMs)
      if (firstMs === undefined) return 0
      const sum = counts.reduce((total, count) => total + count, 0)
      if (nowMs - firstMs < bucketMs) return (sum * 1000) / bucketMs
      // The first to come was measured before the time that is divided by.
      if (newest * bucketMs - firstMs < bucketCount * bucketMs) return ((sum - firstCount) * 1000) / (nowMs - firstMs)
      const past = sum - counts[newest % counts.length]!
      return (past * 1000) / (bucketCount * bucketMs)
    },
  }
}
