import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { silentLog } from '../../common/log.ts'
import type { Catalog } from '../../ingest/catalog/types.ts'
import { createEntryIndex } from '../../ingest/quarantine/index-entries.ts'
import { readEntryBytes } from '../../ingest/quarantine/read-bytes.ts'
import { createReplays, type Replays } from '../../ingest/quarantine/replays.ts'
import { openQuarantine, type QuarantineFacts } from '../../ingest/quarantine.ts'
import { lakeDefaults } from '../../ingest/sinks/lake/lake-config.ts'
import { openLakeSink } from '../../ingest/sinks/lake/lake-sink.ts'
import { replayMark } from '../../ingest/sinks/parking.ts'
import type { FromSink, ReplayOutcome } from '../../ingest/sinks/sink.ts'
import { verify } from '../../ingest/verify/verify.ts'
import type { Body, Schema } from '../../protos/types.ts'
import { temporaryFolder } from '../services/debian.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { createMemorySink, startRunner } from './run-sink-setup.ts'
import { openData, rig } from './verify-setup.ts'

const schema: Schema = { stream: '심박', channels: [{ name: 'x', kind: 'f64' }] }
const batch = (number: number): Body => makeBatch(schema, [BigInt(number)], [f64(number)])

type Data = Awaited<ReturnType<typeof openData>>

/** The lake's sink on the data, asked as ingest asks it. */
async function openLake(data: Data, catalog: Catalog = data.catalog) {
  const { quarantine, journalFolder } = data
  const config = { ...lakeDefaults, lakeFolder: join(data.folder, 'lake'), journalFolder }
  const sink = await openLakeSink(config, { catalog, quarantine, log: silentLog })
  const runner = startRunner({ ...data, catalog }, sink, { parkBytesMax: 1 })
  runner.synced()
  let id = 0
  const ask = async (...ids: string[]): Promise<ReplayOutcome[]> => {
    const task = ++id
    runner.send({ type: 'task', id: task, task: { type: 'replay', ids } })
    const isDone = (message: FromSink): message is Extract<FromSink, { type: 'done' }> =>
      message.type === 'done' && message.id === task
    return (await runner.heard(isDone)).answer as ReplayOutcome[]
  }
  return { ...runner, ask }
}

/** Batches whose schema is not there, and no room to wait for it: all in quarantine. */
async function quarantined(count: number) {
  const data = await openData()
  for (let i = 1; i <= count; i++) await data.put(i, batch(i))
  const lake = await openLake(data)
  await lake.flush()
  await lake.close()
  const entries = data.quarantine.list()
  expect(entries.map(({ reason, seq }) => [reason, seq])).toEqual(
    Array.from({ length: count }, (_, i) => ['schema_missing', i + 1]),
  )
  return { data, entries }
}

const lateFiles = (data: Data) =>
  readdirSync(join(data.folder, 'lake'), { recursive: true }).filter((name) => String(name).endsWith('-late.parquet'))

const agrees = async (data: Data) => {
  const report = await verify({ dataFolder: data.folder })
  expect(report.rigs.flatMap(({ streams }) => streams.flatMap(({ problems }) => problems))).toEqual([])
  expect(report.agree).toBe(true)
  return report.rigs.find((each) => each.rig === rig)!
}

it('stores what failed once, however often it is replayed, and the lake goes on from where it was', async () => {
  const { data, entries } = await quarantined(3)
  const [first, second, third] = entries.map(({ id }) => id) as [string, string, string]
  await agrees(data)
  const cursor = data.catalog.cursor('lake')
  const lake = await openLake(data)
  expect(await lake.ask(first)).toMatchObject([{ outcome: 'stays', reason: 'schema_missing' }])
  expect(lake.said).toContainEqual({ type: 'schema_missing', rig, schema: expect.any(String) })
  data.saveSchema(schema)
  expect(await lake.ask(first, second, first)).toMatchObject([{ outcome: 'stored' }, { outcome: 'stored' }, {}])
  expect(data.catalog.cursor('lake')).toEqual(cursor)
  // Ingest was killed before it could remove them.
  expect(await lake.ask(second, first)).toMatchObject([{ outcome: 'duplicate' }, { outcome: 'duplicate' }])
  await agrees(data)
  data.quarantine.remove(first)
  expect(await lake.ask(third, first)).toMatchObject([{ outcome: 'stored' }, { outcome: 'stays', reason: 'gone' }])
  for (const id of [second, third]) data.quarantine.remove(id)
  const { spools, streams } = await agrees(data)
  expect([streams[0]!.lake.rows, spools[0]!.quarantined]).toEqual([3, 0])
  await data.put(4, batch(4))
  lake.synced()
  await lake.flush()
  await lake.close()
  expect((await agrees(data)).streams[0]!.lake.rows).toBe(4)
})

it('a crash between the files and the catalog changes nothing, and the next replay stores once', async () => {
  const { data, entries } = await quarantined(2)
  data.saveSchema(schema)
  const ids = entries.map(({ id }) => id)
  const addLakeFiles = () => {
    throw new Error('SQLITE_IOERR')
  }
  const dying = await openLake(data, { ...data.catalog, addLakeFiles })
  void dying.ask(...ids)
  await vi.waitUntil(() => lateFiles(data).length > 0)
  await dying.close()
  expect(data.catalog.parked('lake', replayMark)).toHaveLength(2)
  expect(data.catalog.lakeFiles('심박')).toEqual([])

  const lake = await openLake(data)
  expect(lateFiles(data)).toEqual([])
  expect(data.catalog.parked('lake')).toEqual([])
  expect(await lake.ask(...ids)).toMatchObject([{ outcome: 'stored' }, { outcome: 'stored' }])
  await lake.close()
  for (const id of ids) data.quarantine.remove(id)
  expect((await agrees(data)).streams[0]!.lake.rows).toBe(2)
})

it('an entry whose envelope the sink will come to again, or has stored since, is not stored twice', async () => {
  const { data, entries } = await quarantined(1)
  data.saveSchema(schema)
  const [{ id } = { id: '' }] = entries
  // As if the sink had died before its cursor was saved.
  data.catalog.saveCursor('lake', { segment: data.journal.segments()[0]!.name, offset: 0 })
  const { sink } = createMemorySink({ name: 'lake' })
  const behind = startRunner(data, sink)
  behind.send({ type: 'task', id: 1, task: { type: 'replay', ids: [id] } })
  const done = await behind.heard((message): message is Extract<FromSink, { type: 'done' }> => message.type === 'done')
  expect(done.answer).toMatchObject([{ outcome: 'stays', reason: 'comes_again' }])
  await behind.close()
  const lake = await openLake(data)
  // It is in the part that is not written yet.
  await lake.heard((message): message is FromSink => message.type === 'status' && message.counters.envelopes === 1)
  expect(await lake.ask(id)).toMatchObject([{ outcome: 'duplicate' }])
  await lake.close()
  data.quarantine.remove(id)
  expect((await agrees(data)).streams[0]!.lake.rows).toBe(1)
})

it('does not store what is not its own, nor what does not say where it stood', async () => {
  const data = await openData()
  const put = (by: string) =>
    data.quarantine.put({ by, reason: 'r', detail: '', content: 'envelope', bytes: new Uint8Array(3) })
  const lake = await openLake(data)
  expect(await lake.ask(put('influx'), put('lake'), 'none')).toMatchObject([
    { outcome: 'stays', reason: 'gone', detail: 'it was put there by influx' },
    { outcome: 'stays', reason: 'no_position' },
    { outcome: 'stays', reason: 'gone' },
  ])
  await lake.close()
})

it('holds an entry in one pair of hands, also when nobody waits any more', async () => {
  const quarantine = openQuarantine(await temporaryFolder())
  const entry = {
    by: 'lake',
    reason: 'schema_missing',
    detail: '',
    content: 'envelope' as const,
    bytes: new Uint8Array(1),
    position: { segment: 's', offset: 1 },
    receivedNs: '1',
  }
  const [facts, older] = [entry, { ...entry, position: undefined }].map((each) => {
    const { position, ...rest } = each
    const id = quarantine.put(position ? { ...rest, position } : rest)
    return quarantine.list().find((found) => found.id === id)
  }) as [QuarantineFacts, QuarantineFacts]
  let answer: (outcomes: unknown) => void = () => {}
  const asked: string[][] = []
  const replays: Replays = createReplays({
    quarantine,
    receive() {},
    sinks: () => [
      {
        name: 'lake',
        ask: (_, task) => {
          asked.push((task as { ids: string[] }).ids)
          return new Promise<never>((resolve) => {
            answer = resolve as (outcomes: unknown) => void
          })
        },
        status: () => ({ state: 'waiting', waitingFor: 'the disk', cursor: undefined, counters: {}, restarts: 0 }),
      },
    ],
    log: silentLog,
    waitMs: 20,
  })
  await expect(replays.one(older)).rejects.toMatchObject({
    status: 409,
    message: expect.stringMatching(/earlier release/),
  })
  await expect(replays.one(facts)).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(/waits for the disk/),
  })
  await expect(replays.one(facts)).rejects.toMatchObject({ status: 409 })
  await expect(replays.alone(facts.id, async () => quarantine.remove(facts.id))).rejects.toMatchObject({ status: 409 })
  expect(await replays.many([facts, older])).toEqual({ outcomes: [], looked: 2, stopped: '' })
  expect(asked).toEqual([[facts.id]])
  answer([{ id: facts.id, outcome: 'stored', reason: '', detail: '' }])
  await vi.waitUntil(() => quarantine.ids().length === 1)
  await replays.alone(facts.id, async () => {})
  await expect(replays.one({ ...facts, by: 'influx', content: 'lines' })).rejects.toMatchObject({ status: 409 })
})

it('lists ten thousand entries without reading their bytes, and those of earlier releases', async () => {
  const folder = await temporaryFolder()
  const quarantine = openQuarantine(folder)
  const bytes = Buffer.alloc(10_000, 1)
  for (let i = 0; i < 4_900; i++) {
    for (const by of ['receive', 'lake'])
      quarantine.put({ by, reason: i % 2 ? '홀' : '짝', detail: ',"bytes":"', rig, content: 'envelope', bytes })
  }
  const old = '01J00000000000000000000000'
  writeFileSync(
    join(folder, `${old}.json`),
    JSON.stringify({ id: old, time: 't', by: 'lake', reason: 'r', detail: '', bytes: 'AAEC', rig: 'r', seq: 7 }),
  )
  writeFileSync(join(folder, '01J00000000000000000000001.json'), '{"id": cut off')
  const index = createEntryIndex(folder)
  const began = performance.now()
  const entries = await index.entries()
  const firstMs = performance.now() - began
  expect(entries).toHaveLength(9_801)
  expect(entries[0]).toMatchObject({ id: old, seq: 7, size: 3 })
  expect(entries.at(-1)).toMatchObject({ by: 'lake', reason: '홀', detail: ',"bytes":"', size: 10_000 })
  quarantine.remove(entries[5]!.id)
  const again = performance.now()
  expect(await index.entries()).toHaveLength(9_800)
  const secondMs = performance.now() - again
  expect([firstMs < 5_000, secondMs < 500]).toEqual([true, true])
  for (const [id, expected] of [
    [old, Buffer.from([0, 1, 2])],
    [entries[7]!.id, bytes],
  ] as const) {
    const read: Uint8Array[] = []
    for await (const piece of readEntryBytes(quarantine.fileOf(id))) read.push(piece)
    expect(Buffer.concat(read).equals(expected)).toBe(true)
  }
}, 30_000)
