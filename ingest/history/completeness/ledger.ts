import type { DuckDBConnection } from '@duckdb/node-api'
import type { Catalog, LakeFile } from '../../catalog/types.ts'
import { decodeRecord } from '../../sinks/decode-record.ts'
import { quoteText } from '../../sinks/lake/stage.ts'
import type { Files } from '../files.ts'
import type { PartLook } from '../look.ts'
import type { Part } from '../types.ts'

// What was delivered: by the lake's ledger, which has a row for each envelope that the lake took, and by the batches of the journal
// behind it. Of a batch that lies across an edge of the span, the rows inside.

export interface Delivered {
  envelopes: number
  /** By the ledger; of these, rows of files that retention has removed since. */
  lakeRows: number
  removedRows: number
  journalRows: number
}

/** Files of the ledger that can have batches of the part, those that began before it included. */
export function ledgerFiles(
  catalog: Pick<Catalog, 'lakeFilesOf'>,
  chosen: readonly LakeFile[],
  streamFiles: readonly LakeFile[],
  { fromNs }: Part,
): LakeFile[] {
  const found = new Map(chosen.map((file) => [file.path, file]))
  const segments = new Map<string, LakeFile[]>()
  for (const file of streamFiles) {
    if (BigInt(file.minTimeNs) >= fromNs) continue
    const ledger = segments.get(file.segment) ?? catalog.lakeFilesOf('_envelopes', file.segment)
    segments.set(file.segment, ledger)
    for (const each of ledger) {
      if (each.fromOffset < file.toOffset && each.toOffset > file.fromOffset) found.set(each.path, each)
    }
  }
  return [...found.values()].filter(({ rows }) => rows > 0)
}

export interface LedgerAsked {
  part: Part
  stream: string
  files: Files
  catalog: Pick<Catalog, 'lakeFilesOf' | 'reports'>
  /** See ledgerFiles. */
  ledger: readonly LakeFile[]
  look: PartLook
}

/** Across an edge; more are not counted row by row. */
const acrossMax = 10_000

export async function readDelivered(connection: DuckDBConnection, asked: LedgerAsked): Promise<Delivered> {
  const { part, ledger, look } = asked
  const delivered: Delivered = { envelopes: 0, lakeRows: 0, removedRows: 0, journalRows: 0 }
  for (const { batch } of look.tail) {
    delivered.envelopes++
    delivered.journalRows += rowsInside(batch, part)
  }
  if (ledger.length === 0) return delivered
  const envelopes = batchesOf(asked)
  const inside = `first_t >= ${part.fromNs} AND last_t < ${part.toNs}`
  const sums = await connection.runAndReadAll(
    `SELECT removed, count(*)::DOUBLE, sum(n)::DOUBLE FROM (${envelopes}) WHERE ${inside} GROUP BY removed`,
  )
  for (const [removed, count, rows] of sums.getRows() as [boolean, number, number][]) {
    if (removed) delivered.removedRows += rows
    else delivered.envelopes += count
    delivered.lakeRows += rows
  }
  const across = await connection.runAndReadAll(
    `SELECT spool, seq::DOUBLE, n, segment, place::DOUBLE FROM (${envelopes}) WHERE NOT removed AND NOT (${inside}) LIMIT ${acrossMax}`,
  )
  const found = (across.getRows() as [string, number, number, string, number][]).map(
    ([spool, seq, rows, segment, at]): Across => ({ spool, seq, rows, segment, at }),
  )
  if (found.length > 0) {
    const outside = await countOutside(connection, asked, found)
    const rows = found.reduce((sum, each) => sum + each.rows, 0) - outside
    delivered.lakeRows += rows
    if (rows > 0) delivered.envelopes += found.length
  }
  return delivered
}

/** Streams of which the ledger has batches in the part. */
export async function deliveredStreams(
  connection: DuckDBConnection,
  files: Files,
  ledger: readonly LakeFile[],
  { rig, fromNs, toNs }: Part,
): Promise<string[]> {
  const paths = ledger.filter(({ rows }) => rows > 0).map((file) => quoteText(files.path(file)))
  if (paths.length === 0) return []
  const found = await connection.runAndReadAll(
    `SELECT DISTINCT stream FROM read_parquet([${paths.join(', ')}], union_by_name = true)
     WHERE rig = ${quoteText(rig)} AND stream IS NOT NULL AND first_t_ns < ${toNs} AND last_t_ns >= ${fromNs}`,
  )
  return found.getRows().map(([stream]) => String(stream))
}

/** Batches that have rows in the part, each number once. */
function batchesOf({ part, stream, files, catalog, ledger }: LedgerAsked): string {
  const removed = catalog.reports.lakeRemoved(stream, part)
  const list = ledger.map((file) => quoteText(files.path(file))).join(', ')
  const isRemoved =
    removed.length === 0
      ? 'false'
      : `EXISTS (SELECT 1 FROM (VALUES ${removed
          .map(({ segment, fromOffset, toOffset }) => `(${quoteText(segment)}, ${fromOffset}, ${toOffset})`)
          .join(', ')}) r(s, a, b) WHERE r.s = segment AND place >= r.a AND place < r.b)`
  return `SELECT *, ${isRemoved} AS removed FROM (
    SELECT spool, seq, any_value("rows") AS n, min(first_t_ns) AS first_t, max(last_t_ns) AS last_t,
      any_value(segment) AS segment, any_value("offset") AS place
    FROM read_parquet([${list}], union_by_name = true)
    WHERE rig = ${quoteText(part.rig)} AND stream = ${quoteText(stream)} AND "rows" > 0
      AND first_t_ns < ${part.toNs} AND last_t_ns >= ${part.fromNs}
    GROUP BY spool, seq)`
}

interface Across {
  spool: string
  seq: number
  rows: number
  segment: string
  at: number
}

/** Rows of these batches that lie outside the part, as the lake has them. */
async function countOutside(
  connection: DuckDBConnection,
  { part, stream, files, catalog }: LedgerAsked,
  across: readonly Across[],
): Promise<number> {
  const held = new Map<string, LakeFile>()
  for (const segment of new Set(across.map((each) => each.segment))) {
    for (const file of catalog.lakeFilesOf(stream, segment)) {
      const has = ({ segment: of, at }: Across) => of === segment && at >= file.fromOffset && at < file.toOffset
      if (file.rows > 0 && across.some(has)) held.set(file.path, file)
    }
  }
  if (held.size === 0) return 0
  const list = [...held.values()].map((file) => quoteText(files.path(file))).join(', ')
  const numbers = across.map(({ spool, seq }) => `(${quoteText(spool)}, ${seq})`).join(', ')
  const counted = await connection.runAndReadAll(
    `SELECT count(*)::DOUBLE FROM read_parquet([${list}], union_by_name = true) f
     WHERE rig = ${quoteText(part.rig)} AND NOT (t_ns >= ${part.fromNs} AND t_ns < ${part.toNs})
       AND EXISTS (SELECT 1 FROM (VALUES ${numbers}) a(spool, seq) WHERE a.spool = f.spool AND a.seq = f.seq)`,
  )
  return Number(counted.getRows()[0]?.[0] ?? 0)
}

function rowsInside(batch: PartLook['tail'][number]['batch'], { fromNs, toNs }: Part): number {
  const span = batch.span()
  if (!span) return 0
  if (span.minNs >= fromNs && span.maxNs < toNs) return batch.rows
  const decoded = decodeRecord(batch.record)
  if (!('envelope' in decoded) || decoded.envelope.body.type !== 'batch') return 0
  return decoded.envelope.body.batch.times.reduce((count, t) => (t >= fromNs && t < toNs ? count + 1 : count), 0)
}
