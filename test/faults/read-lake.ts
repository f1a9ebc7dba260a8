import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import Database from 'libsql'
import type { Cause } from '../../protos/types.ts'
import type { FoundGap, StoredRow } from './account.ts'
import type { RowValue, StreamPlan } from './rows.ts'

// What the lake holds, read with DuckDB from the files that the catalog lists: none of the product's readers between.

const notRisingFlag = 1

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`

function filesOf(data: string): Map<string, string[]> {
  const database = new Database(join(data, 'catalog.sqlite'), { readonly: true })
  try {
    const found = new Map<string, string[]>()
    const rows = database.prepare('SELECT path, table_name FROM lake_files WHERE rows > 0').all() as {
      path: string
      table_name: string
    }[]
    for (const { path, table_name: table } of rows) {
      const file = join(data, 'lake', path)
      if (!existsSync(file)) throw new Error(`the catalog lists ${file}, and there is no such file`)
      found.set(table, [...(found.get(table) ?? []), file])
    }
    return found
  } finally {
    database.close()
  }
}

/** Calls back for each row of these streams; returns the Gaps. `data`: ingest's data folder. */
export async function readLake(
  data: string,
  plans: readonly StreamPlan[],
  onRow: (row: StoredRow) => void,
): Promise<FoundGap[]> {
  const files = filesOf(data)
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '512MB' })
  const connection = await instance.connect()
  try {
    for (const plan of plans) await readStream(connection, files.get(plan.stream) ?? [], plan, onRow)
    return await readGaps(connection, files.get('_gaps') ?? [])
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const from = (files: string[]) => `read_parquet([${files.map(quote).join(', ')}], union_by_name = true)`

async function readStream(
  connection: DuckDBConnection,
  files: string[],
  { stream, channels }: StreamPlan,
  onRow: (row: StoredRow) => void,
): Promise<void> {
  if (files.length === 0) return
  const names = ['n', ...channels.map(({ name }) => name)]
  const columns = names.map((name) => `"${name}"`).join(', ')
  const result = await connection.stream(`SELECT rig, t_ns, era, flags, ${columns} FROM ${from(files)}`)
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return
    const cells = Array.from({ length: names.length + 4 }, (_, i) => chunk.getColumnValues(i))
    for (let i = 0; i < chunk.rowCount; i++) {
      const values: StoredRow['values'] = {}
      names.forEach((name, column) => {
        values[name] = cells[column + 4]![i] as RowValue | bigint
      })
      onRow({
        rig: String(cells[0]![i]),
        stream,
        timeNs: cells[1]![i] as bigint,
        era: Number(cells[2]![i]),
        notRising: (Number(cells[3]![i]) & notRisingFlag) !== 0,
        values,
      })
    }
  }
}

async function readGaps(connection: DuckDBConnection, files: string[]): Promise<FoundGap[]> {
  if (files.length === 0) return []
  const result = await connection.runAndReadAll(
    `SELECT DISTINCT coalesce(of_rig, rig) AS rig, from_ns, to_ns, streams, cause, detail FROM ${from(files)} ORDER BY ALL`,
  )
  return result.getRowObjects().map((row) => ({
    rig: String(row.rig),
    fromNs: row.from_ns as bigint,
    toNs: row.to_ns as bigint,
    streams: JSON.parse(String(row.streams)) as string[],
    cause: String(row.cause) as Cause,
    detail: String(row.detail),
  }))
}
