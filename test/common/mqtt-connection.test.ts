import { rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { startBroker } from '../../broker/broker.ts'
import { brokerConfig } from '../../broker/config.ts'
import { silentLog } from '../../common/log.ts'
import { type ConnectionOptions, startConnection } from '../../common/mqtt-connection.ts'
import { groupFilters, ingestStatusTopic, rigTopic } from '../../protos/topics.ts'
import { freePort, temporaryFolder } from '../services/debian.ts'
import { waitFor } from '../services/rigline.ts'

const startAnonymous = async (port = 0) => {
  const broker = await startBroker(
    brokerConfig.parse({ listeners: { tcp: { host: '127.0.0.1', port, anonymous: true } } }),
    { log: silentLog },
  )
  onTestFinished(() => broker.close())
  return broker
}

/** A connection as an ingest, and what it logged. */
function connect(url: string, options: Partial<ConnectionOptions> = {}) {
  const lines: { error?: string; msg: string }[] = []
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const all: ConnectionOptions = {
    url,
    clientId: 'ingest-1',
    username: 'ingest-1',
    secret: '',
    keepaliveS: 30,
    will: { topic: ingestStatusTopic('ingest-1'), payload: Uint8Array.of(1) },
    subscribe: groupFilters('bench'),
    log: pino({ level: 'info' }, sink),
    onConnect() {},
    onDisconnect() {},
    onMessage() {},
    ...options,
  }
  const connection = startConnection(all)
  onTestFinished(() => connection.close())
  return { connection, options: all, lines, said: (text: string) => lines.some(({ error }) => error?.includes(text)) }
}

const isOnline = (connection: { readonly online: boolean }) =>
  waitFor('the connection', 20_000, async () => connection.online)

test('a refused subscription is told with its topics and tried again until it is granted', async () => {
  const broker = await startAnonymous()
  const foreign = rigTopic('bench', 'car-1', 'down')
  let connects = 0
  const { connection, options, lines, said } = connect(`mqtt://127.0.0.1:${broker.tcpPort}`, {
    subscribe: [...groupFilters('bench'), foreign],
    onConnect: () => connects++,
  })
  await waitFor('the refusal', 10_000, async () => said(foreign))
  expect(said(groupFilters('bench')[0]!)).toBe(false)
  expect(said('check the group')).toBe(true)
  expect(connection.online).toBe(false)
  expect(connects).toBe(0)
  options.subscribe = groupFilters('bench')
  await isOnline(connection)
  expect(connects).toBe(1)
  expect(lines.filter(({ error }) => error?.includes(foreign))).toHaveLength(1)
}, 40_000)

test('a CA file that cannot be read when it connects again is told, and tried again', async () => {
  const port = await freePort()
  const broker = await startAnonymous(port)
  const ca = join(await temporaryFolder(), 'ca.pem')
  writeFileSync(ca, '')
  const { connection, said } = connect(`mqtt://127.0.0.1:${port}`, { ca })
  await isOnline(connection)
  rmSync(ca)
  await broker.close()
  await waitFor('the missing file', 10_000, async () => said('ca.pem'))
  writeFileSync(ca, '')
  await startAnonymous(port)
  await isOnline(connection)
}, 40_000)

test('a CA file that cannot be read at the start is an error', async () => {
  const ca = join(await temporaryFolder(), 'none.pem')
  expect(() => connect('mqtt://127.0.0.1:1', { ca })).toThrow('none.pem')
})

test('a broker that does not answer the subscription is left after a while', async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    socket.once('data', () => socket.write(Uint8Array.of(0x20, 2, 0, 0)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const { connection, said } = connect(`mqtt://127.0.0.1:${port}`)
  await waitFor('the second attempt', 20_000, async () => sockets.length >= 2)
  expect(said('no answer to the subscription')).toBe(true)
  expect(connection.online).toBe(false)
}, 40_000)

test('a link that goes mute is given up after one and a half keep-alives, however much is published into it', async () => {
  const broker = await startAnonymous()
  const sockets: Socket[] = []
  let mute = false
  const server = createServer((near) => {
    const far = createConnection(broker.tcpPort, '127.0.0.1')
    sockets.push(
      near.on('error', () => {}),
      far.on('error', () => {}),
    )
    // Mute, it goes on reading: the sender's buffers never fill.
    near.on('data', (bytes) => mute || far.write(bytes))
    far.on('data', (bytes) => mute || near.write(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  let leftAtMs = 0
  const { connection } = connect(`mqtt://127.0.0.1:${port}`, {
    keepaliveS: 2,
    onDisconnect() {
      leftAtMs ||= performance.now()
    },
  })
  await isOnline(connection)
  mute = true
  const muteAtMs = performance.now()
  await waitFor('the end of the mute connection', 20_000, async () => {
    connection.publish(rigTopic('bench', 'car-1', 'up'), new Uint8Array(100), { qos: 1 })
    return leftAtMs > 0
  })
  expect(leftAtMs - muteAtMs).toBeGreaterThan(2000)
  expect(leftAtMs - muteAtMs).toBeLessThan(4500)
}, 40_000)

test('the attempts start soon, spread as they are drawn, double, and stay below a bound', async () => {
  const attempts: number[] = []
  const server = createServer((socket) => {
    attempts.push(performance.now())
    socket.on('error', () => {}).destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const draws = [0, 0.999, 0.5, 0.5, 0.5, 0.5]
  let drawn = 0
  connect(`mqtt://127.0.0.1:${port}`, { waitMostMs: 500, random: () => draws[drawn++] ?? 0.5 })
  await waitFor('six attempts', 20_000, async () => attempts.length >= 6)
  const waits = attempts.slice(1, 6).map((at, i) => at - attempts[i]!)
  // 250 x 0.5, 500 x 1.499, then 500.
  const least = [125, 749, 500, 500, 500]
  for (const [i, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(least[i]! - 5)
  expect(waits[0]).toBeLessThan(700)
}, 40_000)
