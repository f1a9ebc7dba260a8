import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { AgentCounters } from '../../agent/agent.ts'
import { builtProgram, packageRoot } from '../../common/program.ts'
import type { RigsAnswer, SinksAnswer } from '../../ingest/http/answers.ts'
import { freePort } from './debian.ts'

// Rigline's own programs as real processes, built, on loopback, in a temporary folder: for tests and benches.

export interface Program {
  child: ChildProcess
  /** What it wrote on standard error so far. */
  output(): string
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
}

export interface ProgramOptions {
  /** The file to run instead of dist/cli.js. */
  file?: string
  /** Level of its log: warn. */
  level?: string
  env?: NodeJS.ProcessEnv
}

export function startProgram(args: string[], { file, level = 'warn', env = {} }: ProgramOptions = {}): Program {
  const child = fork(file ?? builtProgram('cli'), args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, RIGLINE_LOG: level, ...env },
  })
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-200_000)
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const end = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return exited
  }
  return {
    child,
    output: () => output,
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  }
}

/** Runs a command of the command line to its end. */
export async function runCommand(
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return await new Promise((resolve) => {
    execFile(
      process.execPath,
      [builtProgram('cli'), ...args],
      {
        cwd: options.cwd ?? packageRoot,
        env: { ...process.env, RIGLINE_LOG: 'warn', ...options.env },
        timeout: options.timeoutMs ?? 60_000,
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr })
      },
    )
  })
}

export interface Station {
  folder: string
  mqttPort: number
  mqtt: string
  http: string
  broker: Program | undefined
  ingest: Program
  /** Ingest's data folder. */
  data: string
  rigs(): Promise<RigsAnswer>
  sinks(): Promise<SinksAnswer>
  /** Waits until a sink has taken the whole journal. */
  caughtUp(sink: 'lake' | 'influx', timeoutMs?: number): Promise<void>
  startBroker(): Promise<void>
  startIngest(): Promise<void>
  close(): Promise<void>
}

export interface StationOptions {
  folder: string
  /** More keys of ingest.yaml. */
  ingest?: Record<string, unknown>
  /** Another broker, already running; otherwise ours is started. */
  mqttPort?: number
  /** Of ingest at that broker. */
  secret?: string
  /** access.yaml for our broker; without it, a user name is enough. */
  access?: string
  /** A token of ingest's access file (`ingest: { access }`): then nothing is answered without one. */
  token?: string
  group?: string
}

/** Broker and ingest as two processes. */
export async function startStation(options: StationOptions): Promise<Station> {
  const { folder, access, secret } = options
  const mqttPort = options.mqttPort ?? (await freePort())
  const httpPort = await freePort()
  const http = `http://127.0.0.1:${httpPort}`
  const brokerFile = join(folder, 'broker.yaml')
  const ingestFile = join(folder, 'ingest.yaml')
  const mqtt = `mqtt://127.0.0.1:${mqttPort}`
  writeFileSync(
    brokerFile,
    stringify({ listeners: { tcp: { port: mqttPort, anonymous: !access } }, ...(access ? { access } : {}) }),
  )
  const ingestKeys = {
    groups: [options.group ?? 'bench'],
    data: 'ingest',
    broker: { url: mqtt, ...(secret === undefined ? {} : { secret }) },
    http: { port: httpPort, anonymous: options.token === undefined },
    ...options.ingest,
  }
  writeFileSync(ingestFile, stringify(ingestKeys))
  const headers: Record<string, string> = options.token ? { authorization: `Bearer ${options.token}` } : {}
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${http}${path}`, { headers })).json()) as T

  const station: Station = {
    folder,
    mqttPort,
    mqtt,
    http,
    broker: undefined,
    ingest: undefined as unknown as Program,
    data: join(folder, 'ingest'),
    rigs: () => get('/v1/rigs'),
    sinks: () => get('/v1/sinks'),
    caughtUp: (name, timeoutMs = 120_000) =>
      waitFor(`${name} to catch up`, timeoutMs, async () => {
        const { sinks } = await station.sinks()
        return sinks.some((sink) => sink.name === name && sink.behindBytes < 1000)
      }),
    async startBroker() {
      station.broker = startProgram(['broker', '--config', brokerFile])
      await sleep(0)
    },
    async startIngest() {
      station.ingest = startProgram(['ingest', '--config', ingestFile])
      try {
        await waitFor('ingest to be connected', 30_000, async () => (await station.rigs()).ingest.online)
      } catch (cause) {
        throw new Error(`${(cause as Error).message}\n${station.broker?.output()}\n${station.ingest.output()}`, {
          cause,
        })
      }
    },
    async close() {
      await station.ingest.stop()
      await station.broker?.stop()
    },
  }
  if (options.mqttPort === undefined) await station.startBroker()
  await station.startIngest()
  return station
}

export interface AgentOptions {
  folder: string
  rig: string
  mqtt: string
  sources: Record<string, unknown>[]
  group?: string
  secret?: string
  /** More keys of agent.yaml. */
  config?: Record<string, unknown>
  env?: NodeJS.ProcessEnv
}

export interface AgentProgram extends Program {
  /** Asks it. */
  counters(): Promise<AgentCounters>
  /** SIGTERM, and what it counted at its end. */
  stopCounted(): Promise<AgentCounters>
}

/** The agent's one file as a process. Started again with the same folder and rig, it is the same agent. */
export function startAgentProgram(options: AgentOptions): AgentProgram {
  const home = join(options.folder, options.rig)
  mkdirSync(home, { recursive: true })
  const file = join(home, 'agent.yaml')
  const secret = options.secret === undefined ? {} : { secret: options.secret }
  writeFileSync(
    file,
    stringify({
      rig: options.rig,
      group: options.group ?? 'bench',
      broker: { url: options.mqtt, ...secret },
      data: 'data',
      sources: options.sources,
      ...options.config,
    }),
  )
  const agentFile = join(packageRoot, 'dist', 'rigline-agent.mjs')
  const program = startProgram(['agent', '--config', file], { file: agentFile, env: options.env ?? {} })
  const { child } = program
  let last: AgentCounters | undefined
  child.on('message', (message: { type: string; counters: AgentCounters }) => {
    if (message.type === 'counters') last = message.counters
  })
  return {
    ...program,
    async counters() {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the agent ended:\n${program.output()}`)
      const answered = once(child, 'message', { signal: AbortSignal.timeout(10_000) })
      child.send('counters', () => {})
      const [message] = (await answered) as [{ counters: AgentCounters }]
      return message.counters
    },
    async stopCounted() {
      await program.stop()
      if (!last) throw new Error(`the agent ended without its counters:\n${program.output()}`)
      return last
    },
  }
}

/** Waits until every envelope of the agent has its receipt and its sources have yielded this many rows. */
export async function deliveredAll(agent: AgentProgram, rows: number, timeoutMs = 120_000): Promise<void> {
  await waitFor(`${rows} rows to be delivered`, timeoutMs, async () => {
    const counters = await agent.counters()
    return counters.rows >= rows && counters.unconfirmed === 0
  })
}

/** Asks every 50 ms; what rejects counts as not yet. */
export async function waitFor(what: string, timeoutMs: number, done: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + timeoutMs
  for (;;) {
    if (await done().catch(() => false)) return
    if (performance.now() > until) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await sleep(50)
  }
}
