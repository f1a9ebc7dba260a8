import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../common/log.ts'
import { builtProgram } from '../../common/program.ts'
import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import { reasonOf } from '../../protos/errors.ts'
import type { CompletenessQuery } from './completeness/measure.ts'
import type { Completeness } from './completeness/report.ts'
import { superviseProcess } from './supervise.ts'
import {
  type GapsAnswer,
  type GapsQuery,
  HistoryError,
  type HistoryStatus,
  type ReadingsHead,
  type ReadingsQuery,
  type RigTimesAnswer,
  type RigTimesQuery,
  type StreamFacts,
  type ThinnedQuery,
} from './types.ts'
import { type Asked, fromJson, toJson } from './wire.ts'

// Ingest's side of history: starts the child process that answers, and asks it.

/** All of it rejects with HistoryError for what cannot be answered as asked, and when `signal` aborts. */
export interface History {
  /** What of the journal is durable now: what is asked from here on sees all of that. */
  synced(position: Position): void
  /**
   * `body` must be read to its end or destroyed. It ends with an error if the answer breaks off: it never ends as if it were whole.
   */
  readings(query: ReadingsQuery, signal?: AbortSignal): Promise<{ head: ReadingsHead; body: Readable }>
  /** The JSON of the HTTP API, to be read as the body of readings. */
  thinned(query: ThinnedQuery, signal?: AbortSignal): Promise<Readable>
  gaps(query: GapsQuery, signal?: AbortSignal): Promise<GapsAnswer>
  /** A report on what is there of that time: one is made at a time, others wait. */
  completeness(query: CompletenessQuery, signal?: AbortSignal): Promise<Completeness>
  /** Of one rig or all, sorted by rig and stream. */
  streams(rig?: string, signal?: AbortSignal): Promise<StreamFacts[]>
  /** Times by ingest's clock as times by the rigs' own. */
  rigTimes(query: RigTimesQuery, signal?: AbortSignal): Promise<RigTimesAnswer>
  status(): HistoryStatus
  /** Safe twice. */
  close(): Promise<void>
}

export interface HistoryOptions {
  journalFolder: string
  catalogFile: string
  lakeFolder: string
  log: Logger
  config?: Partial<HistoryConfig> | undefined
}

export interface HistoryConfig {
  /** Of DuckDB. */
  memoryBytesMax: number
  threads: number
  /** Of the journal's part that is not in the lake yet, in memory. */
  tailBytesMax: number
}

export const historyDefaults: HistoryConfig = {
  memoryBytesMax: 192 * 1024 * 1024,
  threads: 2,
  tailBytesMax: 64 * 1024 * 1024,
}

/** `program`: what is built of history-process.ts. Throws if the folder for its socket cannot be made. */
export function startHistory(options: HistoryOptions, program = builtProgram('history-process')): History {
  const { log, journalFolder, catalogFile, lakeFolder } = options
  const config = { ...historyDefaults, ...options.config }
  // A short path: a socket's name has about a hundred characters at most.
  const folder = mkdtempSync(join(tmpdir(), 'rigline-'))
  const child = superviseProcess(
    folder,
    (socket) => [program, { journalFolder, catalogFile, lakeFolder, socket, config }],
    log,
  )
  // How many ask at a time is bounded where they are answered: here slow readers would keep the others waiting.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 16 })
  let synced: Position | undefined
  let closing: Promise<void> | undefined

  const ask = async <Query>(path: string, query: Query, signal?: AbortSignal): Promise<IncomingMessage> => {
    const asked: Asked<Query> = { query, synced }
    const text = toJson(asked)
    // One that died just now: the next one is asked, once.
    const again = async (error: unknown) => {
      if (signal?.aborted) throw error
      await sleep(againAfterMs)
      return await post(agent, await child.socket(signal), path, text, signal)
    }
    const response = await post(agent, await child.socket(signal), path, text, signal).catch(again)
    if (response.statusCode === 200) return response
    const { message } = fromJson<{ message: string }>(await readText(response))
    const status = response.statusCode
    if (status === 400 || status === 404 || status === 503) throw new HistoryError(status, message)
    throw new Error(`history: ${message}`)
  }

  return {
    synced(position) {
      if (synced && comparePositions(position, synced) <= 0) return
      synced = position
      child.synced(position)
    },
    async readings(query, signal) {
      const body = await ask('/readings', query, signal)
      const head = fromJson<ReadingsHead>((await readHead(body)).toString('utf8'))
      return { head, body }
    },
    thinned: (query, signal) => ask('/thinned', query, signal),
    gaps: async (query, signal) => fromJson<GapsAnswer>(await readText(await ask('/gaps', query, signal))),
    completeness: async (query, signal) =>
      fromJson<Completeness>(await readText(await ask('/completeness', query, signal))),
    streams: async (rig, signal) =>
      fromJson<StreamFacts[]>(await readText(await ask('/streams', rig === undefined ? {} : { rig }, signal))),
    rigTimes: async (query, signal) => fromJson<RigTimesAnswer>(await readText(await ask('/rig-times', query, signal))),
    status: child.status,
    close() {
      closing ??= child.close().then(() => {
        agent.destroy()
        rmSync(folder, { recursive: true, force: true })
      })
      return closing
    },
  }
}

const againAfterMs = 100

function post(
  agent: Agent,
  socketPath: string,
  path: string,
  body: string,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST', agent, ...(signal ? { signal } : {}) }, resolve)
    sent.once('error', (error) => {
      if (signal?.aborted) reject(signal.reason)
      else reject(new HistoryError(503, `history does not answer (${error.message}): try again in some seconds`))
    })
    sent.end(body)
  })
}

/** Reads the answer's head (see encodeHead) and leaves the rest to be read. */
async function readHead(body: IncomingMessage): Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0)
  for (;;) {
    const length = bytes.length >= 4 ? bytes.readUInt32LE(0) : undefined
    if (length !== undefined && bytes.length >= 4 + length) {
      if (bytes.length > 4 + length) body.unshift(bytes.subarray(4 + length))
      return bytes.subarray(4, 4 + length)
    }
    const more = body.read() as Buffer | null
    if (more) bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more])
    else await readable(body)
  }
}

const readable = (body: IncomingMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      body.off('readable', ready).off('error', settle).off('end', ended).off('close', ended)
      if (error) reject(brokenOff(error))
      else resolve()
    }
    const ready = () => settle()
    const ended = () => settle(new Error('it ended before it had begun'))
    body.once('readable', ready).once('error', settle).once('end', ended).once('close', ended)
  })

async function readBytes(body: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  try {
    for await (const part of body as AsyncIterable<Buffer>) parts.push(part)
  } catch (error) {
    throw brokenOff(error)
  }
  return Buffer.concat(parts)
}

const brokenOff = (cause: unknown): HistoryError =>
  new HistoryError(503, `history's answer broke off (${reasonOf(cause)}): try again in some seconds`, { cause })

const readText = async (body: Readable): Promise<string> => (await readBytes(body)).toString('utf8')
