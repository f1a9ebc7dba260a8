import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteText, type Staged, type StagedColumn, stageColumns } from './stage.ts'

// Columns in memory -> a Parquet file, by way of a staging table in DuckDB and one COPY.

export interface ParquetFile extends Staged {
  /** Absolute path; what is there is written over. */
  file: string
  metadata: Record<string, string>
}

/** Writes the file; the caller syncs and renames it. Throws what DuckDB throws. */
export async function writeParquet(connection: DuckDBConnection, parquet: ParquetFile): Promise<void> {
  const select = await stageColumns(connection, 'stage', parquet)
  try {
    const withoutDictionary = parquet.columns.some(hasNegativeZero)
    await connection.run(copyStatement(select, parquet.file, parquet.metadata, { withoutDictionary }))
  } finally {
    await connection.run('DROP TABLE stage')
  }
}

/** DuckDB's dictionaries take -0 and 0 for one value (1.5.5): whichever comes first would stand for both. */
function hasNegativeZero({ type, values }: StagedColumn): boolean {
  if (type !== 'double' && type !== 'float') return false
  for (let i = 0; i < values.length; i++) if (values[i] === 0 && 1 / values[i]! < 0) return true
  return false
}

/** Writes a query's rows as all files of the lake are written. */
export function copyStatement(
  select: string,
  file: string,
  metadata: Record<string, string>,
  { withoutDictionary = false } = {},
): string {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key}: ${quoteText(value)}`)
  return `COPY (${select}) TO ${quoteText(file)}
    (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 65536${withoutDictionary ? ', DICTIONARY_SIZE_LIMIT 1' : ''}, KV_METADATA {${pairs.join(', ')}})`
}
