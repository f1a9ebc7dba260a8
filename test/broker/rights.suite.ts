import { expect, it } from 'vitest'
import type { AccessFile } from '../../common/access-file.ts'
import { drawSecret, hashDrawnSecret } from '../../common/credentials.ts'
import { collect, connectAs, nextMessage, subscribe } from './connect.ts'

/** The same people for every broker: two rigs of a group, one of another, an ingest. */
export const secrets = {
  'rig-a': drawSecret(),
  'rig-b': drawSecret(),
  '차량-1': drawSecret(),
  'ingest-1': drawSecret(),
}

export const people: AccessFile = {
  rigs: [
    { rig: 'rig-a', group: 'main', secret: hashDrawnSecret(secrets['rig-a']) },
    { rig: 'rig-b', group: 'main', secret: hashDrawnSecret(secrets['rig-b']) },
    { rig: '차량-1', group: '시뮬레이터', secret: hashDrawnSecret(secrets['차량-1']) },
  ],
  ingests: [{ name: 'ingest-1', groups: ['main'], secret: hashDrawnSecret(secrets['ingest-1']) }],
  tokens: [],
}

/** Who may publish and read what, shown by what is delivered; for any broker that has been given `people`. */
export function testRights(url: () => string): void {
  const as = (name: keyof typeof secrets, options = {}) => connectAs(url(), name, secrets[name], options)
  const filters = ['rigline/v1/main/+/up', 'rigline/v1/main/+/clock', 'rigline/v1/main/+/status']

  it('delivers what a rig publishes under its own name, and nothing that it publishes as another', async () => {
    const [ingest, a, b] = [await as('ingest-1'), await as('rig-a'), await as('rig-b')]
    for (const filter of filters) expect(await subscribe(ingest, filter)).toBe(1)
    const messages = collect(ingest)
    const last = nextMessage(ingest, 'rigline/v1/main/rig-b/up last')
    for (const topic of ['rig-b/up', 'rig-b/clock', 'rig-b/status', 'rig-a/down', 'rig-a/up/x']) {
      await a.publishAsync(`rigline/v1/main/${topic}`, 'forged', { qos: 1 })
    }
    await a.publishAsync('rigline/v1/ingest/ingest-1/status', 'forged', { qos: 1, retain: true })
    for (const topic of ['up', 'clock', 'status'])
      await a.publishAsync(`rigline/v1/main/rig-a/${topic}`, topic, { qos: 1 })
    await b.publishAsync('rigline/v1/main/rig-b/up', 'last', { qos: 1 })
    await last
    expect(messages).toEqual([
      'rigline/v1/main/rig-a/up up',
      'rigline/v1/main/rig-a/clock clock',
      'rigline/v1/main/rig-a/status status',
      'rigline/v1/main/rig-b/up last',
    ])
    expect(a.connected).toBe(true)
  })

  it('delivers a rig its own `down` and no other, whatever it subscribes to', async () => {
    const [ingest, a] = [await as('ingest-1'), await as('rig-a')]
    const messages = collect(a)
    const wide = ['rigline/v1/main/rig-b/down', 'rigline/v1/main/+/down', 'rigline/v1/main/#', '#', '$SYS/#']
    for (const filter of wide) await subscribe(a, filter).catch(() => {})
    expect(await subscribe(a, 'rigline/v1/main/rig-a/down')).toBe(1)
    messages.length = 0
    const last = nextMessage(a, 'rigline/v1/main/rig-a/down last')
    await ingest.publishAsync('rigline/v1/main/rig-b/down', 'not for a', { qos: 1 })
    await ingest.publishAsync('rigline/v1/main/rig-a/down', 'last', { qos: 1 })
    await last
    expect([...new Set(messages)]).toEqual(['rigline/v1/main/rig-a/down last'])
  })

  it("gives an ingest nothing of another group, and a rig every ingest's status", async () => {
    const [ingest, a, car] = [await as('ingest-1'), await as('rig-a'), await as('차량-1')]
    await subscribe(ingest, 'rigline/v1/시뮬레이터/+/up').catch(() => {})
    await subscribe(ingest, 'rigline/v1/main/+/up')
    expect(await subscribe(car, 'rigline/v1/시뮬레이터/차량-1/down')).toBe(1)
    expect(await subscribe(car, 'rigline/v1/ingest/+/status')).toBe(1)
    const [toIngest, toCar] = [collect(ingest), collect(car)]
    await car.publishAsync('rigline/v1/시뮬레이터/차량-1/up', 'private', { qos: 1 })
    await ingest.publishAsync('rigline/v1/시뮬레이터/차량-1/down', 'forged', { qos: 1 })
    const status = nextMessage(car)
    await ingest.publishAsync('rigline/v1/ingest/ingest-1/status', 'here', { qos: 1 })
    const last = nextMessage(ingest, 'rigline/v1/main/rig-a/up last')
    await a.publishAsync('rigline/v1/main/rig-a/up', 'last', { qos: 1 })
    await Promise.all([status, last])
    expect(toIngest).toEqual(['rigline/v1/main/rig-a/up last'])
    expect(toCar).toEqual(['rigline/v1/ingest/ingest-1/status here'])
  })

  it('keeps the status of a rig for who comes later, and publishes its last will when it vanishes', async () => {
    const topic = 'rigline/v1/main/rig-a/status'
    const a = await as('rig-a', { will: { topic, payload: Buffer.from('offline'), qos: 1, retain: true } })
    await a.publishAsync(topic, 'online', { qos: 1, retain: true })
    const ingest = await as('ingest-1')
    const first = nextMessage(ingest)
    await subscribe(ingest, topic)
    expect(await first).toBe(`${topic} online`)
    const second = nextMessage(ingest)
    a.stream.destroy()
    expect(await second).toBe(`${topic} offline`)
    const later = await as('ingest-1', { clientId: 'later' })
    const kept = nextMessage(later)
    await subscribe(later, topic)
    expect(await kept).toBe(`${topic} offline`)
    await ingest.publishAsync('rigline/v1/main/rig-a/down', 'end', { qos: 1 })
  })

  it('never publishes a last will under the name of another', async () => {
    const topic = 'rigline/v1/main/rig-b/status'
    const ingest = await as('ingest-1')
    await subscribe(ingest, 'rigline/v1/main/+/status')
    const b = await as('rig-b')
    const online = nextMessage(ingest, `${topic} online`)
    await b.publishAsync(topic, 'online', { qos: 1, retain: true })
    await online
    const messages = collect(ingest)
    const will = { topic, payload: Buffer.from('forged'), qos: 1 as const, retain: true }
    const a = await as('rig-a', { will }).catch(() => undefined)
    a?.stream.destroy()
    const after = nextMessage(ingest, `${topic} still here`)
    await b.publishAsync(topic, 'still here', { qos: 1, retain: true })
    await after
    expect(messages).toEqual([`${topic} still here`])
  })

  it('refuses a wrong secret, another rig’s secret, an unknown name, and nobody', async () => {
    for (const [name, secret] of [
      ['rig-a', 'wrong'],
      ['rig-a', secrets['rig-b']],
      ['rig-c', secrets['rig-a']],
      ['rig-a', undefined],
      ['', ''],
    ] as const) {
      await expect(connectAs(url(), name, secret)).rejects.toThrow(/refused/i)
    }
  })
}
