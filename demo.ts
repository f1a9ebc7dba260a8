import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { createClock } from './common/clock.ts'
import { loadConfig } from './common/config.ts'
import { UsageError } from './common/failure.ts'
import { createLog } from './common/log.ts'
import { createQuantiles } from './common/quantiles.ts'
import { replaceFile } from './common/replace-file.ts'
import { formatCounts } from './dashboards/format.ts'
import { renderTable } from './dashboards/terminal-table.ts'
import { type AgentProcess, startAgentProcess } from './demo-agents.ts'
import { compareDemo, countGaps } from './demo-result.ts'
import type { RigsAnswer, SinksAnswer } from './ingest/http/answers.ts'
import { connectLive } from './ingest/http/live-client.ts'
import type { InfluxConfig } from './ingest/sinks/influx/config.ts'
import { verify } from './ingest/verify/verify.ts'
import { decodeBody, readHeader } from './protos/envelope.ts'
import { startUp, upConfig } from './up.ts'

// `rigline demo`: `up`, and four agents as processes of their own, each with one rig. What it prints at the end is counted by
// the agents on one side and read from the stores on the other.

const group = 'demo'

/** What each rig runs: its sources, as they would stand in its agent.yaml. */
const rigs: Record<string, Record<string, unknown>[]> = {
  'car-sim-1': [{ type: 'simulated', name: 'cabin', rig: 'driving-simulator', seed: 1 }],
  'bio-bench-1': [{ type: 'simulated', name: 'bench', rig: 'bio-bench', seed: 2 }],
  'energy-bench-1': [{ type: 'simulated', name: 'bench', rig: 'energy-bench', seed: 3 }],
  'this-machine': [{ type: 'system', name: 'system' }],
}

const usualPorts = { mqtt: 1883, http: 8686 }

/** Reading back ends when no store has got anything for this long. */
const standstillMs = 30_000

interface DemoOptions {
  duration?: string
  json?: boolean
  data: string
}

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('run everything on this machine with simulated rigs of three sectors')
    .option('-d, --duration <time>', 'stop by itself after this long (20s, 5m), then verify')
    .option('--json', 'print one JSON object at the end, and no table')
    .option('--data <folder>', 'where the data go', './data')
    .action(async (options: DemoOptions) => {
      process.exit(await runDemo(options))
    })
}

async function runDemo(options: DemoOptions): Promise<number> {
  const durationMs = options.duration === undefined ? undefined : parseDuration(options.duration)
  const folder = resolve(options.data)
  const log = createLog('demo')
  log.level = process.env.RIGLINE_LOG ?? (options.json ? 'warn' : 'error')
  const influx = influxFromEnv(process.env)
  const config = loadConfig(upConfig, undefined, {})
  Object.assign(config.broker.listeners, {
    tcp: { host: '127.0.0.1', port: await usualOrFree(usualPorts.mqtt), anonymous: true },
  })
  Object.assign(config.ingest, { groups: [group], data: join(folder, 'ingest'), ...(influx ? { influx } : {}) })
  Object.assign(config.ingest.http, { port: await usualOrFree(usualPorts.http), anonymous: true })

  const clock = createClock()
  const fromNs = clock.nowNs()
  const up = await startUp(config, log, true)
  const url = `http://127.0.0.1:${up.ingest.httpPort}`
  const page = `${url}/`
  const configFile = join('ingest', 'ingest.yaml')
  await writeConfig(join(folder, configFile), influx)
  const live = createQuantiles()
  const liveClient = await connectLive(page, {}, (envelope) => {
    const { body } = decodeBody(envelope, readHeader(envelope))
    if (body.type === 'batch' && body.batch.rows > 0) live.add(Number(clock.nowNs() - body.batch.times[0]!) / 1e6)
  })
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const agents = Object.entries(rigs).map(([rig, sources]) =>
    startAgentProcess({
      folder,
      group,
      rig,
      sources,
      tcpPort: up.tcpPort,
      // A run of a fixed length is a measurement: an agent that dies in it ends it.
      restart: durationMs === undefined,
      onRestart: (ended) => say(`The agent of ${rig} ended (${ended ?? 'not started'}); it is started again.`),
      onRestarted: (pid) => say(`The agent of ${rig} runs again: kill -9 ${pid}`),
    }),
  )

  if (up.ingest.httpPort !== usualPorts.http) {
    say(
      `Port ${usualPorts.http} is taken: the page is at ${page}; commands need --url ${url}, or RIGLINE_URL=${url} in the environment.`,
    )
  }
  if (up.tcpPort !== usualPorts.mqtt) say(`Port ${usualPorts.mqtt} is taken: MQTT is at 127.0.0.1:${up.tcpPort}.`)
  say(`Rigline runs with ${agents.length} rigs. Live page: ${page}  MQTT: 127.0.0.1:${up.tcpPort}  Data: ${folder}`)
  say(
    influx ? `InfluxDB: ${influx.url}` : 'InfluxDB: none; set INFLUX_URL to add one. The lake (Parquet) is the store.',
  )
  if (durationMs === undefined) {
    say('Ctrl-C stops it and verifies.')
    say(`Pull a plug: ${agents.map((agent) => `kill -9 ${agent.pid} (${agent.end().rig})`).join(', ')}`)
  } else say(`Stops by itself after ${options.duration}.`)
  const stopTable = options.json ? () => {} : showTable(page)
  const cutShort = await waitForEnd(durationMs, agents, up.ingest.takenOver)
  stopTable()
  if (cutShort !== undefined) say(cutShort)

  say('Stopping the rigs, then reading back what is stored ...')
  await Promise.all(agents.map((agent) => agent.stop()))
  const toNs = clock.nowNs()
  await liveClient.close()
  const stored = await withProgress(up.ingest.flush(), () => waitingFor(up.ingest.state.sinks()), say)
  await up.close()
  if (!stored)
    say('Not every store has everything yet: the journal keeps the rest, and the next start goes on with it.')

  const report = await verify({
    dataFolder: join(folder, 'ingest'),
    fromNs,
    toNs,
    ...(influx ? { influx } : {}),
  })
  const { problems, ...compared } = compareDemo(
    agents.map((agent) => agent.end()),
    report,
    influx !== undefined,
  )
  if (cutShort !== undefined) problems.push(cutShort)
  if (!stored) problems.push('the stores did not get everything')
  const receiptMs = createQuantiles()
  for (const agent of agents) for (const ms of agent.end().counters?.receiptSamplesMs ?? []) receiptMs.add(ms)
  const result = {
    rigs: Object.keys(rigs),
    ...compared,
    receipt_ms: receiptMs.summary(),
    live_ms: live.summary(),
  }
  const good = result.lost === 0 && result.duplicates === 0 && problems.length === 0
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else {
    const { produced, stored: has, lost, duplicates, receipt_ms: receipt, live_ms: shown } = result
    say(
      [
        `${produced} readings measured, ${has.lake} in the lake${influx ? `, ${has.influx} in InfluxDB` : ''}: ${lost} lost, ${duplicates} duplicates. Gaps declared: ${formatCounts(countGaps(report)) || 'none'}.`,
        `From sample to receipt ${receipt.p50} ms (p99 ${receipt.p99}), to the live page ${shown.p50} ms (p99 ${shown.p99}).`,
        `The same in detail: npm run rigline -- verify --config ${join(options.data, configFile)}`,
      ].join('\n'),
    )
  }
  for (const problem of problems) say(`NOT GOOD: ${problem}`)
  return good ? 0 : 1
}

/** Until the time is over, a signal comes, or something ends that should run: then returns what. */
async function waitForEnd(
  durationMs: number | undefined,
  agents: AgentProcess[],
  takenOver: Promise<never>,
): Promise<string | undefined> {
  const cutShort = await new Promise<string | undefined>((done) => {
    if (durationMs !== undefined) setTimeout(() => done(undefined), durationMs)
    process.once('SIGINT', () => done(undefined))
    process.once('SIGTERM', () => done(undefined))
    for (const { end, ended } of agents) ended.then(() => done(`Stopped early: the agent of ${end().rig} ended.`))
    takenOver.catch((error: Error) => done(`Stopped early: ${error.message}.`))
  })
  return cutShort
}

/** The table on the terminal, once a second; returns what stops it. */
function showTable(page: string): () => void {
  const show = async () => {
    try {
      const [rigsAnswer, sinksAnswer] = await Promise.all([fetch(`${page}v1/rigs`), fetch(`${page}v1/sinks`)])
      const table = renderTable(
        (await rigsAnswer.json()) as RigsAnswer,
        (await sinksAnswer.json()) as SinksAnswer,
        process.stdout.columns ?? 100,
      )
      process.stdout.write(
        process.stdout.isTTY
          ? `\u001b[H\u001b[J${table}\nLive page: ${page}  Ctrl-C stops and verifies.\n`
          : `${table}\n`,
      )
    } catch {
      // The next turn shows it; the page itself says when the server is gone.
    }
  }
  const timer = setInterval(show, process.stdout.isTTY ? 1000 : 10_000)
  return () => clearInterval(timer)
}

/**
 * Says what a long step waits for, when that changes. False: it failed, a signal cut it short, or nothing has moved for
 * half a minute (an InfluxDB that is down; what it has not got stays in the journal for the next start).
 */
async function withProgress(work: Promise<void>, state: () => string, say: (text: string) => void): Promise<boolean> {
  let said = ''
  let movedMs = performance.now()
  let giveUp: (done: boolean) => void = () => {}
  const ended = new Promise<boolean>((resolve) => {
    giveUp = resolve
  })
  const timer = setInterval(() => {
    const text = state()
    if (text === said) {
      if (performance.now() - movedMs > standstillMs) giveUp(false)
      return
    }
    said = text
    movedMs = performance.now()
    say(`  ${text}`)
  }, 2000)
  const interrupt = () => giveUp(false)
  process.once('SIGTERM', interrupt)
  process.once('SIGINT', interrupt)
  try {
    return await Promise.race([work.then(() => true), ended])
  } catch (error) {
    say(`  ${(error as Error).message}`)
    return false
  } finally {
    clearInterval(timer)
    process.off('SIGTERM', interrupt)
    process.off('SIGINT', interrupt)
  }
}

const waitingFor = (sinks: { name: string; behindBytes: number; waitingFor?: string }[]): string =>
  sinks.map(({ name, behindBytes, waitingFor }) => `${name}: ${waitingFor ?? `${behindBytes} bytes to go`}`).join('; ')

function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text)
  const ms = match
    ? Number(match[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 'ms' | 's' | 'm' | 'h']
    : 0
  if (!(ms > 0)) throw new UsageError(`--duration ${text}: expected a time such as 20s or 5m`)
  return ms
}

/** What `verify` needs to look at the same stores: there may be a token in it. */
const writeConfig = (file: string, influx: InfluxConfig | undefined): Promise<void> =>
  replaceFile(file, stringify({ data: '.', ...(influx ? { influx } : {}) }), 0o600)

/** INFLUX_URL with INFLUX_TOKEN and INFLUX_ORG is a 2.x, without them a 1.x. */
function influxFromEnv(env: NodeJS.ProcessEnv): InfluxConfig | undefined {
  if (!env.INFLUX_URL) return undefined
  const { INFLUX_URL: url, INFLUX_TOKEN: token, INFLUX_ORG: org, INFLUX_BUCKET, INFLUX_DATABASE } = env
  const influx = token
    ? { url, token, org, bucket: INFLUX_BUCKET ?? 'rigline' }
    : { url, database: INFLUX_DATABASE ?? 'rigline' }
  return loadConfig(upConfig, undefined, { RIGLINE_INGEST__INFLUX: JSON.stringify(influx) }).ingest.influx
}

async function usualOrFree(port: number): Promise<number> {
  return await new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(0))
    server.listen(port, '127.0.0.1', () => server.close(() => done(port)))
  })
}
