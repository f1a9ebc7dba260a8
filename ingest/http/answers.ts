// What the HTTP API answers, as JSON: the contract with the page and with programs. Browser-safe: types alone.
// Times that end in Ns and 64-bit integers are decimal strings; times that end in Ms are numbers since 1970 UTC.

import type { IngestCounters } from '../state.ts'

/** How a stream stands: rows come in time; come, but late; carry times ahead of ingest's clock; or come no more. */
export type StreamStanding = 'live' | 'late' | 'ahead' | 'stale'

export interface ChannelAnswer {
  name: string
  kind: 'f64' | 'f32' | 'int' | 'bool' | 'text'
  /** UCUM; empty for none. */
  unit: string
  /** null: none in the newest batch. Text for a text channel, for integers beyond 2^53, and for NaN, Infinity, -Infinity. */
  value: number | boolean | string | null
  /** The newest row has no value; the one shown is from a row before it, if there is one. */
  missing: boolean
  range: 'within' | 'at_limit' | 'outside'
}

export interface StreamAnswer {
  stream: string
  source: string
  /** SHA-256 of the schema, hex. */
  schema: string
  standing: StreamStanding
  rowsPerS: number
  /** null for an irregular stream. */
  nominalRowsPerS: number | null
  readingsPerS: number
  batches: number
  /** The newest row's time by the rig's clock; null if it cannot be read. */
  timeNs: string | null
  /** Age of the newest row, the rig's clock corrected by its last known offset, ms; negative: ahead. */
  ageMs: number | null
  /** Since the newest batch came, ms. */
  receivedAgoMs: number
  /** By how much the newest row was older than now when it came, ms. */
  lateMs: number | null
  staleAfterMs: number
  era: number
  /** The first ones; `channelCount` says how many there are. */
  channels: ChannelAnswer[]
  channelCount: number
  problems: string[]
}

export interface SourceAnswer {
  name: string
  state: string
  rows: number
  badLines: number
  detail: string
}

export interface GapAnswer {
  fromNs: string
  toNs: string
  cause: string
  detail: string
  /** Empty: all streams. */
  streams: string[]
}

export interface RigAnswer {
  rig: string
  group: string
  online: boolean
  agentVersion: string
  /** 0: none since ingest's start. */
  lastEnvelopeMs: number
  envelopes: number
  bytes: number
  /** Numbers missing below the highest: on their way, or holes. */
  missing: number
  /** From the agent's last health report; null if there was none. */
  spoolEnvelopes: number | null
  spoolBytes: number | null
  memoryBytes: number | null
  sources: SourceAnswer[]
  /** Ingest's clock less the rig's, ms; null if not known. */
  clockOffsetMs: number | null
  /** Gaps declared since ingest's start, and the last of them. */
  gaps: number
  lastGap: GapAnswer | null
  /** Batches stored that could not be shown. */
  notShown: number
  streams: StreamAnswer[]
}

export interface IngestAnswer {
  name: string
  version: string
  groups: string[]
  sinceMs: number
  nowMs: number
  /** Connected to the broker. */
  online: boolean
  counters: IngestCounters
}

/** GET /v1/rigs */
export interface RigsAnswer {
  ingest: IngestAnswer
  rigs: RigAnswer[]
}

export interface SinkAnswer {
  name: string
  /** down: not running at the moment, and started again. */
  state: 'starting' | 'running' | 'waiting' | 'down' | 'closed'
  /** Empty if it waits for nothing. */
  waitingFor: string
  behindBytes: number
  counters: Record<string, number>
}

/** GET /v1/sinks */
export interface SinksAnswer {
  sinks: SinkAnswer[]
}

/** GET /health: status 200 with no reasons, or 503. */
export interface HealthAnswer {
  status: 'ok' | 'failing'
  reasons: string[]
}

/** Errors, RFC 9457 (application/problem+json). */
export interface ProblemAnswer {
  type: 'about:blank'
  title: string
  status: number
  detail: string
}

/** The text frames of WS /v1/live. Its binary frames are encoded envelopes. */
export type LiveTextFrame =
  /** Before the first batch of each schema. A period in nanoseconds is num / den. */
  | { schema: LiveSchema }
  /** So many batches were left out, because this client was too slow. */
  | { skipped: number }

export interface LiveSchema {
  hash: string
  rig: string
  stream: string
  source: string
  period: { num: string; den: string } | null
  channels: {
    name: string
    kind: ChannelAnswer['kind']
    unit: string
    code: string
    description: string
    min?: number
    max?: number
    gain?: number
    offset?: number
  }[]
}
