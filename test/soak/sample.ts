import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { childOf, lookAtProcess } from './proc.ts'
import { isLive, type Soak } from './soak.ts'

// One look at all that may grow.

export const curveNames = [
  'broker_memory_mb',
  'ingest_memory_mb',
  'lake_memory_mb',
  'history_memory_mb',
  'agent_memory_median_mb',
  'agent_memory_most_mb',
  'broker_handles',
  'ingest_handles',
  'lake_handles',
  'history_handles',
  'agent_handles_median',
  'agent_handles_most',
  'journal_bytes',
  'journal_segments',
  'spool_bytes_most',
  'catalog_bytes',
  'catalog_wal_bytes',
  'lake_files',
  'lake_rows',
  'lake_bytes',
  'quarantine_bytes',
  'spools',
  'ranges',
  'parked',
] as const
export type CurveName = (typeof curveNames)[number]

export interface Sample {
  atS: number
  /** After all: the load rests, and what was measured is stored. */
  quiet: boolean
  /** No sink is behind because of an outage. */
  sinksUp: boolean
  /** What cannot be known is absent. */
  values: Partial<Record<CurveName, number>>
  /** The children of ingest, to see whether one was started again. */
  children: (number | undefined)[]
  liveRigs: number
}

export function takeSample(soak: Soak, quiet: boolean): Sample {
  const { station, rigs, troubleUntilMs } = soak
  const nowMs = Date.now()
  const live = rigs.filter(isLive)
  const { pid } = station.ingest
  const children = ['lake-process', 'history-process'].map((program) => childOf(pid, program))
  const processes = [station.broker.pid, pid, ...children].map(lookAtProcess)
  const agents = live.flatMap(({ agent }) => lookAtProcess(agent.pid) ?? [])
  const values: Sample['values'] = { ...folders(soak), ...catalogNumbers(join(station.ingest.data, 'catalog.sqlite')) }
  const set = (name: CurveName, value: number | undefined) => {
    if (value !== undefined) values[name] = value
  }
  for (const [i, who] of (['broker', 'ingest', 'lake', 'history'] as const).entries()) {
    set(`${who}_memory_mb`, processes[i]?.residentMb)
    set(`${who}_handles`, processes[i]?.handles)
  }
  const memories = agents.map(({ residentMb }) => residentMb)
  const handles = agents.map(({ handles }) => handles)
  set('agent_memory_median_mb', median(memories))
  set('agent_memory_most_mb', most(memories))
  set('agent_handles_median', median(handles))
  set('agent_handles_most', most(handles))
  const atS = (nowMs - station.startedMs) / 1000
  return { atS, quiet, sinksUp: nowMs > troubleUntilMs, values, children, liveRigs: live.length }
}

const sorted = (values: number[]) => [...values].sort((a, b) => a - b)
const median = (values: number[]): number | undefined => sorted(values)[Math.floor(values.length / 2)]
const most = (values: number[]): number | undefined => sorted(values).at(-1)

function folders({ station: { ingest }, rigs }: Soak): Sample['values'] {
  const journal = filesIn(join(ingest.data, 'journal')).filter(({ name }) => name.endsWith('.segment'))
  const spools = rigs.map(({ data }) => bytesOf(filesIn(join(data, 'spool'))))
  return {
    journal_bytes: bytesOf(journal),
    journal_segments: journal.length,
    spool_bytes_most: most(spools) ?? 0,
    quarantine_bytes: bytesOf(filesIn(join(ingest.data, 'quarantine'))),
    catalog_wal_bytes: sizeOf(join(ingest.data, 'catalog.sqlite-wal')),
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
const filesIn = (folder: string) =>
  existsSync(folder) ? readdirSync(folder).map((name) => ({ name, bytes: sizeOf(join(folder, name)) })) : []
const bytesOf = (files: { bytes: number }[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0)

/** Read beside ingest, as `verify` does. */
export function inCatalog<T>(file: string, read: (database: Database.Database) => T): T {
  const database = new Database(file, { readonly: true })
  try {
    database.exec('PRAGMA busy_timeout = 5000')
    return read(database)
  } finally {
    database.close()
  }
}

const catalogNumbers = (file: string): Sample['values'] =>
  inCatalog(file, (database) => {
    const one = <Row>(sql: string): Row => database.prepare(sql).get() as Row
    const lake = one<{ files: number; bytes: number; rows: number }>(
      `SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes,
         coalesce(sum(CASE WHEN substr(table_name, 1, 1) <> '_' THEN rows END), 0) AS rows FROM lake_files`,
    )
    const spools = one<{ spools: number; ranges: number }>(
      'SELECT count(*) AS spools, coalesce(sum(json_array_length(ranges)), 0) AS ranges FROM spools',
    )
    const { parked } = one<{ parked: number }>('SELECT count(*) AS parked FROM parked')
    // With what is in its log and not yet in the file.
    const { catalog_bytes } = one<{ catalog_bytes: number }>(
      'SELECT page_count * page_size AS catalog_bytes FROM pragma_page_count, pragma_page_size',
    )
    return { catalog_bytes, lake_files: lake.files, lake_bytes: lake.bytes, lake_rows: lake.rows, ...spools, parked }
  })

/** What each table of the catalog takes with its indexes, and its rows, largest first. */
export function catalogTables(file: string): { table: string; bytes: number; rows: number }[] {
  return inCatalog(file, (database) => {
    const tables = database
      .prepare(
        `SELECT m.tbl_name AS "table", sum(d.pgsize) AS bytes FROM dbstat d JOIN sqlite_master m ON m.name = d.name
         GROUP BY 1 ORDER BY 2 DESC`,
      )
      .all() as { table: string; bytes: number }[]
    return tables.map(({ table, bytes }) => {
      const { rows } = database.prepare(`SELECT count(*) AS rows FROM "${table}"`).get() as { rows: number }
      return { table, bytes, rows }
    })
  })
}
