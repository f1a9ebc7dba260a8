import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server'
import { type WebSocket, WebSocketServer } from 'ws'
import { type AppOptions, createApp } from './app.ts'
import type { HttpConfig } from './config.ts'
import { liveProtocol } from './guard.ts'
import { messageBytesMax } from './live-messages.ts'

// The HTTP server of ingest: listens, upgrades WebSockets, and ends with what is open.

export interface Http {
  port: number
  /** Ends open WebSockets and connections. Safe twice. */
  close(): Promise<void>
}

/**
 * Throws if nobody could ask (no access file and not anonymous), if all could (anonymous beyond loopback is refused by the
 * configuration), or if the address can't be listened on.
 */
export async function startHttp(
  config: HttpConfig,
  deps: Omit<AppOptions, 'anonymous' | 'watchersMax'>,
): Promise<Http> {
  const { anonymous, watchersMax, host, port, tls } = config
  if (!anonymous && !deps.verifyToken) {
    throw new Error(
      'http: nobody could ask. Name the file with the tokens (access: access.yaml; "rigline token" makes one), or set http.anonymous to true on a loopback address',
    )
  }
  const app = createApp({ ...deps, anonymous, watchersMax })
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    // Never the one that carries a token: it would be in the answer.
    handleProtocols: (offered) => (offered.has(liveProtocol) ? liveProtocol : false),
  })
  const server = createAdaptorServer({
    fetch: app.fetch,
    // Typed for less strict programs: "noServer" is set above.
    websocket: { server: sockets as WebSocketServerLike },
    // The globals Request and Response belong to the whole process.
    overrideGlobalObjects: false,
    ...(tls
      ? { createServer: createHttpsServer, serverOptions: { cert: readFileSync(tls.cert), key: readFileSync(tls.key) } }
      : {}),
  }) as Server
  server.maxConnections = config.connectionsMax
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000

  server.listen(port, host)
  await once(server, 'listening').catch((cause) => {
    throw new Error(
      `http: cannot listen on ${host}:${port} (${(cause as Error).message}); set http.port to a free one`,
      {
        cause,
      },
    )
  })
  server.on('error', (error) => deps.log?.error({ err: error }, 'http server'))

  let closing: Promise<void> | undefined
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      closing ??= close(server, sockets.clients)
      return closing
    },
  }
}

async function close(server: Server, clients: Set<WebSocket>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  // 1001: going away, come again.
  for (const client of clients) client.close(1001, 'ingest stops')
  server.closeIdleConnections()
  const deadline = setTimeout(() => {
    for (const client of clients) client.terminate()
    server.closeAllConnections()
  }, 1000)
  await closed
  clearTimeout(deadline)
}
