import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { agentConfig } from '../../agent/config.ts'
import { builtProgram, packageRoot } from '../../common/program.ts'
import { findProgram, freePort } from '../services/debian.ts'
import { influxdEnvironment } from '../services/influxd.ts'
import { takesConnections } from '../services/takes-connections.ts'
import { type ControlFile, openControl } from './control.ts'
import { createDisk, type Disk, sweepDisks } from './disk.ts'
import { type Feed, type Generated, startFeed } from './feeds.ts'
import { startLinks } from './links.ts'
import { type ChannelProcess, startProcesses } from './processes.ts'
import { mappingOf, streamPlans } from './rows.ts'
import type { Rig, RigKind, RiglineProcess, World } from './types.ts'

// All that runs: five rigs with their agents and devices, broker, ingest, InfluxDB, and the links between them.

export const group = 'faults'
export const database = 'faults'
const tickMs = 40

export const rigKinds: readonly RigKind[] = [
  { rig: 'file-1', source: 'file', keepConfirmed: false },
  { rig: 'file-2', source: 'file', keepConfirmed: true },
  { rig: 'tcp-1', source: 'tcp', keepConfirmed: false },
  { rig: '주행-2', source: 'tcp', keepConfirmed: true },
  { rig: 'stamped-1', source: 'stamped', keepConfirmed: false },
]

/** A disk in memory is faster than any, so not every rig has one. */
const rigsWithDisk = ['tcp-1', 'file-2']
const diskBytes = 1024 * 1024 * 1024

export interface RunningWorld extends World {
  streams: readonly Generated[]
  feeds: readonly Feed[]
  /** Ends that nobody asked for, and processes that would not end. */
  unasked: readonly string[]
  /** ingest.yaml. */
  ingestFile: string
  influxUrl: string
  startedMs: number
  /** `keepDisks`: what lies on disks in memory is copied into the folder. */
  close(keepDisks?: boolean): Promise<void>
}

export interface WorldOptions {
  folder: string
  seed: string
  kinds?: readonly RigKind[]
  log(text: string): void
}

/** Starts everything and waits until each rig has delivered its first rows. */
export async function startWorld({ folder, seed, kinds = rigKinds, log }: WorldOptions): Promise<RunningWorld> {
  const startedMs = Date.now()
  const processes = startProcesses(join(folder, 'logs'))
  const ports = {
    mqtt: await freePort(),
    http: await freePort(),
    influx: await freePort(),
    influxRpc: await freePort(),
  }
  const links = await startLinks({ mqttPort: ports.mqtt, influxPort: ports.influx, rigs: kinds.map(({ rig }) => rig) })
  const feeds = await Promise.all(kinds.map((kind) => startFeed(seed, kind, join(folder, `${kind.rig}.jsonl`))))
  const influxUrl = `http://127.0.0.1:${ports.influx}`
  const httpUrl = `http://127.0.0.1:${ports.http}`

  const brokerFile = writeYaml(join(folder, 'broker.yaml'), {
    listeners: { tcp: { port: ports.mqtt, anonymous: true } },
  })
  const broker = processes.create({
    name: 'broker',
    command: () => nodeProgram(builtProgram('cli'), ['broker', '--config', brokerFile]),
    ready: () => takesConnections(ports.mqtt),
  })
  const influx = await createInfluxd(join(folder, 'influxd'), ports, processes.create)

  const ingestFile = join(folder, 'ingest.yaml')
  const ingestConfig: Record<string, unknown> = {
    groups: [group],
    data: 'ingest',
    broker: { url: `mqtt://127.0.0.1:${links.ingestPort}`, keepaliveS: 5 },
    http: { port: ports.http, anonymous: true },
    influx: { url: `http://127.0.0.1:${links.influxPort}`, database, timeoutMs: 3000 },
    journal: { segmentAgeMaxS: 1 },
  }
  const ingest = withControl(join(folder, 'control', 'ingest'), join(folder, 'ingest'), (control, env) =>
    processes.create({
      name: 'ingest',
      command() {
        writeYaml(ingestFile, ingestConfig)
        return nodeProgram(builtProgram('cli'), ['ingest', '--config', ingestFile], { ...control.env, ...env })
      },
      ready: async () => (await fetch(`${httpUrl}/v1/sinks`, { signal: AbortSignal.timeout(5000) })).ok,
    }),
  )
  const rigs = kinds.map((kind, i) =>
    createRig(kind, feeds[i] as Feed, {
      folder,
      mqttPort: links.rigPort(kind.rig),
      create: processes.create,
    }),
  )

  sweepDisks()
  const disks = new Map<string, Disk>(
    [ingest, ...rigs.filter(({ rig }) => rigsWithDisk.includes(rig))].map(({ data, control }) => [
      data,
      createDisk(data, diskBytes, control),
    ]),
  )
  const timer = setInterval(() => {
    for (const feed of feeds) feed.tick()
  }, tickMs)
  const world: RunningWorld = {
    folder,
    group,
    rigs,
    broker,
    ingest,
    influx,
    links: links.rigs,
    ingestLink: links.ingest,
    influxLink: links.influx,
    disk: (of) => disks.get(of.data),
    ingestConfig,
    ingestFile,
    mqttPort: ports.mqtt,
    httpUrl,
    influxUrl,
    startedMs,
    log,
    spawn: processes.create,
    feeds,
    streams: feeds.flatMap((feed) => feed.streams),
    unasked: processes.unasked,
    async close(keepDisks = false) {
      clearInterval(timer)
      await processes.close()
      await Promise.all([...feeds.map((feed) => feed.close()), links.close()])
      for (const [data, disk] of disks) await closeDisk(data, disk, keepDisks)
    },
  }
  try {
    await Promise.all([broker.start(), influx.start()])
    await ingest.start()
    await Promise.all(rigs.map((rig) => rig.start()))
    await firstRows(world)
    return world
  } catch (error) {
    await world.close()
    throw error
  }
}

async function closeDisk(data: string, disk: Disk, keep: boolean): Promise<void> {
  const kept = `${data}.kept`
  // What a killed ingest had started (the lake's process) ends a moment later, and tidies up as it does.
  const copied = async () => {
    rmSync(kept, { recursive: true, force: true })
    cpSync(data, kept, { recursive: true })
    return true
  }
  if (keep) await eventually(`${data} to be copied`, 5000, copied).catch(() => {})
  disk.close()
  if (!keep || !existsSync(kept)) return
  rmSync(data, { recursive: true, force: true })
  renameSync(kept, data)
}

/** From the first spooled row on, an agent can say what it missed; before that, nobody can. */
async function firstRows({ rigs, feeds }: RunningWorld): Promise<void> {
  await eventually('every agent to be connected to its device', patienceMs, async () =>
    feeds.every((feed) => feed.listeners() > 0),
  )
  for (const feed of feeds) feed.closingRows()
  await eventually('the first rows to be delivered', patienceMs, async () => {
    const counters = await Promise.all(rigs.map((rig) => rig.counters()))
    return counters.every(({ rows, unconfirmed }) => rows >= streamPlans.length && unconfirmed === 0)
  })
  for (const feed of feeds) feed.resume()
}

/** Asks every 50 ms; what rejects counts as not yet. */
/** Two runs at once on a machine with other work take minutes for what takes a second alone; what hangs, hangs longer. */
export const patienceMs = 240_000

export async function eventually(what: string, timeoutMs: number, done: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + timeoutMs
  for (;;) {
    if (await done().catch(() => false)) return
    if (performance.now() > until) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

type Create = ReturnType<typeof startProcesses>['create']

export async function createInfluxd(folder: string, ports: { influx: number; influxRpc: number }, create: Create) {
  const program = await findProgram('influxd')
  if ('missing' in program) throw new Error(program.missing)
  mkdirSync(folder, { recursive: true })
  const env = { ...program.env, ...influxdEnvironment(folder, ports.influx, ports.influxRpc) }
  return create({
    name: 'influxd',
    command: () => ({ file: program.path, args: [], env }),
    ready: async () => {
      const url = `http://127.0.0.1:${ports.influx}/ping`
      return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok
    },
  })
}

interface RigOptions {
  folder: string
  mqttPort: number
  create: Create
}

function createRig(kind: RigKind, feed: Feed, options: RigOptions): Rig {
  const config: Record<string, unknown> = {}
  const own = createAgent(kind.rig, kind, feed, config, options)
  return Object.assign(own, kind, {
    config,
    generated: () => feed.streams.reduce((sum, { rows }) => sum + rows, 0),
    burst: feed.burst,
    rest: feed.rest,
    resume: feed.resume,
    rowsNow: feed.closingRows,
    listeners: feed.listeners,
    clone: (name: string) => createAgent(`${kind.rig}-${name}`, kind, feed, config, options),
  })
}

function createAgent(
  name: string,
  { rig, source, keepConfirmed }: RigKind,
  feed: Feed,
  config: Record<string, unknown>,
  { folder, mqttPort, create }: RigOptions,
) {
  const home = join(folder, name)
  const data = join(home, 'data')
  mkdirSync(data, { recursive: true })
  const input = { type: 'lines', name: 'bench', format: 'json', input: feed.input }
  const yaml = () => ({
    rig,
    group,
    broker: { url: `mqtt://127.0.0.1:${mqttPort}`, keepaliveS: 5 },
    data: 'data',
    sources: [{ ...input, mapping: mappingOf(streamPlans, source !== 'stamped') }],
    ...config,
    // Small segments: what is confirmed is soon forgotten.
    spool: { segmentBytesMax: 64 * 1024, ...(keeps ? { keepConfirmed: true } : {}), ...(config.spool ?? {}) },
  })
  const keeps = keepConfirmed && knowsKeepConfirmed
  const agentFile = join(packageRoot, 'dist', 'rigline-agent.mjs')
  return withControl(join(folder, 'control', name), data, (control, env) => {
    const made: ChannelProcess = create({
      name,
      channel: true,
      command: () => {
        const file = writeYaml(join(home, 'agent.yaml'), yaml())
        return nodeProgram(agentFile, ['agent', '--config', file], { ...control.env, ...env })
      },
      ready: async () => (await made.counters()).rig === rig,
    })
    return made
  })
}

const knowsKeepConfirmed = agentConfig.shape.spool.safeParse({ keepConfirmed: true }).success

/** A process with the preload in it. */
function withControl<P extends ChannelProcess>(
  folder: string,
  data: string,
  create: (control: ControlFile, env: Record<string, string>) => P,
): P & RiglineProcess {
  const control = openControl(folder)
  const env: Record<string, string> = {}
  const made = create(control, env)
  return Object.assign(made, {
    data,
    control,
    env,
    stepClock: (byMs: number) => control.set({ clockMs: byMs === 0 ? undefined : byMs }),
    async killAt(...[point, times, timeoutMs]: Parameters<RiglineProcess['killAt']>) {
      // It is asked for from here on.
      const ended = made.ended()
      await control.killAt(point, times, timeoutMs)
      // The lake's process is started again by ingest.
      if (point !== 'lake.renamed') await ended
    },
  })
}

export const nodeProgram = (file: string, args: string[], env: NodeJS.ProcessEnv = {}) => ({
  file: process.execPath,
  args: [file, ...args],
  env: { RIGLINE_LOG: 'info', ...env },
})

export function writeYaml(file: string, content: unknown): string {
  writeFileSync(file, stringify(content))
  return file
}

/** The named points need it: scripts/build.mjs makes it. */
export const hasPreload = (): boolean => existsSync(builtProgram('faults-preload'))
