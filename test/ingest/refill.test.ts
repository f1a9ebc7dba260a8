import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { isLakeBehind } from '../../ingest/refill/lake-behind.ts'
import { openFileReader } from '../../ingest/refill/read-file.ts'
import { refillFiles } from '../../ingest/refill/refill-files.ts'
import { refillSpan, type SpanOptions } from '../../ingest/refill/refill-span.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { ownRig } from '../../protos/topics.ts'
import type { Batch, Body, Column, Schema } from '../../protos/types.ts'
import { describeWith } from '../services/debian.ts'
import { type Influxd, influxQuery, startInfluxd } from '../services/influxd.ts'
import { makeConfig } from './influx-setup.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { startRunner } from './run-sink-setup.ts'
import { openData, rig, spoolA } from './verify-setup.ts'

const schema: Schema = {
  stream: '심전도',
  channels: [
    { name: 'd', kind: 'f64' },
    { name: 'f', kind: 'f32' },
    { name: 'i', kind: 'int' },
    { name: 'mV', kind: 'int', gain: 0.1, offset: -5 },
    { name: 'big', kind: 'int', gain: 3 },
    { name: 'b', kind: 'bool' },
    { name: '글', kind: 'text' },
    // Named like a column of the lake's own, and like a tag of InfluxDB's.
    { name: 't_ns', kind: 'f64' },
    { name: 'rig', kind: 'f64' },
  ],
}
/** The same stream later: channels of another kind, some that are gone, one that is new. */
const changed: Schema = {
  stream: schema.stream,
  channels: [
    { name: 'd', kind: 'text' },
    { name: 'mV', kind: 'f64' },
    { name: 'n', kind: 'f64' },
  ],
}
const startNs = 1_700_000_000_000_000_000n
const rows = 700
const stepNs = 1_000_003n
const atRow = (row: number) => startNs + BigInt(row) * stepNs

function batch(number: number, more: Partial<Batch> = {}): Body {
  const index = Array.from({ length: rows }, (_, row) => number * rows + row)
  const odd = [0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 1 / 3]
  const everyThird = new Uint8Array((rows + 7) >> 3)
  index.forEach((i, row) => {
    if (i % 3 !== 0) everyThird[row >> 3]! |= 1 << (row & 7)
  })
  const columns: Column[] = [
    f64(...index.map((i) => odd[i % odd.length]! * (i + 1))),
    { kind: 'f32', values: Float32Array.from(index, (i) => i / 7), validity: everyThird },
    { kind: 'int', values: BigInt64Array.from(index, (i) => (i % 5 === 0 ? 2n ** 53n + 1n : BigInt(-i))) },
    { kind: 'int', values: Float64Array.from(index) },
    { kind: 'int', values: BigInt64Array.from(index, (i) => 2n ** 62n + BigInt(i)) },
    { kind: 'bool', values: Uint8Array.from(index, (i) => i % 2) },
    {
      kind: 'text',
      values: Uint32Array.from(index, (i) => i % 4),
      dictionary: ['가,나 "다"\\', 'a=b\n2', '', '\ufeffbom'],
      validity: everyThird,
    },
    f64(...index.map((i) => -i)),
    f64(...index.map((i) => i / 8)),
  ]
  return makeBatch(schema, index.map(atRow), columns, more)
}

const lateBatch = (from: number, count: number): Body =>
  makeBatch(
    changed,
    Array.from({ length: count }, (_, i) => atRow(from + i)),
    [
      { kind: 'text', values: new Uint32Array(count), dictionary: ['now a text'] },
      f64(...Array.from({ length: count }, (_, i) => i + 0.25)),
      f64(...Array.from({ length: count }, (_, i) => -i)),
    ],
  )

const others: Body[] = [
  {
    type: 'event',
    event: {
      tNs: atRow(10),
      type: 'marker',
      author: '',
      text: '\ufeff표시 "a", b=c\n줄',
      facts: { marker: 'm1', label: '끼어듦' },
      id: 'e1',
    },
  },
  {
    type: 'gap',
    gap: {
      fromNs: atRow(20),
      toNs: atRow(90),
      streams: ['심전도', 'b'],
      cause: 'agent_down',
      detail: '\ufeff전원',
      spool: '',
      numbers: [],
      rows: 7,
    },
  },
  {
    type: 'health',
    health: {
      tNs: atRow(30),
      version: '1.2.3',
      memoryBytes: 12,
      spoolBytes: 3,
      spoolEnvelopes: 1,
      sources: [{ name: '원천', state: 'failed', rows: 5, badLines: 2, badLineSamples: ['x'], detail: 'why "not"' }],
    },
  },
  {
    type: 'clock_sample',
    clockSample: {
      tNs: atRow(40),
      offsetNs: -5n,
      roundTripNs: 2n ** 40n,
      stepNs: 0n,
      monotonicNs: 9n,
      bootId: new Uint8Array(16).fill(3),
    },
  },
]

await describeWith('influxd', 'refilling a real InfluxDB 1.x from the lake', () => {
  let influxd: Influxd
  let databases = 0
  beforeAll(async () => {
    influxd = await startInfluxd()
  })
  afterAll(() => influxd.close())

  async function ground() {
    const data = await openData()
    for (const one of [schema, changed]) data.saveSchema(one)
    const influx = makeConfig({ url: influxd.url, database: `refill${++databases}`, writeLines: 300 })
    const config = { dataFolder: data.folder, influx }
    return {
      ...data,
      influx,
      async putAll() {
        let seq = 0
        for (let number = 0; number < 4; number++) await data.put(++seq, batch(number))
        await data.put(++seq, batch(1, { era: 2 }))
        await data.put(++seq, batch(2, { notRising: true }))
        await data.put(1, batch(0), { rig: 'bench-2' })
        // Between batches of the first schema in one file, and beside them in time.
        await data.put(++seq, lateBatch(4 * rows, 100))
        await data.put(++seq, batch(5))
        for (const body of others) await data.put(++seq, body)
        const ofOther = { ...others[1]!, gap: { ...(others[1] as { gap: object }).gap, rig } } as Body
        await data.put(1, ofOther, { rig: ownRig })
        await data.lakeTakesAll()
        const runner = startRunner(data, createInfluxSink(influx, { ...data, log: silentLog }))
        runner.synced()
        await runner.flush()
        await runner.close()
      },
      verify: () => verify(config),
      refill: (more: Partial<SpanOptions> = {}) =>
        refillSpan({
          ...config,
          fromNs: startNs - 1n,
          toNs: atRow(100_000),
          waitMsMax: 10_000,
          signal: new AbortController().signal,
          ...more,
        }),
      query: (q: string) => influxQuery(influxd.url, q, { database: influx.database }),
      /** Everything that is in the database, as it prints it. */
      async dump() {
        const names = (await this.query('SHOW MEASUREMENTS'))[0]?.values.map(([name]) => String(name)) ?? []
        const all: Record<string, unknown> = {}
        for (const name of names.sort()) {
          const text = await fetch(`${influxd.url}/query`, {
            method: 'POST',
            body: new URLSearchParams({
              q: `SELECT * FROM "${name}" GROUP BY *`,
              db: influx.database,
              epoch: 'ns',
            }),
          })
          all[name] = await text.text()
        }
        return all
      },
    }
  }

  it('gives back the very same points after the database was lost, bit by bit, and a repeat changes nothing', async () => {
    const data = await ground()
    await data.putAll()
    const before = await data.dump()
    expect(Object.keys(before)).toHaveLength(6)
    expect((await data.verify()).rigs.flatMap(({ streams }) => streams.map(({ problems }) => problems))).toEqual([
      [],
      [],
    ])
    expect((await data.verify()).agree).toBe(true)

    await data.query(`DROP DATABASE ${data.influx.database}`)
    expect((await data.verify()).agree).toBe(false)
    const result = await data.refill()
    expect(result.refused).toBe(0)
    expect(await data.dump()).toEqual(before)
    const report = await data.verify()
    expect(report.rigs.flatMap(({ streams }) => streams.flatMap(({ problems }) => problems))).toEqual([])
    expect(report.agree).toBe(true)

    expect(await data.refill()).toEqual(result)
    expect(await data.dump()).toEqual(before)
  })

  it('gives back a span that was deleted, of one stream and rig, and writes nothing else', async () => {
    const data = await ground()
    await data.putAll()
    const before = await data.dump()
    await data.query(`DELETE FROM "${schema.stream}" WHERE time >= ${atRow(100)} AND time < ${atRow(300)}`)
    await data.query('DROP MEASUREMENT rigline_events')
    expect((await data.verify()).agree).toBe(false)

    const span = { fromNs: atRow(100), toNs: atRow(300) }
    const one = await data.refill({ ...span, stream: schema.stream, rig })
    expect(one).toMatchObject({ rows: 200, lines: 200 })
    expect((await data.verify()).agree).toBe(false)
    expect(await data.refill({ ...span, stream: schema.stream })).toMatchObject({ rows: 400 })
    expect((await data.verify()).agree).toBe(true)
    // Without a stream the events of that time too: not those of another.
    expect(await data.refill({ fromNs: atRow(11), toNs: atRow(12) })).toMatchObject({ rows: 2 })
    expect(await data.refill({ fromNs: atRow(10), toNs: atRow(11) })).toMatchObject({ rows: 3 })
    expect(await data.dump()).toEqual(before)
  })

  it('knows whether the journal has rows that are in no file of the lake yet', async () => {
    const data = await ground()
    await data.putAll()
    expect(await isLakeBehind(data.folder)).toBe(false)
    await data.put(1, batch(50))
    expect(await isLakeBehind(data.folder)).toBe(true)
  })

  it('lets the value stand that came last for a time, though it writes the file alone that came first', async () => {
    const data = await ground()
    await data.put(1, batch(0))
    await data.lakeTakesAll()
    // Another copy of the agent: the same times, other values, under a name that sorts before.
    const spool = `${spoolA.slice(0, -1)}0`
    const later = batch(0) as { batch: Batch }
    later.batch.columns[0] = f64(...Array.from({ length: rows }, (_, i) => i + 0.5))
    await data.put(1, later as Body, { spool })
    await data.lakeTakesAll()
    const runner = startRunner(data, createInfluxSink(data.influx, { ...data, log: silentLog }))
    runner.synced()
    await runner.flush()
    await runner.close()
    const before = await data.dump()
    const first = await data.verify()
    expect(first.rigs.flatMap(({ streams }) => streams.flatMap(({ problems }) => problems))).toEqual([])
    expect(first.agree).toBe(true)
    await data.refill()
    expect(await data.dump()).toEqual(before)

    const files = data.catalog.owed.filesInSpan({ fromNs: startNs, toNs: atRow(rows) }, 0, 10)
    expect(files).toHaveLength(2)
    const sink = createInfluxSink(data.influx, { ...data, log: silentLog })
    const reader = await openFileReader(join(data.folder, 'lake'), data.catalog)
    await refillFiles(files.slice(0, 1), {
      reader,
      sink,
      signal: new AbortController().signal,
      onRows() {},
      onStored() {},
      onUnreadable(_file, error) {
        throw error
      },
    })
    reader.close()
    await sink.close()
    expect(await data.dump()).toEqual(before)
    expect((await data.verify()).agree).toBe(true)
  })

  it('says what the lake has when it has nothing of that', async () => {
    const data = await ground()
    await expect(data.refill()).rejects.toThrow('the lake has nothing of that time: it has no readings yet')
    await data.putAll()
    await expect(data.refill({ fromNs: 5n, toNs: 9n })).rejects.toThrow(
      /nothing of that time: it has readings from 2023-11-14T22:13:20\.000Z to 2023-11-14/,
    )
    await expect(data.refill({ rig: '없음' })).rejects.toThrow(
      `the lake has nothing of the rig 없음; it has bench-2, ${rig}`,
    )
    await expect(data.refill({ stream: 'ecg' })).rejects.toThrow(`nothing of the stream ecg; it has ${schema.stream}`)
  })

  it('gives up with the reason when InfluxDB is away for too long, and goes on where it is there again', async () => {
    const data = await ground()
    await data.putAll()
    const before = await data.dump()
    await data.query(`DROP DATABASE ${data.influx.database}`)
    await influxd.pause()
    const waited: (string | undefined)[] = []
    const influx = { ...data.influx, timeoutMs: 100 }
    const onProgress: SpanOptions['onProgress'] = ({ waitingFor }) => waited.push(waitingFor)
    await expect(data.refill({ influx, waitMsMax: 500, onProgress })).rejects.toThrow(
      /^gave up waiting for InfluxDB at .*no answer within 100 ms/,
    )
    expect(waited.some((text) => text?.includes('no answer'))).toBe(true)
    const refilled = data.refill({ influx })
    influxd.resume()
    await refilled
    expect(await data.dump()).toEqual(before)
  })

  it('stops at once when it is told to, leaving nothing that another run would not mend', async () => {
    const data = await ground()
    await data.putAll()
    const before = await data.dump()
    await data.query(`DROP DATABASE ${data.influx.database}`)
    const stop = new AbortController()
    stop.abort(new Error('stopped by Ctrl-C'))
    await expect(data.refill({ signal: stop.signal })).rejects.toThrow('stopped by Ctrl-C')
    await data.refill()
    expect(await data.dump()).toEqual(before)
  })
})
