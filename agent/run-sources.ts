import { setTimeout as wait } from 'node:timers/promises'
import { UsageError } from '../common/failure.ts'
import type { Logger } from '../common/log.ts'
import type { Gap, Schema, SourceHealth } from '../protos/types.ts'
import { type Batcher, createGap, type StreamState } from './batcher.ts'
import type { RowChunk, Source, SourceContext, SourceEvent } from './sources/source.ts'
import type { SourceConfig } from './sources/table.ts'

// Opens the configured sources and carries their rows into the batchers, as fast as the spool takes them.

const restartLeastMs = 1000
const restartMostMs = 30_000
const roomCheckMs = 100

export interface RunningSource {
  name: string
  start(): void
  ended: Promise<void>
  counters(): { rows: number; readings: number }
  health(): SourceHealth
  /** Stops the source and closes its open batches. */
  close(): Promise<void>
}

export type OpenAnySource = (config: SourceConfig, context: SourceContext) => Promise<Source>

export interface RunOptions {
  openSource: OpenAnySource
  folder: string
  log: Logger
  nowNs(): bigint
  /** Last known states, by stream. */
  streams: ReadonlyMap<string, StreamState>
  /** `onDue`: see BatcherOptions. */
  createBatcher(schema: Schema, onDue: () => void): Batcher
  /** An event of a source, and what its key counts in. */
  onEvent(event: SourceEvent, source: string, origin: string): void
  onGap(gap: Gap): void
  /** All rows of these streams up to a position are given to the spool. */
  onThrough(streams: string[], at: { position: number; origin: string }): void
  drained(): Promise<void>
  hasRoom(): boolean
}

export async function openSources(configs: SourceConfig[], options: RunOptions): Promise<RunningSource[]> {
  const running: RunningSource[] = []
  const owners = new Map<string, string>()
  for (const config of configs) {
    const name = config.name ?? config.type
    const log = options.log.child({ source: name })
    const context: SourceContext = { name, log, nowNs: options.nowNs, folder: options.folder }
    // A first opening tells the streams; only then is known where each of them stopped.
    let source = await options.openSource(config, context).catch((cause: Error) => {
      throw new UsageError(`sources[${running.length}]: ${cause.message}`, { cause })
    })
    for (const { stream } of source.streams) {
      const owner = owners.get(stream)
      if (owner !== undefined)
        throw new UsageError(`sources "${owner}" and "${name}" both have a stream "${stream}": rename one`)
      owners.set(stream, name)
    }
    const resume = findResume(source, options.streams)
    if (resume) {
      await source.close()
      source = await options.openSource(config, { ...context, resume })
    }
    running.push(runSource(name, source, resume, log, options))
  }
  return running
}

/**
 * The source goes on where all of its streams are spooled: a power cut may have kept the batch of one and lost that of another
 * which was written with it. Rows of a stream that are spooled already are passed over by its batcher. Only the origin that
 * was read last counts: before another one begins, everything of the last is spooled. `streams` is in the order of the last batches.
 */
export function findResume(
  source: Pick<Source, 'streams'>,
  streams: ReadonlyMap<string, StreamState>,
): SourceContext['resume'] {
  const own = new Set(source.streams.map(({ stream }) => stream))
  const last = [...streams].findLast(([stream, { position }]) => own.has(stream) && position > 0)
  if (!last) return undefined
  const { origin } = last[1]
  const positions = [...own].map((stream) => {
    const state = streams.get(stream)
    const at = state?.origin === origin ? state.position : 0
    return Math.max(at, state?.through?.origin === origin ? state.through.position : 0)
  })
  return { position: Math.min(...positions), origin }
}

function runSource(
  name: string,
  source: Source,
  resume: SourceContext['resume'],
  log: Logger,
  options: RunOptions,
): RunningSource {
  const names = source.streams.map(({ stream }) => stream)
  const flushAll = () => {
    const open = [...batchers].sort((a, b) => a.openPosition() - b.openPosition())
    for (const batcher of open) batcher.flush()
    if (given.position > 0) options.onThrough(names, given)
  }
  /** Where the last row was given to its batcher; and up to where all rows were: several may be of one position, of a line. */
  let at = { position: 0, origin: '' }
  let given = at
  const goTo = (position: number, origin: string) => {
    if (position === at.position && origin === at.origin) return
    given = origin === at.origin ? at : { position: 0, origin }
    at = { position, origin }
  }
  const batchers: Batcher[] = source.streams.map((schema) => options.createBatcher(schema, flushAll))
  const stop = new AbortController()
  let failure: string | undefined
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })

  const carryEvents = ({ events = [], gaps = [], origin = '' }: RowChunk) => {
    for (const event of events) options.onEvent(event, name, origin)
    for (const { fromNs, toNs, streams, cause = 'source_down', detail, rows } of gaps) {
      const names = streams.flatMap((index) => source.streams[index]?.stream ?? [])
      options.onGap({ ...createGap('', fromNs, toNs, cause, detail), streams: names, rows })
    }
  }

  const carry = async () => {
    for await (const chunk of source.rows(stop.signal)) {
      const { rows, origin } = chunk
      carryEvents(chunk)
      if (resume && origin === resume.origin) for (const batcher of batchers) batcher.resumed()
      for (const row of rows) {
        const batcher = batchers[row.stream]
        if (!batcher) throw new Error(`a row of stream ${row.stream}, but the source has ${batchers.length}`)
        if (row.position !== undefined) goTo(row.position, origin ?? '')
        batcher.add(row, origin ?? '')
      }
      given = at
      await options.drained()
      const canWait = chunk.events !== undefined || rows.some(({ position }) => position !== undefined)
      while (canWait && !options.hasRoom() && !stop.signal.aborted) {
        await sleep(roomCheckMs, stop.signal)
      }
    }
  }

  const run = async () => {
    let waitMs = restartLeastMs
    while (!stop.signal.aborted) {
      const startedMs = performance.now()
      try {
        await carry()
        break
      } catch (error) {
        if (stop.signal.aborted) break
        failure = error instanceof Error ? error.message : String(error)
        log.error({ err: error, waitMs }, 'the source failed; starting it again')
        flushAll()
        if (performance.now() - startedMs > restartMostMs) waitMs = restartLeastMs
        await sleep(waitMs, stop.signal)
        waitMs = Math.min(waitMs * 2, restartMostMs)
        failure = undefined
      }
    }
    flushAll()
    end()
  }

  let running: Promise<void> | undefined
  const sum = (key: 'rows' | 'readings') => batchers.reduce((total, batcher) => total + batcher.counters[key], 0)
  return {
    name,
    ended,
    start() {
      running ??= run()
    },
    counters: () => ({ rows: sum('rows'), readings: sum('readings') }),
    health() {
      const { state, badLines, badLineSamples, detail } = source.health()
      const failed = failure !== undefined
      return {
        name,
        rows: sum('rows'),
        state: failed ? 'failed' : state,
        badLines,
        badLineSamples,
        detail: failure ?? detail,
      }
    },
    async close() {
      stop.abort()
      await running
      await source.close()
    },
  }
}

/** Leaves nothing at the signal: a source may wait for room for days. */
const sleep = (ms: number, signal: AbortSignal): Promise<void> => wait(ms, undefined, { signal }).catch(() => {})
