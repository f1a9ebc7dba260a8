import { describe, expect, test } from 'vitest'
import { createAccess } from '../../common/access.ts'
import { drawSecret, hashDrawnSecret } from '../../common/credentials.ts'
import { ulid } from '../../common/ulid.ts'
import type {
  EntryAnswer,
  HistoryAnswer,
  MarkerAnswer,
  MarkersAnswer,
  RunAnswer,
  RunsAnswer,
} from '../../ingest/http/answers-runs.ts'
import { createApp } from '../../ingest/http/app.ts'
import { createFeed, createState } from './live-feed.ts'
import { type GroundOptions, openRuns, spoolB } from './runs-setup.ts'

// The API over real runs, a real catalog and a real journal.

const roles = ['engineer', 'researcher', 'viewer'] as const
type Role = (typeof roles)[number]

async function openApi(options: GroundOptions = {}) {
  const ground = await openRuns(options)
  const tokens = Object.fromEntries(roles.map((role) => [role, drawSecret()])) as Record<Role, string>
  const hashes = roles.map((role) => ({ name: `${role}-연구`, role, hash: hashDrawnSecret(tokens[role]), created: '' }))
  const { verifyToken } = createAccess(() => ({ rigs: [], ingests: [], tokens: hashes }))
  const feed = createFeed()
  const state = createState()
  const rigs = options.rigs ?? ['car-1', '자동차-2']
  state.rigs = () =>
    rigs.map((rig) => ({
      rig,
      group: 'main',
      named: true,
      online: false,
      agentVersion: '',
      lastEnvelopeMs: 0,
      envelopes: 0,
      bytes: 0,
      missing: 0,
    }))
  const nowNs = options.nowNs ?? (() => BigInt(Date.now()) * 1_000_000n)
  const app = createApp({ state, live: feed.live, runs: ground.runs, verifyToken, nowNs })
  const ask = async <Answer>(role: Role, path: string, body?: unknown, status = 200) => {
    const response = await app.request(path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${tokens[role]}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as Answer & { detail: string }
    expect({ status: response.status, detail: answer.detail }).toEqual({
      status,
      detail: status === 200 ? undefined : expect.any(String),
    })
    return answer
  }
  return { ...ground, app, ask, tokens }
}

const iso = (ns: string) => new Date(Number(BigInt(ns) / 1_000_000n)).toISOString()

describe('runs by API', () => {
  test('start, mark, stop, correct; each answer shows what was just written, who wrote it and why', async () => {
    const { ask } = await openApi()
    const start = {
      run: '시험-1',
      rigs: ['car-1', '자동차-2'],
      facts: { operator: '오퍼레이터', subject: 'S-7', tags: ['야간'] },
      why: '첫 시험',
      onBehalfOf: '김연구',
    }
    const started = await ask<RunAnswer>('researcher', '/v1/runs', start)
    expect(started).toMatchObject({ run: '시험-1', version: 1, open: true, toNs: null, problems: [] })
    expect(started.parts.map(({ rig, started }) => [rig, started.author, started.at])).toEqual([
      ['car-1', 'researcher-연구 for 김연구', 'ingest'],
      ['자동차-2', 'researcher-연구 for 김연구', 'ingest'],
    ])
    const marker = await ask<MarkerAnswer>('researcher', '/v1/runs/시험-1/markers', {
      label: '차선 변경',
      rigs: ['car-1'],
    })
    expect(marker).toMatchObject({ of: 'ingest', run: '시험-1', rigs: ['car-1'], toNs: null, version: 1 })
    const stopped = await ask<RunAnswer>('researcher', '/v1/runs/시험-1/stop', { why: 'done' })
    expect(stopped.open).toBe(false)
    expect(stopped.parts.every(({ toNs, stopped }) => toNs === stopped?.timeNs)).toBe(true)
    const corrected = await ask<RunAnswer>('researcher', '/v1/runs/시험-1/corrections', {
      expectVersion: 1,
      facts: { subject: null, cabin: 'C1' },
      why: 'wrong subject',
    })
    expect(corrected).toMatchObject({ version: 2, facts: { cabin: 'C1', tags: ['야간'] } })
    expect(corrected.facts.subject).toBeUndefined()
    expect(corrected.versions.map(({ version, changes, why }) => [version, changes, why])).toEqual([
      [1, start.facts, '첫 시험'],
      [2, { subject: null, cabin: 'C1' }, 'wrong subject'],
    ])
    const again = await ask<RunAnswer>(
      'researcher',
      '/v1/runs/시험-1/corrections',
      { expectVersion: 1, withdrawn: true },
      409,
    )
    expect((again as unknown as { detail: string }).detail).toMatch(
      /at version 2 by now, not 1.*expectVersion 2 \(--expect 2\)/,
    )
    await ask('researcher', '/v1/runs/시험-1/corrections', { withdrawn: true })
    // NFD, as a Mac types it.
    const read = await ask<RunAnswer>('researcher', `/v1/runs/${encodeURIComponent('시험-1'.normalize('NFD'))}`)
    expect(read).toMatchObject({ withdrawn: true, version: 3 })
  })

  test('says what is needed, and how a body is sent', async () => {
    const { ask, app, tokens } = await openApi()
    const nothing = await ask<{ detail: string }>('engineer', '/v1/runs', {}, 400)
    expect(nothing.detail).toMatch(/(^|; )rigs: is needed, found nothing/)
    const headers = { authorization: `Bearer ${tokens.researcher}` }
    const bare = await app.request('/v1/runs', { method: 'POST', headers, body: new Blob(['{"rigs":["car-1"]}']) })
    expect([bare.status, ((await bare.json()) as { detail: string }).detail]).toEqual([
      415,
      'send the body as JSON, with Content-Type: application/json',
    ])
  })

  test('viewers are not told for whom something was entered', async () => {
    const { ask } = await openApi()
    const by = { onBehalfOf: '김연구', why: 'w' }
    await ask('researcher', '/v1/runs', { run: 'r', rigs: ['car-1'], facts: {}, ...by })
    await ask('researcher', '/v1/runs/r/corrections', { facts: { cabin: 'c' }, ...by })
    await ask('researcher', '/v1/runs/r/markers', { marker: 'm', label: 'l', ...by })
    await ask('researcher', '/v1/markers/m/corrections', { label: 'n', ...by })
    await ask('researcher', '/v1/runs/r/stop', by)
    await ask('engineer', '/v1/rigs/car-1/history', { facts: { site: 's' }, ...by })
    for (const path of ['runs', 'runs/r', 'runs/r/markers', 'markers?rig=car-1', 'rigs/car-1/history']) {
      const [seen, whole] = [await ask('viewer', `/v1/${path}`), await ask('researcher', `/v1/${path}`)]
      expect(JSON.stringify(whole)).toContain(' for 김연구"')
      expect(JSON.stringify(seen)).not.toContain('김연구')
      expect(JSON.stringify(seen)).toMatch(/"author":"(researcher|engineer)-연구"/)
    }
  })

  test('viewers are told neither operator nor subject, and enter nothing', async () => {
    const { ask, runs } = await openApi()
    const body = { run: 'r', rigs: ['car-1'], facts: { operator: 'op', subject: 'S', cabin: 'c' } }
    await ask('viewer', '/v1/runs', body, 403)
    expect(runs.get('r')).toBeUndefined()
    await ask('researcher', '/v1/runs', body)
    await ask('researcher', '/v1/runs/r/corrections', { facts: { operator: 'other', tags: ['t'] } })
    const list = await ask<RunsAnswer>('viewer', '/v1/runs')
    expect(JSON.stringify([list, await ask('viewer', '/v1/runs/r')])).not.toMatch(/"(operator|subject)"/)
    expect(list.runs[0]).toMatchObject({ facts: { cabin: 'c', tags: ['t'] } })
    const entering: [string, unknown][] = [
      ['stop', {}],
      ['corrections', { withdrawn: true }],
      ['markers', { label: 'x' }],
    ]
    for (const [path, body] of entering) await ask('viewer', `/v1/runs/r/${path}`, body, 403)
    await ask('researcher', '/v1/rigs/car-1/history', { facts: { site: 's' } }, 403)
    expect(runs.get('r')!.toNs).toBeUndefined()
  })

  test('the same start again answers the same; another one of that name, or of a rig in a run, does not', async () => {
    const { ask, journal } = await openApi()
    const body = { run: 'r', rigs: ['자동차-2', 'car-1'], facts: { cabin: 'c', tags: ['a', 'b'] } }
    const first = await ask<RunAnswer>('researcher', '/v1/runs', body)
    // Frozen meanwhile, which is told in the answer.
    await expect
      .poll(async () => (await ask<RunAnswer>('viewer', '/v1/runs/r')).rigs.every(({ frozen }) => frozen))
      .toBe(true)
    const before = journal.log.synced
    const again = await ask<RunAnswer>('researcher', '/v1/runs', {
      ...body,
      rigs: ['car-1', '자동차-2'],
      facts: { tags: ['a', 'b'], cabin: 'c' },
    })
    expect({ ...again, rigs: [] }).toEqual({ ...first, rigs: [] })
    expect(journal.log.synced).toEqual(before)
    const other = await ask<{ detail: string }>('researcher', '/v1/runs', { ...body, facts: {} }, 409)
    expect(other.detail).toMatch(/another run of the name "r".* started by researcher-연구 at ingest/)
    const busy = await ask<{ detail: string }>('researcher', '/v1/runs', { rigs: ['car-1'] }, 409)
    expect(busy.detail).toMatch(/car-1 has been in the run "r" since .* is still in it/)
    await ask('researcher', '/v1/runs/r/stop', {})
    await ask('researcher', '/v1/runs/r/stop', {}, 409)
    const drawn = await ask<RunAnswer>('researcher', '/v1/runs', { rigs: ['car-1'] })
    expect(drawn.run).toMatch(/^car-1-\d{8}T\d{6}Z-[0-9a-z]{4}$/)
  })

  test('twenty who start the same rig at once: one is let', async () => {
    const { app, ask } = await openApi()
    const start = (i: number) =>
      ask<RunAnswer>('researcher', '/v1/runs', { run: `r${i}`, rigs: ['car-1'] }).then(
        () => true,
        () => false,
      )
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => start(i)))
    expect(outcomes.filter(Boolean).length).toBe(1)
    expect(app).toBeDefined()
  })

  test('a run that is over is entered in one go, and finds itself between the others', async () => {
    const { ask } = await openApi()
    const past = { run: 'past', rigs: ['car-1'], from: '2025-11-20T09:00:00+09:00', to: '2025-11-20T10:00:00+09:00' }
    const run = await ask<RunAnswer>('researcher', '/v1/runs', past)
    expect([run.open, iso(run.fromNs), iso(run.toNs!)]).toEqual([
      false,
      '2025-11-20T00:00:00.000Z',
      '2025-11-20T01:00:00.000Z',
    ])
    expect(await ask<RunAnswer>('researcher', '/v1/runs', past)).toMatchObject({ version: 1 })
    await ask('researcher', '/v1/runs', { run: 'x', rigs: ['car-1'], from: '2025-11-20T00:30:00Z' }, 409)
    await ask(
      'researcher',
      '/v1/runs',
      { run: 'x', rigs: ['car-1'], from: '2025-11-20T01:00:00Z', to: '2025-11-20T00:00:00Z' },
      400,
    )
    await ask('researcher', '/v1/runs', { run: 'x', rigs: ['car-1'], from: '2036-11-20T01:00:00Z' }, 400)
    await ask('researcher', '/v1/runs', { run: 'after', rigs: ['car-1'], from: '2025-11-20T01:00:00Z' })
  })

  test('what is unknown is told with the nearest name', async () => {
    const { ask } = await openApi()
    await ask('researcher', '/v1/runs', { run: 'run-17', rigs: ['car-1'] })
    const asked: [string, unknown, RegExp][] = [
      ['/v1/runs/rum-17', undefined, /no run "rum-17"; was "run-17" meant\?/],
      ['/v1/runs/rum-17/stop', {}, /"run-17"/],
      ['/v1/runs', { rigs: ['자동처-2'] }, /no rig "자동처-2"; was "자동차-2" meant\?/],
      ['/v1/runs?rig=car-2', undefined, /"car-1"/],
      ['/v1/markers?rig=carr-1', undefined, /"car-1"/],
      ['/v1/rigs/카/history', undefined, /no rig "카"/],
      ['/v1/runs/run-17/markers', { label: 'x', rigs: ['자동차-2'] }, /takes no part in the run/],
      ['/v1/markers/none/corrections', { label: 'x' }, /no marker "none"/],
    ]
    for (const [path, body, detail] of asked) {
      expect((await ask<{ detail: string }>('researcher', path, body, 404)).detail).toMatch(detail)
    }
  })

  test('wrong bodies and parameters are told by name', async () => {
    const { ask } = await openApi()
    const asked: [string, unknown, RegExp][] = [
      ['/v1/runs', { rigs: [] }, /rigs/],
      ['/v1/runs', { rigs: ['car-1'], color: 'red' }, /color/],
      ['/v1/runs', { rigs: ['car-1'], run: 'a/b' }, /run: expected letters/],
      ['/v1/runs', { rigs: ['car-1'], facts: { tags: Array.from({ length: 65 }, () => 't') } }, /facts.tags/],
      ['/v1/runs', { rigs: ['car-1'], from: 'yesterday' }, /from: expected a time/],
      ['/v1/runs?limit=0', undefined, /limit/],
      ['/v1/runs?after=xx', undefined, /after: "xx" is no page's "next"/],
      ['/v1/runs?from=now&to=-1h', undefined, /from is after to/],
      ['/v1/runs?from=9999-01-01T00:00:00Z', undefined, /from: expected a time/],
      ['/v1/runs?from=-999999999d', undefined, /from: expected a time/],
      ['/v1/runs?open=maybe', undefined, /open/],
    ]
    for (const [path, body, detail] of asked) {
      expect((await ask<{ detail: string }>('researcher', path, body, 400)).detail).toMatch(detail)
    }
  })

  test('a full journal is said to be full', async () => {
    const { ask } = await openApi({ journalBytesMax: 4096 })
    const fill = async () => {
      for (let i = 0; i < 100; i++) {
        await ask('researcher', '/v1/runs', {
          run: `r${i}`,
          rigs: ['car-1'],
          from: `${i}0`,
          to: `${i}5`,
          why: 'x'.repeat(100),
        })
      }
    }
    await expect(fill()).rejects.toThrow(/503/)
  })
})

describe('lists', () => {
  test('runs by page, newest first, each once; by rig, time, tag and openness', async () => {
    const { ask } = await openApi()
    for (let i = 0; i < 7; i++) {
      const at = `2025-11-0${i + 1}T00:00:00Z`
      const rigs = i % 2 === 0 ? ['car-1', '자동차-2'] : ['자동차-2']
      const to = i === 6 ? {} : { to: `2025-11-0${i + 1}T01:00:00Z` }
      await ask('researcher', '/v1/runs', { run: `r${i}`, rigs, from: at, ...to, facts: { tags: [`t${i % 3}`] } })
    }
    const pages: string[][] = []
    for (let after: string | null = ''; after !== null; ) {
      const page: RunsAnswer = await ask('viewer', `/v1/runs?limit=3${after === '' ? '' : `&after=${after}`}`)
      pages.push(page.runs.map(({ run }) => run))
      after = page.next
    }
    expect(pages).toEqual([['r6', 'r5', 'r4'], ['r3', 'r2', 'r1'], ['r0']])
    const names = async (query: string) =>
      (await ask<RunsAnswer>('viewer', `/v1/runs?${query}`)).runs.map(({ run }) => run)
    expect(await names('rig=car-1')).toEqual(['r6', 'r4', 'r2', 'r0'])
    expect(await names('open=true')).toEqual(['r6'])
    expect(await names('open=false&tag=t0')).toEqual(['r3', 'r0'])
    expect(await names('from=2025-11-02T00:30:00Z&to=2025-11-04T00:00:00Z')).toEqual(['r2', 'r1'])
    expect(await names('from=2025-11-08T00:00:00Z')).toEqual(['r6'])
  })

  test("a run's markers: its own, and those of its rigs without a run, by page", async () => {
    const { ask, fromRig, runs } = await openApi()
    const at = (s: number) => BigInt(s) * 1_000_000_000n
    await ask('researcher', '/v1/runs', { run: 'r', rigs: ['car-1'], from: String(at(100)), to: String(at(200)) })
    const mark = (marker: string, s: number, more = {}) => ({
      type: 'marker' as const,
      marker,
      run: '',
      rigs: [],
      label: marker,
      fromNs: at(s),
      ...more,
    })
    await fromRig('car-1', mark('before', 99))
    await fromRig('car-1', mark('within', 150))
    await fromRig('자동차-2', mark('elsewhere', 150))
    await fromRig('자동차-2', mark('named', 300, { run: 'r' }))
    await fromRig('car-1', mark('그', 150))
    await ask('researcher', '/v1/runs/r/markers', {
      marker: 'own',
      label: 'l',
      from: String(at(120)),
      to: String(at(130)),
    })
    runs.follower.save()
    const page1 = await ask<MarkersAnswer>('viewer', '/v1/runs/r/markers?limit=3')
    const page2 = await ask<MarkersAnswer>('viewer', `/v1/runs/r/markers?limit=3&after=${page1.next}`)
    expect([page1, page2].map((page) => page.markers.map(({ marker }) => marker))).toEqual([
      ['own', 'within', '그'],
      ['named'],
    ])
    expect(page2.next).toBeNull()
    const ofRig = await ask<MarkersAnswer>('viewer', '/v1/markers?rig=car-1')
    expect(ofRig.markers.map(({ marker, run }) => [marker, run])).toEqual([
      ['before', ''],
      ['own', 'r'],
      ['within', 'r'],
      ['그', 'r'],
    ])
    const some = await ask<MarkersAnswer>('viewer', `/v1/markers?rig=car-1&from=${at(100)}&to=${at(150)}`)
    expect(some.markers.map(({ marker }) => marker)).toEqual(['own'])
  })

  test("a rig's marker is corrected by API, also where two have one of its name", async () => {
    const { ask, fromRig, runs } = await openApi()
    const marker = { type: 'marker' as const, marker: 'lap', run: '', rigs: [], label: 'lap', fromNs: 5n }
    await fromRig('car-1', marker)
    await fromRig('자동차-2', marker)
    // A rig's event does not change another rig's marker.
    await fromRig('car-1', { ...marker, label: 'mine' }, {}, { spool: spoolB })
    runs.follower.save()
    expect(
      (await ask<{ detail: string }>('researcher', '/v1/markers/lap/corrections', { label: 'x' }, 409)).detail,
    ).toMatch(/car-1, 자동차-2 each have/)
    const corrected = await ask<MarkerAnswer>('researcher', '/v1/markers/lap/corrections', {
      of: '자동차-2',
      label: '바퀴',
      to: '9',
      expectVersion: 1,
    })
    expect(corrected).toMatchObject({
      of: '자동차-2',
      rigs: ['자동차-2'],
      label: '바퀴',
      fromNs: '5',
      toNs: '9',
      version: 2,
    })
    await ask('researcher', '/v1/markers/lap/corrections', { of: '자동차-2', to: null, withdrawn: true })
    const { markers } = await ask<MarkersAnswer>('viewer', '/v1/markers?rig=자동차-2')
    expect(markers[0]).toMatchObject({ toNs: null, withdrawn: true, version: 3 })
    expect(markers[0]!.versions.map(({ label, toNs }) => [label, toNs])).toEqual([
      ['lap', null],
      ['바퀴', '9'],
      ['바퀴', null],
    ])
    const other = await ask<MarkersAnswer>('viewer', '/v1/markers?rig=car-1')
    expect(other.markers[0]).toMatchObject({ label: 'mine', version: 2 })
  })
})

describe("a rig's history", () => {
  test('a rig that moves keeps its name; a run keeps what was true when it began', async () => {
    const { ask, runs } = await openApi()
    const path = `/v1/rigs/${encodeURIComponent('자동차-2')}/history`
    const seoul = await ask<EntryAnswer>('engineer', path, {
      validFrom: '2025-01-01T00:00:00Z',
      facts: { site: '서울', cabin: 'A', calibrations: ['cal-1'], note: 'delivered' },
    })
    await ask('engineer', path, { validFrom: '2025-11-01T00:00:00Z', facts: { site: '부산', calibrations: [] } })
    const start = { run: 'r', rigs: ['자동차-2'], from: '2025-06-01T00:00:00Z', to: '2025-06-01T01:00:00Z' }
    await ask('researcher', '/v1/runs', start)
    const frozen = async () => (await ask<RunAnswer>('viewer', '/v1/runs/r')).rigs[0]!.frozen
    await expect.poll(frozen).toEqual({ site: '서울', cabin: 'A', calibrations: ['cal-1'], agentVersion: '9.9.9' })
    const corrected = await ask<EntryAnswer>('engineer', `${path}/${seoul.entry}/corrections`, {
      expectVersion: 1,
      facts: { cabin: 'B', note: null },
      why: 'mixed up',
    })
    expect(corrected).toMatchObject({ version: 2, facts: { site: '서울', cabin: 'B', calibrations: ['cal-1'] } })
    await ask('engineer', `${path}/${seoul.entry}/corrections`, { expectVersion: 1, withdrawn: true }, 409)
    const history = await ask<HistoryAnswer>('viewer', path)
    expect(history.now).toEqual({ site: '부산', cabin: 'B' })
    expect(history.entries.map(({ facts, version }) => [facts.site, version])).toEqual([
      ['서울', 2],
      ['부산', 1],
    ])
    expect(await frozen()).toMatchObject({ cabin: 'A' })
    expect(runs.get('r')!.version).toBe(1)
    await ask('engineer', `${path}/${ulid()}/corrections`, { withdrawn: true }, 404)
    await ask('engineer', path, { facts: {} }, 400)
  })
})
