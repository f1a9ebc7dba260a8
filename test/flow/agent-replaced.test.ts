import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { printReport } from '../../ingest/verify/print-report.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { temporaryFolder } from '../services/debian.ts'
import { connectHand, handGroup, handRig, handSpool, numbers } from '../services/hand-rig.ts'
import { deliveredAll, type Station, startAgentProgram, startStation, waitFor } from '../services/rigline.ts'

// The disk of an agent is lost, or put back from an older copy: what it had not delivered is declared by ingest, once.

const startMs = Date.parse('2026-05-01T00:00:00Z')
const at = (row: number) => String(BigInt(startMs + row * 10) * 1_000_000n)
const later = '01J11111111111111111111111'

async function reportOf(station: Station, rig: string) {
  const report = await verify({ dataFolder: station.data, rig })
  return { report, mine: report.rigs.find((each) => each.rig === rig) }
}

const declared = async (station: Station, rig: string) =>
  ((await reportOf(station, rig)).mine?.gaps ?? []).filter(({ cause }) => cause === 'agent_replaced')

test('a new disk without a word of the old one: a Gap per stream from the last row stored to the first new one, once', async () => {
  const folder = await temporaryFolder()
  const station = await startStation({ folder, ingest: { journal: { segmentAgeMaxS: 1 } } })
  onTestFinished(station.close)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as { port: number }
  const mapping = {
    time: { column: 0, format: 'unix_ms' },
    streams: [
      { name: '벤치', channels: [{ name: 'x', from: 1 }] },
      { name: 'again', channels: [{ name: 'y', from: 2 }] },
    ],
  }
  const source = { type: 'lines', format: 'csv', mapping, input: { type: 'tcp-connect', host: '127.0.0.1', port } }
  const start = () => startAgentProgram({ folder, rig: '교체-1', mqtt: station.mqtt, sources: [source], config: {} })
  const send = async (from: number, to: number) => {
    await waitFor('the agent to connect', 30_000, async () => sockets.size > 0)
    const text = Array.from({ length: to - from }, (_, i) => `${startMs + (from + i) * 10},${i / 7},${i}\n`).join('')
    for (const socket of sockets) socket.write(text)
  }

  let agent = start()
  onTestFinished(() => agent.kill())
  await send(0, 300)
  await deliveredAll(agent, 600)
  // An agent that starts again on its disk has a predecessor, and declares for itself.
  await agent.kill()
  await waitFor('the connection to end', 30_000, async () => sockets.size === 0)
  agent = start()
  await send(300, 400)
  await deliveredAll(agent, 200)
  await station.ingest.kill()
  await send(400, 500)
  await waitFor('the rows to be spooled', 30_000, async () => (await agent.counters()).rows === 400)
  await agent.kill()
  await waitFor('the connection to end', 30_000, async () => sockets.size === 0)
  rmSync(join(folder, '교체-1', 'data'), { recursive: true })
  await station.startIngest()
  agent = start()
  await send(700, 900)
  await deliveredAll(agent, 400)
  await waitFor('the Gaps', 30_000, async () => (await declared(station, '교체-1')).length === 2)
  await station.ingest.kill()
  await station.startIngest()
  await send(900, 1000)
  await deliveredAll(agent, 600)
  await station.caughtUp('lake')
  const gaps = await declared(station, '교체-1')
  expect(gaps.map(({ streams, fromNs, toNs, numbers: gone }) => ({ streams, fromNs, toNs, gone }))).toEqual(
    expect.arrayContaining(
      ['벤치', 'again'].map((stream) => ({ streams: [stream], fromNs: at(399), toNs: at(700), gone: [] })),
    ),
  )
  expect(gaps).toHaveLength(2)
  const { report } = await reportOf(station, '교체-1')
  expect(report.agree, printReport(report)).toBe(true)
}, 120_000)

test('numbers that the agent does not hold any more are declared, once, and taken if the old disk comes back', async () => {
  const folder = await temporaryFolder()
  const station = await startStation({ folder, group: handGroup, ingest: { journal: { segmentAgeMaxS: 1 } } })
  onTestFinished(station.close)
  const hand = await connectHand(station)
  // It holds 15; some of it is on its way.
  await hand.list({ spool: handSpool, last: 15 })
  await hand.send([...numbers(1, 5), ...numbers(9, 10)])
  await waitFor('the receipt', 20_000, async () => hand.receipt()?.ranges[0]?.to === 10)
  await station.ingest.kill()
  await station.startIngest()
  // The disk is put back as it was when it held 7.
  await hand.list({ spool: handSpool, last: 7 }, later)
  await hand.send(numbers(1, 3), later)
  await waitFor('a Gap of what it lacks', 60_000, async () => (await declared(station, handRig)).length === 2)
  expect((await declared(station, handRig)).map(({ spool, numbers: gone }) => ({ spool, gone }))).toEqual([
    { spool: handSpool, gone: [{ from: 8, to: 8 }] },
    { spool: handSpool, gone: [{ from: 11, to: 15 }] },
  ])
  // Its own it brings, after whatever time.
  await hand.send(numbers(6, 7))
  await hand.receipted(7)
  expect(hand.receipt()).toEqual({ spool: handSpool, through: 7, ranges: [{ from: 9, to: 10 }] })
  await station.ingest.kill()
  await station.startIngest()
  await hand.list(handSpool, later)
  await hand.send([8, ...numbers(11, 15), 8])
  await hand.receipted(15)
  await station.caughtUp('lake')
  const { report, mine } = await reportOf(station, handRig)
  expect(mine!.spools.find(({ spool }) => spool === handSpool)).toMatchObject({
    numbers: [{ from: 1, to: 15 }],
    holes: [],
    lost: [],
    declared: [],
    twice: 0,
  })
  expect(mine!.gaps).toHaveLength(2)
  expect(report.agree, printReport(report)).toBe(true)
}, 120_000)
