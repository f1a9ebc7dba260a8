import { setTimeout as sleep } from 'node:timers/promises'
import type { ReplayManyAnswer } from '../../../ingest/http/answers-quarantine.ts'
import type { Fault, Random, World } from '../types.ts'
import { eventually } from '../world.ts'
import { rest, sinksOf, sinksRun } from './fault-tools.ts'

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
  influxLink.answer(400, { share: random.pick([0.5, 0.8]), random: random.fork('share'), after: random.next() < 0.3 })
  await rest(random, 300, 1_500)
  influxLink.heal()
  await replayRefused(world)
})

/** What is refused is put aside when the write it was part of is done. */
async function replayRefused(world: World): Promise<void> {
  await eventually('InfluxDB to have what it refuses no more', 20_000, async () => {
    const influx = (await sinksOf(world)).find(({ name }) => name === 'influx')
    return influx?.state === 'running' && influx.behindBytes < 200_000
  })
  for (let newerThan: string | undefined; ; ) {
    const answer = await fetch(`${world.httpUrl}/v1/quarantine/replay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'influx', ...(newerThan === undefined ? {} : { newerThan }) }),
    })
    const said = (await answer.json()) as ReplayManyAnswer
    if (!answer.ok) throw new Error(`quarantine replay: ${JSON.stringify(said)}`)
    if (said.left === 0 || said.stopped || said.last === null) return
    newerThan = said.last
  }
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

const journalBytesMax = 8 * 1024 * 1024
const burstBytesPerS = 1_500_000

/** Away for longer than the journal may hold: what InfluxDB is owed then comes out of the lake. */
const long: Fault = {
  kind: 'influx_long',
  touches: () => ['*'],
  async run(world) {
    const { ingest, ingestConfig, influxLink, rigs } = world
    const before = ingestConfig.journal
    const restart = async () => {
      await ingest.stop()
      await ingest.start()
    }
    ingestConfig.journal = { segmentAgeMaxS: 1, segmentBytesMax: 1024 * 1024, bytesMax: journalBytesMax }
    await restart()
    influxLink.cut()
    try {
      for (const rig of rigs) rig.burst(burstBytesPerS / rigs.length)
      // Of envelopes; what InfluxDB has not taken of the first is then in no segment of the journal any more.
      await sleep((2.5 * journalBytesMax * 1000) / burstBytesPerS)
    } finally {
      for (const rig of rigs) rig.burst(0)
      influxLink.heal()
      ingestConfig.journal = before
    }
    await restart()
    await sinksRun(world, 60_000)
    return []
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
