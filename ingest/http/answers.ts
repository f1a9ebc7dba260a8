import { z } from '@hono/zod-openapi'
import { rules } from '../alerts/types.ts'

// What the HTTP API answers, as JSON: the contract with the page and with programs, and the source of the OpenAPI document.
// The page imports the types alone. Times that end in Ns and 64-bit integers are decimal strings; times that end in Ms are
// numbers since 1970 UTC.

/** ns since 1970 UTC, or another 64-bit integer, as decimal text. */
export const int64 = z.string().regex(/^-?\d{1,19}$/)
const count = z.number().int().min(0)
const counts = z.record(z.string(), z.number())

export const kind = z.enum(['f64', 'f32', 'int', 'bool', 'text'])

export const streamStanding = z
  .enum(['live', 'late', 'ahead', 'stale', 'ended'])
  .describe(
    "How a stream stands: rows come in time; come, but late; carry times ahead of ingest's clock; come no more; or come no more because its source has ended or the agent does not measure it any more.",
  )

export const rigStanding = z
  .enum(['live', 'late', 'stale', 'offline', 'never_seen'])
  .describe(
    'From what is stored. live, late, stale: as the worst of its streams that ought to be live (those with a nominal rate that have not ended; the best of the irregular ones where there are no others). offline: no envelope of any kind for 30 s or three health reports. never_seen: nothing was ever stored.',
  )
export type RigStanding = z.infer<typeof rigStanding>

export const channelAnswer = z
  .object({
    name: z.string(),
    kind,
    unit: z.string().describe('UCUM; empty for none.'),
    value: z
      .union([z.number(), z.boolean(), z.string()])
      .nullable()
      .describe(
        'null: none in the newest batch. Text for a text channel, for integers beyond 2^53, and for NaN, Infinity, -Infinity.',
      ),
    missing: z
      .boolean()
      .describe('The newest row has no value; the one shown is from a row before it, if there is one.'),
    range: z.enum(['within', 'at_limit', 'outside']),
  })
  .openapi('Channel')
export type ChannelAnswer = z.infer<typeof channelAnswer>

export const streamAnswer = z
  .object({
    stream: z.string(),
    source: z.string(),
    schema: z.string().describe('SHA-256 of the schema, hex.'),
    standing: streamStanding,
    rowsPerS: z.number(),
    nominalRowsPerS: z.number().nullable().describe('null for an irregular stream.'),
    readingsPerS: z.number(),
    batches: count,
    timeNs: int64.nullable().describe("The newest row's time by the rig's clock; null if it cannot be read."),
    ageMs: z
      .number()
      .nullable()
      .describe("Age of the newest row, the rig's clock corrected by its last known offset, ms; negative: ahead."),
    receivedAgoMs: z.number().describe('Since the newest batch came, ms.'),
    lateMs: z.number().nullable().describe('By how much the newest row was older than now when it came, ms.'),
    staleAfterMs: z.number(),
    era: z.number().int(),
    channels: z.array(channelAnswer).describe('The first ones; `channelCount` says how many there are.'),
    channelCount: count,
    problems: z.array(z.string()),
  })
  .openapi('Stream')
export type StreamAnswer = z.infer<typeof streamAnswer>

export const sourceAnswer = z
  .object({ name: z.string(), state: z.string(), rows: count, badLines: count, detail: z.string() })
  .openapi('Source')

export const gapAnswer = z
  .object({
    fromNs: int64,
    toNs: int64,
    cause: z.string(),
    detail: z.string(),
    streams: z.array(z.string()).describe('Empty: all streams.'),
  })
  .openapi('Gap')
export type GapAnswer = z.infer<typeof gapAnswer>

export const rigAnswer = z
  .object({
    rig: z.string(),
    group: z.string(),
    state: rigStanding,
    why: z.string().describe('What makes it so, in words; empty where there is nothing to say.'),
    sinceMs: z
      .number()
      .nullable()
      .describe('offline: when the last envelope was stored; stale: when the last row was. null otherwise.'),
    lastRowNs: int64.nullable().describe("Time of the row that was stored last, by the rig's clock."),
    online: z
      .boolean()
      .describe('What the broker says: an agent is connected. Not what `state` is made from: connected is not stored.'),
    agentVersion: z.string(),
    twoAgentsSinceMs: z
      .number()
      .nullable()
      .describe(
        'Two agents of this rig run at the same time (a cloned disk): since when that is known; null: they do not.',
      ),
    lastEnvelopeMs: z.number().describe('0: none was ever stored.'),
    envelopes: count,
    bytes: count,
    missing: count.describe('Numbers missing below the highest: on their way, or holes.'),
    spoolEnvelopes: count.nullable().describe("From the agent's last health report; null if there was none."),
    spoolBytes: count.nullable(),
    memoryBytes: count.nullable(),
    sources: z.array(sourceAnswer),
    clockOffsetMs: z.number().nullable().describe("Ingest's clock less the rig's, ms; null if not known."),
    gaps: count.describe("Gaps declared since ingest's start, and the last of them."),
    lastGap: gapAnswer.nullable(),
    notShown: count.describe('Batches stored that could not be shown.'),
    streams: z.array(streamAnswer),
  })
  .openapi('Rig')
export type RigAnswer = z.infer<typeof rigAnswer>

export const channelDetail = channelAnswer
  .extend({
    code: z.string().describe('Vocabulary and code, as VSS:Vehicle.Speed; empty for none.'),
    description: z.string(),
    min: z.number().nullable().describe('Range of the physical value.'),
    max: z.number().nullable(),
  })
  .openapi('ChannelDetail')

export const rigDetail = rigAnswer
  .extend({
    streams: z.array(
      streamAnswer.extend({ channels: z.array(channelDetail).describe('All of them.') }).openapi('StreamDetail'),
    ),
    badLines: z
      .array(z.object({ source: z.string(), samples: z.array(z.string()) }))
      .describe('Of sources that told any since ingest started.'),
    missingNumbers: z
      .array(z.object({ spool: z.string(), from: count, to: count }))
      .describe('Envelopes that did not come though later ones did, by spool: on their way, or holes. The first 100.'),
    missingCut: z.boolean().describe('There are more than these.'),
    lastGaps: z.array(gapAnswer).describe("Declared since ingest's start, newest first, 50 at most."),
  })
  .openapi('RigDetail')
export type RigDetail = z.infer<typeof rigDetail>

const counters = z.object({
  envelopes: count,
  bytes: count,
  duplicates: count,
  journalFull: count,
  outOfBounds: count,
  quarantined: counts,
  receipts: count,
  journalBytes: count,
  journalSyncs: count,
  schemaRequests: count,
})

export const ingestAnswer = z
  .object({
    name: z.string(),
    version: z.string(),
    groups: z.array(z.string()),
    sinceMs: z.number(),
    nowMs: z.number(),
    online: z.boolean().describe('Connected to the broker.'),
    counters,
  })
  .openapi('Ingest')
export type IngestAnswer = z.infer<typeof ingestAnswer>

export const rigsAnswer = z
  .object({
    ingest: ingestAnswer,
    rigs: z.array(rigAnswer),
    next: z.string().nullable().describe('There are more: ask with `after` set to this. null: these were the last.'),
  })
  .openapi('Rigs')
export type RigsAnswer = z.infer<typeof rigsAnswer>

export const sinkAnswer = z
  .object({
    name: z.string(),
    state: z
      .enum(['starting', 'running', 'waiting', 'down', 'closed'])
      .describe('down: not running at the moment, and started again.'),
    waitingFor: z.string().describe('Empty if it waits for nothing.'),
    behindBytes: z.number(),
    owedBytes: z
      .number()
      .optional()
      .describe(
        'InfluxDB alone: bytes of files of the lake that are refilled from there, because the journal could not hold what is in them.',
      ),
    owedRows: z.number().optional(),
    counters: counts,
  })
  .openapi('Sink')
export type SinkAnswer = z.infer<typeof sinkAnswer>

export const sinksAnswer = z.object({ sinks: z.array(sinkAnswer) }).openapi('Sinks')
export type SinksAnswer = z.infer<typeof sinksAnswer>

export const alertAnswer = z
  .object({
    rule: z.enum(rules),
    key: z.string().describe('The same for the same trouble.'),
    rig: z.string().nullable(),
    state: z.enum(['raised', 'cleared']),
    sinceMs: z.number().describe('Since when it was bad.'),
    atMs: z.number().describe('When it was raised or cleared.'),
    text: z.string().describe('Which, which value, what to do.'),
  })
  .openapi('Alert')
export type AlertAnswer = z.infer<typeof alertAnswer>

export const alertsAnswer = z
  .object({
    raised: z.array(alertAnswer),
    recent: z.array(alertAnswer),
    webhook: z
      .object({ waiting: count, delivered: count, failures: count, dropped: count })
      .nullable()
      .describe('Deliveries: not done yet, and counted since the start. null: no webhook is configured.'),
  })
  .openapi('Alerts')
export type AlertsAnswer = z.infer<typeof alertsAnswer>

export const healthAnswer = z
  .object({ status: z.enum(['ok', 'failing']), reasons: z.array(z.string()) })
  .openapi('Health')
export type HealthAnswer = z.infer<typeof healthAnswer>

export const problemAnswer = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('What is wrong, which value, what to do.'),
  })
  .openapi('Problem', { description: 'RFC 9457, application/problem+json.' })
export type ProblemAnswer = z.infer<typeof problemAnswer>

/** The text frames of WS /v1/live. Its binary frames are encoded envelopes. */
export type LiveTextFrame =
  /** Before the first batch of each schema. A period in nanoseconds is num / den. */
  | { schema: LiveSchema }
  /** So many batches were left out, because this client was too slow. */
  | { skipped: number }
  /** The answer to a message of the client: its id, or what is wrong with it. */
  | { subscribed: string }
  | { unsubscribed: string }
  | { problem: string }

export interface LiveSchema {
  hash: string
  rig: string
  stream: string
  source: string
  period: { num: string; den: string } | null
  channels: {
    name: string
    kind: ChannelAnswer['kind']
    unit: string
    code: string
    description: string
    min?: number
    max?: number
    gain?: number
    offset?: number
  }[]
}
