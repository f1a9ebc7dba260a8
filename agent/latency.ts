const kept = 10_000

export interface Latency {
  add(ms: number): void
  summary(): { p50: number; p99: number; count: number }
}

/** Quantiles of the last 10,000 values. */
export function createLatency(): Latency {
  const values = new Float64Array(kept)
  let count = 0
  return {
    add(ms) {
      values[count % kept] = ms
      count++
    },
    summary() {
      const sorted = values.slice(0, Math.min(count, kept)).sort()
      const at = (q: number) =>
        sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!
      return { p50: at(0.5), p99: at(0.99), count }
    },
  }
}
