import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { isLoopback } from '../common/loopback.ts'
import type { BrokerConfig } from './config.ts'

// The listeners: sockets in, byte streams of MQTT out.

export interface ListenerHooks {
  /** A new raw connection; false: there are too many, it is closed. */
  admit(socket: Socket): boolean
  /** A stream ready for MQTT. */
  stream(stream: Duplex, anonymous: boolean): void
  /** A TLS or WebSocket handshake that came to nothing. */
  failed(listener: string, error: Error): void
}

export type ListenerName = 'tcp' | 'tls' | 'ws' | 'wss'
export interface Listeners {
  /** The port of each listener, 0 where there is none. */
  ports: Record<ListenerName, number>
  /** Takes no new connections; resolves when those that are open have ended. */
  close(): Promise<void>
}

/** Opens all that the configuration names; throws with what to do if one can't be, after closing the others. */
export async function openListeners(config: BrokerConfig, hooks: ListenerHooks): Promise<Listeners> {
  const ports: Record<ListenerName, number> = { tcp: 0, tls: 0, ws: 0, wss: 0 }
  const servers: Server[] = []
  const close = async () => {
    await Promise.all(servers.map((server) => new Promise<void>((done) => server.close(() => done()))))
  }
  try {
    for (const name of ['tcp', 'tls', 'ws', 'wss'] as const) {
      const listener = config.listeners[name]
      if (!listener) continue
      const server = createServer(name, config, hooks)
      server.on('connection', (socket: Socket) => {
        if (hooks.admit(socket)) socket.setNoDelay(true)
        else socket.destroy()
      })
      await listen(server, name, listener.host, listener.port)
      server.on('error', (error) => hooks.failed(name, error))
      servers.push(server)
      ports[name] = (server.address() as AddressInfo).port
    }
  } catch (error) {
    await close()
    throw error
  }
  return { ports, close }
}

function createServer(name: ListenerName, config: BrokerConfig, hooks: ListenerHooks): Server {
  const { listeners, limits } = config
  const anonymous = listeners[name]?.anonymous ?? false
  if (name === 'tcp') return createTcpServer((socket) => hooks.stream(socket, anonymous))
  const failed = (error: Error) => hooks.failed(name, error)
  const secured = name === 'ws' ? undefined : listeners[name]
  const files = secured && { cert: readFileSync(secured.cert), key: readFileSync(secured.key) }
  if (name === 'tls') {
    const server = createTlsServer({ ...files, handshakeTimeout: limits.connectTimeoutMs })
    server.on('secureConnection', (socket) => hooks.stream(socket, anonymous))
    return server.on('tlsClientError', failed)
  }
  const times = {
    headersTimeout: limits.connectTimeoutMs,
    requestTimeout: limits.connectTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.connectTimeoutMs, 5000),
  }
  const server =
    name === 'ws'
      ? createHttpServer(times)
      : createHttpsServer({ ...files, ...times, handshakeTimeout: limits.connectTimeoutMs }).on(
          'tlsClientError',
          failed,
        )
  takeWebSockets(server, limits.packetBytesMax, anonymous, hooks, failed)
  return server
}

function takeWebSockets(
  server: Server,
  packetBytesMax: number,
  anonymous: boolean,
  hooks: ListenerHooks,
  failed: (error: Error) => void,
): void {
  // A message may hold several packets: clients join what waits. The packets are measured again on their way out.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 4 * packetBytesMax,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  })
  sockets.on('wsClientError', failed)
  server.on('request', (_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain' }).end('MQTT over WebSocket only\n')
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', failed)
    if (anonymous && !isOwnPage(request.headers.origin)) {
      failed(new Error(`a page of ${request.headers.origin} is not let in without a password`))
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('error', failed)
      hooks.stream(createWebSocketStream(webSocket), anonymous)
    })
  })
}

/** Any page open in this machine's browser reaches its loopback address: only programs and local pages are let in. */
function isOwnPage(origin: string | undefined): boolean {
  if (origin === undefined) return true
  const host = URL.canParse(origin) ? new URL(origin).hostname.replace(/^\[|\]$/g, '') : ''
  return isLoopback(host)
}

const listen = (server: Server, name: ListenerName, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(describe(cause, name, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })

function describe(cause: NodeJS.ErrnoException, name: ListenerName, host: string, port: number): Error {
  const advice: Record<string, string> = {
    EADDRINUSE: `another program listens there; end it, or give listeners.${name}.port another value (0: any free one)`,
    EACCES: `this user may not; give listeners.${name}.port a value above 1023`,
    EADDRNOTAVAIL: `this machine has no such address; correct listeners.${name}.host`,
    ENOTFOUND: `no such host is known; correct listeners.${name}.host`,
  }
  const text = advice[cause.code ?? ''] ?? cause.message
  return new Error(`listeners.${name}: cannot listen on ${host}:${port}: ${text}`, { cause })
}
