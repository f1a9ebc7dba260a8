import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAgentProgram, startStation } from '../test/services/rigline.ts'
import { type Result, round, runAgent, withFolder } from './rig.ts'
import { channels } from './synthetic.ts'

const mb = 1_000_000

/** Resident bytes of a process, from /proc (Linux). */
const residentBytes = (pid: number): number => {
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) * 1024
}

/** The shipped agent, one file, at 10,000 readings/s: its resident memory after half a minute, the highest of its last ten seconds. */
export async function benchAgentMemory(seconds: number): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const station = await startStation({ folder })
    // 625 rows/s of 16 columns, replayed at recorded speed.
    const rate = 625
    const names = Array.from({ length: 16 }, (_, i) => `c${i}`)
    const rows = Array.from({ length: rate * (seconds + 30) }, (_, row) =>
      names.map((_, i) => Math.sin(row / 50 + i).toFixed(6)).join(','),
    )
    writeFileSync(join(folder, 'data.csv'), `${names.join(',')}\n${rows.join('\n')}\n`)
    const agent = startAgentProgram({
      folder,
      rig: 'bench-1',
      mqtt: station.mqtt,
      sources: [
        {
          type: 'replay',
          file: join(folder, 'data.csv'),
          start: 'now',
          mapping: { streams: [{ name: 'bench', rateHz: rate, channels: names.map((name) => ({ name })) }] },
        },
      ],
    })
    let highest = 0
    for (let s = 0; s < seconds; s++) {
      await sleep(1000)
      if (s >= seconds - 10) highest = Math.max(highest, residentBytes(agent.child.pid!))
    }
    const { readings } = await agent.counters()
    const rateSeen = readings / seconds
    await agent.stop()
    await station.close()
    const note = `one file, ${Math.round(rateSeen)} readings/s by replay, after ${seconds} s`
    return [
      {
        name: 'agent_memory',
        value: round(highest / mb),
        unit: 'MB',
        baseline: 80,
        ratio: round(highest / mb / 80),
        note,
      },
    ]
  })
}

/** Ingest's resident memory under load: the median of the last third of the time against that of the second third. */
export async function benchIngestMemory(minutes: number): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const station = await startStation({ folder })
    const seconds = minutes * 60
    const rowsPerS = 400_000 / channels
    const agent = runAgent({
      rig: 'bench-1',
      url: station.mqtt,
      stream: 'bench',
      folder: join(folder, 'agent'),
      rowsMax: 1000,
      ageMaxMs: 50,
      rows: rowsPerS * seconds,
      rowsPerS,
    })
    const samples: number[] = []
    const timer = setInterval(() => samples.push(residentBytes(station.ingest.child.pid!)), 1000)
    await agent
    clearInterval(timer)
    await station.close()
    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
    const third = Math.floor(samples.length / 3)
    const middle = median(samples.slice(third, 2 * third))
    const last = median(samples.slice(2 * third))
    const note = `${rowsPerS * channels} readings/s for ${minutes} minutes; medians of the last and the middle third`
    return [
      {
        name: 'ingest_memory',
        value: round(last / mb),
        unit: 'MB',
        baseline: round(middle / mb),
        ratio: round(last / middle),
        note,
      },
    ]
  })
}
