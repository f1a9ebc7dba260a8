import { nearest } from '../../common/nearest.ts'
import { ulid } from '../../common/ulid.ts'
import { type Changes, encodeRunEvent, type RigFacts, type RunEvent, type RunFacts } from '../../protos/run-events.ts'
import { ownRig } from '../../protos/topics.ts'
import type { RunsTables } from '../catalog/runs-tables.ts'
import { NotStoredError, type Own } from '../own.ts'
import { eventsMax } from './fold-run.ts'
import { readRun } from './save-events.ts'
import type { Run } from './types.ts'

// What people enter at the ingest about runs: checked, added to the journal as ingest's own, and answered when it is durable and
// folded. One after the other, so that what was checked still holds when it is added.

const waitingMax = 100
/** Of ingest's own in the catalog. */
const ownEventsMax = 1_000_000
/** Ahead of ingest's clock: clocks differ, but nothing is entered before it happens. */
const aheadMaxNs = 300_000_000_000n
export const namesLookedAt = 10_000

/** Why it is not taken, as the API tells it. */
export class RefusedError extends Error {
  readonly status: 400 | 404 | 409 | 503
  constructor(status: 400 | 404 | 409 | 503, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** Who enters it, and why. */
export interface Signed {
  author: string
  text: string
}

export interface EnterDeps {
  tables: RunsTables
  own: Own
  nowNs(): bigint
  /** Everything that was added is in the catalog and folded. */
  save(): void
  /** Ingest's own events in the catalog. */
  held(): number
  /** Every rig that is known, whether it has sent anything or not. */
  rigs(): string[]
}

/** What the commands share. */
export interface Desk extends EnterDeps {
  inOrder<T>(work: () => Promise<T>): Promise<T>
  add(event: RunEvent, signed: Signed, tNs?: bigint): Promise<void>
  run(name: string): Run
  checkRig(rig: string): void
  checkTime(key: string, tNs: bigint | undefined): void
}

export function createDesk(deps: EnterDeps): Desk {
  const { tables, own, nowNs } = deps
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...deps,
    inOrder(work) {
      if (waiting >= waitingMax) throw new RefusedError(503, `${waiting} entries already wait; try again in a second`)
      waiting++
      const done = last.then(work).finally(() => waiting--)
      last = done.catch(() => {})
      return done
    },
    async add(event, { author, text }, tNs = nowNs()) {
      if (deps.held() >= ownEventsMax) {
        throw new RefusedError(503, `there are ${ownEventsMax} entries, as many as ingest keeps; start another ingest`)
      }
      try {
        await own.add({ type: 'event', event: encodeRunEvent(event, { tNs, author, text, id: ulid() }) })
        deps.save()
      } catch (error) {
        if (error instanceof NotStoredError) throw new RefusedError(503, error.message, { cause: error })
        throw error
      }
    },
    run(name) {
      const run = readRun(tables, name)
      if (run) return run
      throw new RefusedError(
        404,
        `there is no run ${JSON.stringify(name.slice(0, 80))}${meant(name, tables.runNames(namesLookedAt))}`,
      )
    },
    checkRig(rig) {
      const known = deps.rigs()
      if (known.includes(rig)) return
      throw new RefusedError(404, `there is no rig ${JSON.stringify(rig.slice(0, 80))}${meant(rig, known)}`)
    },
    checkTime(key, tNs) {
      if (tNs === undefined || tNs <= nowNs() + aheadMaxNs) return
      throw new RefusedError(400, `${key}: ${isoTime(tNs)} is more than 5 minutes ahead of ingest's clock`)
    },
  }
}

export const meant = (name: string, names: Iterable<string>): string => {
  const found = nearest(name, names)
  return found === undefined ? '' : `; was ${JSON.stringify(found)} meant?`
}

export const isoTime = (tNs: bigint): string => {
  const date = new Date(Number(tNs / 1_000_000n))
  return Number.isNaN(date.getTime()) ? `${tNs} ns` : date.toISOString()
}

export interface StartAsked {
  /** Absent: one is drawn. */
  run?: string | undefined
  rigs: string[]
  facts: RunFacts
  /** Absent: now. */
  fromNs?: bigint | undefined
  /** For a run that is over already. */
  toNs?: bigint | undefined
}

/** Asked again with the same name and content it answers the same and changes nothing. */
export async function startRun(desk: Desk, asked: StartAsked, signed: Signed): Promise<Run> {
  const { facts, toNs } = asked
  const rigs = [...new Set(asked.rigs)]
  for (const rig of rigs) desk.checkRig(rig)
  desk.checkTime('from', asked.fromNs)
  desk.checkTime('to', toNs)
  const fromNs = asked.fromNs ?? desk.nowNs()
  if (toNs !== undefined && toNs < fromNs)
    throw new RefusedError(400, `to: ${isoTime(toNs)} is before ${isoTime(fromNs)}`)
  const name = asked.run ?? drawRunName(rigs[0]!, fromNs)
  const before = readRun(desk.tables, name)
  if (before) checkSame(desk.tables, before, { ...asked, rigs })
  else {
    checkFree(desk, rigs, fromNs, toNs, asked.fromNs === undefined)
    await desk.add({ type: 'run.started', run: name, rigs, facts }, signed, fromNs)
  }
  if (toNs !== undefined && desk.run(name).toNs === undefined) {
    checkRoom(desk.tables, name)
    await desk.add({ type: 'run.stopped', run: name }, signed, toNs)
  }
  return desk.run(name)
}

function checkSame(tables: RunsTables, { run, fromNs, toNs, versions }: Run, asked: StartAsked): void {
  const same = tables
    .eventsOfRun(run, eventsMax)
    .some(
      ({ event, rig, tNs }) =>
        rig === ownRig &&
        event.type === 'run.started' &&
        sameJson([...event.rigs].sort(), [...asked.rigs].sort()) &&
        sameJson(event.facts, asked.facts) &&
        (asked.fromNs === undefined || asked.fromNs === tNs),
    )
  if (same && (asked.toNs === undefined || toNs === undefined || isStoppedAt(tables, run, asked.toNs))) return
  if (same) {
    throw new RefusedError(
      409,
      `the run ${JSON.stringify(run)} is there already and ended at ${isoTime(toNs!)}, not at ${isoTime(asked.toNs!)}; a correction can change that`,
    )
  }
  const [first] = versions
  throw new RefusedError(
    409,
    `there is another run of the name ${JSON.stringify(run)}, of ${isoTime(fromNs)}, started by ${first?.author} at ${first?.at}; choose another name, or correct that one`,
  )
}

/** Here, whatever was corrected since. */
const isStoppedAt = (tables: RunsTables, run: string, atNs: bigint): boolean =>
  tables
    .eventsOfRun(run, eventsMax)
    .some(({ event, rig, tNs }) => rig === ownRig && event.type === 'run.stopped' && tNs === atNs)

/** Of what may be entered here about a run: corrections leave room to stop it. */
const keptForStops = 20

/** What is entered must count. */
function checkRoom(tables: RunsTables, run: string, most = eventsMax): void {
  const own = tables
    .eventsOfRun(run, eventsMax)
    .filter(({ rig, event }) => rig === ownRig && event.type !== 'run.froze')
  if (own.length < most) return
  throw new RefusedError(
    409,
    `${own.length} starts, stops and corrections of the run ${JSON.stringify(run)} were entered here, as many as count; enter a new run`,
  )
}

const sameJson = (a: unknown, b: unknown): boolean => sortedJson(a) === sortedJson(b)
const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )

/** By hand, a rig is in one run at a time. From now on, only an open one is in the way: a rig's clock may be ahead. */
function checkFree({ tables }: Desk, rigs: string[], fromNs: bigint, toNs: bigint | undefined, isNow: boolean): void {
  for (const rig of rigs) {
    const other = tables.runsOnRig(rig, fromNs, toNs, 100).find((each) => !isNow || each.toNs === undefined)
    if (!other) continue
    const until = other.toNs === undefined ? 'is still in it' : `was in it until ${isoTime(other.toNs)}`
    throw new RefusedError(
      409,
      `${rig} has been in the run ${JSON.stringify(other.run)} since ${isoTime(other.fromNs)} and ${until}; stop that one first, or choose another time`,
    )
  }
}

/** As the rig's own are called: "bench-7-20261121T093000Z-7k3q". */
function drawRunName(rig: string, tNs: bigint): string {
  const stamp = isoTime(tNs)
    .replace(/\.\d+/, '')
    .replace(/[^0-9TZ]/g, '')
  return `${[...rig].slice(0, 42).join('')}-${stamp}-${ulid().slice(-4).toLowerCase()}`
}

export async function stopRun(desk: Desk, name: string, atNs: bigint | undefined, signed: Signed): Promise<Run> {
  const run = desk.run(name)
  desk.checkTime('at', atNs)
  if (run.toNs !== undefined) {
    throw new RefusedError(
      409,
      `the run ${JSON.stringify(name)} ended at ${isoTime(run.toNs)}; a correction can change that`,
    )
  }
  if (atNs !== undefined && atNs < run.fromNs) {
    throw new RefusedError(400, `at: ${isoTime(atNs)} is before the run began, ${isoTime(run.fromNs)}`)
  }
  checkRoom(desk.tables, name)
  await desk.add({ type: 'run.stopped', run: name }, signed, atNs)
  return desk.run(name)
}

export interface RunChange {
  /** The version that whoever corrects has seen. */
  expectVersion?: number | undefined
  facts?: Changes<RunFacts> | undefined
  fromNs?: bigint | undefined
  toNs?: bigint | undefined
  withdrawn?: boolean | undefined
}

export async function correctRun(desk: Desk, name: string, change: RunChange, signed: Signed): Promise<Run> {
  const { facts = {}, fromNs, toNs, withdrawn } = change
  const run = desk.run(name)
  checkVersion(`the run ${JSON.stringify(name)}`, run.version, change.expectVersion)
  const says = Object.keys(facts).length > 0 || fromNs !== undefined || toNs !== undefined || withdrawn !== undefined
  if (!says) throw new RefusedError(400, 'nothing to correct: give facts, from, to or withdrawn')
  checkRoom(desk.tables, name, eventsMax - keptForStops)
  desk.checkTime('from', fromNs)
  desk.checkTime('to', toNs)
  const [begins, ends] = [fromNs ?? run.fromNs, toNs ?? run.toNs]
  if (ends !== undefined && ends < begins) {
    throw new RefusedError(400, `the run would end (${isoTime(ends)}) before it begins (${isoTime(begins)})`)
  }
  await desk.add({ type: 'run.corrected', run: name, facts, ...given({ fromNs, toNs, withdrawn }) }, signed)
  return desk.run(name)
}

export function checkVersion(what: string, version: number, expected: number | undefined): void {
  if (expected === undefined || expected === version) return
  throw new RefusedError(
    409,
    `${what} is at version ${version} by now, not ${expected}; look at it, and correct it with expectVersion ${version} (--expect ${version})`,
  )
}

/** Without what is undefined. */
export const given = <Value extends object>(value: Value): { [Key in keyof Value]?: NonNullable<Value[Key]> } =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as ReturnType<typeof given<Value>>

export const hasFacts = (facts: Changes<RigFacts>): boolean => Object.keys(facts).length > 0
