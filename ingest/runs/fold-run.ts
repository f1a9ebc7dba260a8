import type { Changes, RunFacts } from '../../protos/run-events.ts'
import { ownRig } from '../../protos/topics.ts'
import { foldParts } from './fold-parts.ts'
import {
  byOf,
  type ClockName,
  clockOf,
  type Frozen,
  inOrderReceived,
  type Run,
  type RunEventRecord,
  type RunPart,
  type RunVersion,
} from './types.ts'

// A run from its events. The same events give the same run, in whatever order they came to the catalog.

export const rigsMax = 64
/** Starts, stops and corrections of one run that count, of each that speaks of it: the first ones received. */
export const eventsMax = 500
const problemsMax = 50

interface Span {
  fromNs?: bigint
  toNs?: bigint
}

/** `records`: those of this run; what is not of runs is passed over. Undefined if nothing has started it. */
export function foldRun(run: string, records: readonly RunEventRecord[]): Run | undefined {
  const problems: string[] = []
  const say = (problem: string) => {
    if (problems.length < problemsMax && !problems.includes(problem)) problems.push(problem)
  }
  const ordered = inOrderReceived(records)
  const events = takeCounted(
    ordered.filter(({ event }) => event.type !== 'run.froze'),
    say,
  )
  const starts = events.filter(({ event }) => event.type === 'run.started')
  const [first] = starts
  if (!first) return undefined
  const rigs = findRigs(starts, say)
  const raw = rigs.map((rig) => ({ rig, parts: foldParts(events, rig) }))
  for (const { rig, parts } of raw) {
    if (parts.some(({ stepped }) => stepped)) say(`${rig}: by the clocks it was stopped before it was started`)
  }
  for (const { rig, event } of events) {
    if (event.type === 'run.stopped' && rig !== ownRig && !rigs.includes(rig)) {
      say(`${rig} stopped it and takes no part in it`)
    }
  }
  const base = { ...byOf(first), version: 1, facts: mergeFacts(starts, say) }
  const { versions, spans, withdrawn } = foldCorrections(events, rigs, base, say)
  const parts = raw
    .flatMap(({ rig, parts }) => cut(parts.map(toPart(rig)), spans.get(rig), 'rig'))
    .sort((a, b) => (a.fromNs === b.fromNs ? (a.rig < b.rig ? -1 : 1) : a.fromNs < b.fromNs ? -1 : 1))
  const whole = spans.get(ownRig)
  const left = cut(parts, whole, 'ingest')
  return {
    run,
    version: versions.length,
    withdrawn,
    facts: applyChanges(versions),
    ...spanOf(left, whole?.fromNs ?? first.tNs),
    parts: left,
    joined: raw.map(({ rig, parts: [part] }) => ({ rig, fromNs: part?.fromNs ?? first.tNs })),
    frozen: findFrozen(ordered, rigs),
    versions,
    problems,
  }
}

/** Of each sender the first ones: nobody takes the room of another. */
function takeCounted(ordered: readonly RunEventRecord[], say: (problem: string) => void): RunEventRecord[] {
  const counts = new Map<string, number>()
  return ordered.filter(({ rig }) => {
    const count = (counts.get(rig) ?? 0) + 1
    counts.set(rig, count)
    if (count > eventsMax) say(`more than ${eventsMax} events of ${rig}: the later ones do not count; enter a new run`)
    return count <= eventsMax
  })
}

function findRigs(starts: readonly RunEventRecord[], say: (problem: string) => void): string[] {
  const rigs: string[] = []
  for (const { rig: sender, event } of starts) {
    if (event.type !== 'run.started') continue
    const others = sender === ownRig ? [] : event.rigs.filter((rig) => rig !== sender)
    if (others.length > 0) say(`${sender} named ${others.join(', ')}: a rig speaks for itself alone`)
    for (const rig of sender === ownRig ? event.rigs : [sender]) {
      if (rigs.includes(rig)) continue
      if (rigs.length < rigsMax) rigs.push(rig)
      else say(`${rig} is left out: a run has ${rigsMax} rigs at most`)
    }
  }
  return rigs
}

/** The first to say a fact is believed. */
function mergeFacts(starts: readonly RunEventRecord[], say: (problem: string) => void): RunFacts {
  const merged: Record<string, unknown> = {}
  for (const { rig, event } of starts) {
    if (event.type !== 'run.started') continue
    for (const [key, fact] of Object.entries(event.facts)) {
      if (!Object.hasOwn(merged, key)) merged[key] = fact
      else if (JSON.stringify(merged[key]) !== JSON.stringify(fact)) {
        say(
          `${key}: it was started with different ones, the last time by ${rig}; the first one counts until a correction`,
        )
      }
    }
  }
  return merged
}

function foldCorrections(
  events: readonly RunEventRecord[],
  rigs: readonly string[],
  base: RunVersion,
  say: (problem: string) => void,
) {
  const versions = [base]
  /** By rig; that of `ingest` is of the whole run. */
  const spans = new Map<string, Span>()
  let withdrawn = false
  for (const record of events) {
    const { rig, event } = record
    if (event.type !== 'run.corrected') continue
    if (rig !== ownRig && !rigs.includes(rig)) {
      say(`${rig} corrected it and takes no part in it`)
      continue
    }
    const { facts, fromNs, toNs } = event
    const span = {
      ...spans.get(rig),
      ...(fromNs === undefined ? {} : { fromNs }),
      ...(toNs === undefined ? {} : { toNs }),
    }
    if (span.fromNs !== undefined && span.toNs !== undefined && span.toNs < span.fromNs) {
      say(`${rig} corrected it to end before it begins`)
      continue
    }
    const mayWithdraw = rig === ownRig || rigs.length === 1
    if (event.withdrawn !== undefined && !mayWithdraw) say(`${rig} withdrew it, but other rigs take part in it too`)
    const isWithdrawn = mayWithdraw ? event.withdrawn : undefined
    withdrawn = isWithdrawn ?? withdrawn
    if (fromNs !== undefined || toNs !== undefined) spans.set(rig, span)
    versions.push({
      ...byOf(record),
      version: versions.length + 1,
      facts,
      ...(fromNs === undefined ? {} : { fromNs }),
      ...(toNs === undefined ? {} : { toNs }),
      ...(isWithdrawn === undefined ? {} : { withdrawn: isWithdrawn }),
    })
  }
  return { versions, spans, withdrawn }
}

function applyChanges(versions: readonly { facts: Changes<RunFacts> }[]): RunFacts {
  const facts: Record<string, unknown> = {}
  for (const version of versions) {
    for (const [key, fact] of Object.entries(version.facts)) {
      if (fact === null) delete facts[key]
      else facts[key] = fact
    }
  }
  return facts
}

const toPart =
  (rig: string) =>
  ({ fromNs, toNs, started, stopped }: ReturnType<typeof foldParts>[number]): RunPart => ({
    rig,
    fromNs,
    fromClock: clockOf(started.rig),
    ...(toNs === undefined ? {} : { toNs }),
    toClock: stopped === undefined ? 'ingest' : clockOf(stopped.rig),
    started: byOf(started),
    ...(stopped === undefined ? {} : { stopped: byOf(stopped) }),
  })

const lower = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const higher = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/**
 * Parts that lie outside are left out; those that begin first (end last) reach to where the span begins (ends), which is by
 * `clock`. Between times of different clocks the later one is taken as they stand: clocks that differ little give the same.
 */
function cut(parts: RunPart[], { fromNs, toNs }: Span = {}, clock: ClockName = 'ingest'): RunPart[] {
  if (parts.length === 0) return parts
  const first = parts.map((part) => part.fromNs).reduce(lower)
  const ends = parts.flatMap((part) => (part.toNs === undefined ? [] : [part.toNs]))
  const last = ends.length === parts.length ? ends.reduce(higher) : undefined
  return parts.flatMap((part) => {
    const isLast = part.toNs === undefined || part.toNs === last
    const from = fromNs === undefined ? part.fromNs : part.fromNs === first ? fromNs : higher(part.fromNs, fromNs)
    const to = toNs === undefined ? part.toNs : isLast ? toNs : lower(part.toNs!, toNs)
    const fromClock = from === part.fromNs ? part.fromClock : clock
    const toClock = to === part.toNs ? part.toClock : clock
    if (to !== undefined && to < from && fromClock === toClock) return []
    return [{ ...part, fromNs: from, fromClock, ...(to === undefined ? {} : { toNs: to }), toClock }]
  })
}

function spanOf(parts: readonly RunPart[], otherwiseNs: bigint): { fromNs: bigint; toNs?: bigint } {
  if (parts.length === 0) return { fromNs: otherwiseNs, toNs: otherwiseNs }
  const fromNs = parts.map((part) => part.fromNs).reduce(lower)
  const ends = parts.flatMap(({ toNs }) => (toNs === undefined ? [] : [toNs]))
  return ends.length < parts.length ? { fromNs } : { fromNs, toNs: ends.reduce(higher) }
}

/** Only ingest says what was true of a rig, and the first time counts. */
function findFrozen(events: readonly RunEventRecord[], rigs: readonly string[]): Frozen[] {
  const frozen = new Map<string, Frozen>()
  for (const { rig: sender, event, tNs } of events) {
    if (event.type !== 'run.froze' || sender !== ownRig || frozen.has(event.rig)) continue
    frozen.set(event.rig, { rig: event.rig, facts: event.facts, tNs })
  }
  return rigs.flatMap((rig) => frozen.get(rig) ?? [])
}
