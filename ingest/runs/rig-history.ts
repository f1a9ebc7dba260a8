import type { RigFacts } from '../../protos/run-events.ts'
import { byOf, inOrderReceived, type RigEntry, type RunEventRecord } from './types.ts'

// What is true of a rig and since when: site, cabin, firmware, calibration. A rig that moves keeps its name and its data.

export const entryVersionsMax = 100

/** An entry from its events, each a version that says all of it. Undefined if there are none. */
export function foldEntry(records: readonly RunEventRecord[]): RigEntry | undefined {
  let entry: RigEntry | undefined
  for (const record of inOrderReceived(records).slice(0, entryVersionsMax)) {
    const { event } = record
    // An entry stays with its rig.
    if (event.type !== 'rig.described' || (entry !== undefined && entry.rig !== event.rig)) continue
    const { validFromNs, facts, withdrawn = false, rig } = event
    const before: RigEntry | undefined = entry
    const version = (before?.version ?? 0) + 1
    const said = { validFromNs, facts, withdrawn }
    const versions = [...(before?.versions ?? []), { ...byOf(record), version, ...said }]
    entry = { entry: event.entry, rig, ...said, version, versions }
  }
  return entry
}

const compareEntries = (a: RigEntry, b: RigEntry): number =>
  a.validFromNs === b.validFromNs ? (a.entry < b.entry ? -1 : 1) : a.validFromNs < b.validFromNs ? -1 : 1

/** What was true of the rig at that time: entry upon entry, each for the facts that it names. Notes are of their entry alone. */
export function factsAt(entries: readonly RigEntry[], tNs: bigint): RigFacts {
  const facts: Record<string, unknown> = {}
  for (const entry of [...entries].sort(compareEntries)) {
    if (entry.withdrawn || entry.validFromNs > tNs) continue
    for (const [key, fact] of Object.entries(entry.facts)) {
      if (key === 'note') continue
      if (fact.length === 0) delete facts[key]
      else facts[key] = fact
    }
  }
  return facts
}
