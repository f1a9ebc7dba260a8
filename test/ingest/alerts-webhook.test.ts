import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { packageRoot } from '../../common/program.ts'
import { isUlid, ulid } from '../../common/ulid.ts'
import { signBody } from '../../ingest/alerts/signature.ts'
import { createWebhook, type Webhook, type WebhookOptions } from '../../ingest/alerts/webhook.ts'
import { freePort } from '../services/debian.ts'
import { waitFor } from '../services/rigline.ts'
import { startReceiver } from './webhook-server.ts'

const secret = 'a secret of the webhook'

function webhookTo(url: string, more: Partial<WebhookOptions> = {}): Webhook {
  const webhook = createWebhook({
    url,
    secret,
    log: silentLog,
    onChange() {},
    retryFirstMs: 20,
    retryMostMs: 100,
    ...more,
  })
  onTestFinished(() => webhook.close())
  return webhook
}
const add = (webhook: Webhook, key: string, body: string) => {
  const id = ulid()
  webhook.add({ id, key, body, atMs: Date.now() })
  return id
}
const done = (webhook: Webhook) => waitFor('the webhook to be done', 5000, async () => webhook.waiting().length === 0)

describe('the webhook', () => {
  it('gets each alert signed, with an id of its own', async () => {
    const receiver = await startReceiver((_, response) => response.writeHead(204).end())
    const webhook = webhookTo(receiver.url)
    const id = add(webhook, 'a', '{"text":"리그"}')
    const [got] = await receiver.until(1)
    expect(got).toMatchObject({
      body: '{"text":"리그"}',
      headers: { 'content-type': 'application/json', 'rigline-delivery': id },
    })
    expect(isUlid(id)).toBe(true)
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(got!.headers['rigline-signature']))!
    expect(v1).toBe(createHmac('sha256', secret).update(`${t}.${got!.body}`).digest('hex'))
    expect(Math.abs(Date.now() / 1000 - Number(t))).toBeLessThan(5)
    await done(webhook)
    expect(webhook.counters).toEqual({ delivered: 1, failures: 0, dropped: 0 })
  })

  it('is asked again until it takes it, in the order of each key, while other keys go on', async () => {
    const receiver = await startReceiver(({ body }, response, count) => {
      response.writeHead(body.startsWith('a') && count < 8 ? 500 : 200).end('x'.repeat(100_000))
    })
    const webhook = webhookTo(receiver.url)
    for (const body of ['a1', 'a2', 'b1', 'a3', 'b2']) add(webhook, body[0]!, body)
    await done(webhook)
    const bodies = receiver.got.map(({ body }) => body)
    const last = (body: string) => bodies.lastIndexOf(body)
    expect(bodies.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2'])
    expect(last('b2')).toBeLessThan(last('a1'))
    expect([last('a1') < bodies.indexOf('a2'), last('a2') < bodies.indexOf('a3')]).toEqual([true, true])
    // The same delivery each time it is tried.
    const ids = new Set(
      receiver.got.filter(({ body }) => body === 'a1').map(({ headers }) => headers['rigline-delivery']),
    )
    expect(ids.size).toBe(1)
    expect(webhook.counters).toMatchObject({ delivered: 5, dropped: 0 })
    expect(webhook.counters.failures).toBeGreaterThan(1)
  })

  it('that hangs, redirects or is not there costs nothing but another try, and the log keeps secrets', async () => {
    const lines: string[] = []
    const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
    const elsewhere = await startReceiver((_, response) => response.end())
    const receiver = await startReceiver((_, response, count) => {
      if (count === 1) return
      // Headers, and then no end of a body.
      if (count === 2) return void response.writeHead(500).write('...')
      if (count === 3) return void response.writeHead(302, { location: elsewhere.url }).end()
      response.end()
    })
    const webhook = webhookTo(receiver.url, { log, timeoutMs: 200 })
    add(webhook, 'a', '{}')
    await done(webhook)
    expect(receiver.got).toHaveLength(4)
    expect(elsewhere.got).toHaveLength(0)
    expect(webhook.counters).toEqual({ delivered: 1, failures: 3, dropped: 0 })
    const port = await freePort()
    const nobody = webhookTo(`http://user:hidden@127.0.0.1:${port}/very-secret-path`, { log })
    add(nobody, 'a', '{}')
    await waitFor('a failure', 5000, async () => nobody.counters.failures > 0)
    const text = lines.join('')
    expect(text).toContain('did not answer within 0.2 s')
    expect(text).not.toContain(secret)
    expect(text).not.toContain('very-secret-path')
    expect(text).not.toContain('hidden')
  })

  it('that is away gets what waited before a restart, oldest first', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/`
    const first = webhookTo(url)
    const ids = ['1', '2', '3'].map((body) => add(first, 'a', body))
    await waitFor('a failure', 5000, async () => first.counters.failures > 0)
    await first.close()
    await first.close()
    const waiting = first.waiting()
    expect(waiting.map(({ id }) => id)).toEqual(ids)
    const receiver = await startReceiver((_, response) => response.end(), port)
    const second = webhookTo(url, { waiting: JSON.parse(JSON.stringify(waiting)) })
    await done(second)
    expect(receiver.got.map(({ body, headers }) => [body, headers['rigline-delivery']])).toEqual(
      ids.map((id, i) => [String(i + 1), id]),
    )
  })

  it('keeps no more than its bound, the newest of a key, and gives up after its time', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`
    let changes = 0
    const more = { waitingMax: 4, retryFirstMs: 60_000, retryMostMs: 60_000, onChange: () => void changes++ }
    const webhook = webhookTo(url, more)
    for (const body of ['a1', 'b1', 'a2', 'b2']) add(webhook, body[0]!, body)
    await waitFor('a failure', 5000, async () => webhook.counters.failures >= 2)
    // A try that failed changes nothing that is worth a write to the disk.
    expect(changes).toBe(4)
    for (const body of ['b3', 'c1']) add(webhook, body[0]!, body)
    expect(webhook.waiting().map(({ body }) => body)).toEqual(['a2', 'b2', 'b3', 'c1'])
    expect(webhook.counters.dropped).toBe(2)
    const short = webhookTo(url, { giveUpAfterMs: 100 })
    add(short, 'a', '1')
    await done(short)
    expect(short.counters).toMatchObject({ delivered: 0, dropped: 1 })
  })

  it('closes at once while it is answered slowly, and keeps what is under way', async () => {
    const receiver = await startReceiver(() => {})
    const webhook = webhookTo(receiver.url)
    add(webhook, 'a', '1')
    await receiver.until(1)
    const startMs = performance.now()
    await webhook.close()
    expect(performance.now() - startMs).toBeLessThan(1000)
    expect(webhook.waiting()).toHaveLength(1)
  })
})

it('the receiver of docs/alerts.md takes what is signed and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const doc = readFileSync(join(packageRoot, 'docs', 'alerts.md'), 'utf8')
  const code = /```js\n([^`]*(?:`[^`]+`[^`]*)*?)```/.exec(doc)![1]!
  writeFileSync(join(folder, 'receiver.mjs'), code)
  const port = await freePort()
  const child = spawn(process.execPath, [join(folder, 'receiver.mjs')], {
    env: { ...process.env, PORT: String(port), WEBHOOK_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill())
  const printed = once(child.stdout, 'data')
  const url = `http://127.0.0.1:${port}/`
  const body = '{"state":"raised","text":"rig 운전석 is offline"}'
  const post = (signature: string) =>
    fetch(url, { method: 'POST', body, headers: { 'rigline-signature': signature } }).then(({ status }) => status)
  await waitFor('the receiver', 10_000, async () => (await post('none')) === 401)
  expect(await post(signBody('another secret', body, Date.now()))).toBe(401)
  expect(await post(signBody(secret, `${body} `, Date.now()))).toBe(401)
  expect(await post(signBody(secret, body, Date.now() - 600_000))).toBe(401)
  const webhook = webhookTo(url)
  add(webhook, 'a', body)
  await done(webhook)
  expect(String((await printed)[0])).toBe('raised: rig 운전석 is offline\n')
})
