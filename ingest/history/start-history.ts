import type { Readable } from 'node:stream'
import type { Logger } from '../../common/log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import type {
  GapsAnswer,
  GapsQuery,
  HistoryStatus,
  ReadingsHead,
  ReadingsQuery,
  StreamFacts,
  ThinnedAnswer,
  ThinnedQuery,
} from './types.ts'

// Ingest's side of history: starts the child process that answers, and asks it.

/** All of it rejects with HistoryError for what cannot be answered as asked, and when `signal` aborts. */
export interface History {
  /** What of the journal is durable now: what is asked from here on sees all of that. */
  synced(position: Position): void
  /**
   * `body` must be read to its end or destroyed. It ends with an error if the answer breaks off: it never ends as if it were whole.
   */
  readings(query: ReadingsQuery, signal?: AbortSignal): Promise<{ head: ReadingsHead; body: Readable }>
  thinned(query: ThinnedQuery, signal?: AbortSignal): Promise<ThinnedAnswer>
  gaps(query: GapsQuery, signal?: AbortSignal): Promise<GapsAnswer>
  /** Of one rig or all, sorted by rig and stream. */
  streams(rig?: string, signal?: AbortSignal): Promise<StreamFacts[]>
  status(): HistoryStatus
  /** Safe twice. */
  close(): Promise<void>
}

export interface HistoryOptions {
  journalFolder: string
  catalogFile: string
  lakeFolder: string
  log: Logger
  config?: Partial<HistoryConfig> | undefined
}

export interface HistoryConfig {
  /** Of DuckDB. */
  memoryBytesMax: number
  threads: number
  /** Of the journal's part that is not in the lake yet, in memory. */
  tailBytesMax: number
}
