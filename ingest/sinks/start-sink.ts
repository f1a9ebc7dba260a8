import { Worker } from 'node:worker_threads'
import type { Logger } from '../../common/log.ts'
import { builtProgram } from '../../common/program.ts'
import { comparePositions, type Damage, type Position } from '../../common/segment-log-types.ts'
import { createRestartPause, forkProgram, onceEnded } from '../child-program.ts'
import type { InfluxWorkerData } from './influx/influx-worker.ts'
import type { LakeProcessData } from './lake/lake-process.ts'
import type { FromSink, SinkTask, SinkTaskAnswer, SinkTasks, ToSink } from './sink.ts'

// Ingest's side of a sink: starts its worker thread or child process, tells it what is durable in the journal, and starts
// it again when it dies. Nothing here throws into ingest: a sink that cannot run says so in its status and lags.

export interface SinkStatus {
  /** down: not running at the moment, see waitingFor; it will be started again. */
  state: 'starting' | 'running' | 'waiting' | 'down' | 'closed'
  waitingFor?: string
  /** Where it stands; undefined until it has said so. */
  cursor: Position | undefined
  counters: Record<string, number>
  /** Times it had to be started again. */
  restarts: number
}

/** The sink does not run, or ended before it had done what it was asked. */
export class SinkAwayError extends Error {}

export interface SinkHandle {
  name: 'influx' | 'lake'
  /** What of the journal is durable now. */
  synced(position: Position): void
  /** Resolves when all before `position` is stored; rejects if the sink is closed first. */
  flush(position: Position): Promise<void>
  /**
   * Resolves when the sink has done it, however long that takes: it may be waiting for its store. Rejects if it cannot, or ends first; then
   * it may have been done all the same.
   */
  ask<K extends keyof SinkTasks>(type: K, ask: SinkTasks[K]['ask']): Promise<SinkTasks[K]['answer']>
  status(): SinkStatus
  /** Asks the sink to stop; ends it if it hasn't within the deadline. Safe twice. */
  close(deadlineMs?: number): Promise<void>
}

export interface SinkEvents {
  log: Logger
  onSchemaMissing?: (rig: string, schema: string) => void
  /** The sink has met bytes of the journal that hold no readable record. */
  onDamage?: (sink: SinkHandle['name'], damage: Damage) => void
  /** After each status that the sink sends, and each change of state seen from here. */
  onStatus?: (status: SinkStatus) => void
}

export const startInfluxSink = (
  data: InfluxWorkerData,
  events: SinkEvents,
  program = builtProgram('influx-worker'),
): SinkHandle => superviseSink('influx', () => startWorker(program, data), events)

export const startLakeSink = (
  data: LakeProcessData,
  events: SinkEvents,
  program = builtProgram('lake-process'),
): SinkHandle => superviseSink('lake', () => startProcess(program, data), events)

/** A running worker or process. */
interface Running {
  send(message: ToSink): void
  end(): void
  onMessage(receive: (message: FromSink) => void): void
  /** Once, with the reason in words. */
  onExit(ended: (reason: string) => void): void
}

function startWorker(program: string, data: InfluxWorkerData): Running {
  const worker = new Worker(program, { workerData: data })
  let failure: string | undefined
  worker.on('error', (error) => {
    failure = String(error)
  })
  return {
    send: (message) => worker.postMessage(message),
    end: () => void worker.terminate(),
    onMessage: (receive) => void worker.on('message', receive),
    onExit: (ended) => void worker.once('exit', (code) => ended(failure ?? `exit code ${code}`)),
  }
}

function startProcess(program: string, data: LakeProcessData): Running {
  const child = forkProgram(program, data)
  return {
    // A channel that has just closed: the exit follows.
    send: (message) => void (child.connected && child.send(message, () => {})),
    end: () => void child.kill('SIGKILL'),
    onMessage: (receive) => void child.on('message', (message) => receive(message as FromSink)),
    onExit: (ended) => onceEnded(child, ended),
  }
}

interface Waiting {
  position: Position
  resolve(): void
  reject(error: Error): void
}

interface Asked {
  resolve(answer: SinkTaskAnswer): void
  reject(error: Error): void
}

function superviseSink(name: SinkHandle['name'], start: () => Running, events: SinkEvents): SinkHandle {
  const { log, onSchemaMissing, onStatus } = events
  const status: SinkStatus = { state: 'starting', cursor: undefined, counters: {}, restarts: 0 }
  const flushes = new Map<number, Waiting>()
  const asked = new Map<number, Asked>()
  let running: Running | undefined
  let synced: Position | undefined
  let ids = 0
  const pause = createRestartPause()
  let timer: NodeJS.Timeout | undefined
  let closing = false
  let exited: (() => void) | undefined

  const say = (state: SinkStatus['state'], waitingFor?: string) => {
    status.state = state
    if (waitingFor === undefined) delete status.waitingFor
    else status.waitingFor = waitingFor
    onStatus?.({ ...status })
  }

  const receive = (message: FromSink) => {
    if (message.type === 'status') {
      status.cursor = message.cursor
      status.counters = message.counters
      say(message.state, message.waitingFor)
    } else if (message.type === 'schema_missing') onSchemaMissing?.(message.rig, message.schema)
    else if (message.type === 'damage') events.onDamage?.(name, message.damage)
    else if (message.type === 'flushed') {
      flushes.get(message.id)?.resolve()
      flushes.delete(message.id)
    } else if (message.type === 'done') {
      asked.get(message.id)?.resolve(message.answer)
      asked.delete(message.id)
    } else if (message.type === 'undone') {
      asked.get(message.id)?.reject(new Error(message.error))
      asked.delete(message.id)
    } else log.error({ sink: name, error: message.error }, `the ${name} sink has failed`)
  }

  const restartLater = (reason: string) => {
    const pauseMs = pause.next()
    log.error({ sink: name, reason, pauseMs }, `the ${name} sink has ended: starting it again`)
    status.restarts++
    say('down', `it ended (${reason}) and is started again`)
    timer = setTimeout(launch, pauseMs)
  }

  const launch = () => {
    pause.started()
    try {
      const current = start()
      running = current
      current.onMessage(receive)
      current.onExit((reason) => {
        running = undefined
        for (const { reject } of asked.values()) reject(new SinkAwayError(`the ${name} sink ended (${reason})`))
        asked.clear()
        if (closing) exited?.()
        else restartLater(reason)
      })
      if (synced) current.send({ type: 'synced', position: synced })
      for (const [id, { position }] of flushes) current.send({ type: 'flush', id, position })
    } catch (error) {
      restartLater(String(error))
    }
  }
  launch()

  return {
    name,
    synced(position) {
      if (synced && comparePositions(position, synced) <= 0) return
      synced = position
      running?.send({ type: 'synced', position })
    },
    flush(position) {
      if (closing) return Promise.reject(new Error(`the ${name} sink is closed`))
      const id = ++ids
      const done = new Promise<void>((resolve, reject) => flushes.set(id, { position, resolve, reject }))
      running?.send({ type: 'flush', id, position })
      return done
    },
    ask(type, ask) {
      const current = running
      if (closing || !current) return Promise.reject(new SinkAwayError(`the ${name} sink is not running at the moment`))
      const id = ++ids
      const done = new Promise<SinkTaskAnswer>((resolve, reject) => asked.set(id, { resolve, reject }))
      current.send({ type: 'task', id, task: { type, ...ask } as SinkTask })
      return done as Promise<never>
    },
    status: () => ({ ...status, counters: { ...status.counters } }),
    async close(deadlineMs = 5000) {
      if (!closing) {
        closing = true
        clearTimeout(timer)
        const current = running
        if (current) {
          const ended = new Promise<void>((resolve) => {
            exited = resolve
          })
          current.send({ type: 'close' })
          const deadline = setTimeout(() => current.end(), deadlineMs)
          await ended
          clearTimeout(deadline)
        }
        for (const { reject } of flushes.values())
          reject(new Error(`the ${name} sink was closed before it had stored all`))
        flushes.clear()
        say('closed')
      }
    },
  }
}
