import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../common/program.ts'
import { makeFolder } from '../services/debian.ts'
import { findPython, runPython } from '../services/python.ts'
import {
  deliveredAll,
  runCommand,
  type Station,
  startAgentProgram,
  startStation,
  waitFor,
} from '../services/rigline.ts'
import { readLake } from './stored.ts'

// `rigline export` from a real ingest, while part of what is asked for is in the lake and the rest in the journal alone; and
// what pandas and polars make of the files, by the lines that the README gives.

const rig = 'car-sim-1'
const rows = 20_000
const startNs = BigInt(Date.parse('2026-03-01T00:00:00Z')) * 1_000_000n

/** Row i: 100 Hz; every tenth has no pressure; texts that need quotes. */
const pressureAt = (i: number): number | null => (i % 10 === 3 ? null : Math.sin(i / 50) * 1e-7 + i / 3)
const gearAt = (i: number): string => ['P', 'R', 'D, "sport"', '주행'][i % 4]!

function writeCsv(file: string): void {
  const lines = ['t,속도,pressure,gear,braking']
  for (let i = 0; i < rows; i++)
    lines.push(`${i / 100},${i / 7},${pressureAt(i) ?? ''},"${gearAt(i).replaceAll('"', '""')}",${i % 2 === 0}`)
  writeFileSync(file, `${lines.join('\n')}\n`)
}

let station: Station
let folder: string
let remove: () => Promise<void>
const exported = (...args: string[]) => runCommand(['export', '--url', station.http, ...args], { cwd: folder })
const span = ['--from', '2026-03-01T00:00:00Z', '--to', '2026-03-01T01:00:00Z']

beforeAll(async () => {
  ;({ folder, remove } = await makeFolder())
  writeCsv(join(folder, 'drive.csv'))
  // Segments of two seconds: the beginning is in the lake long before the end is measured.
  station = await startStation({ folder, ingest: { journal: { segmentAgeMaxS: 2 } } })
  const agent = startAgentProgram({
    folder,
    rig,
    mqtt: station.mqtt,
    sources: [
      {
        type: 'replay',
        name: 'drive',
        file: join(folder, 'drive.csv'),
        speed: 40,
        mapping: {
          time: { column: 't', format: 'seconds', start: '2026-03-01T00:00:00Z' },
          streams: [
            {
              name: 'vehicle',
              rateHz: 100,
              channels: [
                { name: '속도', unit: 'km/h', code: 'VSS:Vehicle.Speed' },
                { name: 'pressure', unit: 'Pa' },
                { name: 'gear', kind: 'text' },
                { name: 'braking', kind: 'bool' },
              ],
            },
          ],
        },
      },
    ],
  })
  await deliveredAll(agent, rows)
  await agent.stop()
}, 120_000)

afterAll(async () => {
  await station?.close()
  await remove?.()
})

const name = `${rig}-vehicle`

describe('rigline export', () => {
  test('parquet, csv and arrow files hold every row, and beside each stands what is known of it', async () => {
    for (const format of ['parquet', 'csv', 'arrow']) {
      const { code, stderr } = await exported('--rig', rig, '--stream', 'vehicle', ...span, '--format', format)
      expect(code, stderr).toBe(0)
      expect(stderr).toMatch(/vehicle: [\d.]+ .B in car-sim-1-vehicle/)
    }
    const lines = readFileSync(join(folder, `${name}.csv`), 'utf8')
      .trim()
      .split(/\r?\n/)
    expect(lines[0]).toBe('rig,t_ns,time,era,flags,속도,pressure,gear,braking')
    expect(lines).toHaveLength(rows + 1)
    expect(lines[4]).toBe(`${rig},${startNs + 30_000_000n},2026-03-01T00:00:00.030000000Z,0,0,${3 / 7},,주행,false`)
    const about = JSON.parse(readFileSync(join(folder, `${name}.about.json`), 'utf8'))
    expect(about).toMatchObject({ gaps: [], holes: [], query: { stream: 'vehicle', format: 'arrow' } })
    expect(readdirSync(folder).filter((file) => file.endsWith('.part'))).toEqual([])
  })

  test('the same rows as the lake has in the end, while they came from lake and journal', async () => {
    const { code, stdout } = await exported(
      '--rig',
      rig,
      '--stream',
      'vehicle',
      ...span,
      '--format',
      'csv',
      '--out',
      '-',
    )
    expect(code).toBe(0)
    await station.caughtUp('lake')
    const stored = await readLake(station.data, rig, 'vehicle')
    const found = stdout.trim().split(/\r?\n/).slice(1)
    expect(found).toHaveLength(stored.length)
    const wrong = found.filter((line, i) => {
      const [, tNs, , , , speed, pressure] = line.split(',')
      const { timeNs, values } = stored[i]!
      return (
        BigInt(tNs!) !== timeNs ||
        Number(speed) !== values.속도 ||
        (pressure === '' ? null : Number(pressure)) !== values.pressure
      )
    })
    expect(wrong.slice(0, 3)).toEqual([])
  })

  test('chosen channels and a part of the time', async () => {
    const args = ['--rig', rig, '--stream', 'vehicle', '--channel', 'braking', '속도', '--format', 'csv', '--out', '-']
    const { stdout } = await exported(...args, '--from', '2026-03-01T00:00:01Z', '--to', '2026-03-01T00:00:01.05Z')
    expect(stdout.trim().split(/\r?\n/)).toEqual([
      'rig,t_ns,time,era,flags,braking,속도',
      ...[100, 101, 102, 103, 104].map(
        (i) =>
          `${rig},${startNs + BigInt(i) * 10_000_000n},2026-03-01T00:00:01.0${i - 100}0000000Z,0,0,${i % 2 === 0},${i / 7}`,
      ),
    ])
  })

  test('nothing in that time is an empty file with its columns', async () => {
    const args = ['--rig', rig, '--stream', 'vehicle', '--from', '2025-01-01T00:00:00Z', '--to', '2025-01-02T00:00:00Z']
    const { code, stdout } = await exported(...args, '--format', 'csv', '--out', '-')
    expect([code, stdout.trim()]).toEqual([0, 'rig,t_ns,time,era,flags,속도,pressure,gear,braking'])
  })

  test.each([
    [['--rig', 'car-sim-2'], 1, 'did you mean "car-sim-1"?'],
    [['--rig', rig, '--stream', 'vehicel'], 1, 'vehicle'],
    [['--rig', rig, '--stream', 'vehicle', '--channel', '속두'], 1, '속도'],
    [['--rig', rig, '--stream', 'vehicle', '--from', 'yesterday'], 1, 'ISO 8601'],
    [['--rig', rig, '--stream', 'vehicle', '--from', 'now', '--to', '-1h'], 1, 'exchange them'],
    [['--rig', rig, '--format', 'xlsx'], 2, 'expected arrow'],
    [[], 2, '--rig NAME or --run NAME'],
    [['--rig', rig, '--url', 'http://127.0.0.1:9'], 1, 'is ingest running there?'],
  ])('%j says what to do and leaves no file', async (args, expected, text) => {
    const { code, stderr } = await exported(...args, '--out', 'wrong.parquet')
    expect([code, stderr]).toEqual([expected, expect.stringContaining(text)])
    expect(existsSync(join(folder, 'wrong.parquet'))).toBe(false)
    expect(existsSync(join(folder, 'wrong.parquet.part'))).toBe(false)
  })
})

test('a run: its streams in its time, and what was entered about it', async () => {
  const ask = async (path: string, body?: unknown) => {
    const init =
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(`${station.http}${path}`, init)
    expect(response.ok, await response.clone().text()).toBe(true)
    return await response.json()
  }
  const [from, to] = ['2026-03-01T00:00:10Z', '2026-03-01T00:00:20Z']
  await ask('/v1/runs', { run: '주행-1', rigs: [rig], from, to, facts: { operator: 'anna', tags: ['wet'] } })
  await ask('/v1/runs/주행-1/markers', { label: 'obstacle', from: '2026-03-01T00:00:12Z' })
  const { code, stderr } = await exported('--run', '주행-1', '--format', 'csv')
  expect(code, stderr).toBe(0)
  const lines = readFileSync(join(folder, '주행-1', 'vehicle.csv'), 'utf8')
    .trim()
    .split(/\r?\n/)
    .slice(1)
  expect(lines).toHaveLength(1000)
  expect(lines[0]).toContain(String(startNs + 10_000_000_000n))
  const about = JSON.parse(readFileSync(join(folder, '주행-1', 'run.json'), 'utf8'))
  expect(about.run).toMatchObject({ run: '주행-1', facts: { operator: 'anna', tags: ['wet'] } })
  expect(about.markers).toMatchObject([{ label: 'obstacle' }])
}, 60_000)

const python = await findPython()

describe.skipIf('missing' in python)(`pandas and polars${'missing' in python ? `: ${python.missing}` : ''}`, () => {
  const path = 'path' in python ? python.path : ''

  test('load the file by the lines of the README', async () => {
    await exported('--rig', rig, '--stream', 'vehicle', ...span)
    const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')
    const blocks = [...readme.matchAll(/```python\n([\s\S]*?)```/g)].map(([, lines]) => lines!)
    expect(blocks.join()).toMatch(/pandas[\s\S]*polars/)
    for (const lines of blocks) {
      const printed = await runPython(
        path,
        `${lines}\nassert len(data) == ${rows}, len(data)\nprint(list(data.columns))`,
        folder,
      )
      expect(printed).toContain("'속도', 'pressure', 'gear', 'braking'")
    }
  })

  test('agree with each other in every format, value by value', async () => {
    for (const format of ['csv', 'arrow'])
      await exported('--rig', rig, '--stream', 'vehicle', ...span, '--format', format)
    const printed = await runPython(
      path,
      `
import pandas, polars, pyarrow.ipc
parquet = pandas.read_parquet("${name}.parquet")
assert str(parquet.dtypes["time"]).startswith("datetime64["), parquet.dtypes["time"]
assert str(parquet["time"].dt.tz) in ("UTC", "Etc/UTC"), parquet["time"].dt.tz
with pyarrow.ipc.open_stream("${name}.arrow") as stream:
    arrow = stream.read_pandas()
csv = pandas.read_csv("${name}.csv", keep_default_na=False, na_values=[""], float_precision="round_trip")
lazy = polars.read_parquet("${name}.parquet")
assert lazy.height == len(parquet) == len(arrow) == len(csv) == ${rows}
for one in (arrow, csv):
    assert list(one.columns) == list(parquet.columns), one.columns
    for column in ("t_ns", "속도", "pressure"):
        assert parquet[column].equals(one[column].astype(parquet[column].dtype)), column
    assert [str(v) for v in parquet["gear"]] == [str(v) for v in one["gear"]]
    assert [bool(v) for v in parquet["braking"]] == [bool(v) for v in one["braking"]]
assert int(parquet["pressure"].isna().sum()) == ${rows / 10}
assert polars.read_ipc_stream("${name}.arrow").equals(lazy.select(polars.read_ipc_stream("${name}.arrow").columns).cast(dict(polars.read_ipc_stream("${name}.arrow").schema)))
print("same")
`,
      folder,
    )
    expect(printed.trim()).toBe('same')
  }, 60_000)
})

test('what is missing is told: the Gap of an agent that was killed', async () => {
  const agentOf = () =>
    startAgentProgram({
      folder,
      rig: '사이트-2',
      mqtt: station.mqtt,
      sources: [{ type: 'simulated', rig: 'driving-simulator' }],
    })
  const first = agentOf()
  await waitFor('rows', 30_000, async () => (await first.counters()).sent > 5)
  await first.kill()
  const second = agentOf()
  await waitFor('the Gap', 30_000, async () => {
    const { stdout } = await exported(
      '--rig',
      '사이트-2',
      '--stream',
      'vehicle',
      '--from',
      '-5m',
      '--json',
      '--out',
      'gap.csv',
      '--format',
      'csv',
    )
    return JSON.parse(stdout)[0].gaps > 0
  })
  await second.stop()
  const { gaps } = JSON.parse(readFileSync(join(folder, 'gap.about.json'), 'utf8'))
  expect(gaps[0]).toMatchObject({ rig: '사이트-2', cause: 'agent_down' })
  const times = readFileSync(join(folder, 'gap.csv'), 'utf8')
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => BigInt(line.split(',')[1]!))
  // No row lies inside of it.
  expect(times.filter((tNs) => tNs > BigInt(gaps[0].fromNs) && tNs < BigInt(gaps[0].toNs))).toEqual([])
  expect(times.some((tNs) => tNs <= BigInt(gaps[0].fromNs))).toBe(true)
  expect(times.some((tNs) => tNs >= BigInt(gaps[0].toNs))).toBe(true)
}, 90_000)
