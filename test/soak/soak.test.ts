import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { builtProgram, packageRoot } from '../../common/program.ts'
import { describeWith } from '../services/debian.ts'
import { judgeCurves } from './bounds.ts'
import { growthOf, judgeGrowth, judgeMost, judgeSteady, numbersOf, type Point } from './curves.ts'
import { lookAtProcess } from './proc.ts'
import { catalogRate, printCurves, printSamples } from './report.ts'
import type { Summary } from './run.ts'
import { type CurveName, curveNames, type Sample } from './sample.ts'

const everyS = 10
const pointsOf = (values: number[]): Point[] => values.map((value, i) => ({ atS: i * everyS, value }))
const curve = (count: number, valueAt: (i: number) => number): Point[] =>
  pointsOf(Array.from({ length: count }, (_, i) => valueAt(i)))

describe('curves', () => {
  test('are told by first, last, most and the slope of the second half', () => {
    // Steep at first, then 3 in ten seconds.
    const points = curve(61, (i) => (i < 30 ? i * 50 : 1500 + (i - 30) * 3))
    expect(numbersOf(points)).toEqual({ first: 0, last: 1590, most: 1590, perHour: 1080 })
    expect(numbersOf(pointsOf([5, 9, 7]))).toMatchObject({ first: 5, last: 7, most: 9 })
    expect(numbersOf([])).toEqual({ first: 0, last: 0, most: 0, perHour: 0 })
    expect(growthOf(points)).toBe(90)
  })

  test('find a leak, and none where memory only gets warm', () => {
    const judge = (valueAt: (i: number) => number) => judgeSteady(curve(60, valueAt), 0.15, 20)
    expect(judge((i) => 100 + i * 4)).toBe('grows')
    expect(judge((i) => 100 + 80 * (1 - Math.exp(-i / 8)))).toBe('flat')
    expect(judge((i) => 150 + (i % 5) * 10)).toBe('flat')
    // Handles.
    expect(
      judgeSteady(
        curve(60, (i) => 20 + i),
        0,
        10,
      ),
    ).toBe('grows')
  })

  test('of a short soak say nothing of memory', () => {
    expect(
      judgeSteady(
        curve(12, (i) => 100 + i * 50),
        0.15,
        20,
      ),
    ).toBe('too short')
    expect(judgeSteady([], 0.15, 20)).toBe('too short')
  })

  test('that stand for data may grow with them, and no faster', () => {
    const points = curve(60, (i) => i * 100)
    expect(judgeGrowth(points, growthOf(points))).toBe('grows with data')
    expect(judgeGrowth(points, growthOf(points) - 1)).toBe('grows')
    expect(judgeGrowth(pointsOf([7, 7, 7]), 0)).toBe('flat')
    expect(judgeMost(pointsOf([1, 5, 2]), 5)).toBe('flat')
    expect(judgeMost(pointsOf([1, 5, 2]), 4)).toBe('grows')
  })
})

/** Ten minutes in which nothing is wrong. */
function soundSamples(change: (values: Sample['values'], i: number) => Partial<Sample> | undefined = () => undefined) {
  return Array.from({ length: 60 }, (_, i): Sample => {
    const values: Sample['values'] = Object.fromEntries(curveNames.map((name) => [name, 10]))
    Object.assign(values, { parked: 0, lake_files: i * 16, lake_rows: i * 4000, lake_bytes: i * 300_000 })
    Object.assign(values, { spools: i, ranges: i, catalog_bytes: 100_000 + i * 16 * 500 })
    return {
      atS: i * everyS,
      quiet: i === 59,
      sinksUp: true,
      values,
      children: [7, 8],
      liveRigs: 5,
      ...change(values, i),
    }
  })
}
const broken = (samples: Sample[], starts = 1000): string[] =>
  Object.entries(judgeCurves(samples, starts)).flatMap(([name, { judgement }]) => (judgement === 'grows' ? [name] : []))

describe('bounds', () => {
  test('hold where nothing is wrong', () => {
    expect(broken(soundSamples())).toEqual([])
    const judged = judgeCurves(soundSamples(), 1000)
    expect(Object.keys(judged)).toEqual([...curveNames])
    expect(judged.lake_files?.judgement).toBe('grows with data')
    expect(judged.ingest_memory_mb?.judgement).toBe('flat')
  })

  test.each<[CurveName, (i: number) => number]>([
    ['ingest_memory_mb', (i) => 100 + i * 4],
    ['history_handles', (i) => 30 + i],
    ['journal_bytes', () => 300 * 1024 * 1024],
    ['journal_segments', (i) => i],
    ['spool_bytes_most', () => 600_000],
    ['catalog_bytes', (i) => 100_000 + i * 80_000],
    ['catalog_wal_bytes', (i) => i * 1_000_000],
    ['lake_files', (i) => i * 60],
    ['lake_bytes', (i) => i * 3_000_000],
    ['quarantine_bytes', (i) => i * 100_000],
    ['ranges', (i) => i * 2],
    ['parked', (i) => i],
  ])('%s that grows is found', (name, valueAt) => {
    const samples = soundSamples((values, i) => {
      values[name] = valueAt(i)
      return undefined
    })
    expect(broken(samples)).toContain(name)
  })

  test('a spool more than agents were started is found', () => {
    expect(broken(soundSamples(), 50)).toEqual(['spools'])
  })

  test('the journal may be long while a sink is down', () => {
    const long = (sinksUp: boolean) =>
      soundSamples((values, i) => {
        values.journal_segments = i === 20 ? 40 : 2
        return i === 20 ? { sinksUp } : undefined
      })
    expect(broken(long(true))).toEqual(['journal_segments'])
    expect(broken(long(false))).toEqual([])
  })

  test('what cannot be known is not judged', () => {
    const samples = soundSamples((values) => {
      delete values.broker_handles
      return undefined
    })
    expect(judgeCurves(samples, 1000).broker_handles).toBeUndefined()
  })

  test('the catalog is told for segments of a minute', () => {
    const rate = catalogRate(soundSamples(), [{ table: 'lake_files', bytes: 90_000, rows: 200 }])
    // 16 files in ten seconds are 8 a segment of five.
    expect(rate).toMatchObject({ lake_files_per_segment: 8, bytes_per_lake_file: 450 })
    expect(rate.bytes_a_day_at_60_s).toBe(8 * 1440 * 450)
  })

  test('are printed as tables of numbers', () => {
    expect(printCurves(judgeCurves(soundSamples(), 1000)).split('\n')).toHaveLength(curveNames.length + 1)
    expect(printSamples(soundSamples())).toContain('lake_rows')
  })
})

test.runIf(process.platform === 'linux')('memory and handles of a process are read', () => {
  const { residentMb = 0, handles = 0 } = lookAtProcess(process.pid) ?? {}
  expect(residentMb).toBeGreaterThan(20)
  expect(Math.abs(residentMb - process.memoryUsage.rss() / 1024 / 1024)).toBeLessThan(100)
  expect(handles).toBeGreaterThan(3)
  expect(lookAtProcess(2 ** 30)).toBeUndefined()
})

const runSoak = (args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const options = { cwd: packageRoot, maxBuffer: 64 * 1024 * 1024, timeout: 400_000 }
    execFile(process.execPath, [builtProgram('soak'), ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr })
    })
  })

await describeWith('influxd', 'a soak', () => {
  beforeAll(() => {
    if (!existsSync(builtProgram('soak'))) throw new Error('run "npm run build" first: the soak runs what is built')
  })

  test('of 45 s loses nothing, and tells every curve', async () => {
    const { code, stdout, stderr } = await runSoak(['--minutes', '0.75', '--json'])
    const lines = stdout.trim().split('\n')
    const summary = JSON.parse(lines.at(-1) ?? 'null') as Summary
    const said = `${stderr.slice(-6000)}\n${JSON.stringify(summary, undefined, 2)}`
    expect(lines).toHaveLength(1)
    expect(summary, said).toMatchObject({ lost: 0, duplicates: 0, wrong_values: 0, problems: [], ok: true })
    expect(code, said).toBe(0)
    expect(summary.minutes).toBeGreaterThanOrEqual(0.75)
    expect(summary.seconds).toBeGreaterThanOrEqual(45)
    expect(summary.produced).toBeGreaterThan(2000)
    const expected =
      process.platform === 'linux' ? [...curveNames] : expect.arrayContaining(['journal_bytes', 'spools'])
    expect(Object.keys(summary.curves)).toEqual(expected)
    for (const curve of Object.values(summary.curves)) {
      expect(curve).toEqual({
        first: expect.any(Number),
        last: expect.any(Number),
        most: expect.any(Number),
        perHour: expect.any(Number),
        judgement: expect.stringMatching(/^(flat|grows with data|too short)$/),
        bound: expect.any(String),
      })
    }
    expect(summary.curves.lake_rows?.last).toBeGreaterThan(2000)
    // Rigs came, went and changed.
    expect(Object.keys(summary.actions).length).toBeGreaterThan(8)
    expect(summary.starts).toBeGreaterThan(5)
  }, 420_000)

  test('refuses what makes no sense', async () => {
    const { code, stderr } = await runSoak(['--minutes', 'many'])
    expect(code).toBe(2)
    expect(stderr).toContain('--minutes many')
  })
})
