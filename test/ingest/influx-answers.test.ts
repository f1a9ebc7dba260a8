import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import { readInfluxRows } from '../../ingest/sinks/influx/read-back.ts'
import { describeWith, temporaryFolder } from '../services/debian.ts'
import { type Influxd, startInfluxd } from '../services/influxd.ts'
import { createFieldStore, f64, makeBatch, makeConfig, makeEnvelope, schemaOf, timesFrom } from './influx-setup.ts'

// What the sink makes of bad answers. Between it and a real InfluxDB 1.x stands a server that spoils answers to writes.

type Spoil = (write: { pass(): Promise<IncomingMessage>; response: ServerResponse }) => void | Promise<void>
const never = new AbortController().signal
const speed = schemaOf('vehicle', { speed: 'f64' })

/** `spoil`: one for each write, in order; the others pass. */
async function startSpoiler(influxd: Influxd, spoil: Spoil[]) {
  const arrivals: number[] = []
  const server = createServer(async (asked, response) => {
    const parts: Buffer[] = []
    for await (const part of asked) parts.push(part as Buffer)
    const body = Buffer.concat(parts)
    const pass = async () => {
      const { transfer, ...headers } = asked.headers
      const sent = request(`${influxd.url}${asked.url}`, { method: asked.method ?? 'GET', headers })
      sent.end(body)
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      return answer
    }
    if (asked.url?.startsWith('/write')) {
      arrivals.push(performance.now())
      const next = spoil.shift()
      if (next) return void (await next({ pass, response }))
    }
    const answer = await pass()
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrivals }
}

const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): Spoil =>
  ({ response }) => {
    response.writeHead(status, headers).end(body)
  }

await describeWith('influxd', 'the InfluxDB sink and answers that are no answers', () => {
  let influxd: Influxd
  let databases = 0
  beforeAll(async () => {
    influxd = await startInfluxd()
  })
  afterAll(() => influxd.close())

  /** Stores 100 rows through the spoiler; returns what there is to be known of it. */
  async function store(spoil: Spoil[], more: Record<string, unknown> = {}) {
    const { url, arrivals } = await startSpoiler(influxd, spoil)
    const config = makeConfig({ url, database: `answers${++databases}`, timeoutMs: 400, ...more })
    const quarantine = openQuarantine(await temporaryFolder())
    const sink = createInfluxSink(config, { catalog: createFieldStore(), quarantine, log: silentLog })
    onTestFinished(() => sink.close())
    const times = timesFrom(100)
    sink.add(makeEnvelope('r', speed, makeBatch(speed, times, [f64(...times.map((_, i) => i))])))
    await sink.flush(never)
    const rows: unknown[] = []
    const span = { rig: 'r', stream: 'vehicle', fromNs: times[0]!, toNs: times.at(-1)! }
    for await (const { columns } of readInfluxRows({ ...config, url: influxd.url }, span)) rows.push(...columns[0]!)
    const waits = arrivals.slice(1).map((at, i) => at - arrivals[i]!)
    return { rows, waits, entries: quarantine.list(), counters: sink.status().counters }
  }
  const all = [...Array(100).keys()]

  it.each([
    ['500', answer(500, {}, '{"error":"timeout"}')],
    ['502 from a proxy', answer(502, { 'content-type': 'text/html' }, '<html>Bad Gateway</html>')],
    ['503', answer(503)],
    ['429', answer(429)],
    ['a connection that is cut', ({ response }) => void response.socket?.destroy()],
    [
      'an answer that is cut in its middle',
      ({ response }) => {
        response.writeHead(200, { 'content-length': '100' })
        response.flushHeaders()
        response.socket?.end()
      },
    ],
    [
      'a success whose answer is lost',
      async ({ pass, response }) => {
        ;(await pass()).resume()
        response.socket?.destroy()
      },
    ],
    ['no answer', () => {}],
    [
      'an answer that trickles in without end',
      ({ response }) => {
        response.writeHead(200)
        const timer = setInterval(() => response.write(' '), 50)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ] as [string, Spoil][])('%s: written again until all is there once', async (_, spoil) => {
    const { rows, entries, counters } = await store([spoil, spoil])
    expect(rows).toEqual(all)
    expect(entries).toEqual([])
    expect(counters).toMatchObject({ lines: 100, retries: 2 })
  })

  it('Retry-After is kept to, in seconds or as a date', async () => {
    const inTwo = () => new Date(Date.now() + 2000).toUTCString()
    const { rows, waits } = await store([
      answer(429, { 'retry-after': '1' }),
      ({ response }) => void response.writeHead(503, { 'retry-after': inTwo() }).end(),
    ])
    expect(rows).toEqual(all)
    expect(waits[0]).toBeGreaterThan(700)
    // A date has whole seconds.
    expect(waits[1]).toBeGreaterThan(600)
    expect(Math.max(...waits)).toBeLessThan(5000)
  })

  it('Retry-After: 0 does not make it ask without end', async () => {
    const { rows, waits } = await store(Array.from({ length: 5 }, () => answer(429, { 'retry-after': '0' })))
    expect(rows).toEqual(all)
    expect(Math.min(...waits)).toBeGreaterThan(50)
  })

  it('a 400 for one write is halved: what is refused again and again goes to quarantine, the rest is stored', async () => {
    const refuse = answer(400, {}, '{"error":"no reason given"}')
    // The whole, its first half and so on down to a line.
    const { rows, entries } = await store([refuse, refuse, refuse, refuse, refuse, refuse, refuse, refuse])
    const lines = entries.reduce((sum, entry) => sum + entry.size, 0)
    expect(lines).toBeGreaterThan(0)
    expect(entries.every(({ detail }) => detail === 'no reason given')).toBe(true)
    expect(rows.length).toBeLessThan(100)
    expect(rows.length).toBeGreaterThanOrEqual(98)
  })
})
