import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Logger } from '../../common/log.ts'
import { limitTime } from '../../common/time-limit.ts'
import { reasonOf } from '../../protos/errors.ts'
import { type CompletenessQuery, measureCompleteness } from './completeness/measure.ts'
import { prepare, writeRows } from './full-rate.ts'
import { createKnownGaps, type GapsWanted, gapsOf, ledgerWanted } from './gaps.ts'
import { createGate } from './gate.ts'
import { type Engine, type Look, takeLook } from './look.ts'
import { createOutput, openPlace, type Place } from './output.ts'
import { writeParquetAnswer } from './parquet.ts'
import { createRigTimes } from './rig-times.ts'
import { createStreams } from './streams.ts'
import { checkThinned, thin } from './thin.ts'
import { thinnedText } from './thinned-text.ts'
import {
  type GapsQuery,
  HistoryError,
  type ReadingsQuery,
  type RigTimesQuery,
  type ThinnedAnswer,
  type ThinnedQuery,
} from './types.ts'
import { type Asked, encodeHead, fromJson, toJson } from './wire.ts'
import { withConnection } from './with-connection.ts'

// Answers questions over HTTP, on a socket that ingest alone can reach. Bounds how many are computed at a time and how long one takes; ends
// what nobody waits for any more.

export interface ServeOptions {
  engine: Engine
  /** For files of answers on their way. */
  folder: string
  journalFolder: string
  quarantineFolder: string
  log: Logger
  thinnedMsMax?: number
  /** How long a reader may take nothing before its transfer is broken off. */
  stallMsMax?: number
}

/** What waits in memory for its reader waits shorter. */
const thinnedStallMsMax = 20_000

/** Answers at full rate, those with slow readers too: each keeps files, and memory of DuckDB. */
const openMax = 32

const bodyBytesMax = 16 * 1024 * 1024

export function createHistoryServer({
  engine,
  folder,
  journalFolder,
  quarantineFolder,
  log,
  thinnedMsMax = 10_000,
  stallMsMax = 120_000,
}: ServeOptions): Server {
  const downloads = createGate('answers at full rate', openMax, 0)
  const whole = createGate('answers at full rate', 2, 8)
  const small = createGate('thinned series', 4, 64)
  const reports = createGate('reports on completeness', 1, 16)
  const gaps = createKnownGaps(engine.files)
  const streams = createStreams(engine)
  const rigTimes = createRigTimes(engine)
  let open = 0

  /** A look, and what is missing there. */
  const looking = async <T>(
    { query, synced }: Asked<GapsWanted>,
    rows: string | undefined,
    signal: AbortSignal,
    work: (connection: DuckDBConnection, look: Look) => Promise<T>,
  ): Promise<T> =>
    await again(() =>
      withConnection(engine, signal, async (connection) => {
        const ledger = ledgerWanted(query)
        const look = await takeLook(engine, {
          parts: query.parts,
          stream: rows,
          synced,
          gapsVersion: gaps.version,
          ledger,
        })
        return await work(connection, look)
      }),
    )

  const answerGaps = async (asked: Asked<GapsQuery>, signal: AbortSignal) =>
    await looking(asked, undefined, signal, (connection, look) =>
      gapsOf(connection, gaps, engine.files, look, asked.query),
    )

  const answerThinned = async (asked: Asked<ThinnedQuery>, signal: AbortSignal): Promise<ThinnedAnswer> => {
    const { query } = asked
    checkThinned(query)
    return await looking(asked, query.stream, signal, async (connection, look) => ({
      ...(await thin(engine, connection, look, query, signal)),
      ...(await gapsOf(connection, gaps, engine.files, look, query)),
    }))
  }

  const sendThinnedText = async (text: Iterable<string>, response: ServerResponse, signal: AbortSignal) => {
    const output = createOutput(response, signal, Math.min(stallMsMax, thinnedStallMsMax))
    for (const piece of text) {
      output.write(Buffer.from(piece))
      await output.room()
    }
    response.end()
  }

  const answerReadings = async (asked: Asked<ReadingsQuery>, response: ServerResponse, signal: AbortSignal) => {
    const { query } = asked
    const { format } = query
    const leave = await downloads.enter(signal)
    let place: Place | undefined
    try {
      place = await openPlace(whole, signal)
      await looking(asked, query.stream, signal, async (connection, look) => {
        const missing = await gapsOf(connection, gaps, engine.files, look, query)
        const prepared = await prepare(engine, connection, look, query, missing, signal)
        const output = createOutput(response, signal, stallMsMax, place)
        const send = async (work: () => Promise<void>) => {
          output.write(encodeHead(prepared.head))
          try {
            await work()
          } catch (error) {
            throw new Begun(reasonOf(error), { cause: error })
          }
        }
        if (format === 'parquet') {
          const file = await writeParquetAnswer(engine, connection, folder, look, query, prepared, signal)
          try {
            await send(() => file.send(output))
          } finally {
            await file.close()
          }
        } else await send(() => writeRows(engine, connection, look, { ...query, format }, prepared, output, signal))
      })
      response.end()
    } finally {
      place?.leave()
      leave()
    }
  }

  const answerCompleteness = async ({ query, synced }: Asked<CompletenessQuery>, signal: AbortSignal) => {
    const leave = await reports.enter(signal)
    const onProgress = (rows: number, rowsAbout: number) =>
      Object.assign(engine.counters, { reportRows: rows, reportRowsAbout: rowsAbout })
    const options = { engine, gaps, journalFolder, quarantineFolder, synced, onProgress }
    try {
      return await again(() =>
        withConnection(engine, signal, (connection) => measureCompleteness(connection, query, options, signal)),
      )
    } finally {
      leave()
      onProgress(0, 0)
    }
  }

  const answer = async (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => {
    const text = await readBody(request)
    if (request.url === '/readings') return await answerReadings(fromJson(text), response, signal)
    if (request.url === '/completeness') {
      response.end(toJson(await answerCompleteness(fromJson(text), signal)))
      return
    }
    if (request.url === '/thinned') {
      const asked = fromJson<Asked<ThinnedQuery>>(text)
      const thinned = await briefly(signal, (limited) => answerThinned(asked, limited))
      await sendThinnedText(thinnedText(asked.query, thinned), response, signal)
    } else if (request.url === '/gaps') {
      response.end(toJson(await briefly(signal, (limited) => answerGaps(fromJson(text), limited))))
    } else if (request.url === '/rig-times') {
      const { query, synced } = fromJson<Asked<RigTimesQuery>>(text)
      const find = (limited: AbortSignal) =>
        withConnection(engine, limited, (connection) => rigTimes(connection, query, synced, limited))
      response.end(toJson(await briefly(signal, (limited) => again(() => find(limited)))))
    } else if (request.url === '/streams') {
      const { query, synced } = fromJson<Asked<{ rig?: string }>>(text)
      response.end(
        await briefly(signal, async () => {
          if (synced) await engine.tail.follow(synced)
          return toJson(streams(query.rig))
        }),
      )
    } else throw new Error(`no such question: ${request.url}`)
  }

  /** What is to be computed within seconds. */
  const briefly = async <T>(signal: AbortSignal, work: (limited: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = limitTime(thinnedMsMax, signal)
    let leave = () => {}
    try {
      leave = await small.enter(limit.signal)
      return await work(limit.signal)
    } catch (error) {
      if (limit.isOver()) {
        throw new HistoryError(
          503,
          `this takes longer than ${thinnedMsMax / 1000} s: ask for a shorter time or fewer channels`,
        )
      }
      throw error
    } finally {
      limit.end()
      leave()
    }
  }

  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort(new Error('nobody waits for the answer any more')))
    engine.counters.questions = (engine.counters.questions ?? 0) + 1
    engine.counters.open = ++open
    answer(request, response, gone.signal)
      .catch((error) => refuse(error, response, gone.signal, log, request.url ?? ''))
      .finally(() => {
        engine.counters.open = --open
      })
  })
  return server
}

/** A file that retention has taken away meanwhile: a new look. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const isGone = /No files found|Cannot open file|No such file/i.test(reasonOf(error))
      if (tries >= 2 || error instanceof Begun || !isGone) throw error
    }
  }
}

/** What goes wrong when bytes have left already: there is no second try, the transfer breaks off. */
class Begun extends Error {}

function refuse(error: unknown, response: ServerResponse, gone: AbortSignal, log: Logger, url: string): void {
  if (gone.aborted) return
  if (response.headersSent) {
    log.error({ err: error, url }, 'an answer has broken off')
    response.destroy()
    return
  }
  const known = error instanceof HistoryError
  const outOfMemory = /^Out of Memory Error/i.test(reasonOf(error))
  if (!known) log.error({ err: error, url }, 'a question about history cannot be answered')
  response.statusCode = known ? error.status : outOfMemory ? 503 : 500
  const message = outOfMemory
    ? 'this takes more memory than there is: ask for a shorter time or fewer channels'
    : reasonOf(error)
  response.end(toJson({ message }))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > bodyBytesMax) throw new HistoryError(400, `a question of more than ${bodyBytesMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
