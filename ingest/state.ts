import type { Health } from '../protos/types.ts'

// What ingest knows of itself at this moment: for the API, the page, the metrics and the demo.

export interface RigState {
  rig: string
  group: string
  /** What the broker says: an agent is connected. */
  online: boolean
  agentVersion: string
  /** When the last envelope came, ms since 1970; 0 if none since ingest's start. */
  lastEnvelopeMs: number
  envelopes: number
  bytes: number
  /** The agent's last health report, its last clock offset (ingest less rig, ns). */
  health?: Health
  clockOffsetNs?: bigint
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

export interface IngestState {
  name: string
  version: string
  groups: string[]
  sinceMs: number
  /** Connected to the broker. */
  online: boolean
  rigs(): RigState[]
  sinks(): SinkState[]
  counters(): IngestCounters
}
