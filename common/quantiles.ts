const kept = 20_000

export interface Quantiles {
  add(value: number): void
  /** Of the last 20,000 values, to a tenth. */
  summary(): { p50: number; p99: number }
  values(): number[]
  readonly count: number
}

export function createQuantiles(): Quantiles {
  const values = new Float64Array(kept)
  let count = 0
  const held = () => values.slice(0, Math.min(count, kept))
  return {
    add(value) {
      values[count % kept] = value
      count++
    },
    summary() {
      const sorted = held().sort()
      const at = (q: number) =>
        sorted.length === 0
          ? 0
          : Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]! * 10) / 10
      return { p50: at(0.5), p99: at(0.99) }
    },
    values: () => [...held()],
    get count() {
      return count
    },
  }
}
