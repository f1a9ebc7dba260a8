import type { MissingNumbers } from './history/types.ts'
import type { LiveStream } from './live/live-stream.ts'
import type { RigFacts } from './rig-facts.ts'

// What ingest knows of itself at this moment: for the API, the page, the metrics and the demo.

export interface RigState extends RigFacts {
  rig: string
  group: string
  /** It is in the list of those who may connect. */
  named: boolean
  /** What the broker says: an agent is connected. */
  online: boolean
  agentVersion: string
  /** When the last envelope of any kind was stored, ms since 1970; 0 if none ever was. */
  lastEnvelopeMs: number
  /** Stored since ingest's start. */
  envelopes: number
  bytes: number
  /** Numbers missing below the highest of its spools: on their way, or holes. */
  missing: number
}

export interface SinkState {
  name: string
  /** down: its process is not running at the moment and will be started again. */
  state: 'starting' | 'running' | 'waiting' | 'down' | 'closed'
  waitingFor?: string
  /** Bytes of the journal it has not taken yet. */
  behindBytes: number
  /** Of the lake's files, what it is owed because the journal could not hold it; it is refilled from there. Of InfluxDB alone. */
  owedBytes?: number
  owedRows?: number
  counters: Record<string, number>
}

export interface IngestCounters {
  envelopes: number
  bytes: number
  duplicates: number
  /** Envelopes that the journal could not take. */
  journalFull: number
  outOfBounds: number
  /** By reason. */
  quarantined: Record<string, number>
  receipts: number
  journalBytes: number
  /** fdatasyncs of the journal: many envelopes share one. */
  journalSyncs: number
  schemaRequests: number
}

/** Nothing was counted yet. */
export const createCounters = (): IngestCounters => ({
  envelopes: 0,
  bytes: 0,
  duplicates: 0,
  journalFull: 0,
  outOfBounds: 0,
  quarantined: {},
  receipts: 0,
  journalBytes: 0,
  journalSyncs: 0,
  schemaRequests: 0,
})

export interface IngestState {
  name: string
  version: string
  groups: string[]
  sinceMs: number
  /** Connected to the broker. */
  online: boolean
  rigs(): RigState[]
  /** Streams of a rig that nothing came of since ingest's start, as they stood before it. */
  remembered(rig: string): LiveStream[]
  /** Numbers of the rig's spools that did not come, though higher ones did; bounded. */
  missingNumbers(rig: string): MissingNumbers[]
  sinks(): SinkState[]
  counters(): IngestCounters
}
