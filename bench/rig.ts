import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { builtProgram } from '../common/program.ts'
import type { RigsAnswer, SinksAnswer } from '../ingest/http/answers.ts'
import type { BenchAgentOptions, BenchAgentResult } from './bench-agent.ts'

// What the benches start: broker and ingest as `rigline` programs, agents as processes.

export interface Result {
  name: string
  value: number
  unit: string
  /** What the same machine reaches without Rigline, or the limit that the value is held against. */
  baseline: number
  ratio: number
  note?: string
}

export const round = (value: number, digits = 3): number => Number(value.toPrecision(digits))

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(process.env.RIGLINE_BENCH_FOLDER ?? tmpdir(), 'rigline-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface Station {
  mqtt: string
  http: string
  ingestPid: number
  rigs(): Promise<RigsAnswer>
  /** Waits until a sink has taken the whole journal. */
  caughtUp(sink: 'lake' | 'influx', timeoutMs: number): Promise<void>
  close(): Promise<void>
}

/** Broker and ingest as two processes, on loopback, without passwords. */
export async function startStation(folder: string, ingest: Record<string, unknown> = {}): Promise<Station> {
  const [tcp, http] = [await freePort(), await freePort()]
  const mqtt = `mqtt://127.0.0.1:${tcp}`
  writeFileSync(join(folder, 'access.yaml'), 'rigs: []\n')
  writeFileSync(join(folder, 'broker.yaml'), stringify({ listeners: { tcp: { port: tcp, anonymous: true } } }))
  writeFileSync(
    join(folder, 'ingest.yaml'),
    stringify({
      groups: ['bench'],
      data: 'ingest',
      broker: { url: mqtt },
      http: { port: http, anonymous: true },
      ...ingest,
    }),
  )
  const broker = startProgram(['broker', '--config', join(folder, 'broker.yaml')])
  const ingestProcess = startProgram(['ingest', '--config', join(folder, 'ingest.yaml')])
  const url = `http://127.0.0.1:${http}`
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${url}${path}`)).json()) as T
  await waitFor('ingest to be connected', 30_000, async () => (await get<RigsAnswer>('/v1/rigs')).ingest.online)
  return {
    mqtt,
    http: url,
    ingestPid: ingestProcess.pid!,
    rigs: () => get('/v1/rigs'),
    caughtUp: (name, timeoutMs) =>
      waitFor(`${name} to catch up`, timeoutMs, async () => {
        const { sinks } = await get<SinksAnswer>('/v1/sinks')
        return sinks.some((sink) => sink.name === name && sink.behindBytes < 1000)
      }),
    async close() {
      await stopProgram(ingestProcess)
      await stopProgram(broker)
    },
  }
}

export function startProgram(args: string[]): ChildProcess {
  return fork(builtProgram('cli'), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, RIGLINE_LOG: 'warn' },
  })
}

export async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

/** Runs an agent to its end. */
export async function runAgent(options: BenchAgentOptions): Promise<BenchAgentResult> {
  const child = fork(builtProgram('bench-agent'), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return await new Promise<BenchAgentResult>((resolve, reject) => {
    child.on('message', (message: BenchAgentResult) => {
      if (message.type === 'done') resolve(message)
    })
    child.once('exit', (code) => reject(new Error(`the agent ended with code ${code}`)))
  })
}

export async function waitFor(what: string, timeoutMs: number, done: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + timeoutMs
  for (;;) {
    if (await done().catch(() => false)) return
    if (performance.now() > until) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await sleep(20)
  }
}

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
