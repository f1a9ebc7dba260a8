import { subtractRanges } from '../common/range-set.ts'
import type { Range } from '../protos/types.ts'

// A receipt that has less than it should may be old news: MQTT brings an older one after a newer one when ingest connects
// again, or an ingest was started with the wrong folder. Receipts of one ingest only grow, so ingest is asked, and a number
// counts as missing only if every receipt lacks it over some time without a longer silence: old news come in one burst, and the
// next answer has the number.

export interface DoubtOptions {
  /** How long every receipt must lack a number. */
  patienceMs: number
  /** A longer silence proves nothing: it begins anew. Ingest repeats receipts every 5 s. */
  silenceMs: number
  nowMs(): number
}

export const doubtDefaults: DoubtOptions = { patienceMs: 10_000, silenceMs: 8_000, nowMs: () => performance.now() }

export interface Doubts {
  /** Takes what a receipt of the spool lacks; returns what is certain to be missing. */
  seen(spool: string, lacking: Range[]): Range[]
}

export function createDoubts({ patienceMs, silenceMs, nowMs }: DoubtOptions = doubtDefaults): Doubts {
  const doubts = new Map<string, { lacking: Range[]; sinceMs: number; lastMs: number }>()
  return {
    seen(spool, lacking) {
      if (lacking.length === 0) {
        if (doubts.size > 0) doubts.delete(spool)
        return []
      }
      const now = nowMs()
      const doubt = doubts.get(spool)
      const still = doubt && now - doubt.lastMs <= silenceMs ? both(doubt.lacking, lacking) : []
      if (!doubt || still.length === 0) {
        doubts.set(spool, { lacking, sinceMs: now, lastMs: now })
        return []
      }
      Object.assign(doubt, { lacking: still, lastMs: now })
      if (now - doubt.sinceMs < patienceMs) return []
      doubts.delete(spool)
      return still
    },
  }
}

/** What is in both. */
export const both = (a: readonly Range[], b: readonly Range[]): Range[] => subtractRanges(a, subtractRanges(a, b))
