import { setTimeout as sleep } from 'node:timers/promises'
import { shuffled } from '../random.ts'
import type { Excuse, Fault, Process, Random, Rig, World } from '../types.ts'

// kill -9 at random moments, alone and together, and orderly stops: nothing is lost but what a source that cannot resume measured while
// its agent was away.

/** What an agent that was away from `fromMs` on may have missed. */
export const missedBy = (rig: Rig, fromMs: number): Excuse[] =>
  rig.source === 'file' ? [] : [{ rig: rig.rig, causes: ['agent_down'], fromMs, toMs: Date.now() + startingMs }]

/** From being ready to the first row of a device that must be reached first. */
const startingMs = 2000

export const rigNamed = (world: Pick<World, 'rigs'>, name: string): Rig => {
  const rig = world.rigs.find((each) => each.rig === name)
  if (!rig) throw new Error(`there is no rig ${name}`)
  return rig
}

export const aRig = (world: Pick<World, 'rigs'>, random: Random): string =>
  random.pick(world.rigs.map(({ rig }) => rig))

const processNamed = (world: World, name: string): Process => {
  if (name === 'broker' || name === 'ingest' || name === 'influx') return world[name]
  return rigNamed(world, name)
}

/** Ends them at one moment and starts them again, each after a while of its own. */
async function endAndStart(world: World, random: Random, names: string[], how: 'kill' | 'stop'): Promise<Excuse[]> {
  await sleep(random.int(0, 1200))
  const fromMs = Date.now()
  await Promise.all(names.map((name) => processNamed(world, name)[how]()))
  const waits = names.map(() => random.int(0, 1500))
  await Promise.all(
    names.map(async (name, i) => {
      await sleep(waits[i])
      await processNamed(world, name).start()
    }),
  )
  return names.flatMap((name) => {
    const rig = world.rigs.find((each) => each.rig === name)
    return rig ? missedBy(rig, fromMs) : []
  })
}

const ending = (kind: string, how: 'kill' | 'stop', touches: Fault['touches']): Fault => ({
  kind,
  touches,
  run: (world, random, touched) => endAndStart(world, random, touched, how),
})

export const killFaults: Fault[] = [
  ending('kill_agent', 'kill', (world, random) => [aRig(world, random)]),
  ending('kill_broker', 'kill', () => ['broker']),
  ending('kill_ingest', 'kill', () => ['ingest']),
  ending('kill_influx', 'kill', () => ['influx']),
  ending('kill_together', 'kill', (world, random) =>
    shuffled(['broker', 'ingest', 'influx', ...world.rigs.map(({ rig }) => rig)], random).slice(0, random.int(2, 4)),
  ),
  ending('stop_agent', 'stop', (world, random) => [aRig(world, random)]),
  ending('stop_ingest', 'stop', () => ['ingest']),
]
