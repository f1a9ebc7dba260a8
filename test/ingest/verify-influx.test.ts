import { afterAll, beforeAll, expect, it } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import { summarize, verify } from '../../ingest/verify/verify.ts'
import type { Batch, Body, Column, Schema } from '../../protos/types.ts'
import { describeWith } from '../services/debian.ts'
import { type Influxd, startInfluxd } from '../services/influxd.ts'
import { makeConfig } from './influx-setup.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { startRunner } from './run-sink-setup.ts'
import { openData, rig } from './verify-setup.ts'

const schema: Schema = {
  stream: '심전도',
  channels: [
    { name: 'd', kind: 'f64' },
    { name: 'f', kind: 'f32' },
    { name: 'i', kind: 'int' },
    { name: 'mV', kind: 'int', gain: 0.1, offset: -5 },
    { name: 'b', kind: 'bool' },
    { name: '글', kind: 'text' },
  ],
}
const startNs = 1_700_000_000_000_000_000n

/** Five rows of all kinds, with what InfluxDB cannot hold: NaN, an infinity, an integer beyond 2^53. */
function batch(number: number, more: Partial<Batch> = {}): Body {
  const times = [0, 1, 2, 3, 4].map((row) => startNs + BigInt(number * 5 + row) * 1_000_003n)
  const columns: Column[] = [
    f64(0.1 * number, -0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324),
    { kind: 'f32', values: Float32Array.of(0.1, 2, 3, 4, number), validity: Uint8Array.of(0b11101) },
    { kind: 'int', values: BigInt64Array.of(2n ** 53n + 1n, -(2n ** 53n), 0n, 1n, BigInt(number)) },
    { kind: 'int', values: Float64Array.of(1, 2, 3, 4, number) },
    { kind: 'bool', values: Uint8Array.of(1, 0, 1, 0, 1) },
    {
      kind: 'text',
      values: Uint32Array.of(0, 1, 2, 0, 1),
      dictionary: ['가,나 "다"\\', 'a=b\n2', ''],
      validity: Uint8Array.of(0b10111),
    },
  ]
  return makeBatch(schema, times, columns, more)
}

await describeWith('influxd', 'verify with a real InfluxDB 1.x', () => {
  let influxd: Influxd
  beforeAll(async () => {
    influxd = await startInfluxd()
  })
  afterAll(() => influxd.close())

  async function ground(database: string) {
    const data = await openData()
    data.saveSchema(schema)
    const influx = makeConfig({ url: influxd.url, database })
    return {
      ...data,
      influx,
      verify: (more = {}) => verify({ dataFolder: data.folder, influx, ...more }),
      async influxTakesAll() {
        const runner = startRunner(data, createInfluxSink(influx, { ...data, log: silentLog }))
        runner.synced()
        await runner.flush()
        await runner.close()
      },
    }
  }
  const query = (database: string, q: string) =>
    fetch(`${influxd.url}/query?db=${database}`, { method: 'POST', body: new URLSearchParams({ q }) })

  it('agrees bit by bit, what cannot be held counted by rule; and notices one reading that is gone or changed', async () => {
    const data = await ground('verify1')
    for (let number = 1; number <= 4; number++) await data.put(number, batch(number))
    await data.put(5, batch(2, { era: 1 }))
    await data.put(6, batch(3, { notRising: true }))
    await data.lakeTakesAll()
    await data.influxTakesAll()
    const report = await data.verify()
    expect(report.rigs[0]!.streams[0]!.problems).toEqual([])
    expect(report.agree).toBe(true)
    const { influx, lake } = report.rigs[0]!.streams[0]!
    expect(lake.readings).toBe(6 * 28)
    expect(influx).toMatchObject({
      rows: 25,
      readings: 5 * 25,
      notRepresentable: { nan: 5, infinity: 5, int_beyond_2_53: 5, not_rising: 28 },
      pending: { rows: 0 },
    })
    expect(summarize(report)).toEqual({ lake: 168, influx: 125, notRepresentable: 43, duplicates: 0 })

    const tNs = startNs + 6n * 1_000_003n
    await query('verify1', `DELETE FROM "심전도" WHERE time = ${tNs}`)
    const gone = await data.verify()
    expect(gone.agree).toBe(false)
    expect(gone.rigs[0]!.streams[0]!.problems[0]).toMatch(/InfluxDB has .* readings in 24 rows/)
    // The same span without it agrees.
    expect((await data.verify({ fromNs: tNs + 1n })).agree).toBe(true)

    const changed = `심전도,rig=${rig} d=${0.1 * 3 + 1e-12} ${startNs + 15n * 1_000_003n}`
    await fetch(`${influxd.url}/write?db=verify1`, { method: 'POST', body: changed })
    const other = await data.verify({ fromNs: tNs + 1n })
    expect(other.agree).toBe(false)
    expect(
      other.rigs[0]!.streams[0]!.influx!.fields.filter(({ expected, influx }) => expected.checksum !== influx.checksum),
    ).toMatchObject([
      { field: 'd', influx: { readings: other.rigs[0]!.streams[0]!.influx!.fields[1]!.expected.readings } },
    ])
  })

  it('takes what a sink has not consumed yet for pending, whichever is behind', async () => {
    const data = await ground('verify2')
    await data.put(1, batch(1))
    await data.put(2, batch(2))
    await data.lakeTakesAll()
    const none = await data.verify()
    expect(none.agree).toBe(true)
    expect(none.rigs[0]!.streams[0]!.influx).toMatchObject({ rows: 0, pending: { envelopes: 2, rows: 10 } })

    await data.put(3, batch(3))
    await data.influxTakesAll()
    const ahead = await data.verify()
    expect(ahead.rigs[0]!.streams[0]!.problems).toEqual([])
    expect(ahead.agree).toBe(true)
    expect(ahead.rigs[0]!.streams[0]).toMatchObject({
      lake: { rows: 10, pending: { rows: 5 } },
      influx: { rows: 15, pending: { rows: 0 } },
    })

    await data.put(4, batch(4))
    await data.lakeTakesAll()
    const behind = await data.verify({ fromNs: startNs + 7n * 1_000_003n })
    expect(behind.agree).toBe(true)
    expect(behind.rigs[0]!.streams[0]!.influx).toMatchObject({ rows: 13, pending: { rows: 5 } })
  })

  it('knows by the quarantine which rows InfluxDB refused', async () => {
    const data = await ground('verify3')
    await data.put(1, batch(1))
    await data.lakeTakesAll()
    await data.influxTakesAll()
    const tNs = startNs + 6n * 1_000_003n
    await query('verify3', `DELETE FROM "심전도" WHERE time = ${tNs}`)
    expect((await data.verify()).agree).toBe(false)
    data.quarantine.put({
      by: 'influx',
      reason: 'refused_by_influx',
      detail: 'field type conflict',
      content: 'lines',
      bytes: Buffer.from(`심전도,rig=${rig} d=1,글="a b=\\"c\\" 5" ${tNs}\n`),
    })
    const report = await data.verify()
    expect(report.agree).toBe(true)
    expect(report.rigs[0]!.streams[0]!.influx!.notRepresentable.refused).toBeGreaterThan(0)
    expect(report.quarantined).toEqual({ 'influx: refused_by_influx': 1 })
  })

  it('does not say yes when InfluxDB cannot be asked', async () => {
    const data = await ground('verify4')
    await data.put(1, batch(1))
    await data.lakeTakesAll()
    const report = await verify({
      dataFolder: data.folder,
      influx: makeConfig({ url: 'http://127.0.0.1:9', database: 'x', timeoutMs: 500 }),
    })
    expect(report.agree).toBe(false)
    expect(report.influx).toMatchObject({ compared: false })
  })
})
