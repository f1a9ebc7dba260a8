import { setTimeout as sleep } from 'node:timers/promises'
import { addDevice, begin, comeBack, createRig, hasRoomForDevice, leave, restart } from './rigs.ts'
import { type Action, isLive, mayRestart, type Soak, withRig } from './soak.ts'

// What becomes of rigs: they join, leave, come back, are restarted, and change what they measure.

const liveMost = 8
const liveLeast = 4
/** After that, the one that has been gone longest comes back. */
const everMost = 24

const liveCount = ({ rigs }: Soak): number => rigs.filter(isLive).length
/** When each left. */
const leftMs = new WeakMap<object, number>()

const join: Action = {
  kind: 'join',
  async run(soak) {
    const { rigs } = soak
    if (liveCount(soak) >= liveMost) return undefined
    if (rigs.length >= everMost) return await longGone(soak)
    const number = rigs.length + 1
    const [rig, source] = number % 2 === 0 ? [`visitor-${number}`, 'file' as const] : [`방문-${number}`, 'tcp' as const]
    const made = await createRig(soak, { rig, source, isSteady: false })
    made.taken = true
    rigs.push(made)
    await begin(made)
    soak.starts++
    made.taken = false
    return [rig]
  },
}

async function longGone(soak: Soak): Promise<string[] | undefined> {
  const [rig] = soak.rigs
    .filter(({ state, taken }) => state === 'gone' && !taken)
    .sort((a, b) => (leftMs.get(a) ?? 0) - (leftMs.get(b) ?? 0))
  if (!rig) return undefined
  await comeBack(soak, rig, leftMs.get(rig) ?? 0)
  soak.starts++
  return [rig.rig]
}

const leaveForGood: Action = {
  kind: 'leave_for_good',
  async run(soak, random) {
    if (liveCount(soak) <= liveLeast + 1) return undefined
    return await withRig(soak, random, mayRestart, async (rig) => {
      await leave(soak.station, rig)
      leftMs.set(rig, Date.now())
    })
  },
}

const leaveAndComeBack: Action = {
  kind: 'leave_and_come_back',
  async run(soak, random) {
    if (liveCount(soak) <= liveLeast) return undefined
    return await withRig(soak, random, mayRestart, async (rig) => {
      const sinceMs = Date.now()
      await leave(soak.station, rig)
      await sleep(random.int(1000, 5000))
      await comeBack(soak, rig, sinceMs)
      soak.starts++
    })
  },
}

const restarted = (kind: string, how: 'stop' | 'kill'): Action => ({
  kind,
  run: (soak, random) =>
    withRig(soak, random, mayRestart, async (rig) => {
      await restart(soak, rig, how)
      soak.starts++
    }),
})

const schemaChanged: Action = {
  kind: 'schema_change',
  run: (soak, random) =>
    withRig(soak, random, mayRestart, async (rig) => {
      await restart(soak, rig, 'stop', async () => {
        rig.revision++
      })
      soak.starts++
    }),
}

const newStream: Action = {
  kind: 'new_stream',
  run: (soak, random) =>
    withRig(
      soak,
      random,
      (rig) => mayRestart(rig) && hasRoomForDevice(rig),
      async (rig) => {
        await restart(soak, rig, 'stop', () => addDevice(soak, rig))
        soak.starts++
      },
    ),
}

export const rigActions: readonly Action[] = [
  join,
  leaveForGood,
  leaveAndComeBack,
  restarted('restart', 'stop'),
  restarted('restart_killed', 'kill'),
  schemaChanged,
  newStream,
]
