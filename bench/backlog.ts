import { setTimeout as sleep } from 'node:timers/promises'
import { startStation } from '../test/services/rigline.ts'
import { describeCatchUp, type FleetOptions, quantile, residentBytes, startFleet } from './fleet.ts'
import { type Result, round, withFolder } from './rig.ts'
import { channels } from './synthetic.ts'

const mb = 1_000_000

/** After an outage: live data beside the backlog, for one rig with an hour of it, and for two hundred that come back at once. */
export async function benchBacklog(): Promise<Result[]> {
  return [
    ...(await measure('backlog', { agents: 1, rowsPerS: 125, ageMaxMs: 100, pastS: 3600 })),
    ...(await measure('backlog_200', { agents: 200, rowsPerS: 2, ageMaxMs: 500, pastS: 240 })),
  ]
}

async function measure(name: string, load: Omit<FleetOptions, 'folder' | 'url'>): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const station = await startStation({ folder })
    await station.broker?.kill()
    const fleet = await startFleet({ ...load, folder, url: station.mqtt })
    // Everything that the outage left is in the spools before anybody is there to take it.
    const envelopes = (load.pastS * 1000) / load.ageMaxMs
    for (;;) {
      const { agents } = await fleet.look()
      if (agents.every(({ unconfirmed }) => unconfirmed >= envelopes * 0.95)) break
      await sleep(500)
    }
    const backMs = Date.now()
    await station.startBroker()
    const agents = await fleet.caughtUp(backMs, 300_000)
    const caught = agents.map(describeCatchUp)
    const catchUpS = caught.map(({ catchUpMs }) => catchUpMs / 1000)
    const live = caught.flatMap(({ besideMs }) => besideMs)
    const underS = Math.max(...caught.map(({ underASecondMs }) => underASecondMs / 1000))
    const slowestS = Math.max(...catchUpS)
    const memory = [station.broker!, station.ingest].map(({ child }) => Math.round(residentBytes(child.pid!).most / mb))
    fleet.kill()
    await station.close()
    const who = `${load.agents} x ${load.rowsPerS * channels} readings/s, ${load.pastS} s of backlog each`
    const p99 = quantile(live, 0.99)
    return [
      {
        name: `${name}_live_p99`,
        value: round(p99),
        unit: 'ms',
        baseline: 1000,
        ratio: round(p99 / 1000),
        note: `${who}; beside it, from sample to receipt; p50 ${round(quantile(live, 0.5))}`,
      },
      {
        name: `${name}_live_back`,
        value: round(underS),
        unit: 's',
        baseline: 5,
        ratio: round(underS / 5),
        note: 'from the connect until live data were under a second for good; the slowest rig',
      },
      {
        name: `${name}_speed`,
        value: round(load.pastS / slowestS),
        unit: 'x',
        baseline: 20,
        ratio: round(load.pastS / slowestS / 20),
        note: `times real time; the slowest in ${round(slowestS)} s, the median in ${round(quantile(catchUpS, 0.5))} s; broker ${memory[0]}, ingest ${memory[1]} MB at most`,
      },
    ]
  })
}
