import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../../common/program.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { openLakeReader } from '../../ingest/sinks/lake/read-lake.ts'
import { temporaryFolder } from '../services/debian.ts'
import { deliveredAll, startAgentProgram, startStation, waitFor } from '../services/rigline.ts'
import { ecgStart, readEcg, recordings } from './recordings.ts'
import { bitsOf, readLake, type StoredRow } from './stored.ts'

// Recordings in the formats of medicine through real processes: agent -> broker -> ingest -> lake, read back and compared value by value.

const healthcare = join(packageRoot, '..', 'shared', 'data', 'healthcare')
const record = join(healthcare, 'mitdb-100')
const annotated = join(healthcare, 'test_edfann.edf')
const missing = [`${record}.hea`, annotated, recordings.ecg].filter((file) => !existsSync(file))
const rows = 650_000
const rig = '생체-1'

interface Marker {
  id: string
  author: string
  label: string
  fromNs: bigint
}

async function query(dataFolder: string, name: string, where: string): Promise<Record<string, unknown>[]> {
  const catalog = openCatalog(join(dataFolder, 'catalog.sqlite'))
  const lake = await openLakeReader(join(dataFolder, 'lake'), catalog)
  try {
    const table = lake.table(name)
    const found: Record<string, unknown>[] = []
    if (table === undefined) return found
    for await (const chunk of lake.query(`SELECT * FROM ${table} WHERE ${where} ORDER BY t_ns`)) found.push(...chunk)
    return found
  } finally {
    lake.close()
    catalog.close()
  }
}

/** The markers of the rig, each once, whatever number of times it was told. */
async function readMarkers(dataFolder: string): Promise<Marker[]> {
  const found = await query(dataFolder, '_events', `rig = '${rig}' AND type = 'marker'`)
  const byId = new Map<string, Marker>()
  for (const { id, author, facts } of found as Record<string, string>[]) {
    const { label, from_ns, marker } = JSON.parse(facts!) as Record<string, string>
    expect(marker).toBe(id)
    byId.set(id!, { id: id!, author: author!, label: label!, fromNs: BigInt(from_ns!) })
  }
  return [...byId.values()]
}

describe.skipIf(missing.length > 0)(missing.length > 0 ? `skipped: there is no ${missing[0]}` : 'recordings', () => {
  test('WFDB and EDF+, the agent killed while it reads', async () => {
    const folder = await temporaryFolder()
    const station = await startStation({ folder, ingest: { journal: { segmentAgeMaxS: 1 } } })
    const start = () =>
      startAgentProgram({
        folder,
        rig,
        mqtt: station.mqtt,
        sources: [
          // The half hour in six seconds.
          { type: 'wfdb', name: 'ecg', record, annotations: 'atr', start: ecgStart, speed: 300, values: 'physical' },
          { type: 'wfdb', name: '원시', record, start: ecgStart, speed: 0 },
          { type: 'edf', file: annotated, speed: 0 },
        ],
      })
    try {
      let agent = start()
      for (const part of [100_000, 400_000]) {
        await waitFor(`${part} rows`, 60_000, async () => (await agent.counters()).rows >= part)
        await agent.kill()
        agent = start()
      }
      const stored = async () => ({
        ecg: await readLake(station.data, rig, 'ecg'),
        raw: await readLake(station.data, rig, '원시'),
      })
      await waitFor('both sources to end', 60_000, async () => {
        const { unconfirmed } = await agent.counters()
        const { ecg, raw } = await stored()
        return unconfirmed === 0 && ecg.length >= rows && raw.length >= rows
      })
      await deliveredAll(agent, 0)
      await agent.stop()
      await station.caughtUp('lake')

      const { ecg, raw } = await stored()
      const startNs = BigInt(Date.parse(ecgStart)) * 1_000_000n
      const misplaced = ({ timeNs, era }: StoredRow, i: number) =>
        era !== 0 || timeNs !== startNs + (BigInt(i) * 25_000_000n) / 9n
      expect([ecg.length, raw.length]).toEqual([rows, rows])
      expect([ecg.filter(misplaced), raw.filter(misplaced)]).toEqual([[], []])

      const expected = readEcg()
      expect(expected.length).toBe(108_000)
      const wrong = expected.filter(({ leads }, i) => {
        const [values, integers] = [ecg[i]!.values, raw[i]!.values]
        const exact =
          bitsOf(values.MLII as number) === bitsOf(leads[0]) && bitsOf(values.V5 as number) === bitsOf(leads[1])
        // From the integers by gain and offset: but for the rounding.
        const near =
          Math.abs((integers.MLII as number) - leads[0]) < 1e-13 && Math.abs((integers.V5 as number) - leads[1]) < 1e-13
        return !exact || !near
      })
      expect(wrong.slice(0, 3)).toEqual([])

      const markers = await readMarkers(station.data)
      const beats = markers.filter(({ author }) => author === 'ecg')
      expect(beats.length).toBe(2274)
      expect(beats.slice(0, 3).map(({ label, fromNs }) => [label, fromNs])).toEqual(
        [18, 77, 370].map((sample, i) => [i === 0 ? '+ (N' : 'N', startNs + (BigInt(sample) * 25_000_000n) / 9n]),
      )
      expect(markers.filter(({ author }) => author === 'edf').length).toBe(856)
      expect(await query(station.data, '_gaps', `rig = '${rig}'`)).toEqual([])
    } finally {
      await station.close()
    }
  }, 180_000)
})
