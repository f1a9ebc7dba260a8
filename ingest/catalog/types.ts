import type { Position } from '../../common/segment-log-types.ts'
import type { Range, Schema } from '../../protos/types.ts'
import type { NumbersTables } from './numbers-tables.ts'
import type { OwedTable } from './owed-table.ts'
import type { ReplacedTable } from './replaced-table.ts'
import type { ReportsTable } from './reports-table.ts'
import type { RunsTables } from './runs-tables.ts'

// What the catalog (SQLite, `catalog.sqlite` in ingest's data folder) keeps. Ingest, its worker and its child process each open it
// (WAL, busy timeout); each table has one writer. All of it can be rebuilt from journal and lake.

/** The numbers of one spool that need not come any more. Ranges are sorted, disjoint, not touching. */
export interface SpoolRanges {
  rig: string
  spool: string
  predecessor: string
  /** Those that came into the journal, and those that a Gap declares gone. */
  ranges: Range[]
  /** The part of these that a Gap declares gone; bounded, so the Gaps themselves may declare more. */
  gone: Range[]
  /** The part of that which never came, and is taken if it does; absent: none. */
  mayCome?: Range[]
  /** The part of that which ingest itself declared: receipts lack it; absent: none. */
  unreceipted?: Range[]
}

export interface LakeFile {
  /** Relative to the lake's folder. */
  path: string
  /** The stream, or the table of another body: _envelopes, _events, _clock, _gaps, _health, _schemas. */
  table: string
  /** The journal segment it came from, and the part of it: records from `fromOffset` up to (not including) `toOffset`. */
  segment: string
  fromOffset: number
  toOffset: number
  rows: number
  /** ns, as decimal text: exact. Empty for an empty file. */
  minTimeNs: string
  maxTimeNs: string
  bytes: number
  rigs: string[]
}

/** Files of one table that may have rows of that rig, and of fromNs <= t < toNs; all of them where nothing is said. */
export interface LakeWanted {
  table: string
  rig?: string | undefined
  fromNs?: bigint | undefined
  toNs?: bigint | undefined
  /** What an earlier look said of this table, if any: if nothing has changed since, no files are listed. */
  unlessVersion?: string | undefined
  filesMax?: number
  /** Beside what is said above: those that came from segments between these, and so many before and behind them. */
  between?: { fromSegment: string; toSegment: string; besides: number }
}

export interface LakeLook {
  cursor: Position | undefined
  /** One for each that was wanted, in order of the journal. `files` undefined: as it was. */
  tables: { version: string; files: LakeFile[] | undefined }[]
}

export interface RigRecord {
  rig: string
  group: string
  firstSeenMs: number
  lastSeenMs: number
  agentVersion: string
  online: boolean
  /** What its envelopes said last, as `ingest/rig-facts.ts` writes it; empty if nothing. */
  facts: string
}

/** The newest row of a stream, as far as it is known. */
export interface LastRow {
  rig: string
  stream: string
  schemaHash: string
  era: number
  /** The rig's clock, ns since 1970 UTC. */
  timeNs: bigint
  receivedNs: bigint
  /** No row for longer than this means that something is wrong, ms. */
  staleAfterMs: number
}

export interface Catalog extends NumbersTables {
  // rigs (writer: ingest)
  saveRig(rig: RigRecord): void
  rigs(): RigRecord[]
  /** All of them or none. */
  saveLastRows(rows: LastRow[]): void
  /** Sorted by rig and stream. */
  lastRows(): LastRow[]
  // schemas, named by the hash in lower-case hex (writer: ingest)
  /** False if it is not there yet and the rig has `schemasMax` already: then it is not saved. */
  saveSchema(hash: string, rig: string, bytes: Uint8Array, schemasMax?: number): boolean
  /** Throws SchemaError if it is there and cannot be read. */
  schema(hash: string): { schema: Schema; bytes: Uint8Array } | undefined
  schemas(): { hash: string; rig: string; schema: Schema }[]
  // number ranges (writer: ingest), with the journal position up to which they count: later records are read anew at start
  saveRanges(spools: SpoolRanges[], upTo: Position): void
  ranges(rig?: string): { spools: SpoolRanges[]; upTo: Position | undefined }
  // cursors of sinks (writer: each sink its own)
  saveCursor(sink: string, position: Position): void
  cursor(sink: string): Position | undefined
  // envelopes whose schema is not here yet (writer: each sink its own); returns false if the bound (bytes) is reached
  park(sink: string, schemaHash: string, position: Position, record: Uint8Array, bytesMax: number): boolean
  parked(
    sink: string,
    schemaHash?: string,
  ): { position: Position; schemaHash: string; record: Uint8Array; parkedAtMs: number }[]
  isParked(sink: string, position: Position): boolean
  unpark(sink: string, positions: Position[]): void
  // files of the lake (writer: the lake), with its cursor and the envelopes that were parked for it and are in the files now
  addLakeFiles(files: LakeFile[], cursor: Position | undefined, unparked?: Position[]): void
  lakeFiles(table?: string): LakeFile[]
  /** Those that came from one segment of the journal. */
  lakeFilesOf(table: string, segment: string): LakeFile[]
  /** The lake as it is at one moment: its cursor, and the files that belong to that. */
  lakeLook(wanted: LakeWanted[]): LakeLook
  /** Which rigs have rows of which streams in the lake; a file's rows are shared out evenly over its rigs. */
  lakeStreams(): { stream: string; rig: string; minTimeNs: string; maxTimeNs: string; rowsAbout: number }[]
  // what retention has removed of the lake (writer: ingest)
  /** `streamBytes`: of these, what retention may remove. */
  lakeTotals(): { files: number; bytes: number; streamBytes: number }
  lakeRemovals(): { files: number; bytes: number; lastMs: number | undefined }
  /** Files of streams, the ones that came first first; `beforeSegment`: only those of older segments; `fromSegment`: only of that one or newer ones. */
  oldestLakeFiles(filesMax: number, beforeSegment?: string, fromSegment?: string): LakeFile[]
  /** The segment that the newest files of streams came from. */
  newestLakeSegment(): string | undefined
  /** From here on no reader finds them. They lie on the disk until `lakeDeleted`. */
  removeLakeFiles(files: readonly LakeFile[], reason: string, nowMs: number): void
  /** One that retention had removed, and deleted, when the catalog was lost. */
  addLakeRemoved(file: LakeFile, reason: string, removedMs: number): void
  lakeRemoved(): { path: string; table: string; rows: number; bytes: number }[]
  /** Removed, and still on the disk as far as is known; removed up to `beforeMs`, or behind `notAfterMs`, which the clock says is to come. */
  lakeLeftovers(filesMax: number, beforeMs?: number, notAfterMs?: number): string[]
  lakeDeleted(paths: readonly string[], nowMs: number): void
  // what of the journal a sink is owed out of the lake (writers: ingest, and who refills)
  owed: OwedTable
  // fields of InfluxDB and the kind each has (writers: influx, and who refills)
  /** Takes a field that has no kind yet for this one. Returns the kind it has then: somebody may have been first. */
  claimField(measurement: string, field: string, kind: string): string
  saveField(measurement: string, field: string, kind: string): void
  fields(): { measurement: string; field: string; kind: string }[]
  // events about runs, markers and rigs (writer: ingest)
  runs: RunsTables
  // spools whose disk may be lost (writer: ingest)
  replaced: ReplacedTable
  // reports on runs (writer: ingest)
  reports: ReportsTable
  close(): void
}
