import { createRangeSet, type RangeSet, subtractRanges } from '../common/range-set.ts'
import type { Range, Receipt, SpoolState } from '../protos/types.ts'

// What the spool's log holds, kept small: a line a segment and some sets of numbers a spool id. No line an envelope, for a
// spool of a GiB has millions.

export interface SegmentEntry {
  name: string
  spool: string
  /** Numbers of its envelopes, 0 while it has none. */
  first: number
  last: number
}

interface SpoolEntry {
  /** The lowest number still kept. */
  first: number
  last: number
  /** As the last receipt said. */
  receipted: RangeSet
  /** Numbers that will never be sent: a Gap says so. */
  givenUp: RangeSet
}

/** What a receipt no longer has that an earlier one had: ingest was restored from a copy. */
export interface Forgotten {
  /** Not kept here either. */
  gone: Range[]
  /** To be sent again. */
  kept: boolean
}

export interface SpoolIndex {
  segments: SegmentEntry[]
  /** The spool id that is written from now on. */
  begin(spool: string): void
  /** A segment that holds a checkpoint and no envelope yet. */
  opened(segment: string): void
  /** Notes that an envelope lies in a segment. */
  noted(segment: string, spool: string, seq: number): void
  isConfirmed(spool: string, seq: number): boolean
  /** Takes what ingest has. Undefined: nothing that it once had is missing. */
  confirm(receipt: Receipt): Forgotten | undefined
  /** Numbers that will never be sent: declared gone by a Gap, or in the agent's quarantine. */
  giveUp(spool: string, range: Range): void
  /** The oldest segment, if it holds nothing that ingest still needs; never the newest. */
  droppable(): SegmentEntry | undefined
  removeSegment(name: string): void
  /** What is unconfirmed of a segment. */
  unconfirmed(entry: SegmentEntry): Range[]
  states(): SpoolState[]
  unconfirmedCount(): number
}

export function createSpoolIndex(): SpoolIndex {
  const segments: SegmentEntry[] = []
  const spools = new Map<string, SpoolEntry>()
  let current = ''

  const spoolEntry = (spool: string, seq: number): SpoolEntry => {
    let entry = spools.get(spool)
    if (!entry) {
      entry = { first: seq, last: seq, receipted: createRangeSet(), givenUp: createRangeSet() }
      spools.set(spool, entry)
    }
    return entry
  }

  const segmentEntry = (name: string): SegmentEntry => {
    let entry = segments.at(-1)
    if (entry?.name !== name) entry = segments.find((known) => known.name === name)
    if (!entry) {
      entry = { name, spool: '', first: 0, last: 0 }
      segments.push(entry)
    }
    return entry
  }

  /** What came before the oldest kept number was confirmed or declared gone before it was dropped. */
  const isDone = (entry: SpoolEntry, seq: number) =>
    seq < entry.first || entry.receipted.has(seq) || entry.givenUp.has(seq)

  const index: SpoolIndex = {
    segments,
    begin(spool) {
      current = spool
      spools.set(spool, { first: 1, last: 0, receipted: createRangeSet(), givenUp: createRangeSet() })
    },
    opened(segment) {
      segmentEntry(segment)
    },
    noted(segment, spool, seq) {
      const entry = segmentEntry(segment)
      entry.spool = spool
      entry.first = entry.first === 0 ? seq : Math.min(entry.first, seq)
      entry.last = Math.max(entry.last, seq)
      const known = spoolEntry(spool, seq)
      known.first = Math.min(known.first, seq)
      known.last = Math.max(known.last, seq)
    },
    // A spool that is not known any more has been confirmed whole and is gone.
    isConfirmed(spool, seq) {
      const entry = spools.get(spool)
      return !entry || isDone(entry, seq)
    },
    confirm({ spool, through, ranges }) {
      const entry = spools.get(spool)
      if (!entry) return undefined
      const now = createRangeSet([...(through > 0 ? [{ from: 1, to: through }] : []), ...ranges])
      const forgotten = subtractRanges(entry.receipted.ranges(), now.ranges())
      entry.receipted = now
      if (forgotten.length === 0) return undefined
      const below = entry.first > 1 ? [{ from: 1, to: entry.first - 1 }] : []
      const kept = subtractRanges(forgotten, below)
      return { gone: subtractRanges(forgotten, kept), kept: kept.length > 0 }
    },
    giveUp(spool, range) {
      spools.get(spool)?.givenUp.add(range.from, range.to)
    },
    droppable() {
      const oldest = segments[0]
      return segments.length > 1 && oldest && index.unconfirmed(oldest).length === 0 ? oldest : undefined
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
      const known = spools.get(entry.spool)
      if (entry.first === 0 || !known) return []
      const open = subtractRanges([{ from: entry.first, to: entry.last }], known.receipted.ranges())
      return subtractRanges(open, known.givenUp.ranges())
    },
    states: () =>
      [...spools].map(([spool, { first, last, receipted }]) => ({ spool, first, last, through: receipted.through() })),
    unconfirmedCount: () =>
      segments.reduce(
        (sum, entry) => sum + index.unconfirmed(entry).reduce((count, { from, to }) => count + to - from + 1, 0),
        0,
      ),
  }
  return index
}
