import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { upgrades } from '../../ingest/catalog/catalog-tables.ts'
import type { RigDetail, RigsAnswer } from '../../ingest/http/answers.ts'
import { createApp } from '../../ingest/http/app.ts'
import { createLastRows } from '../../ingest/last-rows.ts'
import type { LiveStream } from '../../ingest/live/live-stream.ts'
import { lookAtRig } from '../../ingest/live/standing.ts'
import { createFacts } from '../../ingest/rig-facts.ts'
import { createRigs, unheardOf } from '../../ingest/rigs.ts'
import { createSequence } from '../../ingest/sequence.ts'
import type { RigState } from '../../ingest/state.ts'
import { encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { encodeSchema } from '../../protos/schema.ts'
import type { Body, Gap, Health } from '../../protos/types.ts'
import { createFeed, createState, speedColumns, speedSchema, spools, t0Ns } from './live-feed.ts'

const s = 1_000_000_000n
const t0Ms = Number(t0Ns / 1_000_000n)

const streamOf = (stream: string, agoMs: number, more: Partial<LiveStream> = {}): LiveStream => ({
  stream,
  source: 'simulated',
  schema: undefined,
  schemaHash: 'aa',
  periodMs: 10,
  rowsPerS: 100,
  readingsPerS: 400,
  batches: 9,
  receivedNs: t0Ns - BigInt(agoMs) * 1_000_000n,
  staleAfterMs: 3000,
  timeNs: t0Ns - BigInt(agoMs) * 1_000_000n,
  era: 0,
  channels: [],
  channelCount: 1,
  problems: [],
  ...more,
})
const rigOf = (more: Partial<RigState> = {}): RigState => ({ ...unheardOf('운전석-1'), lastEnvelopeMs: t0Ms, ...more })
const healthOf = (tNs: bigint, states: Health['sources'][number]['state'][] = []): Health => ({
  tNs,
  version: '0.1.0',
  memoryBytes: 1,
  spoolBytes: 2,
  spoolEnvelopes: 3,
  sources: states.map((state, i) => ({
    name: `s${i}`,
    state,
    rows: 1,
    badLines: 1,
    badLineSamples: ['?'],
    detail: '',
  })),
})

describe('how a rig stands', () => {
  const look = (rig: RigState, streams: LiveStream[]) => {
    const { state, sinceMs, why } = lookAtRig(rig, streams, t0Ns)
    return { state, sinceMs, why }
  }

  it('is the worst of its streams that ought to be live, and says which', () => {
    expect(look(rigOf(), [streamOf('a', 100), streamOf('b', 5000), streamOf('c', 9000)])).toEqual({
      state: 'stale',
      sinceMs: t0Ms - 9000,
      why: 'no rows of b, c',
    })
    const late = streamOf('심전도', 100, { timeNs: t0Ns - 60n * s })
    expect(look(rigOf(), [streamOf('a', 100), late])).toMatchObject({ state: 'late', why: 'rows of 심전도 come late' })
    expect(look(rigOf(), [streamOf('a', 100, { timeNs: t0Ns + 60n * s })])).toMatchObject({ state: 'live' })
  })

  it('leaves out what has ended by itself, what its agent measures no more, and irregular streams beside regular ones', () => {
    const old = streamOf('old', 50_000)
    expect(look(rigOf(), [streamOf('a', 100), old]).state).toBe('stale')
    expect(look(rigOf({ measured: new Set(['a']) }), [streamOf('a', 100), old]).state).toBe('live')
    const one = healthOf(t0Ns, ['running', 'ended'])
    one.sources[1]!.name = 'replay'
    expect(look(rigOf({ health: one }), [streamOf('a', 100), { ...old, source: 'replay' }]).state).toBe('live')
    expect(look(rigOf({ health: healthOf(t0Ns, ['ended', 'ended']) }), [old])).toMatchObject({
      state: 'live',
      why: 'all that it measured has ended',
    })
    expect(look(rigOf(), [streamOf('a', 100), { ...old, periodMs: undefined }]).state).toBe('live')
    // Where there is nothing else, one of them is enough.
    const irregular = [old, streamOf('new', 100)].map((each) => ({ ...each, periodMs: undefined }))
    expect(look(rigOf(), irregular).state).toBe('live')
    expect(look(rigOf(), [irregular[0]!]).state).toBe('stale')
  })

  it('is offline when nothing of it is stored for 30 s, or for three health reports', () => {
    const ago = (ms: number) => rigOf({ lastEnvelopeMs: t0Ms - ms })
    expect(look(ago(29_000), [streamOf('a', 60_000)]).state).toBe('stale')
    expect(look(ago(31_000), [streamOf('a', 60_000)])).toMatchObject({ state: 'offline', sinceMs: t0Ms - 31_000 })
    expect(look({ ...ago(89_000), healthPeriodMs: 30_000 }, []).state).toBe('stale')
    expect(look({ ...ago(91_000), healthPeriodMs: 30_000 }, []).state).toBe('offline')
    // Connected or not says nothing.
    expect(look({ ...ago(31_000), online: true }, []).state).toBe('offline')
  })

  it('is stale and offline also where the clock was a year ahead when its last came', () => {
    const year = 365 * 86_400_000
    const ahead = rigOf({ lastEnvelopeMs: t0Ms + year })
    expect(look(ahead, [streamOf('a', -year)])).toMatchObject({ state: 'offline', sinceMs: t0Ms + year })
    // Something came since, but no rows.
    expect(look(rigOf(), [streamOf('a', -year)])).toMatchObject({ state: 'stale', why: 'no rows of a' })
    expect(look(rigOf({ lastEnvelopeMs: t0Ms + 900 }), [streamOf('a', -900)]).state).toBe('live')
  })

  it('is never seen while nothing was ever stored, and stale while its agent reports and no row comes', () => {
    expect(look(unheardOf('a'), []).state).toBe('never_seen')
    expect(look({ ...unheardOf('a'), online: true }, []).state).toBe('never_seen')
    expect(look(rigOf({ health: healthOf(t0Ns, ['waiting']) }), [])).toMatchObject({
      state: 'stale',
      why: 'its agent reports, but no row has come yet',
    })
  })
})

describe('what envelopes say of their rig', () => {
  const send = (facts: ReturnType<typeof createFacts>, body: Body, seq: number, spool: string = spools[0]) => {
    const envelope = encodeEnvelope({ rig: 'a', spool, seq, body })
    facts.stored(readHeader(envelope), envelope)
  }
  const health = (tNs: bigint): Body => ({ type: 'health', health: healthOf(tNs, ['running']) })
  const schema = (stream: string): Body => ({ type: 'schema', bytes: encodeSchema({ ...speedSchema, stream }) })

  it('is the newest: what comes late of a backlog changes nothing', () => {
    const facts = createFacts('')
    send(facts, health(t0Ns + 10n * s), 9)
    send(facts, health(t0Ns), 2)
    send(facts, health(t0Ns - s), 99, '01AAAAAAAAAAAAAAAAAAAAAAAA')
    expect(facts.facts.health?.tNs).toBe(t0Ns + 10n * s)
    send(facts, health(t0Ns + 20n * s), 1, spools[1])
    expect(facts.facts.health?.tNs).toBe(t0Ns + 20n * s)
  })

  it('tells how often health comes, whatever is missing between', () => {
    const facts = createFacts('')
    let seq = 0
    for (const at of [0n, 10n, 20n, 40n, 50n]) send(facts, health(t0Ns + at * s), ++seq)
    expect(facts.facts.healthPeriodMs).toBe(10_000)
    // A new start of the agent is no distance.
    send(facts, health(t0Ns + 500n * s), 1, spools[1])
    expect(facts.facts.healthPeriodMs).toBe(10_000)
  })

  it('names the streams that are measured now, anew with each start of the agent', () => {
    const facts = createFacts('')
    expect(facts.facts.measured).toBeUndefined()
    send(facts, schema('속도'), 1)
    send(facts, schema('ecg'), 2)
    expect([...facts.facts.measured!]).toEqual(['속도', 'ecg'])
    send(facts, schema('ecg'), 1, spools[1])
    send(facts, schema('속도'), 3)
    expect([...facts.facts.measured!]).toEqual(['ecg'])
  })

  it('is the same after a restart, but for samples of bad lines', () => {
    const facts = createFacts('')
    send(facts, schema('속도'), 1)
    for (const at of [0n, 10n]) send(facts, health(t0Ns + at * s), 2 + Number(at))
    const sample = { tNs: t0Ns, roundTripNs: 1n, stepNs: 0n, monotonicNs: 1n, bootId: new Uint8Array(16) }
    send(facts, { type: 'clock_sample', clockSample: { ...sample, offsetNs: -(2n ** 60n) } }, 3)
    const again = createFacts(facts.toText()).facts
    expect(again.clockOffsetNs).toBe(-(2n ** 60n))
    expect(again.health?.sources[0]?.badLineSamples).toEqual([])
    expect({ ...again, health: undefined }).toEqual({ ...facts.facts, health: undefined })
    expect(createFacts('{"health":7').facts).toEqual({})
  })
})

function newCatalog() {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'catalog.sqlite')
  const open = () => {
    const catalog = openCatalog(file)
    onTestFinished(() => catalog.close())
    return catalog
  }
  return { file, open }
}

describe('over a restart', () => {
  it('a rig that came under a clock that was ahead is as new as what comes under the right one', () => {
    const { open } = newCatalog()
    const catalog = open()
    const feed = createFeed()
    const sent = feed.speed({ rig: 'a' })
    const before = createRigs(catalog)
    before.stored(readHeader(sent), sent, t0Ns + 365n * 86_400n * s)
    before.save()
    const rigs = createRigs(catalog)
    rigs.stored(readHeader(sent), sent, t0Ns)
    expect(rigs.states()[0]!.lastEnvelopeMs).toBe(t0Ms)
    rigs.save()
    expect(createRigs(catalog).states()[0]!.lastEnvelopeMs).toBe(t0Ms)
    catalog.close()
  })

  it('rigs and last rows are as they were, before anything comes', async () => {
    const { open } = newCatalog()
    const first = open()
    first.saveSchema('unused', '운전석-1', encodeSchema(speedSchema))
    const feed = createFeed()
    const hash = feed.know(speedSchema)
    first.saveSchema(Buffer.from(hash).toString('hex'), '운전석-1', encodeSchema(speedSchema))
    const rigs = createRigs(first, () => [{ rig: '새-리그', group: 'main' }])
    rigs.seen('운전석-1', 'main')
    const sent = feed.speed({ rig: '운전석-1' })
    rigs.stored(readHeader(sent), sent, feed.nowNs())
    const report = encodeEnvelope({
      rig: '운전석-1',
      spool: spools[0],
      seq: 5,
      body: { type: 'health', health: healthOf(t0Ns, ['running']) },
    })
    rigs.stored(readHeader(report), report, feed.nowNs())
    const rows = createLastRows(first, feed.live)
    rows.save()
    rigs.save()
    first.close()

    const catalog = open()
    const state = createState()
    const later = createFeed()
    const again = createRigs(catalog, () => [{ rig: '새-리그', group: 'main' }])
    state.rigs = () => again.states(createSequence([]))
    state.remembered = createLastRows(catalog, later.live).remembered
    const app = createApp({ state, live: later.live, nowNs: () => t0Ns + 20n * s, anonymous: true })
    const ask = async () => ((await (await app.request('/v1/rigs')).json()) as RigsAnswer).rigs
    const answer = await ask()
    expect(answer.map(({ rig, state, group }) => [rig, state, group])).toEqual([
      ['새-리그', 'never_seen', 'main'],
      ['운전석-1', 'stale', 'main'],
    ])
    const rig = answer[1]!
    expect(rig).toMatchObject({ spoolEnvelopes: 3, sinceMs: t0Ms, lastRowNs: String(t0Ns), lastEnvelopeMs: t0Ms })
    expect(rig.streams).toMatchObject([
      { stream: 'vehicle', standing: 'stale', receivedAgoMs: 20_000, nominalRowsPerS: 100, channelCount: 4 },
    ])
    // What comes takes its place.
    later.advance(20_000)
    later.speed({ rig: '운전석-1' })
    expect((await ask())[1]).toMatchObject({ state: 'live', streams: [{ standing: 'live', batches: 1 }] })
  })

  it('saves each stream in its turn, and nothing twice', () => {
    const { open } = newCatalog()
    const catalog = open()
    const feed = createFeed()
    for (let i = 0; i < 1500; i++) feed.speed({ rig: `rig-${i}`, rows: 1 })
    const rows = createLastRows(catalog, feed.live)
    rows.save()
    expect(catalog.lastRows()).toHaveLength(1000)
    for (let i = 0; i < 1000; i++) feed.speed({ rig: `rig-${i}`, rows: 1 })
    rows.save()
    expect(catalog.lastRows()).toHaveLength(1500)
    feed.advance(1000)
    feed.speed({ rig: 'rig-7', rows: 1 })
    rows.save(true)
    expect(catalog.lastRows().find(({ rig }) => rig === 'rig-7')?.receivedNs).toBe(t0Ns + s)
  })

  it('opens what the first release wrote: rigs are known, their rows when they come', () => {
    const { file, open } = newCatalog()
    const database = new Database(file, {})
    database.exec(upgrades[0]!)
    database.exec(`INSERT INTO rigs VALUES ('옛-리그', 'main', 1, ${t0Ms}, '0.1.0', 1); PRAGMA user_version = 1`)
    database.close()
    const catalog = open()
    expect(catalog.lastRows()).toEqual([])
    const [rig] = createRigs(catalog).states(createSequence([]))
    expect(lookAtRig(rig!, [], t0Ns + 60n * s).state).toBe('offline')
  })
})

describe('GET /v1/rigs/{rig}', () => {
  const setUp = () => {
    const feed = createFeed()
    const state = createState()
    const app = createApp({ state, live: feed.live, nowNs: feed.nowNs, anonymous: true })
    return { feed, state, app }
  }

  it('is one rig whole: all channels with what they mean, missing numbers, the last Gaps', async () => {
    const { feed, state, app } = setUp()
    const channels = Array.from({ length: 100 }, (_, i) => ({
      name: `채널-${i}`,
      kind: 'f64' as const,
      code: `X:${i}`,
    }))
    const schema = { stream: 'wide', channels }
    feed.know(schema)
    const columns = channels.map((_, i) => ({ kind: 'f64' as const, values: Float64Array.of(i) }))
    feed.store(feed.envelope(feed.batch(schema, columns), { rig: '자동차-1' }))
    const gap = (fromNs: bigint): Gap => ({
      fromNs,
      toNs: fromNs + s,
      streams: ['wide'],
      cause: 'source_down',
      detail: '',
      spool: '',
      numbers: [],
      rows: 0,
    })
    for (const at of [1n, 2n]) feed.store(feed.envelope({ type: 'gap', gap: gap(at) }, { rig: '자동차-1' }))
    feed.store(feed.envelope({ type: 'gap', gap: gap(9n) }, { rig: 'another' }))
    state.rigs = () => [rigOf({ rig: '자동차-1', health: healthOf(t0Ns, ['running']), clockOffsetNs: 5_000_000n })]
    state.missingNumbers = (rig) =>
      Array.from({ length: 101 }, (_, i) => ({ rig, spool: spools[0], from: 3 * i + 2, to: 3 * i + 3 }))
    const response = await app.request(`/v1/rigs/${encodeURIComponent('자동차-1')}`)
    const rig = (await response.json()) as RigDetail
    expect([response.status, rig.state, rig.clockOffsetMs]).toEqual([200, 'live', 5])
    expect(rig.streams[0]!.channels).toHaveLength(100)
    expect(rig.streams[0]!.channels[99]).toEqual({
      name: '채널-99',
      kind: 'f64',
      unit: '',
      value: 99,
      missing: false,
      range: 'within',
      code: 'X:99',
      description: '',
      min: null,
      max: null,
    })
    expect(rig.missingNumbers).toHaveLength(100)
    expect([rig.missingNumbers[0], rig.missingCut]).toEqual([{ spool: spools[0], from: 2, to: 3 }, true])
    expect(rig.lastGaps.map(({ fromNs }) => fromNs)).toEqual(['2', '1'])
    expect(rig.badLines).toEqual([{ source: 's0', samples: ['?'] }])
    // The table still gets the first ones alone.
    const { rigs } = (await (await app.request('/v1/rigs')).json()) as RigsAnswer
    expect(rigs.find((each) => each.rig === '자동차-1')!.streams[0]).toMatchObject({ channelCount: 100 })
    expect(rigs.find((each) => each.rig === '자동차-1')!.streams[0]!.channels).toHaveLength(64)
  })

  it('names the nearest for one that is not there', async () => {
    const { state, app } = setUp()
    state.rigs = () => [rigOf({ rig: 'car-sim-1' }), rigOf({ rig: '자동차-1' })]
    for (const [asked, detail] of [
      ['car-sin-1', 'there is no rig "car-sin-1"; did you mean "car-sim-1"?'],
      ['자동자-1', 'there is no rig "자동자-1"; did you mean "자동차-1"?'],
      ['qqqqqqqqqqqqqqqqqqqq', 'there is no rig "qqqqqqqqqqqqqqqqqqqq"; /v1/rigs lists them'],
    ] as const) {
      const response = await app.request(`/v1/rigs/${encodeURIComponent(asked)}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ status: 404, detail })
    }
    expect((await app.request('/v1/rigs/car-sim-1?x=1')).status).toBe(400)
  })

  it('lists rigs by parts, each once', async () => {
    const { feed, state, app } = setUp()
    state.rigs = () => ['d', 'a', '나', 'b', '가'].map((rig) => rigOf({ rig }))
    feed.speed({ rig: 'c', rows: 1 })
    const seen: string[][] = []
    let after: string | null = ''
    while (after !== null) {
      const asked: string = after ? `&after=${encodeURIComponent(after)}` : ''
      const answer = (await (await app.request(`/v1/rigs?limit=2${asked}`)).json()) as RigsAnswer
      seen.push(answer.rigs.map(({ rig }) => rig))
      after = answer.next
    }
    expect(seen).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['가', '나'],
    ])
    for (const bad of ['limit=0', 'limit=1001', 'limit=1e9', 'limit=x', 'after=', 'offset=3'])
      expect([bad, (await app.request(`/v1/rigs?${bad}`)).status]).toEqual([bad, 400])
  })
})

it('shows a rig whose rows alone were told, with values as they are', async () => {
  const feed = createFeed()
  const app = createApp({ state: createState(), live: feed.live, nowNs: feed.nowNs, anonymous: true })
  feed.store(feed.envelope(feed.batch(speedSchema, speedColumns(1))))
  const { rigs } = (await (await app.request('/v1/rigs')).json()) as RigsAnswer
  expect(rigs).toMatchObject([{ rig: 'cabin', state: 'live', online: false }])
})
