import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ProblemAnswer } from './answers.ts'

const titles: Partial<Record<ContentfulStatusCode, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  411: 'Length Required',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** An error as RFC 9457 tells it: what is wrong and what to do, never how the program is built. */
export function problem(c: Context, status: ContentfulStatusCode, detail: string): Response {
  const body: ProblemAnswer = { type: 'about:blank', title: titles[status] ?? 'Error', status, detail }
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' })
}

/** Thrown by a handler: becomes the answer. */
export class ProblemError extends Error {
  readonly status: ContentfulStatusCode
  constructor(status: ContentfulStatusCode, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.status = status
  }
}
