import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../common/program.ts'
import type { RigDetail } from '../../ingest/http/answers.ts'
import { type Feed, type Generated, startFeed } from '../faults/feeds.ts'
import type { ChannelProcess } from '../faults/processes.ts'
import { mappingOf, type StreamPlan, streamPlans } from '../faults/rows.ts'
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts'
import type { Excuse } from '../faults/types.ts'
import { eventually, nodeProgram, writeYaml } from '../faults/world.ts'
import { ask, group, limits, type Station } from './station.ts'

// The rigs of a soak: each an agent with its devices, which may be restarted, leave, come back, measure more, or measure otherwise.

/** A steady load that leaves room for the churn: a fifth of what the faults run under. */
export const mainPlans: readonly StreamPlan[] = streamPlans.map((plan) => ({ ...plan, rowsPerS: plan.rowsPerS / 5 }))
/** Streams of devices that are put on later. */
export const devicePlans: readonly StreamPlan[] = ['extra-1', '추가-2', 'extra-3'].map((stream) => ({
  stream,
  sort: 'x',
  rowsPerS: 5,
  channels: [
    { name: 'v', kind: 'f64' },
    { name: 'label', kind: 'text' },
  ],
}))

const units = ['1', 'm/s', 'km/h', 'V']
const againMax = 3
const deliveredMs = 120_000

export interface SoakRig {
  readonly rig: string
  readonly source: 'file' | 'tcp'
  /** It is never restarted and never leaves. */
  readonly isSteady: boolean
  readonly agent: ChannelProcess
  readonly link: TcpProxy
  readonly data: string
  readonly feeds: Feed[]
  readonly streams: () => Generated[]
  state: 'live' | 'gone'
  /** An action has it in hand. */
  taken: boolean
  /** Its schema changes with it. */
  revision: number
}

export interface RigParts {
  station: Station
  seed: string
  excuses: Excuse[]
}

export async function createRig(
  { station, seed }: RigParts,
  { rig, source, isSteady }: Pick<SoakRig, 'rig' | 'source' | 'isSteady'>,
): Promise<SoakRig> {
  const home = join(station.folder, rig)
  mkdirSync(home, { recursive: true })
  const link = await startTcpProxy({ port: station.mqttPort })
  const feeds = [await startFeed(seed, { rig, source }, join(home, 'main.jsonl'), mainPlans)]
  const made: SoakRig = {
    rig,
    source,
    isSteady,
    link,
    data: join(home, 'data'),
    feeds,
    streams: () => feeds.flatMap((feed) => feed.streams),
    agent: station.processes.create({
      name: rig,
      channel: true,
      command() {
        const config = writeYaml(join(home, 'agent.yaml'), agentYaml(made))
        return nodeProgram(join(packageRoot, 'dist', 'rigline-agent.mjs'), ['agent', '--config', config])
      },
      ready: async () => (await made.agent.counters()).rig === rig,
    }),
    state: 'gone',
    taken: false,
    revision: 0,
  }
  return made
}

const agentYaml = ({ rig, link, feeds, revision }: SoakRig) => ({
  rig,
  group,
  broker: { url: `mqtt://127.0.0.1:${link.port}`, keepaliveS: 5 },
  data: 'data',
  spool: { segmentBytesMax: limits.spoolSegmentBytesMax },
  // Seldom, so that quiet is quiet.
  clockEveryS: 30,
  healthEveryS: 30,
  sources: feeds.map((feed, i) => ({
    type: 'lines',
    name: i === 0 ? 'main' : `device-${i}`,
    format: 'json',
    input: feed.input,
    mapping: i === 0 ? mappingAt(revision) : mappingOf(devicePlans.slice(i - 1, i), true),
  })),
})

/** The first stream's schema at a revision: another unit, and up to three channels more. What is measured stays what it was. */
function mappingAt(revision: number) {
  const { streams, ...rest } = mappingOf(mainPlans, true)
  const [first, ...others] = streams
  const unit = units[revision % units.length] as string
  const channels = (first?.channels ?? []).map((channel) => (channel.name === 'x' ? { ...channel, unit } : channel))
  const again = Array.from({ length: revision % (againMax + 1) }, (_, i) => ({
    name: `x_again_${i + 1}`,
    from: 'x',
    kind: 'f64',
    unit,
  }))
  return { ...rest, streams: [{ ...first, channels: [...channels, ...again] }, ...others] }
}

/** Its first rows are delivered: from there on an agent can say what it missed, before that nobody can. */
export async function begin(made: SoakRig): Promise<void> {
  await start(made)
  for (const feed of made.feeds) feed.closingRows()
  await eventually(`${made.rig} to deliver its first rows`, deliveredMs, async () => {
    const { rows, unconfirmed } = await made.agent.counters()
    return rows >= made.streams().length && unconfirmed === 0
  })
  for (const feed of made.feeds) feed.resume()
  made.state = 'live'
}

async function start({ rig, agent, feeds }: SoakRig): Promise<void> {
  await agent.start()
  await eventually(`${rig} to be connected to its devices`, 60_000, async () =>
    feeds.every((feed) => feed.listeners() > 0),
  )
}

/** Ended in order or by SIGKILL, and started; `between`: what changes meanwhile. */
export async function restart(
  { excuses }: RigParts,
  made: SoakRig,
  how: 'stop' | 'kill',
  between: () => Promise<void> = async () => {},
): Promise<void> {
  const fromMs = Date.now()
  await made.agent[how]()
  await between()
  await start(made)
  for (const feed of made.feeds) feed.resume()
  await eventually(
    `${made.rig} to measure again`,
    60_000,
    async () => (await made.agent.counters()).rows >= made.streams().length,
  )
  excuses.push(...downSince(made, fromMs))
}

/** Its devices are switched off, all is delivered, and the agent is stopped. */
export async function leave(station: Station, made: SoakRig): Promise<void> {
  for (const feed of made.feeds) feed.rest()
  await eventually(`all of ${made.rig} to be delivered before it leaves`, deliveredMs, async () => {
    const { unconfirmed } = await made.agent.counters()
    return unconfirmed === 0 && (await hasLastRows(station, made))
  })
  await made.agent.stop()
  made.state = 'gone'
}

export async function comeBack({ excuses }: RigParts, made: SoakRig, sinceMs: number): Promise<void> {
  await start(made)
  for (const feed of made.feeds) feed.resume()
  made.state = 'live'
  await eventually(
    `${made.rig} to measure again`,
    60_000,
    async () => (await made.agent.counters()).rows >= made.streams().length,
  )
  excuses.push(...downSince(made, sinceMs))
}

/** A source that resumes, a file, misses nothing. */
const downSince = ({ rig, source }: SoakRig, fromMs: number): Excuse[] =>
  source === 'file' ? [] : [{ rig, causes: ['agent_down'], fromMs, toMs: Date.now() }]

/** Ingest's newest row of each stream is the last that was generated. */
async function hasLastRows(station: Station, made: SoakRig): Promise<boolean> {
  const { streams } = await ask<RigDetail>(station, `/v1/rigs/${encodeURIComponent(made.rig)}`)
  return made.streams().every(({ plan, rows }) => {
    const n = streams.find(({ stream }) => stream === plan.stream)?.channels.find(({ name }) => name === 'n')
    return rows === 0 || Number(n?.value) === rows - 1
  })
}

/** One more device, with a stream of its own. */
export async function addDevice({ seed, station }: RigParts, { rig, feeds }: SoakRig): Promise<void> {
  const plan = devicePlans[feeds.length - 1]
  if (!plan) throw new Error(`${rig} has all of its ${devicePlans.length} devices`)
  const file = join(station.folder, rig, `device-${feeds.length}.jsonl`)
  feeds.push(await startFeed(seed, { rig, source: 'file' }, file, [plan]))
}

export const hasRoomForDevice = ({ feeds }: SoakRig): boolean => feeds.length <= devicePlans.length
