import * as z from 'zod'
import { describeIssue } from '../../common/describe-issue.ts'
import { factCharsMax, listMax, textCharsMax } from '../../protos/run-events.ts'
import { isName, nameRule } from '../../protos/topics.ts'
import { parseIso } from '../sources/mapping/time.ts'

// What stands in a file of marks: starts and stops of runs, markers, corrections. docs/runs.md is its manual.

export const fileBytesMax = 64 * 1024
export const marksPerFileMax = 100
const problemsMax = 50

/** ISO 8601 with a time and an offset, ns since 1970; undefined if it is none. Without an offset nobody knows when that was. */
export const parseTime = (text: string): bigint | undefined =>
  /\d[Tt\s]+\d.*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)\s*$/.test(text) ? parseIso(text) : undefined

// Hangul comes whole from one keyboard and in parts from another: both must name one run.
const name = z
  .string()
  .transform((text) => text.normalize('NFC'))
  .refine(isName, { error: `a name of ${nameRule}` })
const fact = z.string().min(1).max(factCharsMax)
const list = z.array(fact).max(listMax)
const time = z
  .string()
  .refine((text) => parseTime(text) !== undefined, {
    error: 'expected a time such as 2026-05-01T12:00:00.123+09:00 (by command also now, and back from now: -90s)',
  })
  .transform((text) => parseTime(text)!)
const ns = z
  .string()
  .refine((text) => /^\d{1,19}$/.test(text) && BigInt(text) < 2n ** 63n, {
    error: 'expected ns since 1970 UTC as decimal text',
  })
  .transform((text) => BigInt(text))

/** Of every mark. `clock`: of the command line, so that an agent of the same boot can tell when that was by its own clock. */
const entered = {
  author: fact.optional(),
  text: z.string().max(textCharsMax).optional(),
  time: time.optional(),
  timeNs: ns.optional(),
  clock: z.strictObject({ boot: z.string().max(64), monotonicNs: ns }).optional(),
}

const facts = {
  operator: fact,
  subject: fact,
  cabin: fact,
  firmware: fact,
  calibrations: list,
  tags: list,
  description: z.string().min(1).max(textCharsMax),
}
export const factNames = Object.keys(facts) as (keyof typeof facts)[]

const optional = <Shape extends Record<string, z.ZodType>>(shape: Shape) =>
  z.object(shape).partial().shape as { [Key in keyof Shape]: z.ZodOptional<Shape[Key]> }
const nullable = <Shape extends Record<string, z.ZodType>>(shape: Shape) =>
  Object.fromEntries(Object.entries(shape).map(([key, type]) => [key, type.nullable().optional()])) as {
    [Key in keyof Shape]: z.ZodOptional<z.ZodNullable<Shape[Key]>>
  }

const markSchema = z
  .discriminatedUnion(
    'do',
    [
      z.strictObject({ do: z.literal('start'), run: name.optional(), ...optional(facts), ...entered }),
      z.strictObject({ do: z.literal('stop'), run: name.optional(), ...entered }),
      z.strictObject({
        do: z.literal('mark'),
        label: fact.optional(),
        run: name.optional(),
        marker: name.optional(),
        from: time.optional(),
        to: time.nullable().optional(),
        withdrawn: z.boolean().optional(),
        ...entered,
      }),
      z.strictObject({
        do: z.literal('correct'),
        run: name,
        ...nullable(facts),
        from: time.optional(),
        to: time.optional(),
        withdrawn: z.boolean().optional(),
        ...entered,
      }),
    ],
    { error: 'expected start, stop, mark or correct' },
  )
  .superRefine((mark, context) => {
    const say = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
    if (mark.time !== undefined && mark.timeNs !== undefined) say('timeNs', 'the time is said already by "time"')
    if (mark.do !== 'mark' && mark.do !== 'correct') return
    const { from, to } = mark
    if (from !== undefined && typeof to === 'bigint' && to < from) say('to', 'ends before "from"')
    if (mark.do !== 'mark' || mark.marker !== undefined) return
    if (mark.label === undefined) say('label', 'needed, unless "marker" names an earlier one')
    if (mark.withdrawn) say('marker', 'needed: which one is withdrawn')
    if (mark.to && mark.from === undefined) say('from', 'needed where there is a "to"')
  })

export type Mark = z.output<typeof markSchema>
/** As it stands in a file. */
export type MarkText = z.input<typeof markSchema>

/** `whole` false: it may be half of a file that is still being written. */
export type DecodedMarks = { marks: Mark[] } | { problem: string; whole: boolean }

/** Reads the bytes of a file: one mark, or a list of them. Every mistake is named with its path. */
export function decodeMarks(bytes: Uint8Array): DecodedMarks {
  let value: unknown
  try {
    value = JSON.parse(decodeText(bytes))
  } catch (error) {
    const problem =
      bytes.length === 0
        ? 'the file is empty'
        : error instanceof SyntaxError
          ? `not valid JSON: ${error.message}`
          : 'not UTF-8: save it as UTF-8'
    return { problem, whole: false }
  }
  return checkMarks(value)
}

/** The same for what has been read already. */
export function checkMarks(value: unknown): { marks: Mark[] } | { problem: string; whole: true } {
  const schema = Array.isArray(value) ? z.array(markSchema).min(1).max(marksPerFileMax) : markSchema
  const result = schema.safeParse(value)
  if (result.success) return { marks: Array.isArray(result.data) ? result.data : [result.data] }
  const problems = result.error.issues.flatMap((issue) =>
    describeIssue(issue, value, () => 'unknown key; it may be misspelt, see docs/runs.md'),
  )
  const more = problems.length > problemsMax ? [`... and ${problems.length - problemsMax} more`] : []
  return { problem: [...problems.slice(0, problemsMax), ...more].join('\n'), whole: true }
}

/** UTF-8, or UTF-16 where a byte order mark says so (Windows programs). */
const decodeText = (bytes: Uint8Array): string =>
  new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8', { fatal: true }).decode(bytes)
