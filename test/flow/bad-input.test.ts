import { randomBytes } from 'node:crypto'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openQuarantine } from '../../ingest/quarantine.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { decodeDown } from '../../protos/messages.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import { rigTopic } from '../../protos/topics.ts'
import type { Batch, Body, Receipt } from '../../protos/types.ts'
import { makeFolder } from '../services/debian.ts'
import { type Station, startStation, waitFor } from '../services/rigline.ts'
import { readLake } from './stored.ts'

// What a broken or hostile agent can send: each of it is answered as the table in the docs says, and the rest flows.

const spool = '01J0000000000000000000000B'
const schema = encodeSchema({
  stream: 'bench',
  channels: [
    { name: 'v', kind: 'f64', min: 0, max: 10 },
    { name: 'w', kind: 'f64' },
  ],
})
const late = encodeSchema({ stream: 'late', channels: [{ name: 'v', kind: 'f64' }] })

const batchOf = (hash: Uint8Array, firstNs: bigint, values: number[], more: Partial<Batch> = {}): Body => ({
  type: 'batch',
  batch: {
    schema: hash,
    rows: values.length,
    era: 0,
    times: BigInt64Array.from(values, (_, i) => firstNs + BigInt(i)),
    monotonicNs: 0n,
    bootId: new Uint8Array(16),
    notRising: false,
    position: 0,
    origin: '',
    columns: [
      { kind: 'f64', values: Float64Array.from(values) },
      { kind: 'f64', values: Float64Array.from(values) },
    ],
    ...more,
  },
})

describe('bad input on the wire', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let station: Station
  let client: MqttClient
  const receipts: Receipt[] = []
  const asked: string[] = []
  let seq = 0

  beforeAll(async () => {
    folder = await makeFolder()
    station = await startStation({ folder: folder.folder, ingest: { journal: { segmentAgeMaxS: 1 } } })
    client = await mqtt.connectAsync(station.mqtt, { username: 'r', clientId: `r-${spool}`, protocolVersion: 4 })
    client.on('message', (_topic, payload) => {
      const down = decodeDown(payload)
      if (down?.type === 'receipt') receipts.push(down.receipt)
      if (down?.type === 'schema_request') asked.push(Buffer.from(down.schema).toString('hex'))
    })
    await client.subscribeAsync(rigTopic('bench', 'r', 'down'), { qos: 1 })
  })
  afterAll(async () => {
    await client?.endAsync()
    await station?.close()
    await folder?.remove()
  })

  const publish = (payload: Uint8Array) =>
    client.publishAsync(rigTopic('bench', 'r', 'up'), Buffer.from(payload), { qos: 1 })
  const send = async (...bodies: Body[]) => {
    await publish(encodeBundle(bodies.map((body) => encodeEnvelope({ rig: 'r', spool, seq: ++seq, body }))))
  }
  const receipted = () => waitFor(`a receipt through ${seq}`, 10_000, async () => receipts.at(-1)?.through === seq)
  const reasons = () =>
    openQuarantine(`${station.data}/quarantine`)
      .list()
      .map(({ reason }) => reason)
  const lakeRows = (stream: string, count: number) =>
    waitFor(
      `${count} rows of ${stream} in the lake`,
      20_000,
      async () => (await readLake(station.data, 'r', stream)).length === count,
    )

  test('random bytes, a bundle over the limit, and another rig: quarantined; the rest flows', async () => {
    await send({ type: 'schema', bytes: schema }, batchOf(hashSchema(schema), 1n, [1, 2, 3]))
    await publish(randomBytes(500))
    await publish(
      encodeBundle([encodeEnvelope({ rig: 'other', spool, seq: 1, body: { type: 'schema', bytes: schema } })]),
    )
    await send(batchOf(hashSchema(schema), 10n, [4, 5]))
    await receipted()
    expect(reasons().sort()).toEqual(['unreadable', 'wrong_rig'])
    await lakeRows('bench', 5)
  })

  test('NaN, infinities, values out of range, times that do not rise, missing columns: stored raw where storable', async () => {
    await send(
      batchOf(hashSchema(schema), 100n, [Number.NaN, Number.POSITIVE_INFINITY, -0, 99]),
      batchOf(hashSchema(schema), 200n, [1, 2], { times: BigInt64Array.of(205n, 203n), notRising: true }),
      batchOf(hashSchema(schema), 300n, [7, 8], { columns: [{ kind: 'f64', values: Float64Array.of(7, 8) }] }),
    )
    await receipted()
    await lakeRows('bench', 13)
    const rows = await readLake(station.data, 'r', 'bench')
    const at = (timeNs: bigint) => rows.find((row) => row.timeNs === timeNs)!.values
    expect(Object.is(at(100n).v, Number.NaN) && Object.is(at(102n).v, -0)).toBe(true)
    expect([at(101n).v, at(103n).v, at(205n).v, at(203n).v]).toEqual([Number.POSITIVE_INFINITY, 99, 1, 2])
    expect([at(300n).v, at(300n).w]).toEqual([7, null])
  })

  test('a batch whose schema is not here: receipted, asked for, and stored when it comes', async () => {
    await send(batchOf(hashSchema(late), 1n, [1], { columns: [{ kind: 'f64', values: Float64Array.of(1) }] }))
    await receipted()
    const hash = Buffer.from(hashSchema(late)).toString('hex')
    await waitFor('the schema to be asked for', 15_000, async () => asked.includes(hash))
    await send({ type: 'schema', bytes: late })
    await lakeRows('late', 1)
  })

  test('a body of a later release: journaled, receipted, quarantined by the sink', async () => {
    const marker: Body = { type: 'event', event: { tNs: 1n, type: 'm', author: '', text: '', facts: {}, id: '' } }
    const envelope = Buffer.from(encodeEnvelope({ rig: 'r', spool, seq: ++seq, body: marker }))
    const tag = envelope.indexOf(0x62) // Event is field 12, length-delimited.
    expect(tag).toBeGreaterThan(0)
    // The same body under field 31, whose tag takes two bytes.
    await publish(
      encodeBundle([Buffer.concat([envelope.subarray(0, tag), Buffer.from([0xfa, 0x01]), envelope.subarray(tag + 1)])]),
    )
    await receipted()
    await waitFor('it to be in quarantine', 20_000, async () => reasons().length === 3)
    await send(batchOf(hashSchema(schema), 400n, [1]))
    await lakeRows('bench', 14)
  })

  test('a packet that announces more than may be: the connection is cut, others go on', async () => {
    const before = seq
    const second = await mqtt.connectAsync(station.mqtt, { username: 's', clientId: 's', reconnectPeriod: 0 })
    const closed = new Promise<void>((resolve) => second.once('close', () => resolve()))
    second.on('error', () => {})
    second.publish(rigTopic('bench', 's', 'up'), Buffer.alloc(2_000_000), { qos: 1 })
    await closed
    second.end(true)
    await send(batchOf(hashSchema(schema), 500n, [1]))
    await receipted()
    expect(seq).toBe(before + 1)
  })
})
