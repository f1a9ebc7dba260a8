import type { Logger } from '../common/log.ts'
import type { Position, SegmentLog } from '../common/segment-log-types.ts'
import { factCharsMax, type RigFacts } from '../protos/run-events.ts'
import type { EnvelopeHeader } from '../protos/types.ts'
import type { After, RunFilter, RunsTables } from './catalog/runs-tables.ts'
import type { Catalog } from './catalog/types.ts'
import type { ClockedPart } from './history/types.ts'
import type { Own } from './own.ts'
import {
  correctRun,
  createDesk,
  type Desk,
  isoTime,
  namesLookedAt,
  type RunChange,
  type Signed,
  type StartAsked,
  startRun,
  stopRun,
} from './runs/enter.ts'
import { correctEntry, describeRig, type EntryAsked, type EntryChange, readHistory } from './runs/enter-history.ts'
import { addMarker, correctMarker, type MarkAsked, type MarkerChange } from './runs/enter-markers.ts'
import { type MarkerPage, markersOfRig, markersOfRun } from './runs/find-markers.ts'
import { createFollow, type FollowCounters } from './runs/follow.ts'
import { createFreezer, type Freezer } from './runs/freeze.ts'
import { factsAt } from './runs/rig-history.ts'
import { readRun, saveEvents } from './runs/save-events.ts'
import type { Marker, RigEntry, Run, RunEventRecord } from './runs/types.ts'

// Runs, their markers, and what is true of rigs since when: folded from events, wherever these were entered.

/** A run has changed; `ended`: it was open before, and is not any more. Must not throw or wait. */
export type OnRun = (run: Run, ended: boolean) => void

export interface Runs {
  /** Follows the journal from its opening on. */
  readonly follower: {
    stored(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint, position: Position): void
    /** From where on it still needs the journal; undefined: from nowhere. */
    owed(): Position | undefined
    /** Writes what it took into the catalog. */
    save(): void
  }
  readonly counters: FollowCounters
  start(deps: { own: Own; folder: string; log: Pick<SegmentLog, 'synced'> }): void
  get(run: string): Run | undefined
  /** The newest ones' names. */
  names(): string[]
  /** Newest first. */
  list(filter: RunFilter, after: After | undefined, limit: number): { runs: Run[]; next: After | undefined }
  /** When each rig took part, by the clocks of those who entered it: until now where it still does. Undefined: no such run. */
  partsOf(run: string): ClockedPart[] | undefined
  markersOf(run: Run, after: After, limit: number): MarkerPage
  markersOfRig(rig: string, span: { fromNs: bigint; toNs: bigint }, after: After, limit: number): MarkerPage
  history(rig: string): RigEntry[]
  /** What the rig's history says of that time. */
  factsAt(rig: string, tNs: bigint): RigFacts
  /** What is strange about the run beside other ones: also what its fold says. */
  problemsOf(run: Run): string[]
  /** Returns how to stop that. */
  changed(listener: OnRun): () => void
  /** What people enter here. They reject with RefusedError, and resolve when it is durable and folded. */
  enter: {
    start(asked: StartAsked, signed: Signed): Promise<Run>
    stop(run: string, atNs: bigint | undefined, signed: Signed): Promise<Run>
    correct(run: string, change: RunChange, signed: Signed): Promise<Run>
    mark(run: string, asked: MarkAsked, signed: Signed): Promise<Marker>
    correctMarker(marker: string, change: MarkerChange, signed: Signed): Promise<Marker>
    describe(rig: string, asked: EntryAsked, signed: Signed): Promise<RigEntry>
    correctEntry(rig: string, entry: string, change: EntryChange, signed: Signed): Promise<RigEntry>
  }
  close(): void
}

export interface RunsOptions {
  catalog: Catalog
  nowNs(): bigint
  /** Every rig that is known, whether it has sent anything or not. */
  rigs(): string[]
  agentVersionOf(rig: string): string | undefined
  log: Logger
}

export function createRuns({ catalog, nowNs, rigs, agentVersionOf, log }: RunsOptions): Runs {
  const tables = catalog.runs
  const listeners = new Set<OnRun>()
  let freezer: Freezer | undefined
  let desk: Desk | undefined

  const save = (records: readonly RunEventRecord[]) => {
    const changed = saveEvents(tables, records)
    if (changed.some(({ run }) => run.frozen.length < run.joined.length)) freezer?.wake()
    for (const { run, ended } of changed) for (const listener of listeners) tell(listener, run, ended)
  }
  const tell = (listener: OnRun, run: Run, ended: boolean) => {
    try {
      listener(run, ended)
    } catch (error) {
      log.error({ err: error, run: run.run }, 'whoever follows the runs failed')
    }
  }
  const held = new Map(tables.countEvents().map(({ rig, count }) => [rig, count]))
  const follow = createFollow({ log, held, save })
  const entering = (): Desk => {
    if (!desk) throw new Error('runs are not started')
    return desk
  }
  const inOrder = async <T>(work: (desk: Desk) => Promise<T>): Promise<T> => {
    const at = entering()
    return at.inOrder(() => work(at))
  }
  const history = (rig: string): RigEntry[] => readHistory({ tables }, rig)

  return {
    follower: follow,
    counters: follow.counters,
    start({ own, folder, log: journal }) {
      desk = createDesk({ tables, own, nowNs, save: follow.saveOwn, held: () => follow.held('ingest'), rigs })
      const factsOf = (rig: string, tNs: bigint) => {
        // What fits no event would be tried again for ever.
        const agentVersion = agentVersionOf(rig)?.slice(0, factCharsMax)
        return { ...factsAt(history(rig), tNs), ...(agentVersion ? { agentVersion } : {}) }
      }
      freezer = createFreezer({ tables, own, nowNs, factsOf, save: follow.saveOwn, log })
      // What was read anew at the start is there before anybody asks.
      follow.save()
      follow.start({ folder, log: journal })
      freezer.wake()
    },
    get: (run) => readRun(tables, run),
    names: () => tables.runNames(namesLookedAt),
    list(filter, after, limit) {
      const found = tables.listRuns(filter, after, limit + 1)
      const page = found.slice(0, limit)
      const last = page.at(-1)
      return {
        runs: page.flatMap(({ run }) => readRun(tables, run) ?? []),
        next: found.length > limit && last ? { ns: last.fromNs, name: last.run } : undefined,
      }
    },
    partsOf(name) {
      const now = nowNs()
      return readRun(tables, name)
        ?.parts.map(({ rig, fromNs, fromClock, toNs = now, toClock }) => ({ rig, fromNs, fromClock, toNs, toClock }))
        .filter(({ fromNs, toNs, fromClock, toClock }) => fromNs < toNs || fromClock !== toClock)
    },
    markersOf: (run, after, limit) => markersOfRun(tables, run, after, limit),
    markersOfRig: (rig, span, after, limit) => markersOfRig(tables, rig, span, after, limit),
    history,
    factsAt: (rig, tNs) => factsAt(history(rig), tNs),
    problemsOf: (run) => [...run.problems, ...besides(tables, run)],
    changed(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    enter: {
      start: (asked, signed) => inOrder((at) => startRun(at, asked, signed)),
      stop: (run, atNs, signed) => inOrder((at) => stopRun(at, run, atNs, signed)),
      correct: (run, change, signed) => inOrder((at) => correctRun(at, run, change, signed)),
      mark: (run, asked, signed) => inOrder((at) => addMarker(at, at.run(run), asked, signed)),
      correctMarker: (marker, change, signed) => inOrder((at) => correctMarker(at, marker, change, signed)),
      describe: (rig, asked, signed) => inOrder((at) => describeRig(at, rig, asked, signed)),
      correctEntry: (rig, entry, change, signed) => inOrder((at) => correctEntry(at, rig, entry, change, signed)),
    },
    close() {
      freezer?.close()
      follow.close()
      try {
        follow.save()
      } catch (error) {
        log.warn({ err: error }, 'events cannot be kept in the catalog: they are read again at the next start')
      }
    },
  }
}

const othersTold = 5

function besides(tables: RunsTables, { run, parts, withdrawn }: Run): string[] {
  if (withdrawn) return []
  const problems = new Set<string>()
  for (const { rig, fromNs, toNs, started } of parts) {
    for (const other of tables.runsOnRig(rig, fromNs, toNs, othersTold + 1)) {
      if (other.run !== run) problems.add(`${rig} was in the run ${JSON.stringify(other.run)} at the same time`)
    }
    if (toNs !== undefined) continue
    const [stop] = tables
      .unnamedStopsOfNone(rig, fromNs > firstNs + dayNs ? fromNs - dayNs : firstNs, 100)
      .filter((each) => each.receivedNs > started.receivedNs)
    if (stop)
      problems.add(`${rig} said at ${isoTime(stop.tNs)}, by its clock, that its run stopped, and none was open then`)
  }
  return [...problems]
}

const dayNs = 86_400_000_000_000n
/** No time is before. */
const firstNs = -(2n ** 63n)
