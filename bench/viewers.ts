import { setTimeout as sleep } from 'node:timers/promises'
import { createClock } from '../common/clock.ts'
import { createQuantiles } from '../common/quantiles.ts'
import { connectLive } from '../ingest/http/live-client.ts'
import { decodeBody, readHeader } from '../protos/envelope.ts'
import { type Station, startAgentProgram, startStation } from '../test/services/rigline.ts'
import { type Result, round, runAgent, withFolder } from './rig.ts'

// What a hundred viewers of one rig cost: processor time of ingest's process with them less without them. The viewers are in
// this process, so what they cost themselves is not in it.

const rig = 'bench-1'
const viewers = 100
/** Of one core. */
const limitPercent = 30

export async function benchViewers(seconds: number): Promise<Result[]> {
  const results: Result[] = []
  for (const [name, watch] of [
    ['viewers_simulator', watchSimulator],
    ['viewers_50_batches', watchFifty],
  ] as const) {
    const { percent, without, batchesPerS, latency, maxMs, count } = await withFolder((folder) =>
      watch(folder, seconds),
    )
    results.push({
      name,
      value: round(percent),
      unit: '% of a core',
      baseline: limitPercent,
      ratio: round(percent / limitPercent),
      note: `${viewers} viewers of one rig, ${round(batchesPerS)} batches/s, ${count} frames; ingest without them ${round(without)} %; newest row to viewer p50 ${latency.p50}, p99 ${latency.p99}, most ${round(maxMs)} ms`,
    })
  }
  return results
}

/** The driving simulator, as in agent/samples. */
async function watchSimulator(folder: string, seconds: number) {
  const station = await startStation({ folder })
  const sources = [{ type: 'simulated', name: 'cabin', rig: 'driving-simulator', seed: 7 }]
  const agent = startAgentProgram({ folder, rig, mqtt: station.mqtt, sources })
  try {
    return await measure(station, seconds)
  } finally {
    await agent.stop()
    await station.close()
  }
}

/** One stream of 1,000 rows/s in batches of 20 ms. */
async function watchFifty(folder: string, seconds: number) {
  const station = await startStation({ folder })
  const rowsPerS = 1000
  const ended = runAgent({
    rig,
    url: station.mqtt,
    stream: 'bench',
    folder: `${folder}/agent`,
    rowsMax: 1000,
    ageMaxMs: 20,
    rows: rowsPerS * (2 * seconds + 12),
    rowsPerS,
  })
  try {
    return await measure(station, seconds)
  } finally {
    await ended
    await station.close()
  }
}

async function measure(station: Station, seconds: number) {
  await sleep(4000)
  const without = await cpuPercent(station, seconds)
  const clock = createClock()
  const latency = createQuantiles()
  let maxMs = 0
  let count = 0
  // The same bytes come a hundred times: decoded once, so that this process does not hold them up.
  const newestNs = new Map<string, bigint>()
  const seen = new Set<string>()
  const onEnvelope = (envelope: Uint8Array) => {
    const nowNs = clock.nowNs()
    count++
    const header = readHeader(envelope)
    const key = `${header.spool} ${header.seq}`
    let timeNs = newestNs.get(key)
    if (timeNs === undefined) {
      const { body } = decodeBody(envelope, header)
      if (body.type !== 'batch' || body.batch.rows === 0) return
      timeNs = body.batch.times[body.batch.rows - 1]!
      newestNs.set(key, timeNs)
      if (newestNs.size > 1000) newestNs.delete(newestNs.keys().next().value as string)
      seen.add(key)
    }
    const ms = Number(nowNs - timeNs) / 1e6
    latency.add(ms)
    maxMs = Math.max(maxMs, ms)
  }
  const clients = await Promise.all(
    Array.from({ length: viewers }, () => connectLive(station.http, { rig }, onEnvelope)),
  )
  await sleep(1000)
  count = 0
  seen.clear()
  maxMs = 0
  const withThem = await cpuPercent(station, seconds)
  const frames = count
  const batchesPerS = seen.size / seconds
  await Promise.all(clients.map((client) => client.close()))
  if (frames < batchesPerS * seconds * viewers * 0.95) throw new Error(`only ${frames} frames came`)
  return { percent: withThem - without, without, batchesPerS, latency: latency.summary(), maxMs, count: frames }
}

/** Processor time of ingest's process over so many seconds, in percent of one core. */
async function cpuPercent(station: Station, seconds: number): Promise<number> {
  const before = await cpuSeconds(station)
  const startMs = performance.now()
  await sleep(seconds * 1000)
  const after = await cpuSeconds(station)
  return ((after - before) / ((performance.now() - startMs) / 1000)) * 100
}

async function cpuSeconds(station: Station): Promise<number> {
  const text = await (await fetch(`${station.http}/metrics`)).text()
  return Number(/^rigline_cpu_seconds_total (\S+)$/m.exec(text)![1])
}
