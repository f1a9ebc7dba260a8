import type { QuarantineAnswer, ReplayManyAnswer } from '../../../ingest/http/answers-quarantine.ts'
import type { Fault, Random, RiglineProcess, World } from '../types.ts'
import { eventually, patienceMs } from '../world.ts'
import { agentDown, burstBytesPerS, pickRig, rest, rigOf, sinksOf, smallBatch } from './fault-tools.ts'

// InfluxDB, or the way to it, in trouble. The sink waits, and stores everything.

const fault = (kind: string, run: (world: World, random: Random) => Promise<void>): Fault => ({
  kind,
  touches: () => ['influx'],
  async run(world, random) {
    try {
      await run(world, random)
    } finally {
      world.influxLink.heal()
    }
    return []
  },
})

const answering = (status: 429 | 500 | 503): Fault =>
  fault(`influx_${status}`, async ({ influxLink }, random) => {
    influxLink.answer(status, {
      share: random.pick([1, 0.5]),
      random: random.fork('share'),
      after: random.next() < 0.3,
    })
    await rest(random, 500, 3_000)
  })

/** Writes are refused by chance and halved, more often than not down to single lines: those go to quarantine, and are sent again from there. */
const refusing = fault('influx_400', async (world, random) => {
  const { influxLink } = world
  let before = 0
  await eventually('ingest to say what was refused so far', patienceMs, async () => {
    before = await refusedLines(world)
    return true
  })
  influxLink.answer(400, { share: random.pick([0.7, 0.9]), random: random.fork('share'), after: random.next() < 0.3 })
  await eventually('lines to be refused', 6_000, async () => (await refusedLines(world)) > before).catch(() => {})
  influxLink.heal()
  await replayRefused(world)
})

const influxSink = async (world: World) => (await sinksOf(world)).find(({ name }) => name === 'influx')

/** Ingest may be ended by another fault of the round meanwhile. */
const refusedLines = async (world: World): Promise<number> => (await influxSink(world))?.counters.refused_lines ?? 0

/** What is refused is put aside when the write it was part of is done. */
async function replayRefused(world: World): Promise<void> {
  await eventually('InfluxDB to have what it refuses no more', patienceMs, async () => {
    const influx = await influxSink(world)
    return influx?.state === 'running' && influx.behindBytes < 200_000
  })
  // A write that was halved while it was healed may put lines aside behind the look of a replay.
  await eventually('everything that InfluxDB refused to be replayed', patienceMs, async () => {
    for (let newerThan: string | undefined; ; ) {
      const said = await replaySome(world, newerThan)
      if (said.left === 0 || said.stopped || said.last === null) break
      newerThan = said.last
    }
    const answer = await fetch(`${world.httpUrl}/v1/quarantine?by=influx&reason=refused_by_influx&limit=1`)
    return answer.ok && ((await answer.json()) as QuarantineAnswer).entries.length === 0
  })
}

/** Ingest may be ended by another fault of the round in the midst of it. */
async function replaySome(world: World, newerThan: string | undefined): Promise<ReplayManyAnswer> {
  let said: ReplayManyAnswer | undefined
  await eventually('what InfluxDB refused to be replayed', patienceMs, async () => {
    const answer = await fetch(`${world.httpUrl}/v1/quarantine/replay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'influx', ...(newerThan === undefined ? {} : { newerThan }) }),
    })
    if (answer.ok) said = (await answer.json()) as ReplayManyAnswer
    return answer.ok
  })
  return said!
}

/** The sink's patience with one write is 3 s here. */
const silent = fault('influx_timeout', async ({ influxLink }, random) => {
  influxLink.answer('timeout', { after: random.next() < 0.5 })
  await rest(random, 2_000, 5_000)
})

const answerLost = fault('influx_answer_lost', async ({ influxLink }, random) => {
  influxLink.answer(random.pick([500, 503, 'timeout'] as const), {
    after: true,
    share: 0.5,
    random: random.fork('share'),
  })
  await rest(random, 1_000, 3_000)
})

const down: Fault = {
  kind: 'influx_down',
  touches: () => ['influx'],
  async run({ influx }, random) {
    await influx.stop()
    await rest(random, 500, 3_000)
    await influx.start()
    return []
  },
}

const onItsWay = (kind: string, begin: (world: World, random: Random) => void, mostMs: number): Fault =>
  fault(kind, async (world, random) => {
    begin(world, random)
    await rest(random, 500, mostMs)
  })

const journal = { segmentAgeMaxS: 1, segmentBytesMax: 1024 * 1024, bytesMax: 8 * 1024 * 1024 }

/** Away for longer than the journal may hold: what InfluxDB is owed then comes out of the lake. */
const long: Fault = {
  kind: 'influx_long',
  touches: (world, random) => [pickRig(world, random), 'ingest', 'influx'],
  async run(world, random, touched) {
    const { ingest, ingestConfig, influxLink } = world
    const rig = rigOf(world, touched)
    const before = ingestConfig.journal
    const fromMs = Date.now()
    const restart = async (program: RiglineProcess) => {
      await program.stop()
      await program.start()
    }
    ingestConfig.journal = journal
    rig.config.batch = smallBatch
    await Promise.all([restart(ingest), restart(rig)])
    const excuses = agentDown(rig, fromMs)
    influxLink.cut()
    try {
      rig.burst(burstBytesPerS)
      const isOwed = async () => ((await influxSink(world))?.owedBytes ?? 0) > 0
      await eventually('InfluxDB to be owed what the journal has no room for', patienceMs, isOwed)
      await rest(random, 0, 1_500)
    } finally {
      rig.burst(0)
      influxLink.heal()
      ingestConfig.journal = before
      delete rig.config.batch
    }
    const stopMs = Date.now()
    await Promise.all([restart(ingest), restart(rig)])
    return [...excuses, ...agentDown(rig, stopMs)]
  },
}

export const influxFaults: readonly Fault[] = [
  answering(429),
  answering(500),
  answering(503),
  refusing,
  silent,
  answerLost,
  down,
  onItsWay('influx_link_cut', ({ influxLink }) => influxLink.cut(), 3_000),
  onItsWay('influx_link_half_open', ({ influxLink }) => influxLink.halfOpen(), 4_500),
  onItsWay('influx_link_slow', ({ influxLink }, random) => influxLink.slow(random.int(30_000, 300_000), 100), 4_000),
  long,
]
