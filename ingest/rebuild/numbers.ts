import { createRangeSet, type RangeSet } from '../../common/range-set.ts'
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
}

/** `initial`: what Gaps declare gone. */
export function createNumbers(initial: Iterable<SpoolRanges>): Numbers {
  const entries = new Map<string, Entry>()
  for (const { rig, spool, predecessor, ranges, gone } of initial) {
    const entry = { rig, spool, predecessor, had: createRangeSet(ranges), gone: createRangeSet(gone) }
    entries.set(`${rig} ${spool}`, entry)
  }
  const entryOf = (rig: string, spool: string): Entry => {
    const key = `${rig} ${spool}`
    const entry = entries.get(key) ?? { rig, spool, predecessor: '', had: createRangeSet(), gone: createRangeSet() }
    entries.set(key, entry)
    return entry
  }
  return {
    add: (rig, spool, from, to) => void entryOf(rig, spool).had.add(from, to),
    predecessor(rig, spool, predecessor) {
      entryOf(rig, spool).predecessor = predecessor
    },
    spools: () =>
      [...entries.values()].map(({ rig, spool, predecessor, had, gone }) => ({
        rig,
        spool,
        predecessor,
        ranges: [...had.ranges()],
        gone: [...gone.ranges()],
      })),
  }
}
