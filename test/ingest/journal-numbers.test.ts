import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { ulid } from '../../common/ulid.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { type Journal, openJournal } from '../../ingest/journal.ts'
import { bookOlder } from '../../ingest/journal-book.ts'
import { encodeJournalRecord } from '../../ingest/journal-record.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'

const rig = '서울-1'
const spool = '01J00000000000000000000000'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-numbers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function open(
  folder: string,
  prepare: (catalog: ReturnType<typeof openCatalog>) => void = () => {},
  segmentBytesMax = 1024 * 1024,
) {
  const catalog = openCatalog(join(folder, 'catalog.sqlite'))
  prepare(catalog)
  const journal = await openJournal({
    folder,
    bytesMax: 64 * 1024 * 1024,
    segmentBytesMax,
    segmentAgeMaxMs: 60_000,
    catalog,
    log: silentLog,
    onSynced() {},
  })
  return {
    catalog,
    journal,
    async close() {
      await journal.close()
      catalog.close()
    },
  }
}

async function put(journal: Journal, ...seqs: number[]) {
  for (const seq of seqs) {
    const body = { type: 'schema' as const, bytes: new Uint8Array([seq]) }
    const header = { rig, spool, seq }
    journal.sequence.begin(rig, spool, seq, '')
    const record = encodeJournalRecord(1n, encodeEnvelope({ ...header, body }))
    journal.had(header, await journal.log.append(record))
  }
}

test('numbers are booked by segment at each checkpoint, and after a kill those behind it are', async () => {
  const folder = newFolder()
  const first = await open(folder)
  await put(first.journal, 1, 2, 5)
  const [segment] = first.journal.log.segments()
  await first.journal.log.roll()
  await put(first.journal, 6)
  first.journal.checkpoint(first.journal.log.synced)
  const numbers = (name: string) => first.catalog.journalNumbers(name)
  const ranges = [
    { from: 1, to: 2 },
    { from: 5, to: 5 },
  ]
  expect(numbers(segment!.name)).toEqual([{ rig, spool, ranges }])
  await put(first.journal, 7)
  const newest = first.journal.log.segments().at(-1)!.name
  expect(numbers(newest)).toEqual([{ rig, spool, ranges: [{ from: 6, to: 6 }] }])
  // As after a kill: no closing checkpoint.
  await first.journal.log.close()
  first.catalog.close()
  const second = await open(folder)
  expect(second.catalog.journalNumbers(newest)).toEqual([{ rig, spool, ranges: [{ from: 6, to: 7 }] }])
  expect(second.catalog.journalSegments()).toEqual([segment!.name, newest])
  await second.close()
})

test('segments that nobody has booked are, unless the lake is past them', async () => {
  const folder = newFolder()
  const first = await open(folder)
  await put(first.journal, 1)
  await first.journal.log.roll()
  await put(first.journal, 2)
  await first.journal.log.roll()
  await put(first.journal, 3)
  const names = first.journal.log.segments().map(({ name }) => name)
  await first.close()
  // As an earlier release has left it, or who made the catalog anew.
  const second = await open(folder, (catalog) => {
    for (const name of names) catalog.accounted(name, [], [])
    catalog.saveCursor('lake', { segment: names[1]!, offset: 80 })
  })
  await expect
    .poll(() => {
      second.journal.checkpoint(second.journal.log.synced)
      return second.catalog.journalSegments()
    })
    .toEqual(names.slice(1))
  await second.close()
})

test('a segment is booked as a whole: what was begun when ingest ended is begun anew', async () => {
  const folder = newFolder()
  const first = await open(folder, undefined, 8 * 1024 * 1024)
  for (const seq of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const envelope = encodeEnvelope({ rig, spool, seq, body: { type: 'schema', bytes: new Uint8Array(200_000) } })
    first.journal.sequence.begin(rig, spool, seq, '')
    first.journal.had({ rig, spool, seq }, await first.journal.log.append(encodeJournalRecord(1n, envelope)))
  }
  const [segment] = first.journal.log.segments()
  let stop = false
  let asked = 0
  const parts = {
    folder: join(folder, 'journal'),
    catalog: { cursor: () => undefined, journalSegments: () => [] },
    sequence: first.journal.sequence,
    log: silentLog,
  }
  const book = async () => {
    const booked: number[] = []
    const numbers = {
      add: (_segment: string, _rig: string, _spool: string, from: number, to = from) => void booked.push(from, to),
    }
    await bookOlder({ ...parts, numbers }, [segment!.name], () => stop && asked++ > 0)
    return booked
  }
  stop = true
  expect(await book()).toEqual([])
  expect(asked).toBeGreaterThan(1)
  stop = false
  expect(await book()).toEqual([1, 8])
  await first.close()
})

test('segments are named behind all that a reader knows, though journal and clock are older', async () => {
  const folder = newFolder()
  const ahead = ulid(undefined, Date.now() + 3_600_000)
  const first = await open(folder, (catalog) => catalog.saveCursor('lake', { segment: ahead, offset: 5000 }))
  expect(first.journal.log.synced.segment > ahead).toBe(true)
  await put(first.journal, 1)
  const [one] = first.journal.log.segments()
  await first.close()
  // The clock is right again: names go on rising.
  const second = await open(folder)
  expect(second.journal.log.synced.segment > one!.name).toBe(true)
  await second.close()
})

test('a lost number is absent until it comes again, durably', async () => {
  const folder = newFolder()
  const first = await open(folder)
  await put(first.journal, 1, 2, 3, 4)
  first.journal.checkpoint(first.journal.log.synced)
  const { sequence } = first.journal
  const ranges = [{ from: 2, to: 3 }]
  const [segment] = first.catalog.journalSegments()
  first.catalog.accounted(
    segment!,
    [{ rig, spool, segment: segment!, ranges, foundMs: 1 }],
    [sequence.without(rig, spool, ranges)],
  )
  sequence.lost(rig, spool, ranges)
  expect(sequence.receipt(rig, spool)).toEqual({ spool, through: 1, ranges: [{ from: 4, to: 4 }] })
  expect(sequence.standing(rig, spool, 2)).toBe('absent')
  await first.journal.log.close()
  first.catalog.close()
  const second = await open(folder)
  expect(second.journal.sequence.receipt(rig, spool)).toMatchObject({ through: 1 })
  expect(second.catalog.lostNumbers()).toEqual([{ rig, spool, segment, ranges, foundMs: 1 }])
  await put(second.journal, 3)
  expect(second.journal.sequence.absent(rig, spool, ranges)).toEqual([{ from: 2, to: 2 }])
  await second.close()
})
