import { join } from 'node:path'
import { limitTime } from '../../common/time-limit.ts'
import { isClean, settleAndCount } from '../faults/settle.ts'
import { verifyAll } from '../faults/verify.ts'
import { eventually } from '../faults/world.ts'
import { type JudgedCurves, judgeCurves } from './bounds.ts'
import { rigActions } from './churn-rigs.ts'
import { storeActions } from './churn-stores.ts'
import { createKeeper } from './keeper.ts'
import { readActions } from './readers.ts'
import { type CatalogRate, catalogRate, printSamples } from './report.ts'
import { catalogTables, type Sample, takeSample } from './sample.ts'
import { isLive, runLane, type Soak, startSoak } from './soak.ts'
import { limits, startStation } from './station.ts'

// A soak: churn at a steady load while curves are taken, then quiet, the account, and what the curves say.

const samplesMost = 60
const sampleEveryS = 10

export interface Summary {
  minutes: number
  seed: string
  curves: JudgedCurves
  lost: number
  duplicates: number
  wrong_values: number
  unexplained_gaps: number
  produced: number
  declared_gaps: number
  declared_rows: number
  rigs: number
  starts: number
  actions: Record<string, number>
  catalog: CatalogRate
  seconds: number
  ok: boolean
  problems: string[]
}

export interface SoakOptions {
  folder: string
  seed: string
  minutes: number
  /** Ends the churn: what there is is counted. */
  signal: AbortSignal
  log(text: string): void
}

export async function runSoak({ folder, seed, minutes, signal, log }: SoakOptions): Promise<Summary> {
  const station = await startStation(folder)
  const soak = await startSoak(station, seed, log).catch(async (error) => {
    await station.close()
    throw error
  })
  try {
    const startedMs = performance.now()
    const churn = limitTime(minutes * 60_000, signal)
    const stop = churn.signal
    const keeper = createKeeper((quiet) => takeSample(soak, quiet), soak.problems)
    const sampling = keeper.run(everyS(minutes * 60) * 1000, stop, (sample) => log(describeSample(sample)))
    await Promise.all([
      runLane(soak, 'rigs', rigActions, [500, 3000], stop),
      runLane(soak, 'stores', storeActions, [500, 3000], stop),
      runLane(soak, 'readers', readActions, [100, 1000], stop),
      sampling,
    ])
    churn.end()
    const lastedMinutes = (performance.now() - startedMs) / 60_000
    const settled = await settle(soak)
    await keeper.take(true)
    log(printSamples(keeper.samples))
    return summarize(soak, keeper.samples, lastedMinutes, settled)
  } finally {
    await soak.close()
  }
}

/** Every ten seconds, or as often as makes sixty in all; of a short soak, twelve. */
const everyS = (totalS: number): number => Math.max(Math.min(sampleEveryS, totalS / 12), totalS / samplesMost)

type Settled = Awaited<ReturnType<typeof settleAndCount>> | undefined

/** Quiet, then the account and `verify`. Without sense where an action did not end: then nothing settles. */
async function settle(soak: Soak): Promise<Settled> {
  const { station, rigs, problems } = soak
  if (problems.length > 0) return undefined
  const live = rigs.filter(isLive)
  const streams = rigs.flatMap((rig) => rig.streams())
  const world = {
    feeds: live.flatMap(({ feeds }) => feeds),
    rigs: live.map(({ rig, agent }) => ({ rig, counters: agent.counters })),
    streams,
    ingest: station.ingest,
    httpUrl: station.httpUrl,
    influxUrl: station.influxUrl,
  }
  soak.log(`quiet, and the account of ${streams.reduce((sum, { rows }) => sum + rows, 0)} rows`)
  const startedMs = performance.now()
  const settled = await settleAndCount(world, soak.excuses, soak.notes)
  const seconds = () => `${round((performance.now() - startedMs) / 1000, 1)} s`
  soak.log(`counted after ${seconds()}`)
  problems.push(...settled.problems, ...settled.verdict.problems)
  if (isClean(settled.verdict)) {
    problems.push(...(await verifyAll({ ...pick(station), rigs }, settled.gaps)))
  }
  soak.log(`verified after ${seconds()}`)
  // What was confirmed is forgotten by whole segments, a moment later.
  await eventually('the spools to be empty', 20_000, async () => {
    const { spool_bytes_most: spool = 0, parked = 0 } = takeSample(soak, true).values
    return spool <= 2 * limits.spoolSegmentBytesMax && parked === 0
  }).catch(() => {})
  return settled
}

function summarize(soak: Soak, samples: readonly Sample[], minutes: number, settled: Settled): Summary {
  const { station, starts, done, seed, rigs } = soak
  const verdict = settled?.verdict
  const curves = judgeCurves(samples, starts)
  const problems = [...soak.problems, ...station.processes.unasked, ...startedAgain(samples), ...broken(curves)]
  return {
    minutes: round(minutes, 2),
    seed,
    curves,
    lost: verdict?.lost ?? 0,
    duplicates: verdict?.duplicates ?? 0,
    wrong_values: verdict?.wrongValues ?? 0,
    unexplained_gaps: verdict?.unexplainedGaps ?? 0,
    produced: verdict?.produced ?? 0,
    declared_gaps: verdict?.declaredGaps ?? 0,
    declared_rows: verdict?.declaredRows ?? 0,
    rigs: rigs.length,
    starts,
    actions: done,
    catalog: catalogRate(samples, catalogTables(join(station.ingest.data, 'catalog.sqlite'))),
    seconds: round((Date.now() - station.startedMs) / 1000, 1),
    ok: problems.length === 0 && verdict !== undefined && isClean(verdict),
    problems,
  }
}

const pick = ({ ingestFile, httpUrl, startedMs }: Soak['station']) => ({ ingestFile, httpUrl, startedMs })

export const round = (value: number, digits: number): number => Number(value.toFixed(digits))

const broken = (curves: JudgedCurves): string[] =>
  Object.entries(curves).flatMap(([name, { judgement, bound, last, most }]) =>
    judgement === 'grows' ? [`${name} is beyond its bound (${bound}): last ${last}, most ${most}`] : [],
  )

/** Children of ingest are started again where they die: nobody asked for that here. */
function startedAgain(samples: readonly Sample[]): string[] {
  return ['lake', 'history'].flatMap((name, i) => {
    const ids = new Set(samples.flatMap(({ children }) => children[i] ?? []))
    return ids.size > 1 ? [`the ${name} process was started again ${ids.size - 1} times, see ingest's log`] : []
  })
}

function describeSample({ atS, values, liveRigs }: Sample): string {
  const { ingest_memory_mb: memory = 0, ingest_handles: handles = 0 } = values
  const { journal_segments: segments, lake_rows: rows, spools, catalog_bytes: catalog } = values
  return `${atS.toFixed(0)} s: ${liveRigs} rigs live, ${spools} spools, ${rows} rows in the lake, ingest ${memory.toFixed(0)} MB ${handles} handles, journal ${segments} segments, catalog ${catalog} bytes`
}
