// What InfluxDB's answer to a write means for the lines in it.
// https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint and .../v2/api/write; 400 (1.x) and 422 (2.x)
// say that an unknown part was stored.

export type WriteAnswer =
  /** All lines are in InfluxDB. */
  | { outcome: 'stored' }
  /** Nothing wrong with the lines: again later. `missing`: the database isn't there. */
  | { outcome: 'wait'; reason: string; retryAfterMs?: number; missing?: boolean }
  /** Something is wrong with some line; an unknown part was stored. */
  | { outcome: 'refused'; reason: string }
  /** The write as a whole was too large. */
  | { outcome: 'too_large'; reason: string }

export interface InfluxTransport {
  /** For people: "InfluxDB at http://127.0.0.1:8086, database rigline". */
  readonly target: string
  /** Sends lines. Never rejects, unless `signal` aborts. */
  write(lines: Buffer, signal: AbortSignal): Promise<WriteAnswer>
  /** Creates what is missing, where this can be done. Never rejects. */
  prepare(): Promise<WriteAnswer>
  /** The fields that InfluxDB has; empty where it won't say. */
  fields(): Promise<{ measurement: string; field: string; influxKind: string }[]>
  close(): void
}

/** `body` is the server's answer, `hints` what to look at if it doesn't let us in. */
export function readAnswer(
  status: number,
  headers: Record<string, string | string[] | undefined>,
  body: string,
  hints: { credentials: string; place: string },
): WriteAnswer {
  const said = messageIn(body) || header(headers['x-influxdb-error']) || `HTTP ${status}`
  // InfluxDB 3 answers 201 if it stored only a part.
  if (status === 201 && body.trim() !== '') return { outcome: 'refused', reason: said }
  if (status >= 200 && status < 300) return { outcome: 'stored' }
  if (status === 413) return { outcome: 'too_large', reason: said }
  if (status === 400 || status === 422) return { outcome: 'refused', reason: said }
  if (status === 401 || status === 403) {
    return { outcome: 'wait', reason: `it refuses us (${status}: ${said}); check ${hints.credentials}` }
  }
  if (status === 404) {
    return { outcome: 'wait', reason: `${said} (404); check ${hints.place}`, missing: true }
  }
  const retryAfterMs = retryAfter(header(headers['retry-after']))
  return {
    outcome: 'wait',
    reason: `it answers ${status}: ${said}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

const header = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? (value[0] ?? '') : (value ?? '')

/** Seconds, or a date (RFC 9110, 10.2.3); at most a minute, and not at once: a server that says 0 would be asked without end. */
function retryAfter(value: string): number | undefined {
  if (value === '') return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0.1), 60) * 1000 : undefined
}

function messageIn(body: string): string {
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown }
    const text = typeof message === 'string' && message !== '' ? message : error
    if (typeof text === 'string') return shorten(text)
  } catch {
    // Not JSON: a proxy's page, or plain text.
  }
  return body.trim().slice(0, 300)
}

/** Without the line that it repeats: the line stands beside it in quarantine, and alike reasons shall look alike. */
function shorten(text: string): string {
  const reason = text.replace(/^unable to parse '.*': /s, 'unable to parse: ')
  return reason.length <= 500 ? reason : `${reason.slice(0, 250)} ... ${reason.slice(-250)}`
}

const networkErrors: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to its network',
  ETIMEDOUT: 'no answer in time',
}

/** A request that got no answer. */
export function networkAnswer(error: unknown): WriteAnswer {
  const { code, message } = error as NodeJS.ErrnoException
  return { outcome: 'wait', reason: networkErrors[code ?? ''] ?? message ?? String(error) }
}

export const timeoutAnswer = (timeoutMs: number): WriteAnswer => ({
  outcome: 'wait',
  reason: `no answer within ${timeoutMs} ms`,
})

/** A conflict of kinds: which field, and what InfluxDB has in it. The same words in 1.x and 2.x. */
export function conflictIn(reason: string): { measurement: string; field: string; influxKind: string } | undefined {
  const found = /input field "(.*?)" on measurement "(.*?)" is type \w+, already exists as type (\w+)/s.exec(reason)
  return found ? { field: found[1]!, measurement: found[2]!, influxKind: found[3]! } : undefined
}

/** How many lines were older than InfluxDB keeps: it dropped these and stored all others. 1.x and 2.x word it differently. */
export function beyondRetentionIn(reason: string): number | undefined {
  const found = /points beyond retention policy dropped=(\d+)|dropped (\d+) points outside retention policy/.exec(
    reason,
  )
  return found ? Number(found[1] ?? found[2]) : undefined
}
