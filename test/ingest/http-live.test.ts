import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createAccess } from '../../common/access.ts'
import { drawSecret, hashDrawnSecret } from '../../common/credentials.ts'
import type { LiveSchema } from '../../ingest/http/answers.ts'
import { httpConfig } from '../../ingest/http/config.ts'
import { type Http, startHttp } from '../../ingest/http/http.ts'
import { connectLive } from '../../ingest/http/live-client.ts'
import { subscriptionsMax, waitingBytesMax } from '../../ingest/http/live-socket.ts'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { createFeed, createState, type Feed, speedColumns, speedSchema } from './live-feed.ts'

const servers: Http[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function start(more: { config?: object; withTokens?: boolean } = {}) {
  const feed = createFeed()
  const token = drawSecret()
  const tokens = [{ name: 'vera', role: 'viewer' as const, hash: hashDrawnSecret(token), created: '2026-01-01' }]
  const { verifyToken } = createAccess(() => ({ rigs: [], ingests: [], tokens }))
  const config = httpConfig.parse({ port: 0, anonymous: !more.withTokens, ...more.config })
  const deps = { state: createState(), live: feed.live, nowNs: feed.nowNs, ...(more.withTokens ? { verifyToken } : {}) }
  const http = await startHttp(config, deps)
  servers.push(http)
  return { feed, token, http, url: `http://127.0.0.1:${http.port}`, ws: `ws://127.0.0.1:${http.port}/v1/live` }
}

/** Collects what a client gets, and waits until it is as many. */
function collect<T>() {
  const got: T[] = []
  let look = () => {}
  return {
    got,
    add: (item: T) => {
      got.push(item)
      look()
    },
    until: (count: number) =>
      new Promise<T[]>((resolve) => {
        look = () => got.length >= count && resolve(got)
        look()
      }),
  }
}

const subscribed = async (feed: Feed, count: number): Promise<void> => {
  while (feed.live.subscribers !== count) await new Promise((resolve) => setImmediate(resolve))
}

describe('WS /v1/live', () => {
  it('sends envelopes as they are, after their schema', async () => {
    const { feed, url } = await start()
    const envelopes = collect<Uint8Array>()
    const schemas: LiveSchema[] = []
    const order: string[] = []
    const onSchema = (schema: LiveSchema) => {
      schemas.push(schema)
      order.push('schema')
    }
    const client = await connectLive(url, { rig: '운전석', stream: 'vehicle', onSchema }, (envelope) => {
      order.push('envelope')
      envelopes.add(envelope)
    })
    await subscribed(feed, 1)
    feed.speed({ rig: 'another' })
    const sent = [feed.speed({ rig: '운전석' }), feed.speed({ rig: '운전석' })]
    const got = await envelopes.until(2)
    expect(got.map((bytes) => Buffer.from(bytes))).toEqual(sent.map((bytes) => Buffer.from(bytes)))
    const { body } = decodeBody(got[0]!, readHeader(got[0]!))
    expect(body.type === 'batch' && body.batch.columns[0]!.values[9]).toBe(59)
    expect(order).toEqual(['schema', 'envelope', 'envelope'])
    expect(schemas[0]).toMatchObject({ rig: '운전석', stream: 'vehicle', period: { num: '10000000', den: '1' } })
    expect(schemas[0]!.channels[1]).toEqual({
      name: '조향각',
      kind: 'int',
      unit: 'deg',
      code: '',
      description: '',
      gain: 0.1,
      min: -780,
      max: 780,
    })
    await client.close()
    await subscribed(feed, 0)
  })

  it('sends what came in the last seconds first, if asked to', async () => {
    const { feed, url } = await start()
    feed.speed({ speed: 1 })
    feed.advance(20_000)
    const kept = feed.speed({ speed: 2 })
    const envelopes = collect<Uint8Array>()
    await connectLive(url, { last: 10 }, envelopes.add)
    await subscribed(feed, 1)
    const next = feed.speed({ speed: 3 })
    expect((await envelopes.until(2)).map((bytes) => Buffer.from(bytes))).toEqual(
      [kept, next].map((b) => Buffer.from(b)),
    )
  })

  it('leaves batches out for a client that does not read, tells it how many, and goes on', async () => {
    const { feed, url, ws } = await start()
    const slow = new WebSocket(ws)
    await once(slow, 'open')
    slow.pause()
    const quick = collect<Uint8Array>()
    await connectLive(url, {}, quick.add)
    await subscribed(feed, 2)

    // Some 160 KB each, 400 of them: 64 MB, of which the slow one may hold up no more than its bound.
    const big = feed.batch(speedSchema, speedColumns(18_000))
    const sent = 400
    let bytes = 0
    for (let i = 0; i < sent; i++) {
      const envelope = feed.envelope(big)
      bytes += envelope.length
      feed.store(envelope)
      // The quick one reads between them.
      if (i % 8 === 7) await quick.until(i + 1)
    }
    expect(bytes).toBeGreaterThan(10 * waitingBytesMax)

    let envelopes = 0
    let skipped = 0
    const told = new Promise<void>((resolve) => {
      slow.on('message', (data, isBinary) => {
        if (isBinary) return void envelopes++
        const frame = JSON.parse(String(data)) as { skipped?: number }
        if (frame.skipped === undefined) return
        skipped += frame.skipped
        resolve()
      })
    })
    slow.resume()
    await told
    // Nothing is lost in silence: what did not come was told.
    expect(envelopes + skipped).toBe(sent)
    expect(skipped).toBeGreaterThan(sent / 2)
    const more = once(slow, 'message')
    const last = feed.speed({ speed: 77 })
    expect(Buffer.from((await more)[0] as Buffer)).toEqual(Buffer.from(last))
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain(`rigline_live_skipped_total ${skipped}\n`)
    expect(metrics).toContain('rigline_live_watchers 2\n')
    slow.terminate()
  })

  const refusal = async (address: string, protocols: string[], options: object): Promise<number> => {
    const socket = new WebSocket(address, protocols, options)
    const [, response] = await once(socket, 'unexpected-response')
    socket.on('error', () => {})
    socket.terminate()
    return response.statusCode
  }

  it('wants a token: by header from programs, as a subprotocol from browsers', async () => {
    const { ws, url, token, feed } = await start({ withTokens: true })
    expect(await refusal(ws, [], {})).toBe(401)
    expect(await refusal(`${ws}?token=${token}`, [], {})).toBe(401)
    expect(await refusal(ws, ['rigline.v1', 'rigline.bearer.wrong'], {})).toBe(401)
    await expect(connectLive(url, { token: 'wrong' }, () => {})).rejects.toThrow(/cannot be watched.*401/)
    const browser = new WebSocket(ws, ['rigline.v1', `rigline.bearer.${token}`])
    await once(browser, 'open')
    // The token is not in the answer.
    expect(browser.protocol).toBe('rigline.v1')
    const program = await connectLive(url, { token }, () => {})
    await subscribed(feed, 2)
    browser.terminate()
    await program.close()
  })

  it('refuses pages of other sites, names that are none, and more watchers than allowed', async () => {
    const { ws, feed, http } = await start({ config: { watchersMax: 1 } })
    expect(await refusal(ws, [], { origin: 'https://elsewhere.example' })).toBe(403)
    expect(await refusal(ws, [], { headers: { host: 'rebound.example' } })).toBe(403)
    expect(await refusal(`${ws}?rig=${encodeURIComponent('a/b')}`, [], {})).toBe(400)
    expect(await refusal(`${ws}?last=-1`, [], {})).toBe(400)
    expect(await refusal(`ws://127.0.0.1:${http.port}/v1/nothing`, [], {})).toBe(404)
    const own = new WebSocket(ws, { origin: `http://127.0.0.1:${http.port}` })
    await once(own, 'open')
    await subscribed(feed, 1)
    expect(await refusal(ws, [], {})).toBe(503)
    own.terminate()
  })

  it('cuts off a watcher that sends much', async () => {
    const { ws, feed } = await start()
    const socket = new WebSocket(ws)
    await once(socket, 'open')
    await subscribed(feed, 1)
    socket.on('error', () => {})
    socket.send(Buffer.alloc(100_000))
    const [code] = await once(socket, 'close')
    expect(code).toBe(1009)
    await subscribed(feed, 0)
  })
})

describe('WS /v1/live for several', () => {
  type Text = { subscribed?: string; unsubscribed?: string; problem?: string; schema?: LiveSchema; skipped?: number }

  /** A multiplexing client, with all that it gets in order: texts, and envelopes as "rig stream seq". */
  async function open(ws: string) {
    const socket = new WebSocket(`${ws}?multiplex=1`)
    const frames = collect<Text | string>()
    const shown = new Map<string, LiveSchema>()
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) {
        const text = JSON.parse(String(data)) as Text
        if (text.schema) shown.set(text.schema.hash, text.schema)
        return frames.add(text)
      }
      const header = readHeader(data)
      const { body } = decodeBody(data, header)
      const hash = body.type === 'batch' ? Buffer.from(body.batch.schema).toString('hex') : ''
      frames.add(`${header.rig} ${shown.get(hash)?.stream} ${header.seq}`)
    })
    await once(socket, 'open')
    const say = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
    return { socket, frames, say }
  }
  const speedOf = (feed: Feed, rig: string, stream: string, seq: number) => {
    const schema = { ...speedSchema, stream }
    feed.know(schema)
    feed.store(feed.envelope(feed.batch(schema, speedColumns(1)), { rig, seq }))
  }

  it('begins with nothing, sends what is subscribed, each batch once, and stops when told', async () => {
    const { feed, ws } = await start()
    const { frames, say, socket } = await open(ws)
    await subscribed(feed, 1)
    speedOf(feed, '운전석', 'vehicle', 1)
    say({ subscribe: { id: 'all of one', rig: '운전석' } })
    say({ subscribe: { id: 'b', rig: '운전석', stream: 'vehicle' } })
    say({ subscribe: { id: 'c', stream: 'ecg' } })
    await frames.until(3)
    for (const [rig, stream, seq] of [
      ['운전석', 'vehicle', 2],
      ['운전석', 'ecg', 3],
      ['bench', 'ecg', 4],
      ['bench', 'vehicle', 5],
    ] as const)
      speedOf(feed, rig, stream, seq)
    const got = await frames.until(9)
    expect(got.slice(0, 3)).toEqual([{ subscribed: 'all of one' }, { subscribed: 'b' }, { subscribed: 'c' }])
    expect(got.slice(3).filter((frame) => typeof frame === 'string')).toEqual([
      '운전석 vehicle 2',
      '운전석 ecg 3',
      'bench ecg 4',
    ])
    say({ unsubscribe: 'all of one' })
    await frames.until(10)
    speedOf(feed, '운전석', 'gear', 6)
    speedOf(feed, '운전석', 'vehicle', 7)
    say({ unsubscribe: 'b' })
    await frames.until(12)
    speedOf(feed, '운전석', 'vehicle', 8)
    speedOf(feed, '운전석', 'ecg', 9)
    expect((await frames.until(13)).slice(9)).toEqual([
      { unsubscribed: 'all of one' },
      '운전석 vehicle 7',
      { unsubscribed: 'b' },
      '운전석 ecg 9',
    ])
    socket.terminate()
    await subscribed(feed, 0)
  })

  it('sends what came before, without what another subscription has sent', async () => {
    const { feed, ws } = await start()
    const { frames, say, socket } = await open(ws)
    await subscribed(feed, 1)
    for (const seq of [1, 2, 3]) {
      speedOf(feed, 'a', 'vehicle', seq)
      speedOf(feed, 'b', 'vehicle', seq)
      feed.advance(10_000)
    }
    // Of a, what came 20 s ago and later; then of all, everything.
    say({ subscribe: { id: 'a', rig: 'a', last: 20 } })
    const envelopes = () => frames.got.filter((frame) => typeof frame === 'string')
    await frames.until(4)
    expect(envelopes()).toEqual(['a vehicle 2', 'a vehicle 3'])
    say({ subscribe: { id: 'all', last: 300 } })
    await frames.until(10)
    expect(envelopes().slice(2)).toEqual(['a vehicle 1', 'b vehicle 1', 'b vehicle 2', 'b vehicle 3'])
    socket.terminate()
  })

  it('sends once what came before a subscription and was durable after it', async () => {
    const { feed, ws } = await start()
    const { frames, say, socket } = await open(ws)
    await subscribed(feed, 1)
    const schema = { ...speedSchema, stream: 'vehicle' }
    const envelope = feed.envelope(feed.batch(schema, speedColumns(1)), { rig: 'a', seq: 1 })
    const receivedNs = feed.nowNs()
    feed.advance(10)
    say({ subscribe: { id: 'a', rig: 'a' } })
    await frames.until(1)
    feed.live.stored(readHeader(envelope), envelope, receivedNs)
    say({ subscribe: { id: 'all', last: 30 } })
    say({ unsubscribe: 'a' })
    await frames.until(5)
    expect(frames.got.filter((frame) => typeof frame === 'string')).toEqual(['a vehicle 1'])
    expect(frames.got.at(-1)).toEqual({ unsubscribed: 'a' })
    socket.terminate()
  })

  it('tells what is wrong with a message, and goes on', async () => {
    const { feed, ws } = await start()
    const { frames, say, socket } = await open(ws)
    await subscribed(feed, 1)
    const wrong: [unknown, RegExp][] = [
      ['{', /^no JSON; expected/],
      ['', /^no JSON/],
      [null, /^not known; expected/],
      [{ subscribe: 'a' }, /expected/],
      [{ subscribe: { rig: 'a' } }, /subscribe\.id/],
      [{ subscribe: { id: '', rig: 'a' } }, /subscribe\.id/],
      [{ subscribe: { id: 'a', rig: 'a/b' } }, /subscribe\.rig: no name \(letters/],
      [{ subscribe: { id: 'a', last: 301 } }, /subscribe\.last/],
      [{ subscribe: { id: 'a', rigs: [] } }, /rigs/],
      [{ subscribe: { id: 'a' }, more: 1 }, /more/],
      [{ unsubscribe: 'never' }, /^"never" is not subscribed$/],
      [{ 말: 1 }, /^not known/],
    ]
    for (const [message] of wrong) say(message)
    socket.send(Buffer.of(1, 2))
    const got = await frames.until(wrong.length + 1)
    for (const [i, [message, pattern]] of wrong.entries())
      expect([message, (got[i] as Text).problem]).toEqual([message, expect.stringMatching(pattern)])
    expect((got.at(-1) as Text).problem).toBe('messages are text, JSON')
    say({ subscribe: { id: 'a' } })
    say({ subscribe: { id: 'a' } })
    const more = await frames.until(wrong.length + 3)
    expect(more.slice(-2)).toEqual([
      { subscribed: 'a' },
      { problem: '"a" is subscribed already; unsubscribe it first' },
    ])
    socket.terminate()
  })

  it('bounds subscriptions, messages and their size', async () => {
    const { feed, ws } = await start()
    const first = await open(ws)
    for (let i = 0; i <= subscriptionsMax; i++)
      first.say({ subscribe: { id: `s${i}`, rig: `rig-${i}`, stream: '심'.repeat(64) } })
    const got = await first.frames.until(subscriptionsMax + 1)
    expect(got.at(-1)).toEqual({ problem: `"s${subscriptionsMax}" is not subscribed: a connection has 256 at most` })
    const closed = once(first.socket, 'close')
    for (let i = 0; i < 100; i++) first.say({ unsubscribe: 'x' })
    expect((await closed)[0]).toBe(1008)
    const second = await open(ws)
    second.socket.on('error', () => {})
    const tooLarge = once(second.socket, 'close')
    second.say(`{"unsubscribe":"${'x'.repeat(5000)}"}`)
    expect((await tooLarge)[0]).toBe(1009)
    await subscribed(feed, 0)
  })

  it('takes either the address or messages, and the address can be added to', async () => {
    const { feed, ws, url } = await start()
    const answers: unknown[] = []
    const envelopes = collect<string>()
    const client = await connectLive(url, { rig: 'a', onAnswer: (answer) => answers.push(answer) }, (envelope) =>
      envelopes.add(readHeader(envelope).rig),
    )
    await subscribed(feed, 1)
    client.subscribe({ id: 'b', rig: 'b' })
    while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve))
    for (const rig of ['a', 'b', 'c', 'b']) feed.speed({ rig })
    expect(await envelopes.until(3)).toEqual(['a', 'b', 'b'])
    client.unsubscribe('')
    client.unsubscribe('b')
    while (answers.length < 3) await new Promise((resolve) => setImmediate(resolve))
    expect(answers).toEqual([
      { subscribed: 'b' },
      { problem: expect.stringContaining('expected') },
      { unsubscribed: 'b' },
    ])
    await client.close()
    for (const query of ['multiplex=1&rig=a', 'multiplex=2', 'multiplex=']) {
      const socket = new WebSocket(`${ws}?${query}`)
      const [, response] = await once(socket, 'unexpected-response')
      socket.on('error', () => {})
      socket.terminate()
      expect(response.statusCode).toBe(400)
    }
  })
})

describe('the server', () => {
  it('ends what is open, safe twice, and frees its port', async () => {
    const { http, ws } = await start()
    const socket = new WebSocket(ws)
    await once(socket, 'open')
    const idle = connect(http.port, '127.0.0.1')
    await once(idle, 'connect')
    const closed = once(socket, 'close')
    await Promise.all([http.close(), http.close()])
    expect((await closed)[0]).toBe(1001)
    const again = await start({ config: { port: http.port } })
    expect(again.http.port).toBe(http.port)
    idle.destroy()
  })

  it('says which port is taken', async () => {
    const { http } = await start()
    await expect(start({ config: { port: http.port } })).rejects.toThrow(
      new RegExp(`cannot listen on 127\\.0\\.0\\.1:${http.port} .*EADDRINUSE.*http\\.port`),
    )
  })

  it('refuses headers beyond its limit and bad requests without a stack', async () => {
    const { http } = await start()
    const call = request({ port: http.port, host: '127.0.0.1', path: '/v1/rigs', headers: { x: 'y'.repeat(20_000) } })
    call.end()
    const [response] = await once(call, 'response')
    expect(response.statusCode).toBe(431)
    response.resume()
    const raw = connect(http.port, '127.0.0.1')
    raw.write('GET http://[bad HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    const [answer] = await once(raw, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400/)
    expect(String(answer)).not.toMatch(/at .*\.(ts|js)/)
    raw.destroy()
  })
})
