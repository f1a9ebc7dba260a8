import type { Position } from '../../common/segment-log-types.ts'
import type { Body, EnvelopeHeader, Schema } from '../../protos/types.ts'

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
   */
  flush(signal: AbortSignal): Promise<void>
  /** Also flushed when the journal has nothing more to read (influx), and at the end of each segment (lake). */
  flushWhenIdle: boolean
  flushAtSegmentEnd: boolean
  status(): { state: 'running' | 'waiting'; waitingFor?: string; counters: Record<string, number> }
  close(): Promise<void>
}

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
  | { type: 'flushed'; id: number }
  | { type: 'failed'; error: string }

/** What ingest says to a sink: what is durable in the journal; write all up to there now; stop. */
export type ToSink =
  | { type: 'synced'; position: Position }
  | { type: 'flush'; id: number; position: Position }
  | { type: 'close' }
