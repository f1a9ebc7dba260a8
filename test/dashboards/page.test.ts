import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createAccess } from '../../common/access.ts'
import { drawSecret, hashDrawnSecret } from '../../common/credentials.ts'
import type { Alert } from '../../ingest/alerts/types.ts'
import { httpConfig } from '../../ingest/http/config.ts'
import { startHttp } from '../../ingest/http/http.ts'
import type { RigState } from '../../ingest/state.ts'
import type { Schema } from '../../protos/types.ts'
import { buildPage } from '../../scripts/build-page.mjs'
import { createFeed, createState, speedColumns, speedSchema } from '../ingest/live-feed.ts'
import { describeWith } from '../services/debian.ts'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const rigState = (rig: string, more: Partial<RigState> = {}): RigState => ({
  rig,
  group: 'main',
  named: false,
  online: true,
  agentVersion: '0.1.0',
  // Told by its streams.
  lastEnvelopeMs: 0,
  envelopes: 3,
  bytes: 999,
  missing: 0,
  ...more,
})

await describeWith('chromium', 'the live page in a browser', (program) => {
  let browser: Browser
  const pageFolder = mkdtempSync(join(tmpdir(), 'rigline-test-'))
  beforeAll(async () => {
    await buildPage(pageFolder)
    const env = { ...process.env, ...program.env } as Record<string, string>
    browser = await chromium.launch({ executablePath: program.path, args: flags, env })
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(pageFolder, { recursive: true, force: true })
  })

  async function open(more: { withTokens?: boolean; width?: number; raised?: Alert[] } = {}) {
    const feed = createFeed()
    const state = createState()
    const token = drawSecret()
    const tokens = [{ name: 'vera', role: 'viewer' as const, hash: hashDrawnSecret(token), created: '2026-01-01' }]
    const { verifyToken } = createAccess(() => ({ rigs: [], ingests: [], tokens }))
    const start = (port: number) =>
      startHttp(httpConfig.parse({ port, anonymous: !more.withTokens }), {
        state,
        live: feed.live,
        alerts: () => ({ raised: more.raised ?? [], recent: [], webhook: undefined }),
        nowNs: feed.nowNs,
        pageFolder,
        ...(more.withTokens ? { verifyToken } : {}),
      })
    const http = await start(0)
    onTestFinished(() => http.close())
    const context = await browser.newContext({ viewport: { width: more.width ?? 1280, height: 800 } })
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(String(error)))
    const show = () => page.goto(`http://127.0.0.1:${http.port}/`)
    return { feed, state, token, http, start, page, problems, show }
  }

  const rig = (page: Page, name: string) =>
    page.locator('.rig').filter({ has: page.getByRole('heading', { name, exact: true }) })
  const stream = (page: Page, name: string) =>
    page.locator('.streams tbody').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
  const value = (page: Page, name: string) =>
    page.locator('.values > div').filter({ has: page.getByText(name, { exact: true }) })

  it('shows rigs, streams, values with units, sinks and quarantine, and follows them', async () => {
    const { feed, state, page, problems, show } = await open()
    const health = { tNs: 0n, version: '0.1.0', memoryBytes: 1, spoolBytes: 2048, spoolEnvelopes: 3, sources: [] }
    state.rigs = () => [
      rigState('운전석-1', { health, clockOffsetNs: 12_000_000n, missing: 2 }),
      rigState('bench', { online: false, lastEnvelopeMs: Number(feed.nowNs() / 1_000_000n) - 125_000 }),
      rigState('창고-3', { online: false, agentVersion: '', lastEnvelopeMs: 0, named: true }),
    ]
    state.sinks = () => [
      { name: 'lake', state: 'running', behindBytes: 0, counters: { files: 12 } },
      { name: 'influx', state: 'waiting', waitingFor: 'the server refuses', behindBytes: 1024, counters: {} },
    ]
    for (let i = 0; i < 60; i++) {
      feed.speed({ rig: '운전석-1' })
      feed.advance(100)
    }
    const begin = BigInt(new Date(2026, 4, 1, 12, 0, 3).getTime()) * 1_000_000n
    const times = { fromNs: begin, toNs: begin + 3_600_000_000n }
    const gap = { ...times, streams: [], cause: 'agent_down' as const, detail: '', spool: '', numbers: [], rows: 0 }
    feed.store(feed.envelope({ type: 'gap', gap }, { rig: '운전석-1' }))
    await show()
    const cabin = rig(page, '운전석-1')
    await cabin.locator('header').getByText('live', { exact: true }).waitFor()
    const head = async (name: string) => {
      const state = rig(page, name).locator('header .state')
      return [await state.innerText(), await state.getAttribute('data-tone')]
    }
    expect(await head('운전석-1')).toEqual(['live', 'ok'])
    expect(await head('bench')).toEqual(['offline 2 min 5 s', 'bad'])
    expect(await rig(page, 'bench').locator('.facts').innerText()).toMatch(/Agent\s+not connected, 0\.1\.0/)
    expect(await head('창고-3')).toEqual(['never seen', 'off'])
    expect(await rig(page, '창고-3').innerText()).toContain('nothing of it was ever stored')
    expect(await page.getByRole('region', { name: '창고-3' }).count()).toBe(1)
    const facts = await cabin.locator('.facts').innerText()
    expect(facts.replaceAll('\n', ' ')).toMatch(
      /Last row 0\.1 s ago Spool 3 waiting, 2 KiB Clock 12 ms behind Missing 2.* Gaps 1, the last: agent down, 3\.6 s from 2026-05-01 12:00:03/,
    )
    expect(await stream(page, 'vehicle').locator('tr').first().innerText()).toMatch(
      /vehicle\s+live\s+100 of 100\s+0\.1 s ago\s+400/,
    )
    expect(await value(page, 'speed').innerText()).toMatch(/59\.000 km\/h/)
    expect(await value(page, '조향각').innerText()).toMatch(/-12\.300°/)
    const sinks = await page.locator('#sinks').innerText()
    expect(sinks).toMatch(/lake\s+running\s+0 B\s+files 12/)
    expect(sinks).toMatch(/influx\s+waiting the server refuses\s+1 KiB/)
    expect(await page.locator('#notices').innerText()).toContain('Sink influx is waiting: the server refuses')
    expect(await page.locator('#facts').innerText()).toMatch(/Quarantined\s+unreadable 2/)

    feed.speed({ rig: '운전석-1', speed: 491 })
    await value(page, 'speed').getByText('500.00').waitFor()
    await value(page, 'speed').getByText('out of range').waitFor()
    expect(problems).toEqual([])
  })

  it('makes what is stale, late, ahead and missing look so', async () => {
    const { feed, page, show } = await open()
    const named = (name: string): Schema => ({ ...speedSchema, stream: name })
    const store = (name: string, ageMs: number) => {
      feed.know(named(name))
      const columns = speedColumns(1)
      columns[0]!.validity = Uint8Array.of(0)
      feed.store(feed.envelope(feed.batch(named(name), columns, feed.nowNs() - BigInt(ageMs) * 1_000_000n)))
    }
    store('was-here', 0)
    feed.advance(5000)
    store('late-one', 61_000)
    store('ahead-one', -2000)
    await show()
    const look = async (name: string) => {
      const state = stream(page, name).locator('.state').first()
      return [await state.innerText(), await state.getAttribute('data-tone')]
    }
    await stream(page, 'was-here').waitFor()
    expect(await look('was-here')).toEqual(['stale 5.0 s', 'bad'])
    expect(await look('late-one')).toEqual(['late 1 min 1 s', 'warn'])
    expect(await look('ahead-one')).toEqual(['ahead 2.0 s', 'warn'])
    expect(await value(page, 'speed').first().innerText()).toMatch(/speed\s+–\s+missing/)
  })

  it('shows a rig as the worst of its streams that ought to be live', async () => {
    const { feed, state, page, show } = await open()
    const sources = [
      { name: 'simulated', state: 'running' as const, rows: 1, badLines: 0, badLineSamples: [], detail: '' },
    ]
    const health = { tNs: 0n, version: '0.1.0', memoryBytes: 1, spoolBytes: 0, spoolEnvelopes: 0, sources }
    const measured = new Set(['vehicle', 'other'])
    state.rigs = () => [rigState('cabin', { health, measured })]
    const store = (name: string) => {
      const schema = { ...speedSchema, stream: name }
      feed.know(schema)
      feed.store(feed.envelope(feed.batch(schema, speedColumns(1))))
    }
    store('other')
    store('not-measured-any-more')
    feed.advance(12_000)
    store('vehicle')
    await show()
    const header = rig(page, 'cabin').locator('header')
    await header.getByText('stale 12 s').waitFor()
    expect(await header.innerText()).toContain('no rows of other')
    expect(await stream(page, 'not-measured-any-more').locator('.state').first().innerText()).toBe('ended')
    store('other')
    await header.getByText('live', { exact: true }).waitFor()
  })

  it('tells raised alerts above everything else, but for those that a rig shows by itself', async () => {
    const alert = (rule: Alert['rule'], text: string): Alert => ({
      rule,
      key: rule,
      state: 'raised',
      sinceMs: 1,
      atMs: 1,
      text,
    })
    const raised = [alert('disk', 'disk: 2 days are left'), alert('rig_offline', '운전석-1 is offline')]
    const { page, show } = await open({ raised })
    await show()
    const notices = page.getByRole('list', { name: 'Notices' })
    await notices.getByText('disk: 2 days are left').waitFor()
    expect(await notices.innerText()).not.toContain('offline')
  })

  it('shows text of rigs as text', async () => {
    const { feed, state, page, show } = await open()
    const evil = '<img src=x onerror="document.title=1"><b>bold</b>'
    const schema: Schema = { stream: 'text', channels: [{ name: '<i>name</i>', kind: 'text', unit: '<u>' }] }
    feed.know(schema)
    feed.store(feed.envelope(feed.batch(schema, [{ kind: 'text', values: new Uint32Array(1), dictionary: [evil] }])))
    state.sinks = () => [{ name: evil, state: 'waiting', waitingFor: evil, behindBytes: 0, counters: { [evil]: 1 } }]
    await show()
    await value(page, '<i>name</i>').getByText(evil).waitFor()
    expect(await page.locator('main img, main b, main i, main u').count()).toBe(0)
    expect(await page.title()).toBe('Rigline')
  })

  it('says that the connection is lost, knows nothing any more, and recovers by itself', async () => {
    const { feed, http, start, page, show } = await open()
    feed.speed()
    await show()
    await stream(page, 'vehicle').getByText('live', { exact: true }).waitFor()
    await http.close()
    const lost = page.getByRole('alert')
    await lost.getByText(/Ingest does not answer\. Everything below is as of \d\d:\d\d:\d\d\./).waitFor()
    expect(await page.getByRole('status').innerText()).toBe('connection lost')
    expect(await stream(page, 'vehicle').locator('.state').first().innerText()).toBe('unknown')
    expect(await page.locator('.rig header .state').innerText()).toBe('unknown')
    const again = await start(http.port)
    onTestFinished(() => again.close())
    feed.speed({ speed: 71 })
    await value(page, 'speed').getByText('80.000').waitFor()
    expect(await page.getByRole('status').innerText()).toBe('connected')
    expect(await lost.count()).toBe(0)
  })

  it('asks for a token, refuses a wrong one, and keeps the right one out of the address', async () => {
    const { feed, page, token, show } = await open({ withTokens: true })
    feed.speed()
    await show()
    const field = page.getByLabel('Access token')
    await field.fill('wrong')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByText('This token is not known.').waitFor()
    expect(await page.locator('.rig').count()).toBe(0)
    await field.fill(token)
    await field.press('Enter')
    await stream(page, 'vehicle').waitFor()
    expect(await field.isVisible()).toBe(false)
    expect(page.url()).not.toContain(token)
    await page.reload()
    await stream(page, 'vehicle').waitFor()
  })

  it('fits a phone', async () => {
    const { feed, page, show } = await open({ width: 360 })
    feed.speed({ rig: '아주-긴-이름을-가진-자동차-시뮬레이터-운전석-시험대-번호-일' })
    await show()
    await stream(page, 'vehicle').waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  })

  it.each(['light', 'dark'] as const)(
    'has text of enough contrast, and names for what it shows (%s)',
    async (colorScheme) => {
      const { feed, state, page, show } = await open()
      state.rigs = () => [rigState('cabin'), rigState('bench', { online: false })]
      state.sinks = () =>
        (['starting', 'running', 'waiting', 'down', 'closed'] as const).map((each) => ({
          name: each,
          state: each,
          waitingFor: 'something',
          behindBytes: 0,
          counters: { rows: 1 },
        }))
      feed.speed({ speed: 400 })
      await page.emulateMedia({ colorScheme })
      await show()
      await stream(page, 'vehicle').waitFor()
      const found = (await page.evaluate(contrasts)) as { text: string; ratio: number }[]
      expect(found.length).toBeGreaterThan(40)
      expect(found.filter(({ ratio }) => ratio < 4.5)).toEqual([])
      // The schemes differ: the test would not see a dark page that stayed light.
      const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      expect(paper).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(17, 20, 23)')
      expect(await page.locator('html').getAttribute('lang')).toBe('en')
      expect(await page.getByRole('main').count()).toBe(1)
      expect(await page.getByRole('table', { name: 'Sinks' }).count()).toBe(1)
      expect(await page.locator('.state:visible').allInnerTexts()).not.toContain('')
    },
  )
})

/**
 * Every visible text against what is behind it, as WCAG 2.2 defines contrast (relative luminance). Text, because it runs
 * in the browser.
 */
const contrasts = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number)
  const channel = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
  const paperOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor)
      if (color.length === 3 || color[3] > 0) return color
    }
    return [255, 255, 255]
  }
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim()
    const element = walker.currentNode.parentElement
    if (text === '' || !element.checkVisibility()) continue
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(paperOf(element))]
    found.push({ text, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) })
  }
  return found
})()`
