import { afterAll, beforeAll, expect, it } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import { measurementOf, streamOf } from '../../ingest/sinks/influx/measurements.ts'
import { tableLines } from '../../ingest/sinks/influx/table-lines.ts'
import type { JournalEnvelope } from '../../ingest/sinks/sink.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { encodeRunEvent } from '../../protos/run-events.ts'
import type { Body, Event, Gap, Health } from '../../protos/types.ts'
import { describeWith, temporaryFolder } from '../services/debian.ts'
import { type Influxd, influxQuery, startInfluxd } from '../services/influxd.ts'
import { createFieldStore, f64, makeBatch, makeConfig, makeEnvelope, schemaOf, timesFrom } from './influx-setup.ts'
import { startRunner } from './run-sink-setup.ts'
import { openData, rig as verifyRig } from './verify-setup.ts'

// What the InfluxDB sink writes beside the batches, in a real InfluxDB 1.x.

const never = new AbortController().signal
const tNs = 1_767_225_600_123_456_789n
const secondNs = 1_000_000_000n
let seq = 0

function envelopeOf(rig: string, body: Body, number = ++seq): JournalEnvelope {
  const schema = schemaOf('s', { a: 'f64' })
  const envelope = makeEnvelope(rig, schema, makeBatch(schema, [], []))
  const { schema: _schema, schemaHash: _hash, ...rest } = envelope
  return { ...rest, header: { ...envelope.header, seq: number, bodyType: body.type }, body }
}

const gapOf = (more: Partial<Gap> = {}): Body => ({
  type: 'gap',
  gap: {
    fromNs: tNs,
    toNs: tNs + 2n * secondNs + 500_000_000n,
    streams: ['vehicle', '심전도'],
    cause: 'agent_down',
    detail: 'from the last row, to the "first" new one',
    spool: '',
    numbers: [],
    rows: 0,
    ...more,
  },
})

const entered = { tNs, author: '지원', text: '빗길', id: '01J00000000000000000000001' }
const eventOf = (event: Parameters<typeof encodeRunEvent>[0], more: Partial<Event> = {}): Body => ({
  type: 'event',
  event: { ...encodeRunEvent(event, entered), ...more },
})
const marker = (name: string): Body =>
  eventOf({ type: 'marker', marker: name, run: 'run-1', rigs: [], label: `표시 ${name}`, fromNs: tNs })

const health: Health = {
  tNs,
  version: '0.1.0',
  memoryBytes: 80_000_000,
  spoolBytes: 4096,
  spoolEnvelopes: 3,
  sources: [
    { name: 'cabin', state: 'running', rows: 700, badLines: 0, badLineSamples: [], detail: '' },
    { name: 'gps, 2', state: 'waiting', rows: 20, badLines: 4, badLineSamples: ['x'], detail: 'no "fix"' },
  ],
}

it('keeps the names of streams and of our tables apart, both ways', () => {
  for (const stream of ['vehicle', '차량', 'rigline', 'rigline_events', 'rigline_차', 'Rigline_events']) {
    expect(streamOf(measurementOf(stream))).toBe(stream)
    expect(measurementOf(measurementOf(stream))).toBe(measurementOf(stream))
  }
  expect(measurementOf('rigline_events')).toBe('.rigline_events')
  expect(streamOf('rigline_events')).toBeUndefined()
})

it('makes the same lines of the same envelope, and bounded ones of a huge one', () => {
  const one = envelopeOf('r', marker('a'))
  expect(tableLines(one)).toEqual(tableLines(one))
  const sources = Array.from({ length: 5000 }, (_, i) => ({
    ...health.sources[0]!,
    name: `s${i}`,
    detail: 'x'.repeat(9000),
  }))
  const { lines } = tableLines(envelopeOf('r', { type: 'health', health: { ...health, sources } }))
  expect(lines).toHaveLength(65)
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(5000)
})

it('lets a rig speak for itself alone', () => {
  const said = [
    eventOf({ type: 'marker', marker: 'm', run: '', rigs: ['car-2'], label: 'l', fromNs: tNs }),
    eventOf({ type: 'rig.described', entry: 'e', rig: 'car-2', validFromNs: tNs, facts: { site: 'x' } }),
    eventOf({ type: 'run.froze', run: 'r', rig: 'car-2', facts: { site: 'x' } }),
  ]
  const tagsOf = (sender: string) =>
    said.flatMap((body) => tableLines(envelopeOf(sender, body, 1)).lines).map((line) => line.split(' ', 1)[0])
  expect(tagsOf('car-1')).toEqual([
    expect.stringMatching(/,rig=car-1,.*type=marker$/),
    expect.stringMatching(/,rig=car-1,.*type=other$/),
    expect.stringMatching(/,rig=car-1,.*type=other$/),
  ])
  expect(tagsOf('ingest')).toEqual([
    expect.stringMatching(/,rig=car-2,.*type=marker$/),
    expect.stringMatching(/,rig=car-2,.*type=rig.described$/),
    expect.stringMatching(/,rig=car-2,.*type=run.froze$/),
  ])
})

it('does not write for whom something was entered', () => {
  const body = eventOf({ type: 'run.stopped', run: 'r' }, { author: 'token-1 for 김연구' })
  const [line] = tableLines(envelopeOf('ingest', body)).lines
  expect(line).toContain('author="token-1"')
  expect(line).not.toContain('김연구')
})

it('counts a time that InfluxDB does not have', () => {
  const body = gapOf({ fromNs: -(2n ** 63n) })
  expect(tableLines(envelopeOf('r', body))).toEqual({ lines: [], points: [], outOfRange: 1 })
})

await describeWith('influxd', 'the tables with a real InfluxDB 1.x', () => {
  let influxd: Influxd
  beforeAll(async () => {
    influxd = await startInfluxd()
  })
  afterAll(() => influxd.close())

  async function openTables(database: string) {
    const config = makeConfig({ url: influxd.url, database })
    const quarantine = openQuarantine(await temporaryFolder())
    const sink = createInfluxSink(config, { catalog: createFieldStore(), quarantine, log: silentLog })
    return {
      sink,
      quarantine,
      async store(...envelopes: JournalEnvelope[]) {
        for (const envelope of envelopes) sink.add(envelope)
        await sink.flush(never)
      },
      async rows(measurement: string): Promise<Record<string, unknown>[]> {
        const series = await influxQuery(influxd.url, `SELECT * FROM "${measurement}"`, { database })
        return series.flatMap(({ columns, values }) =>
          values.map((cells) => Object.fromEntries(columns.map((column, i) => [column, cells[i]]))),
        )
      },
    }
  }

  it('holds Gaps, health, sources and clock samples', async () => {
    const { store, rows } = await openTables('tables1')
    const clockSample = {
      tNs,
      offsetNs: -1_500_000n,
      roundTripNs: 2_000_000n,
      stepNs: 0n,
      monotonicNs: 0n,
      bootId: new Uint8Array(16),
    }
    await store(
      envelopeOf('부산-1호', gapOf()),
      envelopeOf('부산-1호', { type: 'health', health }),
      envelopeOf('부산-1호', { type: 'clock_sample', clockSample }),
    )
    expect(await rows('rigline_gaps')).toMatchObject([
      {
        rig: '부산-1호',
        cause: 'agent_down',
        to_ms: 1_767_225_602_623,
        to_ns: '1767225602623456789',
        duration_s: 2.5,
        streams: 'vehicle, 심전도',
        text: 'vehicle, 심전도 · 2.500 s · from the last row, to the "first" new one',
        title: 'Gap: agent down',
        rows: 0,
      },
    ])
    expect(await rows('rigline_health')).toMatchObject([
      {
        rig: '부산-1호',
        memory_bytes: 8e7,
        spool_bytes: 4096,
        sources: 2,
        sources_running: 1,
        rows: 720,
        bad_lines: 4,
      },
    ])
    expect(await rows('rigline_sources')).toMatchObject([
      { source: 'cabin', state: 'running', rows: 700 },
      { source: 'gps, 2', state: 'waiting', detail: 'no "fix"', bad_lines: 4 },
    ])
    expect(await rows('rigline_clock')).toMatchObject([
      { rig: '부산-1호', offset_s: -0.0015, round_trip_s: 0.002, step_s: 0 },
    ])
  })

  it('keeps two that begin at the same ns, and takes each again without a further row', async () => {
    const { store, rows } = await openTables('tables2')
    const envelopes = [
      envelopeOf('r', marker('a')),
      envelopeOf('r', marker('b')),
      envelopeOf('r', gapOf({ streams: ['ecg'] })),
      envelopeOf('r', gapOf({ streams: ['ppg'] })),
    ]
    await store(...envelopes)
    const before = [await rows('rigline_events'), await rows('rigline_gaps')]
    await store(...envelopes)
    expect([await rows('rigline_events'), await rows('rigline_gaps')]).toEqual(before)
    expect(before[0]!.map(({ marker }) => marker).sort()).toEqual(['a', 'b'])
    expect(before[1]!.map(({ streams }) => streams).sort()).toEqual(['ecg', 'ppg'])
  })

  it('shows what ingest says under the rigs it speaks of, without subject and operator', async () => {
    const { store, rows } = await openTables('tables3')
    const facts = { operator: '비밀 operator', subject: '비밀 subject', cabin: 'A', description: '비밀 description' }
    await store(
      envelopeOf('ingest', eventOf({ type: 'run.started', run: '주행-7', rigs: ['차-1', '차-2'], facts })),
      envelopeOf('ingest', eventOf({ type: 'run.stopped', run: '주행-7' })),
      envelopeOf('ingest', eventOf({ type: 'run.froze', run: '주행-7', rig: '차-1', facts: { site: '부산' } })),
      envelopeOf('ingest', gapOf({ rig: '차-2', cause: 'retention', streams: [] })),
    )
    const found = await rows('rigline_events')
    expect(found.map(({ rig, type }) => [rig, type]).sort()).toEqual([
      ['ingest', 'run.stopped'],
      ['차-1', 'run.froze'],
      ['차-1', 'run.started'],
      ['차-2', 'run.started'],
    ])
    expect(found.find(({ type, rig }) => type === 'run.started' && rig === '차-1')).toMatchObject({
      run: '주행-7',
      title: 'Run started: 주행-7',
      text: '빗길 (지원)',
      author: '지원',
      sender: 'ingest',
      to_ms: Number(tNs / 1_000_000n),
      withdrawn: false,
    })
    expect(JSON.stringify(found)).not.toContain('비밀')
    expect(await rows('rigline_gaps')).toMatchObject([
      { rig: '차-2', sender: 'ingest', streams: '', cause: 'retention' },
    ])
  })

  it('puts an interval where it begins; keeps what it cannot read, and types of others, as points', async () => {
    const { store, rows } = await openTables('tables4')
    const interval = { type: 'marker' as const, marker: 'm', run: '', rigs: [], label: '구간', withdrawn: true }
    await store(
      envelopeOf('r', eventOf({ ...interval, fromNs: tNs - 10n * secondNs, toNs: tNs - 4n * secondNs })),
      envelopeOf('r', eventOf({ type: 'run.stopped', run: '' }, { facts: { run: '../나쁜 이름' } })),
      envelopeOf('r', eventOf({ type: 'run.stopped', run: '' }, { type: 'limit.crossed', text: 'a\nb', author: '' })),
    )
    const [first, ...others] = await rows('rigline_events')
    expect(first).toMatchObject({
      time: Number(tNs - 10n * secondNs),
      duration_s: 6,
      title: 'Withdrawn: Marker: 구간',
      entered_ns: String(tNs),
    })
    expect(others.map(({ type, event, text }) => [type, event, text]).sort()).toEqual([
      ['other', 'limit.crossed', 'a\nb'],
      ['run.stopped', 'run.stopped', '빗길 (지원)'],
    ])
    const nulls = [first!, ...others].flatMap((row) => Object.entries(row).filter(([, value]) => value === null))
    expect(nulls).toEqual([])
  })

  it('puts only the refused line into quarantine', async () => {
    const { sink, store, rows, quarantine } = await openTables('tables5')
    await influxQuery(influxd.url, 'CREATE DATABASE "tables5"')
    await fetch(`${influxd.url}/write?db=tables5`, { method: 'POST', body: `rigline_health,rig=x version=7 ${tNs}` })
    const schema = schemaOf('s', { a: 'f64' })
    await store(
      envelopeOf('r', { type: 'health', health }),
      makeEnvelope('r', schema, makeBatch(schema, timesFrom(3), [f64(1, 2, 3)])),
      envelopeOf('r', gapOf()),
    )
    expect(sink.status().counters).toMatchObject({ refused_lines: 1, lines: 6 })
    expect(await rows('rigline_sources')).toHaveLength(2)
    expect(await rows('rigline_gaps')).toHaveLength(1)
    expect(await rows('s')).toHaveLength(3)
    const [entry] = [...quarantine.ids()].map((id) => quarantine.read(id))
    expect(Buffer.from(entry!.bytes).toString()).toMatch(/^rigline_health,rig=r version="0\.1\.0"/)
  })

  it("leaves verify right, and a user's stream of such a name with it", async () => {
    const data = await openData()
    const influx = makeConfig({ url: influxd.url, database: 'tables6' })
    const schema = schemaOf('rigline_events', { title: 'f64' })
    data.saveSchema(schema)
    const batch: Body = { type: 'batch', batch: makeBatch(schema, timesFrom(4), [f64(1, 2, 3, 4)]) }
    const bodies = [batch, marker('a'), gapOf(), { type: 'health', health } as const]
    for (const [i, body] of bodies.entries()) await data.put(i + 1, body)
    await data.lakeTakesAll()
    const runner = startRunner(data, createInfluxSink(influx, { ...data, log: silentLog }))
    runner.synced()
    await runner.flush()
    await runner.close()
    // A refused line of a table says nothing of the stream that has its name.
    data.quarantine.put({
      by: 'influx',
      reason: 'refused_by_influx',
      detail: '',
      content: 'lines',
      bytes: Buffer.from(`rigline_events,rig=${verifyRig} title="x" ${timesFrom(1)[0]}\n`),
    })
    const report = await verify({ dataFolder: data.folder, influx })
    expect(report.rigs[0]!.streams.map(({ stream, problems, influx }) => [stream, problems, influx?.readings])).toEqual(
      [['rigline_events', [], 4]],
    )
    expect(report.agree).toBe(true)
  })
})
