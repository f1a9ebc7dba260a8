import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClock } from '../common/clock.ts'
import { createQuantiles } from '../common/quantiles.ts'
import { connectLive } from '../ingest/http/live-client.ts'
import { decodeBody, readHeader } from '../protos/envelope.ts'
import { startInfluxd } from '../test/services/influxd.ts'
import { type Station, startStation } from '../test/services/rigline.ts'
import { type Result, round, runAgent, withFolder } from './rig.ts'
import { channels } from './synthetic.ts'

// InfluxDB away while readings go on, then back: how fast it is caught up beside the live readings, and what these feel of it.

const rig = 'bench-1'
/** Readings a second, live. */
const rate = 100_000
const beforeS = 10
const awayS = 30
/** Live readings go on for so long behind InfluxDB's return. */
const afterS = 20
/** Nothing but what is on its way. */
const caughtUpBytes = 2 * 1024 * 1024
const limit = 5

export async function benchCatchUp(): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const influxd = await startInfluxd()
    const station = await startStation({ folder, ingest: { influx: { url: influxd.url, database: 'bench' } } })
    try {
      const before = await measurePhase(station, folder, beforeS)
      await station.caughtUp('influx')
      await influxd.kill()
      const away = await measurePhase(station, folder, awayS)
      await influxd.restart()
      const [after, caught] = await Promise.all([measurePhase(station, folder, afterS), catchUp(station)])
      return [
        {
          name: 'catch_up',
          value: round(caught.readingsPerS),
          unit: 'readings/s',
          baseline: limit * rate,
          ratio: round(caught.readingsPerS / (limit * rate)),
          note: `${rate} readings/s live, InfluxDB away for ${awayS} s; ${round(caught.seconds)} s until it had all`,
        },
        ...(['receipt', 'live'] as const).map((what) => ({
          name: `catch_up_${what}_p99`,
          value: after[what].p99,
          unit: 'ms',
          baseline: before[what].p99,
          ratio: round(after[what].p99 / before[what].p99),
          note: `baseline: before the outage; during it ${away[what].p99} ms; p50 ${before[what].p50}, ${away[what].p50}, ${after[what].p50} ms`,
        })),
      ]
    } finally {
      await station.close()
      await influxd.close()
    }
  })
}

let phases = 0

/** An agent at the live rate for so long, and how late its receipts and its rows on the screen were. */
async function measurePhase(station: Station, folder: string, seconds: number) {
  const clock = createClock()
  const live = createQuantiles()
  const client = await connectLive(station.http, { rig }, (envelope) => {
    const { body } = decodeBody(envelope, readHeader(envelope))
    if (body.type === 'batch') live.add(Number(clock.nowNs() - body.batch.times[0]!) / 1e6)
  })
  const rowsPerS = rate / channels
  const { receiptSamplesMs } = await runAgent({
    ...{ rig, url: station.mqtt, stream: 'bench', rowsMax: 10_000, ageMaxMs: 50, rowsPerS },
    folder: join(folder, `agent-${++phases}`),
    rows: rowsPerS * seconds,
  })
  await client.close()
  const receipt = createQuantiles()
  for (const ms of receiptSamplesMs) receipt.add(ms)
  return { receipt: receipt.summary(), live: live.summary() }
}

/** Readings a second that go into InfluxDB until it has all but what is on its way. */
async function catchUp(station: Station): Promise<{ readingsPerS: number; seconds: number }> {
  const look = async () => (await station.sinks()).sinks.find(({ name }) => name === 'influx')!
  const first = await look()
  let startMs: number | undefined
  for (;;) {
    const { behindBytes, counters } = await look()
    const written = (counters.values ?? 0) - (first.counters.values ?? 0)
    // From its first answer on: it was waited for.
    if (written > 0) startMs ??= performance.now()
    const seconds = startMs === undefined ? 0 : (performance.now() - startMs) / 1000
    if (seconds > 0 && behindBytes < caughtUpBytes) return { readingsPerS: written / seconds, seconds }
    await sleep(100)
  }
}
