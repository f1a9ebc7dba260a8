import { setTimeout as sleep } from 'node:timers/promises'
import { createQuota } from '../disk.ts'
import type { Excuse, Fault, Random, Rig, RiglineProcess, World } from '../types.ts'
import { eventually, patienceMs } from '../world.ts'
import { agentDown, burstBytesPerS, pickRig, rest, rigOf, sinksRun, smallBatch } from './fault-tools.ts'

// Full disks, and a spool at its limit.

/** Runs while nothing more fits on the rig's disk. */
async function whileFull(world: World, rig: Rig, random: Random, then: () => Promise<void>): Promise<void> {
  const own = world.disk(rig)
  const disk = own ?? createQuota(rig.data, Number.MAX_SAFE_INTEGER, rig.control)
  disk.fill(random.pick([0, 0, 4_000, 60_000]))
  try {
    await then()
  } finally {
    disk.free()
    if (!own) rig.control.set({ quota: undefined })
  }
}

/** The agent keeps in memory what it cannot spool, sends it from there, and spools it later: nothing may be missing. */
const ofAgent: Fault = {
  kind: 'disk_full_agent',
  touches: (world, random) => [pickRig(world, random)],
  async run(world, random, touched) {
    await whileFull(world, rigOf(world, touched), random, () => rest(random, 500, 4_000))
    return []
  },
}

/** What was in memory alone goes with the agent: of a source that resumes it is read again, of the others it lies in a Gap. */
const ofAgentKilled: Fault = {
  kind: 'disk_full_agent_killed',
  touches: (world, random) => [pickRig(world, random)],
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    const fromMs = Date.now()
    await whileFull(world, rig, random, async () => {
      await rest(random, 500, 2_500)
      await rig.kill()
    })
    await rig.start()
    return agentDown(rig, fromMs)
  },
}

async function restart(program: RiglineProcess): Promise<void> {
  await program.stop()
  await program.start()
}

/** As small as it may be: what reaches a bound with few rows is over soon. */
const smallSpool = { bytesMax: 8 * 1024 * 1024, segmentBytesMax: 256 * 1024 }
/** What an agent of that spool keeps in memory while its disk is full. */
const smallSpoolHeldBytes = smallSpool.bytesMax / 4
/** One at a time: tens of thousands of envelopes keep a small machine busy. */
const burst = 'burst'
/** Of smallBatch, at least. */
const envelopeBytes = 130
/** About half of it. */
const waitingEnvelopes = 16_000

/** Starts the rig with a small spool and small batches, cut off, measuring much until `then` is done; and as usual again when all is delivered. */
async function withSmallSpool(world: World, rig: Rig, then: () => Promise<void>): Promise<void> {
  const link = world.links.get(rig.rig)
  const isDrained = async () => (await rig.counters()).unconfirmed < 100
  // What an earlier fault has left there would not fit.
  await eventually('the spool to be drained before it is small', patienceMs, isDrained)
  Object.assign(rig.config, { spool: smallSpool, batch: smallBatch })
  try {
    await restart(rig)
    // Otherwise ingest has it all, and nothing is lost.
    link?.cut()
    rig.burst(burstBytesPerS)
    await then()
  } finally {
    rig.burst(0)
    delete rig.config.spool
    delete rig.config.batch
    link?.heal()
  }
  // Of tens of thousands of small envelopes; on a busy machine, with an ingest whose journal is full, this takes more than a minute.
  await eventually('the spool to be drained', patienceMs, isDrained)
  await restart(rig)
}

/** For longer than its memory may hold: what that loses is declared. */
const ofAgentLong: Fault = {
  kind: 'disk_full_agent_long',
  touches: (world, random) => [pickRig(world, random, ({ source }) => source === 'tcp'), burst],
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    const fromMs = Date.now()
    await withSmallSpool(world, rig, () =>
      whileFull(world, rig, random, async () => {
        const before = rig.generated()
        const isBeyond = async () => rig.generated() - before > smallSpoolHeldBytes / envelopeBytes
        await eventually('more to be measured than its memory holds', patienceMs, isBeyond)
      }),
    )
    const toMs = Date.now()
    return [{ rig: rig.rig, causes: ['spool_unwritable'], fromMs, toMs }, ...agentDown(rig, fromMs, toMs)]
  },
}

/** Receipts stop, the rigs hold their data; catalog, lake and quarantine lie on the same disk. */
const ofIngest: Fault = {
  kind: 'disk_full_ingest',
  touches: () => ['ingest'],
  async run(world, random) {
    const disk = world.disk(world.ingest)
    if (!disk) {
      world.log('disk_full_ingest: no disk of a fixed size can be made here')
      return []
    }
    disk.fill(random.pick([0, 20_000, 400_000]))
    try {
      await rest(random, 1_000, 4_000)
      // A second start with a full disk is no reason to lose anything, either.
      if (random.next() < 0.3) await world.ingest.kill()
    } finally {
      disk.free()
    }
    if (!world.ingest.running) await world.ingest.start()
    await sinksRun(world, 45_000)
    return []
  },
}

/** A rig that measures more, while nobody takes it, than its spool may hold: the oldest go, and are declared. */
const spoolFull = (kind: string, fits: (rig: Rig) => boolean, causes: Excuse['causes']): Fault => ({
  kind,
  touches: (world, random) => [pickRig(world, random, fits), burst],
  async run(world, _random, touched) {
    const rig = rigOf(world, touched)
    const fromMs = Date.now()
    await withSmallSpool(world, rig, async () => {
      // A source that can wait is not read so far that something would be dropped.
      const isFull = async () => {
        const { spoolBytes, unconfirmed } = await rig.counters()
        return rig.source === 'file' ? unconfirmed > waitingEnvelopes : spoolBytes > 0.73 * smallSpool.bytesMax
      }
      await eventually('the spool to be full', patienceMs, isFull)
      await sleep(500)
    })
    const toMs = Date.now()
    return [...agentDown(rig, fromMs, toMs), ...(causes.length > 0 ? [{ rig: rig.rig, causes, fromMs, toMs }] : [])]
  },
})

export const diskFaults: readonly Fault[] = [
  ofAgent,
  ofAgentKilled,
  ofAgentLong,
  ofIngest,
  // Of a rig that keeps what was confirmed that goes first.
  spoolFull('spool_full', ({ source, keepConfirmed }) => source !== 'file' && !keepConfirmed, ['spool_full']),
  // A file can wait.
  spoolFull('spool_full_file', ({ source }) => source === 'file', []),
]
