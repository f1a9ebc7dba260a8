// What the wire's messages are in memory: plain objects, 64-bit integers as bigint, columns as typed arrays.
// rigline.proto says what each field means; the codecs beside this file turn one into the other.

export const protocolVersion = 1
/** Largest encoded Envelope, and largest encoded Bundle, in bytes. */
export const envelopeBytesMax = 256 * 1024

export type Kind = 'f64' | 'f32' | 'int' | 'bool' | 'text'

export interface Channel {
  name: string
  kind: Kind
  /** UCUM, empty for none. */
  unit?: string
  /** Vocabulary and code, as "VSS:Vehicle.Speed". */
  code?: string
  /** Range of the physical value. */
  min?: number
  max?: number
  /** `int` only: the physical value is raw * gain + offset. */
  gain?: number
  offset?: number
  description?: string
}

/** Nominal period of rows, `num / den` nanoseconds. */
export interface Period {
  num: bigint
  den: bigint
}

export interface Schema {
  stream: string
  channels: Channel[]
  /** Absent for an irregular stream. */
  period?: Period
  source?: string
}

/**
 * One channel's values for the rows of a batch. `validity`: one bit a row, lowest bit first, 1 = present; absent if all
 * are. Where a value is missing, a placeholder stands in `values`. `int` values are raw (before gain and offset); they
 * are a Float64Array while all are within +-2^53, else a BigInt64Array.
 */
export type Column =
  | { kind: 'f64'; values: Float64Array; validity?: Uint8Array }
  | { kind: 'f32'; values: Float32Array; validity?: Uint8Array }
  | { kind: 'int'; values: Float64Array | BigInt64Array; validity?: Uint8Array }
  | { kind: 'bool'; values: Uint8Array; validity?: Uint8Array }
  | { kind: 'text'; values: Uint32Array; dictionary: string[]; validity?: Uint8Array }

/** Consecutive rows of one stream. */
export interface Batch {
  /** SHA-256 of the encoded schema, 32 bytes. */
  schema: Uint8Array
  rows: number
  era: number
  /** Wall time of each row, ns since 1970 UTC. */
  times: BigInt64Array
  /** The nominal period: encoded as such if the times follow it exactly. */
  period?: Period
  /** The rig's monotonic clock at the first row, ns, and the boot it counts from (16 bytes). */
  monotonicNs: bigint
  bootId: Uint8Array
  /** Simulation time of each row, ns, where there is one. */
  simulation?: BigInt64Array
  notRising: boolean
  /** Where the source goes on after the last row; 0 if it can't. */
  position: number
  origin: string
  columns: Column[]
}

export interface Event {
  tNs: bigint
  type: string
  author: string
  text: string
  facts: Record<string, string>
  id: string
}

export interface ClockSample {
  tNs: bigint
  offsetNs: bigint
  roundTripNs: bigint
  stepNs: bigint
  monotonicNs: bigint
  bootId: Uint8Array
}

export const causes = [
  'unspecified',
  'agent_down',
  'spool_full',
  'spool_unwritable',
  'spool_damaged',
  'source_down',
  'refused',
  'ingest_restored',
  'retention',
  'agent_overloaded',
  'journal_damaged',
  'quarantine_full',
  'agent_replaced',
] as const
export type Cause = (typeof causes)[number]

/** Inclusive. */
export interface Range {
  from: number
  to: number
}

export interface Gap {
  fromNs: bigint
  toNs: bigint
  /** Empty: all streams of the rig. */
  streams: string[]
  cause: Cause
  detail: string
  spool: string
  numbers: Range[]
  rows: number
  /** Whose; absent: the sender's. Only ingest speaks for others (retention). */
  rig?: string
}

export interface SourceHealth {
  name: string
  state: 'running' | 'waiting' | 'failed' | 'ended'
  rows: number
  badLines: number
  badLineSamples: string[]
  detail: string
}

export interface Health {
  tNs: bigint
  version: string
  memoryBytes: number
  spoolBytes: number
  spoolEnvelopes: number
  sources: SourceHealth[]
}

export type Body =
  | { type: 'schema'; bytes: Uint8Array }
  | { type: 'batch'; batch: Batch }
  | { type: 'event'; event: Event }
  | { type: 'clock_sample'; clockSample: ClockSample }
  | { type: 'gap'; gap: Gap }
  | { type: 'health'; health: Health }
  | { type: 'unknown'; field: number }

export type BodyType = Body['type']

/** The fields of an envelope that are read before the journal, and where its body lies in the bytes. */
export interface EnvelopeHeader {
  version: number
  rig: string
  spool: string
  seq: number
  predecessor: string
  bodyType: BodyType
  bodyStart: number
  bodyEnd: number
}

export interface SpoolState {
  spool: string
  first: number
  last: number
  through: number
}

export interface Status {
  online: boolean
  sinceNs: bigint
  version: string
  spools: SpoolState[]
}

export interface IngestStatus {
  online: boolean
  /** Later than that of every ingest it found at its start. */
  sinceNs: bigint
  version: string
  protocols: number[]
  groups: string[]
  /** ULID, drawn at each start. */
  instance: string
}

export interface Receipt {
  spool: string
  through: number
  ranges: Range[]
}

export interface ClockReply {
  t1Ns: bigint
  t2Ns: bigint
  t3Ns: bigint
}

export type Down =
  | { type: 'receipt'; receipt: Receipt }
  | { type: 'clock_reply'; clockReply: ClockReply }
  | { type: 'schema_request'; schema: Uint8Array }
