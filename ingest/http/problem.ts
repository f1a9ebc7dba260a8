import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ProblemAnswer } from './answers.ts'

const titles: Partial<Record<ContentfulStatusCode, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  426: 'Upgrade Required',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** An error as RFC 9457 tells it: what is wrong and what to do, never how the program is built. */
export function problem(c: Context, status: ContentfulStatusCode, detail: string): Response {
  const body: ProblemAnswer = { type: 'about:blank', title: titles[status] ?? 'Error', status, detail }
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' })
}
