import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MarkersAnswer, RunAnswer } from '../../ingest/http/answers-runs.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { makeFolder } from '../services/debian.ts'
import {
  type AgentProgram,
  deliveredAll,
  runCommand,
  type Station,
  startAgentProgram,
  startStation,
  waitFor,
} from '../services/rigline.ts'

// Runs of a whole installation: entered on a rig by command, by API and by the command line of the ingest, through broker
// and ingest as processes, with ingest killed while people enter things.

const rig = '자동차-1'

describe('runs, entered on a rig and at the ingest', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let station: Station
  let agent: AgentProgram

  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${station.http}${path}`)
    const answer = (await response.json()) as T & { detail?: string }
    if (!response.ok) throw new Error(`${response.status} ${answer.detail}`)
    return answer
  }
  const post = async <T>(path: string, body: unknown): Promise<T> => {
    const response = await fetch(`${station.http}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as T & { detail?: string }
    if (!response.ok) throw new Error(`${response.status} ${answer.detail}`)
    return answer
  }
  const onRig = (...args: string[]) =>
    runCommand(['agent', 'run', ...args, '--config', join(folder.folder, rig, 'agent.yaml')])
  const atIngest = (...args: string[]) => runCommand(['run', ...args, '--url', station.http])

  beforeAll(async () => {
    folder = await makeFolder()
    station = await startStation({ folder: folder.folder, ingest: { journal: { segmentAgeMaxS: 2 } } })
    agent = startAgentProgram({
      folder: folder.folder,
      rig,
      mqtt: station.mqtt,
      sources: [{ type: 'simulated', rig: 'driving-simulator' }],
    })
    await deliveredAll(agent, 100)
  })
  afterAll(async () => {
    await agent?.stop()
    await station?.close()
    await folder?.remove()
  })

  test("a run that a rig starts takes the ingest's corrections and markers, and its rig's facts", async () => {
    await post(`/v1/rigs/${encodeURIComponent(rig)}/history`, { validFrom: '-2h', facts: { site: '서울', cabin: 'A' } })
    const started = await onRig('start', '--run', '시험-1', '--operator', '김', '--subject', 'P-07')
    expect(started.code, started.stderr).toBe(0)
    await waitFor('the run to be frozen', 20_000, async () => {
      const run = await get<RunAnswer>(`/v1/runs/${encodeURIComponent('시험-1')}`)
      return run.rigs[0]?.frozen?.site === '서울' && run.rigs[0].frozen.agentVersion !== undefined
    })
    expect((await onRig('mark', '장애물')).code).toBe(0)
    await waitFor('the marker', 20_000, async () => {
      const { markers } = await get<MarkersAnswer>(`/v1/markers?rig=${encodeURIComponent(rig)}`)
      return markers.some(({ label, run }) => label === '장애물' && run === '시험-1')
    })
    const corrected = await atIngest(
      'correct',
      '--run',
      '시험-1',
      '--clear',
      'subject',
      '--tag',
      '야간',
      '--why',
      '틀림',
      '--expect',
      '1',
    )
    expect(corrected.stdout, corrected.stderr).toMatch(/시험-1 {2}version 2/)
    expect((await atIngest('mark', 'seen from here', '--run', '시험-1')).code).toBe(0)
    expect((await onRig('stop')).code).toBe(0)
    await waitFor(
      'the stop',
      20_000,
      async () => !(await get<RunAnswer>(`/v1/runs/${encodeURIComponent('시험-1')}`)).open,
    )
    const shown = await atIngest('show', '--run', '시험-1')
    expect(shown.stdout).toMatch(/operator: 김\n.*tags: 야간/s)
    expect(shown.stdout).toMatch(/version 2, anonymous, .*: subject: taken back; tags: 야간 \(틀림\)/)
    expect(shown.stdout).toMatch(/장애물 of 자동차-1 .*\n.*seen from here/s)
    // The rig said when it began and when it stopped; the second marker is of the ingest.
    expect(shown.stdout).toMatch(/자동차-1 {2}\S+ \(the rig's clock\) \.\. \S+ \(the rig's clock\) {2}by/)
    expect(shown.stdout).toMatch(/\* \S+ \(the rig's clock\) {2}장애물/)
    expect(shown.stdout).toMatch(/\* \S+ {2}seen from here/)
  })

  test('the command line tells what is wrong in one line', async () => {
    const unknown = await atIngest('show', '시험-2')
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/no run "시험-2"; was "시험-1" meant\?\n$/),
    ])
    const usage = [
      [['mark', '시험-1', 'x'], /required option '--run <name>' not specified\n\(see "rigline run mark --help"\)/],
      [['show', '--rum', '시험-1'], /unknown option '--rum'\n.*\(see "rigline run show --help"\)/s],
      [['stop'], /which run\? name it with --run NAME/],
      [['show', '시험-1', '--run', '시험-2'], /name the run once/],
    ] as const
    for (const [args, text] of usage) {
      const wrong = await atIngest(...args)
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(text)])
    }
    const nobody = await runCommand(['run', 'list', '--url', 'http://127.0.0.1:9'])
    expect([nobody.code, nobody.stderr]).toEqual([
      1,
      expect.stringMatching(/gives no answer .*is ingest running there\?/),
    ])
    const list = JSON.parse((await atIngest('list', '--rig', rig, '--json')).stdout) as { runs: RunAnswer[] }
    expect(list.runs.map(({ run }) => run)).toEqual(['시험-1'])
  })

  test('what was answered is there after ingest is killed, each rig of each run frozen once', {
    timeout: 180_000,
  }, async () => {
    const answered: string[] = []
    let number = 0
    const next = async () => {
      const from = BigInt(number * 10) * 1_000_000n
      const body = { run: `r${number}`, rigs: [rig], from: String(from), to: String(from + 5_000_000n) }
      answered.push((await post<RunAnswer>('/v1/runs', body)).run)
      number++
    }
    for (let round = 0; round < 3; round++) {
      // Until one is not answered; the same is asked for again after the start, whatever became of it.
      const entering = (async () => {
        for (;;) await next()
      })().catch(() => {})
      const before = answered.length
      await waitFor('some answers', 20_000, async () => answered.length > before + 5)
      await station.ingest.kill()
      await entering
      await station.startIngest()
      await next()
    }
    for (const run of answered)
      expect(await get<RunAnswer>(`/v1/runs/${run}`)).toMatchObject({ open: false, version: 1 })
    await agent.stop()
    await station.caughtUp('lake')
    await waitFor('all to be frozen', 20_000, async () => {
      const { runs } = await get<{ runs: RunAnswer[] }>('/v1/runs?limit=500')
      return runs.every(({ rigs }) => rigs.every(({ frozen }) => frozen !== null))
    })
    await station.ingest.stop()
    const report = await verify({ dataFolder: station.data })
    expect(report.agree, JSON.stringify(report)).toBe(true)
    expect(
      report.rigs
        .find((each) => each.rig === 'ingest')
        ?.spools.every(({ holes, lost }) => holes.length + lost.length === 0),
    ).toBe(true)
  })
})
