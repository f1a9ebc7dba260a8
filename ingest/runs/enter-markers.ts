import { ulid } from '../../common/ulid.ts'
import type { RunEvent } from '../../protos/run-events.ts'
import { ownRig } from '../../protos/topics.ts'
import { checkVersion, type Desk, given, isoTime, meant, RefusedError, type Signed } from './enter.ts'
import { markerVersionsMax } from './fold-marker.ts'
import { markerThing, readMarker } from './save-events.ts'
import type { Marker, Run } from './types.ts'

// Markers that are entered at the ingest, and corrections of any marker.

const ownersMax = 20

export interface MarkAsked {
  /** Absent: one is drawn. */
  marker?: string | undefined
  label: string
  /** Absent or empty: all of the run. */
  rigs?: string[] | undefined
  /** Absent: now. */
  fromNs?: bigint | undefined
  toNs?: bigint | undefined
}

/** Asked again with the same name and content it answers the same and changes nothing. */
export async function addMarker(desk: Desk, run: Run, asked: MarkAsked, signed: Signed): Promise<Marker> {
  const { label, toNs } = asked
  const rigs = asked.rigs ?? []
  checkRigs(run, rigs)
  desk.checkTime('from', asked.fromNs)
  const fromNs = asked.fromNs ?? desk.nowNs()
  checkSpan(fromNs, toNs)
  const marker = asked.marker ?? ulid()
  const before = readMarker(desk.tables, markerThing(ownRig, marker))
  if (before) {
    const isSame =
      before.run === run.run &&
      before.label === label &&
      [...before.rigs].sort().join(' ') === [...rigs].sort().join(' ') &&
      (asked.fromNs === undefined || asked.fromNs === before.fromNs) &&
      toNs === before.toNs
    if (isSame) return before
    throw new RefusedError(
      409,
      `there is another marker ${JSON.stringify(marker)}; choose another name, or correct that one`,
    )
  }
  await desk.add({ type: 'marker', marker, run: run.run, rigs, label, fromNs, ...given({ toNs }) }, signed)
  return read(desk, markerThing(ownRig, marker))
}

export interface MarkerChange {
  expectVersion?: number | undefined
  /** Whose marker it is: a rig, or ingest. Needed where several have one of this name. */
  of?: string | undefined
  label?: string | undefined
  fromNs?: bigint | undefined
  /** null: a point in time. */
  toNs?: bigint | null | undefined
  withdrawn?: boolean | undefined
}

export async function correctMarker(desk: Desk, name: string, change: MarkerChange, signed: Signed): Promise<Marker> {
  const thing = find(desk, name, change.of)
  const marker = read(desk, thing)
  const { label, fromNs, toNs, withdrawn } = change
  checkVersion(`the marker ${JSON.stringify(name)}`, marker.version, change.expectVersion)
  if (label === undefined && fromNs === undefined && toNs === undefined && withdrawn === undefined) {
    throw new RefusedError(400, 'nothing to correct: give label, from, to or withdrawn')
  }
  if (marker.version >= markerVersionsMax) {
    throw new RefusedError(409, `the marker has ${markerVersionsMax} versions, as many as it may`)
  }
  desk.checkTime('from', fromNs)
  const end = toNs === null ? undefined : (toNs ?? marker.toNs)
  const event: RunEvent & { type: 'marker' } = {
    type: 'marker',
    marker: name,
    run: marker.run,
    rigs: marker.rigs,
    label: label ?? marker.label,
    fromNs: fromNs ?? marker.fromNs,
    withdrawn: withdrawn ?? marker.withdrawn,
    ...given({ toNs: end, of: marker.of === ownRig ? undefined : marker.of }),
  }
  checkSpan(event.fromNs, event.toNs)
  await desk.add(event, signed)
  return read(desk, thing)
}

function find({ tables }: Desk, name: string, of: string | undefined): string {
  const things = tables.markersByName(name, ownersMax)
  const owners = things.map((thing) => thing.slice(0, thing.indexOf(' ')))
  const quoted = JSON.stringify(name)
  if (of !== undefined) {
    const thing = things.find((_, i) => owners[i] === of)
    if (thing) return thing
    const who = owners.length > 0 ? `; ${owners.join(', ')} has one` : ''
    throw new RefusedError(404, `${of} has no marker ${quoted}${who}${owners.length > 0 ? '' : meant(of, owners)}`)
  }
  const [thing, second] = things
  if (!thing) throw new RefusedError(404, `there is no marker ${quoted}; GET /v1/markers lists a rig's`)
  if (second) throw new RefusedError(409, `${owners.join(', ')} each have a marker ${quoted}; say whose with "of"`)
  return thing
}

function read({ tables }: Desk, thing: string): Marker {
  const marker = readMarker(tables, thing)
  if (!marker) throw new Error(`the marker ${thing} is not in the catalog`)
  return marker
}

function checkRigs({ run, joined }: Run, rigs: readonly string[]): void {
  const names = joined.map(({ rig }) => rig)
  for (const rig of rigs) {
    if (names.includes(rig)) continue
    throw new RefusedError(
      404,
      `${JSON.stringify(rig)} takes no part in the run ${JSON.stringify(run)}${meant(rig, names)}`,
    )
  }
}

function checkSpan(fromNs: bigint, toNs: bigint | undefined): void {
  if (toNs === undefined || toNs >= fromNs) return
  throw new RefusedError(400, `to: ${isoTime(toNs)} is before ${isoTime(fromNs)}`)
}
