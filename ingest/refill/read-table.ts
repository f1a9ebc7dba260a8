import { join } from 'node:path'
import type { Body } from '../../protos/types.ts'
import type { LakeFile } from '../catalog/types.ts'
import { tableLines } from '../sinks/influx/table-lines.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import { clockBody, eventBody, gapBody, healthBody } from '../sinks/lake/stored-bodies.ts'
import type { JournalEnvelope } from '../sinks/sink.ts'
import { envelopeAt } from './envelope-at.ts'
import type { ReadParts, Wanted } from './read-file.ts'

// The lake's tables beside the streams -> events, Gaps, clock samples and health, as they travelled.

type Row = Record<string, unknown>

/** Texts as bytes (DuckDB's client drops a leading byte order mark), and what makes a body of a row. */
const tables: Record<string, { texts: readonly string[]; toBody(row: Row): Body }> = {
  _events: { texts: ['type', 'author', 'text', 'facts', 'id'], toBody: eventBody },
  _clock: { texts: ['boot_id'], toBody: clockBody },
  _gaps: { texts: ['streams', 'cause', 'detail', 'gap_spool', 'numbers', 'of_rig'], toBody: gapBody },
  _health: { texts: ['version', 'sources'], toBody: healthBody },
}

export async function* readTable(
  { connection, lakeFolder }: ReadParts,
  file: LakeFile,
  { fromNs, toNs, rig }: Wanted,
): AsyncGenerator<JournalEnvelope> {
  const table = tables[file.table]
  if (!table) return
  const path = quoteText(join(lakeFolder, file.path))
  const shape = await connection.runAndReadAll(`SELECT * FROM read_parquet(${path}) LIMIT 0`)
  // Files of earlier releases lack columns.
  const texts = ['rig', ...table.texts].filter((name) => shape.columnNames().includes(name))
  const replaced = texts.map((name) => `encode("${name}") AS "${name}"`)
  const result = await connection.stream(
    `SELECT * EXCLUDE ("spool") REPLACE (${replaced.join(', ')}) FROM read_parquet(${path})`,
  )
  const names = result.columnNames()
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return
    for (const cells of chunk.getRows()) {
      const row: Row = Object.fromEntries(names.map((name, i) => [name, toText(cells[i])]))
      const envelope = envelopeAt(file, row.rig as string, Number(row.seq), table.toBody(row))
      const { points } = tableLines(envelope)
      const isWanted = points.some(
        (point) =>
          (rig === undefined || point.rig === rig) &&
          (fromNs === undefined || point.tNs >= fromNs) &&
          (toNs === undefined || point.tNs < toNs),
      )
      if (isWanted) yield envelope
    }
  }
}

/** A text of DuckDB, from its bytes; everything else as it is. */
function toText(cell: unknown): unknown {
  const bytes = (cell as { bytes?: unknown } | null)?.bytes
  return bytes instanceof Uint8Array ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : cell
}
