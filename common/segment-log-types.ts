// The port of the segment log: the append-only log of records under the agent's spool and ingest's journal.

/** A place in the log: a segment's name (ULID, so names sort by age) and a byte offset in its file. */
export interface Position {
  segment: string
  offset: number
}

export interface SegmentInfo {
  name: string
  bytes: number
  /** No record will be added any more. */
  sealed: boolean
}

export interface LogRecord {
  position: Position
  /** Where the next record begins. */
  next: Position
  bytes: Uint8Array
}

/** Bytes of a segment that hold no readable record: passed over when reading. */
export interface Damage {
  segment: string
  from: number
  to: number
}

export interface SegmentLog {
  /**
   * Adds a record; resolves once it is durable, with its position. Appends that wait together share one write and
   * one fdatasync, and resolve in the order of the calls. Rejects with LogFullError at the byte limit or on a full disk.
   * `head`: the record's first bytes, of whoever has them apart from the others.
   */
  append(record: Uint8Array, head?: Uint8Array): Promise<Position>
  /** The end of what is durable: everything before it can be read. */
  readonly synced: Position
  /** Bytes of all segments, waiting records included. */
  readonly bytes: number
  /** Oldest first. */
  segments(): SegmentInfo[]
  /** Closes the newest segment and begins another; resolves when the old one is durable. */
  roll(): Promise<void>
  /** Deletes a whole sealed segment from the front. */
  drop(name: string): Promise<void>
  /** Syncs what was appended, then closes. Safe twice. */
  close(): Promise<void>
}

export const comparePositions = (a: Position, b: Position): number =>
  a.segment === b.segment ? a.offset - b.offset : a.segment < b.segment ? -1 : 1
