import { describe, expect, it, onTestFinished } from 'vitest'
import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import type { LakeFile } from '../../ingest/catalog/types.ts'
import { createJournalTrim, oweWhatIsGone } from '../../ingest/journal-trim.ts'
import { temporaryFolder } from '../services/debian.ts'
import { createMemorySink, event, type Ground, openGround, startRunner } from './run-sink-setup.ts'

// What is dropped of the journal before InfluxDB had it: noted, skipped, and how the note follows the lake.

const segmentBytesMax = 4000
const name = (number: number): string => `01J0000000000000000000000${number}`
const at = (number: number, offset = 0): Position => ({ segment: name(number), offset })

const file = (segment: number, more: Partial<LakeFile> = {}): LakeFile => ({
  path: `v1/stream=s/${name(segment)}-${more.fromOffset ?? 0}${more.toOffset ?? ''}.parquet`,
  table: 's',
  segment: name(segment),
  fromOffset: 0,
  toOffset: 1000,
  rows: 10,
  minTimeNs: '0',
  maxTimeNs: '9',
  bytes: 100,
  rigs: ['r'],
  ...more,
})

async function openTable() {
  const catalog = openCatalog(`${await temporaryFolder()}/catalog.sqlite`)
  onTestFinished(() => catalog.close())
  const { owed } = catalog
  return {
    catalog,
    owed,
    add: (...files: LakeFile[]) => catalog.addLakeFiles(files, undefined),
    paths: () => owed.owedParts('influx').flatMap((part) => owed.owedFiles(part, 100).map((each) => each.file.path)),
    /** Refills all that is owed now. */
    refill() {
      for (const part of owed.owedParts('influx')) {
        const last = owed.owedFiles(part, 100).at(-1)
        if (last) owed.owedDone('influx', part, last.row)
      }
    },
  }
}

describe('what is noted as owed', () => {
  it('of files that cannot be read: by their names, however many, until they are written or the lake has them no more', async () => {
    const { catalog, owed, add, paths, refill } = await openTable()
    const late = file(1, { fromOffset: 300, toOffset: 700 })
    add(file(1), file(2), file(3), late)
    owed.owe('influx', at(1, 500), at(4))
    const [part] = owed.owedParts('influx')
    const [first, , , last] = owed.owedFiles(part!, 10)
    expect(last!.file.path).toBe(late.path)
    for (const unreadable of [first!, last!]) owed.setAside('influx', part!, unreadable)
    expect(paths()).toEqual([])
    // Again, by a part that has grown and begins anew.
    owed.owe('influx', at(4), at(5))
    owed.setAside('influx', owed.owedParts('influx')[0]!, first!)
    refill()
    expect(owed.filesAside('influx').map((each) => each.file.path)).toEqual([file(1).path, late.path])
    expect(owed.asideSum('influx')).toEqual({ files: 2, rows: 20, bytes: 200 })
    expect(owed.filesAside('lake')).toEqual([])
    owed.asideDone('influx', file(1).path)
    owed.settleOwed('influx')
    expect(owed.filesAside('influx').map((each) => each.file.path)).toEqual([late.path])
    catalog.removeLakeFiles([late], 'age', 0)
    expect(owed.asideSum('influx').files).toBe(0)
  })

  it('is united with what it adjoins, and names the files of its part alone', async () => {
    const { owed, add, paths } = await openTable()
    add(file(1), file(2), file(2, { table: '_envelopes', path: 'v1/_envelopes/x' }), file(3), file(4))
    owed.owe('influx', at(2), at(3))
    owed.owe('influx', at(3), at(4))
    expect(owed.owedParts('influx')).toMatchObject([{ from: at(2), to: at(4) }])
    expect(paths()).toEqual([file(2).path, file(3).path])
    owed.owe('influx', at(5), at(6))
    expect(owed.owedParts('influx')).toHaveLength(2)
    expect(owed.owedParts('lake')).toEqual([])
    expect(owed.owedSum(owed.owedParts('influx')[0]!)).toEqual({ files: 2, rows: 20, bytes: 200 })
  })

  it('begins where the sink stands in a segment', async () => {
    const { owed, add, paths } = await openTable()
    add(file(1, { toOffset: 500 }), file(1, { fromOffset: 500 }))
    owed.owe('influx', at(1, 500), at(2))
    expect(paths()).toEqual([file(1, { fromOffset: 500 }).path])
  })

  it('takes in a file that joins the part after its refill, until that is refilled too', async () => {
    const { owed, add, paths, refill } = await openTable()
    add(file(1), file(2), file(3))
    owed.owe('influx', at(1), at(3))
    refill()
    expect(paths()).toEqual([])
    owed.settleOwed('influx')
    add(file(4), file(2, { path: 'v1/stream=s/late.parquet' }))
    expect(paths()).toEqual(['v1/stream=s/late.parquet'])
    refill()
    expect(paths()).toEqual([])
  })

  it('is not taken for done where it grew during a refill', async () => {
    const { owed, add, paths } = await openTable()
    add(file(1), file(2), file(3), file(1, { path: 'v1/stream=s/late.parquet' }))
    owed.owe('influx', at(1), at(2))
    const [part] = owed.owedParts('influx')
    const files = owed.owedFiles(part!, 100)
    expect(files.map((each) => each.file.path)).toEqual([file(1).path, 'v1/stream=s/late.parquet'])
    owed.owe('influx', at(2), at(3))
    owed.owedDone('influx', part!, files.at(-1)!.row)
    expect(paths()).toContain(file(2).path)
  })

  it('stays bounded, whatever number of outages there was', async () => {
    const { owed, add, refill, paths } = await openTable()
    for (let number = 0; number < 300; number++) {
      const segment = `01J000000000000000000${String(number * 2).padStart(5, '0')}`
      add(file(1, { segment, path: `v1/stream=s/${number}.parquet` }))
      owed.owe(
        'influx',
        { segment, offset: 0 },
        { segment: segment.replace(/.$/, (digit) => String(Number(digit) + 1)), offset: 0 },
      )
      if (number !== 299) refill()
      if (number % 50 === 49) owed.settleOwed('influx')
    }
    expect(owed.owedParts('influx').length).toBeLessThanOrEqual(151)
    expect(paths()).toEqual(['v1/stream=s/299.parquet'])
  })
})

/** The wiring of ingest around one sink, with a journal that is nearly full at `bytesMax`. */
function createTrim(ground: Ground, bytesMax: number, cursors: { lake: Position }) {
  const notes: number[] = []
  const trim = createJournalTrim({
    journal: {
      log: ground.journal,
      async dropBefore(position) {
        for (const segment of ground.journal.segments()) {
          if (!segment.sealed || segment.name >= position.segment) break
          await ground.journal.drop(segment.name)
        }
      },
    },
    catalog: ground.catalog,
    sinks: () => [
      { name: 'lake', status: () => ({ state: 'running', cursor: cursors.lake, counters: {}, restarts: 0 }) },
      { name: 'influx', status: () => ({ state: 'waiting', cursor: undefined, counters: {}, restarts: 0 }) },
    ],
    bytesMax,
    onOwed: (bytes) => notes.push(bytes),
  })
  return { trim, notes }
}

const fill = async (ground: Ground, segments: number) => {
  while (ground.journal.segments().length < segments) await ground.append(event('x'.repeat(500)))
}

describe('a journal near its limit, InfluxDB away', () => {
  it('gives up the oldest segments that the lake has, and no others', async () => {
    const ground = await openGround({ segmentBytesMax })
    await fill(ground, 8)
    const names = ground.journal.segments().map((segment) => segment.name)
    const bytesMax = ground.journal.bytes
    const cursors = { lake: { segment: names[1]!, offset: 100 } }
    const { trim, notes } = createTrim(ground, bytesMax, cursors)
    expect(trim.isNear()).toBe(true)
    await trim.trim(ground.journal.synced)
    expect(ground.journal.segments()[0]!.name).toBe(names[1])
    expect(ground.catalog.owed.owedParts('influx')).toMatchObject([
      { from: { segment: names[0], offset: 0 }, to: { segment: names[1], offset: 0 } },
    ])
    // The lake has no more yet: receipts must stop rather than that something goes.
    await trim.trim(ground.journal.synced)
    expect(ground.journal.segments()[0]!.name).toBe(names[1])
    cursors.lake = ground.journal.synced
    await trim.trim(ground.journal.synced)
    expect(trim.isNear()).toBe(false)
    const [first] = ground.journal.segments()
    expect(ground.journal.bytes).toBeGreaterThan(bytesMax / 2)
    expect(ground.catalog.owed.owedParts('influx')).toMatchObject([
      { from: { segment: names[0], offset: 0 }, to: { segment: first!.name, offset: 0 } },
    ])
    expect(notes).toHaveLength(2)
  })

  it('every envelope is written or owed, wherever the sink stood: its cursor never goes back, nothing counts as damage', async () => {
    const ground = await openGround({ segmentBytesMax })
    let release = () => {}
    const blocked = new Promise<void>((resolve) => {
      release = resolve
    })
    // It takes some, then its store is away: with half of a segment in hand.
    let flushes = 0
    const memory = createMemorySink({}, 3)
    const { flush } = memory.sink
    memory.sink.flush = async (signal, upTo) => {
      if (++flushes === 3) await blocked
      await flush(signal, upTo)
    }
    await fill(ground, 8)
    const all = ground.journal.segments()
    const first = startRunner(ground, memory.sink)
    first.synced()
    await expect.poll(() => flushes).toBe(3)
    const stood = ground.catalog.cursor('influx')!
    expect(stood.segment).toBe(all[0]!.name)

    const { trim } = createTrim(ground, ground.journal.bytes / 2, { lake: ground.journal.synced })
    await trim.trim(ground.journal.synced)
    const [owed] = ground.catalog.owed.owedParts('influx')
    expect(owed!.from).toEqual(stood)
    const oldest = ground.journal.segments()[0]!.name
    expect(owed!.to).toEqual({ segment: oldest, offset: 0 })
    expect(oldest > all[3]!.name).toBe(true)
    release()
    await first.flush()
    const cursor = ground.catalog.cursor('influx')!
    expect(comparePositions(cursor, stood)).toBeGreaterThan(0)
    await first.close()

    // Another start, again with a cursor in what is gone.
    ground.catalog.saveCursor('influx', stood)
    const second = createMemorySink()
    const again = startRunner(ground, second.sink)
    again.synced()
    await again.flush()
    const statuses = [...first.said, ...again.said].filter((message) => message.type === 'status')
    expect(statuses.map((status) => status.counters.damaged_bytes)).toEqual(statuses.map(() => 0))
    await again.close()

    const isOwed = (position: Position) =>
      comparePositions(position, owed!.from) >= 0 && comparePositions(position, owed!.to) < 0
    const left = all.filter((segment) => segment.name >= oldest)
    for (const { stored } of [memory, second]) {
      const written = stored().map(({ position }) => position)
      // In order, each once.
      expect([...written].sort(comparePositions)).toEqual(written)
      expect(new Set(written.map((position) => JSON.stringify(position))).size).toBe(written.length)
      // Of each segment that is left all, and of those that went none that is not owed.
      const segments = new Set(written.map((position) => position.segment))
      for (const segment of left) if (segment.bytes > 100) expect(segments.has(segment.name)).toBe(true)
      for (const position of written) {
        if (position.segment < oldest) expect(comparePositions(position, stood) < 0 || isOwed(position)).toBe(true)
      }
    }
  })

  it('killed between the note and the drop, it has both, and another start notes the same once', async () => {
    const ground = await openGround({ segmentBytesMax })
    await fill(ground, 6)
    const names = ground.journal.segments().map((segment) => segment.name)
    const to = { segment: names[2]!, offset: 0 }
    ground.catalog.owed.owe('influx', { segment: names[0]!, offset: 0 }, to)
    const { trim } = createTrim(ground, ground.journal.bytes, { lake: ground.journal.synced })
    await trim.trim(ground.journal.synced)
    expect(ground.catalog.owed.owedParts('influx')).toHaveLength(1)
    expect(ground.catalog.owed.owedParts('influx')[0]!.from).toEqual({ segment: names[0], offset: 0 })
  })

  it('what went while there was no sink for InfluxDB is owed when there is one again', async () => {
    const ground = await openGround({ segmentBytesMax })
    await fill(ground, 4)
    const [first, second] = ground.journal.segments()
    ground.catalog.saveCursor('influx', { segment: first!.name, offset: 200 })
    await ground.journal.drop(first!.name)
    oweWhatIsGone(ground.catalog, ground.journal)
    expect(ground.catalog.owed.owedParts('influx')).toEqual([])
    ground.catalog.addLakeFiles([file(1, { segment: first!.name, toOffset: first!.bytes })], undefined)
    oweWhatIsGone(ground.catalog, ground.journal)
    expect(ground.catalog.owed.owedParts('influx')).toMatchObject([
      { from: { segment: first!.name, offset: 200 }, to: { segment: second!.name, offset: 0 } },
    ])
  })
})
