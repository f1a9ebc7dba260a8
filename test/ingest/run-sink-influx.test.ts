import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import { readInfluxRows } from '../../ingest/sinks/influx/read-back.ts'
import type { FromSink } from '../../ingest/sinks/sink.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import type { Schema } from '../../protos/types.ts'
import { describeWith } from '../services/debian.ts'
import { type Influxd, startInfluxd } from '../services/influxd.ts'
import { f64, makeBatch, makeConfig, schemaOf, timesFrom } from './influx-setup.ts'
import { openGround, startRunner } from './run-sink-setup.ts'

const rigs = ['cabin-1', 'bench-2', '부산-3']
const rowsPerBatch = 50
const firstNs = 1_767_225_600_000_000_000n
const bench: Schema = {
  ...schemaOf('bench', { power: 'f64', raw: 'int' }),
  channels: [
    { name: 'power', kind: 'f64' },
    { name: 'raw', kind: 'int', gain: 0.1, offset: -5 },
  ],
}

const batchOf = (number: number) => {
  const times = timesFrom(rowsPerBatch, 2_777_777n, firstNs + BigInt(number) * 1_000_000_000n)
  const index = times.map((_, row) => number * rowsPerBatch + row)
  const raw = { kind: 'int' as const, values: Float64Array.from(index) }
  return makeBatch(bench, times, [f64(...index.map((i) => Math.sin(i) * 1e3)), raw])
}

await describeWith('influxd', 'from a journal into a real InfluxDB 1.x', () => {
  let influxd: Influxd
  beforeAll(async () => {
    influxd = await startInfluxd()
  })
  afterAll(() => influxd.close())

  it('every row of every rig arrives once and exact, through outages and a restart of the sink', async () => {
    const ground = await openGround({ segmentBytesMax: 20_000 })
    const config = makeConfig({ url: influxd.url, database: 'journal', writeLines: 300 })
    const makeSink = () => createInfluxSink(config, { ...ground, log: silentLog })
    const encoded = encodeSchema(bench)
    ground.catalog.saveSchema(toHex(batchOf(0).schema), 'cabin-1', encoded)
    const appendBatches = async (from: number, to: number) => {
      for (let number = from; number < to; number++) {
        for (const rig of rigs) await ground.append({ type: 'batch', batch: batchOf(number) }, rig)
      }
    }

    await appendBatches(0, 20)
    const first = startRunner(ground, makeSink())
    await first.flush()

    await influxd.kill()
    await appendBatches(20, 40)
    first.synced()
    const isWaiting = (message: FromSink): message is FromSink & { type: 'status' } =>
      message.type === 'status' && message.state === 'waiting'
    expect((await first.heard(isWaiting)).waitingFor).toMatch(/^InfluxDB at .*: connection refused, since /)
    await first.close()
    const cursor = ground.catalog.cursor('influx')!

    const second = startRunner(ground, makeSink())
    second.synced()
    await second.heard(isWaiting)
    await influxd.restart()
    await appendBatches(40, 45)
    await second.flush()
    expect(ground.catalog.cursor('influx')).not.toEqual(cursor)
    expect(ground.quarantine.list()).toEqual([])

    for (const rig of rigs) {
      let row = 0
      for await (const { times, fields, columns } of readInfluxRows(
        config,
        { rig, stream: 'bench', fromNs: firstNs, toNs: firstNs + 3600_000_000_000n },
        100,
      )) {
        const power = columns[fields.indexOf('power')]!
        const raw = columns[fields.indexOf('raw')]!
        for (let i = 0; i < times.length; i++, row++) {
          const number = Math.floor(row / rowsPerBatch)
          expect(times[i]).toBe(firstNs + BigInt(number) * 1_000_000_000n + BigInt(row % rowsPerBatch) * 2_777_777n)
          expect(power[i]).toBe(Math.sin(row) * 1e3)
          expect(raw[i]).toBe(row * 0.1 + -5)
        }
      }
      expect(row).toBe(45 * rowsPerBatch)
    }
  })

  it('a batch whose schema comes later is stored then', async () => {
    const ground = await openGround()
    const config = makeConfig({ url: influxd.url, database: 'late' })
    await ground.append({ type: 'batch', batch: batchOf(0) }, 'late-rig')
    const runner = startRunner(ground, createInfluxSink(config, { ...ground, log: silentLog }))
    await runner.flush()
    await ground.append({ type: 'schema', bytes: encodeSchema(bench) }, 'late-rig')
    await runner.flush()
    await vi.waitUntil(() => ground.catalog.parked('influx').length === 0)
    let rows = 0
    const span = { rig: 'late-rig', stream: 'bench', fromNs: firstNs, toNs: firstNs + 1_000_000_000n }
    for await (const { times } of readInfluxRows(config, span)) rows += times.length
    expect(rows).toBe(rowsPerBatch)
  })
})
