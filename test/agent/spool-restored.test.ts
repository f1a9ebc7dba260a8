import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { createFaultyFiles, segmentFiles } from '../common/faulty-files.ts'
import {
  bodyOf,
  confirmAll,
  copyAsKilled,
  createIngest,
  everything,
  gapIn,
  memoryFile,
  newFolder,
  openAt,
  repeat,
  timesOf,
} from './spool-setup.ts'

// An ingest that has less than it had: restored from a copy, begun anew, or only heard of late.

const lastOf = (opened: Awaited<ReturnType<typeof openAt>>) => opened.durable.at(-1)!.seq

describe('an ingest that was restored from a copy', () => {
  test('is served again what is kept; what is gone is declared once, with the times of its rows', async () => {
    const opened = await openAt(newFolder())
    const { spool, fill, gaps } = opened
    await fill(1, 100)
    await confirmAll(opened)
    const { first } = spool.states()[0]!
    const receipt = () => ({ spool: spool.id, through: 5, ranges: [] })
    expect(spool.confirm(receipt())).toBe(true)
    expect(spool.isConfirmed(spool.id, first)).toBe(false)
    await repeat(opened, receipt, 60_000)
    const [gap, ...more] = gaps()
    expect(more).toEqual([])
    expect(gap).toMatchObject({ cause: 'ingest_restored', streams: ['bench'], spool: spool.id })
    expect(gap!.numbers).toEqual([{ from: 6, to: first - 1 }])
    // Remembered a segment each: number 6 lies in the midst of the first.
    expect([gap!.fromNs, gap!.toNs]).toEqual(timesOf(opened, 1, first - 1))
  })

  test('has lost Gaps, too: what they spoke of is within the one that stands for them; but not what a clock said that was not set', async () => {
    const opened = await openAt(newFolder())
    const { spool, fill, gaps } = opened
    const year = 31_557_600_000_000_000n
    const setNs = 40n * year
    const declare = (fromNs: bigint, toNs: bigint) =>
      spool.add({
        type: 'gap',
        gap: { ...{ fromNs, toNs, streams: [], cause: 'agent_down', detail: '', spool: '', numbers: [], rows: 0 } },
      })
    await declare(1n, setNs)
    await declare(setNs, setNs + 7_000n)
    await fill(1, 100)
    await confirmAll(opened)
    await repeat(opened, () => ({ spool: spool.id, through: 0, ranges: [] }), 60_000)
    const restored = gaps().filter(({ cause }) => cause === 'ingest_restored')
    expect(restored).toHaveLength(1)
    expect(restored[0]!.toNs).toBe(setNs + 7_000n)
    // From the first row on.
    expect(restored[0]!.fromNs).toBe(1_000n)
    expect(restored[0]!.streams).toEqual([])
  })

  test('is noticed over restarts of the agent, for spools of which nothing is left, once', async () => {
    const folder = newFolder()
    const ingest = createIngest()
    const first = await openAt(folder)
    await first.fill(1, 30)
    await ingest.drain(first)
    const copy = createIngest(ingest.sequence)
    const had = lastOf(first)
    await first.fill(31, 100)
    await ingest.drain(first)
    await first.spool.close()
    const second = await openAt(folder)
    await second.fill(101, 102)
    await ingest.drain(second)
    const [old] = second.spool.states()
    await expect.poll(() => second.spool.states()[0]!.first).toBe(old!.last + 1)
    await second.spool.close()

    const third = await openAt(folder)
    expect(third.spool.states().map(({ spool }) => spool)).toEqual([first.spool.id, second.spool.id, third.spool.id])
    await copy.insist(third)
    const gaps = third.gaps()
    expect(gaps.map(({ cause, spool, numbers }) => [cause, spool, numbers])).toEqual([
      ['ingest_restored', first.spool.id, [{ from: had + 1, to: old!.last }]],
    ])
    expect(gaps[0]!.toNs).toBe(100_499n)
    expect(gaps[0]!.fromNs > 0n && gaps[0]!.fromNs <= 31_000n).toBe(true)
    // Neither while the Gap is under way, nor after a start, nor when it has come.
    await copy.insist(third)
    expect(third.gaps().length).toBe(1)
    await third.spool.close()
    const fourth = await openAt(folder)
    await copy.insist(fourth)
    expect(fourth.gaps()).toEqual([])
    await copy.drain(fourth)
    await copy.insist(fourth)
    expect(fourth.gaps()).toEqual([])
    expect(copy.sequence.receipt('r', first.spool.id)).toEqual({
      spool: first.spool.id,
      through: old!.last,
      ranges: [],
    })
  })

  test('is noticed by an agent that was killed right after it had deleted what was confirmed: the Gap has all of its rows', async () => {
    const folder = newFolder()
    const ingest = createIngest()
    const first = await openAt(folder)
    await first.fill(1, 100)
    const had = createIngest(ingest.sequence)
    await ingest.drain(first)
    // Until only the segment is left that is being written; nothing else is written meanwhile.
    await expect.poll(() => first.spool.states().at(-1)!.first).toBeGreaterThan(80)
    const left = first.spool.states().at(-1)!
    const second = await openAt(copyAsKilled(folder))
    await had.insist(second)
    const [gap, ...more] = second.gaps()
    expect(more).toEqual([])
    expect(gap).toMatchObject({
      cause: 'ingest_restored',
      spool: first.spool.id,
      numbers: [{ from: 1, to: left.first - 1 }],
    })
    const gone = first.durable.flatMap(({ seq, bytes }) => {
      const { body } = decodeBody(bytes, readHeader(bytes))
      return body.type === 'batch' && seq < left.first ? [body.batch.times] : []
    })
    expect([gap!.fromNs, gap!.toNs]).toEqual([1000n, gone.at(-1)!.at(-1)])
  })

  test('a new agent that was started once more before ingest lost its disk: its first rows are within the Gap', async () => {
    const folder = newFolder()
    const ingest = createIngest()
    const first = await openAt(folder)
    await first.fill(1, 5)
    await ingest.drain(first)
    await first.spool.close()
    const second = await openAt(folder)
    await second.fill(6, 7)
    await ingest.drain(second)
    await expect.poll(() => second.spool.states()[0]!.first).toBe(second.spool.states()[0]!.last + 1)
    const empty = createIngest()
    await empty.insist(second)
    const [gap] = second.gaps()
    expect(gap).toMatchObject({ cause: 'ingest_restored', spool: first.spool.id, fromNs: 1000n, toNs: 5499n })
    expect(gap!.streams).toEqual(['bench'])
  })

  test('what it had confirmed from memory, while the disk could not be written, is written and kept for the one that takes over', async () => {
    const files = createFaultyFiles()
    const opened = await openAt(newFolder(), { files })
    const { spool, fill, durable } = opened
    await fill(1, 3)
    const onDisk = lastOf(opened)
    files.failSyncs = 1_000_000
    await fill(4, 8)
    const last = onDisk + 6
    spool.confirm(everything(spool.id, last))
    files.failSyncs = 0
    // All of them, and the event that says so.
    await expect.poll(() => durable.at(-1)!.seq, { timeout: 5000 }).toBeGreaterThanOrEqual(last)
    expect(spool.confirm(everything(spool.id, onDisk))).toBe(true)
    const again: number[] = []
    for await (const { seq } of spool.read(undefined)) again.push(seq)
    expect(again.filter((seq) => seq > onDisk && seq <= last).length).toBe(6)
  })

  test('what it had confirmed from memory, and memory could not hold until the disk was back, is declared with its times', async () => {
    const files = createFaultyFiles()
    const opened = await openAt(newFolder(), { files, bytesMax: 1024 * 1024 })
    const { spool, fill, durable } = opened
    await fill(1, 3)
    const onDisk = lastOf(opened)
    files.failSyncs = 1_000_000
    await fill(4, 50)
    spool.confirm(everything(spool.id, onDisk + 48))
    // Of a quarter of a MiB the oldest go: ingest has them.
    await fill(51, 90)
    spool.confirm(everything(spool.id, onDisk + 48 + 41))
    files.failSyncs = 0
    await expect.poll(() => durable.at(-1)!.seq, { timeout: 5000 }).toBeGreaterThanOrEqual(onDisk + 89)
    expect(opened.gaps()).toEqual([])
    await repeat(opened, () => everything(spool.id, onDisk), 20_000)
    const gaps = opened.gaps()
    expect(gaps.map(({ cause }) => cause)).toEqual(['ingest_restored'])
    expect(gaps[0]!.numbers[0]!.from).toBe(onDisk + 1)
    expect(gaps[0]).toMatchObject({ fromNs: 4000n, streams: ['bench'] })
    expect(gaps[0]!.toNs).toBeGreaterThanOrEqual(20_499n)
  })

  test('a second time: what only the lost Gap stood for is declared anew', async () => {
    const folder = newFolder()
    const opened = await openAt(folder)
    await opened.fill(1, 60)
    const empty = createIngest()
    await confirmAll(opened)
    await empty.insist(opened)
    await opened.fill(61, 120)
    await empty.drain(opened)
    await empty.insist(opened)
    expect(opened.gaps().length).toBe(1)
    // The Gap itself is confirmed and deleted by now.
    const gapSeq = opened.durable.find(({ bytes }) => gapIn(bodyOf(bytes)).length > 0)!.seq
    await expect.poll(() => segmentFiles(folder).length).toBe(1)
    expect(opened.spool.states()[0]!.first).toBeGreaterThan(gapSeq)
    const emptyAgain = createIngest()
    await emptyAgain.insist(opened)
    expect(opened.gaps().length).toBe(2)
    expect(opened.gaps()[1]!.numbers[0]!.from).toBe(1)
  })

  test('declares when the agent was killed between its Gap and its note of it: not again', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.fill(1, 60)
    await confirmAll(first)
    const before = newFolder()
    cpSync(memoryFile(folder), memoryFile(before))
    const empty = createIngest()
    await empty.insist(first)
    expect(first.gaps().length).toBe(1)
    await first.spool.close()
    cpSync(memoryFile(before), memoryFile(folder))
    const again = await openAt(folder)
    await empty.insist(again)
    expect(again.gaps()).toEqual([])
  })
})

describe('old news', () => {
  const confirmed = async () => {
    const opened = await openAt(newFolder())
    await opened.fill(1, 100)
    await confirmAll(opened)
    return opened
  }

  test('an older receipt behind a newer one declares nothing, however many come in one burst', async () => {
    const opened = await confirmed()
    const { spool, clock } = opened
    for (let burst = 0; burst < 5; burst++) {
      for (let i = 0; i < 10; i++) spool.confirm({ spool: spool.id, through: 5 + i, ranges: [] })
      clock.ms += 9000
    }
    for (let i = 0; i < 10; i++) {
      spool.confirm({ spool: spool.id, through: 5, ranges: [] })
      clock.ms += 3000
      spool.confirm(everything(spool.id, lastOf(opened)))
      clock.ms += 3000
    }
    await spool.drained(0)
    expect(opened.gaps()).toEqual([])
    expect(opened.asks()).toBeGreaterThan(0)
    expect(spool.unconfirmed()).toBe(0)
  })

  test('an ingest with the wrong folder, swapped back before it is believed, leaves no trace', async () => {
    const opened = await confirmed()
    const { spool } = opened
    await repeat(opened, () => ({ spool: spool.id, through: 0, ranges: [] }), 5_000)
    expect(spool.unconfirmed()).toBeGreaterThan(0)
    await repeat(opened, () => everything(spool.id, lastOf(opened)), 30_000)
    expect(opened.gaps()).toEqual([])
    expect(spool.unconfirmed()).toBe(0)
  })

  test('receipts of another agent of the rig, a clone, say nothing about this one', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.fill(1, 60)
    await first.spool.close()
    const [one, other] = [await openAt(folder), await openAt(copyAsKilled(folder))]
    const ingest = createIngest()
    await one.fill(61, 80)
    await other.fill(61, 90)
    await ingest.drain(one)
    await ingest.drain(other)
    for (let i = 0; i < 5; i++) {
      for (const { spool: id } of [...one.spool.states(), ...other.spool.states()]) {
        const receipt = ingest.sequence.receipt('r', id)
        one.spool.confirm(receipt)
        other.spool.confirm(receipt)
      }
      one.clock.ms += 5000
      other.clock.ms += 5000
    }
    expect([...one.gaps(), ...other.gaps()]).toEqual([])
    expect([one.spool.unconfirmed(), other.spool.unconfirmed()]).toEqual([0, 0])
  })

  test('an agent that moved to another group declares nothing to that one', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.fill(1, 60)
    await confirmAll(first)
    await first.spool.close()
    const moved = await openAt(folder, { group: '다른-곳' })
    const ingest = createIngest()
    await ingest.insist(moved)
    expect(moved.gaps()).toEqual([])
    expect(moved.spool.unconfirmed()).toBe(0)
  })
})

describe('keepConfirmed', () => {
  const keep = { keepConfirmed: true }

  test('serves an ingest that lost its disk all over again, over a restart, and sends nothing for nothing', async () => {
    const folder = newFolder()
    const first = await openAt(folder, keep)
    const ingest = createIngest()
    await first.fill(1, 100)
    const last = lastOf(first)
    expect(await ingest.drain(first)).toBe(last)
    await first.spool.close()

    const second = await openAt(folder, keep)
    await second.fill(101, 110)
    await second.spool.drained(0)
    expect(second.spool.states()[0]).toMatchObject({ spool: first.spool.id, first: 1, last })
    // Before ingest has said anything: what it had is known.
    expect(second.spool.isConfirmed(first.spool.id, last)).toBe(true)
    expect(await ingest.drain(second)).toBe(lastOf(second))
    const empty = createIngest()
    empty.answer(second)
    expect(await empty.drain(second)).toBe(last + lastOf(second))
    await empty.insist(second)
    expect(second.gaps()).toEqual([])
    for (const { spool, last: to } of second.spool.states()) {
      expect(empty.sequence.receipt('r', spool)).toEqual({ spool, through: to, ranges: [] })
    }
  })

  test('a killed agent knows all but what was confirmed last', async () => {
    const folder = newFolder()
    const first = await openAt(folder, keep)
    await first.fill(1, 100)
    first.spool.confirm(everything(first.spool.id, lastOf(first)))
    const written = () => (memoryOf(folder).match(/"to":(\d+)/) ?? [])[1]
    await expect.poll(() => Number(written())).toBe(lastOf(first))
    const again = await openAt(copyAsKilled(folder), keep)
    expect(again.spool.unconfirmed()).toBe(0)
  })

  test('within its limit: what is confirmed goes first and without a Gap, then what is not, with one', async () => {
    const opened = await openAt(newFolder(), { ...keep, bytesMax: 1024 * 1024 })
    const { spool, fill } = opened
    const ingest = createIngest()
    for (let i = 0; i < 5; i++) {
      await fill(i * 100, i * 100 + 99)
      await ingest.drain(opened)
    }
    expect(spool.bytes()).toBeLessThan(1024 * 1024)
    expect(spool.bytes()).toBeGreaterThan(400 * 1024)
    expect(opened.gaps()).toEqual([])
    await fill(500, 900)
    expect(opened.gaps().length).toBeGreaterThan(0)
    expect(opened.gaps().every(({ cause, numbers }) => cause === 'spool_full' && numbers[0]!.from > 500)).toBe(true)
  })

  test('within its limit: what is confirmed takes no room from sources that can wait, what is not does before anything goes', async () => {
    const opened = await openAt(newFolder(), { ...keep, bytesMax: 1024 * 1024 })
    const { spool, fill } = opened
    const ingest = createIngest()
    for (let i = 0; i < 5; i++) {
      await fill(i * 100, i * 100 + 99)
      await ingest.drain(opened)
    }
    expect(spool.bytes()).toBeGreaterThan(700 * 1024 - 64 * 1024)
    expect(spool.hasRoom()).toBe(true)
    let filled = 500
    while (spool.hasRoom()) await fill(filled, filled++)
    expect(filled).toBeGreaterThan(600)
    expect(opened.gaps()).toEqual([])
    await fill(filled, filled + 5)
    expect(opened.gaps()).toEqual([])
  })

  test('survives a note that is damaged, missing or of a later release', async () => {
    for (const text of ['', 'nonsense', undefined, '00000000 {"format":1,"spools":[]}']) {
      const folder = newFolder()
      const first = await openAt(folder, keep)
      const ingest = createIngest()
      await first.fill(1, 50)
      await ingest.drain(first)
      await first.spool.close()
      if (text === undefined) rmSync(memoryFile(folder))
      else writeFileSync(memoryFile(folder), text)
      const second = await openAt(folder, keep)
      ingest.answer(second)
      expect(second.spool.isConfirmed(first.spool.id, 1)).toBe(true)
      await ingest.insist(second)
      expect(second.gaps()).toEqual([])
    }
  })
})

const memoryOf = (folder: string) => {
  try {
    return readFileSync(memoryFile(folder), 'utf8')
  } catch {
    return ''
  }
}
