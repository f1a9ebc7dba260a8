import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { readValidity } from '../sinks/lake/read-lake.ts'
import { type AnswerColumn, chooseChannels } from './channels.ts'
import { createTimesReader, createTimesWriter, type KnownTimes } from './known-times.ts'
import { describeLook, type Engine, type Look, openPart } from './look.ts'
import { createM4, cutPixels, type M4 } from './m4.ts'
import { rawChunks } from './raw-chunks.ts'
import { type Query, queriesOf, type Shape } from './relation.ts'
import { itemsOf, type Reader, scan } from './scan.ts'
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
    const { readerOf, rows } = createReader(m4s, engine.times)
    const queries = queriesOf({ part, sources, columns: numbers, shape: thinShape, rowsMax })
    await scan(connection, queries, rowsMax, readerOf, signal)
    answer.rows += rows()
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

/** Reads rows into the series, with times that are known already where they are; `rows` counts them. */
function createReader(m4s: readonly M4[], known: KnownTimes) {
  let rows = 0
  const readerOf = ({ sql, whole: files }: Query, isWhole: boolean): Reader => {
    const times = isWhole && files ? known.of(files.files) : undefined
    return {
      sql: times ? files!.sqlWithoutTimes : sql,
      whole(result) {
        const timesOf = times && createTimesReader(times)
        const keep = files && !times ? createTimesWriter(files.files, known) : undefined
        for (const chunk of rawChunks(result, m4s.length, timesOf)) {
          rows += chunk.times.length
          keep?.add(chunk.times)
          for (const [i, m4] of m4s.entries()) m4.add(chunk.times, chunk.values[i]!, chunk.validities[i])
        }
        keep?.end()
      },
      chunk(chunk) {
        rows += chunk.rowCount
        addChunk(chunk, m4s)
      },
    }
  }
  return { readerOf, rows: () => rows }
}

function addChunk(chunk: DuckDBDataChunk, m4s: readonly M4[]): void {
  const times = itemsOf<BigInt64Array>(chunk, 0)
  for (const [i, m4] of m4s.entries()) m4.add(times, itemsOf<Float64Array>(chunk, i + 1), readValidity(chunk, i + 1))
}
