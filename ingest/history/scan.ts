import type { DuckDBConnection, DuckDBDataChunk, DuckDBMaterializedResult } from '@duckdb/node-api'
import type { Query } from './relation.ts'

/** What a query's rows are read with: a whole result at once, or chunk by chunk. */
export interface Reader {
  sql: string
  whole(result: DuckDBMaterializedResult): void
  chunk(chunk: DuckDBDataChunk): void
}

/**
 * Runs the queries in order. Results of about `rowsMax` rows are computed whole while the one before is read: asking for chunks one
 * by one takes longer. When it ends, also with an error, none of its queries runs any more: the connection may be closed.
 */
export async function scan(
  connection: DuckDBConnection,
  queries: Iterator<Query>,
  rowsMax: number,
  readerOf: (query: Query, isWhole: boolean) => Reader,
  signal: AbortSignal,
): Promise<void> {
  const start = () => {
    signal.throwIfAborted()
    const next = queries.next()
    if (next.done) return undefined
    const isWhole = next.value.rows <= 2 * rowsMax
    const reader = readerOf(next.value, isWhole)
    return isWhole
      ? connection.run(reader.sql).then((whole) => ({ reader, whole }))
      : connection.stream(reader.sql).then((stream) => ({ reader, stream }))
  }
  let pending = start()
  try {
    while (pending) {
      const result = await pending
      if ('whole' in result) {
        pending = start()
        // It may fail while this one is read.
        pending?.catch(() => {})
        result.reader.whole(result.whole)
      } else {
        for (;;) {
          const chunk = await result.stream.fetchChunk()
          signal.throwIfAborted()
          if (!chunk || chunk.rowCount === 0) break
          result.reader.chunk(chunk)
        }
        pending = start()
      }
    }
  } catch (error) {
    connection.interrupt()
    await pending?.catch(() => {})
    throw error
  }
}

/** Reads with the same function whatever is asked. */
export const byChunk =
  (use: (chunk: DuckDBDataChunk) => void) =>
  ({ sql }: Query): Reader => ({
    sql,
    whole(result) {
      for (let i = 0; i < result.chunkCount; i++) use(result.getChunk(i))
    },
    chunk: use,
  })

/** A column's values as DuckDB has them: valid until the next chunk. */
export const itemsOf = <T>(chunk: DuckDBDataChunk, index: number): T =>
  (chunk.getColumnVector(index) as unknown as { items: T }).items
