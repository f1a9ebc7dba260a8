import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

// What InfluxDB 2.x and 3.x answer to /api/v2/write, replayed. These are recordings, not a server: the words are those of the
// servers' documentation and sources (influxdata/influxdb: kit/transport/http/error_handler.go, http/points/*.go,
// tsdb/store.go; docs.influxdata.com/influxdb/v2/api and .../influxdb3/core/write-data). They show what the sink does
// with such answers; that a real 2.x gives them is not shown here.

export interface Recording {
  status: number
  headers?: Record<string, string>
  body?: string
}

const json = (status: number, body: object, headers: Record<string, string> = {}): Recording => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', 'x-platform-error-code': 'recorded', ...headers },
  body: JSON.stringify(body),
})

export const recordings = {
  stored: { status: 204, headers: { 'x-influxdb-version': 'v2.7.11', 'x-influxdb-build': 'OSS' } },
  unauthorized: json(401, { code: 'unauthorized', message: 'unauthorized access' }),
  forbidden: json(403, { code: 'forbidden', message: 'insufficient permissions for write' }),
  bucketNotFound: json(404, { code: 'not found', message: 'bucket "rigline" not found' }),
  /** 2.x stores nothing of a write with a line that it can't parse. */
  malformed: (line: string) =>
    json(400, { code: 'invalid', message: `unable to parse '${line}': invalid field format` }),
  conflict: (field: string, measurement: string, ours: string, theirs: string) =>
    json(422, {
      code: 'unprocessable entity',
      message: `failure writing points to database: partial write: field type conflict: input field "${field}" on measurement "${measurement}" is type ${ours}, already exists as type ${theirs} dropped=1`,
    }),
  beyondRetention: (count: number) =>
    json(422, {
      code: 'unprocessable entity',
      message: `failure writing points to database: partial write: dropped ${count} points outside retention policy of duration 24h0m0s - oldest point home,room=Living\\ Room at 1970-01-01T00:00:01.541Z dropped because it violates a Retention Policy Lower Bound at 2025-05-20T19:06:17.612973Z, newest point home,room=Living\\ Room at 1970-01-01T00:00:01.5410006Z dropped because it violates a Retention Policy Lower Bound at 2025-05-20T19:06:17.612973Z dropped=${count} for database: 9f282d63c7d3a5c0 for retention policy: autogen`,
    }),
  tooLarge: json(413, { code: 'request too large', message: 'unable to read data: points batch is too large' }),
  tooMany: json(429, { code: 'too many requests', message: 'exceeded limits' }, { 'retry-after': '1' }),
  unavailable: json(503, {
    code: 'unavailable',
    message: 'unexpected error writing points to database: engine is closed',
  }),
  /** A proxy before it. */
  badGateway: { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><h1>502 Bad Gateway</h1></html>' },
  /** Some 3.x store a part and answer with a success. */
  partial: (line: string) =>
    json(201, {
      error: 'partial write of line protocol occurred',
      data: [{ original_line: line, line_number: 1, error_message: "invalid column type for column 'speed'" }],
    }),
} satisfies Record<string, Recording | ((...values: never[]) => Recording)>

export interface ReceivedWrite {
  path: string
  authorization: string
  lines: string[]
}

/** Answers each write with what `answer` gives for its lines (their line feeds cut off). */
export async function replay(answer: (lines: string[], write: number) => Recording | Promise<Recording>) {
  const writes: ReceivedWrite[] = []
  const server = createServer(async (request, response) => {
    const lines = (await readBody(request)).split('\n').filter((line) => line !== '')
    writes.push({ path: request.url ?? '', authorization: request.headers.authorization ?? '', lines })
    const { status, headers = {}, body }: Recording = await answer(lines, writes.length)
    response.writeHead(status, headers).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    writes,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  const bytes = Buffer.concat(parts)
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8')
}
