import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { createBook, raisedMax } from '../../ingest/alerts/book.ts'
import { alertsConfig } from '../../ingest/alerts/config.ts'
import { createGrowth } from '../../ingest/alerts/growth.ts'
import { createRules, type Facts } from '../../ingest/alerts/rules.ts'
import type { Alert, Condition } from '../../ingest/alerts/types.ts'
import { type Alerts, startAlerts } from '../../ingest/alerts.ts'
import type { AlertsAnswer } from '../../ingest/http/answers.ts'
import { createApp } from '../../ingest/http/app.ts'
import type { LiveStream } from '../../ingest/live/live-stream.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import { unheardOf } from '../../ingest/rigs.ts'
import type { RigState, SinkState } from '../../ingest/state.ts'
import { readHeader } from '../../protos/envelope.ts'
import type { Gap } from '../../protos/types.ts'
import { waitFor } from '../services/rigline.ts'
import { createFeed, createState } from './live-feed.ts'
import { startReceiver } from './webhook-server.ts'

const t0 = 1_700_000_000_000
const rigState = (rig: string, more: Partial<RigState> = {}): RigState => ({
  ...unheardOf(rig),
  group: 'main',
  named: true,
  lastEnvelopeMs: t0,
  ...more,
})
const stream = (receivedMs: number): LiveStream => ({
  stream: '심전도',
  source: 'simulated',
  schema: undefined,
  schemaHash: 'aa',
  periodMs: 2,
  rowsPerS: 500,
  readingsPerS: 500,
  batches: 1,
  receivedNs: BigInt(receivedMs) * 1_000_000n,
  staleAfterMs: 3000,
  timeNs: undefined,
  era: 0,
  channels: [],
  channelCount: 1,
  problems: [],
})
const sink = (more: Partial<SinkState> = {}): SinkState => ({
  name: 'influx',
  state: 'running',
  behindBytes: 0,
  counters: {},
  ...more,
})
const gapOf = (more: Partial<Gap> = {}): Gap => ({
  fromNs: BigInt(t0) * 1_000_000n,
  toNs: BigInt(t0 + 12_000) * 1_000_000n,
  streams: ['vehicle'],
  cause: 'agent_down',
  detail: '',
  spool: '',
  numbers: [],
  rows: 0,
  ...more,
})
const gib = 1024 ** 3

/** Rules that have been looking since long before t0. */
function setUp(config: object = {}, raised: Alert[] = []) {
  const rules = createRules(alertsConfig.parse(config), raised)
  const usual: Facts = {
    nowMs: t0,
    online: true,
    rigs: [],
    streamsOf: () => [],
    namedOnly: true,
    sinks: [],
    disk: { folder: '/data', freeBytes: 100 * gib, daysLeft: Number.POSITIVE_INFINITY },
    quarantined: 0,
  }
  const look = (facts: Partial<Facts>) => rules.look({ ...usual, ...facts })
  if (raised.length === 0) look({ nowMs: t0 - 3_600_000 })
  const bad = (facts: Partial<Facts>) =>
    look(facts)
      .filter(({ standing }) => standing === 'bad')
      .map(({ key }) => key)
  return { rules, look, bad }
}

describe('the rules', () => {
  it('rig_offline: nothing stored for so long, and for three health reports', () => {
    const { bad, look } = setUp()
    const rigs = [rigState('운전석-1', { online: true }), rigState('slow', { healthPeriodMs: 60_000 })]
    expect(bad({ rigs, nowMs: t0 + 119_000 })).toEqual([])
    expect(bad({ rigs, nowMs: t0 + 121_000 })).toEqual(['rig_offline/운전석-1'])
    expect(bad({ rigs, nowMs: t0 + 181_000 })).toEqual(['rig_offline/운전석-1', 'rig_offline/slow'])
    const [one] = look({ rigs, nowMs: t0 + 181_000 })
    expect(one).toMatchObject({ rig: '운전석-1', sinceMs: t0 })
    expect(one!.text).toMatch(
      /^rig 운전석-1 is offline: nothing of it was stored for 3 min 1 s \(last at 2023-11-14T22:13:20\.000Z\); look whether its agent runs .* says that it is connected\)$/,
    )
  })

  it('rig_offline: also where its last came under a clock that has been set back', () => {
    const { bad, look } = setUp()
    const rigs = [rigState('a', { lastEnvelopeMs: t0 + 365 * 86_400_000 })]
    expect(bad({ rigs })).toEqual(['rig_offline/a'])
    expect(look({ rigs })[0]!.text).toMatch(/nothing of it was stored since the clock of ingest was set back/)
    // Not before ingest has listened for that long.
    const started = createRules(alertsConfig.parse({}))
    const facts = { online: true, streamsOf: () => [], namedOnly: true, sinks: [], disk: undefined, quarantined: 0 }
    const standing = (nowMs: number) => started.look({ ...facts, rigs, nowMs })[0]!.standing
    expect([standing(t0), standing(t0 + 119_000), standing(t0 + 121_000)]).toEqual(['between', 'between', 'bad'])
  })

  it('watches no rig that was never seen, is silent for days, or is not in access.yaml', () => {
    const { bad, look } = setUp()
    const rigs = [rigState('new', { lastEnvelopeMs: 0 }), rigState('sold', { named: false })]
    expect(bad({ rigs, nowMs: t0 + 3_600_000 })).toEqual([])
    expect(bad({ rigs, nowMs: t0 + 3_600_000, namedOnly: false })).toEqual(['rig_offline/sold'])
    const days = look({ rigs: [rigState('old')], nowMs: t0 + 8 * 86_400_000 })
    expect(days.find(({ key }) => key === 'rig_offline/old')).toMatchObject({
      standing: 'good',
      text: expect.stringContaining('nothing came for 7 days'),
    })
  })

  it('rig_stale: rows do not come, envelopes do', () => {
    const { bad, look } = setUp()
    const health = {
      tNs: 0n,
      version: '',
      memoryBytes: 0,
      spoolBytes: 0,
      spoolEnvelopes: 0,
      sources: [
        {
          name: 'can',
          state: 'waiting' as const,
          rows: 0,
          badLines: 0,
          badLineSamples: [],
          detail: 'no such device can0',
        },
      ],
    }
    const at = (afterMs: number) => ({
      nowMs: t0 + afterMs,
      rigs: [rigState('a', { lastEnvelopeMs: t0 + afterMs - 5000, health })],
      streamsOf: () => [stream(t0)],
    })
    expect(bad(at(59_000))).toEqual([])
    expect(bad(at(61_000))).toEqual(['rig_stale/a'])
    const [, stale] = look(at(61_000))
    expect(stale!.text).toBe(
      'rig a is stale for 1 min 1 s: no rows of 심전도; its agent reports, so look at its sources: can waiting (no such device can0)',
    )
    // Nothing at all: offline says it, and stale neither clears nor is raised anew.
    const silent = look({ ...at(400_000), rigs: [rigState('a')] })
    expect(silent.map(({ rule, standing }) => [rule, standing])).toEqual([
      ['rig_offline', 'bad'],
      ['rig_stale', 'between'],
      ['disk', 'good'],
    ])
  })

  it('broker: rigs are not judged by an ingest that hears nothing, nor right after it hears again', () => {
    const { bad, look } = setUp()
    const rigs = [rigState('a')]
    const standing = (facts: Partial<Facts>) =>
      look({ rigs, ...facts })
        .filter(({ rule }) => rule.startsWith('rig'))
        .map((each) => each.standing)
    expect(bad({ rigs, nowMs: t0, online: false })).toEqual([])
    expect(bad({ rigs, nowMs: t0 + 61_000, online: false })).toEqual(['broker'])
    expect(bad({ rigs, nowMs: t0 + 300_000, online: false })).toEqual(['broker'])
    expect(standing({ nowMs: t0 + 300_000, online: false })).toEqual(['between', 'between'])
    expect(bad({ rigs, nowMs: t0 + 301_000 })).toEqual([])
    expect(standing({ nowMs: t0 + 301_000 })).toEqual(['between', 'between'])
    expect(bad({ rigs, nowMs: t0 + 422_000 })).toEqual(['rig_offline/a'])
  })

  it('gap: one alert a rig and cause, until none came for a while; not for retention, nor for short ones', () => {
    const { rules, bad, look } = setUp({ gaps: { longerThanS: 5 } })
    rules.gap('a', gapOf({ toNs: gapOf().fromNs + 4_000_000_000n }), t0)
    rules.gap('a', gapOf({ cause: 'retention' }), t0)
    expect(bad({})).toEqual([])
    rules.gap('a', gapOf(), t0)
    rules.gap('a', gapOf({ streams: [], rows: 7 }), t0 + 1000)
    rules.gap('ingest', gapOf({ rig: '운전석-1', cause: 'spool_full' }), t0)
    expect(bad({ nowMs: t0 + 2000 })).toEqual(['gap/a/agent_down', 'gap/운전석-1/spool_full'])
    expect(look({ nowMs: t0 + 2000 })[0]!.text).toBe(
      'rig a declared 2 Gaps, the last of 12 s from 2023-11-14T22:13:20.000Z, all streams, 7 rows, cause agent_down: its agent was not running; look why it stopped',
    )
    expect(bad({ nowMs: t0 + 600_500 })).toEqual(['gap/a/agent_down'])
    expect(look({ nowMs: t0 + 602_000 }).filter(({ rule }) => rule === 'gap')).toMatchObject([{ standing: 'good' }])
    expect(look({ nowMs: t0 + 602_000 }).filter(({ rule }) => rule === 'gap')).toEqual([])
  })

  it('sink_lagging: too much to go, or too long waiting', () => {
    const { bad, look } = setUp({ sinks: { behindBytes: 1000 } })
    const at = (more: Partial<SinkState>, afterMs = 0) => ({ sinks: [sink(more)], nowMs: t0 + afterMs })
    expect(bad(at({ behindBytes: 1001 }))).toEqual(['sink_lagging/influx'])
    expect(look(at({ behindBytes: 900 }))[0]!.standing).toBe('between')
    expect(look(at({ behindBytes: 800 }))[0]!.standing).toBe('good')
    const waiting = { state: 'waiting', waitingFor: 'the server refuses' } as const
    expect(bad(at(waiting))).toEqual([])
    expect(bad(at({ ...waiting, state: 'down' }, 60_000))).toEqual([])
    expect(bad(at(waiting, 121_000))).toEqual(['sink_lagging/influx'])
    expect(look(at(waiting, 121_000))[0]!.text).toContain(
      'waiting for 2 min 1 s (the server refuses), 0 B of the journal',
    )
    expect(look(at({}, 122_000))[0]!.standing).toBe('good')
    expect(bad(at(waiting, 123_000))).toEqual([])
  })

  it('disk and quarantine: which value, and what to do', () => {
    const { bad, look } = setUp()
    const disk = (freeBytes: number, daysLeft: number | undefined) => ({
      disk: { folder: '/데이터', freeBytes, daysLeft },
    })
    const standing = (facts: Partial<Facts>) => look(facts).find(({ rule }) => rule === 'disk')?.standing
    expect(bad(disk(gib, 100))).toEqual(['disk'])
    expect(bad(disk(50 * gib, 6.9))).toEqual(['disk'])
    expect(look(disk(50 * gib, 6.9))[0]!.text).toMatch(/\/데이터 is full in 6\.9 days .* 50 GiB are free: make room/)
    expect([standing(disk(2.1 * gib, 100)), standing(disk(50 * gib, 8)), standing(disk(50 * gib, undefined))]).toEqual([
      'between',
      'between',
      'between',
    ])
    expect(standing(disk(50 * gib, 9))).toBe('good')
    expect(standing({ disk: undefined })).toBe('between')
    expect(bad({ quarantined: 1 })).toEqual(['quarantine'])
    expect(setUp({ quarantine: { entries: 5 } }).bad({ quarantined: 4 })).toEqual([])
  })

  it('raise nothing where they are off', () => {
    const off = Object.fromEntries(
      ['rigs', 'gaps', 'sinks', 'disk', 'quarantine', 'broker'].map((rule) => [rule, { on: false }]),
    )
    const { rules, look } = setUp(off)
    rules.gap('a', gapOf(), t0)
    expect(
      look({ rigs: [rigState('a', { lastEnvelopeMs: 1 })], sinks: [sink({ behindBytes: 1e12 })], online: false }),
    ).toEqual([])
  })
})

describe('days of disk', () => {
  it('are the slope of hours, and not of what comes and goes', () => {
    const growth = createGrowth()
    const minute = 60_000
    let free = 100 * gib
    for (let i = 0; i <= 29; i++) growth.add(t0 + i * minute, free)
    expect(growth.daysLeft()).toBeUndefined()
    for (let i = 30; i < 400; i++) {
      // 1 GiB a day, and segments of 200 MiB that come and go.
      free -= gib / 1440
      growth.add(t0 + i * minute, free - (i % 7) * 30 * 1024 ** 2)
    }
    expect(growth.daysLeft()).toBeGreaterThan(85)
    expect(growth.daysLeft()).toBeLessThan(115)
    for (let i = 400; i < 800; i++) growth.add(t0 + i * minute, free)
    expect(growth.daysLeft()).toBe(Number.POSITIVE_INFINITY)
    growth.add(t0, free)
    expect(growth.daysLeft()).toBeUndefined()
  })
})

describe('the book', () => {
  const condition = (standing: Condition['standing'], text = 'text'): Condition[] => [
    { rule: 'disk', key: 'disk', standing, text },
  ]

  it('raises once, clears once, and does not flap', () => {
    const book = createBook(10_000)
    const seen: unknown[] = []
    const at = (s: number, conditions: Condition[]) => {
      for (const { state, text } of book.update(conditions, t0 + s * 1000)) seen.push([s, state, text])
    }
    at(0, condition('between'))
    at(1, condition('bad', 'first'))
    at(2, condition('bad', 'second'))
    at(3, condition('good'))
    at(9, condition('between'))
    at(10, condition('good'))
    at(15, condition('bad', 'third'))
    at(16, [])
    at(25, condition('good', 'well'))
    at(26, condition('good', 'well'))
    at(27, condition('good', 'well'))
    expect(seen).toEqual([
      [1, 'raised', 'first'],
      [26, 'cleared', 'well'],
    ])
    expect(book.raised()).toEqual([])
    expect(book.recent().map(({ state }) => state)).toEqual(['cleared', 'raised'])
  })

  it('tells how it stands now, and goes on after a restart without raising again', () => {
    const book = createBook(0)
    book.update(condition('bad', 'first'), t0)
    book.update(condition('bad', 'now'), t0 + 1000)
    expect(book.raised()).toMatchObject([{ text: 'now', sinceMs: t0 }])
    const again = createBook(0, book.raised(), book.recent())
    expect(again.update(condition('between'), t0 + 5000)).toEqual([])
    expect(again.update(condition('bad'), t0 + 6000)).toEqual([])
    expect(again.update([], t0 + 7000)).toMatchObject([{ key: 'disk', state: 'cleared', sinceMs: t0 }])
    expect(again.recent()).toHaveLength(2)
  })

  it('holds no more than it may', () => {
    const book = createBook(0)
    const many = Array.from({ length: raisedMax + 5 }, (_, i): Condition => ({ ...condition('bad')[0]!, key: `k${i}` }))
    expect(book.update(many, t0)).toHaveLength(raisedMax)
    expect(book.raised()).toHaveLength(raisedMax)
    expect(book.recent()).toHaveLength(200)
  })
})

describe('the configuration', () => {
  const mistakes = (value: unknown) => alertsConfig.safeParse(value).error?.issues.map((issue) => issue.path.join('.'))

  it('wants a secret for what is sent, and an address that is one', () => {
    expect(mistakes({})).toBeUndefined()
    const url = 'https://alerts.example.org/x'
    expect(mistakes({ webhook: { url, secret: 'sixteen letters!' } })).toBeUndefined()
    expect(mistakes({ webhook: { url } })).toEqual(['webhook'])
    expect(mistakes({ webhook: { url, secret: 'short' } })).toEqual(['webhook.secret'])
    expect(mistakes({ webhook: { url, secretFile: '/none' } })).toEqual(['webhook.secretFile'])
    for (const wrong of ['alerts.example.org', 'ftp://a/b', 'https://user:word@a/'])
      expect(mistakes({ webhook: { url: wrong, secret: 'sixteen letters!' } })).toEqual(['webhook.url'])
    expect(mistakes({ rigs: { offlineAfterS: 0 }, disk: { on: 'yes' }, gabs: {} })).toHaveLength(3)
  })
})

describe('alerts, started', () => {
  function open(folder: string, config: object) {
    const feed = createFeed()
    const state = createState()
    const quarantine = openQuarantine(join(folder, 'quarantine'))
    const alerts = startAlerts({
      config: alertsConfig.parse({ clearAfterS: 0, disk: { on: false }, ...config }),
      folder,
      state,
      rigs: () => state.rigs(),
      live: feed.live,
      namedOnly: false,
      quarantine,
      nowNs: () => BigInt(Date.now() + aheadMs) * 1_000_000n,
      log: silentLog,
    })
    onTestFinished(() => alerts.close())
    const app = createApp({ state, live: feed.live, alerts: alerts.now, anonymous: true })
    return { feed, state, alerts, app, quarantine }
  }
  let aheadMs = 0
  const makeFolder = () => {
    const folder = mkdtempSync(join(tmpdir(), 'rigline-경보-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  }
  const raised = (alerts: Alerts, keys: string[]) =>
    waitFor(`alerts ${keys}`, 10_000, async () => {
      const now = alerts.now().raised.map(({ key }) => key)
      return now.length === keys.length && keys.every((key) => now.includes(key))
    })
  const secret = 'sixteen letters!'

  it('tell the API, the metrics and the webhook, and go on after a restart with what was not delivered', async () => {
    const folder = makeFolder()
    const port = 1
    const config = { webhook: { url: `http://127.0.0.1:${port}/`, secret } }
    const first = open(folder, config)
    first.state.sinks = () => [sink({ behindBytes: 1e12 })]
    const sent = first.feed.envelope({ type: 'gap', gap: gapOf({ cause: 'spool_full' }) }, { rig: '운전석-1' })
    first.alerts.gap(readHeader(sent), sent)
    await raised(first.alerts, ['sink_lagging/influx', 'gap/운전석-1/spool_full'])
    const answer = (await (await first.app.request('/v1/alerts')).json()) as AlertsAnswer
    expect(answer).toMatchObject({ webhook: { waiting: 2, delivered: 0 } })
    expect(answer.raised.map(({ rig }) => rig ?? '').sort()).toEqual(['', '운전석-1'])
    const metrics = await (await first.app.request('/metrics')).text()
    expect(metrics).toContain('rigline_alerts_raised{rule="sink_lagging"} 1\n')
    expect(metrics).toContain('rigline_alerts_raised{rule="rig_offline"} 0\n')
    expect(metrics).toContain('rigline_alert_webhook_waiting 2\n')
    await first.alerts.close()
    await first.alerts.close()

    // The webhook is elsewhere now, and takes it: what waited first, then that the sink is well again.
    const receiver = await startReceiver((_, response) => response.end())
    const second = open(folder, { webhook: { url: receiver.url, secret } })
    second.state.sinks = () => [sink()]
    const bodies = (await receiver.until(3)).map(({ body }) => JSON.parse(body))
    const ofSink = bodies.filter(({ rule }) => rule === 'sink_lagging')
    expect(ofSink.map(({ state }) => state)).toEqual(['raised', 'cleared'])
    expect(ofSink[1]).toMatchObject({
      type: 'rigline.alert',
      ingest: 'ingest-1',
      key: 'sink_lagging/influx',
      since: ofSink[0].since,
      text: 'sink influx keeps up again, 0 B of the journal to go',
    })
    expect(bodies.find(({ rule }) => rule === 'gap')).toMatchObject({ rig: '운전석-1', state: 'raised' })
    expect(new Set(bodies.map(({ delivery }) => delivery)).size).toBe(3)
    // The Gap stays raised, and was not told twice.
    expect(second.alerts.now().raised.map(({ key }) => key)).toEqual(['gap/운전석-1/spool_full'])
    await waitFor('all to be delivered', 5000, async () => second.alerts.now().webhook?.waiting === 0)
    await second.alerts.close()
    expect(JSON.parse(readFileSync(join(folder, 'alerts.json'), 'utf8'))).toMatchObject({ format: 1, waiting: [] })
    expect(readFileSync(join(folder, 'alerts.json'), 'utf8')).not.toContain(secret)
  })

  it('see entries in quarantine, a disk that is full, and a broker that is away', async () => {
    const { state, alerts, quarantine } = open(makeFolder(), {
      disk: { freeBytes: Number.MAX_SAFE_INTEGER },
      broker: { disconnectedS: 1 },
    })
    quarantine.put({ by: 'receive', reason: 'unreadable', detail: '?', content: 'payload', bytes: Uint8Array.of(1) })
    state.online = false
    // The disk is asked again after 10 s.
    await waitFor('three alerts', 20_000, async () => alerts.now().raised.length === 3)
    expect(
      alerts
        .now()
        .raised.map(({ rule }) => rule)
        .sort(),
    ).toEqual(['broker', 'disk', 'quarantine'])
  }, 30_000)

  it('are not raised for every rig because this program stood still, or its clock was set', async () => {
    const { state, alerts } = open(makeFolder(), { rigs: { offlineAfterS: 2 } })
    const lastEnvelopeMs = Date.now()
    state.rigs = () => [rigState('a', { lastEnvelopeMs }), rigState('b', { lastEnvelopeMs: Date.now() + aheadMs })]
    onTestFinished(() => {
      aheadMs = 0
    })
    let looks = 0
    state.sinks = () => {
      looks++
      return []
    }
    await waitFor('a look', 5000, async () => looks > 0)
    aheadMs = 3_600_000
    looks = 0
    await waitFor('two looks', 5000, async () => looks > 1)
    expect(alerts.now().raised).toEqual([])
    await raised(alerts, ['rig_offline/a'])
  })

  it('begin without those of before if the file is damaged', () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'alerts.json'), '{"format":1,"raised":[{')
    expect(open(folder, {}).alerts.now()).toEqual({ raised: [], recent: [], webhook: undefined })
  })
})
