import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, it, onTestFinished } from 'vitest'
import { createClock } from '../../common/clock.ts'
import { silentLog } from '../../common/log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { ulid } from '../../common/ulid.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { createJournalRoom } from '../../ingest/journal-room.ts'
import { createOwn, NotStoredError, type Own } from '../../ingest/own.ts'
import { retentionConfig } from '../../ingest/retention/config.ts'
import { NotNowError } from '../../ingest/retention/declare-removal.ts'
import { createPassedTime } from '../../ingest/retention/passed-time.ts'
import { type RetentionOptions, startRetention } from '../../ingest/retention.ts'
import { createSequence } from '../../ingest/sequence.ts'
import { recoverFiles } from '../../ingest/sinks/lake/lake-files.ts'
import { sharesOf } from '../../ingest/sinks/lake/look-up.ts'
import { openLakeReader } from '../../ingest/sinks/lake/read-lake.ts'
import { verify } from '../../ingest/verify/verify.ts'
import type { Body, Schema } from '../../protos/types.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { openData, rig } from './verify-setup.ts'

const dayMs = 86_400_000
const other = '부산-2'
const spoolB = '01HZZZZZZZZZZZZZZZZZZZZZZB'
const schemaOf = (stream: string): Schema => ({ stream, channels: [{ name: '값', kind: 'f64' }] })
const heart = schemaOf('심박')
const power = schemaOf('전력')

const ns = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n
/** Times that tell nothing of when they came. */
const first = ns('1970-01-01T00:00:01Z')
const early = ns('2019-05-05T00:00:00Z')
const ahead = ns('2099-01-01T00:00:00Z')

/** Random: Parquet cannot make it smaller. */
const batch = (of: Schema, fromNs: bigint, rows = 10): Body =>
  makeBatch(
    of,
    Array.from({ length: rows }, (_, i) => fromNs + BigInt(i)),
    [f64(...Array.from({ length: rows }, Math.random))],
  )

async function setUp() {
  const data = await openData()
  const lakeFolder = join(data.folder, 'lake')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const room = createJournalRoom(data.journal, {
    folder: data.folder,
    bytesMax: 1e9,
    recordBytesMax: 512 * 1024,
    warn: silentLog.warn,
  })
  const journal = { log: data.journal, room, sequence: createSequence([]), had() {} }
  const own = createOwn({ journal, clock: createClock(), log: silentLog, onStored() {} })
  data.saveSchema(heart)
  data.saveSchema(power)
  let nowMs = Date.now()
  const retentionOf = (config: Record<string, number>, more: Partial<RetentionOptions> = {}) => {
    const retention = startRetention({
      config: retentionConfig.parse(config),
      catalog: data.catalog,
      own,
      lakeFolder,
      describe: (paths) => sharesOf(connection, lakeFolder, paths),
      log: silentLog,
      nowMs: () => nowMs,
      passedTime: { nowMs: () => nowMs },
      ...more,
    })
    onTestFinished(retention.close)
    return retention
  }
  /** What the lake takes of one segment. */
  const segment = async (...bodies: [seq: number, body: Body, more?: { rig?: string; spool?: string }][]) => {
    for (const [seq, body, more] of bodies) await data.put(seq, body, more)
    await data.journal.roll()
    await data.lakeTakesAll()
  }
  return {
    ...data,
    lakeFolder,
    connection,
    own,
    retentionOf,
    segment,
    pass(ms: number) {
      nowMs += ms
    },
    files: (table: string) => data.catalog.lakeFiles(table).map(({ path }) => path),
    onDisk: (path: string) => existsSync(join(lakeFolder, path)),
    async gaps() {
      const reader = await openLakeReader(lakeFolder, data.catalog)
      try {
        const table = reader.table('_gaps')
        const rows: Record<string, unknown>[] = []
        if (table)
          for await (const some of reader.query(`SELECT * FROM ${table} ORDER BY of_rig, from_ns`)) rows.push(...some)
        return rows
      } finally {
        reader.close()
      }
    },
  }
}

const inOther = { rig: other, spool: spoolB }

it('removes nothing unless it is told to, and nothing that came today, whatever its times say', async () => {
  const data = await setUp()
  await data.segment([1, batch(heart, first)], [2, batch(heart, early)], [3, batch(power, ahead)])
  await data.retentionOf({}).turn()
  await data.retentionOf({ ageMaxDays: 1 }).turn()
  data.pass(dayMs - 60_000)
  await data.retentionOf({ ageMaxDays: 1 }).turn()
  expect([data.files('심박').length, data.files('전력').length]).toEqual([1, 1])
  expect(data.catalog.lakeRemovals()).toEqual({ files: 0, bytes: 0, lastMs: undefined })
})

it('removes by age, says of each rig what is missing from when to when, and verify knows', async () => {
  const data = await setUp()
  await data.segment(
    [1, batch(heart, early)],
    [1, batch(heart, ahead), inOther],
    [2, batch(heart, early + 100n)],
    [3, batch(power, first, 7)],
  )
  const [heartFile, powerFile] = [...data.files('심박'), ...data.files('전력')] as [string, string]
  data.pass(30 * dayMs + 2 * 3_600_000)
  const retention = data.retentionOf({ ageMaxDays: 30 })
  await retention.turn()
  expect([...data.files('심박'), ...data.files('전력')]).toEqual([])
  // A query may be reading them.
  expect([data.onDisk(heartFile), data.onDisk(powerFile)]).toEqual([true, true])
  expect((await retention.status()).removed).toMatchObject({ files: 2 })

  for (const state of ['the Gaps are in the journal', 'the Gaps are in the lake']) {
    if (state === 'the Gaps are in the lake') await data.lakeTakesAll()
    const report = await verify({ dataFolder: data.folder })
    expect([state, report.rigs.flatMap(({ streams }) => streams.flatMap(({ problems }) => problems))]).toEqual([
      state,
      [],
    ])
    expect(report.agree).toBe(true)
    const mine = report.rigs.find((each) => each.rig === rig)!
    expect(
      mine.streams.map(({ stream, lake, delivered }) => [stream, lake.rows, lake.removed.rows, delivered.rows]),
    ).toEqual([
      ['심박', 0, 20, 20],
      ['전력', 0, 7, 7],
    ])
    expect(mine.gaps.map(({ cause, rows, streams }) => [cause, rows, streams]).sort()).toEqual([
      ['retention', 20, ['심박']],
      ['retention', 7, ['전력']],
    ])
    const span = await verify({ dataFolder: data.folder, rig, fromNs: early + 5n, toNs: early + 105n })
    expect(span.agree).toBe(true)
  }
  expect(await data.gaps()).toMatchObject([
    { rig: 'ingest', of_rig: other, from_ns: ahead - 1n, to_ns: ahead + 10n, rows: 10n, cause: 'retention' },
    { of_rig: rig, from_ns: first - 1n, to_ns: first + 7n, rows: 7n, streams: '["전력"]' },
    {
      of_rig: rig,
      from_ns: early - 1n,
      to_ns: early + 110n,
      rows: 20n,
      detail: expect.stringMatching(
        /^removed from the lake: it came more than 30 days ago \(ageMaxDays\); 1 files, \d+ bytes$/,
      ),
    },
  ])

  data.pass(11 * 60_000)
  await retention.turn()
  expect([data.onDisk(heartFile), data.onDisk(powerFile)]).toEqual([false, false])
  expect(await data.gaps()).toHaveLength(3)
  expect((await verify({ dataFolder: data.folder })).agree).toBe(true)
})

it('removes nothing because the clock is a year ahead for a while, and catches up where that is right', async () => {
  const data = await setUp()
  await data.segment([1, batch(heart, early)])
  let monotonicMs = 0
  let aheadMs = 0
  const wallMs = () => Date.now() + aheadMs
  const begin = () => {
    const passedTime = createPassedTime({ catalog: data.catalog, wallMs, monotonicMs: () => monotonicMs })
    return data.retentionOf({ ageMaxDays: 30 }, { nowMs: wallMs, passedTime })
  }
  // Of the first start with a lake of before, too.
  aheadMs = 365 * dayMs
  await begin().turn()
  const retention = begin()
  for (const hours of [1, 10]) {
    monotonicMs += hours * 3_600_000
    await retention.turn()
  }
  // What came meanwhile says the wrong time, and a start believes it no more than the clock.
  await begin().turn()
  expect(data.files('심박')).toHaveLength(1)
  // Back in 1970, and right again.
  aheadMs = -Date.now()
  await retention.turn()
  aheadMs = 40 * dayMs
  await retention.turn()
  expect(data.files('심박')).toHaveLength(1)
  monotonicMs += 30 * 3_600_000
  await retention.turn()
  expect(data.files('심박')).toEqual([])
})

it('deletes what was removed under a clock that has been set back since', async () => {
  const data = await setUp()
  await data.segment([1, batch(heart, early)])
  const [path] = data.files('심박') as [string]
  data.pass(365 * dayMs)
  const retention = data.retentionOf({ ageMaxDays: 1 })
  await retention.turn()
  data.pass(-5 * 60_000)
  await retention.turn()
  expect(data.onDisk(path)).toBe(true)
  data.pass(-364 * dayMs)
  await retention.turn()
  expect([data.onDisk(path), data.catalog.lakeLeftovers(9)]).toEqual([false, []])
})

it('removes by bytes the files that came first, and no more than it takes', async () => {
  const data = await setUp()
  for (let i = 0; i < 5; i++)
    await data.segment([i + 1, batch(i % 2 ? heart : power, early + BigInt(i) * 1_000_000n, 40_000)])
  const bytes = data.catalog.lakeFiles().reduce((sum, file) => sum + file.bytes, 0)
  const oldest = data.catalog.oldestLakeFiles(10)
  expect(oldest.map(({ table }) => table)).toEqual(['전력', '심박', '전력', '심박', '전력'])
  expect(bytes).toBeGreaterThan(1_400_000)
  const retention = data.retentionOf({ bytesMax: bytes - oldest[0]!.bytes - 1 })
  await retention.turn()
  expect(data.catalog.oldestLakeFiles(10)).toEqual(oldest.slice(2))
  await retention.turn()
  expect(data.catalog.oldestLakeFiles(10)).toEqual(oldest.slice(2))
  expect(await retention.status()).toMatchObject({
    bytes: bytes - oldest[0]!.bytes - oldest[1]!.bytes,
    removed: { files: 2, bytes: oldest[0]!.bytes + oldest[1]!.bytes },
    freeBytes: expect.any(Number),
  })
  // Another process counts the same.
  const again = openCatalog(join(data.folder, 'catalog.sqlite'))
  expect(again.lakeTotals()).toEqual(data.catalog.lakeTotals())
  again.close()
  await data.lakeTakesAll()
  const report = await verify({ dataFolder: data.folder })
  expect(report.agree).toBe(true)
  expect(
    report.rigs.find((each) => each.rig === rig)!.streams.map(({ lake }) => [lake.rows, lake.removed.rows]),
  ).toEqual([
    [40_000, 40_000],
    [80_000, 40_000],
  ])
})

it('leaves the streams half of the bytes, when the tables alone have more', async () => {
  const data = await setUp()
  for (let i = 0; i < 3; i++) await data.segment([i + 1, batch(heart, early + BigInt(i) * 1_000_000n, 40_000)])
  const [ledger] = data.catalog.lakeFiles('_envelopes')
  data.catalog.addLakeFiles([{ ...ledger!, path: 'v1/_health/years', table: '_health', bytes: 50_000_000 }], undefined)
  const before = data.files('심박')
  await data.retentionOf({ bytesMax: 2 * 1024 * 1024 }).turn()
  expect(data.files('심박')).toEqual(before)
  const { streamBytes } = data.catalog.lakeTotals()
  await data.retentionOf({ bytesMax: 2 * streamBytes - 2 }).turn()
  expect(data.files('심박')).toEqual(before.slice(1))
})

it('removes nothing of which it cannot be said that it is missing, and goes on from where a crash left it', async () => {
  const data = await setUp()
  await data.segment([1, batch(heart, early)], [1, batch(heart, early), inOther])
  const [path] = data.files('심박') as [string]
  data.pass(100 * dayMs)
  let added = 0
  const failing: Pick<Own, 'add'> = {
    add: (body) => (++added > 1 ? Promise.reject(new NotStoredError('the journal is full')) : data.own.add(body)),
  }
  await data.retentionOf({ ageMaxDays: 1 }, { own: failing }).turn()
  const notNow = () => Promise.reject(new NotNowError('the lake sink is not running'))
  await data.retentionOf({ ageMaxDays: 1 }, { describe: notNow }).turn()
  expect(data.files('심박')).toEqual([path])
  const retention = data.retentionOf({ ageMaxDays: 1 })
  await retention.turn()
  expect(data.files('심박')).toEqual([])

  // A start in between: neither taken back into the lake nor deleted too early.
  const recovered = await recoverFiles(data.connection, data.lakeFolder, data.journalFolder, data.catalog)
  expect(recovered).toEqual({ removed: 0, adopted: 0, unreadable: 0, adoptedEvents: 0, missing: 0 })
  expect(data.onDisk(path)).toBe(true)
  data.pass(11 * 60_000)
  // Deleted, and a crash before that was noted.
  data.catalog.lakeDeleted = () => {
    throw new Error('SQLITE_FULL')
  }
  await retention.turn()
  expect([data.onDisk(path), data.catalog.lakeLeftovers(10)]).toEqual([false, [path]])
  const second = openCatalog(join(data.folder, 'catalog.sqlite'))
  await data.retentionOf({}, { catalog: second }).turn()
  expect(second.lakeLeftovers(10)).toEqual([])
  second.close()
  await data.lakeTakesAll()
  expect((await verify({ dataFolder: data.folder })).agree).toBe(true)
})

it('removes a file that is gone from the disk or cannot be read by what the catalog says of it', async () => {
  const data = await setUp()
  await data.segment([1, batch(heart, early)], [2, batch(power, early)])
  rmSync(join(data.lakeFolder, data.files('심박')[0]!))
  writeFileSync(join(data.lakeFolder, data.files('전력')[0]!), 'no Parquet')
  data.pass(100 * dayMs)
  await data.retentionOf({ ageMaxDays: 1 }).turn()
  expect([...data.files('심박'), ...data.files('전력')]).toEqual([])
  await data.lakeTakesAll()
  expect(await data.gaps()).toMatchObject([
    { of_rig: rig, from_ns: early - 1n, to_ns: early + 10n, rows: 0n },
    { of_rig: rig, from_ns: early - 1n, to_ns: early + 10n, rows: 0n },
  ])
  expect((await verify({ dataFolder: data.folder })).agree).toBe(true)
})

it('tells what came late from what came at once in the same part of the journal', async () => {
  const data = await setUp()
  const late = schemaOf('늦은')
  await data.put(1, batch(heart, early))
  await data.put(2, batch(late, early, 4))
  await data.put(3, batch(heart, early + 100n))
  await data.journal.roll()
  await data.lakeTakesAll()
  data.saveSchema(late)
  await data.put(4, batch(late, early + 100n, 5))
  await data.journal.roll()
  await data.lakeTakesAll()
  const files = data.catalog.oldestLakeFiles(10)
  expect(files.map(({ path }) => path.includes('-late'))).toContain(true)
  for (const [removed, file] of files.entries()) {
    data.catalog.removeLakeFiles([file], 'one after the other', Date.now())
    const report = await verify({ dataFolder: data.folder })
    expect([removed, report.rigs[0]!.streams.flatMap(({ problems }) => problems)]).toEqual([removed, []])
  }
  expect(data.catalog.oldestLakeFiles(1)).toEqual([])
})

it('does not count as old what came before the clock of the host was first set', async () => {
  const data = await setUp()
  await data.segment([1, batch(heart, early)])
  const [file] = data.catalog.lakeFiles('심박')
  // A computer without a battery clock began in 1970, and was told the time an hour later.
  const unset = { ...file!, path: `${file!.path}-1970`, segment: ulid(undefined, 3_600_000) }
  data.catalog.addLakeFiles([unset], undefined)
  await data.retentionOf({ ageMaxDays: 30 }).turn()
  data.pass(29 * dayMs)
  await data.retentionOf({ ageMaxDays: 30 }).turn()
  expect(data.files('심박').sort()).toEqual([file!.path, unset.path])
  data.pass(2 * dayMs)
  await data.retentionOf({ ageMaxDays: 30 }).turn()
  expect(data.files('심박')).toEqual([])
})

it('grows files old by the clock at once when that is first set', () => {
  let wallMs = 60_000
  let cursor: Position | undefined
  const catalog = {
    cursor: () => cursor,
    saveCursor(_: string, at: Position) {
      cursor = at
    },
    newestLakeSegment: () => undefined,
  }
  const passed = createPassedTime({ catalog, wallMs: () => wallMs, monotonicMs: () => 0 })
  expect(passed.nowMs()).toBe(60_000)
  wallMs = Date.UTC(2026, 10, 21)
  expect(passed.nowMs()).toBe(wallMs)
})

it('counts files that the catalog lists and that somebody has deleted', async () => {
  const data = await setUp()
  await data.segment([1, batch(heart, early)], [1, batch(heart, early), inOther])
  const [path] = data.files('심박') as [string]
  rmSync(join(data.lakeFolder, path))
  const recovered = await recoverFiles(data.connection, data.lakeFolder, data.journalFolder, data.catalog)
  expect(recovered).toMatchObject({ removed: 0, adopted: 0, missing: 1 })
})
