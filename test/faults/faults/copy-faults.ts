import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { streamPlans } from '../rows.ts'
import type { Excuse, Fault, Rig, World } from '../types.ts'
import { eventually, patienceMs } from '../world.ts'
import { aRig, missedBy, rigNamed } from './kill.ts'

// Copies of disks: put back later, or started in a second machine.

/** What ingest had taken since `fromMs` and no longer has: rigs that keep what was confirmed send it again, the others declare it. */
export const forgottenBy = (world: World, fromMs: number): Excuse[] =>
  world.rigs
    .filter(({ keepConfirmed }) => !keepConfirmed)
    .map(({ rig }) => ({ rig, causes: ['ingest_restored'], fromMs, toMs: Date.now() }))

/**
 * The folder itself may be where a disk is mounted: what is in it is replaced. The lake's process ends a moment after a killed ingest,
 * and until then files come and go: then it is begun anew.
 */
async function replaceContents(from: string, to: string): Promise<void> {
  let failure: Error | undefined
  await eventually(`${from} to be copied`, 10_000, async () => {
    try {
      mkdirSync(to, { recursive: true })
      for (const name of readdirSync(to)) rmSync(join(to, name), { recursive: true, force: true })
      cpSync(from, to, { recursive: true, preserveTimestamps: true })
      return true
    } catch (error) {
      failure = error as Error
      return false
    }
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${failure?.message}`)
  })
}

let copies = 0
async function copyOf(world: World, data: string): Promise<{ putBack(): Promise<void> }> {
  const copy = join(world.folder, `copy-${++copies}`)
  await replaceContents(data, copy)
  return {
    async putBack() {
      await replaceContents(copy, data)
      rmSync(copy, { recursive: true, force: true })
    },
  }
}

const ingestRestored: Fault = {
  kind: 'ingest_restored',
  touches: () => ['ingest'],
  async run(world, random) {
    const { ingest } = world
    await sleep(random.int(0, 500))
    await (random.int(0, 1) === 0 ? ingest.stop() : ingest.kill())
    const fromMs = Date.now()
    const copy = await copyOf(world, ingest.data)
    await ingest.start()
    await sleep(random.int(800, 2500))
    await (random.int(0, 1) === 0 ? ingest.stop() : ingest.kill())
    await copy.putBack()
    await ingest.start()
    return forgottenBy(world, fromMs)
  },
}

/** A disk of the rig is gone. Whatever lay on it, ingest may lose too, in a fault beside this one or later, however long it had had it. */
const onDiskGone = ({ rig }: Rig): Excuse => ({ rig, causes: ['agent_replaced'], fromMs: 0, toMs: Date.now() })

const agentRestored: Fault = {
  kind: 'agent_restored',
  touches: (world, random) => [aRig(world, random)],
  async run(world, random, [name]) {
    const rig = rigNamed(world, name as string)
    await sleep(random.int(0, 500))
    await (random.int(0, 1) === 0 ? rig.stop() : rig.kill())
    const fromMs = Date.now()
    const copy = await copyOf(world, rig.data)
    await rig.start()
    await sleep(random.int(800, 2500))
    // What ingest does not have yet would go with the disk, and only a hole would tell.
    rig.rest()
    try {
      await eventually('the agent to have told all', patienceMs, async () => (await rig.counters()).unconfirmed === 0)
      await rig.kill()
    } finally {
      rig.resume()
    }
    await copy.putBack()
    await rig.start()
    return [...missedBy(rig, fromMs), onDiskGone(rig)]
  },
}

/** What it had spooled and not delivered goes with its disk: only ingest can say so. */
const agentDiskLost: Fault = {
  kind: 'agent_disk_lost',
  touches: (world, random) => [aRig(world, random)],
  async run(world, random, [name]) {
    const rig = rigNamed(world, name as string)
    const link = world.links.get(rig.rig)
    link?.cut()
    try {
      await sleep(random.int(300, 2500))
      await rig.kill()
      // The folder itself may be where a disk is mounted.
      for (const file of readdirSync(rig.data)) rmSync(join(rig.data, file), { recursive: true, force: true })
      if (random.int(0, 1) === 0) link?.heal()
      await rig.start()
    } finally {
      link?.heal()
    }
    // Up to the first row of each stream nobody can say what was missed, or lost.
    rig.rest()
    try {
      await eventually('the agent to be connected to its device', patienceMs, async () => rig.listeners() > 0)
      rig.rowsNow()
      await eventually('the first rows to be delivered', patienceMs, async () => {
        const { rows, unconfirmed } = await rig.counters()
        return rows >= streamPlans.length && unconfirmed === 0
      })
    } finally {
      rig.resume()
    }
    return [onDiskGone(rig)]
  },
}

const agentCloned: Fault = {
  kind: 'agent_cloned',
  touches: (world, random) => [aRig(world, random)],
  async run(world, random, [name]) {
    const rig = rigNamed(world, name as string)
    const clone = rig.clone(`clone-${++copies}`)
    await sleep(random.int(0, 500))
    const fromMs = Date.now()
    await (random.int(0, 1) === 0 ? rig.stop() : rig.kill())
    await replaceContents(rig.data, clone.data)
    await Promise.all([rig.start(), clone.start()])
    await sleep(random.int(1000, 2500))
    await endClone(rig, clone)
    return [...missedBy(rig, fromMs), onDiskGone(rig)]
  },
}

/** Its device tells it nothing more, and it has told ingest all: what it still had would be gone with it. */
async function endClone(rig: Rig, clone: ReturnType<Rig['clone']>): Promise<void> {
  rig.rest()
  let before = -1
  try {
    await eventually('the clone to have told all that it knows', patienceMs, async () => {
      const { rows, unconfirmed } = await clone.counters()
      const isStill = rows === before
      before = rows
      await sleep(250)
      return isStill && unconfirmed === 0
    })
    await clone.stop()
  } finally {
    rig.resume()
  }
}

export const copyFaults: Fault[] = [ingestRestored, agentRestored, agentDiskLost, agentCloned]
