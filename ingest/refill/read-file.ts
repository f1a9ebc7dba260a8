import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Catalog, LakeFile } from '../catalog/types.ts'
import type { JournalEnvelope } from '../sinks/sink.ts'
import { readStream } from './read-stream.ts'
import { readTable } from './read-table.ts'
import { createSameTimes, type SameTimes } from './same-times.ts'

// A file of the lake -> the envelopes that it was made of, as far as InfluxDB gets them. Some thousand rows at a time.

/** What of a file; all of it where nothing is said. ns since 1970 UTC, `toNs` not included. */
export interface Wanted {
  rig?: string | undefined
  fromNs?: bigint | undefined
  toNs?: bigint | undefined
}

export interface ReadParts {
  connection: DuckDBConnection
  lakeFolder: string
  catalog: Catalog
  sameTimes: SameTimes
}

/** A file of the lake is missing, or its bytes are damaged. */
export class UnreadableFileError extends Error {
  constructor(path: string, cause: unknown) {
    super(`${path} cannot be read: ${(cause as Error).message}`, { cause })
    this.name = 'UnreadableFileError'
  }
}

export interface FileReader {
  /** Throws UnreadableFileError; of one that retention has removed meanwhile there is nothing. */
  envelopes(file: LakeFile, wanted?: Wanted): AsyncGenerator<JournalEnvelope>
  close(): void
}

const memoryBytesMax = 128_000_000

export async function openFileReader(lakeFolder: string, catalog: Catalog): Promise<FileReader> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: `${memoryBytesMax / 1e6}MB`,
    // The order of the file is the order of the times in it.
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    // It goes by size and time: what is put back from a copy may have both.
    enable_external_file_cache: 'false',
  })
  const connection = await instance.connect()
  const parts = { connection, lakeFolder, catalog, sameTimes: createSameTimes({ connection, lakeFolder, catalog }) }
  return {
    async *envelopes(file, wanted = {}) {
      const isTable = file.table.startsWith('_')
      try {
        yield* isTable ? readTable(parts, file, wanted) : readStream(parts, file, wanted)
      } catch (cause) {
        const isThere = catalog.lakeFilesOf(file.table, file.segment).some(({ path }) => path === file.path)
        if (!isThere && !existsSync(join(lakeFolder, file.path))) return
        throw new UnreadableFileError(file.path, cause)
      }
    },
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
