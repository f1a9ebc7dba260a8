import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { ulid } from '../../common/ulid.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import type { JournalEnvelope } from '../../ingest/sinks/sink.ts'
import { encodeRunEvent, type RunEvent } from '../../protos/run-events.ts'
import type { Body } from '../../protos/types.ts'
import { createFieldStore, makeBatch, makeConfig, makeEnvelope, schemaOf } from '../ingest/influx-setup.ts'
import { describeWith, makeFolder } from '../services/debian.ts'
import { type Influxd, influxQuery, startInfluxd } from '../services/influxd.ts'
import { runCommand } from '../services/rigline.ts'
import { type BoardQuery, fillIn, queriesOf, readBoards } from './grafana-queries.ts'

// Every InfluxQL query of the boards, put to a real InfluxDB 1.x that the demo has filled.

/** What a demo that goes well has none of: it is written here, by the real sink. */
const notInDemo = new Set([
  'fleet.json: Gaps (A)',
  'fleet.json: Longest Gap (A)',
  'fleet.json: Runs, markers and history (A)',
  ...['fleet', 'cars', 'health', 'energy'].flatMap((board) =>
    ['Runs', 'Markers', 'Gaps'].map((name) => `${board}.json: annotation ${name}`),
  ),
])

const queries = queriesOf(readBoards('influxql'))
const database = 'demo'

await describeWith('influxd', 'the InfluxQL boards with a real InfluxDB 1.x and the demo', () => {
  let influxd: Influxd
  let fromMs: number
  let toMs: number
  let folder: Awaited<ReturnType<typeof makeFolder>>

  beforeAll(async () => {
    influxd = await startInfluxd()
    folder = await makeFolder()
    fromMs = Date.now()
    const { code, stderr } = await runCommand(
      ['demo', '--duration', '23s', '--json', '--data', `${folder.folder}/demo`],
      {
        env: { INFLUX_URL: influxd.url, INFLUX_TOKEN: '', INFLUX_DATABASE: database },
        timeoutMs: 110_000,
      },
    )
    toMs = Date.now()
    expect(code, stderr).toBe(0)
  }, 120_000)
  afterAll(async () => {
    await influxd.close()
    await folder?.remove()
  })

  const ask = ({ query }: BoardQuery, interval: string, rigs?: string[]) =>
    influxQuery(influxd.url, fillIn(query, { fromMs, toMs, interval, ...(rigs ? { rigs } : {}) }), { database })

  /** How many values beside times, tags aside. */
  const values = (series: Awaited<ReturnType<typeof ask>>): number =>
    series.flatMap((each) => each.values.flatMap((row) => row.slice(1))).filter((cell) => cell !== null).length

  async function write(rig: string, bodies: Body[]) {
    const quarantine = openQuarantine(`${folder.folder}/quarantine`)
    const sink = createInfluxSink(makeConfig({ url: influxd.url, database }), {
      catalog: createFieldStore(),
      quarantine,
      log: silentLog,
    })
    const schema = schemaOf('s', { a: 'f64' })
    for (const body of bodies) {
      const { schema: _schema, schemaHash: _hash, ...rest } = makeEnvelope(rig, schema, makeBatch(schema, [], []))
      sink.add({ ...rest, body } as JournalEnvelope)
    }
    await sink.flush(new AbortController().signal)
    expect(sink.status().counters).toMatchObject({ refused_lines: 0 })
    await sink.close()
  }

  test('the boards have queries', () => {
    expect(queries.length).toBeGreaterThan(80)
    expect(queries.map(({ name }) => name)).toEqual(expect.arrayContaining([...notInDemo]))
  })

  test('each is understood, and answered with data of the demo, but for Gaps, runs and markers', async () => {
    const empty: string[] = []
    for (const query of queries) if (values(await ask(query, query.interval)) === 0) empty.push(query.name)
    expect(empty.filter((name) => !notInDemo.has(name))).toEqual([])
  })

  test('windows of a minute answer too', async () => {
    const empty: string[] = []
    for (const query of queries) if (values(await ask(query, '1m')) === 0) empty.push(query.name)
    expect(empty.filter((name) => !notInDemo.has(name))).toEqual([])
  })

  test('no query over time fetches more rows than it has windows', async () => {
    for (const query of queries.filter(({ query }) => query.includes('GROUP BY time('))) {
      for (const { values } of await ask(query, '10s'))
        expect(values.length, query.name).toBeLessThan((toMs - fromMs) / 10_000 + 2)
    }
  })

  test('Gaps, runs and markers are answered once there are some, under the rigs they concern', async () => {
    const beginNs = BigInt(fromMs) * 1_000_000n
    const at = (seconds: number) => beginNs + BigInt(seconds) * 1_000_000_000n
    const event = (tNs: bigint, what: RunEvent): Body => ({
      type: 'event',
      event: encodeRunEvent(what, { tNs, author: '지원', text: '', id: ulid() }),
    })
    await write('ingest', [
      event(at(2), { type: 'run.started', run: '주행-7', rigs: ['car-sim-1'], facts: { subject: 'p-1' } }),
      event(at(12), { type: 'run.stopped', run: '주행-7' }),
    ])
    const label = { type: 'marker' as const, marker: 'm1', run: '', rigs: [], label: '차선 변경' }
    const gap = { streams: ['vehicle'], cause: 'agent_down', detail: '', spool: '', numbers: [], rows: 0 } as const
    await write('car-sim-1', [
      event(at(9), { ...label, fromNs: at(5), toNs: at(8) }),
      // Begins before the range and reaches into it.
      { type: 'gap', gap: { ...gap, streams: ['vehicle'], numbers: [], fromNs: at(-600), toNs: at(3) } },
      { type: 'gap', gap: { ...gap, streams: [], numbers: [], fromNs: at(3), toNs: at(4) } },
    ])

    const empty: string[] = []
    for (const query of queries) if (values(await ask(query, query.interval)) === 0) empty.push(query.name)
    expect(empty).toEqual([])

    const rowsOf = async (name: string, rigs: string[]) => {
      const [series] = await ask(queries.find((query) => query.name === name)!, '1s', rigs)
      return (series?.values ?? []).map((row) =>
        Object.fromEntries(series!.columns.map((column, i) => [column, row[i]])),
      )
    }
    const gaps = await rowsOf('cars.json: annotation Gaps', ['car-sim-1'])
    expect(gaps.map(({ time, to_ms }) => [Math.round(Number(time) / 1e6) - fromMs, Number(to_ms) - fromMs])).toEqual([
      [3000, 4000],
      [-600_000, 3000],
    ])
    expect(await rowsOf('cars.json: annotation Gaps', ['bio-bench-1', 'energy-bench-1'])).toEqual([])
    const markers = await rowsOf('cars.json: annotation Markers', ['car-sim-1'])
    expect(markers).toMatchObject([{ title: 'Marker: 차선 변경', rig: 'car-sim-1', to_ms: fromMs + 8000 }])
    // Of an outage that several streams tell of, its length counts once.
    await write('car-sim-1', [
      { type: 'gap', gap: { ...gap, streams: ['driver'], numbers: [], fromNs: at(3), toNs: at(4) } },
    ])
    expect(await rowsOf('fleet.json: Longest Gap (A)', ['car-sim-1'])).toMatchObject([{ max: 1 }])
    expect(await rowsOf('fleet.json: Gaps (A)', ['car-sim-1'])).toMatchObject([{ count: 2 }])
    // Ingest's word for all stands on every board; its word on one rig on that rig's.
    expect((await rowsOf('energy.json: annotation Runs', ['energy-bench-1'])).map(({ type }) => type)).toEqual([
      'run.stopped',
    ])
    expect((await rowsOf('cars.json: annotation Runs', ['car-sim-1'])).map(({ type }) => type)).toEqual([
      'run.stopped',
      'run.started',
    ])
    // Grafana leaves out an annotation of which one column is empty.
    for (const { name } of queries.filter(({ kind }) => kind === 'annotation')) {
      for (const row of await rowsOf(name, ['car-sim-1'])) expect(Object.values(row), name).not.toContain(null)
    }
  })

  test('the last rows are those of the last report with more of them', async () => {
    const at = (seconds: number, rows: number): Body => ({
      type: 'health',
      health: {
        tNs: BigInt(fromMs + seconds * 1000) * 1_000_000n,
        version: '0.1.0',
        memoryBytes: 1,
        spoolBytes: 2,
        spoolEnvelopes: 3,
        sources: [{ name: 's', state: 'running', rows, badLines: 0, badLineSamples: [], detail: '' }],
      },
    })
    await write('멈춘-차', [at(0, 100), at(5, 130), at(10, 130), at(15, 130)])
    const last = queries.find(({ name }) => name === 'fleet.json: Last rows (A)')!
    const [series] = await ask(last, '1s', ['멈춘-차'])
    expect(series!.values.map(([time, rows]) => [Math.round(Number(time) / 1e6) - fromMs, rows])).toEqual([[5000, 30]])
  })

  test('a chosen rig alone is shown, whatever is in its name', async () => {
    const health = (rows: number): Body => ({
      type: 'health',
      health: {
        tNs: BigInt(toMs) * 1_000_000n,
        version: '0.1.0',
        memoryBytes: 1,
        spoolBytes: 2,
        spoolEnvelopes: 3,
        sources: [{ name: '차', state: 'running', rows, badLines: 0, badLineSamples: [], detail: '' }],
      },
    })
    await write('부산.1호-a', [health(1)])
    await write('부산x1호-a', [health(2)])
    const now = queries.find(({ name }) => name === 'fleet.json: Rigs now (A)')!
    const rigsOf = async (rigs?: string[]) =>
      ((await ask(now, '20s', rigs)) as unknown as { tags: { rig: string } }[]).map(({ tags }) => tags.rig).sort()
    expect(await rigsOf(['부산.1호-a'])).toEqual(['부산.1호-a'])
    expect(await rigsOf(['부산.1호-a', 'car-sim-1'])).toEqual(['car-sim-1', '부산.1호-a'])
    expect(await rigsOf()).toHaveLength(7)
    const variable = await ask(queries.find(({ name }) => name === 'fleet.json: variable rig')!, '1s')
    expect(variable[0]!.values.map(([, rig]) => rig)).toEqual(expect.arrayContaining(['car-sim-1', '부산.1호-a']))
  })
})
