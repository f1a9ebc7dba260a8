import type { Cause } from '../../protos/types.ts'
import { type ChannelKind, type RowValue, type RowValues, rowValues, type StreamKey, type StreamPlan } from './rows.ts'
import type { Excuse, RigKind } from './types.ts'

// Holds what the stores have against what the seed says was generated. Pure: it is given both, and judges.

/** A stream as generated; see feeds.ts. */
export interface Expected {
  rig: string
  source: RigKind['source']
  plan: StreamPlan
  key: StreamKey
  rows: number
  timeNs(n: number): bigint
}

export interface StoredRow {
  rig: string
  stream: string
  timeNs: bigint
  era: number
  /** The lake flags rows that do not rise: InfluxDB does not get those. */
  notRising: boolean
  values: Record<string, RowValue | bigint>
}

export interface FoundGap {
  rig: string
  fromNs: bigint
  toNs: bigint
  /** Empty: all. */
  streams: string[]
  cause: Cause
  detail: string
}

export type Sink = 'lake' | 'influx'

/** One fault of the run, for saying what was going on. */
export interface FaultNote {
  round: number
  kind: string
  touched: string[]
  fromMs: number
  toMs: number
}

export interface Verdict {
  produced: number
  stored: Record<Sink, number>
  lost: number
  duplicates: number
  wrongValues: number
  declaredGaps: number
  /** Rows that no store has and a Gap declares. */
  declaredRows: number
  unexplainedGaps: number
  notRising: number
  /** What is wrong, in words: the first ones of each kind. */
  problems: string[]
}

/** What a sink holds of a stream. */
interface Holding {
  expected: Expected
  /** Times that row n was found; 255 at most. */
  found: Uint8Array
  notRising: Uint8Array
  timeNs: BigInt64Array
}

export interface Account {
  add(sink: Sink, row: StoredRow): void
  judge(gaps: readonly FoundGap[], excuses: readonly Excuse[], faults: readonly FaultNote[]): Verdict
}

const problemsOfAKind = 8
/** Around a fault, what it costs may begin earlier (the last row before) and end later (the first one after). */
const slackMs = 3000

export function createAccount(streams: readonly Expected[]): Account {
  const sinks: Record<Sink, Map<string, Holding>> = { lake: hold(streams), influx: hold(streams) }
  const problems = createProblems()
  let duplicates = 0
  let wrongValues = 0
  let strangers = 0

  const add: Account['add'] = (sink, row) => {
    const holding = sinks[sink].get(nameOf(row.rig, row.stream))
    const n = Number(row.values.n)
    if (!holding || row.values.n === null || !Number.isInteger(n) || n < 0 || n >= holding.expected.rows) {
      strangers++
      problems.add('stranger', `${sink}: ${row.rig} ${row.stream} has a row that nobody generated, n=${row.values.n}`)
      return
    }
    const { expected, found } = holding
    if (found[n]! > 0) {
      duplicates++
      const times = [holding.timeNs[n], row.timeNs].map((ns) => isoNs(ns as bigint)).join(' and ')
      problems.add(
        'duplicate',
        `${sink}: ${row.rig} ${row.stream} row ${n} is there twice, at ${times}, era ${row.era}`,
      )
    }
    found[n] = Math.min(255, found[n]! + 1)
    holding.timeNs[n] = row.timeNs
    if (row.notRising) holding.notRising[n] = 1
    const wrong = compareRow(sink, expected, n, row)
    if (wrong === undefined) return
    wrongValues++
    problems.add('wrong value', `${sink}: ${row.rig} ${row.stream} row ${n}: ${wrong}`)
  }

  const judge: Account['judge'] = (gaps, excuses, faults) => {
    const describe = (sink: Sink, run: Run) => describeRun(sink, run, gaps, faults)
    let lost = 0
    let declaredRows = 0
    let notRising = 0
    for (const { rig, plan } of streams) {
      const name = nameOf(rig, plan.stream)
      const lake = sinks.lake.get(name) as Holding
      const influx = sinks.influx.get(name) as Holding
      notRising += count(lake.notRising)
      const covered = coverOf(gaps.filter((gap) => isOf(gap, rig, plan.stream)))
      const lacking = judgeMissing(lake, covered)
      declaredRows += lacking.declaredRows
      // What the lake has has come: no Gap speaks of that. What does not rise is the lake's alone.
      const forgiven = (run: Run) => lake.found[run.from] === 0 && covered(run)
      const sortOf = (n: number) =>
        lake.notRising[n] === 1 ? 'not wanted' : lake.found[n] === 0 ? 'nowhere' : 'in the lake'
      const lackingToo = judgeMissing(influx, forgiven, sortOf, either(lake, influx))
      for (const [sink, { lostRuns }] of [['lake', lacking] as const, ['influx', lackingToo] as const]) {
        for (const run of lostRuns) {
          lost += run.to - run.from + 1
          problems.add('lost', () => describe(sink, run))
        }
      }
      compareTimes(lake, influx, (text) => {
        wrongValues++
        problems.add('wrong value', text)
      })
    }
    const unexplained = gaps.filter((gap) => !excuses.some((excuse) => isExcused(gap, excuse)))
    for (const gap of unexplained) problems.add('unexplained Gap', `${describeGap(gap)}${faultsAt(faults, gap)}`)
    return {
      produced: streams.reduce((sum, { rows }) => sum + rows, 0),
      stored: { lake: storedRows(sinks.lake), influx: storedRows(sinks.influx) },
      lost,
      duplicates,
      wrongValues: wrongValues + strangers,
      declaredGaps: gaps.length,
      declaredRows,
      unexplainedGaps: unexplained.length,
      notRising,
      problems: problems.list(),
    }
  }
  return { add, judge }
}

const nameOf = (rig: string, stream: string): string => `${rig}\n${stream}`

const hold = (streams: readonly Expected[]): Map<string, Holding> =>
  new Map(
    streams.map((expected) => [
      nameOf(expected.rig, expected.plan.stream),
      {
        expected,
        found: new Uint8Array(expected.rows),
        notRising: new Uint8Array(expected.rows),
        timeNs: new BigInt64Array(expected.rows),
      },
    ]),
  )

/** What is in one of them at least: the rows next to a missing one may be the lake's alone, because they do not rise. */
const either = (a: Holding, b: Holding): Holding => ({
  ...a,
  found: a.found.map((found, n) => found || (b.found[n] as number)),
  timeNs: a.timeNs.map((ns, n) => (a.found[n] ? ns : (b.timeNs[n] as bigint))),
})

const count = (marks: Uint8Array): number => marks.reduce((sum, mark) => sum + (mark > 0 ? 1 : 0), 0)
const storedRows = (holdings: Map<string, Holding>): number =>
  [...holdings.values()].reduce((sum, { found }) => sum + count(found), 0)

/** What differs from the row that the seed says; undefined: nothing. */
function compareRow(
  sink: Sink,
  { plan, key, source, timeNs }: Expected,
  n: number,
  row: StoredRow,
): string | undefined {
  const expected: RowValues = rowValues(plan, key, n)
  for (const { name, kind } of plan.channels) {
    const stored = row.values[name] ?? null
    if (!sameStored(sink, kind, expected[name] as RowValue, stored)) {
      return `${name} is ${show(stored)}, generated was ${show(expected[name] as RowValue)}`
    }
  }
  if (source !== 'stamped' && row.timeNs !== timeNs(n)) return `its time is ${row.timeNs}, generated was ${timeNs(n)}`
  return undefined
}

/** Bit by bit: -0 is not 0. */
function sameStored(sink: Sink, kind: ChannelKind, expected: RowValue, stored: RowValue | bigint): boolean {
  if (expected === null || stored === null) return expected === stored
  // The lake has integers of 64 bits, which come as bigint; InfluxDB has them as floats.
  if (kind === 'int') return sink === 'lake' ? stored === BigInt(expected as number) : Object.is(stored, expected)
  return Object.is(stored, expected)
}

const show = (value: RowValue | bigint): string =>
  Object.is(value, -0) ? '-0' : typeof value === 'bigint' ? String(value) : JSON.stringify(value)

/** Rows from `from` to `to` that are missing; their times, or, where the agent gives them, those of their neighbours that are there. */
interface Run {
  expected: Expected
  from: number
  to: number
  firstNs: bigint
  lastNs: bigint
}

/** What is missing, one run after the other; `sortOf`: a run has rows of one sort; `known`: where the times of their neighbours are looked up. */
function* missingRuns(holding: Holding, sortOf: (n: number) => string, known: Holding): Generator<Run> {
  const { expected, found } = holding
  for (let n = 0; n < found.length; n++) {
    const sort = sortOf(n)
    if (found[n] !== 0 || sort === 'not wanted') continue
    const from = n
    // Rows with times of their own are judged one by one: several Gaps may have them.
    if (expected.source === 'stamped') while (n + 1 < found.length && found[n + 1] === 0 && sortOf(n + 1) === sort) n++
    yield { expected, from, to: n, ...timesOf(known, from, n) }
  }
}

function judgeMissing(
  holding: Holding,
  covered: (run: Run) => boolean,
  sortOf = (_n: number) => 'wanted',
  known = holding,
) {
  const lostRuns: Run[] = []
  let declaredRows = 0
  for (const run of missingRuns(holding, sortOf, known)) {
    const last = lostRuns.at(-1)
    if (covered(run)) declaredRows += run.to - run.from + 1
    else if (last?.to === run.from - 1) Object.assign(last, { to: run.to, lastNs: run.lastNs })
    else lostRuns.push(run)
  }
  return { lostRuns, declaredRows }
}

function timesOf({ expected, found, timeNs }: Holding, from: number, to: number) {
  if (expected.source !== 'stamped') return { firstNs: expected.timeNs(from), lastNs: expected.timeNs(to) }
  let before = from - 1
  while (before >= 0 && found[before] === 0) before--
  let after = to + 1
  while (after < found.length && found[after] === 0) after++
  return {
    firstNs: before < 0 ? -(2n ** 62n) : (timeNs[before] as bigint),
    lastNs: after >= found.length ? 2n ** 62n : (timeNs[after] as bigint),
  }
}

const isOf = (gap: FoundGap, rig: string, stream: string): boolean =>
  gap.rig === rig && (gap.streams.length === 0 || gap.streams.includes(stream))

/** Where an agent was down while its clock was set: years, maybe. It speaks of the rows at its ends, and not of all between. */
const isSetClock = ({ cause, fromNs, toNs }: FoundGap): boolean => cause === 'agent_down' && toNs - fromNs > setClockNs
const setClockNs = 5n * 60n * 1_000_000_000n

/**
 * Whether Gaps cover a run. A row with a time of its own must lie in one; of stamped rows only the neighbours' times are known, and
 * of a Gap that is as long as a clock was set an end must lie between them.
 */
function coverOf(gaps: readonly FoundGap[]): (run: Run) => boolean {
  const sorted = gaps
    .filter((gap) => !isSetClock(gap))
    .sort((a, b) => (a.fromNs < b.fromNs ? -1 : a.fromNs > b.fromNs ? 1 : 0))
  const setClocks = gaps.filter(isSetClock)
  const united: { fromNs: bigint; toNs: bigint }[] = []
  for (const { fromNs, toNs } of sorted) {
    const last = united.at(-1)
    if (last && fromNs <= last.toNs) last.toNs = toNs > last.toNs ? toNs : last.toNs
    else united.push({ fromNs, toNs })
  }
  return ({ expected, firstNs, lastNs }) => {
    if (expected.source !== 'stamped') return united.some(({ fromNs, toNs }) => fromNs <= firstNs && toNs >= lastNs)
    // The clock may have been set back between the two.
    const [low, high] = firstNs <= lastNs ? [firstNs, lastNs] : [lastNs, firstNs]
    const isBetween = (ns: bigint) => ns >= low && ns <= high
    if (setClocks.some(({ fromNs, toNs }) => isBetween(fromNs) || isBetween(toNs))) return true
    return united.some(
      ({ fromNs, toNs }) =>
        fromNs <= high && toNs >= low && (low === high || fromNs < high) && (low === high || toNs > low),
    )
  }
}

/** A stamped row's time is the agent's: whatever it is, it is one in all stores. */
function compareTimes(lake: Holding, influx: Holding, wrong: (text: string) => void): void {
  const { rig, plan, rows } = lake.expected
  for (let n = 0; n < rows; n++) {
    if (lake.found[n] !== 1 || influx.found[n] !== 1 || lake.timeNs[n] === influx.timeNs[n]) continue
    wrong(`${rig} ${plan.stream} row ${n} is at ${lake.timeNs[n]} in the lake and at ${influx.timeNs[n]} in InfluxDB`)
  }
}

const msOf = (ns: bigint): number => Number(ns / 1_000_000n)

export const isExcused = (gap: FoundGap, { rig, causes, fromMs, toMs }: Excuse): boolean =>
  (rig === undefined || rig === gap.rig) &&
  causes.includes(gap.cause) &&
  msOf(gap.fromNs) <= toMs + slackMs &&
  msOf(gap.toNs) >= fromMs - slackMs

const isoNs = (ns: bigint): string => {
  const ms = msOf(ns)
  return Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : String(ns)
}

export const describeGap = ({ rig, fromNs, toNs, streams, cause, detail }: FoundGap): string =>
  `${rig} ${streams.join(', ') || 'all streams'}: ${cause} from ${isoNs(fromNs)} to ${isoNs(toNs)} (${detail})`

function describeRun(sink: Sink, run: Run, gaps: readonly FoundGap[], faults: readonly FaultNote[]): string {
  const { expected, from, to, firstNs, lastNs } = run
  const rows = from === to ? `row ${from}` : `rows ${from} to ${to}`
  const near = gaps
    .filter((gap) => isOf(gap, expected.rig, expected.plan.stream))
    .map((gap) => ({ gap, distance: distance(gap, firstNs) }))
    .sort((a, b) => (a.distance < b.distance ? -1 : 1))
    .slice(0, 2)
    .map(({ gap }) => describeGap(gap))
  const when = { fromNs: expected.timeNs(from), toNs: expected.timeNs(to) }
  const nearest = near.length > 0 ? `; nearest Gaps: ${near.join(' | ')}` : '; no Gap of it'
  return `${sink}: ${expected.rig} ${expected.plan.stream} ${rows} missing, ${isoNs(firstNs)} to ${isoNs(lastNs)}, generated ${isoNs(when.fromNs)}${nearest}${faultsAt(faults, when)}`
}

const distance = ({ fromNs, toNs }: FoundGap, ns: bigint): bigint =>
  ns < fromNs ? fromNs - ns : ns > toNs ? ns - toNs : 0n

function faultsAt(faults: readonly FaultNote[], { fromNs, toNs }: { fromNs: bigint; toNs: bigint }): string {
  const near = faults.filter((fault) => fault.fromMs - slackMs <= msOf(toNs) && fault.toMs + slackMs >= msOf(fromNs))
  if (near.length === 0) return '; no fault then'
  const words = near.map(({ round, kind, touched }) => `${kind} (${touched.join(', ')}) of round ${round}`)
  return `; faults then: ${words.slice(0, 6).join(', ')}`
}

function createProblems() {
  const kinds = new Map<string, string[]>()
  const counts = new Map<string, number>()
  return {
    add(kind: string, text: string | (() => string)) {
      const known = kinds.get(kind) ?? []
      kinds.set(kind, known)
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      if (known.length < problemsOfAKind) known.push(`${kind}: ${typeof text === 'string' ? text : text()}`)
    },
    list: () =>
      [...kinds].flatMap(([kind, texts]) => {
        const more = counts.get(kind)! - texts.length
        return more > 0 ? [...texts, `${kind}: ${more} more`] : texts
      }),
  }
}
