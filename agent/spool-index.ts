import { createRangeSet, type RangeSet } from '../common/range-set.ts'
import type { Range, SpoolState } from '../protos/types.ts'

// What the spool's log holds, kept small: a line a segment and a set of confirmed numbers a spool id. No line an envelope,
// for a spool of a GiB has millions.

export interface SegmentEntry {
  name: string
  spool: string
  /** Numbers of its envelopes, 0 while it has none. */
  first: number
  last: number
}

interface SpoolEntry {
  first: number
  last: number
  confirmed: RangeSet
  /** The highest `through` that ingest ever said. */
  told: number
}

export interface SpoolIndex {
  segments: SegmentEntry[]
  /** The spool id that is written from now on. */
  begin(spool: string): void
  /** Notes that an envelope lies in a segment. */
  noted(segment: string, spool: string, seq: number): void
  isConfirmed(spool: string, seq: number): boolean
  /** Ingest has a later number of the spool. */
  isOvertaken(spool: string, seq: number): boolean
  /** Takes what ingest has; returns the numbers it once had, has no more, and are not kept either. */
  confirm(
    spool: string,
    through: number,
    ranges: readonly Range[],
    restored?: (fromSeq: number) => void,
  ): Range | undefined
  /** Numbers that will never be sent: declared gone by a Gap, or in the agent's quarantine. */
  giveUp(spool: string, range: Range): void
  /** The oldest segments that hold nothing ingest still needs; never the newest. */
  droppable(): SegmentEntry[]
  removeSegment(name: string): void
  /** What is unconfirmed of a segment. */
  unconfirmed(entry: SegmentEntry): Range[]
  states(): SpoolState[]
  unconfirmedCount(): number
}

export function createSpoolIndex(): SpoolIndex {
  const segments: SegmentEntry[] = []
  const spools = new Map<string, SpoolEntry>()

  const spoolEntry = (spool: string, seq: number): SpoolEntry => {
    let entry = spools.get(spool)
    if (!entry) {
      // What came before the oldest kept number was confirmed or declared gone before it was dropped.
      entry = {
        first: seq,
        last: seq,
        confirmed: createRangeSet(seq > 1 ? [{ from: 1, to: seq - 1 }] : []),
        told: seq - 1,
      }
      spools.set(spool, entry)
    }
    return entry
  }

  let current = ''
  const complete = (entry: SegmentEntry): boolean => index.unconfirmed(entry).length === 0

  const index: SpoolIndex = {
    segments,
    begin(spool) {
      current = spool
      spools.set(spool, { first: 1, last: 0, confirmed: createRangeSet(), told: 0 })
    },
    noted(segment, spool, seq) {
      let entry = segments.at(-1)
      if (entry?.name !== segment) entry = segments.find((known) => known.name === segment)
      if (!entry) {
        entry = { name: segment, spool, first: 0, last: 0 }
        segments.push(entry)
      }
      if (entry.first === 0) {
        entry.first = seq
        entry.spool = spool
      }
      entry.last = Math.max(entry.last, seq)
      const known = spoolEntry(spool, seq)
      known.last = Math.max(known.last, seq)
    },
    // A spool that is not known any more has been confirmed whole and is gone.
    isConfirmed: (spool, seq) => spools.get(spool)?.confirmed.has(seq) ?? true,
    isOvertaken: (spool, seq) => (spools.get(spool)?.confirmed.highest() ?? 0) > seq,
    confirm(spool, through, ranges, restored) {
      const entry = spools.get(spool)
      if (!entry) return undefined
      if (through >= entry.told) {
        entry.told = through
        if (through > 0) entry.confirmed.add(1, through)
        for (const range of ranges) entry.confirmed.add(range.from, range.to)
        return undefined
      }
      // Less than it once had: ingest was restored from a copy. What is kept is sent again, the rest is gone.
      const gone = entry.first > through + 1 ? { from: through + 1, to: entry.first - 1 } : undefined
      entry.confirmed = createRangeSet([
        ...(through > 0 ? [{ from: 1, to: through }] : []),
        ...(gone ? [gone] : []),
        ...ranges,
      ])
      entry.told = through
      restored?.(Math.max(entry.first, through + 1))
      return gone
    },
    giveUp(spool, range) {
      spoolEntry(spool, range.from).confirmed.add(range.from, range.to)
    },
    droppable() {
      const found: SegmentEntry[] = []
      for (const entry of segments.slice(0, -1)) {
        if (!complete(entry)) break
        found.push(entry)
      }
      return found
    },
    removeSegment(name) {
      const at = segments.findIndex((entry) => entry.name === name)
      const [entry] = at < 0 ? [] : segments.splice(at, 1)
      if (!entry || entry.first === 0) return
      const next = segments.find((other) => other.spool === entry.spool && other.first > 0)
      const known = spools.get(entry.spool)
      if (known && next) known.first = next.first
      // Nothing is left of it and it is not the one being written: done.
      else if (entry.spool !== current) spools.delete(entry.spool)
      else if (known) known.first = entry.last + 1
    },
    unconfirmed(entry) {
      if (entry.first === 0) return []
      const confirmed = spools.get(entry.spool)?.confirmed.ranges() ?? []
      const open: Range[] = []
      let from = entry.first
      for (const range of confirmed) {
        if (range.to < from) continue
        if (range.from > entry.last) break
        if (range.from > from) open.push({ from, to: range.from - 1 })
        from = range.to + 1
      }
      if (from <= entry.last) open.push({ from, to: entry.last })
      return open
    },
    states: () => [...spools].map(([spool, { first, last, told }]) => ({ spool, first, last, through: told })),
    unconfirmedCount: () =>
      segments.reduce(
        (sum, entry) => sum + index.unconfirmed(entry).reduce((count, { from, to }) => count + to - from + 1, 0),
        0,
      ),
  }
  return index
}
