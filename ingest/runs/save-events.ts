import { createHash } from 'node:crypto'
import { ownRig } from '../../protos/topics.ts'
import type { RunsTables } from '../catalog/runs-tables.ts'
import { foldMarker, markerOwner, markerVersionsMax } from './fold-marker.ts'
import { eventsMax, foldRun } from './fold-run.ts'
import { resolveStops } from './resolve-stops.ts'
import { entryVersionsMax, foldEntry } from './rig-history.ts'
import type { Marker, RigEntry, Run, RunEventRecord } from './types.ts'

// Events into the catalog, and anew what is folded from them: runs, markers, entries of a rig's history.

export const readRun = (tables: RunsTables, run: string): Run | undefined =>
  foldRun(run, tables.eventsOfRun(run, eventsMax + 1))
export const readMarker = (tables: RunsTables, thing: string): Marker | undefined =>
  foldMarker(tables.eventsOfThing(thing, markerVersionsMax))
export const readEntry = (tables: RunsTables, thing: string): RigEntry | undefined =>
  foldEntry(tables.eventsOfThing(thing, entryVersionsMax))

export const markerThing = (owner: string, marker: string): string => `${owner} ${marker}`
/** Two spaces: no marker's. */
export const entryThing = (entry: string): string => `history  ${entry}`

function thingOf(record: RunEventRecord): string {
  const { event } = record
  if (event.type === 'marker') return markerThing(markerOwner(record), event.marker)
  return event.type === 'rig.described' ? entryThing(event.entry) : ''
}

export interface ChangedRun {
  run: Run
  /** It was open, or not there, and is not open now. */
  ended: boolean
}

/** All of it or nothing: one transaction. Events that are there already change nothing. Returns the runs that changed. */
export function saveEvents(tables: RunsTables, records: readonly RunEventRecord[]): ChangedRun[] {
  return tables.transaction(() => {
    const runs = new Set<string>()
    const things = new Map<string, RunEventRecord>()
    /** Since when it may be another run that an unnamed stop of the rig stops. */
    const rigs = new Map<string, bigint>()
    for (const read of records) {
      const record = addEvent(tables, read)
      if (!record) continue
      const { event, tNs } = record
      if (event.type === 'marker' || event.type === 'rig.described') {
        things.set(thingOf(record), record)
        continue
      }
      if (record.run !== '') runs.add(record.run)
      if (event.type === 'run.started') for (const rig of startedRigs(record)) tables.addStart(rig, tNs, event.run)
      for (const rig of concerned(tables, record)) rigs.set(rig, lower(rigs.get(rig), tNs))
    }
    for (const [rig, fromNs] of rigs) for (const run of resolveStops(tables, rig, fromNs)) runs.add(run)
    for (const [thing, record] of things) saveThing(tables, thing, record)
    return [...runs].flatMap((run) => saveRun(tables, run) ?? [])
  })
}

/** As it was added; undefined if it is there already. */
function addEvent(tables: RunsTables, record: RunEventRecord): RunEventRecord | undefined {
  const thing = thingOf(record)
  if (tables.addEvent(record, thing)) return record
  const about = aboutOf(record)
  const there = tables.eventOf(record.rig, record.id)
  if (!there || aboutOf(there) === about) return undefined
  // Ids that a rig draws badly must not cost what it says of another run or marker.
  const other = { ...record, id: createHash('sha256').update(`${record.id}\n${about}`).digest('hex') }
  return tables.addEvent(other, thing) ? other : undefined
}

/** What stays the same when an event is entered again under its id; its time may not. */
const aboutOf = (record: RunEventRecord): string => {
  const { event } = record
  return JSON.stringify([event.type, 'run' in event ? event.run : '', thingOf(record)])
}

const lower = (a: bigint | undefined, b: bigint): bigint => (a !== undefined && a < b ? a : b)

const startedRigs = ({ rig, event }: RunEventRecord): string[] =>
  event.type === 'run.started' && rig === ownRig ? event.rigs : [rig]

/** The rigs whose part in a run begins or ends by this event. */
function concerned(tables: RunsTables, record: RunEventRecord): string[] {
  const { rig, event } = record
  if (event.type === 'run.started') return startedRigs(record)
  if (event.type !== 'run.stopped') return []
  if (rig !== ownRig) return [rig]
  return readRun(tables, event.run)?.joined.map((joined) => joined.rig) ?? []
}

function saveRun(tables: RunsTables, name: string): ChangedRun | undefined {
  const run = readRun(tables, name)
  if (!run) return undefined
  const wasOpen = tables.runRow(name)?.toNs === undefined
  const { version, fromNs, toNs, withdrawn, facts } = run
  tables.saveRun({
    run: name,
    version,
    fromNs,
    toNs,
    withdrawn,
    unfrozen: run.joined.length - run.frozen.length,
    tags: facts.tags ?? [],
    parts: run.parts.map((part) => ({ rig: part.rig, fromNs: part.fromNs, toNs: part.toNs })),
  })
  return { run, ended: wasOpen && toNs !== undefined }
}

function saveThing(tables: RunsTables, thing: string, { event }: RunEventRecord): void {
  if (event.type === 'marker') {
    const marker = readMarker(tables, thing)
    if (marker)
      tables.saveMarker({ thing, marker: marker.marker, run: marker.run, fromNs: marker.fromNs, rigs: marker.rigs })
  } else {
    const entry = readEntry(tables, thing)
    if (entry) tables.saveEntry({ thing, rig: entry.rig, fromNs: entry.validFromNs })
  }
}
