import type { Fault, Random, World } from '../types.ts'
import { agentDown, pickRig, rest, rigOf } from './fault-tools.ts'

// A rig's wall clock that is wrong. What a source dates itself is not touched; what the agent dates goes where its clock was.

const secondMs = 1000
const behindMs = 20 * secondMs
const hourMs = 3600 * secondMs

/** More often one whose rows the agent dates. */
const touches = (world: Pick<World, 'rigs'>, random: Random): string[] => [
  pickRig(world, random, random.next() < 0.5 ? ({ source }) => source === 'stamped' : undefined),
]

const step: Fault = {
  kind: 'clock_step',
  touches,
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    try {
      for (let times = random.int(1, 3); times > 0; times--) {
        const size = random.pick([random.int(2, 30) * secondMs, random.int(1, 59) * 60 * secondMs, 6 * hourMs])
        rig.stepClock(random.pick([size, -size]))
        // The agent looks once a second.
        await rest(random, 300, 2_000)
      }
    } finally {
      rig.stepClock(0)
    }
    await rest(random, 1_100, 1_500)
    return []
  },
}

/** A computer without a battery clock: boots in 1970, is set right later. */
const boot1970: Fault = {
  kind: 'clock_1970',
  touches,
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    const fromMs = Date.now()
    await rig.kill()
    rig.stepClock(random.int(0, 3600) * secondMs - Date.now())
    try {
      await rig.start()
      await rest(random, 500, 3_000)
    } finally {
      rig.stepClock(0)
    }
    await rest(random, 1_100, 1_500)
    // The Gap ends with the last row that was spooled before: on a busy machine it is older than the kill.
    return agentDown(rig, fromMs - behindMs)
  },
}

export const clockFaults: readonly Fault[] = [step, boot1970]
