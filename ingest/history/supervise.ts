import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Logger } from '../../common/log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { createRestartPause, endProgram, forkProgram, onceEnded } from '../child-program.ts'
import { HistoryError, type HistoryStatus } from './types.ts'
import type { FromHistory, HistoryProcessData, ToHistory } from './wire.ts'

// Starts the child process that answers about history, tells it what is durable, and starts it again when it ends.

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
  let current: ChildProcess | undefined
  let socket: string | undefined
  let starts = 0
  const pause = createRestartPause()
  let timer: NodeJS.Timeout | undefined
  let telling: NodeJS.Timeout | undefined
  let synced: Position | undefined
  let closed = false

  const tell = () => {
    telling = undefined
    const message: ToHistory | undefined = synced && { type: 'synced', position: synced }
    // A channel that has just closed: the exit follows.
    if (message && current?.connected) current.send(message, () => {})
  }

  const ended = (reason: string) => {
    current = undefined
    socket = undefined
    if (closed) return
    const pauseMs = pause.next()
    log.error({ reason, pauseMs }, 'the process that answers about history has ended: starting it again')
    status.restarts++
    status.state = 'down'
    status.waitingFor = `it ended (${reason}) and is started again`
    timer = setTimeout(launch, pauseMs)
  }

  const launch = () => {
    pause.started()
    const path = join(folder, `h${++starts}`)
    const [file, data] = program(path)
    const child = forkProgram(file, data, { hasDuckDb: true })
    current = child
    onceEnded(child, ended)
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
      if (current) await endProgram(current)
    },
  }
}
