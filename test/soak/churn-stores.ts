import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { ulid } from '../../common/ulid.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { decodeDown } from '../../protos/messages.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import { rigTopic } from '../../protos/topics.ts'
import type { Body, Receipt } from '../../protos/types.ts'
import type { Random } from '../faults/types.ts'
import { type Action, isLive, type Soak, withRig } from './soak.ts'
import { ask, group } from './station.ts'

// What else happens: outages, what engineers and researchers enter, and what nobody can read.

/** After an outage a sink needs a while. */
const afterOutageMs = 15_000
const rest = (random: Random, fromMs: number, toMs: number) => sleep(random.int(fromMs, toMs))

const linkCut: Action = {
  kind: 'link_cut',
  run: (soak, random) =>
    withRig(soak, random, isLive, async ({ link }) => {
      if (random.next() < 0.5) link.cut()
      else link.halfOpen()
      await rest(random, 500, 4000)
      link.heal()
    }),
}

const outage = (kind: string, run: (soak: Soak, random: Random) => Promise<void>): Action => ({
  kind,
  async run(soak, random) {
    soak.troubleUntilMs = Number.POSITIVE_INFINITY
    try {
      await run(soak, random)
    } finally {
      soak.troubleUntilMs = Date.now() + afterOutageMs
    }
    return [kind]
  },
})

const ingestCut = outage('ingest_cut', async ({ station: { ingestLink } }, random) => {
  ingestLink.cut()
  await rest(random, 500, 3000)
  ingestLink.heal()
})

const influxRefuses = outage('influx_refuses', async ({ station: { influxLink } }, random) => {
  influxLink.answer(random.pick([429, 500, 503]))
  await rest(random, 500, 4000)
  influxLink.heal()
})

const influxRestarted = outage('influx_restarted', async ({ station: { influx } }, random) => {
  await influx.stop()
  await rest(random, 0, 2000)
  await influx.start()
})

const sites = ['광주-1', 'daegu-2', 'seoul-3']

const siteMoved: Action = {
  kind: 'site_moved',
  run: (soak, random) =>
    withRig(soak, random, isLive, async ({ rig }) => {
      const facts = { site: random.pick(sites), note: `moved ${new Date().toISOString()}` }
      await ask(soak.station, `/v1/rigs/${encodeURIComponent(rig)}/history`, { facts, why: 'the bench was moved' })
    }),
}

/** The run that is open, in each soak. */
const openRuns = new WeakMap<Soak, string>()

/** Starts one, or stops the one that is open. */
const runEntered: Action = {
  kind: 'run_started_or_stopped',
  async run(soak, random) {
    const open = openRuns.get(soak)
    if (open !== undefined) {
      await ask(soak.station, `/v1/runs/${encodeURIComponent(open)}/stop`, { why: 'done' })
      openRuns.delete(soak)
      return [open]
    }
    const rigs = soak.rigs.filter(isLive).map(({ rig }) => rig)
    const facts = { operator: 'op-7', subject: `s-${random.int(1, 40)}`, tags: ['soak'] }
    const { run } = await ask<{ run: string }>(soak.station, '/v1/runs', { rigs: rigs.slice(0, 3), facts })
    openRuns.set(soak, run)
    return [run]
  },
}

/** A rig whose agent sends what it should not. */
export const oddRig = 'odd-1'
/** A second each. */
const deliverTriesMax = 60

interface OddClient {
  /** To the broker, and no further if ingest is away. */
  send(payload: Uint8Array): Promise<unknown>
  /** As an agent does it: again and again, until ingest has it. */
  deliver(spool: string, seq: number, body: Body): Promise<void>
}

async function asOddRig({ station }: Soak, work: (client: OddClient) => Promise<void>) {
  const client = await connectAsync(`mqtt://127.0.0.1:${station.mqttPort}`, {
    username: oddRig,
    clientId: `${oddRig}-${ulid()}`,
    connectTimeout: 20_000,
    reconnectPeriod: 0,
  })
  const received = new Map<string, Receipt>()
  client.on('message', (_topic, payload) => {
    const down = decodeDown(payload)
    if (down?.type === 'receipt') received.set(down.receipt.spool, down.receipt)
  })
  const isHad = (spool: string, seq: number) => {
    const { through = 0, ranges = [] } = received.get(spool) ?? {}
    return seq <= through || ranges.some(({ from, to }) => from <= seq && seq <= to)
  }
  const send: OddClient['send'] = (payload) =>
    client.publishAsync(rigTopic(group, oddRig, 'up'), Buffer.from(payload), { qos: 1 })
  try {
    await client.subscribeAsync(rigTopic(group, oddRig, 'down'), { qos: 1 })
    await work({
      send,
      async deliver(spool, seq, body) {
        const payload = encodeBundle([encodeEnvelope({ rig: oddRig, spool, seq, body })])
        for (let tries = 0; !isHad(spool, seq); tries++) {
          if (tries === deliverTriesMax) throw new Error(`${oddRig} has no receipt of ${spool} ${seq} after a minute`)
          await send(payload)
          for (let waits = 0; waits < 20 && !isHad(spool, seq); waits++) await sleep(50)
        }
      },
    })
  } finally {
    await client.endAsync(true)
  }
}

const unreadable: Action = {
  kind: 'quarantined',
  async run(soak, random) {
    await asOddRig(soak, async ({ send }) => {
      await send(randomBytes(random.int(100, 3000)))
      const note = { tNs: 1n, type: 'note', author: '', text: 'x'.repeat(500), facts: {}, id: ulid() }
      const other = encodeEnvelope({ rig: 'another', spool: ulid(), seq: 1, body: { type: 'event', event: note } })
      await send(encodeBundle([other]))
    })
    return [oddRig]
  },
}

/** A batch whose schema comes later: it waits, and is stored. */
const parked: Action = {
  kind: 'parked',
  async run(soak, random) {
    const spool = ulid()
    const stream = 'odd'
    const channels = [{ name: 'v', kind: 'f64' as const, description: spool }]
    const bytes = encodeSchema({ stream, channels })
    const bodies: Body[] = [
      {
        type: 'batch',
        batch: {
          schema: hashSchema(bytes),
          rows: 2,
          era: 0,
          times: BigInt64Array.from([0n, 1n], (i) => BigInt(Date.now()) * 1_000_000n + i),
          monotonicNs: 0n,
          bootId: new Uint8Array(16),
          notRising: false,
          position: 0,
          origin: '',
          columns: [{ kind: 'f64', values: Float64Array.of(1, random.next()) }],
        },
      },
      { type: 'schema', bytes },
    ]
    await asOddRig(soak, async ({ deliver }) => {
      for (const [i, body] of bodies.entries()) {
        await deliver(spool, i + 1, body)
        if (i === 0) await rest(random, 2000, 6000)
      }
    })
    soak.starts++
    return [oddRig]
  },
}

export const storeActions: readonly Action[] = [
  linkCut,
  ingestCut,
  influxRefuses,
  influxRestarted,
  siteMoved,
  runEntered,
  unreadable,
  parked,
]
