import { setTimeout as sleep } from 'node:timers/promises'
import type { SinksAnswer } from '../../../ingest/http/answers.ts'
import type { QuarantineAnswer, ReplayManyAnswer } from '../../../ingest/http/answers-quarantine.ts'
import type { Fault, World } from '../types.ts'
import { eventually, patienceMs } from '../world.ts'

// One envelope kills the process that writes the lake, again and again, until it is found and set aside; after the fix it is replayed.

/** Each death is followed by a longer pause, so the load rests: a part of few envelopes is halved to one in few deaths. */
const asideMs = 100_000

async function ask<T>({ httpUrl }: World, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${httpUrl}${path}`, {
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

const ofLake = async (world: World) => (await ask<QuarantineAnswer>(world, '/v1/quarantine?by=lake')).entries.length

const lakeIsThrough = async (world: World) => {
  const { sinks } = await ask<SinksAnswer>(world, '/v1/sinks')
  return sinks.some(({ name, state, behindBytes }) => name === 'lake' && state === 'running' && behindBytes < 2000)
}

export const lakePoisoned: Fault = {
  kind: 'lake_poisoned',
  touches: () => ['*'],
  async run(world, random) {
    for (const rig of world.rigs) rig.rest()
    try {
      await eventually('the lake to be through the journal', patienceMs, () => lakeIsThrough(world))
      const before = await ofLake(world)
      const poisoned = world.ingest.control.poison(random.next())
      for (const rig of world.rigs) rig.rowsNow()
      await eventually('the poisoned envelope to be set aside', asideMs, async () => (await ofLake(world)) > before)
      // The fix is a new release, with which ingest starts anew: what the old one died of it does not try again.
      await world.ingest.stop()
      poisoned.heal()
      await world.ingest.start()
      for (const rig of world.rigs) rig.resume()
      await eventually('the lake to go on', patienceMs, async () => {
        const { sinks } = await ask<SinksAnswer>(world, '/v1/sinks')
        return sinks.some(({ name, state }) => name === 'lake' && state === 'running')
      })
      await sleep(300)
      let answer: ReplayManyAnswer | undefined
      await eventually('what was set aside to be replayed', patienceMs, async () => {
        answer = await ask<ReplayManyAnswer>(world, '/v1/quarantine/replay', { by: 'lake' })
        return (await ofLake(world)) === 0
      }).catch((error: Error) => {
        throw new Error(`${error.message}; the answer: ${JSON.stringify(answer)}`)
      })
    } finally {
      for (const rig of world.rigs) rig.resume()
    }
    return []
  },
}
