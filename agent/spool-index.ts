import { createRangeSet, type RangeSet, subtractRanges } from '../common/range-set.ts'
import type { Range, Receipt, SpoolState } from '../protos/types.ts'
import { both } from './spool-doubts.ts'
import { type Facts, type FactsOfRange, factsOf, joinFacts, unknownFacts, withGaps } from './spool-facts.ts'
import type { Declared, RememberedSpool } from './spool-memory.ts'

// What the spool's log holds and what of it ingest has, kept small: a line a segment and some sets of numbers a spool id. No
// line an envelope, for a spool of a GiB has millions. Spools of which nothing is left are remembered, so that an ingest that
// was restored from a copy is noticed.

/** Spools listed in one status: ingest answers so many. */
const listedMax = 64
/** Older spools that are remembered when nothing of them is left; then the oldest is forgotten. */
const rememberedMax = 48
/** Ranges of a spool whose rows' times are remembered; the oldest are joined. */
const factsMax = 64
const declaredMax = 1000
const unwrittenMax = 1000

export interface SegmentEntry {
  name: string
  spool: string
  /** Numbers of its envelopes, 0 while it has none. */
  first: number
  last: number
  facts?: Facts
  /** What Gaps among its envelopes speak of. */
  declares?: Facts | undefined
  /** It is about to be deleted: what must be remembered of it is. */
  isLeaving?: boolean
}

interface SpoolEntry {
  /** Whose ingest is asked about it. */
  group: string
  /** The lowest number still kept; last + 1 if none is. */
  first: number
  last: number
  /** As the last receipt said. */
  receipted: RangeSet
  /** Deleted here, and ingest had it. */
  forgotten: Range[]
  facts: FactsOfRange[]
  /** By Gaps: never to be sent, while the Gap itself is here or under way. */
  declared: Declared[]
  /** Kept, as far as numbers go, but not readable. */
  damaged: FactsOfRange[]
  /** Confirmed from memory while the disk could not be written, and never on it. */
  unwritten: FactsOfRange[]
  /** Confirmed by the ingest of another group: settled for good. */
  elsewhere: Range[]
  /** Counts the lists that named it. */
  listed: number
}

/** What a receipt says, beside what is confirmed. */
export interface Taken {
  /** Ingest once had some that it has no more, and they are kept: to be sent again. */
  kept: boolean
  /** What ingest lacks, no Gap stands for, and is not here either. */
  lacking: Range[]
}

export interface SpoolIndex {
  segments: SegmentEntry[]
  /** The spool id that is written from now on. */
  begin(spool: string): void
  /** What was remembered of earlier starts; after what is on disk was noted. */
  recall(spools: readonly RememberedSpool[]): void
  /** A segment that holds a checkpoint and no envelope yet. */
  opened(segment: string): void
  /** Notes that an envelope lies in a segment. `group`: of its spool, if that is another one's. */
  noted(segment: string, spool: string, seq: number, group?: string): SegmentEntry
  isConfirmed(spool: string, seq: number): boolean
  /** Takes what ingest has; undefined: not a spool of this agent. */
  confirm(receipt: Receipt): Taken | undefined
  /** Numbers that will never be sent; a Gap will follow. */
  giveUp(spool: string, range: Range): void
  /** Numbers that a Gap stands for, and the Gap's own. */
  declared(spool: string, numbers: readonly Range[], by: string, at: number): void
  /** Numbers that ingest had, and that were never on disk. */
  unwritten(spool: string, fact: FactsOfRange): void
  /** Numbers that cannot be read; returns those that nobody knew of and that ingest is not known to have. */
  damaged(spool: string, range: Range, facts: Facts | undefined): Range[]
  /** Of numbers, those that were damaged here rather than deleted. */
  damagedOf(spool: string, numbers: readonly Range[]): Range[]
  factsOf(spool: string, numbers: readonly Range[]): Facts | undefined
  /** The oldest segment, if it holds nothing that ingest still needs; never the newest. */
  droppable(): SegmentEntry | undefined
  /** The segment is about to be deleted: keeps what must be remembered of it. */
  forgetting(entry: SegmentEntry): void
  removeSegment(name: string): void
  /** What is unconfirmed of a segment. */
  unconfirmed(entry: SegmentEntry): Range[]
  /** The newest spool, and those of the others that were listed longest ago. */
  states(): SpoolState[]
  /** Some were in no list yet, because it would be too long, or must be asked about again. */
  hasUnlisted(): boolean
  unconfirmedCount(): number
  remembered(): RememberedSpool[]
}

export function createSpoolIndex(group = ''): SpoolIndex {
  const segments: SegmentEntry[] = []
  const spools = new Map<string, SpoolEntry>()
  let current = ''
  let lists = 0
  let isUnlisted = false

  const createEntry = (of: string, first: number, last: number): SpoolEntry => ({
    group: of,
    first,
    last,
    receipted: createRangeSet(),
    forgotten: [],
    facts: [],
    declared: [],
    damaged: [],
    unwritten: [],
    elsewhere: [],
    listed: 0,
  })

  const segmentEntry = (name: string): SegmentEntry => {
    let entry = segments.at(-1)
    // Names rise: one behind the newest is new.
    if (entry && entry.name !== name) entry = entry.name < name ? undefined : segments.find((one) => one.name === name)
    if (!entry) {
      entry = { name, spool: '', first: 0, last: 0 }
      segments.push(entry)
    }
    return entry
  }

  /** The Gap is on disk, or on its way there: it will be sent. One that was deleted was confirmed first. */
  const isPending = ({ by, at }: Declared) => {
    const entry = spools.get(by)
    return entry !== undefined && at >= entry.first && (by === current || at <= entry.last)
  }
  const declaredOf = (entry: SpoolEntry): readonly Range[] =>
    entry.declared.length === 0 ? [] : createRangeSet(entry.declared.filter(isPending)).ranges()

  /** What came before the oldest kept number was confirmed or declared gone before it was dropped. */
  const isDone = (entry: SpoolEntry, seq: number) =>
    seq < entry.first ||
    entry.receipted.has(seq) ||
    contains(entry.elsewhere, seq) ||
    (entry.declared.length > 0 && entry.declared.some((one) => one.from <= seq && seq <= one.to && isPending(one)))

  /** What was deleted and is had by ingest: should it ever lack that, it was restored from a copy. */
  const remember = (entry: SpoolEntry) => {
    const below = entry.first - 1
    if (entry.group !== group) return
    const [only] = entry.forgotten
    if (below === 0 || (only?.from === 1 && only.to >= below)) return
    const had = both(entry.receipted.ranges(), [{ from: 1, to: below }])
    entry.forgotten = [...createRangeSet([...entry.forgotten, ...had]).ranges()]
  }

  const lackingOf = (entry: SpoolEntry): Range[] => {
    const isAllThere = entry.damaged.length === 0 && entry.unwritten.length === 0
    if (isAllThere && entry.receipted.through() >= entry.first - 1) return []
    const away = entry.group === group ? both(entry.forgotten, [{ from: 1, to: entry.first - 1 }]) : []
    // Of the spool that is being written, what ingest has not reached yet may be under way, from memory.
    const reached = entry === spools.get(current) ? entry.receipted.highest() : Number.POSITIVE_INFINITY
    const damaged = entry.damaged.filter(({ to }) => to < reached)
    const unwritten = entry.group === group ? entry.unwritten : []
    const absent = createRangeSet([...away, ...damaged, ...unwritten]).ranges()
    const lacking = subtractRanges(absent, entry.receipted.ranges())
    if (lacking.length === 0) return lacking
    return subtractRanges(subtractRanges(lacking, declaredOf(entry)), entry.elsewhere)
  }

  /** In doubt, and in none of the segments that are left: all that held them may be unreadable. */
  const damagedAlone = (spool: string, entry: SpoolEntry): Range[] => {
    if (entry.damaged.length === 0) return []
    const held = segments.filter((segment) => segment.spool === spool && segment.first > 0)
    const alone = subtractRanges(
      createRangeSet(entry.damaged).ranges(),
      createRangeSet(held.map(({ first, last }) => ({ from: first, to: last }))).ranges(),
    )
    const done = [...entry.receipted.ranges(), ...declaredOf(entry), ...entry.elsewhere]
    return subtractRanges(alone, createRangeSet(done).ranges())
  }

  const addFacts = (entry: SpoolEntry, fact: FactsOfRange) => {
    entry.facts.push(fact)
    if (entry.facts.length <= factsMax) return
    const [a, b] = entry.facts as [FactsOfRange, FactsOfRange]
    entry.facts.splice(0, 2, { from: a.from, to: b.to, ...joinFacts(strip(a), strip(b))! })
  }

  /** Numbers that should be here go with the segments beside them: those stay until the numbers are declared. */
  const widenSegments = (spool: string, { from, to }: Range) => {
    const own = segments.filter((segment) => segment.spool === spool && segment.first > 0)
    const [oldest, newest] = [own[0], own.at(-1)]
    if (oldest && from < oldest.first) oldest.first = from
    if (newest && to > newest.last) newest.last = to
  }

  /** Forgets the oldest of those of which nothing is left. */
  const bound = () => {
    const gone = [...spools].filter(([spool, { first, last }]) => first > last && spool !== current)
    for (const [spool] of gone.slice(0, Math.max(0, gone.length - rememberedMax))) spools.delete(spool)
  }

  const index: SpoolIndex = {
    segments,
    begin(spool) {
      current = spool
      spools.set(spool, createEntry(group, 1, 0))
    },
    recall(remembered) {
      // In the order of their birth, those that are gone before those that are on disk.
      const found = new Map(spools)
      spools.clear()
      for (const { spool, first, last, ...one } of [...remembered].sort((a, b) => (a.spool < b.spool ? -1 : 1))) {
        const known = found.get(spool)
        const entry = known ?? createEntry(one.group, last + 1, last)
        entry.facts = one.facts
        entry.declared = [...one.declared, ...entry.declared]
        if (one.group === group) {
          entry.group = group
          entry.receipted = createRangeSet(one.confirmed)
          entry.forgotten = one.forgotten
          entry.unwritten = one.unwritten ?? []
        } else {
          entry.group = one.group
          entry.elsewhere = one.confirmed
        }
        if (last >= first) {
          const away = subtractRanges([{ from: first, to: last }], known ? [{ from: known.first, to: known.last }] : [])
          for (const range of subtractRanges(away, one.confirmed)) {
            const facts = factsOf([range], entry.facts)
            entry.damaged.push({ ...range, ...(facts ?? unknownFacts), rows: 0 })
            entry.first = Math.min(entry.first, range.from)
            widenSegments(spool, range)
          }
          entry.damaged.sort((a, b) => a.from - b.from)
        }
        entry.last = Math.max(entry.last, last)
        // The segments that are here know theirs better.
        if (known) {
          entry.facts = entry.facts.flatMap((fact) => {
            if (fact.to < entry.first) return [fact]
            // What an earlier release noted together with what stays: times that reach too far are better than none.
            return fact.from < entry.first ? [{ ...fact, to: entry.first - 1, rows: 0 }] : []
          })
        }
        remember(entry)
        spools.set(spool, entry)
      }
      for (const [spool, entry] of found) if (!spools.has(spool)) spools.set(spool, entry)
      bound()
    },
    opened(segment) {
      segmentEntry(segment)
    },
    noted(segment, spool, seq, of = group) {
      const entry = segmentEntry(segment)
      entry.spool = spool
      entry.first = entry.first === 0 ? seq : Math.min(entry.first, seq)
      entry.last = Math.max(entry.last, seq)
      let known = spools.get(spool)
      if (!known) {
        known = createEntry(of, seq, seq)
        spools.set(spool, known)
      }
      known.first = Math.min(known.first, seq)
      known.last = Math.max(known.last, seq)
      return entry
    },
    // A spool that is not known any more has been confirmed whole and is gone.
    isConfirmed(spool, seq) {
      const entry = spools.get(spool)
      return !entry || isDone(entry, seq)
    },
    confirm({ spool, through, ranges }) {
      const entry = spools.get(spool)
      if (!entry) return undefined
      const before = entry.receipted.ranges()
      entry.receipted = createRangeSet([...(through > 0 ? [{ from: 1, to: through }] : []), ...ranges])
      remember(entry)
      const less = subtractRanges(before, entry.receipted.ranges())
      return { kept: less.some(({ to }) => to >= entry.first), lacking: lackingOf(entry) }
    },
    giveUp(spool, range) {
      index.declared(spool, [range], current, Number.MAX_SAFE_INTEGER)
    },
    declared(spool, numbers, by, at) {
      const entry = spools.get(spool)
      if (!entry) return
      // The newest Gap counts: one that was about to be dropped is spooled again under a new number.
      entry.declared = entry.declared.filter((one) => isPending(one) && subtractRanges([one], numbers).length > 0)
      for (const { from, to } of numbers) entry.declared.push({ from, to, by, at })
      if (entry.declared.length > declaredMax) entry.declared.splice(0, entry.declared.length - declaredMax)
    },
    unwritten(spool, { from, to, ...facts }) {
      const entry = spools.get(spool)
      if (!entry) return
      const last = entry.unwritten.at(-1)
      // An unknown time must not reach back to 1970.
      const known = facts.toNs === 0n ? undefined : facts
      if (last?.to === from - 1) {
        const joined = joinFacts(last.toNs === 0n ? undefined : strip(last), known) ?? unknownFacts
        entry.unwritten[entry.unwritten.length - 1] = { from: last.from, to, ...joined }
      } else if (entry.unwritten.length < unwrittenMax) entry.unwritten.push({ from, to, ...(known ?? unknownFacts) })
    },
    damaged(spool, range, facts) {
      const entry = spools.get(spool)
      if (!entry) return []
      const open = subtractRanges(subtractRanges([range], entry.receipted.ranges()), declaredOf(entry))
      const unknown = subtractRanges(open, createRangeSet([...entry.damaged, ...entry.unwritten]).ranges())
      for (const one of unknown) entry.damaged.push({ ...one, ...(facts ?? unknownFacts), rows: 0 })
      entry.damaged.sort((a, b) => a.from - b.from)
      if (unknown.length > 0 && spool !== current) {
        entry.listed = 0
        isUnlisted = true
      }
      return unknown
    },
    damagedOf: (spool, numbers) => both(numbers, createRangeSet(spools.get(spool)?.damaged ?? []).ranges()),
    factsOf(spool, numbers) {
      const entry = spools.get(spool)
      if (!entry) return undefined
      const known = [...entry.damaged, ...entry.unwritten].filter(({ toNs }) => toNs !== 0n)
      const isAll = subtractRanges(numbers, createRangeSet(known).ranges()).length === 0
      return factsOf(numbers, isAll ? known : [...entry.facts, ...known])
    },
    droppable() {
      const oldest = segments[0]
      return segments.length > 1 && oldest && index.unconfirmed(oldest).length === 0 ? oldest : undefined
    },
    forgetting(segment) {
      const { spool, first, last, declares } = segment
      segment.isLeaving = true
      const facts = withGaps(segment.facts, declares)
      const entry = spools.get(spool)
      if (!entry || first === 0) return
      // While it is being deleted ingest may say that it has less: it had these.
      const had = both(entry.receipted.ranges(), [{ from: first, to: last }])
      if (entry.group === group) entry.forgotten = [...createRangeSet([...entry.forgotten, ...had]).ranges()]
      if (!facts) return
      const whole = entry.facts.filter(({ from, to }) => from < first || to > last)
      entry.facts = whole
      addFacts(entry, { from: first, to: last, ...facts })
    },
    removeSegment(name) {
      const at = segments.findIndex((entry) => entry.name === name)
      const [entry] = at < 0 ? [] : segments.splice(at, 1)
      const known = entry && spools.get(entry.spool)
      if (!entry || entry.first === 0 || !known) return
      const next = segments.find((other) => other.spool === entry.spool && other.first > 0)
      known.first = next ? next.first : (entry.spool === current ? entry.last : known.last) + 1
      known.damaged = known.damaged.filter(({ to }) => to >= known.first)
      remember(known)
      // Nothing is left of it, and there is nothing that ingest could lack: done.
      if (!next && entry.spool !== current && known.forgotten.length === 0) spools.delete(entry.spool)
      bound()
    },
    unconfirmed(entry) {
      const known = spools.get(entry.spool)
      if (entry.first === 0 || !known) return []
      const open = subtractRanges([{ from: entry.first, to: entry.last }], known.receipted.ranges())
      if (open.length === 0) return open
      return subtractRanges(subtractRanges(open, known.elsewhere), declaredOf(known))
    },
    states() {
      // Another group's ingest is nobody to ask about what went to that one.
      const older = [...spools].filter(
        ([spool, entry]) => spool !== current && (entry.group === group || entry.first <= entry.last),
      )
      const chosen = older.sort((a, b) => a[1].listed - b[1].listed).slice(0, listedMax - 1)
      lists++
      for (const [, entry] of chosen) entry.listed = lists
      isUnlisted = older.some(([, { listed }]) => listed === 0)
      chosen.sort((a, b) => (a[0] < b[0] ? -1 : 1))
      const own = spools.get(current)
      if (own) chosen.push([current, own])
      return chosen.map(([spool, { first, last, receipted }]) => ({ spool, first, last, through: receipted.through() }))
    },
    hasUnlisted: () => lists > 0 && isUnlisted,
    unconfirmedCount: () =>
      segments.reduce((sum, entry) => sum + countOf(index.unconfirmed(entry)), 0) +
      [...spools].reduce((sum, [spool, entry]) => sum + countOf(damagedAlone(spool, entry)), 0),
    remembered() {
      // Apart from those that are about to go: the next start finds the others alone, and nobody may write this again before.
      const kept = new Map<string, { from: number; facts: Facts | undefined }>()
      for (const { spool, first, facts, declares, isLeaving } of segments) {
        if (first === 0 || isLeaving) continue
        const before = kept.get(spool)
        const all = joinFacts(before?.facts, withGaps(facts, declares))
        kept.set(spool, { from: before?.from ?? first, facts: all })
      }
      return [...spools].map(([spool, entry]) => {
        const { from: keptFrom, facts } = kept.get(spool) ?? { from: entry.last + 1 }
        return {
          spool,
          // One that two ingests have parts of is nobody's to ask.
          group: entry.group !== group && entry.receipted.highest() > 0 ? '' : entry.group,
          first: entry.first,
          last: entry.last,
          confirmed: entry.group === group ? [...entry.receipted.ranges()] : joined(entry.receipted, entry.elsewhere),
          forgotten: entry.forgotten,
          ...(entry.unwritten.length > 0 ? { unwritten: entry.unwritten } : {}),
          facts: [
            ...entry.facts.filter(({ from }) => from < keptFrom),
            ...(facts ? [{ from: keptFrom, to: entry.last, ...facts }] : []),
          ],
          declared: entry.declared.filter((one) => isPending(one) && one.at !== Number.MAX_SAFE_INTEGER),
        }
      })
    },
  }
  return index
}

const countOf = (ranges: readonly Range[]): number => ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)

const strip = ({ fromNs, toNs, streams, rows }: FactsOfRange): Facts => ({ fromNs, toNs, streams, rows })

const joined = (set: RangeSet, more: readonly Range[]): Range[] => [
  ...createRangeSet([...set.ranges(), ...more]).ranges(),
]

const contains = (ranges: readonly Range[], number: number): boolean =>
  ranges.some(({ from, to }) => from <= number && number <= to)
