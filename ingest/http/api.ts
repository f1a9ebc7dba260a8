import { createRoute, OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { type Role, roles } from '../../common/access-file.ts'
import { describeIssue } from '../../common/describe-issue.ts'
import { problemAnswer } from './answers.ts'
import { ProblemError, problem } from './problem.ts'

// How a route of the API is made: its schemas check what comes and are the OpenAPI document; its role says who may ask.

/** Who asks. Without tokens, on loopback: everybody is an engineer. */
export interface Who {
  name: string
  role: Role
}

export type ApiEnv = { Variables: { who: Who } }
export type Api = OpenAPIHono<ApiEnv>

/** Bytes of a request's body. */
export const bodyBytesMax = 256 * 1024

const unknownKey = () => 'not known here; /docs lists what is'
/** Mistakes that are told at once. */
const mistakesMax = 10

export const createApi = (): Api =>
  new OpenAPIHono<ApiEnv>({
    defaultHook(result, c) {
      if (result.success) return undefined
      const found = 'data' in result ? result.data : undefined
      const mistakes = result.error.issues.flatMap((issue) => describeIssue(issue, found, unknownKey))
      return problem(c, 400, mistakes.slice(0, mistakesMax).join('; '))
    },
  })

/** A role may do what the ones behind it may: engineer, researcher, viewer. */
export const mayDo = (who: Role, needed: Role): boolean => roles.indexOf(who) <= roles.indexOf(needed)

const needs =
  (role: Role): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const who = c.get('who')
    if (!mayDo(who.role, role)) {
      throw new ProblemError(
        403,
        `${who.name} is a ${who.role}, and this needs the role ${role}; "rigline token add NAME --role ${role}" makes a token for it`,
      )
    }
    return next()
  }

const problemContent = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemAnswer } },
})

const problems = {
  400: problemContent('A parameter or the body is wrong: which, and what is expected.'),
  401: problemContent('No token, or one that is not known.'),
  403: problemContent('The token is of a role that may not do this.'),
  404: problemContent('There is no such thing; the nearest name is told.'),
  500: problemContent('A mistake in ingest.'),
  503: problemContent('Not now: what it waits for, and when to try again.'),
}

/**
 * A route below /v1 for `role` and those above it. Handlers return what the schemas say and throw ProblemError for the
 * rest. Unknown parameters are mistakes: query schemas are strict.
 */
export const operation = <Config extends Omit<RouteConfig, 'security' | 'middleware'>>(role: Role, config: Config) =>
  createRoute({
    ...config,
    description: [config.description, `Role: ${role}.`].filter(Boolean).join(' '),
    security: [{ bearer: [] }],
    middleware: needs(role),
    responses: { ...problems, ...config.responses } as Config['responses'],
    'x-role': role,
  })

/** The one body of a good answer. */
export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  200: { description, content: { 'application/json': { schema } } },
})
