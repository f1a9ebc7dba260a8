import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createClock } from '../../common/clock.ts'
import { silentLog } from '../../common/log.ts'
import type { Position, SegmentLog } from '../../common/segment-log-types.ts'
import { readRecords } from '../../common/segment-reader.ts'
import { isUlid } from '../../common/ulid.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { journalFolder, openJournal } from '../../ingest/journal.ts'
import { decodeJournalRecord } from '../../ingest/journal-record.ts'
import { createOwn, NotStoredError } from '../../ingest/own.ts'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { ownRig } from '../../protos/topics.ts'
import type { Body, EnvelopeHeader } from '../../protos/types.ts'

const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-own-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function setUp(folder: string, bytesMax = 64 * 1024 * 1024, append?: (log: SegmentLog) => SegmentLog['append']) {
  const catalog = openCatalog(join(folder, 'catalog.sqlite'))
  const journal = await openJournal({
    folder,
    bytesMax,
    segmentBytesMax: 1024 * 1024,
    segmentAgeMaxMs: 60_000,
    catalog,
    log: silentLog,
    onSynced() {},
  })
  const told: EnvelopeHeader[] = []
  const { log, room, sequence, had } = journal
  const own = createOwn({
    journal: append ? { room, sequence, had, log: { ...log, append: append(log) } } : journal,
    clock: createClock(),
    log: silentLog,
    onStored: (header) => told.push(header),
  })
  const close = async () => {
    await journal.close()
    catalog.close()
  }
  return { journal, own, told, close }
}

const marker = (text: string): Body => ({
  type: 'event',
  event: { tNs: 1n, type: 'marker', author: '연구자', text, facts: {}, id: '' },
})

async function readAll(folder: string, to: Position) {
  const headers: (EnvelopeHeader & { text: string })[] = []
  for await (const { bytes } of readRecords(journalFolder(folder), undefined, to)) {
    const { envelope } = decodeJournalRecord(bytes)
    const header = readHeader(envelope)
    const { body } = decodeBody(envelope, header)
    headers.push({ ...header, text: body.type === 'event' ? body.event.text : '' })
  }
  return headers
}

describe("ingest's own envelopes", () => {
  test('are numbered from 1 in a spool of each start, which names the one before', async () => {
    const folder = newFolder()
    const first = await setUp(folder)
    const stored = await Promise.all(['가', '나', '다'].map((text) => first.own.add(marker(text))))
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(first.told.map(({ seq }) => seq)).toEqual([1, 2, 3])
    await first.close()
    const idle = await setUp(folder)
    await idle.close()
    const second = await setUp(folder)
    await second.own.add(marker('라'))
    const headers = await readAll(folder, second.journal.log.synced)
    await second.close()
    expect(headers.map(({ rig, seq, text }) => [rig, seq, text])).toEqual([
      [ownRig, 1, '가'],
      [ownRig, 2, '나'],
      [ownRig, 3, '다'],
      [ownRig, 1, '라'],
    ])
    expect(isUlid(headers[0]!.spool)).toBe(true)
    expect(headers.map(({ predecessor }) => predecessor)).toEqual(['', '', '', headers[0]!.spool])
  })

  test('what the journal refused leaves no hole, and its number is never given again', async () => {
    const folder = newFolder()
    let failing = false
    const { own, journal, close } = await setUp(
      folder,
      undefined,
      (log) => (record) => (failing ? Promise.reject(new Error('EIO')) : log.append(record)),
    )
    const before = await own.add(marker('before'))
    failing = true
    await expect(own.add(marker('refused'))).rejects.toThrow(NotStoredError)
    await expect(own.add(marker('refused too'))).rejects.toThrow(/try again/)
    failing = false
    // The journal's room takes nothing for a second after a failure.
    await expect.poll(() => journal.room.has(), { timeout: 5000 }).toBe(true)
    const after = await own.add(marker('after'))
    expect(after).toMatchObject({ seq: 1 })
    expect(after.spool > before.spool).toBe(true)
    const spools = [...journal.sequence.spools()].filter(({ ranges }) => ranges.length > 0)
    expect(spools.map(({ ranges }) => ranges)).toEqual([[{ from: 1, to: 1 }], [{ from: 1, to: 1 }]])
    expect(spools[1]!.predecessor).toBe(before.spool)
    await close()
  })

  test('a full journal says so', async () => {
    const { own, close } = await setUp(newFolder(), 4096)
    const filling = async () => {
      for (let i = 0; i < 100; i++) await own.add(marker('x'.repeat(200)))
    }
    await expect(filling()).rejects.toThrow(/not stored: the journal has \d+ of its 4096 bytes/)
    await close()
  })
})
