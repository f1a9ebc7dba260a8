import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../services/debian.ts'
import { deliveredAll, startAgentProgram, startStation, waitFor } from '../services/rigline.ts'
import { readLake } from './stored.ts'

// One file with two streams that fill their batches at different speeds: killed again and again, the agent goes on where
// the last batch of either ended, and no row of the other is missing or there twice.

const records = 12_000

test('a file of two streams, its agent killed six times', async () => {
  const folder = await temporaryFolder()
  const startMs = Date.parse('2024-05-01T00:00:00Z')
  const lines = Array.from({ length: records }, (_, i) => `${startMs + i},${i % 7 === 0 ? 'slow' : 'fast'},${i}`)
  writeFileSync(join(folder, 'data.csv'), `ms,sort,value\n${lines.join('\n')}\n`)
  const stream = (name: string) => ({
    name,
    when: { from: 'sort', equals: name },
    channels: [{ name: 'value', kind: 'int' }],
  })
  const station = await startStation({ folder, ingest: { journal: { segmentAgeMaxS: 1 } } })
  const start = () =>
    startAgentProgram({
      folder,
      rig: 'r',
      mqtt: station.mqtt,
      config: { batch: { rowsMax: 100, ageMaxMs: 70 } },
      sources: [
        {
          type: 'replay',
          file: join(folder, 'data.csv'),
          mapping: { time: { column: 'ms', format: 'unix_ms' }, streams: [stream('fast'), stream('slow')] },
        },
      ],
    })
  try {
    let agent = start()
    for (let kill = 0; kill < 6; kill++) {
      await sleep(900 + kill * 130)
      await agent.kill()
      agent = start()
    }
    const stored = async () => ({
      fast: await readLake(station.data, 'r', 'fast'),
      slow: await readLake(station.data, 'r', 'slow'),
    })
    await waitFor('all rows to be in the lake', 60_000, async () => {
      const { fast, slow } = await stored()
      return fast.length + slow.length >= records
    })
    await deliveredAll(agent, 1)
    await agent.stop()
    const values = Object.values(await stored()).map((rows) => rows.map((row) => Number(row.values.value)))
    const expected = Array.from({ length: records }, (_, i) => i)
    expect(values[0]).toEqual(expected.filter((i) => i % 7 !== 0))
    expect(values[1]).toEqual(expected.filter((i) => i % 7 === 0))
  } finally {
    await station.close()
  }
}, 120_000)
