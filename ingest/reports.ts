import { createThrottle, type Logger } from '../common/log.ts'
import type { SavedReport } from './catalog/reports-table.ts'
import type { Catalog } from './catalog/types.ts'
import type { Completeness } from './history/completeness/report.ts'
import type { History } from './history/start-history.ts'
import { type ClockedPart, HistoryError, type MissingNumbers } from './history/types.ts'
import { type Basis, basisOf, concerns, holesChanged, readBasis, writeBasis } from './reports/basis.ts'
import { rigPartsOf } from './rig-parts.ts'
import type { Run } from './runs/types.ts'
import type { Runs } from './runs.ts'
import type { RigState } from './state.ts'

// Reports on the completeness of runs: made when a run has ended, and again when data came that one rests on. One at a time. They are
// kept in the catalog and can be made again from what is stored.

export interface RunReport extends Completeness {
  run: string
  version: number
  /** More has come since, or the run was corrected: it is made again, or ?fresh=true does so. */
  outdated: boolean
}

export interface Reports {
  /** The saved one. */
  get(run: string): RunReport | undefined
  /** It is being made, or will be when the rigs have sent what they hold. */
  isComing(run: string): boolean
  /**
   * Makes one now, of an open run up to now, and saves it if the run is over. Undefined: no such run, or nobody took part. Rejects with
   * HistoryError.
   */
  make(run: string): Promise<RunReport | undefined>
  close(): Promise<void>
}

export interface ReportsOptions {
  runs: Pick<Runs, 'get' | 'list' | 'partsOf' | 'changed'>
  history: Pick<History, 'completeness' | 'rigTimes'>
  catalog: Pick<Catalog, 'reports'>
  rigs(): Pick<RigState, 'rig' | 'health' | 'clockOffsetNs'>[]
  missing(rig: string): MissingNumbers[]
  nowNs(): bigint
  log: Logger
  /** A rig that has ended a run may still hold some of it: how long it is waited for. */
  settleMsMax?: number
  lookEveryMs?: number
}

/** Runs that ended longer ago are not looked at by themselves. */
const recentNs = 30n * 86_400_000_000_000n
const runsMax = 10_000
const filesAtOnce = 2000
const settleEveryMs = 500
/** Envelopes in a spool that are no backlog: on their way. */
const spoolEmptyMax = 10
/** A report takes a twentieth of the time at most, however often data come. */
const restTimes = 20
const retryMs = 15_000

/** What is known of a run that is over. */
interface Known {
  run: string
  version: number
  parts: ClockedPart[]
  made: Basis | undefined
  /** When it is to be made, ms; undefined: it need not. */
  dueMs: number | undefined
  /** Only once the spools are empty, or at `dueMs`. */
  settling: boolean
  endNs: bigint
  restUntilMs: number
}

export function startReports(options: ReportsOptions): Reports {
  const { runs, history, catalog, log, nowNs, settleMsMax = 30_000, lookEveryMs = 30_000 } = options
  const known = new Map<string, Known>()
  const stop = new AbortController()
  const throttle = createThrottle()
  const making = new Map<string, Promise<RunReport | undefined>>()
  let last: Promise<unknown> = Promise.resolve()
  let seen = 0

  /** Takes over what a run is now; without a report of this version, one is due. */
  const know = (run: Run, settling: boolean): void => {
    const before = known.get(run.run)
    if (run.toNs === undefined || run.withdrawn || run.parts.length === 0) {
      known.delete(run.run)
      return
    }
    const parts = run.parts.flatMap(({ toNs, ...part }) => (toNs === undefined ? [] : [{ ...part, toNs }]))
    const made = before?.made ?? readBasis(catalog.reports.madeFrom(run.run))
    const isDue = made?.version !== run.version
    const dueMs = Date.now() + (settling ? settleMsMax : 0)
    known.delete(run.run)
    if (known.size >= runsMax) known.delete(known.keys().next().value as string)
    known.set(run.run, {
      run: run.run,
      version: run.version,
      parts,
      made,
      dueMs: isDue ? Math.min(before?.dueMs ?? Number.POSITIVE_INFINITY, dueMs) : before?.dueMs,
      settling: isDue ? settling : (before?.settling ?? false),
      endNs: run.toNs,
      restUntilMs: before?.restUntilMs ?? 0,
    })
  }

  const isSettled = ({ parts }: Known): boolean => {
    const rigs = new Map(options.rigs().map((state) => [state.rig, state]))
    return parts.every(({ rig, toNs, toClock }) => {
      const { health, clockOffsetNs = 0n } = rigs.get(rig) ?? {}
      if (health === undefined) return false
      const tNs = toClock === 'ingest' ? health.tNs + clockOffsetNs : health.tNs
      return tNs >= toNs && health.spoolEnvelopes <= spoolEmptyMax
    })
  }

  const makeNow = async (name: string): Promise<RunReport | undefined> => {
    const run = runs.get(name)
    const entered = runs.partsOf(name)
    if (!run || !entered || entered.length === 0) return undefined
    // What comes while it is made counts as not in it.
    const row = catalog.reports.newestFile()
    const { parts } = await rigPartsOf(history, entered, stop.signal)
    if (parts.length === 0) return undefined
    const missing = [...new Set(parts.map(({ rig }) => rig))].flatMap(options.missing)
    const made = await history.completeness({ parts, missing, nowNs: nowNs() }, stop.signal)
    const report = { run: name, version: run.version, outdated: false, ...made }
    if (run.toNs === undefined || run.withdrawn) return report
    const basis = basisOf(run.version, row, made)
    const saved: SavedReport = { madeFrom: writeBasis(basis), madeMs: made.madeMs, report: JSON.stringify(report) }
    catalog.reports.saveReport(name, saved)
    const one = known.get(name)
    if (one) {
      one.made = basis
      one.restUntilMs = Date.now() + restTimes * made.tookMs
      if (one.version === run.version) one.dueMs = undefined
    }
    log.info({ run: name, verdict: made.verdict, tookMs: made.tookMs }, 'a report on a run is made')
    return report
  }

  const make = (name: string): Promise<RunReport | undefined> => {
    const running = making.get(name)
    if (running) return running
    const mine = last.then(() => makeNow(name)).finally(() => making.delete(name))
    last = mine.catch(() => {})
    making.set(name, mine)
    return mine
  }

  const makeDue = () => {
    const nowMs = Date.now()
    for (const one of known.values()) {
      if (one.dueMs === undefined || making.has(one.run)) continue
      const isDue = nowMs >= one.dueMs || (one.settling && isSettled(one))
      if (!isDue || nowMs < one.restUntilMs) continue
      one.settling = false
      make(one.run).catch((error) => {
        one.dueMs = Date.now() + retryMs
        if (stop.signal.aborted) return
        const text = 'a report on a run cannot be made; trying again'
        if (error instanceof HistoryError) log.debug({ err: error, run: one.run }, text)
        else throttle('make', () => log.error({ err: error, run: one.run }, text))
      })
    }
  }

  /** Files that came since: which reports do they concern? A piece at a time, so that nothing else waits. */
  const look = async () => {
    const oldestNs = nowNs() - recentNs
    for (const [name, { endNs }] of known) if (endNs < oldestNs) known.delete(name)
    for (;;) {
      const files = catalog.reports.filesAfter(seen, filesAtOnce)
      for (const one of known.values()) {
        const made = one.made
        if (
          made &&
          one.dueMs === undefined &&
          files.some((file) => file.row > made.row && concerns(made.parts ?? one.parts, file))
        ) {
          one.dueMs = Date.now()
        }
      }
      seen = files.at(-1)?.row ?? seen
      if (files.length < filesAtOnce) break
      await new Promise((resolve) => setImmediate(resolve))
      if (stop.signal.aborted) return
    }
    for (const one of known.values()) {
      if (one.made && one.dueMs === undefined && holesChanged(one.made, options.missing)) {
        one.dueMs = Date.now()
      }
    }
  }

  const begin = async () => {
    const fromNs = nowNs() - recentNs
    for (let after: Parameters<Runs['list']>[1]; known.size < runsMax; ) {
      const page = runs.list({ fromNs, open: false }, after, 100)
      for (const run of page.runs) if (!known.has(run.run)) know(run, false)
      after = page.next
      if (!after) break
      await new Promise((resolve) => setImmediate(resolve))
      if (stop.signal.aborted) return
    }
    // Older files are in all of them.
    seen = [...known.values()].reduce((low, { made }) => Math.min(low, made?.row ?? low), catalog.reports.newestFile())
    await look()
  }

  let looking: Promise<void> = begin().catch((error) =>
    log.error({ err: error }, 'reports on runs cannot be looked through'),
  )
  const unlisten = runs.changed((run, ended) => know(run, ended))
  const settling = setInterval(makeDue, Math.min(settleEveryMs, lookEveryMs))
  const timer = setInterval(() => {
    looking = looking
      .then(look)
      .catch((error) => throttle('look', () => log.error({ err: error }, 'reports on runs cannot be looked through')))
  }, lookEveryMs)

  return {
    get(name) {
      const saved = catalog.reports.report(name)
      if (!saved) return undefined
      const report = JSON.parse(saved.report) as RunReport
      const isComing = known.get(name)?.dueMs !== undefined || making.has(name)
      return { ...report, outdated: isComing || runs.get(name)?.version !== report.version }
    },
    isComing: (name) => known.get(name)?.dueMs !== undefined || making.has(name),
    make,
    async close() {
      clearInterval(settling)
      clearInterval(timer)
      unlisten()
      stop.abort(new Error('ingest is stopping'))
      await Promise.all([looking, last])
    },
  }
}
