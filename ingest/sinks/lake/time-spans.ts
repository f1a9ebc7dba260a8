// Intervals of time in which rows lie.

export interface TimeSpan {
  firstNs: bigint
  /** Included. */
  lastNs: bigint
}

/** As the footers of the lake's files and the catalog say them. */
export const toTimeSpan = ({ minNs, maxNs }: { minNs: string | bigint; maxNs: string | bigint }): TimeSpan => ({
  firstNs: BigInt(minNs),
  lastNs: BigInt(maxNs),
})

export const byTime = (a: TimeSpan, b: TimeSpan): number => (a.firstNs < b.firstNs ? -1 : a.firstNs > b.firstNs ? 1 : 0)

export const touchesAny = (spans: readonly TimeSpan[], { firstNs, lastNs }: TimeSpan): boolean =>
  spans.some((span) => span.firstNs <= lastNs && span.lastNs >= firstNs)

const spansMax = 64

/** In order of time, apart, and not many. */
export function uniteSpans(spans: readonly TimeSpan[]): TimeSpan[] {
  const united: TimeSpan[] = []
  for (const { firstNs, lastNs } of [...spans].sort(byTime)) {
    const last = united.at(-1)
    if (!last || firstNs > last.lastNs) united.push({ firstNs, lastNs })
    else if (lastNs > last.lastNs) last.lastNs = lastNs
  }
  // Coarser where there are many: what is found too much is sorted out batch by batch.
  const each = Math.ceil(united.length / spansMax)
  return united.flatMap((span, i) =>
    i % each === 0 ? [{ firstNs: span.firstNs, lastNs: united[Math.min(i + each, united.length) - 1]!.lastNs }] : [],
  )
}
