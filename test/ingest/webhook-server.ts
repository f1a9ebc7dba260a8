import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Got {
  headers: IncomingMessage['headers']
  body: string
}

/** A receiver of alerts on a free port: `answer` does what a test needs. */
export async function startReceiver(
  answer: (got: Got, response: ServerResponse, count: number) => void,
  port = 0,
): Promise<{ url: string; port: number; got: Got[]; until(count: number): Promise<Got[]>; close(): Promise<void> }> {
  const got: Got[] = []
  let look = () => {}
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request.setEncoding('utf8')) body += part
    const one = { headers: request.headers, body }
    got.push(one)
    answer(one, response, got.length)
    look()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  onTestFinished(close)
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${taken}/hooks/very-secret-path`,
    port: taken,
    got,
    until: (count) =>
      new Promise((resolve) => {
        look = () => got.length >= count && resolve(got)
        look()
      }),
    close,
  }
}
