import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createPublisher, type Publisher } from '../../agent/publisher.ts'
import { openSpool, type Spool, type SpooledEnvelope } from '../../agent/spool.ts'
import { silentLog } from '../../common/log.ts'
import type { SegmentFiles } from '../../common/segment-log-files.ts'
import { createSequence, type Sequence } from '../../ingest/sequence.ts'
import { splitBundle } from '../../protos/bundle.ts'
import { readHeader } from '../../protos/envelope.ts'
import type { Body } from '../../protos/types.ts'
import { createFaultyFiles } from '../common/faulty-files.ts'

const windowBytes = 256 * 1024
const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** The real spool and publisher; ingest's real number keeping at the other end of a link that can lose things. */
async function setUp(folder = mkdtempSync(join(tmpdir(), 'rigline-publisher-')), files?: SegmentFiles) {
  let sequence: Sequence = createSequence([])
  const link = { lose: (_bundle: Uint8Array) => false, loseReceipt: () => false, bundles: 0, largest: 0 }
  const refused: Omit<SpooledEnvelope, 'position'>[] = []
  const arrived: { spool: string; seq: number }[] = []
  let publisher: Publisher
  const spool: Spool = await openSpool({
    folder,
    rig: 'r',
    group: 'g',
    bytesMax: 64 * 1024 * 1024,
    segmentBytesMax: 128 * 1024,
    log: silentLog,
    ...(files ? { files } : {}),
    onDurable: (envelope) => publisher.offer(envelope),
    onVolatile: (envelope) => publisher.offerVolatile(envelope),
  })
  publisher = createPublisher({
    spool,
    windowBytes,
    log: silentLog,
    send(bundle) {
      link.bundles++
      link.largest = Math.max(link.largest, bundle.length)
      if (link.lose(bundle)) return
      setImmediate(() => {
        const touched = new Set<string>()
        for (const envelope of splitBundle(bundle)) {
          const { spool: id, seq } = readHeader(envelope)
          arrived.push({ spool: id, seq })
          sequence.begin('r', id, seq, '')
          sequence.had('r', id, seq)
          touched.add(id)
        }
        if (!link.loseReceipt()) for (const id of touched) publisher.receipt(sequence.receipt('r', id))
      })
    },
    onRefused: (envelope) => refused.push(envelope),
    random: () => 0,
  })
  cleanUps.push(async () => {
    publisher.close()
    await spool.close()
    rmSync(folder, { recursive: true, force: true })
  })
  /** Ingest again as it was when it had this much of the spool. */
  const restore = (through: number): Sequence => {
    const ranges = [{ from: 1, to: through }]
    sequence = createSequence([{ rig: 'r', spool: spool.id, predecessor: '', ranges, gone: [] }])
    return sequence
  }
  return { folder, spool, publisher, sequence, link, refused, arrived, restore }
}

const body = (bytes: number): Body => ({
  type: 'event',
  event: { tNs: 1n, type: 'marker', author: '', text: 'x'.repeat(bytes), facts: {}, id: '' },
})

describe('publisher', () => {
  test('brings everything to ingest once, with no loss on the way', async () => {
    const { spool, publisher, arrived, link, sequence } = await setUp()
    publisher.connected([])
    for (let i = 0; i < 2000; i++) void spool.add(body(500))
    await spool.drained(0)
    expect(await publisher.drained(20_000)).toBe(true)
    expect(arrived.length).toBe(2000)
    expect(sequence.receipt('r', spool.id)).toEqual({ spool: spool.id, through: 2000, ranges: [] })
    expect(link.bundles).toBeLessThan(2000)
    expect(link.largest).toBeLessThanOrEqual(256 * 1024)
    expect(publisher.inFlightBytes()).toBe(0)
  })

  test('never has more in flight than the window', async () => {
    const { spool, publisher, link } = await setUp()
    link.lose = () => true
    publisher.connected([])
    for (let i = 0; i < 500; i++) await spool.add(body(5000))
    expect(publisher.inFlightBytes()).toBeLessThanOrEqual(windowBytes)
    expect(publisher.inFlightBytes()).toBeGreaterThan(windowBytes / 2)
  })

  test('loses nothing over bad links and reconnects', async () => {
    const { spool, publisher, link, sequence } = await setUp()
    let n = 0
    // A fixed pattern that loses one bundle in three and one receipt in four.
    link.lose = () => ++n % 3 === 0
    link.loseReceipt = () => ++n % 4 === 0
    const total = 1500
    for (let i = 0; i < total; i++) {
      await spool.add(body(800))
      if (i % 100 === 0) publisher.disconnected()
      if (i % 100 === 30) publisher.connected([])
    }
    publisher.connected([])
    link.lose = () => false
    link.loseReceipt = () => false
    publisher.disconnected()
    publisher.connected([])
    expect(await publisher.drained(20_000)).toBe(true)
    expect(sequence.receipt('r', spool.id)).toEqual({ spool: spool.id, through: total, ranges: [] })
  })

  test('drains the spools of earlier starts under their own ids, and live envelopes do not wait behind them', async () => {
    const first = await setUp()
    for (let i = 0; i < 3000; i++) void first.spool.add(body(1000))
    await first.spool.drained(0)
    first.publisher.close()
    await first.spool.close()

    const { spool, publisher, arrived, sequence, link } = await setUp(first.folder)
    publisher.connected([])
    await expect.poll(() => arrived.length, { interval: 1 }).toBeGreaterThan(10)
    void spool.add(body(10))
    await expect.poll(() => arrived.some(({ spool: id }) => id === spool.id), { interval: 1 }).toBe(true)
    const before = arrived.findIndex(({ spool: id }) => id === spool.id)
    expect(before).toBeLessThan(2900)
    expect(await publisher.drained(20_000)).toBe(true)
    expect(sequence.receipt('r', first.spool.id).through).toBe(3000)
    expect(arrived.filter(({ spool: id }) => id === first.spool.id).length).toBe(3000)
    expect(link.largest).toBeLessThanOrEqual(256 * 1024)
  })

  test('sends again without a reconnect when receipts make no progress', async () => {
    const { spool, publisher, link, sequence } = await setUp()
    publisher.connected([])
    link.lose = () => true
    await spool.add(body(10))
    await expect.poll(() => link.bundles).toBe(1)
    link.lose = () => false
    expect(await publisher.drained(15_000)).toBe(true)
    expect(publisher.counters.resent).toBe(1)
    expect(sequence.receipt('r', spool.id).through).toBe(1)
  })

  test('publishes from memory while the disk cannot be written, and writes what is left when it can be again', async () => {
    const files = createFaultyFiles()
    const { spool, publisher, sequence, arrived } = await setUp(undefined, files)
    publisher.connected([])
    await spool.add(body(100))
    files.failSyncs = 1_000_000
    for (let i = 0; i < 20; i++) await spool.add(body(100))
    await expect.poll(() => sequence.receipt('r', spool.id).through).toBe(21)
    // Offline as well: kept in memory until the disk is back.
    publisher.disconnected()
    for (let i = 0; i < 20; i++) await spool.add(body(100))
    expect(spool.unconfirmed()).toBeGreaterThanOrEqual(20)
    files.failSyncs = 0
    await expect.poll(() => spool.bytes(), { timeout: 5000 }).toBeGreaterThan(2000)
    publisher.connected([])
    await expect.poll(() => sequence.receipt('r', spool.id).through, { timeout: 10_000 }).toBe(41)
    expect(new Set(arrived.map(({ seq }) => seq)).size).toBe(41)
    await expect.poll(() => spool.unconfirmed(), { timeout: 5000 }).toBe(0)
  })

  test('declares what memory could not hold', async () => {
    const files = createFaultyFiles()
    const { spool, publisher, sequence, arrived } = await setUp(undefined, files)
    await spool.add(body(100))
    files.failSyncs = 1_000_000
    const large = 200_000
    // More than 16 MiB, offline.
    for (let i = 0; i < 100; i++) await spool.add(body(large))
    files.failSyncs = 0
    publisher.connected([])
    await expect.poll(() => sequence.receipt('r', spool.id).ranges.length, { timeout: 20_000 }).toBe(1)
    const [above] = sequence.receipt('r', spool.id).ranges
    expect(above!.from).toBeGreaterThan(2)
    await expect.poll(() => spool.unconfirmed(), { timeout: 10_000 }).toBe(0)
    // 101 events and the Gap: the events that memory could not hold came under other numbers, behind it.
    const numbers = new Set(arrived.map(({ seq }) => seq))
    expect(numbers.size).toBe(102)
    expect(Math.max(...numbers)).toBe(102 + above!.from - 2)
  })

  test('keeps what disk order and memory left behind, over a restart', async () => {
    const files = createFaultyFiles()
    const first = await setUp(undefined, files)
    for (let i = 0; i < 4; i++) await first.spool.add(body(100))
    first.spool.confirm({ spool: first.spool.id, through: 4, ranges: [] })
    files.failSyncs = 3
    await first.spool.add(body(100))
    for (let i = 0; i < 5; i++) await first.spool.add(body(100))
    await expect.poll(() => first.spool.unconfirmed(), { timeout: 5000 }).toBe(6)
    first.publisher.close()
    await first.spool.close()
    const { spool, publisher, sequence } = await setUp(first.folder)
    sequence.gone('r', first.spool.id, [{ from: 1, to: 4 }])
    publisher.connected([])
    await expect.poll(() => sequence.receipt('r', first.spool.id).through, { timeout: 5000 }).toBe(10)
    expect(spool.isConfirmed(first.spool.id, 5)).toBe(true)
  })

  test('gives nothing up while ingest is away, however long', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    const { spool, publisher, link, sequence, refused } = await setUp()
    publisher.connected([])
    link.lose = () => true
    for (let i = 0; i < 10; i++) await spool.add(body(100))
    for (let s = 0; s < 600; s++) await vi.advanceTimersByTimeAsync(1000)
    expect(link.bundles).toBeGreaterThan(5)
    link.lose = () => false
    await spool.add(body(100))
    for (let s = 0; s < 200; s++) await vi.advanceTimersByTimeAsync(1000)
    expect(refused).toEqual([])
    expect(sequence.receipt('r', spool.id)).toEqual({ spool: spool.id, through: 11, ranges: [] })
  })

  test('gives up what ingest does not take though it takes all that is sent after it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    const { spool, publisher, link, refused } = await setUp()
    publisher.connected([])
    link.lose = (bundle) => splitBundle(bundle).some((envelope) => readHeader(envelope).seq === 1)
    await spool.add(body(100))
    await vi.advanceTimersByTimeAsync(10)
    for (let s = 0; s < 120 && refused.length === 0; s++) {
      await spool.add(body(10))
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(refused.map(({ seq }) => seq)).toEqual([1])
  })

  test('sends again what it still keeps when ingest was restored from a copy', async () => {
    const { spool, publisher, arrived, restore } = await setUp()
    publisher.connected([])
    for (let i = 0; i < 100; i++) await spool.add(body(100))
    expect(await publisher.drained(10_000)).toBe(true)
    arrived.length = 0
    // It has lost everything behind 40.
    const restored = restore(40)
    publisher.receipt(restored.receipt('r', spool.id))
    await expect.poll(() => arrived.length).toBe(60)
    expect(new Set(arrived.map(({ seq }) => seq)).size).toBe(60)
    expect(restored.receipt('r', spool.id).through).toBe(100)
    expect(await publisher.drained(10_000)).toBe(true)
  })

  test('what was in flight when a connection ended is backlog on the next: what is live goes first, and nothing twice that came', async () => {
    const { spool, publisher, link, sequence, arrived } = await setUp()
    publisher.connected([])
    link.lose = () => true
    for (let i = 0; i < 100; i++) await spool.add(body(2000))
    expect(publisher.inFlightBytes()).toBeGreaterThan(200_000)
    // Half of it came after all; nobody heard.
    for (let seq = 1; seq <= 50; seq++) {
      sequence.begin('r', spool.id, seq, '')
      sequence.had('r', spool.id, seq)
    }
    publisher.disconnected()
    link.lose = () => false
    publisher.connected([])
    expect(publisher.inFlightBytes()).toBe(0)
    // Ingest's answer to the list of spools.
    publisher.receipt(sequence.receipt('r', spool.id))
    await spool.add(body(10))
    expect(await publisher.drained(10_000)).toBe(true)
    const seqs = arrived.map(({ seq }) => seq)
    expect(seqs[0]).toBe(101)
    expect(seqs.slice(1)).toEqual(Array.from({ length: 50 }, (_, i) => 51 + i))
  })

  test('on a link that stands still, the first is sent again and not the whole window', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    const { spool, publisher, link, sequence } = await setUp()
    publisher.connected([])
    link.lose = () => true
    for (let i = 0; i < 100; i++) await spool.add(body(2000))
    for (let s = 0; s < 30; s++) await vi.advanceTimersByTimeAsync(1000)
    expect(publisher.counters.resent).toBeGreaterThan(5)
    expect(publisher.counters.resent).toBeLessThan(50)
    link.lose = () => false
    for (let s = 0; s < 90; s++) await vi.advanceTimersByTimeAsync(1000)
    expect(sequence.receipt('r', spool.id).through).toBe(100)
  })

  test('reads from disk again what of the backlog the link has lost, and nothing live waits for a disk that hangs', async () => {
    const first = await setUp()
    for (let i = 0; i < 40; i++) await first.spool.add(body(1000))
    first.publisher.close()
    await first.spool.close()
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    const { spool, publisher, link, sequence } = await setUp(first.folder)
    const pass = async (seconds: number) => {
      for (let s = 0; s < seconds; s++) {
        await vi.advanceTimersByTimeAsync(1000)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    link.lose = () => true
    let hangs = true
    let reads = 0
    const waiting: (() => void)[] = []
    const readAt = spool.readAt
    spool.readAt = async (position) => {
      reads++
      if (hangs) await new Promise<void>((resolve) => waiting.push(resolve))
      return readAt(position)
    }
    publisher.connected([])
    await expect.poll(() => publisher.inFlightBytes(), { timeout: 5_000 }).toBeGreaterThan(5_000)
    for (let i = 0; i < 5; i++) await spool.add(body(10))
    await pass(10)
    link.lose = () => false
    await pass(100)
    expect(reads).toBe(1)
    expect(sequence.receipt('r', spool.id).through).toBe(5)
    expect(sequence.receipt('r', first.spool.id).through).toBe(0)
    hangs = false
    for (const resolve of waiting) resolve()
    await pass(200)
    expect(sequence.receipt('r', first.spool.id).through).toBe(40)
    expect(publisher.inFlightBytes()).toBe(0)
  })
})
