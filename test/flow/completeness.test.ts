import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChannelReport, Completeness, StreamReport } from '../../ingest/history/completeness/report.ts'
import type { RunAnswer } from '../../ingest/http/answers-runs.ts'
import type { RunReport } from '../../ingest/reports.ts'
import { makeFolder } from '../services/debian.ts'
import {
  type AgentProgram,
  runCommand,
  type Station,
  startAgentProgram,
  startStation,
  waitFor,
} from '../services/rigline.ts'
import { readLake } from './stored.ts'

// Completeness of what real agents have delivered through broker and ingest: faults of the rig, a pulled plug, and data that come
// after a run's end.

const rig = '자동차-1'
const late = '늦은-2'

describe('completeness, end to end', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let station: Station
  const agents = new Map<string, AgentProgram>()

  const startAgent = (name: string, source: object = {}) => {
    const agent = startAgentProgram({
      folder: folder.folder,
      rig: name,
      mqtt: station.mqtt,
      sources: [{ type: 'simulated', rig: 'driving-simulator', ...source }],
      config: { healthEveryS: 1 },
    })
    agents.set(name, agent)
    return agent
  }
  const ask = async (path: string) => {
    const response = await fetch(`${station.http}${path}`)
    return {
      status: response.status,
      answer: (await response.json()) as RunReport & { detail?: string; state?: string },
    }
  }
  const post = async (path: string, body: unknown): Promise<RunAnswer> => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${station.http}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const answer = (await response.json()) as RunAnswer
    expect(response.status, JSON.stringify(answer)).toBe(200)
    return answer
  }
  const command = (...args: string[]) => runCommand(['completeness', ...args, '--url', station.http])
  const reportOn = (run: string) => `/v1/runs/${encodeURIComponent(run)}/completeness`
  const streamsOf = (report: Completeness, of = rig): Record<string, StreamReport> =>
    Object.fromEntries(report.parts.find((part) => part.rig === of)!.streams.map((stream) => [stream.stream, stream]))
  const channelOf = (stream: StreamReport, name: string): ChannelReport =>
    stream.channels.find(({ channel }) => channel === name)!

  beforeAll(async () => {
    folder = await makeFolder()
    station = await startStation({ folder: folder.folder, ingest: { journal: { segmentAgeMaxS: 2 } } })
  })
  afterAll(async () => {
    for (const agent of agents.values()) await agent.stop()
    await station?.close()
    await folder?.remove()
  })

  test('a fixed drive with faults: every figure agrees with the rows in the lake', async () => {
    const start = Date.parse('2026-01-01T00:00:00Z')
    const name = '시험-차'
    const agent = startAgent(name, {
      speed: 0,
      start: '2026-01-01T00:00:00Z',
      durationS: 120,
      faults: [
        { kind: 'saturation', at: 20, durationS: 10, stream: 'driver_ecg', channel: 'ecg' },
        { kind: 'lead_off', at: 50, durationS: 5, stream: 'driver_ecg', channel: 'ecg' },
        { kind: 'dropout', at: 80, durationS: 7, stream: 'vehicle' },
      ],
    })
    await waitFor('all to be delivered', 60_000, async () => {
      const { rows, unconfirmed } = await agent.counters()
      return rows >= 120 * 601 - 700 && unconfirmed === 0
    })
    await agent.stop()
    const span = `rig=${encodeURIComponent(name)}&from=2026-01-01T00:00:00Z&to=2026-01-01T00:02:00Z`
    const inJournalToo = await ask(`/v1/completeness?${span}`)
    expect(inJournalToo.status).toBe(200)
    await station.caughtUp('lake')
    await waitFor('the lake to have it', 30_000, async () => {
      const { answer } = await ask(`/v1/completeness?${span}`)
      return answer.parts[0]!.streams.every(({ stored }) => stored.journalRows === 0)
    })
    const { answer: report } = await ask(`/v1/completeness?${span}`)
    expect(report.parts[0]!.streams.map(({ stream }) => stream)).toEqual(['driver_ecg', 'driver_vitals', 'vehicle'])
    for (const stream of report.parts[0]!.streams) {
      const rows = await readLake(station.data, name, stream.stream)
      expect(stream.stored.lakeRows).toBe(rows.length)
      expect(stream.delivered.rows).toBe(rows.length)
      for (const { channel, readings, missing } of stream.channels) {
        const present = rows.filter(({ values }) => values[channel] !== null).length
        expect([channel, readings, missing]).toEqual([channel, present, rows.length - present])
      }
    }
    const { driver_ecg, vehicle } = streamsOf(report, name) as Record<'driver_ecg' | 'vehicle', StreamReport>
    expect(driver_ecg).toMatchObject({ delivered: { rows: 60_000 }, rate: { ratio: 1, pauses: 0 } })
    const ecg = channelOf(driver_ecg, 'ecg')
    expect(ecg.missing).toBe(2500)
    const clipped = ecg.numbers!.clipped.filter(({ judged }) => judged === 'clipped')
    expect(clipped.map(({ side, at }) => `${side} ${at}`)).toEqual(['min range', 'max range'])
    const readings = (await readLake(station.data, name, 'driver_ecg')).map(({ values }) => values.ecg)
    for (const { readings: count, value } of clipped) expect(count).toBe(inRuns(readings, value))
    // The agent saw that its source yielded nothing, and declared it.
    expect(vehicle).toMatchObject({
      verdict: 'gaps_declared',
      gaps: { count: 1, seconds: 7.01, byCause: [{ cause: 'source_down', count: 1, seconds: 7.01 }] },
      rate: { nominalRowsPerS: 100, rowsPerS: 100, pauses: 0 },
    })
    expect(vehicle.gaps.list[0]!.fromNs).toBe(String(BigInt(start + 79_990) * 1_000_000n))
    // A healthy driver brakes, stands and goes on: no shouting.
    for (const { channel, numbers } of vehicle.channels) {
      const shouts = numbers?.clipped.filter(({ judged }) => judged === 'clipped') ?? []
      expect([channel, numbers?.stuck ?? null, shouts]).toEqual([channel, null, []])
    }
    // By the command line: what is wrong first.
    const told = await command('--rig', name, '--from', '2026-01-01T00:00:00Z', '--to', '2026-01-01T00:02:00Z')
    expect(report.verdict).toBe('gaps_declared')
    expect(told.code, told.stderr).toBe(0)
    const lines = told.stdout.split('\n')
    const has = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line))
    expect(has(/vehicle: 1 Gap, 7.01 s together \(source_down 7.01 s\)/)).toBeGreaterThan(0)
    expect(has(/driver_ecg: ecg is clipped at 7.996 mV/)).toBeGreaterThan(0)
    expect(has(/driver_ecg +(complete|gaps_declared) +60,000 +60,000/)).toBeGreaterThan(has(/is clipped/))
    // An empty span, and one stream of it.
    const empty = await command(
      '--rig',
      name,
      '--from',
      '2025-01-01T00:00:00Z',
      '--to',
      '2025-01-02T00:00:00Z',
      '--json',
    )
    expect([empty.code, (JSON.parse(empty.stdout) as Completeness).verdict]).toEqual([1, 'empty'])
    const one = await ask(`/v1/completeness?${span}&stream=vehicle`)
    expect(one.answer.parts[0]!.streams.map(({ stream }) => stream)).toEqual(['vehicle'])
  })

  test('a plug that is pulled in a run is a Gap; data that come after its end change the report', async () => {
    let agent = startAgent(rig)
    const other = startAgent(late)
    for (const each of [agent, other]) {
      await waitFor('rows to be delivered', 60_000, async () => (await each.counters()).rows > 1000)
    }
    await post('/v1/runs', { run: '시험-1', rigs: [rig, late] })
    expect(await ask(reportOn('시험-1'))).toMatchObject({
      status: 404,
      answer: { detail: /is not over.*\?fresh=true/ },
    })
    await waitFor('some of the run', 30_000, async () => {
      const { answer } = await ask(`${reportOn('시험-1')}?fresh=true`)
      return answer.parts.every(({ streams }) => streams.some(({ delivered }) => delivered.rows > 300))
    })
    await agent.kill()
    agent = startAgent(rig)
    await waitFor('rows after the kill', 30_000, async () => (await agent.counters()).rows > 500)
    // Nothing comes any more, but both rigs go on.
    await station.broker!.stop()
    const heldFrom = (await other.counters()).rows
    await waitFor('rows in the spool', 30_000, async () => (await other.counters()).rows > heldFrom + 3000)
    await post('/v1/runs/시험-1/stop', {})
    const coming = await ask(reportOn('시험-1'))
    expect(coming).toMatchObject({ status: 202, answer: { run: '시험-1', state: 'making' } })
    const waiting = command('--run', '시험-1')
    await waitFor('the first report', 60_000, async () => (await ask(reportOn('시험-1'))).status === 200)
    const { answer: first } = await ask(reportOn('시험-1'))
    const missed = streamsOf(first, late).vehicle!.rate.afterLastS
    expect(missed).toBeGreaterThan(3)
    expect(first.findings.join('\n')).toMatch(/늦은-2\/vehicle: the last row is .* before the end/)
    expect((await waiting).stderr).toContain('waiting for its report')

    await station.startBroker()
    await waitFor('the rest to be delivered', 60_000, async () => {
      const counted = await Promise.all([agent.counters(), other.counters()])
      return counted.every(({ unconfirmed }) => unconfirmed < 50)
    })
    await waitFor('a report with the late data', 120_000, async () => {
      const { answer } = await ask(reportOn('시험-1'))
      return !answer.outdated && answer.parts.every(({ streams }) => streams.every(({ rate }) => rate.afterLastS < 1.1))
    })
    const { answer: report } = await ask(reportOn('시험-1'))
    expect(report.madeMs).toBeGreaterThan(first.madeMs)
    expect(report).toMatchObject({ run: '시험-1', version: 1, verdict: 'gaps_declared' })
    const { vehicle } = streamsOf(report)
    expect(vehicle).toMatchObject({
      verdict: 'gaps_declared',
      trouble: null,
      gaps: { count: 1, byCause: [{ cause: 'agent_down', count: 1 }] },
      rate: { pauses: 0 },
    })
    expect(vehicle!.gaps.seconds).toBeGreaterThan(0.1)
    expect(vehicle!.rate.ratio).toBeCloseTo(1, 2)
    for (const part of report.parts) {
      const within = ({ timeNs }: { timeNs: bigint }) => timeNs >= BigInt(part.fromNs) && timeNs < BigInt(part.toNs)
      for (const stream of part.streams) {
        let rows: unknown[] = []
        await waitFor('the lake to have what the journal had', 60_000, async () => {
          rows = (await readLake(station.data, part.rig, stream.stream)).filter(within)
          return rows.length >= stream.delivered.rows
        })
        expect([part.rig, stream.stream, stream.delivered.rows]).toEqual([part.rig, stream.stream, rows.length])
        expect(stream.stored.lakeRows + stream.stored.journalRows).toBe(rows.length)
      }
    }
    // One machine, one clock: offset and drift are 0 within their uncertainty.
    const clock = report.parts.find((part) => part.rig === late)!.clock
    if (clock) expect(Math.abs(clock.offsetMs)).toBeLessThanOrEqual(clock.offsetUncertaintyMs + 1)

    const told = await command('--run', '시험-1')
    expect(told.code, told.stderr).toBe(0)
    expect(told.stdout).toMatch(/^Run 시험-1, version 1: stored whole, with declared Gaps\n/)
    expect(told.stdout).toMatch(/자동차-1\/vehicle: 1 Gap, .* together \(agent_down /)
  }, 120_000)

  test('names and times that make no sense are told; exit code 2', async () => {
    expect(await ask('/v1/completeness?rig=자동챠-1')).toMatchObject({ status: 404, answer: { detail: /"자동차-1"/ } })
    expect(await ask('/v1/completeness')).toMatchObject({ status: 400, answer: { detail: /rig: expected/ } })
    const span = `rig=${encodeURIComponent(rig)}`
    expect(await ask(`/v1/completeness?${span}&from=now&to=-1h`)).toMatchObject({ status: 400 })
    const same = await ask(`/v1/completeness?${span}&from=-1h&to=-1h`)
    expect([same.status, same.answer.detail]).toEqual([400, 'from and to are the same time; to has to be later'])
    expect(await ask(`/v1/completeness?${span}&stream=vehicel`)).toMatchObject({
      status: 404,
      answer: { detail: /"vehicle"/ },
    })
    expect(await ask(reportOn('시험-l'))).toMatchObject({ status: 404, answer: { detail: /"시험-1"/ } })
    expect((await command('--rig', rig, '--stream', 'vehicel')).code).toBe(2)
    expect((await command()).code).toBe(2)
    expect((await command('--run', 'a', '--from', '-1h')).code).toBe(2)
    expect((await command('--run', '없음')).stderr).toMatch(/there is no run "없음"/)
  })
})

/** Readings at a value in runs of 3 or more, rows without a value passed over. */
function inRuns(readings: readonly unknown[], value: number): number {
  let [count, run] = [0, 0]
  for (const reading of [...readings, Number.NaN]) {
    if (reading === null || reading === undefined) continue
    if (reading === value) run++
    else {
      if (run >= 3) count += run
      run = 0
    }
  }
  return count
}
