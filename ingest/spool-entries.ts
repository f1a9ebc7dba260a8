import { createRangeSet, type RangeSet } from '../common/range-set.ts'
import type { SpoolRanges } from './catalog/types.ts'

// The spools of all rigs. A rig draws a new one at each start of its agent, and none is ever forgotten: an agent that is restarted
// every few seconds for days has a hundred thousand. Nearly all of them are whole - every number from 1 on came, none was declared
// gone - and will not change again. Those are kept small (some 90 bytes and the names; the others take a kB).

export interface SpoolEntry {
  rig: string
  spool: string
  predecessor: string
  /** What came and what is gone: what need not come any more. */
  had: RangeSet
  gone: RangeSet
  /** Of what is gone, what never came, and of that what ingest itself declared. */
  mayCome: RangeSet
  unreceipted: RangeSet
  pending: Set<number>
  /** The pending ones that will each begin a range. */
  starting: Set<number>
}

/** All numbers from 1 to here came. */
interface Whole {
  through: number
  predecessor: string
}

export interface SpoolEntries {
  /** To be read alone: that of a whole spool is made for the asking. */
  look(rig: string, spool: string): SpoolEntry | undefined
  /** To be changed; makes one where there is none. */
  open(rig: string, spool: string): SpoolEntry
  /** `opened`: of these, those that are not kept small. */
  count(rig: string): { all: number; opened: number }
  all(rig?: string): Iterable<SpoolEntry>
  /** Those that are not kept small, of one rig or of all: all that are not whole are among them. */
  opened(rig?: string): Iterable<SpoolEntry>
  /** Keeps it small from now on, if it is whole. Whoever holds the entry must not change it any more. */
  fold(entry: SpoolEntry): void
}

export function createSpoolEntries(initial: readonly SpoolRanges[]): SpoolEntries {
  const rigs = new Map<string, Map<string, SpoolEntry | Whole>>()
  const openedOf = new Map<string, Set<SpoolEntry>>()

  const spoolsOf = (rig: string) => {
    let spools = rigs.get(rig)
    if (!spools) {
      spools = new Map()
      rigs.set(rig, spools)
    }
    return spools
  }

  const keepOpen = (entry: SpoolEntry) => {
    spoolsOf(entry.rig).set(entry.spool, entry)
    const opened = openedOf.get(entry.rig) ?? new Set()
    openedOf.set(entry.rig, opened.add(entry))
    return entry
  }

  for (const known of initial) {
    const { rig, spool, predecessor, ranges } = known
    if (isWhole(known)) spoolsOf(rig).set(spool, { through: ranges[0]!.to, predecessor })
    else keepOpen(entryOf(known))
  }

  return {
    look(rig, spool) {
      const found = rigs.get(rig)?.get(spool)
      return found && ('had' in found ? found : unfold(rig, spool, found))
    },
    open(rig, spool) {
      const found = rigs.get(rig)?.get(spool)
      if (found && 'had' in found) return found
      return keepOpen(
        found ? unfold(rig, spool, found) : entryOf({ rig, spool, predecessor: '', ranges: [], gone: [] }),
      )
    },
    count: (rig) => ({ all: rigs.get(rig)?.size ?? 0, opened: openedOf.get(rig)?.size ?? 0 }),
    *all(only) {
      for (const [rig, spools] of only === undefined ? rigs : [[only, rigs.get(only) ?? new Map()] as const]) {
        for (const [spool, found] of spools) yield 'had' in found ? found : unfold(rig, spool, found)
      }
    },
    *opened(only) {
      for (const opened of only === undefined ? openedOf.values() : [openedOf.get(only) ?? []]) yield* opened
    },
    fold(entry) {
      const { rig, spool, predecessor, had, pending } = entry
      if (pending.size > 0 || !isWhole(describe(entry)) || !openedOf.get(rig)?.delete(entry)) return
      spoolsOf(rig).set(spool, { through: had.through(), predecessor })
    },
  }
}

/** As the catalog keeps it. */
export const describe = ({ rig, spool, predecessor, had, gone, mayCome, unreceipted }: SpoolEntry): SpoolRanges => ({
  rig,
  spool,
  predecessor,
  ranges: copy(had),
  gone: copy(gone),
  mayCome: copy(mayCome),
  unreceipted: copy(unreceipted),
})

const copy = (set: RangeSet) => set.ranges().map((range) => ({ ...range }))

const isWhole = ({ ranges, gone, mayCome = [], unreceipted = [] }: SpoolRanges): boolean =>
  ranges.length === 1 && ranges[0]!.from === 1 && gone.length + mayCome.length + unreceipted.length === 0

const unfold = (rig: string, spool: string, { through, predecessor }: Whole): SpoolEntry =>
  entryOf({ rig, spool, predecessor, ranges: [{ from: 1, to: through }], gone: [] })

function entryOf({ rig, spool, predecessor, ranges, gone, mayCome, unreceipted }: SpoolRanges): SpoolEntry {
  return {
    rig,
    spool,
    predecessor,
    had: createRangeSet(ranges),
    gone: createRangeSet(gone),
    mayCome: createRangeSet(mayCome),
    unreceipted: createRangeSet(unreceipted),
    pending: new Set(),
    starting: new Set(),
  }
}
