import { createRangeSet, type RangeSet } from '../common/range-set.ts'
import type { Range, Receipt } from '../protos/types.ts'
import type { SpoolRanges } from './catalog/types.ts'

// Which numbers of which spool are in the journal. A number is absent, pending (before its fsync) or had; only had ones
// are receipted and only had ones are duplicates.

const rangesMax = 256

export type Standing = 'absent' | 'pending' | 'had' | 'out_of_bounds'

export interface Sequence {
  /** `out_of_bounds`: absent, but with 256 ranges only numbers that extend one are taken. */
  standing(rig: string, spool: string, seq: number): Standing
  begin(rig: string, spool: string, seq: number, predecessor: string): void
  had(rig: string, spool: string, seq: number): void
  /** The journal could not take it. */
  failed(rig: string, spool: string, seq: number): void
  /** Numbers that a Gap declares gone count as had. */
  gone(rig: string, spool: string, ranges: readonly Range[]): void
  receipt(rig: string, spool: string): Receipt
  /** Spools changed since the last call, for the catalog. */
  takeChanged(): SpoolRanges[]
  spools(): Iterable<SpoolRanges>
}

interface Entry {
  rig: string
  spool: string
  predecessor: string
  had: RangeSet
  pending: Set<number>
  changed: boolean
}

export function createSequence(initial: SpoolRanges[]): Sequence {
  const entries = new Map<string, Entry>()
  const keyOf = (rig: string, spool: string) => `${rig} ${spool}`
  const entryOf = (rig: string, spool: string): Entry => {
    const key = keyOf(rig, spool)
    let entry = entries.get(key)
    if (!entry) {
      entry = { rig, spool, predecessor: '', had: createRangeSet(), pending: new Set(), changed: false }
      entries.set(key, entry)
    }
    return entry
  }
  for (const { rig, spool, predecessor, ranges } of initial) {
    Object.assign(entryOf(rig, spool), { predecessor, had: createRangeSet(ranges) })
  }
  const describe = ({ rig, spool, predecessor, had }: Entry): SpoolRanges => ({
    rig,
    spool,
    predecessor,
    ranges: had.ranges().map((range) => ({ ...range })),
  })

  return {
    standing(rig, spool, seq) {
      const entry = entries.get(keyOf(rig, spool))
      if (!entry) return 'absent'
      if (entry.had.has(seq)) return 'had'
      if (entry.pending.has(seq)) return 'pending'
      const crowded = entry.had.ranges().length >= rangesMax
      return crowded && !entry.had.extends(seq) && !entry.pending.has(seq - 1) ? 'out_of_bounds' : 'absent'
    },
    begin(rig, spool, seq, predecessor) {
      const entry = entryOf(rig, spool)
      entry.pending.add(seq)
      if (predecessor) entry.predecessor = predecessor
    },
    had(rig, spool, seq) {
      const entry = entryOf(rig, spool)
      entry.pending.delete(seq)
      entry.had.add(seq)
      entry.changed = true
    },
    failed(rig, spool, seq) {
      entries.get(keyOf(rig, spool))?.pending.delete(seq)
    },
    gone(rig, spool, ranges) {
      const entry = entryOf(rig, spool)
      for (const { from, to } of ranges) if (from >= 1 && to >= from) entry.had.add(from, to)
      entry.changed = true
    },
    receipt(rig, spool) {
      const had = entries.get(keyOf(rig, spool))?.had
      const through = had?.through() ?? 0
      const above = had?.ranges().filter(({ from }) => from > through) ?? []
      return { spool, through, ranges: above.slice(0, rangesMax) }
    },
    takeChanged() {
      const changed = [...entries.values()].filter((entry) => entry.changed)
      for (const entry of changed) entry.changed = false
      return changed.map(describe)
    },
    *spools() {
      for (const entry of entries.values()) yield describe(entry)
    },
  }
}
