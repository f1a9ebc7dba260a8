import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import { createArrowEncoder } from './arrow.ts'
import { type AnswerColumn, chooseChannels } from './channels.ts'
import { chunkShape, type Encoder, type EncoderOptions } from './encoder.ts'
import { describeLook, type Engine, type Look, openPart } from './look.ts'
import { queriesOf } from './relation.ts'
import { createCsvEncoder, createJsonEncoder } from './text-rows.ts'
import type { Format, GapsAnswer, ReadingsHead, ReadingsQuery } from './types.ts'

// All rows of an answer, in order, as bytes of a format.

export interface Output {
  write(bytes: Uint8Array): void
  /** Resolves when more may be written. `rest`: called once it takes long, awaited before that resolves. */
  room(rest?: () => Promise<unknown>): Promise<void>
}

const encoders: Record<Exclude<Format, 'parquet'>, (options: EncoderOptions, write: Output['write']) => Encoder> = {
  arrow: createArrowEncoder,
  csv: createCsvEncoder,
  json: createJsonEncoder,
}

const contentTypes: Record<Format, string> = {
  arrow: 'application/vnd.apache.arrow.stream',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
  parquet: 'application/vnd.apache.parquet',
}

export interface Prepared {
  head: ReadingsHead
  columns: AnswerColumn[]
}

export async function prepare(
  engine: Engine,
  connection: DuckDBConnection,
  look: Look,
  query: ReadingsQuery,
  gaps: GapsAnswer,
  signal: AbortSignal,
): Promise<Prepared> {
  const { described, schemas } = await describeLook(engine, connection, look, query.stream, signal)
  const columns = chooseChannels(described, schemas, query.channels)
  const rowsMost = look.parts.reduce(
    (sum, { part, facts, tail }) =>
      sum +
      tail.reduce((rows, { batch }) => rows + batch.rows, 0) +
      facts.reduce((rows, { spans }) => rows + rowsOf(spans.get(part.rig) ?? [], part), 0),
    0,
  )
  const perRow = { arrow: 28, csv: 70, json: 80, parquet: 6 }[query.format]
  const perCell = { arrow: 8, csv: 14, json: 14, parquet: 7 }[query.format]
  const channels = columns.map(({ facts }) => facts)
  const bytesAbout = Math.round(rowsMost * (perRow + perCell * columns.length)) + 1000
  return { head: { ...gaps, contentType: contentTypes[query.format], channels, rowsMost, bytesAbout }, columns }
}

const rowsOf = (
  spans: readonly { minNs: string; maxNs: string; rows: number }[],
  { fromNs, toNs }: { fromNs: bigint; toNs: bigint },
): number =>
  spans.reduce((rows, span) => (BigInt(span.minNs) < toNs && BigInt(span.maxNs) >= fromNs ? rows + span.rows : rows), 0)

export async function writeRows(
  engine: Engine,
  connection: DuckDBConnection,
  look: Look,
  query: ReadingsQuery & { format: Exclude<Format, 'parquet'> },
  { head, columns }: Prepared,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { stream, parts, format } = query
  const rigs = [...new Set(parts.map(({ rig }) => rig))]
  const encoder = encoders[format]({ ...head, stream, parts, columns, rigs }, output.write)
  for (const partLook of look.parts) {
    const { part } = partLook
    const { sources, close } = await openPart(engine, connection, partLook, signal)
    let era: number | undefined
    let lastNs = 0n
    const rowsMax = Math.max(100_000, Math.floor(cellsPerQuery / (columns.length + 1)))
    for (const one of queriesOf({ part, sources, columns, shape: chunkShape, rowsMax })) {
      signal.throwIfAborted()
      for await (const chunk of chunksOf(connection, one.sql, output, signal)) {
        const times = (chunk.getColumnVector(0) as unknown as { items: BigInt64Array }).items
        if (one.era === era && times[0]! < lastNs)
          throw new Error(`rows out of order at ${times[0]} after ${lastNs} ns`)
        era = one.era
        lastNs = times[times.length - 1]!
        encoder.add(part, chunk)
      }
    }
    await close()
  }
  encoder.end()
  await output.room()
}

/** What a query that is begun again has to read again at most, about. */
const cellsPerQuery = 40_000_000

/**
 * The rows of a query, as fast as they are read. While the reader stands still nothing of it is left in DuckDB, whose memory the others need: it
 * is begun again behind the rows that have gone, which come in the same order each time.
 */
async function* chunksOf(
  connection: DuckDBConnection,
  sql: string,
  output: Output,
  signal: AbortSignal,
): AsyncGenerator<DuckDBDataChunk> {
  let rows = 0
  let result: DuckDBResult | undefined
  const rest = async () => {
    result = undefined
    // The next query of a connection ends the one that it streams.
    await connection.run('SELECT 1')
  }
  for (;;) {
    result ??= await connection.stream(rows === 0 ? sql : `SELECT * FROM (${sql}) OFFSET ${rows}`)
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return
    yield chunk
    rows += chunk.rowCount
    await output.room(rest)
    signal.throwIfAborted()
  }
}
