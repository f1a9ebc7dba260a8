import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Logger } from '../../common/log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { HistoryError, type HistoryStatus } from './types.ts'
import type { FromHistory, HistoryProcessData, ToHistory } from './wire.ts'

// Starts the child process that answers about history, tells it what is durable, and starts it again when it ends.

const firstPauseMs = 200
const pauseMaxMs = 30_000
/** One that ran this long had started well. */
const soundAfterMs = 60_000
const readyMsMax = 10_000
const tellEveryMs = 100

/** `program`: its file and what it is started with, for a socket of that path. */
export function superviseProcess(
  folder: string,
  program: (socket: string) => [string, HistoryProcessData],
  log: Logger,
) {
  const status: HistoryStatus = { state: 'starting', restarts: 0, counters: {} }
  const waiting = new Set<() => void>()
  let current: ReturnType<typeof fork> | undefined
  let socket: string | undefined
  let starts = 0
  let pauseMs = firstPauseMs
  let startedAt = 0
  let timer: NodeJS.Timeout | undefined
  let telling: NodeJS.Timeout | undefined
  let synced: Position | undefined
  let closed = false
  let exited = () => {}

  const tell = () => {
    telling = undefined
    const message: ToHistory | undefined = synced && { type: 'synced', position: synced }
    // A channel that has just closed: the exit follows.
    if (message && current?.connected) current.send(message, () => {})
  }

  const ended = (reason: string) => {
    current = undefined
    socket = undefined
    exited()
    if (closed) return
    if (performance.now() - startedAt > soundAfterMs) pauseMs = firstPauseMs
    log.error({ reason, pauseMs }, 'the process that answers about history has ended: starting it again')
    status.restarts++
    status.state = 'down'
    status.waitingFor = `it ended (${reason}) and is started again`
    timer = setTimeout(launch, pauseMs)
    pauseMs = Math.min(pauseMs * 2, pauseMaxMs)
  }

  const launch = () => {
    startedAt = performance.now()
    const path = join(folder, `h${++starts}`)
    const [file, data] = program(path)
    const child = fork(file, [JSON.stringify(data)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Chunks of DuckDB's memory are let go when their small handles are collected: often.
      execArgv: ['--max-semi-space-size=1'],
    })
    current = child
    let told = false
    const once = (reason: string) => {
      if (!told) ended(reason)
      told = true
    }
    child.once('exit', (code, signal) => once(signal ? `killed by ${signal}` : `exit code ${code}`))
    child.once('error', (error) => once(String(error)))
    child.on('message', (message: FromHistory) => {
      if (message.type === 'status') status.counters = message.counters
      else {
        socket = path
        status.state = 'running'
        delete status.waitingFor
        for (const wake of waiting) wake()
      }
    })
    tell()
  }
  launch()

  return {
    status: (): HistoryStatus => ({
      ...status,
      ...(current?.pid === undefined ? {} : { pid: current.pid }),
      counters: { ...status.counters },
    }),
    synced(position: Position) {
      synced = position
      telling ??= setTimeout(tell, tellEveryMs)
    },
    /** Where it listens. Waits some seconds for one that is being started. */
    async socket(signal: AbortSignal | undefined): Promise<string> {
      signal?.throwIfAborted()
      if (closed) throw new HistoryError(503, 'ingest is stopping: try again in some seconds')
      if (socket !== undefined) return socket
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(limit)
          waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const limit = setTimeout(wake, readyMsMax)
        waiting.add(wake)
        signal?.addEventListener('abort', wake)
      })
      signal?.throwIfAborted()
      if (socket === undefined) throw new HistoryError(503, 'history is being started: try again in some seconds')
      return socket
    },
    async close(): Promise<void> {
      closed = true
      status.state = 'closed'
      clearTimeout(timer)
      clearTimeout(telling)
      for (const wake of waiting) wake()
      const child = current
      if (!child) return
      const gone = new Promise<void>((resolve) => {
        exited = resolve
      })
      child.disconnect()
      const deadline = setTimeout(() => child.kill('SIGKILL'), 3000)
      await gone
      clearTimeout(deadline)
    },
  }
}
