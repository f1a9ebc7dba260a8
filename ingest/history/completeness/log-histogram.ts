// Counts of lengths of time in buckets that grow by a constant factor: quantiles of any number of them in bounded memory.

export interface LogHistogram {
  readonly perOctave: number
  readonly counts: Float64Array
  total: number
}

/** Lengths up to 2^63 ns. A bucket spans a factor of 2^(1 / perOctave): that is how exact a quantile is. */
export const createLogHistogram = (perOctave: number): LogHistogram => ({
  perOctave,
  counts: new Float64Array(64 * perOctave),
  total: 0,
})

/** Lengths below 1 ns count as 1 ns. */
export function addLength(histogram: LogHistogram, ns: number): void {
  const { counts, perOctave } = histogram
  const bucket = ns <= 1 ? 0 : Math.floor(Math.log2(ns) * perOctave)
  const index = bucket < counts.length ? bucket : counts.length - 1
  counts[index] = counts[index]! + 1
  histogram.total++
}

/** The middle of the bucket that holds the `rank`-th length (from 0, in rising order), ns. Undefined if there are not so many. */
export function lengthAt({ counts, perOctave, total }: LogHistogram, rank: number): number | undefined {
  if (rank >= total) return undefined
  let seen = 0
  for (let bucket = 0; bucket < counts.length; bucket++) {
    seen += counts[bucket]!
    if (seen > rank) return bucket === 0 ? 1 : 2 ** ((bucket + 0.5) / perOctave)
  }
  return undefined
}
