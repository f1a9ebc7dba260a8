import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { asideFolder } from '../sinks/lake/lake-files.ts'
import { quoteText } from '../sinks/lake/stage.ts'

// DuckDB as the rebuilding asks it: in memory, bounded, over lists of files.

export type Row = Record<string, unknown>

export interface Duck {
  connection: DuckDBConnection
  /** Rows chunk by chunk, as objects with the columns' names; texts that must come whole as bytes (`encode`). */
  rows(sql: string): AsyncGenerator<Row>
  /** SQL for reading these files as one table. */
  table(paths: readonly string[]): string
  close(): void
}

const memoryBytesMax = 256 * 1024 * 1024

export async function openDuck(lakeFolder: string): Promise<Duck> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: `${Math.floor(memoryBytesMax / 1e6)}MB`,
    temp_directory: join(asideFolder(lakeFolder), 'spill'),
    autoinstall_known_extensions: 'false',
  })
  const connection = await instance.connect()
  return {
    connection,
    async *rows(sql) {
      const result = await connection.stream(sql)
      for await (const chunk of result.yieldRowObjectJs()) yield* chunk as Row[]
    },
    table: (paths) =>
      `read_parquet([${paths.map((path) => quoteText(join(lakeFolder, path))).join(', ')}], union_by_name = true)`,
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
