import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { builtProgram } from '../common/program.ts'
import { startAgentProgram, startStation } from '../test/services/rigline.ts'
import type { FillOptions } from './fill-spool.ts'
import { residentBytes } from './fleet.ts'
import { type Result, round, withFolder } from './rig.ts'

const mb = 1_000_000
const gib = 1024 ** 3

/** The shipped agent, started on a spool of a GiB that ingest has nothing of: until its first live batch has its receipt, and its memory. */
export async function benchAgentRestart(bytes = gib): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const rig = 'bench-1'
    const fill: FillOptions = { folder: join(folder, rig, 'data', 'spool'), rig, bytes }
    await promisify(execFile)(process.execPath, [builtProgram('fill-spool'), JSON.stringify(fill)])
    const station = await startStation({ folder })
    const startMs = performance.now()
    const agent = startAgentProgram({
      folder,
      rig,
      mqtt: station.mqtt,
      sources: [{ type: 'simulated', rig: 'energy-bench' }],
      config: { spool: { bytesMax: 2 * bytes } },
    })
    const pid = agent.child.pid!
    let counters = await agent.counters()
    while (counters.receiptSamplesMs.length === 0) {
      await sleep(10)
      counters = await agent.counters()
    }
    const seconds = (performance.now() - startMs) / 1000
    const atFirst = residentBytes(pid).now
    const before = counters.unconfirmed
    const drainMs = performance.now()
    while (counters.unconfirmed > 200 && performance.now() - drainMs < 120_000) {
      await sleep(500)
      counters = await agent.counters()
    }
    const drainS = (performance.now() - drainMs) / 1000
    const { most } = residentBytes(pid)
    await agent.kill()
    await station.close()
    const drained = before - counters.unconfirmed
    const note = `${round(bytes / gib)} GiB unconfirmed`
    const pace = `${Math.round(drained / drainS)} envelopes/s`
    return [
      { name: 'agent_restart', value: round(seconds), unit: 's', baseline: 2, ratio: round(seconds / 2), note },
      {
        name: 'agent_restart_memory',
        value: round(most / mb),
        unit: 'MB',
        baseline: 100,
        ratio: round(most / mb / 100),
        note: `the highest while ${drained} of ${before} envelopes drain at ${pace}; ${Math.round(atFirst / mb)} MB when live was there`,
      },
    ]
  })
}
