import { execFile } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { compareDemo } from '../../demo-result.ts'
import type { RigsAnswer } from '../../ingest/http/answers.ts'
import { describeWith, temporaryFolder } from '../services/debian.ts'
import { startInfluxd } from '../services/influxd.ts'
import { runCommand, startProgram, waitFor } from '../services/rigline.ts'

// `rigline demo` as a user runs it: its counts are right, and it doesn't say that all is well when it is not.

const rigs = ['car-sim-1', 'bio-bench-1', 'energy-bench-1', 'this-machine']

interface Result {
  rigs: string[]
  produced: number
  stored: { lake: number; influx: number | null }
  lost: number
  duplicates: number
}

const demo = (folder: string, env: NodeJS.ProcessEnv) =>
  runCommand(['demo', '--duration', '6s', '--json', '--data', folder], { env, timeoutMs: 90_000 })

test('counts what was measured and what is in the lake, and ends with 0', async () => {
  // Whoever else may have it: it is taken.
  const taken = createServer().on('error', () => {})
  taken.listen(8686, '127.0.0.1')
  onTestFinished(() => void taken.close())
  const { code, stdout, stderr } = await demo(await temporaryFolder(), { INFLUX_URL: '' })
  expect(stderr).toMatch(
    /Port 8686 is taken: the page is at (http:\/\/127\.0\.0\.1:\d+)\/; commands need --url \1, or RIGLINE_URL=\1 /,
  )
  const result = JSON.parse(stdout) as Result
  expect(Object.keys(result)).toEqual(['rigs', 'produced', 'stored', 'lost', 'duplicates', 'receipt_ms', 'live_ms'])
  expect(result).toMatchObject({ rigs, lost: 0, duplicates: 0, stored: { lake: result.produced, influx: null } })
  expect(result.produced).toBeGreaterThan(1000)
  expect(code, stderr).toBe(0)
}, 120_000)

await describeWith('influxd', 'with an InfluxDB', () => {
  test('the same readings are there', async () => {
    const influxd = await startInfluxd()
    try {
      const folder = await temporaryFolder()
      const { code, stdout, stderr } = await demo(folder, {
        INFLUX_URL: influxd.url,
        INFLUX_TOKEN: '',
        INFLUX_DATABASE: 'demo',
      })
      const result = JSON.parse(stdout) as Result
      expect(result).toMatchObject({ rigs, lost: 0, duplicates: 0, stored: { lake: result.produced } })
      expect(result.stored.influx).toBeGreaterThan(1000)
      expect(code, stderr).toBe(0)
      const config = join(folder, 'ingest', 'ingest.yaml')
      expect(statSync(config).mode & 0o777).toBe(0o600)
      const verified = await runCommand(['verify', '--config', config, '--json'])
      expect(JSON.parse(verified.stdout)).toMatchObject({ agree: true, influx: { compared: true } })
    } finally {
      await influxd.close()
    }
  }, 120_000)
})

test('an agent killed in the middle ends it with 1 and the reason', async () => {
  const folder = await temporaryFolder()
  const program = startProgram(['demo', '--duration', '60s', '--json', '--data', folder], { env: { INFLUX_URL: '' } })
  const exited = new Promise<number | null>((resolve) => program.child.once('exit', resolve))
  const home = join(folder, 'agents', 'car-sim-1')
  let pid: number | undefined
  try {
    await waitFor('the agent to spool', 30_000, async () => readdirSync(join(home, 'data')).length > 0)
    pid = await childWith(program.child.pid!, home)
    process.kill(pid, 'SIGKILL')
    expect(await exited).toBe(1)
    expect(program.output()).toContain('Stopped early: the agent of car-sim-1 ended')
    expect(program.output()).toMatch(/NOT GOOD: car-sim-1: its agent ended with SIGKILL before the time was over/)
  } finally {
    await program.kill()
  }
}, 120_000)

test('pulling a plug while it runs without an end: the agent comes back, and what it missed is a Gap', async () => {
  const folder = await temporaryFolder()
  const program = startProgram(['demo', '--data', folder], { env: { INFLUX_URL: '' } })
  const exited = new Promise<number | null>((resolve) => program.child.once('exit', resolve))
  const home = join(folder, 'agents', 'car-sim-1')
  try {
    const carSim = async () => {
      const page = /http:\/\/127\.0\.0\.1:\d+/.exec(program.output())?.[0]
      const { rigs } = (await (await fetch(`${page}/v1/rigs`)).json()) as RigsAnswer
      return rigs.find(({ rig }) => rig === 'car-sim-1')
    }
    await waitFor('readings', 30_000, async () => ((await carSim())?.streams.length ?? 0) > 1)
    const pid = await childWith(program.child.pid!, home)
    process.kill(pid, 'SIGKILL')
    await waitFor('the agent to come back', 30_000, async () => program.output().includes('car-sim-1 runs again'))
    const again = await childWith(program.child.pid!, home)
    expect(again).not.toBe(pid)
    expect(program.output()).toContain(`The agent of car-sim-1 runs again: kill -9 ${again}`)
    await waitFor('its Gap', 30_000, async () => (await carSim())?.lastGap?.cause === 'agent_down')
    program.child.kill('SIGINT')
    expect(await exited, program.output()).toBe(0)
    expect(program.output()).toContain('The agent of car-sim-1 ended (SIGKILL); it is started again.')
    expect(program.output()).not.toContain('NOT GOOD')
    expect(program.output()).toMatch(/: 0 lost, 0 duplicates\. Gaps declared: agent down [1-9]/)
    expect(program.output()).toContain(`verify --config ${join(folder, 'ingest', 'ingest.yaml')}`)
  } finally {
    await program.kill()
  }
}, 120_000)

/** The process that this one started with the folder in its arguments. */
async function childWith(parent: number, folder: string): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-e', '-ww', '-o', 'pid=,ppid=,args='])
  const line = stdout.split('\n').find((text) => {
    const [, ppid] = text.trim().split(/\s+/)
    return Number(ppid) === parent && text.includes(folder)
  })
  if (!line) throw new Error(`no process of ${folder}:\n${stdout}`)
  return Number.parseInt(line, 10)
}

test('one rig that has more than it measured does not make up for one that has less', () => {
  const agent = (rig: string, readings: number) => ({
    rig,
    counters: { readings } as never,
    final: true,
    ended: 0,
    early: false,
    restarts: 0,
  })
  const stored = (rig: string, readings: number) => ({
    rig,
    spools: [],
    missingSpools: [],
    gaps: [],
    streams: [{ lake: { readings }, influx: null, duplicates: 0, problems: [] }] as never,
  })
  const report = {
    agree: true,
    fromNs: null,
    toNs: null,
    rigs: [stored('a', 90), stored('b', 110)],
    quarantined: {},
    influx: null,
    problems: [],
  }
  const result = compareDemo([agent('a', 100), agent('b', 100)], report, false)
  expect(result).toMatchObject({ produced: 200, stored: { lake: 200, influx: null }, lost: 10 })
  expect(result.problems).toHaveLength(2)
  const dead = compareDemo([{ ...agent('a', 0), final: false, ended: 'SIGKILL', early: true }], report, false)
  expect(dead.problems.join()).toContain('SIGKILL')
})
