import { ulid } from '../../common/ulid.ts'
import type { Changes, RigFacts } from '../../protos/run-events.ts'
import { checkVersion, type Desk, hasFacts, meant, RefusedError, type Signed } from './enter.ts'
import { entryVersionsMax } from './rig-history.ts'
import { entryThing, readEntry } from './save-events.ts'
import type { RigEntry } from './types.ts'

// Entries of a rig's history, and corrections of them.

export const entriesMax = 1000

export const readHistory = ({ tables }: Pick<Desk, 'tables'>, rig: string): RigEntry[] =>
  tables.entriesOf(rig, entriesMax).flatMap((thing) => readEntry(tables, thing) ?? [])

export interface EntryAsked {
  /** Absent: now. */
  validFromNs?: bigint | undefined
  facts: RigFacts
}

export async function describeRig(desk: Desk, rig: string, asked: EntryAsked, signed: Signed): Promise<RigEntry> {
  const { validFromNs = desk.nowNs(), facts } = asked
  desk.checkRig(rig)
  if (!hasFacts(facts)) throw new RefusedError(400, 'nothing to say of the rig: give facts')
  if (desk.tables.entriesOf(rig, entriesMax).length >= entriesMax) {
    throw new RefusedError(
      409,
      `the history of ${rig} has ${entriesMax} entries, as many as it may; correct one of them`,
    )
  }
  const entry = ulid()
  await desk.add({ type: 'rig.described', entry, rig, validFromNs, facts }, signed)
  return read(desk, rig, entry)
}

export interface EntryChange {
  expectVersion?: number | undefined
  validFromNs?: bigint | undefined
  /** null takes what the entry says of a fact back. */
  facts?: Changes<RigFacts> | undefined
  withdrawn?: boolean | undefined
}

export async function correctEntry(
  desk: Desk,
  rig: string,
  name: string,
  change: EntryChange,
  signed: Signed,
): Promise<RigEntry> {
  desk.checkRig(rig)
  const entry = read(desk, rig, name)
  checkVersion(`the entry ${name}`, entry.version, change.expectVersion)
  const { validFromNs, facts: changed = {}, withdrawn } = change
  if (validFromNs === undefined && withdrawn === undefined && !hasFacts(changed)) {
    throw new RefusedError(400, 'nothing to correct: give facts, validFrom or withdrawn')
  }
  if (entry.version >= entryVersionsMax) {
    throw new RefusedError(409, `the entry has ${entryVersionsMax} versions, as many as it may; make another entry`)
  }
  const facts = Object.fromEntries(Object.entries({ ...entry.facts, ...changed }).filter(([, fact]) => fact !== null))
  await desk.add(
    {
      type: 'rig.described',
      entry: name,
      rig,
      validFromNs: validFromNs ?? entry.validFromNs,
      facts,
      withdrawn: withdrawn ?? entry.withdrawn,
    },
    signed,
  )
  return read(desk, rig, name)
}

function read(desk: Desk, rig: string, name: string): RigEntry {
  const entry = readEntry(desk.tables, entryThing(name))
  if (entry?.rig === rig) return entry
  const names = readHistory(desk, rig).map((each) => each.entry)
  throw new RefusedError(404, `the history of ${rig} has no entry ${JSON.stringify(name)}${meant(name, names)}`)
}
