import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import { whyNotReadable } from '../../ingest/sinks/influx/read-back.ts'
import type { Sink } from '../../ingest/sinks/sink.ts'
import { describeWith, temporaryFolder } from '../services/debian.ts'
import { startVictoriaMetrics, type VictoriaMetrics } from '../services/victoria-metrics.ts'
import { type Recording, recordings, replay } from './influx-2-recordings.ts'
import {
  bool,
  createFieldStore,
  f64,
  makeBatch,
  makeConfig,
  makeEnvelope,
  schemaOf,
  timesFrom,
} from './influx-setup.ts'

const never = new AbortController().signal
const speed = schemaOf('vehicle', { speed: 'f64' })
const account = { token: 'secret-token', org: 'lab', bucket: 'rigline' }

const speeds = (...values: number[]) =>
  makeEnvelope('r', speed, makeBatch(speed, timesFrom(values.length), [f64(...values)]))

const waitsFor = (sink: Sink, pattern: RegExp) =>
  expect.poll(() => sink.status().waitingFor, { interval: 10, timeout: 20_000 }).toMatch(pattern)

async function openSink(url: string, more: object = {}) {
  const quarantine = openQuarantine(await temporaryFolder())
  const catalog = createFieldStore()
  const config = makeConfig({ url, ...account, ...more })
  return { config, catalog, quarantine, sink: createInfluxSink(config, { catalog, quarantine, log: silentLog }) }
}

describe('the InfluxDB sink with recorded answers of InfluxDB 2.x and 3.x', () => {
  async function openRecorded(answer: (lines: string[], write: number) => Recording, more: object = {}) {
    const server = await replay(answer)
    onTestFinished(server.close)
    return { ...server, ...(await openSink(server.url, more)) }
  }
  /** The answer to the first writes, and `stored` from then on. */
  const first =
    (...answers: Recording[]) =>
    (_: string[], write: number) =>
      answers[write - 1] ?? recordings.stored

  it('writes to the bucket of the organization with the token, in ns', async () => {
    const { sink, writes } = await openRecorded(first())
    sink.add(speeds(1, 2.5))
    await sink.flush(never)
    expect(writes).toEqual([
      {
        path: '/api/v2/write?org=lab&bucket=rigline&precision=ns',
        authorization: 'Token secret-token',
        lines: ['vehicle,rig=r speed=1 1767225600000000000', 'vehicle,rig=r speed=2.5 1767225600001000000'],
      },
    ])
  })

  it('compresses writes where it is told to', async () => {
    const { sink, writes } = await openRecorded(first(), { gzip: true })
    sink.add(speeds(...Array(100).keys()))
    await sink.flush(never)
    expect(writes[0]!.lines).toHaveLength(100)
  })

  it.each([
    ['401', recordings.unauthorized, /\(401: unauthorized access\); check influx\.token and its right/],
    ['403', recordings.forbidden, /\(403: insufficient permissions for write\); check influx\.token/],
    ['404', recordings.bucketNotFound, /bucket "rigline" not found \(404\); check influx\.org and influx\.bucket/],
    ['429', recordings.tooMany, /answers 429: exceeded limits/],
    ['503', recordings.unavailable, /answers 503: .*engine is closed/],
    ['502', recordings.badGateway, /answers 502: .*Bad Gateway/],
  ])('waits after a %s and says why, then stores', async (_, answer, words) => {
    const { sink, writes, quarantine } = await openRecorded(first(answer, answer))
    sink.add(speeds(1))
    const flushed = sink.flush(never)
    await waitsFor(sink, words)
    expect(sink.status().state).toBe('waiting')
    await flushed
    expect(writes).toHaveLength(3)
    expect(sink.status()).toMatchObject({ state: 'running', counters: { lines: 1, retries: 2 } })
    expect(quarantine.list()).toEqual([])
  })

  it('waits as long as Retry-After says', async () => {
    const { sink } = await openRecorded(first(recordings.tooMany))
    sink.add(speeds(1))
    const from = performance.now()
    await sink.flush(never)
    expect(performance.now() - from).toBeGreaterThan(700)
  })

  it('halves a write with a malformed line until that stands alone in quarantine', async () => {
    const stored = new Set<string>()
    const { sink, quarantine } = await openRecorded((lines) => {
      const bad = lines.find((line) => line.includes('speed=13 '))
      if (bad) return recordings.malformed(bad)
      for (const line of lines) stored.add(line)
      return recordings.stored
    })
    sink.add(speeds(...Array(40).keys()))
    await sink.flush(never)
    expect(stored.size).toBe(39)
    const entries = quarantine.list()
    expect(entries).toMatchObject([{ reason: 'refused_by_influx', detail: 'unable to parse: invalid field format' }])
    expect(Buffer.from(quarantine.read(entries[0]!.id).bytes).toString()).toBe(
      'vehicle,rig=r speed=13 1767225600013000000\n',
    )
    expect(sink.status().counters).toMatchObject({ refused_lines: 1, lines: 39 })
  })

  it('takes the 201 of 3.x for what it is: a part was stored', async () => {
    const { sink, quarantine } = await openRecorded((lines) => {
      const bad = lines.find((line) => line.includes('speed=3 '))
      return bad ? recordings.partial(bad) : recordings.stored
    })
    sink.add(speeds(...Array(8).keys()))
    await sink.flush(never)
    expect(quarantine.list()).toMatchObject([{ detail: 'partial write of line protocol occurred' }])
  })

  it('learns from a 422 that a field is of another kind, and says it in all later writes', async () => {
    const { sink, writes, quarantine, catalog } = await openRecorded((lines) =>
      lines.some((line) => / speed=/.test(line))
        ? recordings.conflict('speed', 'vehicle', 'float', 'boolean')
        : recordings.stored,
    )
    sink.add(speeds(1, 2))
    await sink.flush(never)
    sink.add(speeds(3))
    await sink.flush(never)
    expect(writes.map(({ lines }) => lines.map((line) => line.split(' ')[1]))).toEqual([
      ['speed=1', 'speed=2'],
      ['speed__float=1', 'speed__float=2'],
      ['speed__float=3'],
    ])
    expect(catalog.fields()).toContainEqual({ measurement: 'vehicle', field: 'speed', kind: 'bool' })
    expect(quarantine.list()).toEqual([])
  })

  it('settles when several writes under way meet the same conflict', async () => {
    const { sink, quarantine } = await openRecorded(
      (lines) =>
        lines.some((line) => / speed=/.test(line))
          ? recordings.conflict('speed', 'vehicle', 'float', 'boolean')
          : recordings.stored,
      { writeLines: 10, writesInFlight: 4 },
    )
    for (let i = 0; i < 8; i++) sink.add(speeds(...Array(10).keys()))
    await sink.flush(never)
    expect(quarantine.list()).toEqual([])
    expect(sink.status().counters).toMatchObject({ lines: 80, renamed_fields: 1, refused_lines: 0 })
  })

  it('puts lines in quarantine whose conflict no other name ends', async () => {
    const { sink, quarantine } = await openRecorded((lines) => {
      const field = / (\w+)=/.exec(lines[0]!)![1]!
      return recordings.conflict(field.slice(0, 5), 'vehicle', 'float', 'boolean')
    })
    sink.add(speeds(1, 2))
    await sink.flush(never)
    expect(quarantine.list()).toHaveLength(1)
    expect(sink.status().counters).toMatchObject({ lines: 0, refused_lines: 2 })
  })

  it('counts what is older than the bucket keeps', async () => {
    const { sink, quarantine } = await openRecorded(first(recordings.beyondRetention(3)))
    sink.add(speeds(1, 2, 3, 4))
    await sink.flush(never)
    expect(sink.status().counters).toMatchObject({ beyond_retention: 3, lines: 1 })
    expect(quarantine.list()).toEqual([])
  })

  it('halves a write that is too large', async () => {
    const { sink, writes } = await openRecorded((lines) => (lines.length > 3 ? recordings.tooLarge : recordings.stored))
    sink.add(speeds(...Array(10).keys()))
    await sink.flush(never)
    expect(writes.filter(({ lines }) => lines.length <= 3).flatMap(({ lines }) => lines)).toHaveLength(10)
  })

  it('waits when no answer comes in time, and stops when it is told to', async () => {
    const server = await replay(() => new Promise<Recording>(() => {}))
    onTestFinished(server.close)
    const { sink } = await openSink(server.url, { timeoutMs: 200 })
    sink.add(speeds(1))
    const stop = new AbortController()
    const flushed = sink.flush(stop.signal)
    await waitsFor(sink, /no answer within 200 ms|timed out/)
    stop.abort()
    await expect(flushed).rejects.toThrow()
  })
})

await describeWith('victoria-metrics', 'the write path of InfluxDB 2.x against VictoriaMetrics', () => {
  let victoria: VictoriaMetrics
  beforeAll(async () => {
    victoria = await startVictoriaMetrics()
  })
  afterAll(() => victoria.close())

  it('stores numbers and booleans at their ms, by rig', async () => {
    const { sink } = await openSink(victoria.url)
    const schema = schemaOf('bench', { power: 'f64', on: 'bool' })
    const times = timesFrom(3, 10_000_000n)
    sink.add(makeEnvelope('부산-1', schema, makeBatch(schema, times, [f64(1.5, -2, 1e-7), bool(true, false, true)])))
    await sink.flush(never)
    const ms = times.map((time) => Number(time / 1_000_000n))
    expect(await victoria.exported('{rig="부산-1",__name__="bench_power"}')).toMatchObject([
      { metric: { __name__: 'bench_power', rig: '부산-1' }, values: [1.5, -2, 1e-7], timestamps: ms },
    ])
    expect(await victoria.exported('bench_on')).toMatchObject([{ values: [1, 0, 1] }])
    expect(sink.status().counters).toMatchObject({ lines: 3, values: 6, refused_lines: 0 })
  })

  it('is not taken for an InfluxDB when stored rows are to be read', async () => {
    expect(await whyNotReadable(makeConfig({ url: victoria.url, ...account }))).toMatch(/is no InfluxDB/)
  })
})
