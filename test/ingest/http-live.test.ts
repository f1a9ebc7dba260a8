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
import { waitingBytesMax } from '../../ingest/http/live-socket.ts'
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
