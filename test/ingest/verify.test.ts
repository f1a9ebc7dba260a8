import { copyFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { Command } from 'commander'
import { expect, it, vi } from 'vitest'
import { UsageError } from '../../common/failure.ts'
import { addVerifyCommand, parseTime } from '../../ingest/verify/commands.ts'
import { printReport } from '../../ingest/verify/print-report.ts'
import { summarize, verify } from '../../ingest/verify/verify.ts'
import type { Body, Gap, Schema } from '../../protos/types.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { openData, rig, spoolA } from './verify-setup.ts'

const schema: Schema = {
  stream: '심전도',
  channels: [
    { name: 'x', kind: 'f64' },
    { name: 'n', kind: 'int' },
  ],
}
/** Ten rows, the first at 10 * number ns. */
const batch = (number: number, more = {}, of = schema): Body => {
  const rows = Array.from({ length: 10 }, (_, i) => number * 10 + i)
  return makeBatch(
    of,
    rows.map(BigInt),
    [f64(...rows.map((row) => row / 7)), { kind: 'int', values: Float64Array.from(rows) }],
    more,
  )
}
const gap = (numbers: Gap['numbers'], more: Partial<Gap> = {}): Body => ({
  type: 'gap',
  gap: {
    fromNs: 20n,
    toNs: 30n,
    streams: [],
    cause: 'spool_full',
    detail: '',
    spool: spoolA,
    numbers,
    rows: 10,
    ...more,
  },
})

async function fill(numbers: number[]) {
  const data = await openData()
  data.saveSchema(schema)
  for (const number of numbers) await data.put(number, batch(number))
  return data
}

it('agrees when all is stored, and counts what is pending apart', async () => {
  const data = await fill([1, 2, 3])
  await data.lakeTakesAll()
  const report = await verify({ dataFolder: data.folder })
  expect(report.agree).toBe(true)
  const [stream] = report.rigs[0]!.streams
  expect(stream).toMatchObject({
    stream: '심전도',
    delivered: { envelopes: 3, rows: 30, readings: 60 },
    lake: { rows: 30, readings: 60, pending: { rows: 0 } },
    journal: { envelopes: 3, found: { rows: 30, readings: 60 } },
    duplicates: 0,
    problems: [],
  })
  expect(stream!.lake.checksum).toBe(stream!.journal.found.checksum)
  expect(report.rigs[0]!.spools).toMatchObject([{ spool: spoolA, numbers: [{ from: 1, to: 3 }], holes: [], twice: 0 }])
  expect(summarize(report)).toEqual({ lake: 60, influx: 0, notRepresentable: 0, duplicates: 0 })

  await data.put(4, batch(4))
  const later = await verify({ dataFolder: data.folder })
  expect(later.agree).toBe(true)
  expect(later.rigs[0]!.streams[0]).toMatchObject({
    delivered: { rows: 40 },
    lake: { rows: 30, pending: { envelopes: 1, rows: 10, readings: 20 } },
  })
  expect(printReport(later)).toMatch(/심전도 +40 +30 +10/)
})

it('tells a hole from what a Gap declares', async () => {
  const data = await fill([1, 2, 5])
  await data.lakeTakesAll()
  const report = await verify({ dataFolder: data.folder })
  expect(report.agree).toBe(false)
  expect(report.rigs[0]!.spools[0]!.holes).toEqual([{ from: 3, to: 4 }])
  expect(printReport(report)).toMatch(/! 2 numbers did not come: 3-4/)

  await data.put(6, gap([{ from: 3, to: 4 }]))
  for (const stored of [false, true]) {
    if (stored) await data.lakeTakesAll()
    const declared = await verify({ dataFolder: data.folder })
    expect(declared.agree).toBe(true)
    expect(declared.rigs[0]!.spools[0]).toMatchObject({ holes: [], declared: [{ from: 3, to: 4 }] })
    expect(declared.rigs[0]!.gaps).toMatchObject([{ cause: 'spool_full', rows: 10 }])
    expect(printReport(declared)).toMatch(/gap in all streams .*spool_full, 10 rows/)
  }
})

it('of an agent that was started again and again, tells the newest spools and those that lack something', async () => {
  const data = await openData()
  data.saveSchema(schema)
  const spools = Array.from({ length: 60 }, (_, i) => `01HZZZZZZZZZZZZZZZZZZZZZ${String(i + 10)}`)
  for (const [i, spool] of spools.entries()) {
    await data.put(1, batch(i), { spool, predecessor: spools[i - 1] ?? '' })
    if (i === 7) await data.put(3, batch(100), { spool })
  }
  await data.lakeTakesAll()
  const report = await verify({ dataFolder: data.folder })
  expect(report.rigs[0]!.spools).toHaveLength(60)
  const printed = printReport(report).split('\n')
  const told = printed.flatMap((line) => /^ {2}spool \S+(\d\d) /.exec(line)?.[1] ?? [])
  expect(told).toEqual(['17', ...Array.from({ length: 10 }, (_, i) => String(60 + i))])
  expect(printed).toContain('  49 older spools that lack nothing: 49 envelopes; --json has them all')
})

it('tells Gaps in the order of their times, and of thousands the first and the last', async () => {
  const data = await fill([1])
  const count = 60
  for (let i = 0; i < count; i++) {
    // A stream of Gaps as they may come: of a backlog, the newest first.
    const fromNs = BigInt(count - i) * 1_000_000_000n
    await data.put(2 + i, gap([], { fromNs, toNs: fromNs + 5n, cause: 'agent_down' }))
  }
  await data.lakeTakesAll()
  const report = await verify({ dataFolder: data.folder })
  const times = report.rigs[0]!.gaps.map(({ fromNs }) => Number(fromNs) / 1e9)
  expect(times).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  const printed = printReport(report)
    .split('\n')
    .filter((line) => /^ {2}(gap|\.\.\.) /.test(line))
  expect(printed).toHaveLength(41)
  expect(printed[0]).toMatch(/from 1970-01-01T00:00:01/)
  expect(printed[20]).toMatch(/^ {2}\.\.\. 20 more gaps, between these in time \(agent_down 20\); /)
  expect(printed.at(-1)).toMatch(/from 1970-01-01T00:01:00/)
})

it('shows what a Gap declares gone as that, not as lost, when the catalog counts it too', async () => {
  const data = await fill([1, 2])
  await data.put(6, gap([{ from: 3, to: 5 }]))
  await data.lakeTakesAll()
  const ranges = [{ from: 1, to: 6 }]
  // The second: a catalog that had no room for the declared numbers apart; then the Gap itself says so.
  for (const gone of [[{ from: 3, to: 5 }], []]) {
    data.catalog.saveRanges([{ rig, spool: spoolA, predecessor: '', ranges, gone }], data.journal.synced)
    const report = await verify({ dataFolder: data.folder })
    expect(report.rigs[0]!.spools[0]).toMatchObject({
      numbers: [
        { from: 1, to: 2 },
        { from: 6, to: 6 },
      ],
      holes: [],
      declared: [{ from: 3, to: 5 }],
      lost: [],
    })
    expect(report.agree).toBe(true)
    expect(printReport(report)).toMatch(/3 declared gone/)
  }
})

it('knows by the catalog alone what a Gap declared gone, when the Gap itself is kept no more', async () => {
  const data = await fill([1, 2])
  await data.lakeTakesAll()
  const spool = { rig, spool: spoolA, predecessor: '', ranges: [{ from: 1, to: 4 }], gone: [{ from: 3, to: 4 }] }
  data.catalog.saveRanges([spool], data.journal.synced)
  const report = await verify({ dataFolder: data.folder })
  expect(report.rigs[0]!.spools[0]).toMatchObject({ lost: [], holes: [], declared: spool.gone })
  expect(report.agree).toBe(true)
})

it('misses a spool of which nothing came, but not the one before the first', async () => {
  const data = await fill([])
  await data.put(1, batch(1), { predecessor: '01HZZZZZZZZZZZZZZZZZZZZZZ0' })
  await data.put(1, batch(2), { spool: '01HZZZZZZZZZZZZZZZZZZZZZZC', predecessor: '01HZZZZZZZZZZZZZZZZZZZZZZB' })
  await data.lakeTakesAll()
  const report = await verify({ dataFolder: data.folder })
  expect(report.rigs[0]!.missingSpools).toEqual(['01HZZZZZZZZZZZZZZZZZZZZZZB'])
  expect(report.agree).toBe(false)
})

it('finds what came and is in no store', async () => {
  const data = await fill([1, 2])
  await data.lakeTakesAll()
  data.catalog.saveRanges(
    [{ rig, spool: spoolA, predecessor: '', ranges: [{ from: 1, to: 4 }], gone: [] }],
    data.journal.synced,
  )
  const report = await verify({ dataFolder: data.folder })
  expect(report.rigs[0]!.spools[0]!.lost).toEqual([{ from: 3, to: 4 }])
  expect(report.agree).toBe(false)
})

it('finds numbers and rows that are there twice, but takes rows flagged as not rising for what they are', async () => {
  const data = await fill([1, 2])
  await data.put(3, batch(2, { notRising: true }))
  await data.put(4, batch(2, { era: 1 }))
  await data.lakeTakesAll()
  expect((await verify({ dataFolder: data.folder })).agree).toBe(true)
  await data.put(5, batch(6))
  await data.put(5, batch(7))
  await data.lakeTakesAll()
  const twice = await verify({ dataFolder: data.folder })
  expect(twice.agree).toBe(false)
  expect(twice.rigs[0]!.spools[0]!.twice).toBe(1)
  expect(summarize(twice).duplicates).toBe(1)
  // A file that is there under two names.
  const [file] = data.catalog.lakeFiles('심전도')
  const path = file!.path.replace(/-0/, '-1')
  copyFileSync(join(data.folder, 'lake', file!.path), join(data.folder, 'lake', path))
  data.catalog.addLakeFiles([{ ...file!, path }], undefined)
  const report = await verify({ dataFolder: data.folder })
  expect(report.agree).toBe(false)
  expect(report.rigs[0]!.streams[0]!.duplicates).toBe(30)
  expect(summarize(report).duplicates).toBe(31)
})

it('notices a file that is missing, and one value that is another', async () => {
  const data = await fill([1, 2, 3])
  await data.lakeTakesAll()
  const [file] = data.catalog.lakeFiles('심전도')
  const path = join(data.folder, 'lake', file!.path)

  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  const kept = await connection.runAndReadAll(
    `SELECT decode(value) FROM parquet_kv_metadata('${path}') WHERE decode(key) = 'rigline_columns'`,
  )
  const columns = String(kept.getRows()[0]![0]).replaceAll("'", "''")
  await connection.run(
    `COPY (SELECT * REPLACE (CASE WHEN t_ns = 17 THEN x + 1e-15 ELSE x END AS x) FROM '${path}')
     TO '${path}.new' (FORMAT parquet, KV_METADATA {rigline_columns: '${columns}'})`,
  )
  await connection.run(`COPY (SELECT 1) TO '${path}.other'`)
  connection.closeSync()
  instance.closeSync()
  const { renameSync } = await import('node:fs')
  renameSync(`${path}.new`, path)
  expect((await verify({ dataFolder: data.folder })).problems).toMatchObject([expect.stringMatching(/bytes, not/)])

  data.catalog.addLakeFiles([{ ...file!, bytes: statSync(path).size }], data.catalog.cursor('lake')!)
  const changed = await verify({ dataFolder: data.folder })
  expect(changed.agree).toBe(false)
  expect(changed.rigs[0]!.streams[0]!.problems).toEqual(['values in the lake differ from its ledger'])

  rmSync(path)
  const missing = await verify({ dataFolder: data.folder })
  expect(missing.agree).toBe(false)
  expect(missing.problems).toEqual([`${path} is missing: 30 rows of 심전도`])
  expect(missing.rigs[0]!.streams[0]!.problems[0]).toMatch(/the lake has 0 rows .* its ledger says 30/)
})

it('looks at one rig and a span of time, batches across its ends included', async () => {
  const data = await fill([1, 2, 3, 4])
  await data.put(1, batch(2), { rig: 'b', spool: '01HZZZZZZZZZZZZZZZZZZZZZZB' })
  await data.lakeTakesAll()
  await data.put(5, batch(5))
  const report = await verify({ dataFolder: data.folder, rig, fromNs: 15n, toNs: 45n })
  expect(report.agree).toBe(true)
  expect(report.rigs.map(({ rig }) => rig)).toEqual([rig])
  expect(report.rigs[0]!.streams[0]).toMatchObject({
    delivered: { rows: 30 },
    lake: { rows: 30, pending: { rows: 0 } },
  })
})

it('counts apart what waits for its schema and what is in quarantine', async () => {
  const data = await fill([1])
  const unknown: Schema = { stream: 'u', channels: [...schema.channels, { name: 'z', kind: 'bool' }] }
  await data.put(2, batch(2, {}, unknown))
  await data.lakeTakesAll()
  data.quarantine.put({
    by: 'lake',
    reason: 'unreadable',
    detail: '',
    rig,
    spool: spoolA,
    seq: 3,
    content: 'envelope',
    bytes: new Uint8Array(1),
  })
  data.catalog.saveRanges(
    [{ rig, spool: spoolA, predecessor: '', ranges: [{ from: 1, to: 3 }], gone: [] }],
    data.journal.synced,
  )
  const report = await verify({ dataFolder: data.folder })
  expect(report.rigs[0]!.spools[0]).toMatchObject({ parked: 1, quarantined: 1, lost: [], holes: [] })
  expect(report.quarantined).toEqual({ 'lake: unreadable': 1 })
  expect(report.agree).toBe(true)
})

it('is a command whose exit code says whether all agrees', async () => {
  const data = await fill([1, 3])
  await data.lakeTakesAll()
  const run = async (...args: string[]) => {
    const said: string[] = []
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      said.push(String(text))
      return true
    })
    const program = new Command().exitOverride()
    addVerifyCommand(program)
    try {
      await program.parseAsync(['node', 'rigline', 'verify', ...args])
      return { code: process.exitCode, text: said.join('') }
    } finally {
      spy.mockRestore()
      process.exitCode = undefined
    }
  }
  const bad = await run('--data', data.folder, '--json')
  expect(bad.code).toBe(1)
  expect(JSON.parse(bad.text).rigs[0].spools[0].holes).toEqual([{ from: 2, to: 2 }])
  await data.put(2, batch(2))
  const good = await run('--data', data.folder)
  expect(good).toMatchObject({ code: 0, text: expect.stringMatching(/All agree/) })
  await expect(run('--data', join(data.folder, 'none'))).rejects.toThrow(UsageError)
  await expect(run('--data', data.folder, '--from', 'noon')).rejects.toThrow(/--from noon is no time/)
  await expect(run('--data', data.folder, '--from', '2026-01-02', '--to', '2026-01-01')).rejects.toThrow(UsageError)
  await expect(run('--data', data.folder, '--from', '-2s', '--to', '-2s')).rejects.toThrow(/are the same time/)
})

it('reads times to the nanosecond', () => {
  expect(parseTime('--from', '1970-01-01T00:00:01.000000001Z')).toBe(1_000_000_001n)
  expect(parseTime('--from', '1970-01-01T09:00:00+09:00')).toBe(0n)
  expect(parseTime('--from', '1970-01-02')).toBe(86_400_000_000_000n)
  expect(parseTime('--from', '1700000000123456789')).toBe(1_700_000_000_123_456_789n)
  expect(parseTime('--to', '-30s', 40_000_000_000n)).toBe(10_000_000_000n)
  expect(parseTime('--to', 'now', 40_000_000_000n)).toBe(40_000_000_000n)
})
