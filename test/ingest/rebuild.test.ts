import { existsSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openSegmentLog } from '../../common/segment-log.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { checkCatalog } from '../../ingest/catalog/check-catalog.ts'
import { encodeJournalRecord } from '../../ingest/journal-record.ts'
import { rebuildCatalog } from '../../ingest/rebuild/rebuild.ts'
import { lakeDefaults } from '../../ingest/sinks/lake/lake-config.ts'
import { openLakeSink } from '../../ingest/sinks/lake/lake-sink.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { ownRig } from '../../protos/topics.ts'
import type { Body, Gap, Schema } from '../../protos/types.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { startRunner } from './run-sink-setup.ts'
import { openData, rig, spoolA } from './verify-setup.ts'

// What a crash, a bad disk or a person leaves of the lake, and the catalog made anew from that.

const schema: Schema = { stream: '심전도', channels: [{ name: 'x', kind: 'f64' }] }
const batch = (number: number): Body => makeBatch(schema, [BigInt(number)], [f64(number)])

/** Each number a write of the lake's own; then ingest has died. */
async function fill(numbers: number[]) {
  const data = await openData()
  data.saveSchema(schema)
  await data.put(1, { type: 'schema', bytes: encodeSchema(schema) })
  for (const number of numbers) {
    await data.put(number, batch(number))
    await data.lakeTakesAll()
  }
  const { synced } = data.journal
  await data.journal.close()
  data.catalog.close()
  const lakeFolder = join(data.folder, 'lake')
  const files = (table: string) =>
    readdirSync(join(lakeFolder, 'v1', table))
      .sort()
      .map((name) => join(lakeFolder, 'v1', table, name))
  /** The lake takes what the journal has, with the catalog as it is now. */
  const goOn = async () => {
    const catalog = openCatalog(join(data.folder, 'catalog.sqlite'))
    onTestFinished(() => catalog.close())
    const config = { ...lakeDefaults, lakeFolder, journalFolder: data.journalFolder }
    const ground = { ...data, catalog }
    const sink = await openLakeSink(config, { ...ground, log: silentLog })
    const runner = startRunner(ground, sink, { recheckMs: 10 })
    await runner.flush(synced)
    await runner.close()
  }
  return { folder: data.folder, journalFolder: data.journalFolder, files, goOn }
}

const rowsOf = async (folder: string) => {
  const report = await verify({ dataFolder: folder })
  const [stream] = report.rigs[0]?.streams ?? []
  return { agree: report.agree, rows: stream?.lake.rows, duplicates: stream?.duplicates, report }
}

for (const table of ['_envelopes', 'stream=심전도']) {
  it(`has the newest write written again where a crash has left all of it but ${table}`, async () => {
    const data = await fill([2, 3, 4])
    rmSync(data.files(table).at(-1)!)
    const rebuilt = await rebuildCatalog({ dataFolder: data.folder })
    expect(rebuilt).toMatchObject({ again: 1, aside: 0, missing: [], unaccounted: 0, spools: 1 })
    // The journal has the rest.
    expect(await rowsOf(data.folder)).toMatchObject({ agree: true, rows: 2, duplicates: 0 })
    await data.goOn()
    expect(await rowsOf(data.folder)).toMatchObject({ agree: true, rows: 3, duplicates: 0 })
    expect(data.files('stream=심전도')).toHaveLength(3)
  })
}

it('counts the numbers of rows whose ledger cannot be read and which the journal has no more', async () => {
  const data = await fill([2, 3, 4])
  rmSync(data.journalFolder, { recursive: true })
  truncateSync(data.files('_envelopes')[0]!, 100)
  const rebuilt = await rebuildCatalog({ dataFolder: data.folder })
  expect(rebuilt.unreadable).toEqual([expect.stringContaining('/_envelopes/')])
  const catalog = openCatalog(join(data.folder, 'catalog.sqlite'), { readOnly: true })
  expect(catalog.ranges().spools).toMatchObject([{ rig, spool: spoolA, ranges: [{ from: 1, to: 4 }] }])
  catalog.close()
})

it('says which files are not there though nobody has removed them, and verify does not agree', async () => {
  const data = await fill([2, 3, 4])
  rmSync(data.journalFolder, { recursive: true })
  rmSync(data.files('stream=심전도')[1]!)
  const rebuilt = await rebuildCatalog({ dataFolder: data.folder })
  expect(rebuilt.missing).toEqual([expect.stringContaining('stream=심전도')])
  expect(await rowsOf(data.folder)).toMatchObject({ agree: false, rows: 2 })
})

it('goes on waiting for numbers that the old catalog knew as receipted and that are nowhere, until they come or are declared', async () => {
  const data = await fill([2, 3])
  const file = join(data.folder, 'catalog.sqlite')
  const segment = readdirSync(data.journalFolder)[0]!.replace('.segment', '')
  const old = openCatalog(file)
  const numbers = (from: number, to: number) => ({ rig, spool: spoolA, ranges: [{ from, to }] })
  // The journal had lost 9, and now 4 and 5, which nobody has noticed yet; 1 to 3 are there.
  old.saveLostNumbers({ ...numbers(9, 9), segment, foundMs: 1 })
  old.saveJournalNumbers(new Map([[segment, [numbers(1, 5)]]]))
  old.close()
  expect(await rebuildCatalog({ dataFolder: data.folder })).toMatchObject({ lost: 3 })
  const catalog = openCatalog(file, { readOnly: true })
  const ranges = [
    { from: 4, to: 5 },
    { from: 9, to: 9 },
  ]
  expect(catalog.lostNumbers()).toMatchObject([{ rig, spool: spoolA, segment, ranges }])
  catalog.close()
  const { agree, report } = await rowsOf(data.folder)
  expect(agree).toBe(false)
  expect(report.rigs[0]!.spools[0]!.lost).toEqual(ranges)
})

it('leaves the old catalog as it is where it cannot make a new one', async () => {
  const data = await fill([2])
  const file = join(data.folder, 'catalog.sqlite')
  await expect(rebuildCatalog({ dataFolder: join(data.folder, 'nowhere') })).rejects.toThrow(/neither journal nor lake/)
  // What a break-off has left is made anew.
  openCatalog(`${file}.rebuilding`).close()
  const first = await rebuildCatalog({ dataFolder: data.folder })
  expect(existsSync(first.keptAs!)).toBe(true)
  const second = await rebuildCatalog({ dataFolder: data.folder })
  expect(second.keptAs).not.toBe(first.keptAs)
  expect(existsSync(first.keptAs!)).toBe(true)
  expect(existsSync(`${file}.rebuilding`)).toBe(false)
})

it.each([
  ['in the lake', true],
  ['in the journal alone', false],
])('knows that a rig began with an empty disk, %s, until its Gap is there', async (_, inLake) => {
  const data = await openData()
  const spool = '01J00000000000000000000000'
  data.saveSchema(schema)
  await data.put(1, { type: 'schema', bytes: encodeSchema(schema) })
  await data.put(2, batch(5))
  await data.lakeTakesAll()
  await data.put(1, { type: 'schema', bytes: encodeSchema(schema) }, { spool })
  await data.put(2, batch(70), { spool })
  await data.put(3, batch(80), { spool })
  if (inLake) await data.lakeTakesAll()
  const begun = async () => {
    await rebuildCatalog({ dataFolder: data.folder })
    const catalog = openCatalog(join(data.folder, 'catalog.sqlite'))
    const found = catalog.replaced.begun()
    catalog.close()
    return found
  }
  await data.journal.close()
  data.catalog.close()
  const found = await begun()
  expect(found).toEqual([
    {
      ...{ rig, spool, stream: schema.stream, lastNs: 5n, lastReceivedNs: 2n, begunNs: 3n },
      first: { seq: 2, ns: 70n, receivedNs: 4n },
    },
  ])

  const log = await openSegmentLog({
    directory: data.journalFolder,
    segmentBytesMax: 1e6,
    bytesMax: 1e8,
    recordBytesMax: 1e5,
  })
  const gap: Gap = {
    ...{ fromNs: 5n, toNs: 70n, streams: [schema.stream], cause: 'agent_replaced', detail: '', spool, numbers: [] },
    ...{ rows: 0, rig },
  }
  const own = { rig: ownRig, spool: '01J00000000000000000000001', seq: 1, body: { type: 'gap' as const, gap } }
  await log.append(encodeJournalRecord(9n, encodeEnvelope(own)))
  await log.close()
  expect(await begun()).toEqual([])
})

it('takes no spool that came after its own successor for one of a new disk: ingest had lost its disk', async () => {
  const data = await openData()
  const [second, third] = ['01J00000000000000000000000', '01J00000000000000000000001']
  data.saveSchema(schema)
  await data.put(1, { type: 'schema', bytes: encodeSchema(schema) }, { spool: second, predecessor: spoolA })
  await data.put(2, batch(50), { spool: second })
  await data.put(1, { type: 'schema', bytes: encodeSchema(schema) })
  await data.put(2, batch(5))
  await data.put(1, { type: 'schema', bytes: encodeSchema(schema) }, { spool: third })
  await data.put(2, batch(90), { spool: third })
  await data.lakeTakesAll()
  await data.journal.close()
  data.catalog.close()
  await rebuildCatalog({ dataFolder: data.folder })
  const catalog = openCatalog(join(data.folder, 'catalog.sqlite'))
  onTestFinished(() => catalog.close())
  expect(catalog.replaced.begun().map(({ spool }) => spool)).toEqual([third])
})

it('makes one beside an empty journal that is relied on', async () => {
  const data = await fill([2, 3])
  for (const name of readdirSync(data.journalFolder)) rmSync(join(data.journalFolder, name))
  const log = await openSegmentLog({
    ...{ directory: data.journalFolder, segmentBytesMax: 1e6, bytesMax: 1e8, recordBytesMax: 1e5 },
  })
  await log.close()
  expect(readdirSync(data.journalFolder)).toHaveLength(1)
  await rebuildCatalog({ dataFolder: data.folder })
  expect(checkCatalog(data.folder)).toBe('good')
  expect(await rowsOf(data.folder)).toMatchObject({ agree: true, rows: 2 })
})
