import { join } from 'node:path'
import type { Body, Cause, Gap, Health } from '../../protos/types.ts'
import type { LakeFile } from '../catalog/types.ts'
import { tableLines } from '../sinks/influx/table-lines.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import type { JournalEnvelope } from '../sinks/sink.ts'
import { envelopeAt } from './envelope-at.ts'
import type { ReadParts, Wanted } from './read-file.ts'

// The lake's tables beside the streams -> events, Gaps, clock samples and health, as they travelled.

type Row = Record<string, unknown>

/** Texts as bytes (DuckDB's client drops a leading byte order mark), and what makes a body of a row. */
const tables: Record<string, { texts: readonly string[]; toBody(row: Row): Body }> = {
  _events: {
    texts: ['type', 'author', 'text', 'facts', 'id'],
    toBody: ({ t_ns, type, author, text, facts, id }) => ({
      type: 'event',
      event: {
        tNs: t_ns as bigint,
        type: type as string,
        author: author as string,
        text: text as string,
        facts: JSON.parse(facts as string) as Record<string, string>,
        id: id as string,
      },
    }),
  },
  _clock: {
    texts: ['boot_id'],
    toBody: (row) => ({
      type: 'clock_sample',
      clockSample: {
        tNs: row.t_ns as bigint,
        offsetNs: row.offset_ns as bigint,
        roundTripNs: row.round_trip_ns as bigint,
        stepNs: row.step_ns as bigint,
        monotonicNs: row.monotonic_ns as bigint,
        bootId: Buffer.from(row.boot_id as string, 'hex'),
      },
    }),
  },
  _gaps: {
    texts: ['streams', 'cause', 'detail', 'gap_spool', 'numbers', 'of_rig'],
    toBody(row) {
      const gap: Gap = {
        fromNs: row.from_ns as bigint,
        toNs: row.to_ns as bigint,
        streams: JSON.parse(row.streams as string) as string[],
        cause: row.cause as Cause,
        detail: row.detail as string,
        spool: row.gap_spool as string,
        numbers: JSON.parse(row.numbers as string) as Gap['numbers'],
        rows: Number(row.rows),
      }
      if (typeof row.of_rig === 'string') gap.rig = row.of_rig
      return { type: 'gap', gap }
    },
  },
  _health: {
    texts: ['version', 'sources'],
    toBody: (row) => ({
      type: 'health',
      health: {
        tNs: row.t_ns as bigint,
        version: row.version as string,
        memoryBytes: Number(row.memory_bytes),
        spoolBytes: Number(row.spool_bytes),
        spoolEnvelopes: Number(row.spool_envelopes),
        sources: JSON.parse(row.sources as string) as Health['sources'],
      },
    }),
  },
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
