import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Position } from '../../../common/segment-log-types.ts'
import type { Catalog } from '../../catalog/types.ts'
import type { RigShare } from '../sink.ts'
import { quoteText } from './stage.ts'

// What the process that writes the lake is asked about what it has written.

const list = (lakeFolder: string, paths: readonly string[]): string =>
  `[${paths.map((path) => quoteText(join(lakeFolder, path))).join(', ')}]`

/** Which of these envelopes are in the lake's ledger, by where they stood in the journal. */
export async function findStored(
  connection: DuckDBConnection,
  lakeFolder: string,
  catalog: Pick<Catalog, 'lakeFilesOf'>,
  positions: readonly Position[],
): Promise<boolean[]> {
  const stored = new Set<string>()
  for (const segment of new Set(positions.map((position) => position.segment))) {
    const files = catalog.lakeFilesOf('_envelopes', segment).map(({ path }) => path)
    if (files.length === 0) continue
    const offsets = positions.filter((position) => position.segment === segment).map(({ offset }) => offset)
    const found = await connection.runAndReadAll(
      `SELECT "offset" FROM read_parquet(${list(lakeFolder, files)}) WHERE segment = ${quoteText(segment)} AND "offset" IN (${offsets.join(', ')})`,
    )
    for (const [offset] of found.getRows()) stored.add(`${segment} ${offset}`)
  }
  return positions.map(({ segment, offset }) => stored.has(`${segment} ${offset}`))
}

/** Throws if a file is missing or cannot be read. */
export async function sharesOf(
  connection: DuckDBConnection,
  lakeFolder: string,
  paths: readonly string[],
): Promise<RigShare[]> {
  if (paths.length === 0) return []
  const found = await connection.runAndReadAll(
    `SELECT rig, count(*), min(t_ns), max(t_ns) FROM read_parquet(${list(lakeFolder, paths)}, union_by_name = true) GROUP BY rig ORDER BY rig`,
  )
  return found
    .getRows()
    .map(([rig, rows, from, to]) => ({ rig: String(rig), rows: Number(rows), fromNs: String(from), toNs: String(to) }))
}
