import { z } from '@hono/zod-openapi'
import { type RigFacts, type RunFacts, signedByToken } from '../../protos/run-events.ts'
import type { By, Marker, MarkerVersion, RigEntry, Run } from '../runs/types.ts'
import { int64 } from './answers.ts'

// What the API answers about runs, markers and the history of rigs.

const version = z.number().int().min(1)
const texts = z.array(z.string())

const by = z
  .object({
    author: z.string().describe('Viewers are not told the person for whom a token entered it.'),
    at: z.string().describe('The rig at which it was entered, or "ingest".'),
    timeNs: int64.describe('When it was entered or happened, by the clock of whoever entered it.'),
    receivedNs: int64.describe('When ingest received it.'),
    why: z.string(),
  })
  .openapi('By')

const clockName = z
  .enum(['rig', 'ingest'])
  .describe("By whose clock that time is: the rig's own, as its rows are, or ingest's. It is of whoever entered it.")

const runFacts = z
  .object({
    operator: z.string(),
    subject: z.string().describe('A pseudonym.'),
    cabin: z.string(),
    firmware: z.string(),
    calibrations: texts,
    tags: texts,
    description: z.string(),
  })
  .partial()
  .openapi('RunFacts', { description: 'What is not said is absent. Viewers are not told operator and subject.' })

const rigFacts = z
  .object({ site: z.string(), cabin: z.string(), firmware: z.string(), calibrations: texts, note: z.string() })
  .partial()
  .openapi('RigFacts', { description: 'What is not said is absent. Empty in an entry: not known any more.' })

const changes = z
  .record(z.string(), z.union([z.string(), texts, z.null()]))
  .describe('Facts that this version says anew; null takes one back.')

export const runAnswer = z
  .object({
    run: z.string(),
    version,
    open: z.boolean(),
    withdrawn: z.boolean(),
    fromNs: int64,
    toNs: int64.nullable().describe('null: open.'),
    facts: runFacts,
    parts: z
      .array(
        z.object({
          rig: z.string(),
          fromNs: int64.describe('Included.'),
          fromClock: clockName,
          toNs: int64.nullable().describe('Not included; null: still open.'),
          toClock: clockName,
          rigFromNs: int64
            .optional()
            .describe("`fromNs` by the rig's clock. Only of one run; absent if it could not be found out just now."),
          rigToNs: int64.nullable().optional().describe("`toNs` by the rig's clock; null: still open."),
          clockUncertaintyNs: int64
            .nullable()
            .optional()
            .describe("Of these two. null: the rig's clock was never compared with ingest's, they are taken to agree."),
          started: by,
          stopped: by.nullable(),
        }),
      )
      .describe('When each rig took part, in order of time.'),
    rigs: z
      .array(
        z.object({
          rig: z.string(),
          frozen: rigFacts.extend({ agentVersion: z.string().optional() }).nullable(),
        }),
      )
      .describe('What was true of each rig when the run learned of it; null: not frozen yet.'),
    versions: z
      .array(
        by.extend({
          version,
          changes,
          fromNs: int64.optional(),
          toNs: int64.optional(),
          withdrawn: z.boolean().optional(),
        }),
      )
      .describe('The start and its corrections, oldest first.'),
    problems: texts.describe('What was entered and could not be taken as it stands, and what is strange.'),
  })
  .openapi('Run')
export type RunAnswer = z.infer<typeof runAnswer>

const next = z.string().nullable().describe('`after` for the next page; null: there is none.')

export const runsAnswer = z.object({ runs: z.array(runAnswer), next }).openapi('Runs')
export type RunsAnswer = z.infer<typeof runsAnswer>

const markerSpan = {
  label: z.string(),
  fromNs: int64,
  fromClock: clockName,
  toNs: int64.nullable().describe('null: a point in time.'),
  toClock: clockName.nullable(),
  withdrawn: z.boolean(),
}

export const markerAnswer = z
  .object({
    marker: z.string(),
    of: z.string().describe('Whose it is: the rig at which it was entered, or "ingest".'),
    run: z.string().describe('The run it names, or else the one that was open on its rig then; empty: none.'),
    rigs: texts.describe('Empty: all of the run.'),
    ...markerSpan,
    version,
    versions: z.array(by.extend({ version, ...markerSpan })).describe('Oldest first.'),
    problems: texts,
  })
  .openapi('Marker')
export type MarkerAnswer = z.infer<typeof markerAnswer>

export const markersAnswer = z.object({ markers: z.array(markerAnswer), next }).openapi('Markers')
export type MarkersAnswer = z.infer<typeof markersAnswer>

const entryFacts = { validFromNs: int64, facts: rigFacts, withdrawn: z.boolean() }

export const entryAnswer = z
  .object({
    entry: z.string(),
    ...entryFacts,
    version,
    versions: z.array(by.extend({ version, ...entryFacts })).describe('Oldest first.'),
  })
  .openapi('RigEntry')
export type EntryAnswer = z.infer<typeof entryAnswer>

export const historyAnswer = z
  .object({
    rig: z.string(),
    now: rigFacts.describe('What is true now: entry upon entry, each for the facts that it names.'),
    entries: z.array(entryAnswer).describe('In order of validFromNs.'),
  })
  .openapi('RigHistory')
export type HistoryAnswer = z.infer<typeof historyAnswer>

const text = (ns: bigint | undefined): string | null => (ns === undefined ? null : String(ns))

const buildBy = ({ author, at, tNs, receivedNs, text: why }: By, whole: boolean) => ({
  author: whole ? author : signedByToken(author, at),
  at,
  timeNs: String(tNs),
  receivedNs: String(receivedNs),
  why,
})

/** `whole`: with operator, subject, and the persons for whom something was entered. */
export function buildRun(run: Run, problems: string[], whole: boolean): RunAnswer {
  const shown = <Facts extends { operator?: unknown; subject?: unknown }>(facts: Facts): Facts => {
    if (whole) return facts
    const { operator: _operator, subject: _subject, ...rest } = facts
    return rest as Facts
  }
  const frozen = new Map(run.frozen.map(({ rig, facts }) => [rig, facts]))
  return {
    run: run.run,
    version: run.version,
    open: run.toNs === undefined,
    withdrawn: run.withdrawn,
    fromNs: String(run.fromNs),
    toNs: text(run.toNs),
    facts: shown(run.facts) as RunFacts & RunAnswer['facts'],
    parts: run.parts.map(({ rig, fromNs, fromClock, toNs, toClock, started, stopped }) => ({
      rig,
      fromNs: String(fromNs),
      fromClock,
      toNs: text(toNs),
      toClock,
      started: buildBy(started, whole),
      stopped: stopped ? buildBy(stopped, whole) : null,
    })),
    rigs: run.joined.map(({ rig }) => ({
      rig,
      frozen: (frozen.get(rig) ?? null) as RunAnswer['rigs'][number]['frozen'],
    })),
    versions: run.versions.map(({ version, facts, fromNs, toNs, withdrawn, ...entered }) => ({
      ...buildBy(entered, whole),
      version,
      changes: shown(facts) as RunAnswer['versions'][number]['changes'],
      ...(fromNs === undefined ? {} : { fromNs: String(fromNs) }),
      ...(toNs === undefined ? {} : { toNs: String(toNs) }),
      ...(withdrawn === undefined ? {} : { withdrawn }),
    })),
    problems,
  }
}

export function buildMarker(marker: Marker, inRun: string, whole: boolean): MarkerAnswer {
  const { of, rigs, version, versions, problems } = marker
  const span = ({
    label,
    fromNs,
    fromClock,
    toNs,
    toClock,
    withdrawn,
  }: Pick<MarkerVersion, 'label' | 'fromNs' | 'fromClock' | 'toNs' | 'toClock' | 'withdrawn'>) => ({
    label,
    fromNs: String(fromNs),
    fromClock,
    toNs: text(toNs),
    toClock: toClock ?? null,
    withdrawn,
  })
  return {
    marker: marker.marker,
    of,
    run: inRun,
    rigs,
    ...span(marker),
    version,
    versions: versions.map((each) => ({ ...buildBy(each, whole), version: each.version, ...span(each) })),
    problems,
  }
}

export const buildEntry = (
  { entry, validFromNs, facts, withdrawn, version, versions }: RigEntry,
  whole: boolean,
): EntryAnswer => ({
  entry,
  validFromNs: String(validFromNs),
  facts: facts as EntryAnswer['facts'],
  withdrawn,
  version,
  versions: versions.map((each) => ({
    ...buildBy(each, whole),
    version: each.version,
    validFromNs: String(each.validFromNs),
    facts: each.facts as EntryAnswer['facts'],
    withdrawn: each.withdrawn,
  })),
})

export const buildHistory = (rig: string, now: RigFacts, entries: RigEntry[], whole: boolean): HistoryAnswer => ({
  rig,
  now: now as HistoryAnswer['now'],
  entries: entries.map((entry) => buildEntry(entry, whole)),
})
