import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import type { Query } from '../relation.ts'

/**
 * Shows every chunk of the queries, in order. Results of about `rowsMax` rows are computed whole while the one before is looked at: asking
 * for chunks one by one takes longer.
 */
export async function scan(
  connection: DuckDBConnection,
  queries: Iterator<Query>,
  rowsMax: number,
  use: (chunk: DuckDBDataChunk) => void,
  signal: AbortSignal,
): Promise<void> {
  const start = () => {
    signal.throwIfAborted()
    const next = queries.next()
    if (next.done) return undefined
    const { sql, rows } = next.value
    if (rows <= 2 * rowsMax) return connection.run(sql).then((whole) => ({ whole }))
    return connection.stream(sql).then((stream) => ({ stream }))
  }
  let pending = start()
  while (pending) {
    const result = await pending
    if ('whole' in result) {
      pending = start()
      // It may fail while this one is read.
      pending?.catch(() => {})
      for (let i = 0; i < result.whole.chunkCount; i++) use(result.whole.getChunk(i))
    } else {
      for (;;) {
        const chunk = await result.stream.fetchChunk()
        signal.throwIfAborted()
        if (!chunk || chunk.rowCount === 0) break
        use(chunk)
      }
      pending = start()
    }
  }
}

/** A column's values as DuckDB has them: valid until the next chunk. */
export const itemsOf = <T>(chunk: DuckDBDataChunk, index: number): T =>
  (chunk.getColumnVector(index) as unknown as { items: T }).items
