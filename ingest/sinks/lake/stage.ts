import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  FLOAT,
  INTEGER,
  UINTEGER,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api'

// Columns in memory -> a table in DuckDB: typed arrays are copied chunk by chunk (rows appended one by one are 50 times slower).

/** `valid`: a byte a row, 0 = no value; absent if every row has one. */
export type StagedColumn = { name: string; valid?: Uint8Array | undefined } & (
  | { type: 'double'; values: Float64Array }
  /** Integers within +-2^53, written as BIGINT. */
  | { type: 'exact'; values: Float64Array }
  | { type: 'float'; values: Float32Array }
  | { type: 'bigint'; values: BigInt64Array }
  /** ns since 1970, written as TIMESTAMPTZ in microseconds, rounded down. */
  | { type: 'time'; values: BigInt64Array }
  | { type: 'integer'; values: Int32Array }
  | { type: 'boolean'; values: Uint8Array }
  | { type: 'text'; values: readonly string[] }
  /** Texts of which there are few: indexes into `words`. */
  | { type: 'word'; values: Uint32Array; words: readonly string[] }
)

const stagedTypes: Record<StagedColumn['type'], DuckDBType> = {
  double: DOUBLE,
  exact: DOUBLE,
  float: FLOAT,
  bigint: BIGINT,
  time: BIGINT,
  integer: INTEGER,
  boolean: UTINYINT,
  text: VARCHAR,
  word: UINTEGER,
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`

const chunkRows = 2048

export interface Staged {
  rows: number
  columns: readonly StagedColumn[]
  /** Columns to sort by; absent if the rows come sorted. */
  orderBy?: readonly string[] | undefined
}

/**
 * Copies columns into a temporary table of that name, which the caller drops. Returns the SELECT that gives them back with their names
 * and types, sorted if asked for. Throws what DuckDB throws; then there is no table.
 */
export async function stageColumns(
  connection: DuckDBConnection,
  table: string,
  { rows, columns, orderBy }: Staged,
): Promise<string> {
  const staged = stage(columns)
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${table} (${staged.map((s) => `${s.name} ${s.type}`).join(', ')})`)
  try {
    const appender = await connection.createAppender(table)
    const types = staged.map((s) => s.type)
    for (let from = 0; from < rows; from += chunkRows) {
      const to = Math.min(from + chunkRows, rows)
      const chunk = DuckDBDataChunk.create(types, to - from)
      for (let i = 0; i < staged.length; i++) fill(chunk, i, staged[i]!.values, from, to)
      appender.appendDataChunk(chunk)
    }
    appender.closeSync()
  } catch (error) {
    await connection.run(`DROP TABLE ${table}`)
    throw error
  }
  const select = columns.map((column, i) => {
    const value = expression(column, `c${i}`)
    return `${column.valid ? `CASE WHEN v${i} = 1 THEN ${value} END` : value} AS ${quoteName(column.name)}`
  })
  const order = orderBy?.map((name) => `c${columns.findIndex((column) => column.name === name)}`)
  return `SELECT ${select.join(', ')} FROM ${table}${order ? ` ORDER BY ${order.join(', ')}` : ''}`
}

function stage(columns: readonly StagedColumn[]) {
  return columns.flatMap((column, i) => [
    { name: `c${i}`, type: stagedTypes[column.type], values: column.values },
    ...(column.valid ? [{ name: `v${i}`, type: UTINYINT as DuckDBType, values: column.valid }] : []),
  ])
}

function fill(chunk: DuckDBDataChunk, index: number, values: StagedColumn['values'], from: number, to: number): void {
  const vector = chunk.getColumnVector(index)
  if (Array.isArray(values)) {
    for (let i = from; i < to; i++) vector.setItem(i - from, values[i])
  } else {
    const { items } = vector as unknown as { items: { set(values: ArrayLike<number> | ArrayLike<bigint>): void } }
    items.set((values as Float64Array).subarray(from, to))
  }
  vector.flush()
}

function expression(column: StagedColumn, staged: string): string {
  switch (column.type) {
    case 'exact':
      return `CAST(${staged} AS BIGINT)`
    case 'boolean':
      return `CAST(${staged} AS ${BOOLEAN})`
    case 'time':
      // Integer division rounds towards zero; times before 1970 too must be rounded down.
      return `make_timestamptz(CASE WHEN ${staged} % 1000 < 0 THEN ${staged} // 1000 - 1 ELSE ${staged} // 1000 END)`
    case 'word':
      return column.words.length === 1
        ? quoteText(column.words[0]!)
        : `([${column.words.map(quoteText).join(', ')}])[${staged} + 1]`
    default:
      return staged
  }
}
