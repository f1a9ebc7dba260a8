import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { factCharsMax, listMax, signFor, textCharsMax } from '../../protos/run-events.ts'
import { isName, nameRule } from '../../protos/topics.ts'
import type { After } from '../catalog/runs-tables.ts'
import { RefusedError, type Signed } from '../runs/enter.ts'
import { problemAnswer } from './answers.ts'
import type { ApiEnv } from './api.ts'
import { ProblemError } from './problem.ts'
import { parseTime, timeText } from './times.ts'

// What requests that enter something have in common.

const personCharsMax = 100

export const rigName = z.string().refine(isName, { error: `expected ${nameRule}` })
/** Hangul comes whole from one keyboard and in parts from another: both name one run. */
export const newName = z
  .string()
  .max(256)
  .overwrite((text) => text.normalize('NFC'))
  .refine(isName, { error: `expected ${nameRule}` })
export const pathName = z
  .string()
  .min(1)
  .max(256)
  .overwrite((text) => text.normalize('NFC'))
export const rigPath = z.string().min(1).max(256)

export const factText = z.string().min(1).max(factCharsMax)
export const factList = z.array(factText).max(listMax)
export const longText = z.string().min(1).max(textCharsMax)
export const expectVersion = z
  .number()
  .int()
  .min(1)
  .optional()
  .describe('The version you have seen: 409 if there is a newer one by now.')

/** Of every request that enters something. */
export const signature = {
  why: z.string().max(textCharsMax).optional().describe('Why, in words.'),
  onBehalfOf: z.string().min(1).max(personCharsMax).optional().describe('The person for whom it is entered.'),
}

export function signed(c: Context<ApiEnv>, { why = '', onBehalfOf }: { why?: string; onBehalfOf?: string }): Signed {
  const { name } = c.get('who')
  return { author: signFor(name, onBehalfOf), text: why }
}

export const readTime = (text: string | undefined, nowNs: bigint): bigint | undefined =>
  text === undefined ? undefined : parseTime(text, nowNs)

/** The problems of entering, besides those of every route. */
export const conflict = {
  409: {
    description: 'It does not fit what there is by now: what, and what to do.',
    content: { 'application/problem+json': { schema: problemAnswer } },
  },
}

export async function orProblem<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof RefusedError) throw new ProblemError(error.status, error.message, { cause: error })
    throw error
  }
}

export const pageQuery = (limitMax: number, limitDefault: number) => ({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(limitMax)
    .default(limitDefault)
    .openapi({ type: 'integer', minimum: 1, maximum: limitMax, default: limitDefault }),
  after: z.string().max(512).optional().describe('`next` of the page before.'),
})

export const spanQuery = {
  from: timeText.optional().openapi({ description: 'Included.' }),
  to: timeText.optional().openapi({ description: 'Not included.' }),
}

/** Throws if the span is reversed. */
export function readSpan(
  { from, to }: { from?: string; to?: string },
  nowNs: bigint,
): { fromNs: bigint | undefined; toNs: bigint | undefined } {
  const [fromNs, toNs] = [readTime(from, nowNs), readTime(to, nowNs)]
  if (fromNs !== undefined && toNs !== undefined && toNs < fromNs) {
    throw new ProblemError(400, `from is after to: from ${from} (${fromNs} ns), to ${to} (${toNs} ns); exchange them`)
  }
  return { fromNs, toNs }
}

export const writeAfter = (after: After | undefined): string | null =>
  after === undefined ? null : Buffer.from(`${after.ns} ${after.name}`).toString('base64url')

export function readAfter(text: string | undefined): After | undefined {
  if (text === undefined) return undefined
  const found = /^(-?\d{1,19}) (.*)$/s.exec(Buffer.from(text, 'base64url').toString())
  const ns = found ? BigInt(found[1]!) : undefined
  if (!found || ns === undefined || BigInt.asIntN(64, ns) !== ns) {
    throw new ProblemError(
      400,
      `after: ${JSON.stringify(text.slice(0, 80))} is no page's "next"; leave it out to begin anew`,
    )
  }
  return { ns, name: found[2]! }
}
