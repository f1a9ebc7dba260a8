import { ownRig } from '../../protos/topics.ts'
import { byOf, clockOf, inOrderReceived, type Marker, type RunEventRecord } from './types.ts'

/** Versions of one marker that count: the first ones received. */
export const markerVersionsMax = 100

/** Whose marker an event is of, and its name: together they are its key. */
export function markerOwner({ rig: sender, event }: Pick<RunEventRecord, 'rig' | 'event'>): string {
  return event.type === 'marker' && sender === ownRig ? (event.of ?? ownRig) : sender
}

/** A marker from its events, each a version that says all of it. Undefined if there are none. */
export function foldMarker(records: readonly RunEventRecord[]): Marker | undefined {
  let marker: Marker | undefined
  for (const record of inOrderReceived(records).slice(0, markerVersionsMax)) {
    const { event, rig: sender } = record
    if (event.type !== 'marker') continue
    const { label, fromNs, toNs, withdrawn = false, run } = event
    const before: Marker | undefined = marker
    const version = (before?.version ?? 0) + 1
    const clock = clockOf(sender)
    // A version says all of it: a time that it does not change stays by the clock of whoever entered that.
    const fromClock = before?.fromNs === fromNs ? before.fromClock : clock
    const toClock = (before?.toNs === toNs ? before?.toClock : undefined) ?? clock
    const span = { fromNs, fromClock, ...(toNs === undefined ? {} : { toNs, toClock }) }
    const others = sender === ownRig ? [] : event.rigs.filter((rig) => rig !== sender)
    const problem = `${sender} named ${others.join(', ')}: a rig speaks for itself alone`
    marker = {
      marker: event.marker,
      of: markerOwner(record),
      run,
      rigs: sender === ownRig ? event.rigs : [sender],
      label,
      ...span,
      withdrawn,
      version,
      versions: [...(before?.versions ?? []), { ...byOf(record), version, label, ...span, withdrawn }],
      problems: others.length > 0 ? [problem] : (before?.problems ?? []),
    }
  }
  return marker
}
