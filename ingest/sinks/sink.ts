import type { Damage, Position } from '../../common/segment-log-types.ts'
import type { Body, EnvelopeHeader, Schema } from '../../protos/types.ts'
import type { SpoolNumbers } from '../catalog/numbers-tables.ts'
import type { Around, AroundAsked } from './lake/look-up-numbers.ts'

// The port of a sink: what run-sink.ts, which follows the journal from the sink's own cursor, asks of it.

/** An envelope of the journal, decoded. Batches come with their schema; those without one are parked before. */
export interface JournalEnvelope {
  position: Position
  next: Position
  /** Ingest's wall clock when the envelope came, ns. */
  receivedNs: bigint
  header: EnvelopeHeader
  /** The encoded envelope. */
  bytes: Uint8Array
  body: Body
  /** For a batch: its schema, and that schema's hash in lower-case hex. */
  schema?: Schema
  schemaHash?: string
  /** What was wrong with the batch but could be stored all the same (a column too short ...). */
  problems: string[]
  /** It was parked, or is replayed: the sink has been past it already. */
  late?: true
}

export interface Sink {
  name: 'influx' | 'lake'
  /** Takes one envelope into the next write; no I/O. Throws if this envelope cannot be stored: it goes to quarantine. */
  add(envelope: JournalEnvelope): void
  /** Enough was added: write now. */
  full(): boolean
  /**
   * Makes all that was added durable, then empties it. A repeat after a crash must be harmless. Waits out outages of the
   * store for as long as they last (until `signal` aborts: then rejects) and says through `status` what it waits for.
   * `upTo`: everything before it was added, parked or put in quarantine.
   */
  flush(signal: AbortSignal, upTo?: Position): Promise<void>
  /** Also flushed when the journal has nothing more to read (influx), and at the end of each segment (lake). */
  flushWhenIdle: boolean
  flushAtSegmentEnd: boolean
  status(): { state: 'running' | 'waiting'; waitingFor?: string; counters: Record<string, number> }
  close(): Promise<void>
  /** Which of these envelopes it has, where a repeat of what it has would be stored twice. */
  hasStored?(positions: readonly Position[]): Promise<boolean[]>
  /** Writes lines that were refused before, as they are. Does not wait. */
  writeLines?(lines: Uint8Array, signal: AbortSignal): Promise<{ stored: true } | { stored: false; reason: string }>
  /** What of each rig is in these files, which are of one stream. */
  describeFiles?(paths: readonly string[]): Promise<RigShare[]>
  /** Numbers that its ledger has, of a segment of the journal or in some of its files. */
  numbersOf?(asked: NumbersAsked): Promise<SpoolNumbers[]>
  /** The times of what lies next to missing numbers. */
  timesAround?(asked: AroundAsked): Promise<Around>
}

/** The rows of one rig in some files of the lake. Times are ns as decimal text. */
export interface RigShare {
  rig: string
  rows: number
  fromNs: string
  toNs: string
}

/**
 * What became of an entry of the quarantine. `stored`: it went the way it could not go before; `duplicate`: what is in it was
 * there already; `renewed`: it failed in the store itself and is in quarantine anew, under another id; `stays`: it failed again.
 */
export interface ReplayOutcome {
  id: string
  outcome: 'stored' | 'duplicate' | 'renewed' | 'stays'
  /** Of one that failed again: a short word, and in words. */
  reason: string
  detail: string
}

/** What ingest asks of a sink beside following the journal. */
export interface SinkTasks {
  /** Entries that this sink has put into quarantine. */
  replay: { ask: { ids: string[] }; answer: ReplayOutcome[] }
  /** Files of the lake, all of one stream. */
  describe: { ask: { paths: string[] }; answer: RigShare[] }
  /** What of these numbers the lake has. */
  numbers: { ask: NumbersAsked; answer: SpoolNumbers[] }
  around: { ask: { asked: AroundAsked }; answer: Around }
}
export type NumbersAsked = { segment: string } | { paths: string[] }
export type SinkTask = { [K in keyof SinkTasks]: { type: K } & SinkTasks[K]['ask'] }[keyof SinkTasks]
export type SinkTaskAnswer = SinkTasks[keyof SinkTasks]['answer']

/** What a sink's worker or process says to ingest. */
export type FromSink =
  | {
      type: 'status'
      cursor: Position
      state: 'running' | 'waiting'
      waitingFor?: string
      counters: Record<string, number>
    }
  | { type: 'schema_missing'; rig: string; schema: string }
  /** Bytes of the journal that hold no readable record: it has passed over them. */
  | { type: 'damage'; damage: Damage }
  | { type: 'flushed'; id: number }
  | { type: 'done'; id: number; answer: SinkTaskAnswer }
  | { type: 'undone'; id: number; error: string }
  | { type: 'failed'; error: string }

/** What ingest says to a sink: what is durable in the journal; write all up to there now; stop. */
export type ToSink =
  | { type: 'synced'; position: Position }
  | { type: 'flush'; id: number; position: Position }
  | { type: 'task'; id: number; task: SinkTask }
  | { type: 'close' }
