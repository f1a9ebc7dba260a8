import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Catalog, LakeFile } from '../../catalog/types.ts'
import { type BodyTable, layOutRows, type TableRow } from './body-tables.ts'
import { asideFolder, lakeFormatVersion, lakePath } from './lake-files.ts'
import { type ParquetFile, writeParquet } from './parquet-file.ts'
import { bodyTableNames, type Group } from './part.ts'
import { layOutStream, type TakenBatch } from './stream-table.ts'

// A part's groups -> Parquet files aside, each with a footer that says where it comes from.

export interface WrittenFile {
  aside: string
  path: string
  file: LakeFile
}

/** Writes the files of one group aside. Throws what the disk or DuckDB throw; what was written by then lies aside. */
export async function writeGroup(
  connection: DuckDBConnection,
  lakeFolder: string,
  catalog: Pick<Catalog, 'schema'>,
  group: Group,
): Promise<WrittenFile[]> {
  const written: WrittenFile[] = []
  const folded = new Map<string, number>()
  const write = async (table: string, parquet: Omit<ParquetFile, 'file'>, span: Span) => {
    // File systems that ignore case or composition of letters would put the files of two streams into one folder.
    const key = table.normalize('NFC').toLowerCase()
    const before = folded.get(key) ?? 0
    folded.set(key, before + 1)
    const path = lakePath(table, group.from, group.late, before === 0 ? '' : `-${before + 1}`)
    const file = { table, segment: group.segment, fromOffset: group.from.offset, toOffset: group.toOffset, ...span }
    const aside = join(asideFolder(lakeFolder), `${group.segment}${group.late ? '-late' : ''}-${written.length}.part`)
    const metadata = {
      rigline_format: String(lakeFormatVersion),
      rigline_file: JSON.stringify(file),
      ...parquet.metadata,
    }
    await writeParquet(connection, { ...parquet, file: aside, metadata })
    written.push({ aside, path, file: { ...file, path, bytes: (await stat(aside)).size } })
  }
  for (const [stream, batches] of group.batches) {
    const { columns, orderBy, rows, channels, minNs, maxNs, rigs, spans } = layOutStream(batches)
    const metadata = {
      rigline_numbers: JSON.stringify(numbersOf(batches.map(({ envelope }) => envelope.header))),
      rigline_schemas: JSON.stringify(schemasOf(batches, catalog)),
      rigline_columns: JSON.stringify(channels),
      rigline_spans: JSON.stringify(spans),
    }
    await write(stream, { rows, columns, orderBy, metadata }, { rows, ...times(minNs, maxNs), rigs })
  }
  for (const table of bodyTableNames) {
    const rows = group.rows.get(table)
    if (rows) await write(table, tableFile(table, rows), tableSpan(rows))
  }
  return written
}

type Span = Pick<LakeFile, 'rows' | 'minTimeNs' | 'maxTimeNs' | 'rigs'>

const times = (minNs: bigint, maxNs: bigint) => ({ minTimeNs: String(minNs), maxTimeNs: String(maxNs) })

const tableFile = (table: BodyTable, rows: readonly TableRow[]): Omit<ParquetFile, 'file'> => ({
  rows: rows.length,
  columns: layOutRows(table, rows),
  orderBy: ['rig', 'spool', 'seq'],
  metadata: {
    rigline_numbers: JSON.stringify(
      numbersOf(rows.map(({ cells }) => ({ rig: String(cells[0]), spool: String(cells[1]), seq: Number(cells[2]) }))),
    ),
  },
})

function tableSpan(rows: readonly TableRow[]): Span {
  let minNs = rows[0]!.tNs
  let maxNs = minNs
  for (const { tNs } of rows) {
    if (tNs < minNs) minNs = tNs
    if (tNs > maxNs) maxNs = tNs
  }
  return { rows: rows.length, ...times(minNs, maxNs), rigs: [...new Set(rows.map(({ rig }) => rig))] }
}

/** For each spool the lowest and the highest number in the file, and how many envelopes. */
function numbersOf(headers: readonly { rig: string; spool: string; seq: number }[]) {
  const spools = new Map<string, { rig: string; spool: string; from: number; to: number; envelopes: number }>()
  for (const { rig, spool, seq } of headers) {
    const key = `${rig} ${spool}`
    const found = spools.get(key) ?? { rig, spool, from: seq, to: seq, envelopes: 0 }
    found.from = Math.min(found.from, seq)
    found.to = Math.max(found.to, seq)
    found.envelopes++
    spools.set(key, found)
  }
  return [...spools.values()]
}

/** Hash and encoded bytes (base64) of each schema in the file, so that it explains itself. */
function schemasOf(batches: readonly TakenBatch[], catalog: Pick<Catalog, 'schema'>) {
  const hashes = new Set(batches.flatMap(({ envelope }) => envelope.schemaHash ?? []))
  return [...hashes].map((hash) => {
    const bytes = catalog.schema(hash)?.bytes
    return { hash, encoded: bytes ? Buffer.from(bytes).toString('base64') : null }
  })
}
