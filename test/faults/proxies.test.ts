import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createHttpClient, readText } from '../../ingest/sinks/influx/http.ts'
import { describeWith } from '../services/debian.ts'
import { influxQuery, startInfluxd } from '../services/influxd.ts'
import { startInfluxProxy } from './influx-proxy.ts'
import { startTcpProxy } from './tcp-proxy.ts'
import type { Random } from './types.ts'

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** A server that sends back what it gets, behind a proxy. */
async function startEcho() {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const link = await startTcpProxy({ port: portOf(server) })
  const clients: Socket[] = []
  onTestFinished(async () => {
    for (const socket of [...clients, ...sockets]) socket.destroy()
    await link.close()
    server.close()
  })
  const open = async (): Promise<Socket> => {
    const socket = connect({ port: link.port, host: '127.0.0.1' })
    clients.push(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }
  return { link, open, sockets }
}

/** `once` rejects on the reset that comes before. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())))

const says = async (socket: Socket, bytes: Buffer | string): Promise<Buffer> => {
  const wanted = Buffer.from(bytes)
  const parts: Buffer[] = []
  const all = new Promise<Buffer>((resolve) => {
    const take = (part: Buffer) => {
      parts.push(part)
      if (Buffer.concat(parts).length < wanted.length) return
      socket.off('data', take)
      resolve(Buffer.concat(parts))
    }
    socket.on('data', take)
  })
  socket.write(wanted)
  return await all
}

describe('a link', () => {
  test('carries bytes both ways, much of it, and the end of each', async () => {
    const { link, open } = await startEcho()
    const socket = await open()
    const much = Buffer.alloc(5_000_000, 'rigline')
    expect((await says(socket, much)).equals(much)).toBe(true)
    socket.end('last')
    expect(await text(socket)).toBe('last')
    await expect.poll(() => link.connections).toBe(0)
  })

  test('cut: ends what is open and refuses what comes, until it is healed', async () => {
    const { link, open, sockets } = await startEcho()
    const socket = await open()
    await says(socket, 'a')
    const [atServer] = [...sockets]
    const gone = [closed(socket), closed(atServer!)]
    link.cut()
    await Promise.all(gone)
    // The reset may come before the connection has been told.
    await open().then(closed, () => {})
    link.heal()
    expect(String(await says(await open(), 'b'))).toBe('b')
  })

  test('half open: nobody hears anything, new ones neither; healed, what was on its way arrives', async () => {
    const { link, open, sockets } = await startEcho()
    const kept = await open()
    const given = await open()
    await says(kept, 'a')
    await says(given, 'a')
    link.halfOpen()
    let heard = ''
    const late = await open()
    for (const socket of [kept, late]) {
      socket.on('data', (part) => {
        heard += part
      })
      socket.write('b')
    }
    given.destroy()
    await sleep(200)
    expect(heard).toBe('')
    expect(sockets.size).toBe(2)
    expect([kept.destroyed, late.destroyed]).toEqual([false, false])
    link.heal()
    await expect.poll(() => heard).toBe('bb')
    await expect.poll(() => sockets.size).toBe(2)
    expect(link.connections).toBe(2)
  })

  test('slow: as many bytes a second as said, each way, and as late', async () => {
    const { link, open } = await startEcho()
    const socket = await open()
    link.slow(200_000, 50)
    const before = performance.now()
    await says(socket, Buffer.alloc(1))
    expect(performance.now() - before).toBeGreaterThanOrEqual(95)
    const from = performance.now()
    await says(socket, Buffer.alloc(100_000))
    const tookMs = performance.now() - from
    expect(tookMs).toBeGreaterThan(550)
    expect(tookMs).toBeLessThan(1500)
    link.heal()
    const healed = performance.now()
    await says(socket, Buffer.alloc(1_000_000))
    expect(performance.now() - healed).toBeLessThan(1000)
  })

  test('slow: the sender is held back by what waits, it is not taken into memory', async () => {
    const { link, open } = await startEcho()
    const socket = await open()
    link.slow(10_000, 0)
    socket.write(Buffer.alloc(50_000_000))
    await sleep(300)
    expect(socket.bytesWritten - socket.writableLength).toBeLessThan(20_000_000)
  })
})

await describeWith('influxd', 'the way to InfluxDB', () => {
  const start = async () => {
    const influxd = await startInfluxd()
    const proxy = await startInfluxProxy(influxd.url)
    const client = createHttpClient(`http://127.0.0.1:${proxy.port}`)
    onTestFinished(async () => {
      client.close()
      await proxy.close()
      await influxd.close()
    })
    await influxQuery(`http://127.0.0.1:${proxy.port}`, 'CREATE DATABASE "시험"')
    const write = async (n: number, timeoutMs = 5000) => {
      const response = await client.send(`/write?db=${encodeURIComponent('시험')}`, {
        method: 'POST',
        body: Buffer.from(`m n=${n} ${n}`),
        timeoutMs,
      })
      return { status: response.statusCode, headers: response.headers, body: await readText(response) }
    }
    const stored = async () => {
      const [series] = await influxQuery(influxd.url, 'SELECT n FROM m', { database: '시험' })
      return (series?.values ?? []).map(([, n]) => n)
    }
    return { influxd, proxy, write, stored }
  }

  test('answers pass, and are counted', async () => {
    const { proxy, write, stored } = await start()
    expect(await write(1)).toMatchObject({ status: 204, body: '' })
    expect(await stored()).toEqual([1])
    expect([...proxy.answered]).toEqual([['204', 1]])
  })

  test.each([400, 429, 500, 503] as const)('answers %i in its place, before or after it has stored', async (status) => {
    const { proxy, write, stored } = await start()
    proxy.answer(status)
    const answer = await write(1)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toHaveProperty('error')
    expect(answer.headers['retry-after']).toBe(status === 429 ? '1' : undefined)
    proxy.answer(status, { after: true })
    expect((await write(2)).status).toBe(status)
    proxy.heal()
    expect((await write(3)).status).toBe(204)
    expect(await stored()).toEqual([2, 3])
  })

  test('answers a share of the writes, the same for the same seed', async () => {
    const { proxy, write } = await start()
    const draws = [0.1, 0.9, 0.3]
    proxy.answer(500, { share: 0.5, random: { next: () => draws.shift() ?? 1 } as Random })
    expect([await write(1), await write(2), await write(3)].map(({ status }) => status)).toEqual([500, 204, 500])
  })

  test('never answers, though it may have stored', async () => {
    const { proxy, write, stored } = await start()
    proxy.answer('timeout', { after: true })
    await expect(write(1, 300)).rejects.toThrow('no answer within 300 ms')
    proxy.answer('timeout')
    await expect(write(2, 300)).rejects.toThrow('no answer within 300 ms')
    proxy.heal()
    expect(await stored()).toEqual([1])
    expect((await write(3)).status).toBe(204)
  })

  test('calls back once, when a write is stored and before its answer', async () => {
    const { proxy, write, stored } = await start()
    const seen: unknown[] = []
    let answered = false
    proxy.onceWritten(async () => {
      seen.push(await stored(), answered)
    })
    await write(1)
    answered = true
    await write(2)
    expect(seen).toEqual([[1], false])
  })

  test('InfluxDB away: the connection is reset; the link cut: as well', async () => {
    const { influxd, proxy, write } = await start()
    proxy.cut()
    await expect(write(1)).rejects.toThrow()
    proxy.heal()
    await write(1)
    await influxd.kill()
    await expect(write(2)).rejects.toThrow()
    await influxd.restart()
    expect((await write(2)).status).toBe(204)
  })
})
