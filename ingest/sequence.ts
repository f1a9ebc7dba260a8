import { createRangeSet, type RangeSet, subtractRanges } from '../common/range-set.ts'
import type { Range, Receipt } from '../protos/types.ts'
import type { SpoolRanges } from './catalog/types.ts'

// Which numbers of which spool are in the journal. A number is absent, pending (before its fsync) or had; only had ones
// are receipted and only had ones are duplicates. What a Gap declares gone counts as had, and is kept apart too. All of
// it is bounded whatever a rig sends: ranges a spool, spools a rig.

const rangesMax = 256
/** None is ever forgotten, because what comes of a forgotten one again would be taken twice. */
export const spoolsMaxPerRig = 10_000

export type Standing = 'absent' | 'pending' | 'had' | 'out_of_bounds'

export interface Sequence {
  /**
   * `out_of_bounds`: absent, but with 256 ranges only numbers that extend one are taken, and of a rig that has 10,000
   * spools no other spool.
   */
  standing(rig: string, spool: string, seq: number): Standing
  begin(rig: string, spool: string, seq: number, predecessor: string): void
  had(rig: string, spool: string, seq: number): void
  /** The journal could not take it. */
  failed(rig: string, spool: string, seq: number): void
  /** Numbers that a Gap declares gone count as had. Beyond the bounds they stay holes. */
  gone(rig: string, spool: string, ranges: readonly Range[]): void
  /** Numbers that the lake has, as far as the bounds allow. */
  came(rig: string, spool: string, ranges: readonly Range[]): void
  /** Numbers that were had and are nowhere any more: they are absent from now on. */
  lost(rig: string, spool: string, ranges: readonly Range[]): void
  /** The spool as it would be without these numbers. */
  without(rig: string, spool: string, ranges: readonly Range[]): SpoolRanges
  /** Which of these numbers neither came nor were declared gone. */
  absent(rig: string, spool: string, ranges: readonly Range[]): Range[]
  /** What of these numbers no Gap declares gone. */
  undeclared(rig: string, spool: string, ranges: readonly Range[]): Range[]
  receipt(rig: string, spool: string): Receipt
  /** Spools changed since they were last saved, for the catalog. */
  changed(): SpoolRanges[]
  /** All that `changed` has just told is in the catalog. */
  saved(): void
  spools(): Iterable<SpoolRanges>
}

interface Entry {
  rig: string
  spool: string
  predecessor: string
  /** What came and what is gone: what need not come any more. */
  had: RangeSet
  gone: RangeSet
  pending: Set<number>
  /** The pending ones that will each begin a range. */
  starting: Set<number>
}

export function createSequence(initial: SpoolRanges[]): Sequence {
  const entries = new Map<string, Entry>()
  const spoolsOf = new Map<string, number>()
  const changed = new Set<Entry>()
  const keyOf = (rig: string, spool: string) => `${rig} ${spool}`
  const isCrowded = (rig: string) => (spoolsOf.get(rig) ?? 0) >= spoolsMaxPerRig
  const entryOf = (rig: string, spool: string): Entry => {
    const key = keyOf(rig, spool)
    let entry = entries.get(key)
    if (!entry) {
      entry = {
        rig,
        spool,
        predecessor: '',
        had: createRangeSet(),
        gone: createRangeSet(),
        pending: new Set(),
        starting: new Set(),
      }
      entries.set(key, entry)
      spoolsOf.set(rig, (spoolsOf.get(rig) ?? 0) + 1)
    }
    return entry
  }
  for (const { rig, spool, predecessor, ranges, gone } of initial) {
    Object.assign(entryOf(rig, spool), { predecessor, had: createRangeSet(ranges), gone: createRangeSet(gone) })
  }
  const settle = (entry: Entry, seq: number) => {
    entry.pending.delete(seq)
    entry.starting.delete(seq)
  }

  return {
    standing(rig, spool, seq) {
      const entry = entries.get(keyOf(rig, spool))
      if (!entry) return isCrowded(rig) ? 'out_of_bounds' : 'absent'
      if (entry.had.has(seq)) return 'had'
      if (entry.pending.has(seq)) return 'pending'
      const crowded = entry.had.ranges().length + entry.starting.size >= rangesMax
      return crowded && startsRange(entry, seq) ? 'out_of_bounds' : 'absent'
    },
    begin(rig, spool, seq, predecessor) {
      const entry = entryOf(rig, spool)
      if (startsRange(entry, seq)) entry.starting.add(seq)
      entry.pending.add(seq)
      if (predecessor) entry.predecessor = predecessor
    },
    had(rig, spool, seq) {
      const entry = entryOf(rig, spool)
      settle(entry, seq)
      entry.had.add(seq)
      changed.add(entry)
    },
    failed(rig, spool, seq) {
      const entry = entries.get(keyOf(rig, spool))
      if (entry) settle(entry, seq)
    },
    gone(rig, spool, ranges) {
      if (!entries.has(keyOf(rig, spool)) && isCrowded(rig)) return
      const entry = entryOf(rig, spool)
      for (const { from, to } of ranges) {
        if (!(from >= 1 && to >= from) || !addWithin(entry.had, from, to)) continue
        addWithin(entry.gone, from, to)
      }
      changed.add(entry)
    },
    came(rig, spool, ranges) {
      const entry = entryOf(rig, spool)
      for (const { from, to } of ranges) addWithin(entry.had, from, to)
      changed.add(entry)
    },
    lost(rig, spool, ranges) {
      const entry = entryOf(rig, spool)
      entry.had = createRangeSet(subtractRanges(entry.had.ranges(), ranges))
      changed.add(entry)
    },
    without(rig, spool, ranges) {
      const known = describe(entryOf(rig, spool))
      return { ...known, ranges: subtractRanges(known.ranges, ranges) }
    },
    absent: (rig, spool, ranges) => subtractRanges(ranges, entries.get(keyOf(rig, spool))?.had.ranges() ?? []),
    undeclared: (rig, spool, ranges) => subtractRanges(ranges, entries.get(keyOf(rig, spool))?.gone.ranges() ?? []),
    receipt(rig, spool) {
      const had = entries.get(keyOf(rig, spool))?.had
      const through = had?.through() ?? 0
      const above = had?.ranges().filter(({ from }) => from > through) ?? []
      return { spool, through, ranges: above.slice(0, rangesMax) }
    },
    changed: () => [...changed].map(describe),
    saved: () => changed.clear(),
    *spools() {
      for (const entry of entries.values()) yield describe(entry)
    },
  }
}

const startsRange = ({ had, pending }: Entry, seq: number): boolean => !had.extends(seq) && !pending.has(seq - 1)

/** False if that would be a range too many. */
function addWithin(set: RangeSet, from: number, to: number): boolean {
  if (set.ranges().length >= rangesMax && !set.extends(from, to)) return false
  set.add(from, to)
  return true
}

const copy = (ranges: readonly Range[]): Range[] => ranges.map((range) => ({ ...range }))

const describe = ({ rig, spool, predecessor, had, gone }: Entry): SpoolRanges => ({
  rig,
  spool,
  predecessor,
  ranges: copy(had.ranges()),
  gone: copy(gone.ranges()),
})
