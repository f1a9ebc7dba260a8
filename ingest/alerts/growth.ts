// How fast a disk fills: the slope of its free bytes over the last hours (least squares), so that segments that come and go
// do not count as growth.

const everyMs = 60_000
const samplesMax = 360
/** Less than this says nothing. */
const leastMs = 30 * 60_000
const dayMs = 24 * 3600 * 1000

export interface Growth {
  add(nowMs: number, freeBytes: number): void
  /** Days until nothing is free; Infinity if it does not fill; undefined if it is too early to say. */
  daysLeft(): number | undefined
}

export function createGrowth(): Growth {
  const samples: { ms: number; free: number }[] = []
  let freeNow = 0
  return {
    add(nowMs, freeBytes) {
      freeNow = freeBytes
      const last = samples.at(-1)
      // The clock was set back: a new measurement.
      if (last && nowMs < last.ms) samples.length = 0
      else if (last && nowMs - last.ms < everyMs) return
      samples.push({ ms: nowMs, free: freeBytes })
      if (samples.length > samplesMax) samples.shift()
    },
    daysLeft() {
      const [first] = samples
      if (!first || samples.at(-1)!.ms - first.ms < leastMs) return undefined
      const perMs = slope(samples.map(({ ms, free }) => [ms - first.ms, free]))
      return perMs < 0 ? freeNow / -perMs / dayMs : Number.POSITIVE_INFINITY
    },
  }
}

function slope(points: [x: number, y: number][]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  let above = 0
  let below = 0
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY)
    below += (x - meanX) ** 2
  }
  return below === 0 ? 0 : above / below
}
