import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
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
