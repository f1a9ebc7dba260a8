import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunAnswer } from '../../ingest/http/answers-runs.ts'
import { makeFolder } from '../services/debian.ts'
import {
  type AgentProgram,
  runCommand,
  type Station,
  startAgentProgram,
  startStation,
  waitFor,
} from '../services/rigline.ts'

// Runs entered at ingest on rigs whose clocks are wrong: real agents, whose processes are told another time of day by a
// module that is loaded before them. One is 3 s ahead; one boots in 1970 and is set right in the middle of the run.

const ahead = '빠른-1'
const reborn = 'boots-in-1970'
const aheadMs = 3000
const rowsPerS = 100
const nsPerMs = 1_000_000n

let folder: Awaited<ReturnType<typeof makeFolder>>
let station: Station
const agents: AgentProgram[] = []

/** `untilFile`: the clock is wrong until this file is there. */
const wrongClock = (name: string, shiftMs: string, untilFile = '') => {
  const file = join(folder.folder, `${name}.mjs`)
  writeFileSync(
    file,
    `import { existsSync } from 'node:fs'
const real = Date.now
const shiftMs = ${shiftMs}
let isRight = false
const untilFile = ${JSON.stringify(untilFile)}
Date.now = () => real() + (isRight ? 0 : shiftMs)
if (untilFile) setInterval(() => { isRight = existsSync(untilFile) }, 20).unref()
`,
  )
  return { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` }
}

const startAgent = (rig: string, env: NodeJS.ProcessEnv) => {
  const agent = startAgentProgram({
    folder: folder.folder,
    rig,
    mqtt: station.mqtt,
    sources: [{ type: 'simulated', rig: 'driving-simulator' }],
    config: { clockEveryS: 1 },
    env,
  })
  agents.push(agent)
  return agent
}

const ask = async <T>(path: string, body?: unknown): Promise<T> => {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(`${station.http}${path}`, init)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

async function timesOf(query: string): Promise<{ times: bigint[]; response: Response }> {
  const response = await fetch(`${station.http}/v1/readings?stream=vehicle&format=csv&channel=speed&${query}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text}`)
  const lines = text.trim().split(/\r?\n/).slice(1)
  return { times: lines.map((line) => BigInt(line.split(',')[1]!)), response }
}

/** Until rows of so much more time have come from the one whose clock is even. */
async function measured(seconds: number) {
  const newestNs = async () => {
    const { rigs } = await station.rigs()
    const stream = rigs.find(({ rig }) => rig === ahead)?.streams.find(({ stream }) => stream === 'vehicle')
    if (!stream?.timeNs) throw new Error('no row has come yet')
    return BigInt(stream.timeNs)
  }
  let untilNs: bigint | undefined
  await waitFor(`${seconds} s of rows`, 60_000, async () => {
    const nowNs = await newestNs()
    untilNs ??= nowNs + BigInt(seconds) * 1000n * nsPerMs
    return nowNs >= untilNs
  })
}

const encoded = encodeURIComponent

beforeAll(async () => {
  folder = await makeFolder()
  station = await startStation({ folder: folder.folder, ingest: { journal: { segmentAgeMaxS: 2 } } })
}, 60_000)

afterAll(async () => {
  for (const agent of agents) await agent.stop()
  await station?.close()
  await folder?.remove()
})

describe('a run that is entered at ingest', () => {
  test('has the rows of its time, whatever the clocks of its rigs say', async () => {
    const setRight = join(folder.folder, 'set-right')
    startAgent(ahead, wrongClock('fast', String(aheadMs)))
    startAgent(reborn, wrongClock('reborn', '60_000 - real()', setRight))
    const compared = async () =>
      (await station.rigs()).rigs.filter(({ clockOffsetMs }) => clockOffsetMs !== null).length
    await waitFor('both clocks to be compared', 30_000, async () => (await compared()) === 2)
    await measured(2)

    await ask('/v1/runs', { run: '시험', rigs: [ahead, reborn] })
    await measured(3)
    writeFileSync(setRight, '')
    await waitFor('the clock to be set right', 30_000, async () => {
      const { rigs } = await station.rigs()
      return Math.abs(rigs.find(({ rig }) => rig === reborn)?.clockOffsetMs ?? 1e15) < 1000
    })
    await measured(2)
    const { markers } = await ask('/v1/runs/시험/markers', { label: '장애물' }).then(() =>
      ask<{ markers: { fromClock: string; toClock: string | null }[] }>('/v1/runs/시험/markers'),
    )
    expect(markers).toMatchObject([{ fromClock: 'ingest', toClock: null }])
    await ask('/v1/runs/시험/stop', {})
    await measured(2)

    const run = await ask<RunAnswer>('/v1/runs/시험')
    const [fromNs, toNs] = [BigInt(run.fromNs), BigInt(run.toNs!)]
    const expected = (Number(toNs - fromNs) / 1e9) * rowsPerS
    const part = run.parts.find(({ rig }) => rig === ahead)!
    expect(part).toMatchObject({ fromClock: 'ingest', toClock: 'ingest', fromNs: run.fromNs })
    const shiftMs = Number((BigInt(part.rigFromNs!) - fromNs) / nsPerMs)
    expect(Math.abs(shiftMs - aheadMs)).toBeLessThan(100)
    expect(Number(part.clockUncertaintyNs)).toBeLessThan(200e6)

    const { times, response } = await timesOf(`run=시험&rig=${encoded(ahead)}`)
    expect(Number(response.headers.get('rigline-clock-uncertainty-ms'))).toBeLessThan(200)
    expect(response.headers.get('rigline-clock-unknown')).toBeNull()
    expect(Math.abs(times.length - expected)).toBeLessThanOrEqual(3)
    expect(times[0]! >= BigInt(part.rigFromNs!) && times.at(-1)! < BigInt(part.rigToNs!)).toBe(true)

    // Of 1970 and of now, and of none of the 56 years between; the clock was set within a second of the run.
    const again = await timesOf(`run=시험&rig=${reborn}`)
    const before = again.times.filter((tNs) => tNs < 3600n * 1000n * nsPerMs)
    expect(before.length).toBeGreaterThan(2 * rowsPerS)
    expect(again.times.length - before.length).toBeGreaterThan(rowsPerS)
    expect(Math.abs(again.times.length - expected)).toBeLessThanOrEqual(10)

    // The same span as it is entered, by the rig's clock: 3 s of it are others, and nothing at all in 1970.
    const span = `from=${fromNs}&to=${toNs}`
    const own = await timesOf(`rig=${encoded(ahead)}&${span}`)
    expect(own.times[0]! < times[0]!).toBe(true)
    const converted = await timesOf(`rig=${encoded(ahead)}&${span}&clock=ingest`)
    expect(converted.times).toEqual(times)

    const report = await ask<{ parts: { rig: string; fromNs: string; clock: unknown }[] }>(
      '/v1/runs/시험/completeness?fresh=true',
    )
    expect(report.parts.map(({ rig }) => rig).sort()).toEqual([reborn, reborn, ahead].sort())
    expect(report.parts.find(({ rig }) => rig === ahead)!.fromNs).toBe(part.rigFromNs)
  }, 180_000)

  test("is by the rig's clock where the rig entered it: then nothing is converted", async () => {
    const config = join(folder.folder, ahead, 'agent.yaml')
    const onRig = (...args: string[]) => runCommand(['agent', 'run', ...args, '--config', config])
    expect((await onRig('start', '--run', '손으로')).code).toBe(0)
    await measured(2)
    expect((await onRig('stop')).code).toBe(0)
    const run = await new Promise<RunAnswer>((resolve, reject) => {
      let found: RunAnswer
      waitFor('the run', 20_000, async () => {
        found = await ask<RunAnswer>('/v1/runs/손으로')
        return !found.open
      }).then(() => resolve(found), reject)
    })
    const [part] = run.parts
    expect(part).toMatchObject({ fromClock: 'rig', toClock: 'rig', rigFromNs: part!.fromNs, rigToNs: part!.toNs })
    const { times, response } = await timesOf('run=손으로')
    expect(response.headers.get('rigline-clock-uncertainty-ms')).toBeNull()
    const expected = (Number(BigInt(part!.toNs!) - BigInt(part!.fromNs)) / 1e9) * rowsPerS
    // Rows at its ends may be late on a busy machine.
    expect(Math.abs(times.length - expected)).toBeLessThanOrEqual(10)
  }, 60_000)
})
