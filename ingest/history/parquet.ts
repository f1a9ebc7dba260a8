import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { reasonOf } from '../../protos/errors.ts'
import { copyStatement } from '../sinks/lake/parquet-file.ts'
import { quoteName } from '../sinks/lake/stage.ts'
import type { AnswerColumn } from './channels.ts'
import { factsText } from './encoder.ts'
import type { Output, Prepared } from './full-rate.ts'
import { type Engine, type Look, openPart } from './look.ts'
import { queriesOf, type Shape } from './relation.ts'
import { HistoryError, type ReadingsQuery } from './types.ts'

// An answer as one Parquet file of the types that the lake's files have. It is written to disk first: a Parquet file ends with what it begins
// with, and a pipe has no name on every system.

const types: Record<AnswerColumn['kind'], string> = {
  f64: 'DOUBLE',
  scaled: 'DOUBLE',
  f32: 'FLOAT',
  int: 'BIGINT',
  bool: 'BOOLEAN',
  text: 'VARCHAR',
}

const parquetShape: Shape = {
  own: ['rig', 't_ns', 'time', 'era', 'flags'],
  channel: (_, name) => name,
  missing: ({ kind }) => `CAST(NULL AS ${types[kind]})`,
}

/** Left free on the disk, at least. */
const reserveBytes = 1024 ** 3

export interface ParquetAnswer {
  send(output: Output): Promise<void>
  close(): Promise<void>
}

/** Writes the file. Throws HistoryError 503 if the disk has no room for it. */
export async function writeParquetAnswer(
  engine: Engine,
  connection: DuckDBConnection,
  folder: string,
  look: Look,
  query: ReadingsQuery,
  { head, columns }: Prepared,
  signal: AbortSignal,
): Promise<ParquetAnswer> {
  await mkdir(folder, { recursive: true })
  if ((await freeBytes(folder)) < head.bytesAbout + reserveBytes) {
    throw noRoom(`a file of about ${head.bytesAbout} bytes`)
  }
  const opened: (() => Promise<void>)[] = []
  const queries: string[] = []
  for (const [i, partLook] of look.parts.entries()) {
    const { sources, close } = await openPart(engine, connection, partLook, signal, `tail_${i}`)
    opened.push(close)
    for (const { sql } of queriesOf({ part: partLook.part, sources, columns, shape: parquetShape })) queries.push(sql)
  }
  if (queries.length === 0) queries.push(noRows(columns))
  const file = join(folder, `${randomUUID()}.parquet`)
  const { stream, parts } = query
  const metadata = { rigline: factsText({ ...head, stream, parts, columns, rigs: [] }) }
  // Without looking at every value first, none can be ruled out (see parquet-file.ts).
  const withoutDictionary = columns.some(({ kind }) => kind === 'f64' || kind === 'f32' || kind === 'scaled')
  try {
    signal.throwIfAborted()
    await keepingRoom(connection, folder, () =>
      connection.run(copyStatement(queries.join(' UNION ALL '), file, metadata, { withoutDictionary })),
    )
    for (const close of opened) await close()
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
  return {
    async send(output) {
      for await (const bytes of createReadStream(file, { highWaterMark: 256 * 1024 })) {
        output.write(bytes as Buffer)
        await output.room()
        signal.throwIfAborted()
      }
    },
    close: () => rm(file, { force: true }),
  }
}

const freeBytes = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

const noRoom = (what: string) =>
  new HistoryError(503, `the disk has no room for ${what}: ask for less, or for arrow or csv`)

const lookEveryMs = 200

/** Texts may be far longer than was reckoned, and sorting takes room too; the journal needs the disk more: ends the query when it gets scarce. */
async function keepingRoom(connection: DuckDBConnection, folder: string, work: () => Promise<unknown>): Promise<void> {
  let scarce = false
  const timer = setInterval(async () => {
    scarce ||= (await freeBytes(folder).catch(() => Number.POSITIVE_INFINITY)) < reserveBytes / 2
    if (scarce) connection.interrupt()
  }, lookEveryMs)
  try {
    await work()
  } catch (error) {
    throw scarce || /No space left on device/i.test(reasonOf(error)) ? noRoom('this file') : error
  } finally {
    clearInterval(timer)
  }
}

const noRows = (columns: readonly AnswerColumn[]): string => {
  const own = ['CAST(NULL AS VARCHAR) AS rig', 'CAST(NULL AS BIGINT) AS t_ns', 'CAST(NULL AS TIMESTAMPTZ) AS time']
  const more = ['CAST(NULL AS INTEGER) AS era', 'CAST(NULL AS INTEGER) AS flags']
  const channels = columns.map((column) => `${parquetShape.missing(column)} AS ${quoteName(column.facts.column)}`)
  return `SELECT ${[...own, ...more, ...channels].join(', ')} WHERE false`
}
