import type { Changes, Entered, RigFacts, RunEvent, RunFacts } from '../../protos/run-events.ts'
import { ownRig } from '../../protos/topics.ts'

// What is known of runs, markers and rigs, as folded from the events that people entered.

/** An event as the catalog keeps it. */
export interface RunEventRecord extends Entered {
  /** Who sent it: a rig, or `ingest` for what was entered here. */
  rig: string
  spool: string
  seq: number
  receivedNs: bigint
  event: RunEvent
  /** The run it counts for; of a stop that names none, the one that it was found to stop. Empty: none. */
  run: string
}

/** Who entered it, and when. */
export interface By {
  author: string
  /** The rig at which it was entered, or `ingest`. */
  at: string
  tNs: bigint
  receivedNs: bigint
  text: string
}

/** By whose clock a time is: the rig's own, as its rows are, or ingest's. */
export type ClockName = 'rig' | 'ingest'

/** A rig takes part from fromNs (included) to toNs (not included; absent: still), ns since 1970 UTC, each by the clock of whoever entered it. */
export interface RunPart {
  rig: string
  fromNs: bigint
  fromClock: ClockName
  toNs?: bigint
  /** Of an open end, ingest's: it is now. */
  toClock: ClockName
  started: By
  stopped?: By
}

/** What one version changed. The first is the start itself. */
export interface RunVersion extends By {
  version: number
  facts: Changes<RunFacts>
  fromNs?: bigint
  toNs?: bigint
  withdrawn?: boolean
}

export interface Frozen {
  rig: string
  facts: RigFacts & { agentVersion?: string }
  tNs: bigint
}

export interface Run {
  run: string
  version: number
  withdrawn: boolean
  facts: RunFacts
  fromNs: bigint
  /** Absent: open. */
  toNs?: bigint
  /** In order of time. */
  parts: RunPart[]
  /** Every rig that was ever started, and when that was first. */
  joined: { rig: string; fromNs: bigint }[]
  frozen: Frozen[]
  versions: RunVersion[]
  /** What was entered and could not be taken as it stands. */
  problems: string[]
}

export interface MarkerVersion extends By {
  version: number
  label: string
  fromNs: bigint
  toNs?: bigint
  fromClock: ClockName
  /** Absent: a point in time. */
  toClock?: ClockName
  withdrawn: boolean
}

export interface Marker {
  marker: string
  /** The rig whose it is, or `ingest`. */
  of: string
  /** As it names it; empty: whichever is there then. */
  run: string
  /** Empty: all of the run. */
  rigs: string[]
  label: string
  fromNs: bigint
  /** Absent: a point in time. */
  toNs?: bigint
  fromClock: ClockName
  /** Absent: a point in time. */
  toClock?: ClockName
  withdrawn: boolean
  version: number
  versions: MarkerVersion[]
  problems: string[]
}

export interface EntryVersion extends By {
  version: number
  validFromNs: bigint
  facts: RigFacts
  withdrawn: boolean
}

/** An entry of a rig's history: its newest version, and all of them. */
export interface RigEntry {
  entry: string
  rig: string
  validFromNs: bigint
  facts: RigFacts
  withdrawn: boolean
  version: number
  versions: EntryVersion[]
}

export const clockOf = (sender: string): ClockName => (sender === ownRig ? 'ingest' : 'rig')

export const byOf = ({ author, rig, tNs, receivedNs, text }: RunEventRecord): By => ({
  author,
  at: rig,
  tNs,
  receivedNs,
  text,
})

const compare = (a: string | bigint | number, b: string | bigint | number): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * The order of versions: as ingest received them. Its clock may be set back in between: what was entered at ingest counts, by ingest's
 * own numbers, as received no earlier than what was entered before it.
 */
export function inOrderReceived(records: readonly RunEventRecord[]): RunEventRecord[] {
  let newestNs = -(2n ** 63n)
  const counted = [...records].sort(byNumber).map((record) => {
    if (record.rig !== ownRig) return { record, receivedNs: record.receivedNs }
    if (record.receivedNs > newestNs) newestNs = record.receivedNs
    return { record, receivedNs: newestNs }
  })
  return counted
    .sort((a, b) => compare(a.receivedNs, b.receivedNs) || byNumber(a.record, b.record))
    .map(({ record }) => record)
}

const byNumber = (a: RunEventRecord, b: RunEventRecord): number =>
  compare(a.rig, b.rig) || compare(a.spool, b.spool) || compare(a.seq, b.seq)

const byReceived = (a: RunEventRecord, b: RunEventRecord): number =>
  compare(a.receivedNs, b.receivedNs) || compare(a.rig, b.rig) || compare(a.spool, b.spool) || compare(a.seq, b.seq)

/** The order in which they happened, by the clocks of those who entered them. */
export const byTime = (a: RunEventRecord, b: RunEventRecord): number => compare(a.tNs, b.tNs) || byReceived(a, b)

/** Whether `b` was entered after `a`: a rig's own numbers tell, whatever its clock says. */
export const isEnteredAfter = (a: RunEventRecord, b: RunEventRecord): boolean =>
  a.rig === b.rig ? (compare(a.spool, b.spool) || compare(a.seq, b.seq)) < 0 : a.receivedNs < b.receivedNs
