import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createClock } from '../../common/clock.ts'
import { silentLog } from '../../common/log.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { openJournal } from '../../ingest/journal.ts'
import { createOwn, NotStoredError } from '../../ingest/own.ts'
import { createDeclarePushed } from '../../ingest/quarantine/declare-pushed.ts'
import { removeEntry } from '../../ingest/quarantine/remove-entry.ts'
import { openQuarantine, type QuarantineEntry } from '../../ingest/quarantine.ts'
import { decodeBody, encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import type { Gap, Schema } from '../../protos/types.ts'
import { temporaryFolder } from '../services/debian.ts'
import { f64, makeBatch } from './lake-setup.ts'

// What a full quarantine gives up was receipted, and no store has it: it becomes a Gap, whatever happens in between.

const rig = '서울-1'
const spool = '01J00000000000000000000000'
const segment = '01J00000000000000000000001'
const schema: Schema = { stream: '심박', channels: [{ name: 'x', kind: 'f64' }] }
const secondNs = 1_000_000_000n

const entryOf = (seq: number, by = 'lake'): Omit<QuarantineEntry, 'id' | 'time'> => ({
  by,
  reason: 'schema_missing',
  detail: '',
  rig,
  spool,
  seq,
  content: 'envelope',
  position: { segment, offset: seq * 100 },
  receivedNs: '5',
  bytes: encodeEnvelope({ rig, spool, seq, body: makeBatch(schema, [BigInt(seq) * secondNs], [f64(seq)]) }),
})

async function setUp() {
  const folder = await temporaryFolder()
  const catalog = openCatalog(join(folder, 'catalog.sqlite'))
  const journal = await openJournal({
    folder,
    bytesMax: 64 * 1024 * 1024,
    segmentBytesMax: 1024 * 1024,
    segmentAgeMaxMs: 60_000,
    catalog,
    log: silentLog,
    onSynced() {},
  })
  onTestFinished(async () => {
    await journal.close()
    catalog.close()
  })
  const gaps: Gap[] = []
  const own = createOwn({
    journal,
    clock: createClock(),
    log: silentLog,
    onStored(header, envelope) {
      const { body } = decodeBody(envelope, readHeader(envelope))
      if (header.bodyType === 'gap' && body.type === 'gap') gaps.push(body.gap)
    },
  })
  // As the process of the lake has it open, and ingest.
  const quarantineFolder = join(folder, 'quarantine')
  const quarantine = openQuarantine(quarantineFolder, 16_000)
  return { folder, quarantineFolder, catalog, journal, own, gaps, quarantine }
}

it('is declared, gathered by spool and time, and once, though ingest dies between Gap and note', async () => {
  const { quarantine, quarantineFolder, journal, own, gaps } = await setUp()
  for (let seq = 1; seq <= 12; seq++) quarantine.put(entryOf(seq))
  // Hours later; and what InfluxDB alone could not store, which the lake has.
  for (let seq = 20_000; seq < 20_012; seq++) quarantine.put(entryOf(seq))
  for (let seq = 30_000; seq < 30_040; seq++) quarantine.put(entryOf(seq, 'influx'))
  const left = new Set(quarantine.list().flatMap(({ seq }) => seq ?? []))
  const pushed = [
    ...Array.from({ length: 12 }, (_, i) => i + 1),
    ...Array.from({ length: 12 }, (_, i) => 20_000 + i),
  ].filter((seq) => !left.has(seq))
  expect(pushed.length).toBe(24)
  const hasStored = async ({ seq }: { seq: number }) => seq === 3
  const parts = { quarantine, own, sequence: journal.sequence, hasStored, schemaOf: () => schema, log: silentLog }
  const forgetful = createDeclarePushed({
    ...parts,
    quarantine: { ...quarantine, pushedNotes: quarantine.pushedNotes, removePushedNote() {} },
  })
  await forgetful()
  const declared = gaps.flatMap(({ numbers }) =>
    numbers.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
  )
  expect([...declared].sort((a, b) => a - b)).toEqual(pushed.filter((seq) => seq !== 3))
  expect(new Set(gaps.map(({ cause }) => cause))).toEqual(new Set(['quarantine_full']))
  for (const { fromNs, toNs, rig: whose, streams, rows, numbers } of gaps) {
    expect([whose, streams]).toEqual([rig, ['심박']])
    expect([fromNs, toNs]).toEqual([
      BigInt(numbers[0]!.from) * secondNs - 1n,
      BigInt(numbers.at(-1)!.to) * secondNs + 1n,
    ])
    expect(rows).toBe(numbers.reduce((sum, { from, to }) => sum + to - from + 1, 0))
  }
  const before = gaps.length
  expect(before).toBeLessThan(8)
  const declare = createDeclarePushed({ ...parts, quarantine: openQuarantine(quarantineFolder, 16_000) })
  await declare()
  expect(gaps.length).toBe(before)
  expect(quarantine.pushedNotes()).toEqual([])
})

it('stays noted while the journal cannot take it', async () => {
  const { quarantine, journal, own, gaps } = await setUp()
  for (let seq = 1; seq <= 40; seq++) quarantine.put(entryOf(seq))
  const noted = quarantine.pushedOut().length
  expect(noted).toBeGreaterThan(0)
  const add = vi.fn<typeof own.add>().mockRejectedValueOnce(new NotStoredError('full')).mockImplementation(own.add)
  const declare = createDeclarePushed({
    quarantine,
    own: { add },
    sequence: journal.sequence,
    hasStored: async () => false,
    schemaOf: () => undefined,
    log: silentLog,
  })
  await declare()
  expect([gaps.length, quarantine.pushedOut().length]).toEqual([0, noted])
  await declare()
  expect(gaps.reduce((sum, { rows }) => sum + rows, 0)).toBe(noted)
  expect(gaps[0]!.streams).toEqual([])
  expect(quarantine.pushedOut()).toEqual([])
})

it('is no loss when a person removes what the lake has stored since', async () => {
  const { quarantine, own, gaps } = await setUp()
  for (const seq of [1, 2]) quarantine.put(entryOf(seq))
  const [first, second] = quarantine.list()
  const parts = {
    quarantine,
    own,
    schemaOf: () => schema,
    log: silentLog,
    hasStored: async ({ seq }: { seq: number }) => seq === 1,
  }
  expect(await removeEntry(parts, first!, '연구자')).toMatchObject({
    gap: false,
    lost: expect.stringContaining('the lake has'),
  })
  expect(gaps).toEqual([])
  expect(await removeEntry(parts, second!, '연구자')).toMatchObject({ gap: true })
  expect(gaps).toMatchObject([{ cause: 'refused', numbers: [{ from: 2, to: 2 }] }])
  expect(quarantine.ids()).toEqual([])
})
