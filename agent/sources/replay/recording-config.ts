import * as z from 'zod'
import { isName, nameRule } from '../../../protos/topics.ts'
import { checkUnit } from '../../../protos/ucum.ts'
import { zonePattern } from '../mapping/mapping.ts'
import { parseIso } from '../mapping/time.ts'

// The configuration that recordings (wfdb, edf) have in common.

const name = z.string().refine(isName, { error: `a name of ${nameRule}` })

const channelConfig = z
  .strictObject({
    signal: z
      .union([z.string().min(1), z.number().int().min(0)])
      .describe('The signal: its name in the file, or its index (from 0).'),
    name: z.string().trim().min(1).max(128).optional().describe('Name of the channel; by default that of the signal.'),
    unit: z
      .string()
      .superRefine((unit, context) => {
        const problem = checkUnit(unit)
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
      })
      .optional()
      .describe("Unit in UCUM; by default the signal's."),
    code: z.string().optional().describe('Vocabulary and code: LOINC:8867-4, MDC:131329.'),
    description: z.string().optional().describe("What is measured, in words; by default the file's."),
  })
  .describe('A signal that becomes a channel.')

export const recordingKeys = {
  name: name.optional().describe('Name of the source; by default its type.'),
  speed: z.number().min(0).max(1e6).default(1).describe('1: as recorded. N: N times as fast. 0: as fast as it goes.'),
  start: z
    .string()
    .refine((text) => text === 'recorded' || text === 'now' || parseIso(text) !== undefined, {
      error: 'expected recorded, now, or a time such as 2024-05-01T12:00:00Z',
    })
    .default('recorded')
    .describe(
      'recorded: the date and time in the file. A time (iso): when the first sample was taken. now: the first row that is read after a start of the agent is now.',
    ),
  zone: z
    .string()
    .regex(zonePattern, { error: 'expected Z or an offset such as +09:00' })
    .default('Z')
    .describe("Offset from UTC of the file's date and time, and of a start that does not say its own."),
  repeat: z
    .boolean()
    .default(false)
    .describe('Begin again when it has ended, with times that go on; for demonstrations.'),
  stream: name
    .optional()
    .describe(
      'Name of the stream; by default that of the source. Signals of several rates become a stream each, such as ecg_250hz.',
    ),
  streams: z
    .array(
      z.strictObject({
        rateHz: z.number().positive().describe('The rate of the signals.'),
        name: name.describe('Name of their stream.'),
      }),
    )
    .max(64)
    .default([])
    .describe('Names for the streams of some rates.'),
  channels: z
    .array(channelConfig)
    .min(1)
    .max(4096)
    .optional()
    .describe('The signals that are read; by default all of them.'),
  values: z
    .enum(['raw', 'physical'])
    .default('raw')
    .describe(
      'raw: integers as they were digitized, with gain and offset in the schema. physical: doubles, converted here, in the order of arithmetic that the format defines.',
    ),
}

export const recordingConfig = z.strictObject(recordingKeys)
export type RecordingConfig = z.infer<typeof recordingConfig>

/** What zod cannot say of a key alone. */
export function checkRecording(
  { speed, repeat }: Pick<RecordingConfig, 'speed' | 'repeat'>,
  context: z.core.$RefinementCtx,
): void {
  if (repeat && speed === 0) {
    context.addIssue({ code: 'custom', path: ['repeat'], message: 'would never end at speed: 0; set a speed' })
  }
}
