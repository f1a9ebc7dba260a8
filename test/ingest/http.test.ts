import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAccess } from '../../common/access.ts'
import { drawSecret, hashDrawnSecret } from '../../common/credentials.ts'
import type { RigsAnswer } from '../../ingest/http/answers.ts'
import { createApp } from '../../ingest/http/app.ts'
import { httpConfig } from '../../ingest/http/config.ts'
import { createHealth } from '../../ingest/http/health.ts'
import { startHttp } from '../../ingest/http/http.ts'
import { standingOf } from '../../ingest/live/standing.ts'
import type { RigState } from '../../ingest/state.ts'
import { createFeed, createState, speedColumns, speedSchema, t0Ns } from './live-feed.ts'

const rigState = (rig: string, more: Partial<RigState> = {}): RigState => ({
  rig,
  group: 'main',
  named: false,
  online: true,
  agentVersion: '0.1.0',
  lastEnvelopeMs: Number(t0Ns / 1_000_000n),
  envelopes: 3,
  bytes: 999,
  missing: 0,
  ...more,
})

function setUp(more: { anonymous?: boolean; roles?: boolean; pageFolder?: string } = {}) {
  const feed = createFeed()
  const state = createState()
  const token = drawSecret()
  const tokens = [{ name: 'vera', role: 'viewer' as const, hash: hashDrawnSecret(token), created: '2026-01-01' }]
  const { verifyToken } = createAccess(() => ({ rigs: [], ingests: [], tokens }))
  const app = createApp({
    state,
    live: feed.live,
    nowNs: feed.nowNs,
    anonymous: more.anonymous ?? true,
    ...(more.roles ? { verifyToken } : {}),
    ...(more.pageFolder ? { pageFolder: more.pageFolder } : {}),
  })
  return { app, feed, state, token }
}

describe('GET /v1/rigs', () => {
  it('tells what ingest and the hub know of a rig, 64-bit integers as text', async () => {
    const { app, feed, state } = setUp()
    const health = {
      tNs: t0Ns,
      version: '0.1.0',
      memoryBytes: 1,
      spoolBytes: 2,
      spoolEnvelopes: 3,
      sources: [{ name: 'can', state: 'running' as const, rows: 4, badLines: 5, badLineSamples: ['?'], detail: '' }],
    }
    state.rigs = () => [rigState('자동차-1', { health, clockOffsetNs: 250_000_000n, missing: 6 })]
    feed.speed({ rig: '자동차-1', ageMs: 250 })
    feed.speed({ rig: 'nobody-told' })
    feed.advance(100)
    const response = await app.request('/v1/rigs')
    expect(response.status).toBe(200)
    const answer = (await response.json()) as RigsAnswer
    expect(answer.ingest).toMatchObject({
      name: 'ingest-1',
      online: true,
      counters: { quarantined: { unreadable: 2 } },
    })
    const [stranger, rig] = answer.rigs
    expect(stranger).toMatchObject({ rig: 'nobody-told', online: false, spoolEnvelopes: null, clockOffsetMs: null })
    expect(rig).toMatchObject({ rig: '자동차-1', spoolEnvelopes: 3, clockOffsetMs: 250, missing: 6 })
    expect(rig!.sources[0]).toMatchObject({ name: 'can', badLines: 5 })
    expect(rig!.streams[0]).toMatchObject({
      stream: 'vehicle',
      standing: 'live',
      nominalRowsPerS: 100,
      timeNs: String(t0Ns - 250_000_000n),
      // The rig's clock is 250 ms behind: its newest row was measured just when it came.
      ageMs: 100,
      lateMs: 0,
      receivedAgoMs: 100,
    })
    expect(rig!.streams[0]!.channels[0]).toEqual({
      name: 'speed',
      kind: 'f64',
      unit: 'km/h',
      value: 59,
      missing: false,
      range: 'within',
    })
  })

  it('writes as text what JSON has no number for', async () => {
    const { app, feed } = setUp()
    const columns = speedColumns(1)
    columns[0] = { kind: 'f64', values: Float64Array.of(Number.NaN) }
    feed.store(feed.envelope(feed.batch(speedSchema, columns)))
    const schema = {
      stream: 'count',
      channels: [
        { name: 'n', kind: 'int' as const },
        { name: 'x', kind: 'f64' as const },
      ],
    }
    feed.know(schema)
    const large = { kind: 'int' as const, values: BigInt64Array.of(9007199254740993n) }
    feed.store(feed.envelope(feed.batch(schema, [large, { kind: 'f64', values: Float64Array.of(-Infinity) }])))
    const { rigs } = (await (await app.request('/v1/rigs')).json()) as RigsAnswer
    expect(rigs[0]!.streams.map((stream) => stream.channels.map((channel) => channel.value))).toEqual([
      ['9007199254740993', '-Infinity'],
      ['NaN', expect.any(Number), true, 'D'],
    ])
  })

  it('says how a stream stands', () => {
    expect(standingOf(100, 50, 3000)).toBe('live')
    expect(standingOf(3001, 50, 3000)).toBe('stale')
    expect(standingOf(100, 3001, 3000)).toBe('late')
    expect(standingOf(100, -1001, 3000)).toBe('ahead')
    expect(standingOf(100, undefined, 3000)).toBe('live')
  })
})

describe('GET /v1/sinks', () => {
  it('tells what each sink waits for', async () => {
    const { app, state } = setUp()
    const counters = { lines: 5 }
    state.sinks = () => [
      { name: 'lake', state: 'running', behindBytes: 0, counters },
      { name: 'influx', state: 'waiting', waitingFor: 'http://db:8086 refuses connections', behindBytes: 77, counters },
    ]
    expect(await (await app.request('/v1/sinks')).json()).toEqual({
      sinks: [
        { name: 'lake', state: 'running', waitingFor: '', behindBytes: 0, counters },
        {
          name: 'influx',
          state: 'waiting',
          waitingFor: 'http://db:8086 refuses connections',
          behindBytes: 77,
          counters,
        },
      ],
    })
  })
})

describe('GET /health', () => {
  it('is 200 while all is well, else 503 with the reasons and no address', async () => {
    const { app, state } = setUp({ anonymous: false, roles: true })
    const well = await app.request('/health')
    expect([well.status, await well.json()]).toEqual([200, { status: 'ok', reasons: [] }])
    state.online = false
    state.counted.journalFull = 3
    state.sinks = () => [
      { name: 'influx', state: 'waiting', waitingFor: 'http://secret-host:8086', behindBytes: 1, counters: {} },
      { name: 'lake', state: 'starting', behindBytes: 1, counters: {} },
    ]
    const ill = await app.request('/health')
    expect([ill.status, await ill.json()]).toEqual([
      503,
      {
        status: 'failing',
        reasons: ['not connected to the broker', 'the journal is full or cannot be written', 'sink influx is waiting'],
      },
    ])
  })

  it('forgets a full journal a minute after it last refused', () => {
    const state = createState()
    let nowMs = 0
    const health = createHealth(state, () => nowMs)
    expect(health().status).toBe('ok')
    state.counted.journalFull = 1
    expect(health().status).toBe('failing')
    nowMs = 59_000
    expect(health().status).toBe('failing')
    nowMs = 61_000
    expect(health().status).toBe('ok')
  })
})

describe('GET /metrics', () => {
  it('is what Prometheus reads, with the sums of the state and not twice', async () => {
    const { app, feed, state } = setUp()
    state.rigs = () => [rigState('작업대', { missing: 4, clockOffsetNs: -5_000_000n })]
    state.sinks = () => [{ name: 'lake', state: 'waiting', behindBytes: 55, counters: { files: 2 } }]
    feed.speed({ rig: '작업대' })
    await app.request('/metrics')
    const response = await app.request('/metrics')
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const lines = (await response.text()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'rigline_info{name="ingest-1",version="0.1.0"} 1',
        'rigline_envelopes_total 12',
        'rigline_quarantined_total{reason="unreadable"} 2',
        'rigline_broker_connected 1',
        'rigline_healthy 0',
        'rigline_sink_state{sink="lake",state="waiting"} 1',
        'rigline_sink_state{sink="lake",state="running"} 0',
        'rigline_sink_behind_bytes{sink="lake"} 55',
        'rigline_sink_count{sink="lake",counter="files"} 2',
        'rigline_rig_missing{rig="작업대"} 4',
        'rigline_rig_state{rig="작업대",state="live"} 1',
        'rigline_rig_state{rig="작업대",state="offline"} 0',
        'rigline_rig_clock_offset_seconds{rig="작업대"} -0.005',
        'rigline_stream_rows_per_second{rig="작업대",stream="vehicle"} 2',
      ]),
    )
    // A rig without a health report has no spool depth, rather than 0.
    expect(lines.some((line) => line.startsWith('rigline_rig_spool_bytes{'))).toBe(false)
  })
})

describe('access', () => {
  const guarded = ['/v1/rigs', '/v1/sinks', '/v1/live', '/metrics']

  it.each(guarded)('%s wants a token', async (path) => {
    const { app, token } = setUp({ anonymous: false, roles: true })
    for (const authorization of [undefined, 'Bearer', 'Bearer wrong', `Basic ${token}`, `Bearer ${token}x`]) {
      const response = await app.request(path, { headers: authorization ? { authorization } : {} })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="rigline"')
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ status: 401, title: 'Unauthorized' })
    }
    const response = await app.request(path, { headers: { authorization: `Bearer ${token}` } })
    expect(response.status).toBe(path === '/v1/live' ? 426 : 200)
  })

  it('takes no token from the address', async () => {
    const { app, token } = setUp({ anonymous: false, roles: true })
    expect((await app.request(`/v1/rigs?token=${token}`)).status).toBe(401)
  })

  it('refuses a wrong token even where none is needed', async () => {
    const { app } = setUp({ anonymous: true, roles: true })
    expect((await app.request('/v1/rigs')).status).toBe(200)
    expect((await app.request('/v1/rigs', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
  })

  it('answers without a token under local names alone', async () => {
    const { app } = setUp()
    for (const [host, status] of [
      ['127.0.0.1:8686', 200],
      ['localhost:8686', 200],
      ['[::1]:8686', 200],
      ['rebound.example', 403],
      ['127.0.0.1.rebound.example', 403],
    ] as const) {
      expect([host, (await app.request(`http://${host}/v1/rigs`)).status]).toEqual([host, status])
    }
  })
})

describe('errors', () => {
  it('are problems, for unknown routes and other methods too', async () => {
    const { app } = setUp()
    for (const [method, path, status] of [
      ['GET', '/v2/rigs', 404],
      ['GET', '/v1/rigs/', 404],
      ['GET', '/../package.json', 404],
      ['POST', '/v1/rigs', 405],
      ['DELETE', '/', 405],
      ['GET', '/v1/live', 426],
    ] as const) {
      const response = await app.request(path, { method })
      expect([path, response.status]).toEqual([path, status])
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ status, detail: expect.stringMatching(/./) })
    }
  })

  it('tell nothing of the inside', async () => {
    const { app, state } = setUp()
    state.rigs = () => {
      throw new Error('secret inside')
    }
    const response = await app.request('/v1/rigs')
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(text).not.toMatch(/secret|stack|\.ts/)
    expect(JSON.parse(text)).toMatchObject({ status: 500, title: 'Internal Server Error' })
  })
})

describe('the page', () => {
  it('is served without a token, takes nothing from elsewhere, and stays out of frames', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rigline-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'page.html'), '<!doctype html><title>리그</title>')
    const { app } = setUp({ anonymous: false, roles: true, pageFolder: folder })
    const response = await app.request('/')
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('리그')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const missing = await app.request('/page.js')
    expect(missing.status).toBe(503)
    expect(await missing.json()).toMatchObject({ detail: expect.stringContaining('npm run build') })
  })
})

describe('the configuration', () => {
  const mistakes = (value: unknown) => httpConfig.safeParse(value).error?.issues.map((issue) => issue.path.join('.'))

  it('listens on this machine alone by default, and asks for tokens', () => {
    expect(httpConfig.parse({})).toMatchObject({ host: '127.0.0.1', port: 8686, anonymous: false })
  })

  it('refuses to be anonymous for all the world', () => {
    expect(mistakes({ anonymous: true, host: '0.0.0.0' })).toEqual(['anonymous'])
    expect(mistakes({ anonymous: true, host: '::1' })).toBeUndefined()
    expect(mistakes({ anonymous: false, host: '0.0.0.0' })).toBeUndefined()
  })

  it('tells every mistake', () => {
    expect(mistakes({ port: 70_000, hsot: 'x', tls: { cert: '/none', key: '/none' } })).toEqual([
      'port',
      'tls.cert',
      '',
    ])
  })

  it('does not start where nobody could ask', async () => {
    const { live } = createFeed()
    await expect(startHttp(httpConfig.parse({ port: 0 }), { state: createState(), live })).rejects.toThrow(
      /access\.yaml/,
    )
  })
})
