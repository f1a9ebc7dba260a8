import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { limitTime } from '../../../common/time-limit.ts'

// One HTTP request over connections that are kept: what InfluxDB 1.x is written to and read with. Package `influx`
// takes a host out of use for up to 10 s after a failure, and answers "No host available" meanwhile.

export interface HttpClient {
  /** Rejects if there is no answer: with the network's error, or HttpTimeoutError. */
  send(path: string, options: HttpSend): Promise<IncomingMessage>
  /** As `send`, with the whole answer within `timeoutMs`: one that trickles in or stops half way is none. Rejects with the signal's reason. */
  exchange(path: string, options: HttpSend): Promise<HttpAnswer>
  close(): void
}

export interface HttpSend {
  method: 'GET' | 'POST'
  body?: Uint8Array
  headers?: Record<string, string>
  /** From sending to the head of the answer, and between its parts. */
  timeoutMs: number
  signal?: AbortSignal
}

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export class HttpTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
    this.name = 'HttpTimeoutError'
  }
}

/** `url` may have a path, which goes before each request's. */
export function createHttpClient(url: string): HttpClient {
  const base = new URL(url)
  const secure = base.protocol === 'https:'
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  const prefix = base.pathname.replace(/\/$/, '')
  const send: HttpClient['send'] = (path, { method, body, headers = {}, timeoutMs, signal }) =>
    new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)({
        agent,
        protocol: base.protocol,
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port,
        path: prefix + path,
        method,
        headers: body ? { ...headers, 'content-length': body.length } : headers,
        timeout: timeoutMs,
        ...(signal ? { signal } : {}),
      })
      request.on('response', resolve)
      request.on('error', reject)
      request.on('timeout', () => request.destroy(new HttpTimeoutError(timeoutMs)))
      request.end(body)
    })

  return {
    send,
    async exchange(path, options) {
      const { signal, timeoutMs } = options
      const limit = limitTime(timeoutMs, signal, () => new HttpTimeoutError(timeoutMs))
      try {
        limit.signal.throwIfAborted()
        const response = await send(path, { ...options, signal: limit.signal })
        return { status: response.statusCode ?? 0, headers: response.headers, body: await readText(response) }
      } catch (error) {
        limit.signal.throwIfAborted()
        throw error
      } finally {
        limit.end()
      }
    },
    close: () => agent.destroy(),
  }
}

/** The answer's text, up to `bytesMax`; the rest is read and let go, so that the connection can be used again. */
export async function readText(response: IncomingMessage, bytesMax = 1024 * 1024): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    if (bytes < bytesMax) parts.push(part)
    bytes += part.length
  }
  return Buffer.concat(parts).toString('utf8').slice(0, bytesMax)
}
