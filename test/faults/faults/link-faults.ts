import type { Fault, Link, Random, World } from '../types.ts'
import { pickRig, rest, rigOf } from './fault-tools.ts'

// The network between rig and broker, and between broker and ingest. The rigs hold what they measure: nothing may be missing.

type Trouble = (link: Link, random: Random) => Promise<void>

const troubles: Record<string, Trouble> = {
  async link_cut(link, random) {
    for (let times = random.int(1, 3); times > 0; times--) {
      link.cut()
      await rest(random, 100, 2000)
      link.heal()
      if (times > 1) await rest(random, 50, 600)
    }
  },
  async link_half_open(link, random) {
    link.halfOpen()
    // Beyond the keepalive, now and then: then both ends give it up.
    await (random.next() < 0.3 ? rest(random, 8_000, 10_000) : rest(random, 500, 4_000))
    link.heal()
  },
  async link_slow(link, random) {
    link.slow(random.int(20_000, 200_000), random.int(10, 400))
    await rest(random, 2_000, 5_000)
    link.heal()
  },
}

const fault = (kind: string, touches: Fault['touches'], linkOf: (world: World, touched: string[]) => Link): Fault => ({
  kind,
  touches,
  async run(world, random, touched) {
    const link = linkOf(world, touched)
    try {
      await troubles[kind.replace('_ingest', '')]!(link, random)
    } finally {
      link.heal()
    }
    return []
  },
})

const linkOfRig = (world: World, touched: string[]): Link => {
  const { rig } = rigOf(world, touched)
  const link = world.links.get(rig)
  if (!link) throw new Error(`rig ${rig} has no link`)
  return link
}

export const linkFaults: readonly Fault[] = Object.keys(troubles).flatMap((kind) => [
  fault(kind, (world, random) => [pickRig(world, random)], linkOfRig),
  fault(
    `${kind}_ingest`,
    () => ['ingest'],
    (world) => world.ingestLink,
  ),
])
