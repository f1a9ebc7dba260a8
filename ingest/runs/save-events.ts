import { ownRig } from '../../protos/topics.ts'
import type { RunsTables } from '../catalog/runs-tables.ts'
import { foldMarker, markerOwner, markerVersionsMax } from './fold-marker.ts'
import { foldParts } from './fold-parts.ts'
import { eventsMax, foldRun } from './fold-run.ts'
import { entryVersionsMax, foldEntry } from './rig-history.ts'
import { byTime, type Marker, type RigEntry, type Run, type RunEventRecord } from './types.ts'

// Events into the catalog, and anew what is folded from them: runs, markers, entries of a rig's history.

/** A run left open under so many later ones is not what a stop without a name means. */
const candidatesMax = 50
/** A start that comes so late (of a rig that booted in 1970) is no matter to stops beyond these. */
const stopsMax = 1000

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
    for (const record of records) {
      if (!tables.addEvent(record, thingOf(record))) continue
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

/**
 * Finds anew, in the order in which they happened, which run each stop without a name stops: the newest that was open on
 * the rig at that time. Returns the runs for which that changed.
 */
function resolveStops(tables: RunsTables, rig: string, fromNs: bigint): Set<string> {
  const changed = new Set<string>()
  const stops = tables.unnamedStops(rig, fromNs, stopsMax)
  for (const stop of stops) if (stop.run !== '') tables.countFor(stop, '')
  for (const stop of stops) {
    const run = openRun(tables, rig, stop)
    if (run !== '') tables.countFor(stop, run)
    if (run === stop.run) continue
    for (const name of [run, stop.run]) if (name !== '') changed.add(name)
  }
  return changed
}

function openRun(tables: RunsTables, rig: string, stop: RunEventRecord): string {
  for (const run of new Set(tables.startedBefore(rig, stop.tNs, candidatesMax))) {
    const before = tables.eventsOfRun(run, eventsMax).filter((record) => byTime(record, stop) < 0)
    const last = foldParts(before, rig).at(-1)
    if (last && last.toNs === undefined) return run
  }
  return ''
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
