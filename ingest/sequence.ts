import { createRangeSet, type RangeSet, subtractRanges } from '../common/range-set.ts'
import type { Range, Receipt } from '../protos/types.ts'
import type { SpoolRanges } from './catalog/types.ts'
import { createSpoolEntries, describe, type SpoolEntry } from './spool-entries.ts'

// Which numbers of which spool are in the journal. A number is absent, pending (before its fsync) or had; only had ones
// are receipted and only had ones are duplicates. What a Gap declares gone counts as had, and is kept apart too: should it
// come after all, it is taken, for a Gap that says too much is harmless and a reading dropped is not. All of it is bounded
// whatever a rig sends: ranges a spool, spools a rig.

const rangesMax = 256
/** Of one rig. */
export interface SpoolBounds {
  /**
   * None is ever forgotten, because what comes of a forgotten one again would be taken twice. An agent that is started anew every
   * four seconds has a million after six weeks.
   */
  spools: number
  /** Those with holes or Gaps, which take more memory; so do those that grew since the last checkpoint. */
  unfinished: number
}
export const spoolBounds: SpoolBounds = { spools: 1_000_000, unfinished: 10_000 }

export type Standing = 'absent' | 'pending' | 'had' | 'out_of_bounds'

export interface Sequence {
  /**
   * `out_of_bounds`: absent, but with 256 ranges only numbers that extend one are taken, and of a rig that has a
   * million spools, or ten thousand that are not whole, no other spool.
   */
  standing(rig: string, spool: string, seq: number): Standing
  begin(rig: string, spool: string, seq: number, predecessor: string): void
  had(rig: string, spool: string, seq: number): void
  /** The journal could not take it. */
  failed(rig: string, spool: string, seq: number): void
  /**
   * Numbers that a Gap declares gone count as had. Beyond the bounds they stay holes. `byIngest`: it spoke for an agent that could
   * not: receipts lack them, so that whoever has them after all (the old disk comes back) sends them.
   */
  gone(rig: string, spool: string, ranges: readonly Range[], byIngest?: boolean): void
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
  /** Spools with numbers missing below their highest; of one rig, or of all. */
  withHoles(rig?: string): Iterable<SpoolRanges>
  /** The highest number that came or is gone; 0 if there is none. */
  highest(rig: string, spool: string): number
  receipt(rig: string, spool: string): Receipt
  /** Spools changed since they were last saved, for the catalog. */
  changed(): SpoolRanges[]
  /** All that `changed` has just told is in the catalog. */
  saved(): void
  /** Of one rig, or of all. */
  spools(rig?: string): Iterable<SpoolRanges>
}

export function createSequence(initial: readonly SpoolRanges[], bounds: SpoolBounds = spoolBounds): Sequence {
  const spools = createSpoolEntries(initial)
  const changed = new Set<SpoolEntry>()
  const isCrowded = (rig: string) => {
    const { all, opened } = spools.count(rig)
    return all >= bounds.spools || opened >= bounds.unfinished
  }
  const settle = (entry: SpoolEntry, seq: number) => {
    entry.pending.delete(seq)
    entry.starting.delete(seq)
  }

  return {
    standing(rig, spool, seq) {
      const entry = spools.look(rig, spool)
      if (!entry) return isCrowded(rig) ? 'out_of_bounds' : 'absent'
      const mayCome = entry.mayCome.has(seq)
      if (entry.had.has(seq) && !mayCome) return 'had'
      if (entry.pending.has(seq)) return 'pending'
      if (mayCome) return splits(entry.mayCome, seq) ? 'out_of_bounds' : 'absent'
      const crowded = entry.had.ranges().length + entry.unreceipted.ranges().length + entry.starting.size >= rangesMax
      return crowded && startsRange(entry, seq) ? 'out_of_bounds' : 'absent'
    },
    begin(rig, spool, seq, predecessor) {
      const entry = spools.open(rig, spool)
      if (startsRange(entry, seq)) entry.starting.add(seq)
      entry.pending.add(seq)
      if (predecessor) entry.predecessor = predecessor
    },
    had(rig, spool, seq) {
      const entry = spools.open(rig, spool)
      settle(entry, seq)
      entry.had.add(seq)
      if (entry.mayCome.has(seq)) isHere(entry, [{ from: seq, to: seq }])
      changed.add(entry)
    },
    failed(rig, spool, seq) {
      const entry = spools.look(rig, spool)
      if (!entry) return
      settle(entry, seq)
      // With the next checkpoint it is kept small again.
      if (entry.had.highest() > 0) changed.add(entry)
    },
    gone(rig, spool, ranges, byIngest = false) {
      if (!spools.look(rig, spool) && isCrowded(rig)) return
      const entry = spools.open(rig, spool)
      for (const { from, to } of ranges) {
        if (!(from >= 1 && to >= from)) continue
        const never = subtractRanges([{ from, to }], entry.had.ranges())
        if (!addWithin(entry.had, from, to)) continue
        addWithin(entry.gone, from, to)
        for (const range of never) addWithin(entry.mayCome, range.from, range.to)
        if (byIngest) for (const range of never) addWithin(entry.unreceipted, range.from, range.to)
        // The agent knows of them, and need not be told that they are missing.
        else entry.unreceipted = without(entry.unreceipted, [{ from, to }])
      }
      changed.add(entry)
    },
    came(rig, spool, ranges) {
      const entry = spools.open(rig, spool)
      for (const { from, to } of ranges) addWithin(entry.had, from, to)
      isHere(entry, ranges)
      changed.add(entry)
    },
    lost(rig, spool, ranges) {
      const entry = spools.open(rig, spool)
      entry.had = createRangeSet(subtractRanges(entry.had.ranges(), ranges))
      changed.add(entry)
    },
    without(rig, spool, ranges) {
      const entry = spools.look(rig, spool)
      const known = entry ? describe(entry) : { rig, spool, predecessor: '', ranges: [], gone: [] }
      return { ...known, ranges: subtractRanges(known.ranges, ranges) }
    },
    absent: (rig, spool, ranges) => subtractRanges(ranges, spools.look(rig, spool)?.had.ranges() ?? []),
    undeclared: (rig, spool, ranges) => subtractRanges(ranges, spools.look(rig, spool)?.gone.ranges() ?? []),
    *withHoles(rig) {
      for (const entry of spools.opened(rig)) if (entry.had.highest() > entry.had.through()) yield describe(entry)
    },
    highest: (rig, spool) => spools.look(rig, spool)?.had.highest() ?? 0,
    receipt(rig, spool) {
      const entry = spools.look(rig, spool)
      if (!entry) return { spool, through: 0, ranges: [] }
      const had = subtractRanges(entry.had.ranges(), entry.unreceipted.ranges())
      const through = had[0]?.from === 1 ? had[0].to : 0
      return { spool, through, ranges: copy(had.filter(({ from }) => from > through).slice(0, rangesMax)) }
    },
    changed: () => [...changed].map(describe),
    saved() {
      for (const entry of changed) spools.fold(entry)
      changed.clear()
    },
    *spools(rig) {
      for (const entry of spools.all(rig)) yield describe(entry)
    },
  }
}

const startsRange = ({ had, pending }: SpoolEntry, seq: number): boolean => !had.extends(seq) && !pending.has(seq - 1)

/** False if that would be a range too many. */
function addWithin(set: RangeSet, from: number, to: number): boolean {
  if (set.ranges().length >= rangesMax && !set.extends(from, to)) return false
  set.add(from, to)
  return true
}

/** Where the numbers that may come are in as many parts as there may be, only what makes no further part is taken. */
const splits = (set: RangeSet, seq: number): boolean =>
  set.ranges().length >= rangesMax && set.has(seq - 1) && set.has(seq + 1)

const without = (set: RangeSet, ranges: readonly Range[]): RangeSet =>
  set.ranges().length === 0 ? set : createRangeSet(subtractRanges(set.ranges(), ranges))

function isHere(entry: SpoolEntry, ranges: readonly Range[]): void {
  entry.mayCome = without(entry.mayCome, ranges)
  entry.unreceipted = without(entry.unreceipted, ranges)
}

const copy = (ranges: readonly Range[]): Range[] => ranges.map((range) => ({ ...range }))
