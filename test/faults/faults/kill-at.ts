import type { Fault, NamedPoint, World } from '../types.ts'
import { eventually, patienceMs } from '../world.ts'
import { agentDown, pickRig, rigOf, sinksOf } from './fault-tools.ts'

// Processes that end exactly between one step and the next. Each point is a kind of its own.

/** Of a busy machine, whose sinks may have a backlog to read first. */
const reachedMs = 45_000
const kindOf = (point: NamedPoint): string => `kill_at_${point.replace('.', '_')}`

const inSpool = (point: NamedPoint): Fault => ({
  kind: kindOf(point),
  touches: (world, random) => [pickRig(world, random)],
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    const fromMs = Date.now()
    await rig.killAt(point, random.int(1, 20), reachedMs)
    await rig.start()
    return agentDown(rig, fromMs)
  },
})

const inJournal = (point: NamedPoint): Fault => ({
  kind: kindOf(point),
  touches: () => ['ingest'],
  async run({ ingest }, random) {
    await ingest.killAt(point, random.int(1, 30), reachedMs)
    await ingest.start()
    return []
  },
})

const lakeRestarts = async (world: World): Promise<number> =>
  (await sinksOf(world)).find(({ name }) => name === 'lake')?.state === 'running' ? 1 : 0

const lakeRenamed: Fault = {
  kind: kindOf('lake.renamed'),
  touches: () => ['ingest'],
  async run(world, random) {
    // One part has several files: some of them are there already.
    await world.ingest.killAt('lake.renamed', random.int(1, 8), reachedMs)
    await eventually('the lake to be written again', patienceMs, async () => (await lakeRestarts(world)) > 0)
    return []
  },
}

const influxWritten: Fault = {
  kind: kindOf('influx.written'),
  touches: () => ['ingest', 'influx'],
  async run({ ingest, influxLink }) {
    const killed = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`nothing was written to InfluxDB for ${reachedMs} ms`)), reachedMs)
      influxLink.onceWritten(async () => {
        clearTimeout(late)
        await ingest.kill()
        resolve()
      })
    })
    await killed
    await ingest.start()
    return []
  },
}

export const killAtFaults: readonly Fault[] = [
  inSpool('spool.appended'),
  inSpool('spool.synced'),
  inJournal('journal.appended'),
  inJournal('journal.synced'),
  influxWritten,
  lakeRenamed,
  inJournal('lake.renamed_ingest'),
]
