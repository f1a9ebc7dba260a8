import type { JournalEnvelope } from '../sink.ts'

// The series and times of a write. Of two values for one time that one stands which InfluxDB took last, so writes that have times
// in common must not be under way at once. Nearly none have: rows of a stream rise.

export interface WriteSpans {
  clear(): void
  add(envelope: JournalEnvelope): void
  meets(other: WriteSpans): boolean
  readonly bySeries: ReadonlyMap<string, readonly Span[]>
}

interface Span {
  minNs: bigint
  maxNs: bigint
}

/** Of a series; beyond them the last one grows. Live rows and a backlog are far apart and come by turns. */
const spansMax = 64

export function createWriteSpans(): WriteSpans {
  const bySeries = new Map<string, Span[]>()
  return {
    bySeries,
    clear: () => bySeries.clear(),
    add({ body, schema, header }) {
      if (body.type !== 'batch' || body.batch.times.length === 0) return
      const { times, era } = body.batch
      const [first, last] = [times[0]!, times.at(-1)!]
      const span = first <= last ? { minNs: first, maxNs: last } : { minNs: last, maxNs: first }
      const key = `${era} ${header.rig} ${schema?.stream}`
      const known = bySeries.get(key)
      if (!known) bySeries.set(key, [span])
      else if (known.length < spansMax) known.push(span)
      else widen(known.at(-1)!, span)
    },
    meets(other) {
      for (const [key, spans] of bySeries) {
        const there = other.bySeries.get(key)
        if (there && spans.some((one) => there.some((two) => one.minNs <= two.maxNs && one.maxNs >= two.minNs)))
          return true
      }
      return false
    },
  }
}

function widen(span: Span, { minNs, maxNs }: Span): void {
  if (minNs < span.minNs) span.minNs = minNs
  if (maxNs > span.maxNs) span.maxNs = maxNs
}
