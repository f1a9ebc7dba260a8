import { join } from 'node:path'

// What the lake sink is started with.

export const lakeFolder = (dataFolder: string): string => join(dataFolder, 'lake')

export interface LakeConfig {
  /** The lake's folder, `lake` in the data folder. */
  lakeFolder: string
  journalFolder: string
  /** A part becomes files when it has this many bytes decoded. */
  partBytesMax: number
  /** Of DuckDB; it writes to `aside` in the lake's folder what does not fit. */
  memoryBytesMax: number
  threads: number
}

export const lakeDefaults = { partBytesMax: 32 * 1024 * 1024, memoryBytesMax: 512 * 1024 * 1024, threads: 2 }
