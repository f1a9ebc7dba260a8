import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import { segmentFiles } from '../common/faulty-files.ts'
import { batchOf, createIngest, memoryFile, newFolder, type Opened, openAt, timesOf } from './spool-setup.ts'

// Bytes that the disk has changed: what ingest lacks of them is declared, once; the rest comes as ever.

/** Flips a byte in the middle of the record that holds these bytes. */
function flip(folder: string, envelope: Uint8Array): void {
  for (const file of segmentFiles(folder)) {
    const content = readFileSync(file)
    const at = content.indexOf(envelope)
    if (at < 0) continue
    content[at + (envelope.length >> 1)]! ^= 0x55
    writeFileSync(file, content)
    return
  }
  throw new Error('no such envelope on disk')
}
const flipNumber = (folder: string, { durable }: Opened, seq: number) =>
  flip(folder, durable.find((envelope) => envelope.seq === seq)!.bytes)

const gone = (opened: Opened) => opened.gaps().map(({ cause, spool, numbers }) => [cause, spool, numbers])
/** Every number of a spool is at ingest, or in a Gap that is. */
const isWhole = ({ sequence }: ReturnType<typeof createIngest>, spool: string, last: number) =>
  expect(sequence.receipt('r', spool)).toEqual({ spool, through: last, ranges: [] })

describe('a damaged spool', () => {
  test('flipped bytes cost their envelopes, declared once with the times of their neighbours; over starts too', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.fill(1, 60)
    await first.spool.close()
    for (const seq of [10, 11, 30]) flipNumber(folder, first, seq)
    const last = first.durable.at(-1)!.seq

    const second = await openAt(folder)
    const ingest = createIngest()
    await ingest.drain(second)
    await ingest.insist(second)
    const id = first.spool.id
    expect(gone(second)).toEqual([
      ['spool_damaged', id, [{ from: 10, to: 11 }]],
      ['spool_damaged', id, [{ from: 30, to: 30 }]],
    ])
    const [gap] = second.gaps()
    const [fromNs, toNs] = [timesOf(first, 9, 9)[0], timesOf(first, 12, 12)[1]]
    expect([gap!.fromNs, gap!.toNs]).toEqual([fromNs, toNs])
    await second.spool.close()
    // The Gaps have not come: the next start sends them and makes no others.
    const third = await openAt(folder)
    await ingest.drain(third)
    await ingest.insist(third)
    expect(third.gaps()).toEqual([])
    isWhole(ingest, id, last)
    expect(third.spool.unconfirmed()).toBe(0)
  })

  test('a batch of one stream among those of others: the Gap has all of its rows', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    const names = ['fast', 'steady', '느림']
    const batches: { seq: number; times: BigInt64Array }[] = []
    const schemas = names.map((stream) => encodeSchema({ stream, channels: [{ name: 'v', kind: 'f64' }] }))
    for (const bytes of schemas) await first.spool.add({ type: 'schema', bytes })
    for (let i = 0; i < 30; i++) {
      for (const [k, bytes] of schemas.entries()) {
        // Rows of the streams begin and end apart, and one is written every third time alone.
        if (k === 2 && i % 3 !== 2) continue
        const width = k === 2 ? 3 : 1
        const times = batchOf(0).times.map((ns) => BigInt((i + 1 - width) * 1000 - k * 7) + ns * BigInt(2 * width))
        const batch = { ...batchOf(i), schema: hashSchema(bytes), times }
        const state = { lastNs: times.at(-1)!, era: 0, position: 0, origin: '' }
        await first.spool.add({ type: 'batch', batch }, { stream: names[k]!, state })
        batches.push({ seq: first.durable.at(-1)!.seq, times })
      }
    }
    await first.spool.close()
    const damaged = batches.filter((_, i) => i > 8 && i % 7 === 0)
    for (const { seq } of damaged) flipNumber(folder, first, seq)
    const second = await openAt(folder)
    const ingest = createIngest()
    await ingest.drain(second)
    await ingest.insist(second)
    const gaps = second.gaps()
    expect(gaps.flatMap(({ numbers }) => numbers)).toEqual(damaged.map(({ seq }) => ({ from: seq, to: seq })))
    for (const [i, { times }] of damaged.entries()) {
      expect(gaps[i]!.fromNs <= times[0]! && gaps[i]!.toNs >= times.at(-1)!).toBe(true)
    }
  })

  test('what ingest has may be damaged here: nothing is declared', async () => {
    const folder = newFolder()
    const first = await openAt(folder, { keepConfirmed: true })
    const ingest = createIngest()
    await first.fill(1, 60)
    await ingest.drain(first)
    await first.spool.close()
    rmSync(memoryFile(folder))
    flipNumber(folder, first, 20)
    const second = await openAt(folder, { keepConfirmed: true })
    await ingest.drain(second)
    await ingest.insist(second)
    expect(second.gaps()).toEqual([])
    // An ingest without it gets the rest of what was kept, and is told.
    const empty = createIngest()
    empty.answer(second)
    await empty.drain(second)
    await empty.insist(second)
    expect(gone(second)).toEqual([['spool_damaged', first.spool.id, [{ from: 20, to: 20 }]]])
  })

  test('a damaged header, checkpoint and first envelope of a segment, at the end of an older spool', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.fill(1, 60)
    await first.spool.close()
    const last = first.durable.at(-1)!.seq
    const files = segmentFiles(folder)
    expect(files.length).toBeGreaterThan(3)
    for (const file of files.slice(1)) {
      const content = readFileSync(file)
      content.fill(0xff, 0, 600)
      writeFileSync(file, content)
    }
    const second = await openAt(folder)
    const ingest = createIngest()
    await ingest.drain(second)
    await ingest.insist(second)
    await ingest.drain(second)
    ingest.answer(second)
    expect(second.gaps().length).toBeGreaterThan(0)
    expect(second.gaps().every(({ cause, fromNs, toNs }) => cause === 'spool_damaged' && toNs > fromNs)).toBe(true)
    isWhole(ingest, first.spool.id, last)
  })

  test.each([
    ['in the middle', (files: string[]) => files.slice(1, 3)],
    ['at the front', (files: string[]) => files.slice(0, 2)],
    ['at the end', (files: string[]) => files.slice(-2)],
    ['all of them', (files: string[]) => files],
  ])('whole segments without a readable byte, %s', async (_where, chosen) => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.fill(1, 60)
    await first.spool.close()
    const last = first.durable.at(-1)!.seq
    for (const file of chosen(segmentFiles(folder))) writeFileSync(file, Buffer.alloc(readFileSync(file).length, 0xa5))
    const second = await openAt(folder)
    expect(second.spool.predecessor).toBe(first.spool.id)
    await second.fill(61, 62)
    const ingest = createIngest()
    await ingest.drain(second)
    // What is in doubt is not done, though no segment may be left that has it.
    expect(second.spool.unconfirmed()).toBeGreaterThan(0)
    await ingest.insist(second)
    await ingest.drain(second)
    ingest.answer(second)
    isWhole(ingest, first.spool.id, last)
    expect(second.spool.unconfirmed()).toBe(0)
    const gaps = second.gaps()
    expect(gaps.every(({ cause, toNs, fromNs }) => cause === 'spool_damaged' && toNs > fromNs)).toBe(true)
    await second.spool.close()
    const third = await openAt(folder)
    await ingest.drain(third)
    await ingest.insist(third)
    expect(third.gaps()).toEqual([])
  })

  test('nothing readable at all, and no note of it: the agent starts and says from when to when', async () => {
    const folder = newFolder()
    const startedNs = BigInt(Date.now()) * 1_000_000n
    const first = await openAt(folder)
    await first.fill(1, 60)
    await first.spool.close()
    for (const file of [...segmentFiles(folder), memoryFile(folder)]) writeFileSync(file, Buffer.alloc(9000, 0xa5))
    const second = await openAt(folder)
    await second.fill(61, 62)
    const [gap, ...more] = second.gaps()
    expect(more).toEqual([])
    expect(gap).toMatchObject({ cause: 'spool_damaged', numbers: [], streams: [] })
    expect(gap!.fromNs >= startedNs - 1_000_000n && gap!.toNs > gap!.fromNs).toBe(true)
    await second.spool.close()
    const third = await openAt(folder)
    await third.fill(63, 64)
    expect(third.gaps()).toEqual([])
  })

  test('a segment is not deleted before what is damaged of it is declared', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.fill(1, 60)
    await first.spool.close()
    flipNumber(folder, first, 5)
    const second = await openAt(folder)
    const ingest = createIngest()
    await ingest.drain(second)
    expect(second.spool.states()[0]).toMatchObject({ spool: first.spool.id, first: 1 })
    await ingest.insist(second)
    await expect.poll(() => second.spool.states()[0]!.first).toBeGreaterThan(5)
  })

  test('a torn tail is no damage', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.fill(1, 60)
    await first.spool.close()
    const file = segmentFiles(folder).at(-1)!
    rmSync(memoryFile(folder))
    writeFileSync(file, readFileSync(file).subarray(0, -2500))
    const second = await openAt(folder)
    const ingest = createIngest()
    await ingest.drain(second)
    await ingest.insist(second)
    expect(second.gaps()).toEqual([])
  })
})
