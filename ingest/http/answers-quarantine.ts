import { z } from '@hono/zod-openapi'
import { int64 } from './answers.ts'

// What the API answers about quarantine.

const count = z.number().int().min(0)

export const by = z.enum(['receive', 'lake', 'influx']).describe('Who could not read or store it.')

export const quarantineEntry = z
  .object({
    id: z.string().describe('ULID: sorts by when it was put there.'),
    time: z.string().describe('When it was put there, ISO 8601.'),
    by: z.string().describe('receive, lake or influx.'),
    reason: z.string().describe('A short word for counting.'),
    detail: z.string(),
    rig: z.string().nullable(),
    topic: z.string().nullable(),
    spool: z.string().nullable(),
    seq: z.number().int().nullable(),
    content: z.enum(['payload', 'envelope', 'lines']).describe('An MQTT payload, an envelope, lines of line protocol.'),
    bytes: count,
    replayable: z.boolean(),
    whyNotReplayable: z.string().describe('Empty if it can be replayed.'),
  })
  .openapi('QuarantineEntry')
export type QuarantineEntryAnswer = z.infer<typeof quarantineEntry>

export const quarantineAnswer = z
  .object({
    entries: z.array(quarantineEntry),
    next: z.string().nullable().describe('`after` for the next older ones; null: there are none.'),
    matching: count.describe('Entries that match, whatever the limit.'),
    counts: z
      .array(z.object({ by: z.string(), reason: z.string(), entries: count, bytes: count }))
      .describe('Over all that is in quarantine.'),
  })
  .openapi('Quarantine')
export type QuarantineAnswer = z.infer<typeof quarantineAnswer>

const envelope = z.object({
  bytes: count,
  header: z
    .object({
      version: z.number().int(),
      rig: z.string(),
      spool: z.string(),
      seq: z.number().int(),
      body: z.string(),
    })
    .nullable()
    .describe('null: not even its number can be read.'),
  batch: z
    .object({
      schema: z.string().describe('SHA-256, hex.'),
      stream: z.string().nullable().describe('null: its schema is not here.'),
      rows: count,
      fromNs: int64.nullable(),
      toNs: int64.nullable(),
    })
    .nullable(),
  problem: z.string().describe('Why no more can be read of it; empty if all can.'),
})

export const quarantineDetail = quarantineEntry
  .extend({
    preview: z.object({ hex: z.string(), cut: z.boolean() }).describe('The first bytes.'),
    now: z
      .object({
        envelopes: z.array(envelope).describe('The first ones.'),
        envelopeCount: count,
        lines: z.array(z.string()).describe('The first ones, cut.'),
        lineCount: count,
        problem: z.string(),
      })
      .describe('What can be read of it by this release.'),
  })
  .openapi('QuarantineDetail')
export type QuarantineDetail = z.infer<typeof quarantineDetail>

const outcome = z
  .enum(['stored', 'duplicate', 'renewed', 'stays'])
  .describe(
    'stored: it went the way it could not go before; duplicate: it was there already; renewed: the store itself refused it, and it is in quarantine under another id; stays: it failed again.',
  )

export const replayAnswer = z
  .object({
    id: z.string(),
    outcome,
    reason: z.string().describe('Of what failed again: a short word; may differ from the first one.'),
    detail: z.string(),
  })
  .openapi('Replayed')
export type ReplayAnswer = z.infer<typeof replayAnswer>

export const replayManyAnswer = z
  .object({
    matching: count.describe('Entries that match.'),
    outcomes: z.object({ stored: count, duplicate: count, renewed: count, stays: count }),
    skipped: count.describe('In other hands at this moment, or not replayable.'),
    left: count.describe('Not come to: beyond the limit or the time. Go on behind `last`.'),
    last: z.string().nullable().describe('The last entry that was come to: `newerThan` of the next request.'),
    stopped: z.string().describe('Why it ended before its time; empty if it did not.'),
    failed: z
      .array(z.object({ reason: z.string(), detail: z.string(), entries: count, first: z.string() }))
      .describe('Why entries stayed: the first reasons, with the first entry of each.'),
  })
  .openapi('ReplayedMany')
export type ReplayManyAnswer = z.infer<typeof replayManyAnswer>

export const removedAnswer = z
  .object({
    id: z.string(),
    lost: z.string().describe('What nobody has any more.'),
    gap: z.boolean().describe('A Gap in the data says so.'),
  })
  .openapi('RemovedFromQuarantine')
export type RemovedAnswer = z.infer<typeof removedAnswer>
