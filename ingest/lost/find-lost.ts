import { createRangeSet, type RangeSet, subtractRanges } from '../../common/range-set.ts'
import { readHeader } from '../../protos/envelope.ts'
import type { SpoolNumbers } from '../catalog/numbers-tables.ts'
import type { Catalog } from '../catalog/types.ts'
import { decodeJournalRecord } from '../journal-record.ts'
import type { Quarantine } from '../quarantine.ts'
import type { Sequence } from '../sequence.ts'

// A number is lost if the lake is past the segment of the journal that held it and has it nowhere: not in its ledger, not parked, not in
// quarantine, and no Gap has declared it gone. What the journal's bytes look like does not matter: whatever became of them, by the
// lake's own book it has not got the number.

export interface FindParts {
  catalog: Pick<Catalog, 'journalNumbers' | 'parked'>
  quarantine: Pick<Quarantine, 'list' | 'pushedOut'>
  sequence: Pick<Sequence, 'undeclared'>
  /** What the lake's ledger has of that segment. */
  ledger(segment: string): Promise<SpoolNumbers[]>
}

/** Rejects if that can't be told now. */
export async function findLost(parts: FindParts, segment: string): Promise<SpoolNumbers[]> {
  const { catalog, quarantine, sequence } = parts
  const leave = (numbers: SpoolNumbers[], found: readonly SpoolNumbers[]) => without(numbers, found)
  const missing = leave(catalog.journalNumbers(segment), await parts.ledger(segment))
  if (missing.length === 0) return []
  // An envelope that is parked may go to quarantine or into the ledger, one in quarantine into the ledger or out: looked at in this
  // order, none slips through between two looks.
  let left = leave(missing, parkedFor(catalog))
  left = leave(left, quarantined(quarantine))
  if (left.length > 0) left = leave(left, await parts.ledger(segment))
  return left
    .map((each) => ({ ...each, ranges: sequence.undeclared(each.rig, each.spool, each.ranges) }))
    .filter(({ ranges }) => ranges.length > 0)
}

function without(numbers: readonly SpoolNumbers[], found: readonly SpoolNumbers[]): SpoolNumbers[] {
  const sets = new Map<string, RangeSet>()
  for (const { rig, spool, ranges } of found) {
    const key = `${rig} ${spool}`
    const set = sets.get(key) ?? createRangeSet()
    sets.set(key, set)
    for (const { from, to } of ranges) set.add(from, to)
  }
  return numbers.flatMap((each) => {
    const ranges = subtractRanges(each.ranges, sets.get(`${each.rig} ${each.spool}`)?.ranges() ?? [])
    return ranges.length === 0 ? [] : [{ ...each, ranges }]
  })
}

const one = (rig: string, spool: string, seq: number): SpoolNumbers => ({
  rig,
  spool,
  ranges: [{ from: seq, to: seq }],
})

const parkedFor = (catalog: Pick<Catalog, 'parked'>): SpoolNumbers[] =>
  catalog.parked('lake').map(({ record }) => {
    const { rig, spool, seq } = readHeader(decodeJournalRecord(record).envelope)
    return one(rig, spool, seq)
  })

/** Those that were pushed out of it become a Gap of their own. */
const quarantined = (quarantine: FindParts['quarantine']): SpoolNumbers[] =>
  [...quarantine.list(), ...quarantine.pushedOut()].flatMap(({ by, rig, spool, seq }) =>
    by === 'lake' && rig !== undefined && spool !== undefined && seq !== undefined ? [one(rig, spool, seq)] : [],
  )
