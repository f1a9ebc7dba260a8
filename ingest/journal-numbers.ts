import { createRangeSet, type RangeSet } from '../common/range-set.ts'
import type { NumbersTables, SpoolNumbers } from './catalog/numbers-tables.ts'

// Which numbers lie in which segment of the journal. Kept in the catalog from the next checkpoint on, so that what a damaged, cut or
// missing segment held is known without it. What came behind the last checkpoint is in nobody's book: its agent hears at the next
// start that it is not here.

export interface JournalNumbers {
  add(segment: string, rig: string, spool: string, from: number, to?: number): void
  /** Throws if the catalog can't be written: it is all saved by the next one then. */
  save(): void
}

interface Segment {
  spools: Map<string, { rig: string; spool: string; numbers: RangeSet; changed: boolean }>
  /** What an earlier start has saved of it is in here. */
  whole: boolean
}

export function createJournalNumbers(
  catalog: Pick<NumbersTables, 'saveJournalNumbers' | 'journalNumbers'>,
): JournalNumbers {
  // The newest, and those that are not saved yet.
  const segments = new Map<string, Segment>()

  const spoolIn = ({ spools }: Segment, rig: string, spool: string) => {
    const key = `${rig} ${spool}`
    let known = spools.get(key)
    if (!known) {
      known = { rig, spool, numbers: createRangeSet(), changed: false }
      spools.set(key, known)
    }
    return known
  }

  const complete = (name: string, segment: Segment) => {
    if (segment.whole) return
    for (const { rig, spool, ranges } of catalog.journalNumbers(name)) {
      const { numbers } = spoolIn(segment, rig, spool)
      for (const { from, to } of ranges) numbers.add(from, to)
    }
    segment.whole = true
  }

  return {
    add(name, rig, spool, from, to = from) {
      let segment = segments.get(name)
      if (!segment) {
        segment = { spools: new Map(), whole: false }
        segments.set(name, segment)
      }
      const known = spoolIn(segment, rig, spool)
      known.numbers.add(from, to)
      known.changed = true
    },
    save() {
      const changed = new Map<string, SpoolNumbers[]>()
      for (const [name, segment] of segments) {
        complete(name, segment)
        const some = [...segment.spools.values()].filter((spool) => spool.changed)
        const numbers = some.map(({ rig, spool, numbers }) => ({ rig, spool, ranges: [...numbers.ranges()] }))
        if (numbers.length > 0) changed.set(name, numbers)
      }
      if (changed.size > 0) catalog.saveJournalNumbers(changed)
      const newest = [...segments.keys()].sort().at(-1)
      for (const [name, { spools }] of segments) {
        if (name !== newest) segments.delete(name)
        else for (const spool of spools.values()) spool.changed = false
      }
    },
  }
}
