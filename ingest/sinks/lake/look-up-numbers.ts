import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { SpoolNumbers } from '../../catalog/numbers-tables.ts'
import type { Catalog, LakeFile } from '../../catalog/types.ts'
import { quoteText } from './stage.ts'

// What the lake's ledger says of numbers: which of a segment of the journal it has, and what lies around those it has not.

/** Numbers that are missing, and the segment they had been in. */
export interface AroundAsked {
  rig: string
  spool: string
  /** Absent: it is not known. */
  segment?: string
  from: number
  to: number
}

/** From the last rows before them to the first ones behind, ns as decimal text; null where there is none near. */
export interface Around {
  fromNs: string | null
  toNs: string | null
}

/** Segments before and behind that are looked at: rows of slow streams may be some minutes away. */
const besides = 3
/** Where no segment is known, the newest so many files are looked at: some days of a rig. */
const filesMax = 2_000

function tableOf(lakeFolder: string, files: readonly LakeFile[]): string | undefined {
  // One that somebody has deleted holds nothing; one that cannot be read is an error.
  const paths = files.map(({ path }) => join(lakeFolder, path)).filter((path) => existsSync(path))
  return paths.length === 0 ? undefined : `read_parquet([${paths.map(quoteText).join(', ')}], union_by_name = true)`
}

/** What came of this segment into the lake. Throws if a file of the ledger cannot be read. */
export async function numbersOfSegment(
  connection: DuckDBConnection,
  lakeFolder: string,
  catalog: Pick<Catalog, 'lakeFilesOf'>,
  segment: string,
): Promise<SpoolNumbers[]> {
  const table = tableOf(lakeFolder, catalog.lakeFilesOf('_envelopes', segment))
  return table === undefined ? [] : await readNumbers(connection, `${table} WHERE segment = ${quoteText(segment)}`)
}

/** All numbers in these files of the ledger. */
export async function numbersOfFiles(
  connection: DuckDBConnection,
  lakeFolder: string,
  paths: readonly string[],
): Promise<SpoolNumbers[]> {
  const table = tableOf(lakeFolder, paths.map((path) => ({ path })) as LakeFile[])
  return table === undefined ? [] : await readNumbers(connection, table)
}

async function readNumbers(connection: DuckDBConnection, from: string): Promise<SpoolNumbers[]> {
  const found = await connection.runAndReadAll(
    `SELECT rig, spool, min(seq)::DOUBLE, max(seq)::DOUBLE FROM (
       SELECT rig, spool, seq, seq - row_number() OVER (PARTITION BY rig, spool ORDER BY seq) AS island
       FROM (SELECT DISTINCT rig, spool, seq FROM ${from}))
     GROUP BY rig, spool, island ORDER BY 1, 2, 3`,
  )
  const numbers: SpoolNumbers[] = []
  for (const [rig, spool, first, last] of found.getRows() as [string, string, number, number][]) {
    const range = { from: first, to: last }
    const known = numbers.at(-1)
    if (known?.rig === rig && known.spool === spool) known.ranges.push(range)
    else numbers.push({ rig, spool, ranges: [range] })
  }
  return numbers
}

/**
 * The rows of each stream next to missing numbers: what is missing may lie anywhere between the earliest and the latest of them. Next by
 * number and not by time: the rig's clock may have stood elsewhere before.
 */
export async function timesAround(
  connection: DuckDBConnection,
  lakeFolder: string,
  catalog: Pick<Catalog, 'lakeLook'>,
  { rig, spool, segment, from, to }: AroundAsked,
): Promise<Around> {
  const between = segment === undefined ? undefined : { fromSegment: segment, toSegment: segment, besides }
  const look = catalog.lakeLook([{ table: '_envelopes', rig, ...(between ? { between } : {}) }])
  const table = tableOf(lakeFolder, (look.tables[0]?.files ?? []).slice(-filesMax))
  if (table === undefined) return { fromNs: null, toNs: null }
  const found = await connection.runAndReadAll(
    `SELECT min(before), max(after) FROM (
       SELECT arg_max(last_t_ns, seq) FILTER (seq < ${from}) AS before, arg_min(first_t_ns, seq) FILTER (seq > ${to}) AS after
       FROM ${table}
       WHERE rig = ${quoteText(rig)} AND spool = ${quoteText(spool)} AND stream IS NOT NULL AND first_t_ns IS NOT NULL
       GROUP BY stream)`,
  )
  const [before, after] = found.getRows()[0] ?? []
  const text = (ns: unknown) => (ns === null || ns === undefined ? null : String(ns))
  return { fromNs: text(before), toNs: text(after) }
}
