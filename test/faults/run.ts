import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultNote } from './account.ts'
import { createDelivered, type Delivered } from './delivered.ts'
import { createRandom } from './random.ts'
import type { Planned } from './schedule.ts'
import { isClean, type Settled, settleAndCount } from './settle.ts'
import type { Excuse } from './types.ts'
import { checkExport, verifyAll } from './verify.ts'
import type { RunningWorld } from './world.ts'

// The rounds: faults under load, every so often quiet and the account, and at the end that of `verify`.

/** A round is not over before: what a fault sets off needs its time. */
const roundLeastMs = 2500
/** Of a machine that has much else to do. */
const faultMs = 180_000
const countEveryRounds = 10

export interface Summary {
  rounds: number
  seed: string
  faults: Record<string, number>
  produced: number
  stored: { lake: number; influx: number }
  declared_gaps: number
  declared_rows: number
  /** This and the next three: null where the run broke off before it could count. */
  lost: number | null
  duplicates: number | null
  wrong_values: number | null
  unexplained_gaps: number | null
  not_rising: number
  seconds: number
  ok: boolean
  problems: string[]
}

export async function runRounds(
  world: RunningWorld,
  plan: readonly Planned[][],
  { seed, signal, log }: { seed: string; signal: AbortSignal; log(text: string): void },
): Promise<Summary> {
  const excuses: Excuse[] = []
  const notes: FaultNote[] = []
  const problems: string[] = []
  const faults: Record<string, number> = {}
  const delivered = createDelivered(world.rigs, world.startedMs)
  let rounds = 0
  let settled: Settled | undefined

  try {
    for (const [i, planned] of plan.entries()) {
      if (signal.aborted) break
      const startedMs = performance.now()
      await delivered.look()
      const results = await Promise.all(planned.map((each) => runFault(world, each, i + 1, notes, excuses, delivered)))
      problems.push(...results.flatMap(({ problem }) => (problem === undefined ? [] : [problem])))
      for (const { fault } of planned) faults[fault.kind] = (faults[fault.kind] ?? 0) + 1
      rounds++
      await sleep(Math.max(0, roundLeastMs - (performance.now() - startedMs)), undefined, { signal }).catch(() => {})
      const words = planned.map(({ fault, touched }) => `${fault.kind} (${touched.join(', ')})`).join(', ')
      const produced = world.rigs.reduce((sum, rig) => sum + rig.generated(), 0)
      log(`round ${i + 1}: ${words}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s, ${produced} rows so far`)
      if (problems.length > 0) break
      if (rounds % countEveryRounds === 0 && rounds < plan.length && !signal.aborted) {
        settled = await settleAndCount(world, excuses, notes)
        log(`after round ${i + 1}: ${describeSettled(settled)}`)
        if (settled.problems.length > 0 || !isClean(settled.verdict)) break
        for (const feed of world.feeds) feed.resume()
      }
    }
    // Where a fault could not be healed, nothing settles any more: what is missing then says nothing.
    if (!signal.aborted && problems.length === 0 && !(settled && settled.problems.length > 0)) {
      settled = await settleAndCount(world, excuses, notes)
      if (isClean(settled.verdict)) {
        problems.push(...(await verifyAll(world, settled.gaps)))
        problems.push(...(await checkExport(world, settled.gaps, createRandom(`${seed}/export`))))
      }
    }
  } catch (error) {
    // What broke the harness itself is a failure with a last line like any other.
    problems.push((error as Error).stack ?? String(error))
  }
  problems.push(...world.unasked, ...(settled?.problems ?? []), ...(settled?.verdict.problems ?? []))
  const seconds = (Date.now() - world.startedMs) / 1000
  const summary = summarize(rounds, seed, faults, settled, problems, seconds)
  // Without an account at the end (Ctrl-C), what was generated is known all the same.
  return { ...summary, produced: world.rigs.reduce((sum, rig) => sum + rig.generated(), 0) }
}

function summarize(
  rounds: number,
  seed: string,
  faults: Record<string, number>,
  settled: Settled | undefined,
  problems: string[],
  seconds: number,
): Summary {
  const verdict = settled?.verdict
  return {
    rounds,
    seed,
    faults,
    produced: verdict?.produced ?? 0,
    stored: verdict?.stored ?? { lake: 0, influx: 0 },
    declared_gaps: verdict?.declaredGaps ?? 0,
    declared_rows: verdict?.declaredRows ?? 0,
    lost: verdict?.lost ?? null,
    duplicates: verdict?.duplicates ?? null,
    wrong_values: verdict?.wrongValues ?? null,
    unexplained_gaps: verdict?.unexplainedGaps ?? null,
    not_rising: verdict?.notRising ?? 0,
    seconds: Math.round(seconds * 10) / 10,
    ok: problems.length === 0 && verdict !== undefined && isClean(verdict),
    problems,
  }
}

const describeSettled = ({ verdict, problems }: Settled): string =>
  `${verdict.produced} generated, ${verdict.stored.lake} in the lake, ${verdict.stored.influx} in InfluxDB, ${verdict.declaredRows} in ${verdict.declaredGaps} Gaps, ${verdict.lost} lost${problems.map((text) => `; ${text}`).join('')}`

async function runFault(
  world: RunningWorld,
  { fault, touched, random }: Planned,
  round: number,
  notes: FaultNote[],
  excuses: Excuse[],
  delivered: Delivered,
): Promise<{ problem?: string }> {
  const note: FaultNote = { round, kind: fault.kind, touched, fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY }
  notes.push(note)
  try {
    const late = sleep(faultMs, undefined, { ref: false }).then(() => {
      throw new Error(`not over within ${faultMs} ms`)
    })
    excuses.push(...(await Promise.race([fault.run(world, random, touched), late])).map(delivered.reachBack))
    return {}
  } catch (error) {
    return { problem: `${fault.kind} (${touched.join(', ')}) of round ${round}: ${(error as Error).message}` }
  } finally {
    note.toMs = Date.now()
  }
}
