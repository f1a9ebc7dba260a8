import { setTimeout as sleep } from 'node:timers/promises'
import type { RigAnswer, SinksAnswer } from '../../ingest/http/answers.ts'
import { createAccount, type FaultNote, type FoundGap, type Verdict } from './account.ts'
import { readInflux } from './read-influx.ts'
import { readLake } from './read-lake.ts'
import type { Excuse } from './types.ts'
import { database, eventually, type RunningWorld } from './world.ts'

// Quiet, and then the account: what is owed, parked or on its way is waited for, within bounds, and what does not come is named.

const settleMs = 120_000
/** Ingest declares no numbers of a rig whose alert of two agents still stands, which it does for some minutes after a clone has ended. */
const holesMs = 240_000
const gapMs = 3_000
/** So long nothing more of what is missing may come, and it counts as lost. */
const patienceMs = 25_000

export interface Settled {
  verdict: Verdict
  gaps: FoundGap[]
  /** What did not settle. */
  problems: string[]
}

/** What is asked of a world. `feeds`: of the rigs that run; `streams`: of all that ever did. */
export type Countable = Pick<RunningWorld, 'feeds' | 'streams' | 'httpUrl' | 'influxUrl'> & {
  rigs: readonly Pick<RunningWorld['rigs'][number], 'rig' | 'counters'>[]
  ingest: Pick<RunningWorld['ingest'], 'data'>
}

/** The load rests from here on: whoever goes on resumes it. */
export async function settleAndCount(
  world: Countable,
  excuses: readonly Excuse[],
  faults: readonly FaultNote[],
): Promise<Settled> {
  for (const feed of world.feeds) feed.rest()
  const problems = await becomeQuiet(world)
  let best: Settled | undefined
  let betterMs = performance.now()
  for (;;) {
    const counted = await countOnce(world, excuses, faults).catch((error: Error) => error)
    if (!(counted instanceof Error)) {
      if (!best || missing(counted.verdict) < missing(best.verdict)) betterMs = performance.now()
      best = { ...counted, problems }
      if (isClean(counted.verdict)) break
    }
    if (performance.now() - betterMs > patienceMs) {
      if (best) break
      throw counted
    }
    await sleep(500)
  }
  return best
}

const missing = ({ lost }: Verdict): number => lost

export const isClean = ({ lost, duplicates, wrongValues, unexplainedGaps }: Verdict): boolean =>
  lost === 0 && duplicates === 0 && wrongValues === 0 && unexplainedGaps === 0

async function countOnce(world: Countable, excuses: readonly Excuse[], faults: readonly FaultNote[]) {
  const account = createAccount(world.streams)
  const plans = new Map(world.streams.map(({ plan }) => [plan.stream, plan]))
  const gaps = await readLake(world.ingest.data, [...plans.values()], (row) => account.add('lake', row))
  for (const { rig, plan } of world.streams) {
    await readInflux(world.influxUrl, database, rig, plan, (row) => account.add('influx', row))
  }
  return { verdict: account.judge(gaps, excuses, faults), gaps }
}

/** Devices are heard, every agent has its receipts, the sinks are through the journal. Returns what was not so in time. */
async function becomeQuiet(world: Countable): Promise<string[]> {
  const problems: string[] = []
  const until = async (what: string, done: () => Promise<boolean>, why: () => Promise<string>) => {
    await eventually(what, settleMs, done).catch(async (error: Error) => {
      problems.push(`not settled: ${error.message}: ${await why().catch((failure: Error) => failure.message)}`)
    })
  }
  await until(
    'every agent to be connected to its device',
    async () => world.feeds.every((feed) => feed.listeners() > 0),
    async () => world.feeds.map((feed) => feed.listeners()).join(', '),
  )
  // A Gap ends with the first row behind it.
  for (const feed of world.feeds) feed.closingRows()
  await sleep(300)
  const unconfirmed = () =>
    Promise.all(world.rigs.map(async (rig) => ({ rig: rig.rig, unconfirmed: (await rig.counters()).unconfirmed })))
  await until(
    'every envelope to have its receipt',
    async () => (await unconfirmed()).every((it) => it.unconfirmed === 0),
    async () => JSON.stringify(await unconfirmed()),
  )
  // Numbers that an agent doubts (it asks for 10 s before it declares them), or that none holds (ingest waits for 15 s). What stays a hole is for `verify` to tell.
  let someWere = false
  await eventually('no number to be missing', holesMs, async () => {
    const { rigs } = (await (await fetch(`${world.httpUrl}/v1/rigs`)).json()) as { rigs: RigAnswer[] }
    const none = rigs.every(({ missing }) => missing === 0)
    someWere ||= !none
    return none
  }).catch(() => {})
  // A Gap is a few bytes: the sinks count as through the journal before they have it.
  if (someWere) await sleep(gapMs)
  const sinks = async () => ((await (await fetch(`${world.httpUrl}/v1/sinks`)).json()) as SinksAnswer).sinks
  await until(
    'the sinks to be through the journal, and nothing to be owed',
    // What InfluxDB missed is refilled from the lake, which has it a moment after the journal.
    async () =>
      (await sinks()).every(
        ({ state, behindBytes, owedRows = 0 }) => state === 'running' && behindBytes < 2000 && owedRows === 0,
      ),
    async () => JSON.stringify(await sinks()),
  )
  return problems
}
