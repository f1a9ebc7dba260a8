import type { IncomingMessage } from 'node:http'
import { bucketOf, type InfluxConfig, influxVersion } from './config.ts'
import { createHttpClient, type HttpClient, readText } from './http.ts'
import { basicAuth } from './influx-1.ts'
import { measurementOf } from './measurements.ts'

// Reading stored rows exactly, for verification: InfluxQL over /query, which 1.x and 2.x have (2.x maps a database to the
// bucket of that name: docs.influxdata.com/influxdb/v2/query-data/influxql/dbrp/). The answer is JSON in which times are
// whole ns: they are taken out as text before JSON.parse would make doubles of them.

export type InfluxValue = number | boolean | string | null

export interface InfluxRows {
  era: number
  /** ns since 1970 UTC. */
  times: BigInt64Array
  /** Names of fields as InfluxDB has them, those of all rigs in the measurement. */
  fields: string[]
  /** One array a field, in the order of `fields`; null: no value. */
  columns: InfluxValue[][]
}

export interface InfluxSpan {
  rig: string
  stream: string
  /** ns since 1970 UTC, both inclusive. */
  fromNs: bigint
  toNs: bigint
}

export class InfluxReadError extends Error {
  constructor(config: Pick<InfluxConfig, 'url'>, what: string, cause?: unknown) {
    super(`InfluxDB at ${config.url} cannot be read: ${what}`, cause === undefined ? {} : { cause })
    this.name = 'InfluxReadError'
  }
}

/** Why nothing can be read back from this server; undefined if it is an InfluxDB. */
export async function whyNotReadable(config: InfluxConfig): Promise<string | undefined> {
  const http = createHttpClient(config.url)
  try {
    const response = await http.send('/ping', { method: 'GET', timeoutMs: config.timeoutMs })
    await readText(response)
    return response.headers['x-influxdb-version'] === undefined
      ? `the server at ${config.url} takes InfluxDB's writes but is no InfluxDB: what it stores can't be read back exactly`
      : undefined
  } catch (error) {
    return new InfluxReadError(config, String(error)).message
  } finally {
    http.close()
  }
}

/** The rows of one rig and stream, some thousands at a time, by era, each era by rising time. Throws InfluxReadError. */
export async function* readInfluxRows(
  config: InfluxConfig,
  { rig, stream, fromNs, toNs }: InfluxSpan,
  rowsPerChunk = 5000,
): AsyncGenerator<InfluxRows> {
  const query = `SELECT *::field FROM ${quoteName(measurementOf(stream))} WHERE "rig" = ${quoteString(rig)} AND time >= ${fromNs} AND time <= ${toNs} GROUP BY "era"`
  for await (const { tags, columns, values } of readSeries(config, query, rowsPerChunk)) {
    const times = new BigInt64Array(values.length)
    const fields = columns.slice(1)
    const found: InfluxValue[][] = fields.map(() => new Array(values.length))
    for (const [row, cells] of values.entries()) {
      times[row] = BigInt(cells[0] as string)
      for (let i = 0; i < found.length; i++) found[i]![row] = cells[i + 1] as InfluxValue
    }
    yield { era: Number(tags?.era || 0), times, fields, columns: found }
  }
}

/** The measurements of the database: those of the streams that were ever written, and our tables. Throws InfluxReadError. */
export async function listMeasurements(config: InfluxConfig): Promise<string[]> {
  const names: string[] = []
  for await (const { values } of readSeries(config, 'SHOW MEASUREMENTS'))
    names.push(...values.map(([name]) => String(name)))
  return names
}

interface Series {
  name: string
  tags?: Record<string, string>
  columns: string[]
  /** The first of a row, where it is a time, as decimal text. */
  values: unknown[][]
}

async function* readSeries(config: InfluxConfig, query: string, rowsPerChunk = 5000): AsyncGenerator<Series> {
  const http = createHttpClient(config.url)
  try {
    const response = await ask(http, config, query, rowsPerChunk)
    for await (const line of readLines(response)) {
      const { error, results = [] } = JSON.parse(timesAsText(line)) as {
        error?: string
        results?: { error?: string; series?: Series[] }[]
      }
      const failure = error ?? results.find((result) => result.error !== undefined)?.error
      if (failure !== undefined) throw new InfluxReadError(config, failure)
      for (const { series = [] } of results) yield* series
    }
  } catch (cause) {
    throw cause instanceof InfluxReadError ? cause : new InfluxReadError(config, String(cause), cause)
  } finally {
    http.close()
  }
}

async function ask(http: HttpClient, config: InfluxConfig, query: string, rowsPerChunk: number) {
  const is2 = influxVersion(config) === 2
  const parameters = new URLSearchParams({
    db: is2 ? bucketOf(config) : config.database,
    epoch: 'ns',
    chunked: 'true',
    chunk_size: String(rowsPerChunk),
    q: query,
  })
  const response = await http.send('/query', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(is2 ? { authorization: `Token ${config.token ?? ''}` } : basicAuth(config)),
    },
    body: Buffer.from(parameters.toString()),
    timeoutMs: config.timeoutMs,
  })
  if (response.statusCode === 200) return response
  throw new InfluxReadError(config, `${response.statusCode} ${await readText(response)}`)
}

async function* readLines(response: IncomingMessage): AsyncGenerator<string> {
  let parts: Buffer[] = []
  for await (const part of response as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = part.indexOf(10); end >= 0; end = part.indexOf(10, from)) {
      parts.push(part.subarray(from, end))
      const line = Buffer.concat(parts).toString('utf8')
      parts = []
      from = end + 1
      if (line.trim() !== '') yield line
    }
    if (from < part.length) parts.push(part.subarray(from))
  }
  const rest = Buffer.concat(parts).toString('utf8')
  if (rest.trim() !== '') yield rest
}

/** Puts the whole number that begins a row in quotes; what looks like one inside a text is passed over with its text. */
const timesAsText = (json: string): string =>
  json.replace(/"(?:[^"\\]|\\.)*"|\[(-?\d+)(?=[,\]])/g, (found, time: string | undefined) =>
    time === undefined ? found : `["${time}"`,
  )

const quoteName = (name: string): string => `"${escapeQuery(name)}"`
const quoteString = (text: string): string => `'${escapeQuery(text)}'`
const escapeQuery = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/["']/g, '\\$&')
