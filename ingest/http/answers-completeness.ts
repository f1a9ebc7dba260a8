import { z } from '@hono/zod-openapi'
import { causes } from '../../protos/types.ts'
import { type Completeness, verdicts } from '../history/completeness/report.ts'
import type { RunReport } from '../reports.ts'
import { int64, kind } from './answers.ts'

// What the API answers about completeness. docs/completeness.md says how each figure is made.

const count = z.number().int().min(0)
const seconds = z.number().min(0)
const findings = z.array(z.string()).describe('For people, worst first.')
const verdict = z
  .enum(verdicts)
  .describe(
    'complete: all that was measured is stored; empty: nothing was delivered, and no Gap says so; gaps_declared: as complete, and Gaps say what was not measured or kept; incomplete: numbers are missing, or delivered and stored differ.',
  )

const gapSums = z.object({
  count,
  seconds: seconds.describe('Clipped to the span; what two Gaps declare is counted once.'),
  rows: count.describe('Rows gone, where the rig knew.'),
  byCause: z.array(z.object({ cause: z.enum(causes), count, seconds })).describe('The longest first.'),
  list: z
    .array(z.object({ fromNs: int64, toNs: int64, cause: z.enum(causes), detail: z.string(), rows: count }))
    .describe('The 100 longest, in order of time, not clipped.'),
  cut: z.boolean().describe('There are more than are listed.'),
})

const rate = z.object({
  nominalRowsPerS: z.number().nullable().describe('From the newest schema; null: an irregular stream.'),
  rowsPerS: z
    .number()
    .nullable()
    .describe('Pairs of successive rows divided by the time between them; pairs that a Gap lies between are left out.'),
  ratio: z.number().nullable().describe('Measured divided by nominal.'),
  medianIntervalS: z.number().nullable().describe('Of an irregular stream, to 1.1 %.'),
  longestPauseS: seconds.describe('Longest time between two rows that no Gap covers.'),
  longestPauseFromNs: int64.nullable(),
  pauses: count.describe('Such times longer than 5 periods; 0 for an irregular stream.'),
  pausesS: seconds,
  beforeFirstS: seconds.describe('From the beginning of the span to the first row, without Gaps.'),
  afterLastS: seconds.describe('From the last row to the end of the span, or now if that is earlier, without Gaps.'),
})

const still = z
  .object({ seconds, rows: count, fromNs: int64, value: z.number() })
  .describe('Rows in a row with one value: from the first of them to the last.')

const clipped = z.object({
  side: z.enum(['min', 'max']),
  at: z.enum(['range', 'extreme']).describe('At the limit of the range, or at the most extreme value seen.'),
  value: z.number(),
  readings: count.describe('In runs of 3 rows or more.'),
  runs: count,
  longestRows: count,
  longestS: seconds,
  firstNs: int64,
  judged: z.enum(['clipped', 'rest']).describe('rest: a value at which the channel rests by its nature.'),
})

const numbers = z.object({
  lowest: z.number().nullable(),
  highest: z.number().nullable(),
  constant: z.boolean().describe('Never changed in the span.'),
  changes: count,
  usualPauseS: z.number().nullable().describe('95 of 100 pauses between changes are no longer.'),
  outOfRange: z.object({ readings: count, share: z.number().min(0).max(1), firstNs: int64.nullable() }),
  clipped: z.array(clipped),
  longestStill: still.nullable(),
  stuck: still
    .nullable()
    .describe('The longest one that is judged a fault: above 10 s and 10 usual pauses, and not by its nature.'),
})

const channel = z.object({
  channel: z.string(),
  kind,
  unit: z.string(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  readings: count,
  missing: count.describe('Rows without a value.'),
  nan: count,
  infinite: count,
  numbers: numbers.nullable().describe('null for bool and text.'),
})

const stream = z
  .object({
    stream: z.string(),
    verdict,
    findings,
    delivered: z
      .object({ rows: count, envelopes: count })
      .describe('What ingest has receipted, of rows in the span exactly: the ledger, and the journal behind it.'),
    stored: z.object({
      lakeRows: count.describe('Found in the lake.'),
      journalRows: count.describe('Found in the journal alone.'),
      removedRows: count.describe('Delivered, and since removed from the lake by its retention.'),
    }),
    trouble: z.string().nullable().describe('Delivered and stored differ: how.'),
    firstNs: int64.nullable(),
    lastNs: int64.nullable(),
    gaps: gapSums,
    rate,
    channels: z.array(channel),
  })
  .openapi('StreamCompleteness')

const clock = z.object({
  samples: count,
  used: count.describe('Of every 8 the one with the shortest round trip.'),
  atNs: int64.describe('The middle of the span.'),
  offsetMs: z.number().describe("Ingest's clock less the rig's."),
  offsetUncertaintyMs: z.number().describe('Of 95 %, and half the shortest round trip.'),
  driftPpm: z.number().describe("Above 0: the rig's clock is slow."),
  driftUncertaintyPpm: z.number().describe('Of 95 %.'),
  steps: z
    .array(z.object({ atNs: int64, stepMs: z.number() }))
    .describe('When the clock was set: each splits the line.'),
  stepsCut: z.boolean(),
})

const part = z
  .object({
    rig: z.string(),
    fromNs: int64,
    toNs: int64,
    verdict,
    findings: findings.describe('Of the rig itself; its streams have their own.'),
    clock: clock.nullable().describe('null: fewer than two samples.'),
    holes: z
      .array(z.object({ spool: z.string(), from: count, to: count, fromNs: int64.nullable(), toNs: int64.nullable() }))
      .describe('Numbers missing that nobody declared, with the rows before and after them, as far as known.'),
    holesCut: z.boolean(),
    numbersMissing: count,
    numbersLost: count.describe('Receipted, and neither in the lake nor in the journal nor put aside.'),
    aside: z
      .object({ quarantined: count, parked: count, parkedRows: count })
      .describe('Envelopes that the lake refused, and those that wait for their schema.'),
    streams: z.array(stream),
  })
  .openapi('PartCompleteness')

const report = {
  verdict,
  findings,
  parts: z.array(part),
  madeFrom: z
    .object({
      lakeFiles: count,
      lakeRows: count.describe('In those files, of the rigs, in the span or not.'),
      journal: z.object({ segment: z.string(), offset: count }).nullable().describe('Up to where it was read.'),
      journalBytes: count.describe('That the lake had not taken yet.'),
      missing: count.describe('Numbers missing then, of any time.'),
    })
    .describe('What it rests on.'),
  madeMs: z.number().describe('When it was made.'),
  tookMs: z.number(),
}

export const completenessAnswer = z.object(report).openapi('Completeness') satisfies z.ZodType<Completeness>

export const runCompletenessAnswer = z
  .object({
    run: z.string(),
    version: z.number().int().min(1).describe('Of the run, when the report was made.'),
    outdated: z.boolean().describe('More has come since, or the run was corrected: the report is made again.'),
    ...report,
  })
  .openapi('RunCompleteness') satisfies z.ZodType<RunReport>

export const reportComing = z
  .object({
    run: z.string(),
    state: z.literal('making').describe('Ask again in some seconds.'),
    rows: count.describe('Looked at by the report that is being made at this moment, whichever that is.'),
    rowsAbout: count,
  })
  .openapi('ReportComing')
export type ReportComing = z.infer<typeof reportComing>
