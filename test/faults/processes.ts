import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentCounters } from '../../agent/agent.ts'
import type { Process, SpawnOptions } from './types.ts'
import { startWatchdog } from './watchdog.ts'

// The processes of a run: each writes into a log of its own, none outlives the harness, and one that ends unasked is a problem.

const readyMs = 60_000
const stopMs = 20_000

/** With the IPC channel that Rigline's agent answers on. */
export interface ChannelProcess extends Process {
  counters(): Promise<AgentCounters>
}

export interface Processes {
  create(options: SpawnOptions & { channel?: boolean }): ChannelProcess
  /** What ended without having been asked, in words. */
  unasked: string[]
  close(): Promise<void>
}

export function startProcesses(logs: string): Processes {
  mkdirSync(logs, { recursive: true })
  const watchdog = startWatchdog()
  const unasked: string[] = []
  const all: Process[] = []
  const children = new Set<ChildProcess>()
  const killAll = () => {
    for (const child of children) child.kill('SIGKILL')
  }
  process.on('exit', killAll)

  const launch = ({ command, channel }: SpawnOptions & { channel?: boolean }, log: string): ChildProcess => {
    const { file, args, env } = command()
    const fd = openSync(log, 'a')
    const child = spawn(file, args, {
      stdio: channel ? ['ignore', fd, fd, 'ipc'] : ['ignore', fd, fd],
      env: { ...process.env, ...env },
      // A group of its own: Ctrl-C is for the harness.
      detached: true,
    })
    closeSync(fd)
    children.add(child)
    const { pid } = child
    if (pid !== undefined) watchdog.add(pid)
    child.once('exit', () => {
      children.delete(child)
      if (pid !== undefined) watchdog.remove(pid)
    })
    return child
  }

  const create: Processes['create'] = (options) => {
    const { name } = options
    const log = join(logs, `${name}.log`)
    let child: ChildProcess | undefined
    /** Of the running one: its end, and whether anybody asked for it. */
    let ended: Promise<number | null> = Promise.resolve(null)
    let asked = false
    const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null

    const start = async () => {
      if (isRunning()) throw new Error(`${name} runs already`)
      const started = launch(options, log)
      child = started
      asked = false
      ended = new Promise((resolve) => {
        started.once('error', () => resolve(null))
        started.once('exit', (code, signal) => {
          if (!asked) unasked.push(`${name} ended by itself (${signal ?? `exit code ${code}`}), see its log`)
          resolve(code)
        })
      })
      const until = performance.now() + readyMs
      while (!(await options.ready().catch(() => false))) {
        if (!isRunning()) throw new Error(`${name} ended before it was ready:\n${output().slice(-2000)}`)
        if (performance.now() > until)
          throw new Error(`${name} was not ready within ${readyMs} ms:\n${output().slice(-2000)}`)
        await sleep(25)
      }
    }
    const end = async (signal: NodeJS.Signals) => {
      if (!isRunning()) return
      asked = true
      child?.kill('SIGCONT')
      child?.kill(signal)
      const late = sleep(stopMs, 'late' as const, { ref: false })
      if ((await Promise.race([ended, late])) !== 'late') return
      unasked.push(`${name} did not end within ${stopMs} ms of ${signal}`)
      child?.kill('SIGKILL')
      await ended
    }
    const output = () => (existsSync(log) ? readFileSync(log, 'utf8').slice(-200_000) : '')

    const made: ChannelProcess = {
      name,
      get running() {
        return isRunning()
      },
      get pid() {
        return isRunning() ? child?.pid : undefined
      },
      start,
      kill: () => end('SIGKILL'),
      stop: () => end('SIGTERM'),
      ended() {
        asked = true
        return ended
      },
      output,
      async counters() {
        if (!child || !isRunning()) throw new Error(`${name} does not run`)
        const away = ended.then(() => Promise.reject(new Error(`${name} has ended`)))
        const answered = once(child, 'message', { signal: AbortSignal.timeout(10_000) })
        child.send('counters', () => {})
        const [message] = (await Promise.race([answered, away])) as [{ counters?: AgentCounters }]
        if (!message.counters) throw new Error(`${name} is ending`)
        return message.counters
      },
    }
    all.push(made)
    return made
  }

  return {
    create,
    unasked,
    async close() {
      await Promise.all(all.map((each) => each.kill().catch(() => {})))
      process.off('exit', killAll)
      await watchdog.close()
    },
  }
}
