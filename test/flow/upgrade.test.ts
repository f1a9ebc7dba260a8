import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../../common/program.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { temporaryFolder } from '../services/debian.ts'
import { startAgentProgram, startStation, waitFor } from '../services/rigline.ts'
import { readLake } from './stored.ts'

// What older commits left on their disks when they were killed at work (scripts/fixtures.mjs): this release opens spool, journal, lake and
// catalog, and goes on. Nothing is lost, nothing is there twice.

interface Fixture {
  commit: string
  rows: number
  rowsPerS: number
  firstMs: number
  words: string[]
  hasRuns: boolean
}

const fixtures = join(packageRoot, 'test/fixtures/upgrade')
const rig = '차-1'
const stream = '주행'

describe.each(readdirSync(fixtures))('a data folder of commit %s', (commit) => {
  test('is opened and goes on: every row once, no Gap', async () => {
    const about = JSON.parse(readFileSync(join(fixtures, commit, 'fixture.json'), 'utf8')) as Fixture
    const folder = await temporaryFolder()
    cpSync(join(fixtures, commit, 'ingest'), join(folder, 'ingest'), { recursive: true })
    cpSync(join(fixtures, commit, 'agent'), join(folder, rig, 'data'), { recursive: true })
    cpSync(join(fixtures, commit, 'drive.csv'), join(folder, 'drive.csv'))
    const before = (await readLake(join(folder, 'ingest'), rig, stream)).length
    expect(before).toBeGreaterThan(100)
    expect(before).toBeLessThan(about.rows - 500)

    const station = await startStation({ folder, ingest: { journal: { segmentAgeMaxS: 1 } } })
    try {
      const agent = startAgentProgram({ folder, rig, mqtt: station.mqtt, sources: [driveSource(folder, about)] })
      await waitFor('all rows to be in the lake', 60_000, async () => {
        return (await readLake(station.data, rig, stream)).length >= about.rows
      })
      await waitFor('all to be receipted', 20_000, async () => (await agent.counters()).unconfirmed === 0)
      await agent.stop()

      const stored = await readLake(station.data, rig, stream)
      expect(stored.length).toBe(about.rows)
      const wrong = stored.filter(({ timeNs, era, values }, n) => {
        const word = about.words[n % about.words.length] as string
        return (
          era !== 0 ||
          timeNs !== BigInt(about.firstMs + n * 10) * 1_000_000n ||
          Number(values.n) !== n ||
          values.speed !== Math.sin(n / 50) * 100 ||
          (values.word ?? '') !== word
        )
      })
      expect(wrong.slice(0, 3)).toEqual([])

      const report = await verify({ dataFolder: station.data })
      const its = report.rigs.find((each) => each.rig === rig)
      expect(its?.gaps).toEqual([])
      expect(report.problems).toEqual([])
      expect(report.agree, JSON.stringify(report, null, 1)).toBe(true)
      const runs = (await (await fetch(`${station.http}/v1/runs`)).json()) as {
        runs: { run: string; rigs: unknown[] }[]
      }
      expect(runs.runs.map(({ run }) => run)).toEqual(about.hasRuns ? ['drive-1'] : [])
    } finally {
      await station.close()
    }
  }, 120_000)
})

/** As the script had it, faster. */
const driveSource = (folder: string, { rowsPerS }: Fixture) => ({
  type: 'replay',
  name: 'drive',
  file: join(folder, 'drive.csv'),
  speed: 5,
  mapping: {
    time: { column: 't', format: 'unix_ms' },
    streams: [
      {
        name: stream,
        rateHz: rowsPerS,
        channels: [
          { name: 'n', kind: 'int' },
          { name: 'speed', unit: 'km/h' },
          { name: 'word', kind: 'text' },
        ],
      },
    ],
  },
})

test('there is a fixture of each earlier landing, with everything in it', () => {
  for (const commit of readdirSync(fixtures)) {
    for (const part of ['agent/spool', 'ingest/journal', 'ingest/lake', 'ingest/catalog.sqlite', 'drive.csv']) {
      expect(existsSync(join(fixtures, commit, part)), `${commit}/${part}`).toBe(true)
    }
  }
  expect(readdirSync(fixtures).length).toBeGreaterThanOrEqual(2)
})
