import type { Position } from '../../common/segment-log-types.ts'
import type { Catalog, LakeFile } from '../catalog/types.ts'
import type { LakeReader } from '../sinks/lake/read-lake.ts'
import type { createState, Span } from './state.ts'

/** What the passes share: one look at the catalog, so that they all speak of the same moment. */
export interface VerifyContext {
  state: ReturnType<typeof createState>
  /** What is done by now, said often. */
  onProgress(done: () => string): void
  span: Span
  catalog: Catalog
  reader: LakeReader
  journalFolder: string
  journal: JournalExtent | undefined
  lakeFiles: readonly LakeFile[]
  /** Whether retention has removed the file with a stream's rows of the write that this file of the ledger is from; absent: none was. */
  isRemoved: ((stream: string, ledgerFile: string) => boolean) | undefined
  lakeCursor: Position | undefined
  /** Undefined if InfluxDB is not compared. */
  influxCursor: Position | 'none' | undefined
  /** Parts of the journal that were dropped before InfluxDB had them, and that a refill has not written yet, or not all of. */
  owed: readonly OwedPlace[]
  aside: Aside
}

/** A part of the journal that InfluxDB is owed; of one stream or table alone, where that is named. */
export interface OwedPlace {
  from: Position
  to: Position
  table?: string
}

export interface JournalExtent {
  from: Position
  to: Position
}

/** What sinks have put aside, by `rig spool seq`. */
export interface Aside {
  lake: Set<string>
  influx: Set<string>
  /** Rows that InfluxDB refused, by `rig stream`, each as `era tNs`. */
  refusedRows: Map<string, Set<string>>
  quarantined: Record<string, number>
}

export const envelopeKey = (rig: string, spool: string, seq: number | bigint): string => `${rig} ${spool} ${seq}`

export const isBefore = (position: Position, cursor: Position | 'none' | undefined): boolean =>
  cursor !== undefined &&
  cursor !== 'none' &&
  (position.segment === cursor.segment ? position.offset < cursor.offset : position.segment < cursor.segment)
