import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LogFullError, openSegmentLog } from '../../common/segment-log.ts'
import { comparePositions, type LogRecord, type Position, type SegmentLog } from '../../common/segment-log-types.ts'
import { listSegments, readRecords } from '../../common/segment-reader.ts'
import { createFaultyFiles, type FaultyFiles, segmentFiles } from './faulty-files.ts'

// The log against a model: whatever happens to it, what was acknowledged and neither dropped nor itself damaged is read back, at its
// place, in order, once; and nothing is read that was never appended, or was refused.

type Step =
  | { do: 'append'; sizes: number[] }
  | { do: 'roll' }
  | { do: 'drop' }
  | { do: 'restart' }
  | { do: 'fail'; syncs: number; writes: number; creates: number }
  | { do: 'full'; sizes: number[]; roomBytes: number; drop: boolean }
  | { do: 'crash'; sizes: number[]; diesAfter: number; power: boolean; keep: number; fill: number }
  | { do: 'flip'; at: number; mask: number }

const sizes = fc.array(fc.oneof(fc.integer({ min: 8, max: 60 }), fc.integer({ min: 8, max: 900 })), {
  minLength: 1,
  maxLength: 12,
})
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), sizes }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('roll' as const, 'drop' as const, 'restart' as const),
      }) as fc.Arbitrary<Step>,
    },
    fc.record({
      do: fc.constant('fail' as const),
      syncs: fc.integer({ min: 0, max: 4 }),
      writes: fc.integer({ min: 0, max: 1 }),
      creates: fc.integer({ min: 0, max: 1 }),
    }),
    fc.record({
      do: fc.constant('full' as const),
      sizes,
      roomBytes: fc.integer({ min: 0, max: 2000 }),
      drop: fc.boolean(),
    }),
    fc.record({
      do: fc.constant('crash' as const),
      sizes,
      diesAfter: fc.integer({ min: 0, max: 12 }),
      /** Power was lost, not only the process: `keep` bytes of the unsynced remain, then zeros, markers or nothing. */
      power: fc.boolean(),
      keep: fc.integer({ min: 0, max: 2000 }),
      fill: fc.constantFrom(-1, 0, 0xf5),
    }),
    fc.record({ do: fc.constant('flip' as const), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) }),
  ),
  { minLength: 1, maxLength: 25 },
)

interface Appended {
  number: number
  bytes: Buffer
  state: 'waiting' | 'acknowledged' | 'refused' | 'unknown'
  position?: Position
  damaged: boolean
}

const numberOf = (bytes: Uint8Array): number => Buffer.from(bytes).readDoubleLE(0)

/** Its number, then bytes with record markers strewn in. */
function makeRecord(number: number, size: number): Buffer {
  const bytes = Buffer.alloc(size, number)
  bytes.writeDoubleLE(number, 0)
  for (let at = 12; at + 4 <= size; at += 37) bytes.set([0xf5, 0x72, 0x4c, 0xfa], at)
  return bytes
}

const bytesMax = 20_000

/** A log in a folder of its own, and what is known of all that was ever appended to it. */
async function startCase() {
  const directory = mkdtempSync(join(tmpdir(), 'rigline-log-'))
  const files: FaultyFiles = createFaultyFiles()
  const appended: Appended[] = []
  const flipped = new Set<string>()
  let syncedSteps: Position[] = []
  const open = () => {
    syncedSteps = []
    return openSegmentLog({
      directory,
      segmentBytesMax: 1500,
      bytesMax,
      recordBytesMax: 1000,
      files,
      onSynced: (position) => void syncedSteps.push(position),
    })
  }
  let log: SegmentLog = await open()

  /** Appends without waiting in between; resolves when all have settled. A dead machine's refusals prove nothing. */
  const append = async (sizes: number[]) => {
    const order: number[] = []
    const one = async (size: number) => {
      const number = appended.length
      const entry: Appended = { number, bytes: makeRecord(number, size), state: 'waiting', damaged: false }
      appended.push(entry)
      try {
        entry.position = await log.append(entry.bytes)
        entry.state = 'acknowledged'
        order.push(number)
      } catch {
        entry.state = files.diesAfter <= 0 ? 'unknown' : 'refused'
      }
    }
    await Promise.all(sizes.map(one))
    expect(order).toEqual([...order].sort((a, b) => a - b))
  }

  const dropOldest = async () => {
    const [oldest] = log.segments()
    if (!oldest?.sealed) return
    await log.drop(oldest.name)
    for (const entry of appended) if (entry.position?.segment === oldest.name) entry.state = 'refused'
  }

  const flip = (at: number, mask: number) => {
    const paths = segmentFiles(directory)
    let offset = at % paths.reduce((sum, path) => sum + statSync(path).size, 0)
    const path = paths.find((path) => {
      const { size } = statSync(path)
      if (offset < size) return true
      offset -= size
      return false
    })
    if (path === undefined) return
    const segment = basename(path, '.segment')
    if (flipped.has(`${segment} ${offset}`)) return
    flipped.add(`${segment} ${offset}`)
    const content = readFileSync(path)
    content[offset]! ^= mask
    writeFileSync(path, content)
    for (const entry of appended) {
      const { position } = entry
      if (position?.segment !== segment) continue
      if (position.offset <= offset && offset < position.offset + 12 + entry.bytes.length) entry.damaged = true
    }
  }

  const read = async (from?: Position, to = log.synced): Promise<LogRecord[]> => {
    const records: LogRecord[] = []
    for await (const record of readRecords(directory, from, to, { chunkBytes: 700 })) records.push(record)
    return records
  }

  /** After a restart whoever owns the log believes what it finds there. */
  const believe = async () => {
    for (const { position, bytes } of await read()) {
      const entry = appended[numberOf(bytes)]!
      if (entry.state === 'unknown') Object.assign(entry, { state: 'acknowledged', position })
    }
    for (const entry of appended) if (entry.state === 'unknown') entry.state = 'refused'
  }

  const crash = async ({ sizes, diesAfter, power, keep, fill }: Step & { do: 'crash' }) => {
    files.diesAfter = diesAfter
    await append(sizes)
    await log.roll()
    files.diesAfter = 0
    await log.close()
    if (power) {
      files.losePower((unsynced) => {
        const kept = unsynced.subarray(0, keep)
        return fill < 0 ? kept : Buffer.concat([kept, Buffer.alloc(unsynced.length - kept.length, fill)])
      })
    }
    files.diesAfter = Number.POSITIVE_INFINITY
    log = await open()
    await believe()
  }

  const check = async (pick: number) => {
    const records = await read()
    const numbers = records.map(({ bytes }) => numberOf(bytes))
    for (const [index, { bytes }] of records.entries()) {
      const entry = appended[numbers[index]!]
      expect(entry?.bytes.equals(bytes), 'a record that was never appended').toBe(true)
    }
    // In order, and each once.
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    const kept = appended.filter(({ state, damaged }) => state === 'acknowledged' && !damaged)
    expect(records.map(({ position }) => position)).toEqual(kept.map(({ position }) => position))
    const from = kept[pick % Math.max(1, kept.length)]?.position
    if (from) {
      const tail = kept.map(({ position }) => position!).filter((position) => comparePositions(position, from) >= 0)
      expect((await read(from)).map(({ position }) => position)).toEqual(tail)
      expect([...(await read(undefined, from)), ...(await read(from))]).toEqual(records)
    }
    for (const [index, position] of syncedSteps.entries()) {
      if (index > 0) expect(comparePositions(position, syncedSteps[index - 1]!)).toBeGreaterThan(0)
    }
    for (const { bytes } of log.segments()) expect(bytes).toBeLessThanOrEqual(1500)
    expect(log.bytes).toBe((await listSegments(directory)).reduce((sum, { bytes }) => sum + bytes, 0))
    expect(log.bytes).toBeLessThanOrEqual(bytesMax + 80 * 15)
  }

  const step = async (step: Step) => {
    if (step.do === 'append') await append(step.sizes)
    else if (step.do === 'roll') await log.roll()
    else if (step.do === 'drop') await dropOldest()
    else if (step.do === 'crash') await crash(step)
    else if (step.do === 'restart' || step.do === 'flip') {
      await log.close()
      if (step.do === 'flip') flip(step.at, step.mask)
      log = await open()
    } else if (step.do === 'fail') {
      files.failSyncs = step.syncs
      files.failWrites = step.writes
      files.failCreates = step.creates
      await append([30, 40])
      await append([50])
      files.failSyncs = files.failWrites = files.failCreates = 0
    } else {
      files.roomBytes = step.roomBytes
      await append(step.sizes)
      await log.roll()
      if (step.drop) await dropOldest()
      await append(step.sizes)
      files.roomBytes = Number.POSITIVE_INFINITY
    }
  }

  return {
    files,
    step,
    check,
    append,
    dropOldest,
    appendTo: (bytes: Buffer) => log.append(bytes),
    lastState: () => appended.at(-1)!.state,
    hasRoom: (bytes: number) => log.bytes + bytes <= bytesMax,
    async close() {
      await log.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

it('reads back all that was acknowledged, after torn tails, flipped bytes, failed fsyncs, full disks and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (list, pick) => {
      const log = await startCase()
      try {
        for (const step of list) {
          await log.step(step)
          await log.check(pick)
        }
        // And it still works.
        await log.dropOldest()
        const hasRoom = log.hasRoom(112)
        await log.append([100])
        expect(log.lastState()).toBe(hasRoom ? 'acknowledged' : 'refused')
        await log.step({ do: 'restart' })
        await log.check(pick)
      } finally {
        await log.close()
      }
    }),
    { numRuns: 100 },
  )
}, 120_000)

it('refuses with LogFullError on a full disk, and what fails is the end of what was appended', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 0, max: 3000 }), async (list, roomBytes) => {
      const log = await startCase()
      try {
        log.files.roomBytes = roomBytes
        const results = await Promise.allSettled(list.map((size) => log.appendTo(makeRecord(0, size))))
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LogFullError)
        }
        const refused = results.findIndex(({ status }) => status === 'rejected')
        if (refused >= 0) expect(results.slice(refused).every(({ status }) => status === 'rejected')).toBe(true)
      } finally {
        await log.close()
      }
    }),
    { numRuns: 60 },
  )
})
