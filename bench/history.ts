import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '../common/log.ts'
import { openCatalog } from '../ingest/catalog/catalog.ts'
import { type History, startHistory } from '../ingest/history/start-history.ts'
import { openJournal } from '../ingest/journal.ts'
import { encodeJournalRecord } from '../ingest/journal-record.ts'
import { startLakeSink } from '../ingest/sinks/start-sink.ts'
import { encodeEnvelope } from '../protos/envelope.ts'
import { toHex } from '../protos/hex.ts'
import { encodeSchema } from '../protos/schema.ts'
import { hashSchema } from '../protos/schema-hash.ts'
import type { Batch, Body } from '../protos/types.ts'
import { startInfluxd } from '../test/services/influxd.ts'
import { type Result, round, withFolder } from './rig.ts'
import { channels, syntheticSchema } from './synthetic.ts'

// What is asked of history: an hour of 500 Hz thinned to 1,000 points, from the lake and by InfluxQL; everything at full rate.

const spool = '01J00000000000000000000000'
const rig = 'bench-1'
const rateHz = 500
const rowsPerBatch = 500
const periodNs = BigInt(1e9 / rateHz)
const batchesPerMinute = (rateHz * 60) / rowsPerBatch
const startNs = 1_760_000_040_000_000_000n
const points = 1000

interface Lake {
  history: History
  minutes: number
  toNs: bigint
  close(): Promise<void>
}

/** A lake of a file a minute, as ingest's journal of a segment a minute makes it. */
async function fillLake(folder: string, minutes: number, batch: (index: number) => Batch): Promise<Lake> {
  const data = join(folder, 'ingest')
  mkdirSync(data)
  const schema = encodeSchema(syntheticSchema('bench'))
  const catalogFile = join(data, 'catalog.sqlite')
  const catalog = openCatalog(catalogFile)
  catalog.saveSchema(toHex(hashSchema(schema)), rig, schema)
  const journal = await openJournal({
    folder: data,
    bytesMax: 64 * 1024 ** 3,
    segmentBytesMax: 1024 ** 3,
    segmentAgeMaxMs: 3_600_000,
    catalog,
    log: silentLog,
    onSynced() {},
  })
  const put = (seq: number, body: Body) =>
    journal.log.append(encodeJournalRecord(startNs, encodeEnvelope({ rig, spool, seq, body })))
  await put(1, { type: 'schema', bytes: schema })
  for (let minute = 0; minute < minutes; minute++) {
    const first = minute * batchesPerMinute
    await Promise.all(
      Array.from({ length: batchesPerMinute }, (_, i) =>
        put(2 + first + i, { type: 'batch', batch: batch(first + i) }),
      ),
    )
    await journal.log.roll()
  }
  const journalFolder = join(data, 'journal')
  const lakeFolder = join(data, 'lake')
  const sink = startLakeSink(
    { journalFolder, catalogFile, lakeFolder, quarantineFolder: join(data, 'quarantine') },
    { log: silentLog },
  )
  sink.synced(journal.log.synced)
  await sink.flush(journal.log.synced)
  await sink.close()
  const history = startHistory({ journalFolder, catalogFile, lakeFolder, log: silentLog })
  history.synced(journal.log.synced)
  return {
    history,
    minutes,
    toNs: startNs + BigInt(minutes) * 60_000_000_000n,
    async close() {
      await history.close()
      await journal.close()
      catalog.close()
    },
  }
}

function createBatches(): (index: number) => Batch {
  const schema = hashSchema(encodeSchema(syntheticSchema('bench')))
  return (index) => ({
    schema,
    rows: rowsPerBatch,
    era: 0,
    times: BigInt64Array.from(
      { length: rowsPerBatch },
      (_, i) => startNs + BigInt(index * rowsPerBatch + i) * periodNs,
    ),
    period: { num: periodNs, den: 1n },
    monotonicNs: 0n,
    bootId: new Uint8Array(16),
    notRising: false,
    position: 0,
    origin: '',
    columns: Array.from({ length: channels }, () => ({
      kind: 'f64',
      values: Float64Array.from({ length: rowsPerBatch }, () => Math.random() * 200 - 100),
    })),
  })
}

const median = (values: number[], at: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * at)]!

async function measure(times: number, work: (i: number) => Promise<unknown>): Promise<{ p50: number; p95: number }> {
  const ms: number[] = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await work(i)
    ms.push(performance.now() - start)
  }
  return { p50: median(ms, 0.5), p95: median(ms, 0.95) }
}

export async function benchHistory({ thinnedTimes = 100, influxTimes = 10, hours = 4 } = {}): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const batch = createBatches()
    const lake = await fillLake(folder, hours * 60, batch)
    try {
      // First, while history has done nothing yet: what it takes above that counts.
      const full = await measureFullRate(lake)
      const thinned = await measureThinned(lake.history, thinnedTimes)
      const influx = influxTimes > 0 ? await measureInflux(batch, influxTimes) : { p50: 0, p95: 0 }
      return [
        {
          name: 'history_m4',
          value: round(thinned.p95),
          unit: 'ms p95',
          baseline: round(influx.p95),
          ratio: round(influx.p95 / thinned.p95),
          note: `an hour of ${rateHz} Hz in ${60} files, one of ${channels} channels, ${points} points; p50 ${round(thinned.p50)} ms; baseline: first, min, max, last by InfluxQL, p50 ${round(influx.p50)} ms`,
        },
        {
          name: 'history_arrow',
          value: round(full.perS),
          unit: 'readings/s',
          baseline: 1e7,
          ratio: round(full.perS / 1e7),
          note: `${hours} h, ${channels} x f64, over HTTP to another process; peak memory ${round(full.peakBytes / 1e6)} MB above idle, ingest and history together`,
        },
      ]
    } finally {
      await lake.close()
    }
  })
}

const hourNs = 3_600_000_000_000n

async function measureThinned(history: History, times: number) {
  // As ingest's route sends it on: the JSON, to its last byte.
  const ask = async (i: number) =>
    await buffer(
      await history.thinned({
        parts: [{ rig, fromNs: startNs, toNs: startNs + hourNs }],
        stream: 'bench',
        channels: [`c${i % channels}`],
        points,
        missing: [],
      }),
    )
  await measure(channels, ask)
  return await measure(times, ask)
}

async function measureFullRate({ history, toNs, minutes }: Lake): Promise<{ perS: number; peakBytes: number }> {
  // As ingest's route does it.
  const server = createServer((_, response) => {
    history
      .readings({ parts: [{ rig, fromNs: startNs, toNs }], stream: 'bench', format: 'arrow', missing: [] })
      .then(({ body }) => pipeline(body, response))
      .catch((error) => response.destroy(error as Error))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  await history.streams()
  await sleep(500)
  const pids = [process.pid, history.status().pid!]
  const idle = pids.reduce((sum, pid) => sum + residentBytes(pid), 0)
  let peak = idle
  const timer = setInterval(() => {
    peak = Math.max(
      peak,
      pids.reduce((sum, pid) => sum + residentBytes(pid), 0),
    )
  }, 50)
  const { port } = server.address() as AddressInfo
  const startMs = performance.now()
  const bytes = await readInOtherProcess(`http://127.0.0.1:${port}/`)
  const seconds = (performance.now() - startMs) / 1000
  clearInterval(timer)
  server.close()
  const readings = minutes * 60 * rateHz * channels
  if (bytes < readings * 8) throw new Error(`only ${bytes} bytes came`)
  return { perS: readings / seconds, peakBytes: peak - idle }
}

/** Resident bytes of a process, from /proc (Linux). */
const residentBytes = (pid: number): number => {
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) * 1024
}

async function readInOtherProcess(url: string): Promise<number> {
  const program = `require('node:http').get(${JSON.stringify(url)}, (r) => { let n = 0; r.on('data', (d) => { n += d.length }); r.on('end', () => console.log(n)) })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const part of child.stdout) text += String(part)
  return Number(text)
}

/** The same rows in a real InfluxDB 1.x, and the same question in InfluxQL. */
async function measureInflux(batch: (index: number) => Batch, times: number) {
  const influxd = await startInfluxd()
  const agent = new Agent({ keepAlive: true })
  const call = (path: string, body = '') =>
    new Promise<string>((resolve, reject) => {
      const sent = request(`${influxd.url}${path}`, { method: 'POST', agent }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.once('end', () => ((response.statusCode ?? 500) < 300 ? resolve(text) : reject(new Error(text))))
      })
      sent.once('error', reject)
      sent.end(body)
    })
  try {
    await call(`/query?q=${encodeURIComponent('CREATE DATABASE bench')}`)
    const batches = (rateHz * 3600) / rowsPerBatch
    for (let index = 0; index < batches; index += 20) {
      const lines: string[] = []
      for (let i = index; i < Math.min(index + 20, batches); i++) {
        const { times, columns } = batch(i)
        for (let row = 0; row < times.length; row++) {
          lines.push(
            `bench,rig=${rig} ${columns.map(({ values }, c) => `c${c}=${values[row]}`).join(',')} ${times[row]}`,
          )
        }
      }
      await call('/write?db=bench&precision=ns', lines.join('\n'))
    }
    const pixelMs = 3_600_000 / (points / 4)
    const ask = async (i: number) => {
      const value = `c${i % channels}`
      const query = `SELECT first(${value}), min(${value}), max(${value}), last(${value}) FROM bench WHERE rig = '${rig}' AND time >= ${startNs} AND time < ${startNs + hourNs} GROUP BY time(${pixelMs}ms)`
      const text = await call(`/query?db=bench&epoch=ns&q=${encodeURIComponent(query)}`)
      if (!text.includes('"values"')) throw new Error(text.slice(0, 300))
    }
    await measure(2, ask)
    return await measure(times, ask)
  } finally {
    agent.destroy()
    await influxd.close()
  }
}
