import type { DuckDBMaterializedResult } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'

// The chunks of a result whose columns are all of eight bytes a value, as the C interface gives them. The client's own objects for
// chunks, vectors and types cost more than the values in them (measured: two thirds of a thinned series, and its garbage was the
// slowest of a hundred answers).

export interface RawChunk {
  times: BigInt64Array
  values: Float64Array[]
  /** One bit a row, lowest first, 1 = present; undefined if all are. */
  validities: (Uint8Array | undefined)[]
}

/**
 * First column BIGINT without nulls, the others DOUBLE; or all of them DOUBLE, and `timesOf` tells the times of the next rows. What
 * is given is DuckDB's own memory: not to be kept.
 */
export function* rawChunks(
  result: DuckDBMaterializedResult,
  channels: number,
  timesOf?: (rows: number) => BigInt64Array,
): Generator<RawChunk> {
  // Not part of the client's types.
  const raw = (result as unknown as { result: Parameters<typeof duckdb.result_chunk_count>[0] }).result
  const count = duckdb.result_chunk_count(raw)
  for (let i = 0; i < count; i++) {
    const chunk = duckdb.result_get_chunk(raw, i)
    const rows = duckdb.data_chunk_get_size(chunk)
    const dataOf = (vector: ReturnType<typeof duckdb.data_chunk_get_vector>) => duckdb.vector_get_data(vector, rows * 8)
    const read: RawChunk = { times: new BigInt64Array(0), values: [], validities: [] }
    if (timesOf) read.times = timesOf(rows)
    else {
      const { buffer, byteOffset } = dataOf(duckdb.data_chunk_get_vector(chunk, 0))
      read.times = new BigInt64Array(buffer, byteOffset, rows)
    }
    const first = timesOf ? 0 : 1
    for (let channel = 0; channel < channels; channel++) {
      const vector = duckdb.data_chunk_get_vector(chunk, first + channel)
      const { buffer, byteOffset } = dataOf(vector)
      read.values.push(new Float64Array(buffer, byteOffset, rows))
      // Null, whatever the types say, where every row has a value.
      read.validities.push(
        (duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null) ?? undefined,
      )
    }
    yield read
  }
}
