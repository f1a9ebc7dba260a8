import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createClock } from '../../common/clock.ts'
import { silentLog } from '../../common/log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { readRecords } from '../../common/segment-reader.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import type { Catalog } from '../../ingest/catalog/types.ts'
import { journalFolder, openJournal } from '../../ingest/journal.ts'
import { decodeJournalRecord } from '../../ingest/journal-record.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import { createReceipts } from '../../ingest/receipts.ts'
import { createReceive } from '../../ingest/receive.ts'
import { createCounters } from '../../ingest/state.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Body, Gap, Receipt } from '../../protos/types.ts'

const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-receive-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The real journal, catalog and quarantine; the broker is left out. */
async function setUp(folder: string, bytesMax = 64 * 1024 * 1024, over: Partial<Catalog> = {}) {
  const counters = createCounters()
  const catalog = { ...openCatalog(join(folder, 'catalog.sqlite')), ...over }
  const quarantine = openQuarantine(join(folder, 'quarantine'))
  const journal = await openJournal({
    folder,
    bytesMax,
    segmentBytesMax: 1024 * 1024,
    segmentAgeMaxMs: 60_000,
    catalog,
    log: silentLog,
    onSynced() {},
  })
  const sent: { rig: string; receipt: Receipt }[] = []
  let stored: Position = journal.log.synced
  const receipts = createReceipts(journal.sequence.receipt, (rig, receipt) => sent.push({ rig, receipt }))
  const receive = createReceive({
    journal,
    receipts,
    quarantine,
    catalog,
    clock: createClock(),
    log: silentLog,
    counters,
    onStored: (_header, _envelope, _receivedNs, position) => {
      stored = position
    },
  })
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    receipts.close()
    await journal.close()
    catalog.close()
  }
  cleanUps.push(close)
  return {
    counters,
    catalog,
    quarantine,
    journal,
    sent,
    close,
    checkpoint: () => journal.checkpoint(stored),
    up: (...envelopes: Uint8Array[]) => receive('r', 'rigline/v1/g/r/up', encodeBundle(envelopes)),
    raw: (payload: Uint8Array) => receive('r', 'rigline/v1/g/r/up', payload),
    lastReceipt: () => sent.at(-1)?.receipt,
  }
}

const marker: Body = {
  type: 'event',
  event: { tNs: 1n, type: 'marker', author: '', text: '안녕', facts: {}, id: '' },
}
const spool = '01J0000000000000000000000A'
const envelope = (seq: number, body: Body = marker, rig = 'r') => encodeEnvelope({ rig, spool, seq, body })

async function journaled(folder: string, journal: Awaited<ReturnType<typeof openJournal>>): Promise<number[]> {
  const found: number[] = []
  for await (const { bytes } of readRecords(journalFolder(folder), undefined, journal.log.synced)) {
    found.push(readHeader(decodeJournalRecord(bytes).envelope).seq)
  }
  return found
}

describe('receive', () => {
  test('journals each number once and receipts what is durable, with ranges above a hole', async () => {
    const folder = newFolder()
    const { up, sent, lastReceipt, journal, counters } = await setUp(folder)
    up(envelope(1), envelope(2))
    up(envelope(2), envelope(5), envelope(6), envelope(6))
    await expect.poll(lastReceipt).toEqual({ spool, through: 2, ranges: [{ from: 5, to: 6 }] })
    up(envelope(4), envelope(3))
    await expect.poll(lastReceipt).toEqual({ spool, through: 6, ranges: [] })
    expect((await journaled(folder, journal)).sort()).toEqual([1, 2, 3, 4, 5, 6])
    expect(counters.duplicates).toBe(2)
    // A lost receipt: what comes again is not journaled again, but receipted again.
    const before = sent.length
    up(envelope(3))
    await expect.poll(() => sent.length).toBeGreaterThan(before)
    expect((await journaled(folder, journal)).length).toBe(6)
  })

  test('sends a receipt within 20 ms of the fsync', async () => {
    const { up, sent } = await setUp(newFolder())
    up(envelope(1))
    await expect.poll(() => sent.length, { interval: 1 }).toBe(1)
    const took: number[] = []
    for (let seq = 2; seq < 12; seq++) {
      const atMs = performance.now()
      up(envelope(seq))
      await expect.poll(() => sent.at(-1)!.receipt.through, { interval: 1 }).toBe(seq)
      took.push(performance.now() - atMs)
    }
    // The fsync itself is in these times, and the machine is shared: the median tells.
    expect(took.sort((a, b) => a - b)[5]).toBeLessThan(40)
  })

  test('quarantines what cannot be read, with its reason and bytes, and lets the rest of the bundle through', async () => {
    const { up, raw, quarantine, counters, lastReceipt } = await setUp(newFolder())
    up(envelope(1), Buffer.from('no envelope'), envelope(1, marker, 'other'), envelope(2))
    raw(Buffer.from([0xff, 0xff, 0xff]))
    raw(new Uint8Array(300_000))
    await expect.poll(lastReceipt).toEqual({ spool, through: 2, ranges: [] })
    const entries = quarantine.list()
    expect(entries.map(({ reason }) => reason)).toEqual(['unreadable', 'wrong_rig', 'unreadable', 'too_large'])
    expect(entries[1]!.detail).toContain('"other"')
    expect(Buffer.from(quarantine.read(entries[0]!.id).bytes).toString()).toBe('no envelope')
    expect(counters.quarantined).toEqual({ unreadable: 2, wrong_rig: 1, too_large: 1 })
  })

  test('keeps at most 100 a second of what cannot be read, and counts the rest', async () => {
    const { up, quarantine, counters, lastReceipt } = await setUp(newFolder())
    up(...Array.from({ length: 2_000 }, (_, i) => Buffer.from(`no envelope ${i}`)), envelope(1))
    await expect.poll(() => lastReceipt()?.through).toBe(1)
    expect(counters.quarantined).toEqual({ unreadable: 2_000 })
    // A slow machine may have needed more than one second.
    expect(quarantine.ids().length % 100).toBe(0)
    expect(quarantine.ids().length).toBeLessThan(1_000)
  })

  test('journals and receipts a body of a later release', async () => {
    const { up, lastReceipt } = await setUp(newFolder())
    // Field 99, length-delimited: nothing this release knows.
    up(Buffer.concat([envelope(1).subarray(0, envelope(1).length - bodyBytes()), Buffer.from([0x9a, 0x06, 1, 7])]))
    await expect.poll(lastReceipt).toEqual({ spool, through: 1, ranges: [] })
  })

  test('counts the numbers that a Gap declares gone, also after a restart', async () => {
    const folder = newFolder()
    const first = await setUp(folder)
    const gap: Gap = {
      fromNs: 0n,
      toNs: 1n,
      streams: [],
      cause: 'spool_full',
      detail: '',
      spool,
      numbers: [{ from: 2, to: 9 }],
      rows: 80,
    }
    first.up(envelope(1), envelope(10, { type: 'gap', gap }))
    await expect.poll(first.lastReceipt).toEqual({ spool, through: 10, ranges: [] })
    await first.close()
    const second = await setUp(folder)
    expect(second.journal.sequence.receipt('r', spool)).toEqual({ spool, through: 10, ranges: [] })
  })

  test('knows its numbers after a restart, from the last checkpoint and what lies behind it', async () => {
    const folder = newFolder()
    const first = await setUp(folder)
    first.up(envelope(1), envelope(2))
    await expect.poll(() => first.lastReceipt()?.through).toBe(2)
    first.checkpoint()
    first.up(envelope(3), envelope(7))
    await expect.poll(first.lastReceipt).toEqual({ spool, through: 3, ranges: [{ from: 7, to: 7 }] })
    // As after a kill: no closing checkpoint. The catalog says 2, the journal more.
    await first.journal.log.close()
    first.catalog.close()
    const second = await setUp(folder)
    expect(second.journal.sequence.receipt('r', spool)).toEqual({ spool, through: 3, ranges: [{ from: 7, to: 7 }] })
    cleanUps.splice(cleanUps.indexOf(first.close), 1)
  })

  test('starts again whatever a record holds: a Gap or a body that cannot be read, no envelope at all', async () => {
    const folder = newFolder()
    const first = await setUp(folder)
    const withBody = (seq: number, ...body: number[]) =>
      Buffer.concat([envelope(seq).subarray(0, envelope(seq).length - bodyBytes()), Buffer.from(body)])
    // A Gap (field 14) of two bytes that are no message; a body (field 99) that nobody knows.
    first.up(envelope(1), withBody(2, 0x72, 2, 0xff, 0xff), withBody(3, 0x9a, 0x06, 1, 7))
    await expect.poll(() => first.lastReceipt()?.through).toBe(3)
    await first.journal.log.append(Buffer.from('no record'))
    await first.journal.log.append(Buffer.from('no'))
    first.up(envelope(4), withBody(5, 0x72, 2, 0xff, 0xff))
    await expect.poll(() => first.lastReceipt()?.through).toBe(5)
    // As after a kill: all of it is read anew.
    await first.journal.log.close()
    first.catalog.close()
    cleanUps.splice(cleanUps.indexOf(first.close), 1)
    const second = await setUp(folder)
    expect(second.journal.sequence.receipt('r', spool)).toEqual({ spool, through: 5, ranges: [] })
  })

  test('saves with the next checkpoint what a failing one could not save', async () => {
    const folder = newFolder()
    const real = openCatalog(join(folder, 'catalog.sqlite'))
    cleanUps.push(real.close)
    let failing = false
    const first = await setUp(folder, undefined, {
      saveRanges(spools, upTo) {
        if (failing) throw new Error('database or disk is full')
        real.saveRanges(spools, upTo)
      },
    })
    first.up(envelope(1), envelope(2))
    await expect.poll(() => first.lastReceipt()?.through).toBe(2)
    failing = true
    expect(first.checkpoint).toThrow(/disk is full/)
    failing = false
    first.checkpoint()
    expect(real.ranges().spools).toMatchObject([{ spool, ranges: [{ from: 1, to: 2 }] }])
    // Only what has changed since is saved again.
    expect(first.journal.sequence.changed()).toEqual([])
  })

  test('keeps a schema in the catalog before a batch can need it', async () => {
    const { up, catalog } = await setUp(newFolder())
    const bytes = encodeSchema({ stream: '심전도', channels: [{ name: 'lead', kind: 'f64' }] })
    up(envelope(1, { type: 'schema', bytes }))
    expect(catalog.schema(toHex(hashSchema(bytes)))?.schema.stream).toBe('심전도')
  })

  test('stops receipts at the journal limit, and takes up again when there is room', async () => {
    const folder = newFolder()
    const { up, journal, counters, lastReceipt, checkpoint } = await setUp(folder, 3 * 1024 * 1024)
    const large: Body = { type: 'event', event: { ...marker.event, text: 'x'.repeat(200_000) } }
    let seq = 0
    while (counters.journalFull === 0 && seq < 100) {
      up(envelope(++seq, large))
      await expect.poll(() => (lastReceipt()?.through ?? 0) === seq || counters.journalFull > 0).toBe(true)
    }
    expect(counters.journalFull).toBe(1)
    expect(lastReceipt()!.through).toBe(seq - 1)
    checkpoint()
    await journal.dropBefore(journal.log.synced)
    up(envelope(seq, large))
    await expect.poll(() => lastReceipt()!.through).toBe(seq)
  })

  test('takes nothing of any size while the largest may not fit, so that none is overtaken', async () => {
    const folder = newFolder()
    const { up, journal, counters, lastReceipt, checkpoint } = await setUp(folder, 4 * 1024 * 1024)
    const large: Body = { type: 'event', event: { ...marker.event, text: 'x'.repeat(200_000) } }
    let seq = 0
    // Large and small, many at a time: before anything is known to have failed.
    while (counters.journalFull === 0) {
      for (let i = 0; i < 10; i++) {
        up(envelope(++seq, large))
        up(envelope(++seq))
      }
      await expect.poll(() => journal.sequence.standing('r', spool, lastReceipt()?.through ?? 0)).toBe('had')
    }
    await journal.log.roll()
    await expect.poll(() => lastReceipt()?.through).toBe(seq - counters.journalFull)
    expect(lastReceipt()!.ranges).toEqual([])
    const had = lastReceipt()!.through
    up(envelope(had + 1))
    expect(journal.sequence.standing('r', spool, had + 1)).toBe('absent')
    checkpoint()
    await journal.dropBefore(journal.log.synced)
    up(envelope(had + 1))
    await expect.poll(() => lastReceipt()!.through).toBe(had + 1)
  })

  test('takes no more than 256 ranges of a spool, then only what extends one', async () => {
    const { up, counters, journal } = await setUp(newFolder())
    for (let i = 0; i < 256; i++) up(envelope(1000 + i * 2))
    await expect.poll(() => journal.sequence.receipt('r', spool).ranges.length).toBe(256)
    up(envelope(10), envelope(1001))
    await expect.poll(() => journal.sequence.standing('r', spool, 1001)).toBe('had')
    expect(counters.outOfBounds).toBe(1)
    expect(journal.sequence.receipt('r', spool).ranges.length).toBe(255)
  })

  test('bounds numbers that wait for the disk the same', async () => {
    const { up, counters, journal } = await setUp(newFolder())
    up(...Array.from({ length: 300 }, (_, i) => envelope(1000 + i * 2)))
    await expect.poll(() => journal.sequence.receipt('r', spool).ranges.length).toBe(256)
    expect(counters.outOfBounds).toBe(44)
  })

  test('a Gap declares no numbers that its sender cannot know of: what comes under them is taken', async () => {
    const folder = newFolder()
    const first = await setUp(folder)
    const gap = (of: string, from: number, to: number): Body => ({
      type: 'gap',
      gap: {
        fromNs: 0n,
        toNs: 0n,
        streams: [],
        cause: 'spool_full',
        detail: '',
        spool: of,
        numbers: [{ from, to }],
        rows: 0,
      },
    })
    const older = '01HZZZZZZZZZZZZZZZZZZZZZZZ'
    const later = '01J1111111111111111111111A'
    first.up(
      envelope(1),
      envelope(5, gap(spool, 2, 1_000_000)),
      envelope(6, gap(older, 3, 7)),
      envelope(7, gap(later, 1, 9)),
    )
    await expect.poll(first.lastReceipt).toEqual({ spool, through: 7, ranges: [] })
    expect(first.journal.sequence.receipt('r', older)).toEqual({
      spool: older,
      through: 0,
      ranges: [{ from: 3, to: 7 }],
    })
    first.up(envelope(8))
    await expect.poll(first.lastReceipt).toEqual({ spool, through: 8, ranges: [] })
    first.checkpoint()
    await first.close()
    // The same after a start that reads the journal anew.
    rmSync(join(folder, 'catalog.sqlite'))
    const second = await setUp(folder)
    expect(second.journal.sequence.receipt('r', spool)).toEqual({ spool, through: 8, ranges: [] })
    expect(second.journal.sequence.receipt('r', later)).toEqual({ spool: later, through: 0, ranges: [] })
  })
})

/** Bytes of the marker's field in an encoded envelope. */
function bodyBytes(): number {
  const bytes = envelope(1)
  const { bodyStart, bodyEnd } = readHeader(bytes)
  // A tag of one byte and a length of one byte before the body.
  return bodyEnd - bodyStart + 2
}
