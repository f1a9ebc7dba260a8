import { appendFileSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { influxConfig } from '../../ingest/sinks/influx/config.ts'
import { printReport } from '../../ingest/verify/print-report.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { describeWith, makeFolder } from '../services/debian.ts'
import { type Influxd, startInfluxd } from '../services/influxd.ts'
import {
  type AgentProgram,
  deliveredAll,
  runCommand,
  type Station,
  startAgentProgram,
  startStation,
  waitFor,
} from '../services/rigline.ts'
import { readInflux, readLake } from './stored.ts'

// The disk of an agent is put back as it was some time ago, or is copied to a second machine. Its file is read again from there, and ingest gets rows
// that it has, under new numbers: they are in the lake and in InfluxDB once, and no Gap is declared.

const startMs = Date.parse('2026-05-01T00:00:00Z')
const line = (i: number): string => `${startMs + i * 10},${i / 7},${i % 3 === 0 ? '' : i},${i % 2 ? '열림' : '닫힘'}\n`
const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, i) => line(from + i)).join('')
const mapping = {
  time: { column: 0, format: 'unix_ms' },
  streams: [
    {
      name: '벤치',
      channels: [
        { name: 'x', from: 1 },
        { name: 'n', from: 2, kind: 'int' },
        { name: '문', from: 3, kind: 'text' },
      ],
    },
  ],
}

await describeWith('influxd', 'an agent whose disk was restored or cloned', () => {
  const influx = { url: '', database: 'restored' }
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let influxd: Influxd
  let station: Station
  const agents = new Set<AgentProgram>()

  beforeAll(async () => {
    folder = await makeFolder()
    influxd = await startInfluxd()
    influx.url = influxd.url
    station = await startStation({ folder: folder.folder, ingest: { influx, journal: { segmentAgeMaxS: 1 } } })
  })
  afterAll(async () => {
    for (const agent of agents) await agent.kill()
    await station?.close()
    await influxd?.close()
    await folder?.remove()
  })

  function bench(rig: string) {
    const file = join(folder.folder, `${rig}.csv`)
    const homes = { first: folder.folder, clone: join(folder.folder, 'clone') }
    const data = (home: keyof typeof homes) => join(homes[home], rig, 'data')
    const source = { type: 'lines', format: 'csv', mapping, input: { type: 'file', path: file } }
    return {
      data,
      write: (from: number, to: number) => appendFileSync(file, lines(from, to)),
      start(home: keyof typeof homes = 'first', sources: Record<string, unknown>[] = [source]) {
        const config = { batch: { rowsMax: 64, ageMaxMs: 50 } }
        mkdirSync(homes[home], { recursive: true })
        const agent = startAgentProgram({ folder: homes[home], rig, mqtt: station.mqtt, sources, config })
        agents.add(agent)
        return agent
      },
      copy(to: string) {
        rmSync(to, { recursive: true, force: true })
        cpSync(data('first'), to, { recursive: true })
      },
      async rows() {
        const lake = await readLake(station.data, rig, '벤치')
        return { lake, influx: await readInflux(influx.url, influx.database, rig, '벤치') }
      },
      verify: () => verify({ dataFolder: station.data, rig, influx: influxConfig.parse(influx) }),
    }
  }

  /** Waits for both stores, then compares them with what went in, row by row. */
  async function expectAll(made: ReturnType<typeof bench>, count: number) {
    await station.caughtUp('influx')
    await waitFor('the lake to take all of the journal', 60_000, async () => {
      const report = await made.verify()
      const { streams } = report.rigs[0]!
      return streams[0]!.lake.rows >= count && streams[0]!.lake.pending.envelopes === 0
    })
    const { lake, influx: points } = await made.rows()
    const expected = Array.from({ length: count }, (_, i) => ({
      timeNs: BigInt(startMs + i * 10) * 1_000_000n,
      era: 0,
      x: i / 7,
      n: i % 3 === 0 ? null : i,
      문: i % 2 ? '열림' : '닫힘',
    }))
    const plain = (rows: typeof lake) =>
      rows.map(({ timeNs, era, values }) => ({
        timeNs,
        era,
        x: values.x,
        n: values.n === null || values.n === undefined ? null : Number(values.n),
        문: values.문,
      }))
    expect(plain(lake)).toEqual(expected)
    expect(plain(points)).toEqual(expected)
    const report = await made.verify()
    expect(report.agree, printReport(report)).toBe(true)
    return report.rigs[0]!
  }

  test('restored from an older copy while it followed a file: every row once, no Gap', async () => {
    const made = bench('복원-1')
    made.write(0, 400)
    let agent = made.start()
    await deliveredAll(agent, 400)
    const copy = join(folder.folder, 'copy-1')
    made.copy(copy)
    made.write(400, 1000)
    await deliveredAll(agent, 1000)
    await agent.kill()
    rmSync(made.data('first'), { recursive: true })
    cpSync(copy, made.data('first'), { recursive: true })
    agent = made.start()
    made.write(1000, 1200)
    await deliveredAll(agent, 800)
    const rig = await expectAll(made, 1200)
    expect(rig.gaps).toEqual([])
    // A batch that was open when it was killed came once.
    expect(rig.streams[0]!.repeated.rows).toBeGreaterThan(500)
    await agent.stop()
  }, 120_000)

  test('cloned, with what it had not delivered yet, while both go on: every row once, no Gap', async () => {
    const made = bench('복제-1')
    made.write(0, 300)
    let agent = made.start()
    await deliveredAll(agent, 300)
    // What follows waits in the spool that both will drain.
    await station.ingest.kill()
    made.write(300, 500)
    await waitFor('the rows to be spooled', 30_000, async () => (await agent.counters()).rows === 500)
    await agent.kill()
    made.copy(made.data('clone'))
    await station.startIngest()
    agent = made.start()
    const clone = made.start('clone')
    await waitFor('both to have drained the spool', 60_000, async () => {
      return (await agent.counters()).unconfirmed === 0 && (await clone.counters()).unconfirmed === 0
    })
    for (let from = 500; from < 1500; from += 100) {
      made.write(from, from + 100)
      await deliveredAll(agent, from + 100 - 500)
    }
    await deliveredAll(agent, 1000)
    await deliveredAll(clone, 1000)
    const rig = await expectAll(made, 1500)
    expect(rig.gaps).toEqual([])
    expect(rig.streams[0]!.repeated.rows).toBeGreaterThanOrEqual(1000)
    // The numbers of the older spool came from both, and are there once.
    expect(rig.spools.map(({ twice, again, holes, lost }) => [twice, again, holes, lost])).toEqual(
      rig.spools.map(() => [0, 0, [], []]),
    )
    await Promise.all([agent.stop(), clone.stop()])
  }, 120_000)

  test('restored, with a source that cannot go back: its Gap is longer than what is missing, and the rows within are shown', async () => {
    const made = bench('복원-2')
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const source = { type: 'lines', format: 'csv', mapping, input: { type: 'tcp-connect', host: '127.0.0.1', port } }
    const send = async (from: number, to: number) => {
      await waitFor('the agent to connect', 30_000, async () => sockets.size > 0)
      for (const socket of sockets) socket.write(lines(from, to))
    }
    try {
      let agent = made.start('first', [source])
      await send(0, 300)
      await deliveredAll(agent, 300)
      const copy = join(folder.folder, 'copy-2')
      made.copy(copy)
      await send(300, 600)
      await deliveredAll(agent, 600)
      await agent.kill()
      await waitFor('the connection to end', 30_000, async () => sockets.size === 0)
      rmSync(made.data('first'), { recursive: true })
      cpSync(copy, made.data('first'), { recursive: true })
      agent = made.start('first', [source])
      // 100 rows pass while nobody reads.
      await send(700, 900)
      await deliveredAll(agent, 200)
      await waitFor('the lake to have all rows', 60_000, async () => (await made.rows()).lake.length === 800)
      const report = await made.verify()
      expect(report.agree, printReport(report)).toBe(true)
      const at = (row: number) => String(BigInt(startMs + row * 10) * 1_000_000n)
      expect(report.rigs[0]!.gaps).toMatchObject([{ cause: 'agent_down', fromNs: at(299), toNs: at(700) }])
      const asked = ['--rig', '복원-2', '--from', at(0), '--to', at(1000), '--json']
      const answer = await runCommand(['completeness', '--url', station.http, ...asked])
      const { verdict, parts } = JSON.parse(answer.stdout)
      expect(verdict).toBe('gaps_declared')
      expect(parts[0].streams[0]).toMatchObject({ delivered: { rows: 800 }, trouble: null, gaps: { count: 1 } })
      await agent.stop()
    } finally {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }, 120_000)
})
