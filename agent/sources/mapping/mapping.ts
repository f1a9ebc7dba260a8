import * as z from 'zod'
import { isName, nameRule } from '../../../protos/topics.ts'
import { checkUnit } from '../../../protos/ucum.ts'

// How a record (the fields of a CSV line, a JSON value) becomes rows: the configuration that `replay` and `lines` share.

const column = z.union([z.string().min(1), z.number().int().min(0)])

const channelConfig = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(128)
      .describe('Name of the channel; unique in its stream, whatever the case of its letters.'),
    from: column
      .optional()
      .describe(
        'Where the value stands: the name of a column, its index (from 0), or a JSON path such as a.b[0]. By default the name of the channel.',
      ),
    kind: z
      .enum(['f64', 'f32', 'int', 'bool', 'text'])
      .default('f64')
      .describe('Kind of the values: f64, f32, int (64 bits), bool or text.'),
    unit: z
      .string()
      .regex(/^[\x21-\x7e]*$/, {
        error: 'expected a unit in UCUM, such as Cel for °C, m/s2, mm[Hg] or % (ASCII, no blanks)',
      })
      .superRefine((unit, context) => {
        const problem = checkUnit(unit)
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
      })
      .optional()
      .describe('Unit in UCUM: m/s, Cel, mV, W.h, mm[Hg]; anything else in braces, as {score}.'),
    code: z.string().optional().describe('Vocabulary and code: VSS:Vehicle.Speed, LOINC:8867-4, SunSpec:103.W.'),
    min: z.number().optional().describe('Smallest value that the channel can take, in its unit.'),
    max: z.number().optional().describe('Largest value that the channel can take, in its unit.'),
    gain: z.number().optional().describe('int only: the physical value is raw * gain + offset.'),
    offset: z.number().optional().describe('int only: the physical value is raw * gain + offset.'),
    missing: z
      .array(z.union([z.number(), z.string()]))
      .default([])
      .describe(
        'Values that stand for "not measured", such as -9999.9 or ERR. Empty cells, NA, N/A, null and None always do.',
      ),
    scale: z
      .strictObject({
        factor: z.number().describe('The value that is stored is read * factor + offset.'),
        offset: z.number().default(0).describe('Added after the factor.'),
      })
      .optional()
      .describe("f64 and f32 only: turns the device's unit into the channel's, before anything is stored."),
    description: z.string().optional().describe('What is measured, in words.'),
  })
  .superRefine(({ kind, gain, offset, scale, min, max }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (kind !== 'int' && gain !== undefined) issue('gain', 'only a channel of kind int has a gain; use scale')
    if (kind !== 'int' && offset !== undefined) issue('offset', 'only a channel of kind int has an offset; use scale')
    if (kind !== 'f64' && kind !== 'f32' && scale) issue('scale', 'only a channel of kind f64 or f32 has a scale')
    if (min !== undefined && max !== undefined && min > max) issue('min', `is above max (${max})`)
  })

const streamConfig = z
  .strictObject({
    name: z
      .string()
      .refine(isName, { error: `a name of ${nameRule}` })
      .describe('Name of the stream.'),
    rateHz: z.number().positive().max(1e9).optional().describe('Nominal rows a second; absent if irregular.'),
    periodS: z.number().positive().optional().describe('In place of rateHz: nominal seconds from row to row.'),
    when: z
      .strictObject({
        from: column.describe('Column or JSON path that tells which records belong to this stream.'),
        equals: z.union([z.string(), z.number(), z.boolean()]).describe('The value it has in them.'),
      })
      .optional()
      .describe('Takes only some of the records, where a device sends several sorts.'),
    channels: z.array(channelConfig).min(1).max(4096).describe('The channels of the stream.'),
  })
  .superRefine(({ rateHz, periodS, channels }, context) => {
    if (rateHz !== undefined && periodS !== undefined) {
      context.addIssue({ code: 'custom', path: ['periodS'], message: 'give rateHz or periodS, not both' })
    }
    reportRepeats(channels, ['channels'], context)
  })

export const timeFormats = ['iso', 'unix_s', 'unix_ms', 'unix_us', 'unix_ns', 'seconds', 'hms', 'rate'] as const
export const zonePattern = /^(Z|[+-]\d{2}(:?\d{2})?)$/

const timeConfig = z
  .strictObject({
    column: column.optional().describe('Column or JSON path of the time.'),
    columns: z
      .string()
      .optional()
      .describe(
        'A time in several columns, put together: "{0}-{2}-{3}T{4}:{5}" or "{Date} {Time}". Numbers in braces are indexes, if there is no column of that name.',
      ),
    format: z
      .union([z.enum(timeFormats), z.string().regex(/Y{4}|YY/)], {
        error: `expected ${timeFormats.join(', ')}, or a pattern such as MM/DD/YYYY HH:mm:ss`,
      })
      .default('iso')
      .describe(
        'iso (2024-05-01T12:00:00.123456789+09:00; zeros in front may be missing), unix_s, unix_ms, unix_us, unix_ns, seconds (since `start`), hms (hours:minutes:seconds since `start`; without one, of the day that is nearest), rate (no column: counted from `start` by the rate of the stream; `replay` only), or a pattern of YYYY, YY, MM, DD, DDD (day of the year), HH, mm, ss (with or without a fraction) and A (AM, PM, 오전, 오후).',
      ),
    zone: z
      .string()
      .regex(zonePattern, { error: 'expected Z or an offset such as +09:00' })
      .default('Z')
      .describe('Offset from UTC of times that do not say their own: Z, +09:00, -07:00.'),
    start: z.string().optional().describe('For seconds, hms and rate: the time (iso) of 0 or of the first row.'),
  })
  .superRefine(({ column, columns, format }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (column !== undefined && columns !== undefined) issue('columns', 'give column or columns, not both')
    const has = column !== undefined || columns !== undefined
    if (format === 'rate' && has) issue('format', 'rate takes the time from no column')
    if (format !== 'rate' && !has) issue('column', 'name the column (or columns) of the time')
    if (columns !== undefined && !/\{[^{}]+\}/.test(columns))
      issue('columns', 'expected column names in braces, such as {0}T{1}')
  })

export const mapping = z
  .strictObject({
    time: timeConfig
      .optional()
      .describe('The time of a record. Absent: the agent stamps rows as they come (replay: by rate, from now on).'),
    simulation: z
      .strictObject({ column: column.describe('Column or JSON path of the simulation time, in seconds.') })
      .optional()
      .describe('Simulation time of a record, where the device has one beside its clock.'),
    streams: z.array(streamConfig).min(1).describe('The streams that a record yields a row of.'),
  })
  .superRefine(({ streams }, context) => reportRepeats(streams, ['streams'], context))

export type Mapping = z.infer<typeof mapping>
export type ChannelMapping = Mapping['streams'][number]['channels'][number]
export type TimeMapping = NonNullable<Mapping['time']>

/** Says which names occur twice: stores such as DuckDB do not tell "Speed" from "speed". */
function reportRepeats(named: { name: string }[], path: string[], context: z.core.$RefinementCtx): void {
  const seen = new Map<string, string>()
  named.forEach(({ name }, i) => {
    const before = seen.get(name.toLowerCase())
    if (before !== undefined) {
      const message =
        before === name ? 'the name is there twice' : `differs from "${before}" only in the case of letters`
      context.addIssue({ code: 'custom', path: [...path, i, 'name'], message })
    }
    seen.set(name.toLowerCase(), name)
  })
}
