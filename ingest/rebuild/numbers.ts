import { createRangeSet, type RangeSet, subtractRanges } from '../../common/range-set.ts'
import type { Range } from '../../protos/types.ts'
import type { SpoolRanges } from '../catalog/types.ts'

// The numbers that the lake's books have, gathered as ranges: one set a spool, however many envelopes.

export interface Numbers {
  add(rig: string, spool: string, from: number, to: number): void
  predecessor(rig: string, spool: string, predecessor: string): void
  spools(): SpoolRanges[]
}

interface Entry {
  rig: string
  spool: string
  predecessor: string
  had: RangeSet
  gone: RangeSet
  /** What the lake has. */
  stored: RangeSet
  mayCome: Range[]
  unreceipted: Range[]
}

/** `initial`: what Gaps declare gone. */
export function createNumbers(initial: Iterable<SpoolRanges>): Numbers {
  const entries = new Map<string, Entry>()
  const create = ({ rig, spool, predecessor, ranges, gone, mayCome = [], unreceipted = [] }: SpoolRanges): Entry => {
    const [had, declared, stored] = [createRangeSet(ranges), createRangeSet(gone), createRangeSet()]
    return { rig, spool, predecessor, had, gone: declared, stored, mayCome, unreceipted }
  }
  for (const each of initial) entries.set(`${each.rig} ${each.spool}`, create(each))
  const entryOf = (rig: string, spool: string): Entry => {
    const key = `${rig} ${spool}`
    const entry = entries.get(key) ?? create({ rig, spool, predecessor: '', ranges: [], gone: [] })
    entries.set(key, entry)
    return entry
  }
  return {
    add(rig, spool, from, to) {
      const entry = entryOf(rig, spool)
      entry.had.add(from, to)
      entry.stored.add(from, to)
    },
    predecessor(rig, spool, predecessor) {
      entryOf(rig, spool).predecessor = predecessor
    },
    spools: () =>
      [...entries.values()].map(({ rig, spool, predecessor, had, gone, stored, mayCome, unreceipted }) => ({
        rig,
        spool,
        predecessor,
        ranges: [...had.ranges()],
        gone: [...gone.ranges()],
        mayCome: subtractRanges(mayCome, stored.ranges()),
        unreceipted: subtractRanges(unreceipted, stored.ranges()),
      })),
  }
}
