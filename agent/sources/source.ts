import type { Logger } from '../../common/log.ts'
import type { Schema, SourceHealth } from '../../protos/types.ts'

// The port of a source: an adapter to one real protocol, which yields rows. A new source is one file with an
// `openX(config, context)` function and its zod schema, one line in table.ts, one sample configuration, one test.

/** null: no value (the reading is missing). `int` channels take number or bigint, raw, before gain and offset. */
export type Value = number | bigint | boolean | string | null

export interface Row {
  /** Index into the source's streams. */
  stream: number
  /** The source's own time, ns since 1970 UTC. Absent: the agent stamps it. */
  timeNs?: bigint
  /** Simulation time, ns. */
  simulationNs?: bigint
  /** In the order of the stream's channels. */
  values: Value[]
  /** Where the source goes on after this row (a byte offset, a row number; more than 0), if it can resume. */
  position?: number
}

/** Something that happened at a time (or over one): an annotation of a recording. It becomes a marker. */
export interface SourceEvent {
  /** ns since 1970 UTC. */
  timeNs: bigint
  /** The end of an interval. */
  untilNs?: bigint
  /** What happened, in a word or a few. */
  label: string
  /** More about it, where there is more. */
  text?: string
  /** Tells the event from all others of the chunk's origin; the same when it is read again. */
  key: string
}

/** What a source knows it has missed. */
export interface SourceGap {
  fromNs: bigint
  toNs: bigint
  /** Indexes into the source's streams. */
  streams: number[]
  /** By default source_down. */
  cause?: 'source_down' | 'agent_overloaded'
  detail: string
  /** How many rows are missing; 0 if nobody knows. */
  rows: number
}

export interface RowChunk {
  rows: Row[]
  /** What the positions count in: the identity of a file. */
  origin?: string
  /** They are spooled before the rows, so that a source which resumes behind the rows has not lost them. */
  events?: SourceEvent[]
  gaps?: SourceGap[]
}

export interface SourceContext {
  /** The source's name in the agent's configuration. */
  name: string
  log: Logger
  /** The agent's clock: wall time, ns since 1970 UTC, rising. */
  nowNs(): bigint
  /** Where to go on, from the last rows that are spooled: the lowest position of the source's streams. */
  resume?: { position: number; origin: string }
  /** Relative paths in the configuration are relative to this folder. */
  folder: string
}

export interface Source {
  /** Known when opened; names are unique in an agent. */
  streams: Schema[]
  /**
   * Yields rows as they come, in chunks; ends when the source has ended or the signal is aborted. The agent asks for
   * the next chunk when it has taken the last, so a file is read no faster than it is spooled. A source whose device
   * goes away waits for it and says so in its health; it does not throw for what the next line or reconnect can mend.
   */
  rows(signal: AbortSignal): AsyncIterable<RowChunk>
  health(): Omit<SourceHealth, 'name' | 'rows'>
  close(): Promise<void>
}

export type OpenSource<C> = (config: C, context: SourceContext) => Promise<Source>
