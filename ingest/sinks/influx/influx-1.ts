import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { escape as escapeQuery, InfluxDB, ResultError } from 'influx'
import { type InfluxTransport, networkAnswer, readAnswer, timeoutAnswer, type WriteAnswer } from './answer.ts'
import { type InfluxConfig, usesGzip } from './config.ts'
import { createHttpClient, HttpTimeoutError } from './http.ts'

// InfluxDB 1.x: databases, retention and queries through package `influx`, writes by HTTP of our own.

const compress = promisify(gzip)

export const basicAuth = ({
  username,
  password,
}: Pick<InfluxConfig, 'username' | 'password'>): Record<string, string> =>
  username === undefined
    ? {}
    : { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }

export function createInflux1(config: InfluxConfig): InfluxTransport {
  const http = createHttpClient(config.url)
  const path = `/write?${new URLSearchParams({ db: config.database, precision: 'ns' })}`
  const headers = { 'content-type': 'text/plain; charset=utf-8', ...basicAuth(config) }
  const zip = usesGzip(config)
  const hints = { credentials: 'influx.username and influx.password', place: 'influx.database and influx.url' }

  return {
    target: `InfluxDB at ${config.url}, database ${config.database}`,
    async write(lines, signal) {
      try {
        const {
          status,
          headers: said,
          body,
        } = await http.exchange(path, {
          method: 'POST',
          body: zip ? await compress(lines, { level: 1 }) : lines,
          headers: zip ? { ...headers, 'content-encoding': 'gzip' } : headers,
          timeoutMs: config.timeoutMs,
          signal,
        })
        return readAnswer(status, said, body, hints)
      } catch (error) {
        signal.throwIfAborted()
        return error instanceof HttpTimeoutError ? timeoutAnswer(config.timeoutMs) : networkAnswer(error)
      }
    },
    prepare: () => withinTime(config, prepareDatabase(config, hints)).catch(networkAnswer),
    fields: () => withinTime(config, readFields(config)),
    close: http.close,
  }
}

/** Rejects with HttpTimeoutError when it takes longer than a write may. */
async function withinTime<T>({ timeoutMs }: InfluxConfig, asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HttpTimeoutError(timeoutMs)), timeoutMs)
  })
  // What comes after the deadline is nobody's any more.
  asked.catch(() => {})
  try {
    return await Promise.race([asked, deadline])
  } finally {
    clearTimeout(timer)
  }
}

/** A client for one use: after a failure `influx` would keep the host out of use for a while. */
function createClient(config: InfluxConfig): InfluxDB {
  const url = new URL(config.url)
  return new InfluxDB({
    protocol: url.protocol === 'https:' ? 'https' : 'http',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    path: url.pathname === '/' ? '' : url.pathname,
    username: config.username ?? '',
    password: config.password ?? '',
    database: config.database,
    // A little more than withinTime: that one ends what trickles in, too.
    pool: { maxRetries: 0, requestTimeout: config.timeoutMs + 1000 },
  })
}

/** The database, if it is missing, and its retention. A user who may only write may not: then the write will tell. */
async function prepareDatabase(
  config: InfluxConfig,
  hints: { credentials: string; place: string },
): Promise<WriteAnswer> {
  const influx = createClient(config)
  try {
    await influx.createDatabase(config.database)
    if (config.retention !== undefined) {
      // Shards of 0s: as long as suits the duration; those of `autogen` are longer than a short one.
      await influx.query(
        `ALTER RETENTION POLICY "autogen" ON ${escapeQuery.quoted(config.database)} DURATION ${config.retention} SHARD DURATION 0s DEFAULT`,
      )
    }
    return { outcome: 'stored' }
  } catch (error) {
    return clientAnswer(error, hints)
  }
}

function clientAnswer(error: unknown, hints: { credentials: string; place: string }): WriteAnswer {
  if (error instanceof ResultError) return { outcome: 'refused', reason: error.message }
  const { res, message } = error as Error & {
    res?: { statusCode: number; headers: Record<string, string | string[] | undefined> }
  }
  if (res === undefined) return networkAnswer(error)
  // "A 403 Forbidden error occurred: {...}": the server's words come after the colon.
  return readAnswer(res.statusCode, res.headers, message.slice(message.indexOf(': ') + 2), hints)
}

async function readFields(config: InfluxConfig): Promise<{ measurement: string; field: string; influxKind: string }[]> {
  const answer = (await createClient(config).queryRaw('SHOW FIELD KEYS')) as {
    results: { series?: { name: string; values: [string, string][] }[] }[]
  }
  return (answer.results[0]?.series ?? []).flatMap(({ name, values }) =>
    values.map(([field, influxKind]) => ({ measurement: name, field, influxKind })),
  )
}
