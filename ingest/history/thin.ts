import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { readValidity } from '../sinks/lake/read-lake.ts'
import { type AnswerColumn, chooseChannels } from './channels.ts'
import { createTimesReader, createTimesWriter, type KnownTimes } from './known-times.ts'
import { describeLook, type Engine, type Look, openPart } from './look.ts'
import { createM4, cutPixels, type M4 } from './m4.ts'
import { rawChunks } from './raw-chunks.ts'
import { type Query, queriesOf, type Shape } from './relation.ts'
import { HistoryError, type ThinnedAnswer, type ThinnedQuery } from './types.ts'

export const pointsMin = 4
export const pointsMax = 100_000
export const channelsMax = 200
/** All channels and parts together. */
const slotsMax = 2_000_000

const thinShape: Shape = {
  own: ['t_ns'],
  channel: ({ kind }, name) => (kind === 'f64' || kind === 'scaled' ? name : `CAST(${name} AS DOUBLE)`),
  missing: () => 'CAST(NULL AS DOUBLE)',
}

export function checkThinned({ points, channels, parts }: ThinnedQuery): void {
  if (!Number.isInteger(points) || points < pointsMin || points > pointsMax) {
    throw new HistoryError(400, `points: expected a whole number of ${pointsMin} to ${pointsMax} (found ${points})`)
  }
  if (channels && channels.length > channelsMax) throw tooManyChannels(channels.length)
  const slots = points * (channels?.length ?? 1) * parts.length
  if (slots > slotsMax) throw tooManyPoints(slots)
}

const tooManyChannels = (count: number) =>
  new HistoryError(400, `${count} channels: thinned series are of ${channelsMax} at most; name fewer`)
const tooManyPoints = (slots: number) =>
  new HistoryError(400, `${slots} points of all channels and rigs together: ${slotsMax} at most; ask for fewer`)

type Series = Omit<ThinnedAnswer, 'gaps' | 'holes' | 'cut'>

export async function thin(
  engine: Engine,
  connection: DuckDBConnection,
  look: Look,
  query: ThinnedQuery,
  signal: AbortSignal,
): Promise<Series> {
  const { described, schemas } = await describeLook(engine, connection, look, query.stream, signal)
  const columns = chooseChannels(described, schemas, query.channels)
  if (columns.length > channelsMax) throw tooManyChannels(columns.length)
  if (query.points * columns.length * look.parts.length > slotsMax) {
    throw tooManyPoints(query.points * columns.length * look.parts.length)
  }
  const numbers = columns.filter(({ kind }) => kind !== 'text')
  const text = columns.find(({ kind }) => kind === 'text')
  // Named, it is a mistake; of all channels, those that are texts are left out.
  if (text && (query.channels || numbers.length === 0)) {
    throw new HistoryError(
      400,
      `channel ${JSON.stringify(text.channel)} is text, which has no lowest and highest: ask for it at full rate`,
    )
  }
  const pixels = Math.max(1, Math.floor(query.points / 4))
  const answer: Series = { method: 'm4', pixels, rows: 0, series: [] }
  for (const partLook of look.parts) {
    const { part } = partLook
    const cut = cutPixels(part.fromNs, part.toNs, pixels)
    const m4s = numbers.map(() => createM4(cut))
    const { sources, close } = await openPart(engine, connection, partLook, signal)
    const rowsMax = Math.max(20_000, Math.min(400_000, Math.floor(4_000_000 / (numbers.length + 1))))
    answer.rows += await scan(
      connection,
      queriesOf({ part, sources, columns: numbers, shape: thinShape, rowsMax }),
      m4s,
      rowsMax,
      engine.times,
      signal,
    )
    await close()
    answer.series.push(...m4s.map((m4, i) => seriesOf(part.rig, numbers[i]!, m4)))
  }
  return answer
}

const seriesOf = (rig: string, { facts }: AnswerColumn, m4: M4): ThinnedAnswer['series'][number] => ({
  rig,
  channel: facts,
  ...m4.points(),
  present: m4.present,
  missing: m4.missing,
  notFinite: m4.notFinite,
})

/** Whole results at a time where they are small: asking for chunks one by one takes longer than the rest. The next is computed meanwhile. */
async function scan(
  connection: DuckDBConnection,
  queries: Iterator<Query>,
  m4s: readonly M4[],
  rowsMax: number,
  known: KnownTimes,
  signal: AbortSignal,
): Promise<number> {
  let rows = 0
  const use = (chunk: DuckDBDataChunk) => {
    rows += chunk.rowCount
    addChunk(chunk, m4s)
  }
  const start = () => {
    signal.throwIfAborted()
    const { value: query } = queries.next() as { value: Query | undefined }
    if (!query) return undefined
    if (query.rows <= 2 * rowsMax) {
      const times = query.whole && known.of(query.whole.files)
      const sql = times ? query.whole!.sqlWithoutTimes : query.sql
      return connection.run(sql).then((whole) => ({ whole, times, files: query.whole?.files }))
    }
    return connection.stream(query.sql).then((stream) => ({ stream }))
  }
  let pending = start()
  const readAll = async () => {
    while (pending) {
      const result = await pending
      if ('whole' in result) {
        pending = start()
        // It may fail while this one is read.
        pending?.catch(() => {})
        const timesOf = result.times && createTimesReader(result.times)
        const keep = result.files && !result.times ? createTimesWriter(result.files, known) : undefined
        for (const { times, values, validities } of rawChunks(result.whole, m4s.length, timesOf)) {
          rows += times.length
          keep?.add(times)
          for (const [i, m4] of m4s.entries()) m4.add(times, values[i]!, validities[i])
        }
        keep?.end()
      } else {
        for (;;) {
          const chunk = await result.stream.fetchChunk()
          signal.throwIfAborted()
          if (!chunk || chunk.rowCount === 0) break
          use(chunk)
        }
        pending = start()
      }
    }
  }
  try {
    await readAll()
  } catch (error) {
    // The connection is not to be closed under a query that runs.
    connection.interrupt()
    await pending?.catch(() => {})
    throw error
  }
  return rows
}

function addChunk(chunk: DuckDBDataChunk, m4s: readonly M4[]): void {
  const items = <T>(index: number) => (chunk.getColumnVector(index) as unknown as { items: T }).items
  const times = items<BigInt64Array>(0)
  for (const [i, m4] of m4s.entries()) m4.add(times, items<Float64Array>(i + 1), readValidity(chunk, i + 1))
}
