import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import type { InfluxConfig } from '../../ingest/sinks/influx/config.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import { type InfluxRows, listMeasurements, readInfluxRows } from '../../ingest/sinks/influx/read-back.ts'
import { timeMaxNs, timeMinNs } from '../../ingest/sinks/influx/representable.ts'
import type { Sink } from '../../ingest/sinks/sink.ts'
import { describeWith, freePort, temporaryFolder } from '../services/debian.ts'
import { type Influxd, influxQuery, startInfluxd } from '../services/influxd.ts'
import {
  bool,
  createFieldStore,
  f64,
  makeBatch,
  makeConfig,
  makeEnvelope,
  schemaOf,
  text,
  timesFrom,
} from './influx-setup.ts'

let databases = 0

/** A sink with a database of its own. */
async function openSink(url: string, more: Partial<Record<keyof InfluxConfig, unknown>> = {}) {
  const config = makeConfig({ url, database: `test_${++databases}`, ...more })
  const quarantine = openQuarantine(await temporaryFolder())
  const catalog = createFieldStore()
  return { config, quarantine, catalog, sink: createInfluxSink(config, { catalog, quarantine, log: silentLog }) }
}

const never = new AbortController().signal

async function readAll(config: InfluxConfig, stream: string, rig = 'r'): Promise<InfluxRows[]> {
  const found: InfluxRows[] = []
  const span = { rig, stream, fromNs: timeMinNs, toNs: timeMaxNs }
  for await (const rows of readInfluxRows(config, span)) found.push(rows)
  return found
}

/** Polls the sink's status, as the runner does. */
const waitsFor = (sink: Sink, pattern: RegExp) =>
  expect.poll(() => sink.status().waitingFor, { interval: 20, timeout: 20_000 }).toMatch(pattern)

await describeWith('influxd', 'the InfluxDB sink with a real InfluxDB 1.x', () => {
  let influxd: Influxd
  beforeAll(async () => {
    influxd = await startInfluxd()
  })
  afterAll(() => influxd.close())

  const speed = schemaOf('vehicle', { speed: 'f64' })

  it('creates the database and stores every double bit by bit, whole nanoseconds and all scripts', async () => {
    const { config, sink } = await openSink(influxd.url)
    const values = [
      0,
      -0,
      1,
      1.5,
      5e-324,
      -2.2250738585072014e-308,
      Number.MAX_VALUE,
      0.1 + 0.2,
      1e21,
      123456.789,
      -1e-7,
    ]
    const words = values.map((_, i) => `주행 ${i} "인용" \\ = , \n 끝\\`)
    const schema = schemaOf('차량.속도', { '속도, km=h': 'f64', 켜짐: 'bool', 상태: 'text' })
    const times = timesFrom(values.length, 333_333_333n)
    const on = values.map((_, i) => i % 2 === 0)
    sink.add(makeEnvelope('부산-1호', schema, makeBatch(schema, times, [f64(...values), bool(...on), text(...words)])))
    await sink.flush(never)

    const [rows] = await readAll(config, '차량.속도', '부산-1호')
    expect([...rows!.times]).toEqual(times)
    const stored = (field: string) => rows!.columns[rows!.fields.indexOf(field)]
    expect(stored('속도, km=h')!.map((value, i) => Object.is(value, values[i]))).toEqual(values.map(() => true))
    expect(stored('켜짐')).toEqual(on)
    expect(stored('상태')).toEqual(words)
    expect(await listMeasurements(config)).toEqual(['차량.속도'])
    expect(sink.status()).toMatchObject({ state: 'running', counters: { lines: values.length, refused_lines: 0 } })
  })

  it('keeps eras apart, and takes a repeat without doubling a row', async () => {
    const { config, sink } = await openSink(influxd.url)
    const times = timesFrom(3)
    for (let repeat = 0; repeat < 2; repeat++) {
      sink.add(makeEnvelope('r', speed, makeBatch(speed, times, [f64(1, 2, 3)])))
      sink.add(makeEnvelope('r', speed, makeBatch(speed, times, [f64(4, 5, 6)], { era: 2 })))
      await sink.flush(never)
    }
    expect((await readAll(config, 'vehicle')).map(({ era, columns }) => [era, columns[0]])).toEqual([
      [0, [1, 2, 3]],
      [2, [4, 5, 6]],
    ])
  })

  it('cuts what it holds into several writes', async () => {
    const { config, sink } = await openSink(influxd.url, { writeLines: 50, writesInFlight: 3 })
    for (let i = 0; i < 120; i++) {
      const times = timesFrom(10, 1_000_000n, 1_767_225_600_000_000_000n + BigInt(i) * 10_000_000n)
      sink.add(makeEnvelope('r', speed, makeBatch(speed, times, [f64(...times.map((_, row) => i * 10 + row))])))
    }
    expect(sink.full()).toBe(true)
    await sink.flush(never)
    expect(sink.full()).toBe(false)
    expect(sink.status().counters).toMatchObject({ writes: 24, lines: 1200 })
    expect((await readAll(config, 'vehicle')).flatMap(({ columns }) => columns[0])).toEqual([...Array(1200).keys()])
  })

  it('compresses writes where it is told to', async () => {
    const { config, sink } = await openSink(influxd.url, { gzip: true })
    sink.add(makeEnvelope('r', speed, makeBatch(speed, timesFrom(2), [f64(1, 2)])))
    await sink.flush(never)
    expect((await readAll(config, 'vehicle'))[0]!.columns).toEqual([[1, 2]])
  })

  it('gives a channel of another kind a field of its own, learned from what InfluxDB has', async () => {
    const { config, sink, quarantine } = await openSink(influxd.url)
    await influxQuery(influxd.url, `CREATE DATABASE ${config.database}`)
    const foreign = 'vehicle,rig=other speed="fast" 1767225600000000000'
    await fetch(`${influxd.url}/write?db=${config.database}`, { method: 'POST', body: foreign })
    sink.add(makeEnvelope('r', speed, makeBatch(speed, timesFrom(2), [f64(1, 2)])))
    await sink.flush(never)
    const [rows] = await readAll(config, 'vehicle')
    expect(rows!.columns[rows!.fields.indexOf('speed__float')]).toEqual([1, 2])
    expect(quarantine.list()).toEqual([])
    expect(sink.status().counters).toMatchObject({ renamed_fields: 0, lines: 2 })
  })

  it('learns a conflict of kinds from a refusal and writes the same rows under the other name', async () => {
    const { config, sink, quarantine, catalog } = await openSink(influxd.url, { writeLines: 100, writesInFlight: 2 })
    sink.add(makeEnvelope('first', speed, makeBatch(speed, [1n], [f64(1)])))
    await sink.flush(never)
    // Somebody else's line, in a shard of its own: nobody told us.
    const foreign = 'vehicle,rig=other speed=true 1767225600000000000'
    expect((await fetch(`${influxd.url}/write?db=${config.database}`, { method: 'POST', body: foreign })).status).toBe(
      204,
    )
    const times = timesFrom(400)
    for (let i = 0; i < 400; i += 40) {
      const some = times.slice(i, i + 40)
      sink.add(makeEnvelope('r', speed, makeBatch(speed, some, [f64(...some.map((_, row) => i + row))])))
    }
    await sink.flush(never)
    const rows = await readAll(config, 'vehicle')
    expect(rows.flatMap((r) => r.columns[r.fields.indexOf('speed__float')])).toEqual([...Array(400).keys()])
    expect(quarantine.list()).toEqual([])
    expect(sink.status().counters).toMatchObject({ renamed_fields: 1, lines: 401, refused_lines: 0 })
    expect(catalog.fields()).toContainEqual({ measurement: 'vehicle', field: 'speed', kind: 'bool' })
  })

  it('puts an offending line alone in quarantine with the reason, and stores the others', async () => {
    const { config, sink, quarantine } = await openSink(influxd.url)
    // InfluxDB's limit is 65,535 bytes for measurement, tags and the name of a field.
    const long = { ...schemaOf('vehicle', { speed: 'f64', ['x'.repeat(65_600)]: 'f64' }) }
    const times = timesFrom(100)
    const some = Uint8Array.from({ length: 13 }, (_, i) => (i === 5 ? 0b0000_1000 : 0))
    const column = { kind: 'f64' as const, values: new Float64Array(100), validity: some }
    const batch = makeBatch(speed, times, [f64(...times.map((_, i) => i)), column])
    sink.add(makeEnvelope('r', long, batch))
    await sink.flush(never)

    const [entry, ...others] = quarantine.list()
    expect(others).toEqual([])
    expect(entry).toMatchObject({ by: 'influx', reason: 'refused_by_influx', content: 'lines' })
    expect(entry!.detail).toMatch(/max key length exceeded/)
    const line = Buffer.from(quarantine.read(entry!.id).bytes).toString()
    expect(line).toMatch(/^vehicle,rig=r speed=43,x+=0 1767225600043000000\n$/)
    const rows = await readAll(config, 'vehicle')
    expect(rows.flatMap(({ columns }) => columns[0])).toEqual([...Array(100).keys()].filter((i) => i !== 43))
    expect(sink.status().counters).toMatchObject({ refused_lines: 1, lines: 99 })
  })

  it('halves a write that is too large', async () => {
    const small = await startInfluxd({ env: { INFLUXDB_HTTP_MAX_BODY_SIZE: '2000' } })
    try {
      const { config, sink, quarantine } = await openSink(small.url)
      const times = timesFrom(300)
      sink.add(makeEnvelope('r', speed, makeBatch(speed, times, [f64(...times.map((_, i) => i))])))
      await sink.flush(never)
      expect((await readAll(config, 'vehicle')).flatMap(({ columns }) => columns[0])).toEqual([...Array(300).keys()])
      expect(quarantine.list()).toEqual([])
    } finally {
      await small.close()
    }
  })

  it('counts rows older than InfluxDB keeps, and stores the others', async () => {
    const { config, sink, quarantine } = await openSink(influxd.url, { retention: '2d' })
    const now = BigInt(Date.now()) * 1_000_000n
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n, 2n, now], [f64(1, 2, 3)])))
    await sink.flush(never)
    expect((await readAll(config, 'vehicle')).flatMap(({ columns }) => columns[0])).toEqual([3])
    expect(sink.status().counters).toMatchObject({ beyond_retention: 2 })
    expect(quarantine.list()).toEqual([])
  })

  it('creates the database again when somebody has dropped it', async () => {
    const { config, sink } = await openSink(influxd.url)
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n], [f64(1)])))
    await sink.flush(never)
    await influxQuery(influxd.url, `DROP DATABASE ${config.database}`)
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [2n], [f64(2)])))
    await sink.flush(never)
    expect((await readAll(config, 'vehicle')).map(({ columns }) => columns)).toEqual([[[2]]])
  })
})

await describeWith('influxd', 'the InfluxDB sink waits out an InfluxDB 1.x', () => {
  let influxd: Influxd
  const speed = schemaOf('vehicle', { speed: 'f64' })
  beforeEach(async () => {
    influxd = await startInfluxd()
    return () => influxd.close()
  })

  it('that is not there yet, says so, and stores all when it comes', async () => {
    const { config, sink } = await openSink(influxd.url)
    await influxd.kill()
    sink.add(makeEnvelope('r', speed, makeBatch(speed, timesFrom(2), [f64(1, 2)])))
    const flushed = sink.flush(never)
    await waitsFor(sink, /^InfluxDB at http:\/\/127\.0\.0\.1:\d+, database test_\d+: connection refused, since 20\d\d-/)
    await influxd.restart()
    await flushed
    expect(sink.status()).toMatchObject({ state: 'running' })
    expect(sink.status().waitingFor).toBeUndefined()
    expect((await readAll(config, 'vehicle'))[0]!.columns).toEqual([[1, 2]])
  })

  it('that dies between writes and keeps what it had acknowledged', async () => {
    const { config, sink } = await openSink(influxd.url)
    sink.add(makeEnvelope('r', speed, makeBatch(speed, timesFrom(2), [f64(1, 2)])))
    await sink.flush(never)
    await influxd.kill()
    sink.add(makeEnvelope('r', speed, makeBatch(speed, timesFrom(2, 1n, 5n), [f64(3, 4)])))
    const flushed = sink.flush(never)
    await waitsFor(sink, /connection/)
    await influxd.restart()
    await flushed
    expect((await readAll(config, 'vehicle')).flatMap(({ columns }) => columns[0])).toEqual([3, 4, 1, 2])
  })

  it('that takes the connection and does not answer', async () => {
    const { config, sink } = await openSink(influxd.url, { timeoutMs: 300 })
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n], [f64(1)])))
    await sink.flush(never)
    await influxd.pause()
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [2n], [f64(2)])))
    const flushed = sink.flush(never)
    await waitsFor(sink, /no answer within 300 ms/)
    influxd.resume()
    await flushed
    expect((await readAll(config, 'vehicle'))[0]!.columns).toEqual([[1, 2]])
  })

  it('until it is told to stop, and can flush the same again', async () => {
    const { config, sink } = await openSink(influxd.url)
    await influxd.kill()
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n], [f64(1)])))
    const stop = new AbortController()
    const flushed = sink.flush(stop.signal)
    await waitsFor(sink, /connection refused/)
    stop.abort()
    await expect(flushed).rejects.toThrow()
    await influxd.restart()
    await sink.flush(never)
    expect((await readAll(config, 'vehicle'))[0]!.columns).toEqual([[1]])
  })

  it('whose name cannot be looked up', async () => {
    const { sink } = await openSink(`http://no-such-host.invalid:${await freePort()}`)
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n], [f64(1)])))
    const stop = new AbortController()
    const flushed = sink.flush(stop.signal)
    await waitsFor(sink, /no such host|cannot be looked up/)
    stop.abort()
    await expect(flushed).rejects.toThrow()
  })
})

await describeWith('influxd', 'the InfluxDB sink with an InfluxDB 1.x that asks for credentials', () => {
  let influxd: Influxd
  const speed = schemaOf('vehicle', { speed: 'f64' })
  const authorization = `Basic ${Buffer.from('root:secret').toString('base64')}`
  const query = (q: string) => influxQuery(influxd.url, q, { authorization })
  beforeAll(async () => {
    influxd = await startInfluxd({ auth: true })
    await influxQuery(influxd.url, `CREATE USER root WITH PASSWORD 'secret' WITH ALL PRIVILEGES`)
  })
  afterAll(() => influxd.close())

  it('stores with the right ones', async () => {
    const { config, sink } = await openSink(influxd.url, { username: 'root', password: 'secret' })
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n], [f64(1)])))
    await sink.flush(never)
    expect((await readAll(config, 'vehicle'))[0]!.columns).toEqual([[1]])
  })

  it('waits with wrong ones, says which keys to check, and stores when the password fits', async () => {
    await query(`CREATE USER late WITH PASSWORD 'other' WITH ALL PRIVILEGES`)
    const { config, sink } = await openSink(influxd.url, { username: 'late', password: 'fits' })
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n], [f64(1)])))
    const flushed = sink.flush(never)
    await waitsFor(sink, /401: authorization failed.*influx\.username and influx\.password/)
    await query(`SET PASSWORD FOR late = 'fits'`)
    // The write may meet a missing database first: it was not allowed to create it until now.
    await flushed
    expect((await readAll(config, 'vehicle'))[0]!.columns).toEqual([[1]])
  })

  it('stores as a user who may write to the database and no more', async () => {
    const { config, sink } = await openSink(influxd.url, { username: 'writer', password: 'w' })
    await query(`CREATE DATABASE ${config.database}`)
    await query(`CREATE USER writer WITH PASSWORD 'w'`)
    await query(`GRANT WRITE ON ${config.database} TO writer`)
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n], [f64(1)])))
    await sink.flush(never)
    expect((await readAll({ ...config, username: 'root', password: 'secret' }, 'vehicle'))[0]!.columns).toEqual([[1]])
  })

  it('waits for a database that it may not create, and says so', async () => {
    await query(`CREATE USER nobody WITH PASSWORD 'n'`)
    const { config, sink } = await openSink(influxd.url, { username: 'nobody', password: 'n' })
    sink.add(makeEnvelope('r', speed, makeBatch(speed, [1n], [f64(1)])))
    const flushed = sink.flush(never)
    await waitsFor(sink, /\(404\); check influx\.database.*creating it:.*403|403: .*nobody/)
    await query(`CREATE DATABASE ${config.database}`)
    await query(`GRANT WRITE ON ${config.database} TO nobody`)
    await flushed
    expect((await readAll({ ...config, username: 'root', password: 'secret' }, 'vehicle'))[0]!.columns).toEqual([[1]])
  })
})
