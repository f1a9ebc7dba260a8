import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { createBegunAnew } from '../../ingest/lost/begun-anew.ts'
import { createSequence } from '../../ingest/sequence.ts'
import { encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Body, Gap, Schema } from '../../protos/types.ts'
import { temporaryFolder } from '../services/debian.ts'

// Which spools are the first of a new disk, and what is declared then.

const rig = '시험대-1'
const spools = ['01J00000000000000000000000', '01J11111111111111111111111', '01J22222222222222222222222'] as const
const minuteNs = 60_000_000_000n
const schema: Schema = { stream: 'drive', channels: [{ name: 'x', kind: 'f64' }] }
const hash = hashSchema(encodeSchema(schema))

const batch = (timeNs: bigint): Body => ({
  type: 'batch',
  batch: {
    schema: hash,
    rows: 1,
    era: 0,
    times: BigInt64Array.of(timeNs),
    monotonicNs: 0n,
    bootId: new Uint8Array(16),
    notRising: false,
    position: 0,
    origin: '',
    columns: [{ kind: 'f64', values: Float64Array.of(1) }],
  },
})

async function setUp() {
  const file = join(await temporaryFolder(), 'catalog.sqlite')
  const sequence = createSequence([])
  const gaps: Gap[] = []
  const stood = { ns: 0n, receivedNs: 0n }
  let nowNs = 0n
  let catalog = openCatalog(file)
  const create = () =>
    createBegunAnew({
      catalog,
      sequence: () => sequence,
      own: () => ({
        async add(body) {
          if (body.type === 'gap') gaps.push(body.gap)
          return { spool: 'own', seq: gaps.length, receivedNs: nowNs }
        },
      }),
      lastRows: () => [{ stream: 'drive', timeNs: stood.ns, receivedNs: stood.receivedNs }],
      schemaOf: () => schema,
      clockOffsetNs: () => undefined,
      nowNs: () => nowNs,
      log: silentLog,
    })
  let begunAnew = create()
  return {
    gaps,
    stood,
    at(ns: bigint) {
      nowNs = ns
    },
    send(spool: string, seq: number, body: Body = batch(nowNs), predecessor = '') {
      const bytes = encodeEnvelope({ rig, spool, seq, body, ...(seq === 1 ? { predecessor } : {}) })
      sequence.begin(rig, spool, seq, predecessor)
      sequence.had(rig, spool, seq)
      begunAnew.stored(readHeader(bytes), bytes, nowNs)
      if (body.type === 'batch') Object.assign(stood, { ns: body.batch.times[0], receivedNs: nowNs })
    },
    restart() {
      catalog.saveRanges([...sequence.spools()], { segment: spools[0], offset: 0 })
      catalog.close()
      catalog = openCatalog(file)
      begunAnew = create()
    },
    look: () => begunAnew.look(),
  }
}

test("a rig's very first spool and those behind it on one disk declare nothing, in whatever order they come", async () => {
  const it = await setUp()
  const [first, second, third] = spools
  it.at(minuteNs)
  it.send(third, 1, batch(minuteNs), second)
  it.send(first, 1)
  await it.look()
  it.send(second, 1, batch(2n), first)
  it.restart()
  await it.look()
  expect(it.gaps).toEqual([])
})

test('waits until nothing before the first row is on its way, over a restart, and speaks once', async () => {
  const it = await setUp()
  const [first, second] = spools
  it.at(minuteNs)
  it.send(first, 1)
  it.at(5n * minuteNs)
  it.send(second, 4, batch(5n * minuteNs))
  await it.look()
  it.restart()
  it.send(second, 2, batch(4n * minuteNs))
  it.send(second, 1, { type: 'schema', bytes: encodeSchema(schema) })
  await it.look()
  expect(it.gaps).toMatchObject([
    { rig, cause: 'agent_replaced', streams: ['drive'], fromNs: minuteNs, toNs: 4n * minuteNs, numbers: [] },
  ])
  it.restart()
  it.send(second, 5)
  await it.look()
  expect(it.gaps).toHaveLength(1)
})

test('of a clock that stands before the old one, the Gap is as long as the pause was at ingest', async () => {
  const it = await setUp()
  it.at(10n * minuteNs)
  it.send(spools[0], 1)
  it.at(13n * minuteNs)
  it.send(spools[1], 1, batch(5n))
  await it.look()
  expect(it.gaps).toMatchObject([{ fromNs: 10n * minuteNs, toNs: 13n * minuteNs }])
})

test('a stream that does not come again has its Gap up to the beginning of the new spool', async () => {
  const it = await setUp()
  it.at(minuteNs)
  it.send(spools[0], 1)
  it.at(3n * minuteNs)
  it.send(spools[1], 1, { type: 'schema', bytes: encodeSchema(schema) })
  it.at(12n * minuteNs)
  await it.look()
  expect(it.gaps).toEqual([])
  it.at(14n * minuteNs)
  await it.look()
  expect(it.gaps).toMatchObject([{ fromNs: minuteNs, toNs: 3n * minuteNs }])
})
