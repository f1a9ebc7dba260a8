import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

import { connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type Broker, type BrokerParts, startBroker } from '../../broker/broker.ts'
import { brokerConfig } from '../../broker/config.ts'
import { openAccess } from '../../common/access.ts'
import { addIngest, addRig, removeRig, rotateRig } from '../../common/access-edit.ts'
import { silentLog } from '../../common/log.ts'
import { ulid } from '../../common/ulid.ts'
import { temporaryFolder } from '../services/debian.ts'
import { closed, collect, connectAs, nextMessage, subscribe } from './connect.ts'
import { connectPacket, fixedHeader } from './packets.ts'

async function start(config: object, parts: Partial<BrokerParts> = {}): Promise<Broker> {
  const broker = await startBroker(brokerConfig.parse(config), { log: silentLog, ...parts })
  onTestFinished(() => broker.close())
  return broker
}

const demo = { listeners: { tcp: { port: 0, anonymous: true } } }
const urlOf = (broker: Broker) => `mqtt://127.0.0.1:${broker.tcpPort}`
const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(5)
}

describe('packet limit', () => {
  const header = (length: number) => fixedHeader(0x32, length)

  async function raw(broker: Broker): Promise<Socket> {
    const socket = connectSocket(broker.tcpPort, '127.0.0.1').on('error', () => {})
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    return socket
  }

  it('ends a connection at the header of a packet of 200 MB, keeping nothing of it', async () => {
    const broker = await start(demo)
    const sockets = await Promise.all([raw(broker), raw(broker), raw(broker), raw(broker)])
    for (const [i, socket] of sockets.entries()) {
      socket.write(connectPacket(`rig-a-${i}`, 'rig-a'))
      await once(socket, 'data')
    }
    const before = process.memoryUsage().arrayBuffers
    await Promise.all(
      sockets.map(async (socket) => {
        const ended = once(socket, 'close')
        socket.write(header(200 * 1024 * 1024))
        // Slowly, as somebody would who wants to be kept waiting for.
        const drip = setInterval(() => socket.write(Buffer.alloc(64 * 1024)), 5)
        await ended
        clearInterval(drip)
      }),
    )
    expect(broker.counters().packetsTooLarge).toBe(4)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
  })

  it('holds who is not known yet to 16 KiB', async () => {
    const broker = await start(demo)
    const socket = await raw(broker)
    socket.write(fixedHeader(0x10, 100_000))
    await once(socket, 'close')
    expect(broker.counters().packetsTooLarge).toBe(1)
  })

  it('takes the largest Bundle of the wire', async () => {
    const broker = await start(demo)
    const [rig, ingest] = [
      await connectAs(urlOf(broker), 'rig-a', undefined),
      await connectAs(urlOf(broker), 'ingest-1', undefined),
    ]
    await subscribe(ingest, 'rigline/v1/main/+/up')
    const arrived = new Promise<Buffer>((resolve) => ingest.once('message', (_topic, payload) => resolve(payload)))
    const bundle = Buffer.alloc(256 * 1024, 7)
    await rig.publishAsync('rigline/v1/main/rig-a/up', bundle, { qos: 1 })
    expect(bundle.equals(await arrived)).toBe(true)
  })

  it('holds over WebSocket, in one message and in many', async () => {
    const broker = await start({ listeners: { ws: { port: 0, anonymous: true } } })
    for (const pieces of [
      [Buffer.concat([header(300 * 1024), Buffer.alloc(300 * 1024)])],
      [header(300 * 1024)],
      [Buffer.alloc(2 * 1024 * 1024)],
    ]) {
      const socket = new WebSocket(`ws://127.0.0.1:${broker.wsPort}`, 'mqtt').on('error', () => {})
      await once(socket, 'open')
      socket.send(connectPacket('rig-a', 'rig-a'))
      await once(socket, 'message')
      const ended = once(socket, 'close')
      for (const piece of pieces) socket.send(piece)
      await ended
    }
    await until(() => broker.counters().packetsTooLarge === 3)
  })
})

describe('listeners', () => {
  it('carries MQTT over WebSocket, and answers plain HTTP with what it is', async () => {
    const broker = await start({ listeners: { ws: { port: 0, anonymous: true } } })
    const url = `ws://127.0.0.1:${broker.wsPort}/mqtt`
    const [rig, ingest] = [await connectAs(url, 'rig-a', undefined), await connectAs(url, 'ingest-1', undefined)]
    await subscribe(ingest, 'rigline/v1/main/+/up')
    const arrived = nextMessage(ingest)
    await rig.publishAsync('rigline/v1/main/rig-a/up', 'hello', { qos: 1 })
    expect(await arrived).toBe('rigline/v1/main/rig-a/up hello')
    expect((await fetch(`http://127.0.0.1:${broker.wsPort}/`)).status).toBe(426)
  })

  it("lets no page of another site in without a password, though it reaches this machine's loopback", async () => {
    const broker = await start({ listeners: { ws: { port: 0, anonymous: true } } })
    const evil = new WebSocket(`ws://127.0.0.1:${broker.wsPort}`, 'mqtt', { origin: 'https://example.org' })
    const [error] = (await once(evil, 'error')) as [Error]
    expect(error.message).toContain('403')
    const own = new WebSocket(`ws://127.0.0.1:${broker.wsPort}`, 'mqtt', { origin: 'http://localhost:8080' })
    await once(own, 'open')
    own.terminate()
  })

  it('speaks TLS, over TCP and over WebSocket', async () => {
    const folder = await temporaryFolder()
    const { cert, key } = selfSigned(folder)
    const broker = await start({
      listeners: { tls: { port: 0, cert, key, anonymous: true }, wss: { port: 0, cert, key, anonymous: true } },
    })
    const ca = readFileSync(cert)
    expect(broker.tcpPort).toBe(0)
    const rig = await connectAs(`mqtts://127.0.0.1:${broker.tlsPort}`, 'rig-a', undefined, { ca })
    const ingest = await connectAs(`wss://127.0.0.1:${broker.wssPort}`, 'ingest-1', undefined, { ca })
    await subscribe(ingest, 'rigline/v1/main/+/up')
    const arrived = nextMessage(ingest)
    await rig.publishAsync('rigline/v1/main/rig-a/up', 'sealed', { qos: 1 })
    expect(await arrived).toBe('rigline/v1/main/rig-a/up sealed')

    const plain = connectSocket(broker.tlsPort, '127.0.0.1').on('error', () => {})
    plain.write('not TLS at all, not at all')
    await once(plain, 'close')
    await until(() => broker.counters().handshakesFailed === 1)
  })

  it('says which listener cannot be opened and what to do', async () => {
    const broker = await start(demo)
    const config = brokerConfig.parse({ listeners: { ws: { port: 0 }, tcp: { port: broker.tcpPort } } })
    await expect(startBroker(config, { log: silentLog })).rejects.toThrow(
      /listeners.tcp: cannot listen on .*another program listens there/,
    )
  })

  it('closes twice, with clients connected', async () => {
    const broker = await start(demo)
    const rig = await connectAs(urlOf(broker), 'rig-a', undefined)
    const ended = closed(rig)
    await Promise.all([broker.close(), broker.close()])
    await ended
    await broker.close()
  })
})

describe('bounds', () => {
  it('turns away connections above the limit', async () => {
    const broker = await start({ ...demo, limits: { connectionsMax: 2 } })
    await connectAs(urlOf(broker), 'rig-a', undefined)
    await connectAs(urlOf(broker), 'rig-b', undefined)
    const third = connectSocket(broker.tcpPort, '127.0.0.1').on('error', () => {})
    await once(third, 'close')
    expect(broker.counters()).toMatchObject({ connections: 2, connectionsAccepted: 2, connectionsRefused: 1 })
  })

  it('ends a connection that does not say who it is, and refuses a keep-alive of none or too long', async () => {
    const broker = await start({ ...demo, limits: { connectTimeoutMs: 100 } })
    const silent = connectSocket(broker.tcpPort, '127.0.0.1').on('error', () => {})
    await once(silent, 'close')
    await expect(connectAs(urlOf(broker), 'rig-a', undefined, { keepalive: 0 })).rejects.toThrow(/refused/)
    await expect(connectAs(urlOf(broker), 'rig-a', undefined, { keepalive: 3600 })).rejects.toThrow(/refused/)
  })

  it('keeps no session: what was sent meanwhile is not queued for an absent client', async () => {
    const broker = await start(demo)
    const options = { clean: false, clientId: 'ingest-1' }
    const ingest = await connectAs(urlOf(broker), 'ingest-1', undefined, options)
    await subscribe(ingest, 'rigline/v1/main/+/up')
    await ingest.endAsync()
    const rig = await connectAs(urlOf(broker), 'rig-a', undefined)
    await rig.publishAsync('rigline/v1/main/rig-a/up', 'unheard', { qos: 1 })
    const again = await connectAs(urlOf(broker), 'ingest-1', undefined, options)
    const messages = collect(again)
    await subscribe(again, 'rigline/v1/main/+/up')
    const arrived = nextMessage(again)
    await rig.publishAsync('rigline/v1/main/rig-a/up', 'heard', { qos: 1 })
    await arrived
    expect(messages).toEqual(['rigline/v1/main/rig-a/up heard'])
  })

  it('retains states only', async () => {
    const broker = await start(demo)
    const rig = await connectAs(urlOf(broker), 'rig-a', undefined)
    await rig.publishAsync('rigline/v1/main/rig-a/up', 'batch', { qos: 1, retain: true })
    await rig.publishAsync('rigline/v1/main/rig-a/status', 'online', { qos: 1, retain: true })
    const ingest = await connectAs(urlOf(broker), 'ingest-1', undefined)
    const messages = collect(ingest)
    await subscribe(ingest, 'rigline/v1/main/+/up')
    const arrived = nextMessage(ingest)
    await subscribe(ingest, 'rigline/v1/main/+/status')
    await arrived
    expect(messages).toEqual(['rigline/v1/main/rig-a/status online'])
  })
})

describe('who is connected', () => {
  it('holds a claimed name to its own topics where no password is asked', async () => {
    const broker = await start(demo)
    const [a, ingest] = [
      await connectAs(urlOf(broker), 'rig-a', undefined),
      await connectAs(urlOf(broker), 'ingest-1', undefined),
    ]
    expect(await subscribe(a, 'rigline/v1/main/rig-b/down')).toBe(128)
    expect(await subscribe(a, 'rigline/v1/main/rig-a/down')).toBe(1)
    await subscribe(ingest, 'rigline/v1/main/+/up')
    const arrived = nextMessage(ingest)
    await a.publishAsync('rigline/v1/main/rig-b/up', 'forged', { qos: 1 })
    await a.publishAsync('rigline/v1/main/rig-a/up', 'own', { qos: 1 })
    expect(await arrived).toBe('rigline/v1/main/rig-a/up own')
    expect(broker.counters()).toMatchObject({ publishesDenied: 1, subscribesDenied: 1, deliveriesDenied: 0 })
    await expect(connectAsync(urlOf(broker), { reconnectPeriod: 0 }, false)).rejects.toThrow(/refused/i)
  })

  it('lets nobody take over the connection of another by its client id', async () => {
    const broker = await start(demo)
    const rig10 = await connectAs(urlOf(broker), 'rig-10', undefined, { clientId: `rig-10-${ulid()}` })
    for (const clientId of [rig10.options.clientId as string, 'rig-10', 'rig-2']) {
      await expect(connectAs(urlOf(broker), 'rig-1', undefined, { clientId })).rejects.toThrow(/not authorized/i)
    }
    const ingest = connectAs(urlOf(broker), 'ingest-1', undefined, { clientId: rig10.options.clientId as string })
    await expect(ingest).rejects.toThrow(/not authorized/i)
    expect(rig10.connected).toBe(true)
    const ended = closed(rig10)
    await connectAs(urlOf(broker), 'rig-10', undefined, { clientId: rig10.options.clientId as string })
    await ended
    expect(broker.counters()).toMatchObject({ takeovers: 1, loginsRefused: 4 })
  })

  it('shows two live agents of one rig while there are two, and not a connection that an agent has left behind', async () => {
    const broker = await start(demo)
    const as = (name: string) => connectAs(urlOf(broker), name, undefined, { clientId: `${name}-${ulid()}` })
    const first = await as('rig-a')
    const second = await as('rig-a')
    await second.publishAsync('rigline/v1/main/rig-a/up', 'x', { qos: 1 })
    expect(broker.duplicateRigs()).toEqual([])
    const publishing = setInterval(() => first.publish('rigline/v1/main/rig-a/up', 'x', { qos: 1 }), 50)
    await until(() => broker.counters().duplicateRigs === 1)
    clearInterval(publishing)
    expect(broker.duplicateRigs()).toEqual(['rig-a'])
    await first.endAsync()
    await until(() => broker.counters().duplicateRigs === 0)
  })

  it('knows an ingest of the same process by a secret that no file holds', async () => {
    const broker = await start(
      { listeners: { tcp: { port: 0 } } },
      { ingests: [{ name: 'ingest-1', secret: 'drawn at start' }] },
    )
    await expect(connectAs(urlOf(broker), 'ingest-1', 'guessed')).rejects.toThrow(/refused/i)
    const ingest = await connectAs(urlOf(broker), 'ingest-1', 'drawn at start')
    expect(await subscribe(ingest, 'rigline/v1/any/+/up')).toBe(1)
  })

  it('follows the access file: new rigs come in, removed and rotated ones are cut off, their state with them', async () => {
    const file = join(await temporaryFolder(), 'access.yaml')
    const secretA = await addRig(file, { rig: 'rig-a', group: 'main' })
    const secretB = await addRig(file, { rig: 'rig-b', group: 'main' })
    const secretIngest = await addIngest(file, { name: 'ingest-1', groups: ['main'] })
    const access = await openAccess(file, silentLog, 20)
    onTestFinished(() => access.close())
    const broker = await start({ listeners: { tcp: { port: 0 } } }, { access })

    const topic = 'rigline/v1/main/rig-a/status'
    const will = { topic, payload: Buffer.from('offline'), qos: 1 as const, retain: true }
    const [a, b] = [
      await connectAs(urlOf(broker), 'rig-a', secretA, { will }),
      await connectAs(urlOf(broker), 'rig-b', secretB),
    ]
    await a.publishAsync(topic, 'online', { qos: 1, retain: true })
    const ends = Promise.all([closed(a), closed(b)])
    await removeRig(file, 'rig-a')
    const newB = await rotateRig(file, 'rig-b')
    const secretC = await addRig(file, { rig: 'rig-c', group: 'main' })
    await ends
    await until(() => access.current().rigs.length === 2)
    await expect(connectAs(urlOf(broker), 'rig-a', secretA)).rejects.toThrow(/refused/i)
    await expect(connectAs(urlOf(broker), 'rig-b', secretB)).rejects.toThrow(/refused/i)
    await connectAs(urlOf(broker), 'rig-b', newB)
    const c = await connectAs(urlOf(broker), 'rig-c', secretC)
    const ingest = await connectAs(urlOf(broker), 'ingest-1', secretIngest)
    const messages = collect(ingest)
    await subscribe(ingest, 'rigline/v1/main/+/status')
    const arrived = nextMessage(ingest)
    await c.publishAsync('rigline/v1/main/rig-c/status', 'online', { qos: 1, retain: true })
    await arrived
    expect(messages).toEqual(['rigline/v1/main/rig-c/status online'])
  })
})

function selfSigned(folder: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert, key }
}
