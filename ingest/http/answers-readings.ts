import { z } from '@hono/zod-openapi'
import { gapAnswer, int64, kind } from './answers.ts'

// What the API answers about readings: streams, Gaps and holes, thinned series. Full rate is bytes of a format.

const count = z.number().int().min(0)

export const channelFacts = z
  .object({
    name: z.string(),
    column: z.string().describe('Its column in answers at full rate: its name, unless that is taken.'),
    kind,
    unit: z.string().describe('UCUM; empty for none.'),
    code: z.string().describe('Vocabulary and code, as "VSS:Vehicle.Speed".'),
    description: z.string(),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .openapi('ChannelFacts')

export const streamFacts = z
  .object({
    rig: z.string(),
    stream: z.string(),
    channels: z.array(channelFacts),
    fromNs: int64.nullable().describe('Oldest row stored; null if there is none.'),
    toNs: int64.nullable().describe('Newest row stored.'),
    rowsAbout: count.describe('Of all rigs that share its files: an upper bound.'),
  })
  .openapi('StreamFacts')

export const streamsAnswer = z.object({ streams: z.array(streamFacts) }).openapi('Streams')

export const declaredGap = gapAnswer
  .extend({ rig: z.string(), rows: count.describe('Rows gone, where known; else 0.') })
  .openapi('DeclaredGap')

export const hole = z
  .object({
    rig: z.string(),
    fromNs: int64.nullable().describe('The newest row before the missing numbers, as far as known.'),
    toNs: int64.nullable().describe('The oldest row after them.'),
    spool: z.string(),
    from: count,
    to: count,
  })
  .openapi('Hole', { description: 'Numbers that are missing and that nobody has declared: on their way, or lost.' })

export const gapsAnswer = z
  .object({
    gaps: z.array(declaredGap),
    holes: z.array(hole),
    cut: z.boolean().describe('There are more than are listed.'),
  })
  .openapi('Gaps')
export type GapsJson = z.infer<typeof gapsAnswer>

export const thinnedAnswer = gapsAnswer
  .extend({
    stream: z.string(),
    fromNs: int64,
    toNs: int64,
    thinned: z.object({
      method: z
        .literal('m4')
        .describe('Of each pixel of time the first, lowest, highest and last row, exactly as measured.'),
      pixels: count,
      rows: count.describe('Rows that were looked at.'),
    }),
    series: z.array(
      z.object({
        rig: z.string(),
        channel: channelFacts,
        timesNs: z.array(int64),
        values: z.array(z.number()),
        present: count,
        missing: count,
        notFinite: count.describe('NaN and infinities: counted, and left out of the series.'),
      }),
    ),
  })
  .openapi('Thinned')
