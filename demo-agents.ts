import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { builtProgram } from './common/program.ts'
import type { AgentEnd } from './demo-result.ts'

// The demo's agents: each a process of its own, as on a rig.

/** A service manager would wait about as long before it starts an agent again, ms. */
const restartAfterMs = 3000
const askEveryMs = 2000

export interface AgentProcess {
  end(): AgentEnd
  /** Of the running process. */
  readonly pid: number | undefined
  /** Resolves when the process is gone for good. */
  ended: Promise<void>
  /** Ends it in order and waits for its last counters. */
  stop(): Promise<void>
}

export interface AgentProcessOptions {
  /** Where its folder is made. */
  folder: string
  group: string
  rig: string
  sources: Record<string, unknown>[]
  tcpPort: number
  /** Start it again when it dies, as a service manager does on a rig. */
  restart: boolean
  onRestart?: (ended: number | NodeJS.Signals | undefined) => void
  /** It runs again, as this process. */
  onRestarted?: (pid: number) => void
}

export function startAgentProcess(options: AgentProcessOptions): AgentProcess {
  const { rig, group, sources } = options
  const home = join(options.folder, 'agents', rig)
  mkdirSync(home, { recursive: true })
  const file = join(home, 'agent.yaml')
  const url = `mqtt://127.0.0.1:${options.tcpPort}`
  writeFileSync(file, stringify({ rig, group, broker: { url }, data: 'data', sources }))
  const end: AgentEnd = { rig, counters: undefined, final: false, ended: undefined, early: true, restarts: 0 }
  let stopping = false
  let child = startProcess(file, end)
  let timer: NodeJS.Timeout | undefined
  let resolveEnded: () => void = () => {}
  const ended = new Promise<void>((done) => {
    resolveEnded = done
  })
  const follow = () => {
    let told = false
    const gone = () => {
      if (told) return
      told = true
      if (stopping || !options.restart) return resolveEnded()
      options.onRestart?.(end.ended)
      timer = setTimeout(() => {
        end.restarts++
        child = startProcess(file, end)
        if (child.pid !== undefined) options.onRestarted?.(child.pid)
        follow()
      }, restartAfterMs)
    }
    child.once('exit', gone)
    child.once('error', gone)
  }
  follow()
  // So that something is known of an agent that dies.
  const asking = setInterval(() => void (child.connected && child.send('counters', () => {})), askEveryMs)
  void ended.then(() => clearInterval(asking))

  return {
    end: () => end,
    get pid() {
      return child.pid
    },
    ended,
    async stop() {
      stopping = true
      clearTimeout(timer)
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        end.early = false
        child.kill('SIGTERM')
      } else resolveEnded()
      await ended
    },
  }
}

function startProcess(file: string, end: AgentEnd) {
  // A session of its own keeps Ctrl-C from reaching it before it is told to stop.
  const child = fork(builtProgram('rigline-agent').replace(/\.js$/, '.mjs'), ['agent', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, RIGLINE_LOG: process.env.RIGLINE_LOG ?? 'warn' },
    detached: true,
  })
  end.final = false
  child.on('message', (message: { type: string; counters: AgentEnd['counters'] }) => {
    if (message.type === 'counters') end.counters = message.counters
    // It follows the counters that the agent sends after its last reading.
    if (message.type === 'closed') end.final = true
  })
  child.once('exit', (code, signal) => {
    end.ended = code ?? signal ?? undefined
  })
  return child
}
