import mqtt from 'mqtt'
import { encodeBundle, splitBundle } from '../../../protos/bundle.ts'
import { rigTopic } from '../../../protos/topics.ts'
import type { Fault, Random, Rig, World } from '../types.ts'
import { pickRig, rest, rigOf } from './fault-tools.ts'

// What a network may do with messages: bring them twice, late, in another order. By a client of the harness under the rig's own name.

const connectMs = 10_000

async function withClient<T>(
  { mqttPort }: World,
  username: string,
  clientId: string,
  use: (client: mqtt.MqttClient) => Promise<T>,
): Promise<T> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    username,
    clientId,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: connectMs,
  })
  client.on('error', () => {})
  try {
    return await use(client)
  } finally {
    await client.endAsync(true)
  }
}

/** The bundles that a rig's agent publishes until `during` is done. */
const capture = (world: World, { rig }: Rig, during: () => Promise<void>): Promise<Uint8Array[]> =>
  withClient(world, 'ingest-harness', `ingest-harness-${process.pid}`, async (client) => {
    const bundles: Uint8Array[] = []
    client.on('message', (_topic, payload) => bundles.push(payload))
    await client.subscribeAsync(rigTopic(world.group, rig, 'up'), { qos: 1 })
    await during()
    return bundles
  })

const publish = (world: World, { rig }: Rig, bundles: readonly Uint8Array[]): Promise<void> =>
  withClient(world, rig, `${rig}-harness-${process.pid}`, async (client) => {
    const topic = rigTopic(world.group, rig, 'up')
    for (const bundle of bundles) await client.publishAsync(topic, Buffer.from(bundle), { qos: 1 })
  })

function shuffle<T>(items: readonly T[], random: Random): T[] {
  const shuffled = [...items]
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.int(0, i)
    ;[shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T]
  }
  return shuffled
}

/** Each envelope alone, in any order. */
const reordered = (bundles: readonly Uint8Array[], random: Random): Uint8Array[] =>
  shuffle(bundles.flatMap(splitBundle), random).map((envelope) => encodeBundle([envelope]))

const touches: Fault['touches'] = (world, random) => [pickRig(world, random), 'broker', 'ingest']

/** What ingest has had comes twice more, now or after its restart. */
const repeated: Fault = {
  kind: 'delivery_repeated',
  touches,
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    const bundles = await capture(world, rig, () => rest(random, 500, 2_000))
    if (random.next() < 0.5) {
      await world.ingest.kill()
      await world.ingest.start()
    }
    await publish(world, rig, [...bundles, ...bundles, ...reordered(bundles, random)])
    return []
  },
}

/** What ingest has not had comes in another order, before the agent can send it again. */
const disordered: Fault = {
  kind: 'delivery_reordered',
  touches,
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    const link = world.links.get(rig.rig)
    await world.ingest.kill()
    try {
      const bundles = await capture(world, rig, () => rest(random, 300, 1_500))
      link?.cut()
      await world.ingest.start()
      await publish(world, rig, reordered(bundles, random))
      await rest(random, 50, 500)
    } finally {
      link?.heal()
      if (!world.ingest.running) await world.ingest.start()
    }
    return []
  },
}

export const deliveryFaults: readonly Fault[] = [repeated, disordered]
