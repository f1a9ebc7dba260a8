import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Link } from './types.ts'

// TCP between two processes, as a network that can be cut, go mute, or be slow.

export interface TcpProxy extends Link {
  /** Where it listens, on loopback. */
  readonly port: number
  /** Connections that are open at the moment. */
  readonly connections: number
  close(): Promise<void>
}

/** Bytes of one direction of a connection that wait in the proxy: what routers on the way would hold. */
const waitingBytesMax = 64 * 1024

/** What holds for all connections of a link, one for each way. */
interface Lane {
  /** Until when the line is taken by what was sent, ms. */
  busyUntilMs: number
}

interface State {
  mode: 'through' | 'cut' | 'mute'
  bytesPerS: number
  delayMs: number
}

/** Listens on `port` (0: a free one) of loopback and connects to `target` for each connection. */
export async function startTcpProxy(target: { port: number; host?: string }, port = 0): Promise<TcpProxy> {
  const state: State = { mode: 'through', bytesPerS: Number.POSITIVE_INFINITY, delayMs: 0 }
  const up: Lane = { busyUntilMs: 0 }
  const down: Lane = { busyUntilMs: 0 }
  const open = new Set<Connection>()

  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    client.on('error', () => {})
    if (state.mode === 'cut') {
      client.resetAndDestroy()
      return
    }
    const connection = createConnection(client, target, state, { up, down }, () => open.delete(connection))
    open.add(connection)
    connection.look()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  const change = (to: Partial<State>) => {
    Object.assign(state, to)
    for (const connection of [...open]) connection.look()
  }
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get connections() {
      return open.size
    },
    cut() {
      change({ mode: 'cut' })
    },
    halfOpen() {
      change({ mode: 'mute' })
    },
    slow(bytesPerS, delayMs) {
      change({ mode: 'through', bytesPerS, delayMs })
    },
    heal() {
      up.busyUntilMs = 0
      down.busyUntilMs = 0
      change({ mode: 'through', bytesPerS: Number.POSITIVE_INFINITY, delayMs: 0 })
    },
    async close() {
      for (const connection of [...open]) connection.end()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Connection {
  /** The state of the link has changed. */
  look(): void
  end(): void
}

function createConnection(
  client: Socket,
  target: { port: number; host?: string },
  state: State,
  lanes: { up: Lane; down: Lane },
  onEnd: () => void,
): Connection {
  let server: Socket | undefined
  let pipes: Pipe[] = []
  let isDead = false
  let isEnded = false

  const end = () => {
    if (isEnded) return
    isEnded = true
    for (const pipe of pipes) pipe.stop()
    client.resetAndDestroy()
    server?.resetAndDestroy()
    onEnd()
  }
  /** One side has gone. The other does not hear of it while nothing comes through. */
  const broken = () => {
    isDead = true
    if (state.mode !== 'mute') end()
  }
  const closed = () => {
    if (client.destroyed && (server?.destroyed ?? true)) end()
  }
  const watch = (socket: Socket) => {
    socket.on('error', broken)
    socket.on('close', closed)
  }
  const reach = () => {
    const socket = connect({ port: target.port, host: target.host ?? '127.0.0.1', noDelay: true, allowHalfOpen: true })
    server = socket
    watch(socket)
    pipes = [createPipe(client, socket, state, lanes.up), createPipe(socket, client, state, lanes.down)]
  }
  watch(client)
  return {
    look() {
      if (isEnded) return
      if (state.mode === 'cut' || (isDead && state.mode === 'through')) end()
      else if (state.mode === 'through' && !server) reach()
      for (const pipe of pipes) pipe.look()
    },
    end,
  }
}

interface Pipe {
  look(): void
  stop(): void
}

/** Carries bytes one way, in order, each not before its time. */
function createPipe(from: Socket, to: Socket, state: State, lane: Lane): Pipe {
  let waiting: { bytes: Buffer; atMs: number }[] = []
  let waitingBytes = 0
  let isFull = false
  let hasEnded = false
  let timer: NodeJS.Timeout | undefined

  const flow = () => {
    if (state.mode !== 'through' || isFull || waitingBytes > waitingBytesMax) from.pause()
    else from.resume()
  }

  const send = () => {
    clearTimeout(timer)
    timer = undefined
    if (state.mode !== 'through') return
    const nowMs = performance.now()
    const isFree = state.bytesPerS === Number.POSITIVE_INFINITY && state.delayMs === 0
    for (let next = waiting[0]; next && !isFull && (isFree || next.atMs <= nowMs); next = waiting[0]) {
      waiting.shift()
      waitingBytes -= next.bytes.length
      isFull = !to.write(next.bytes)
    }
    const [next] = waiting
    if (next && !isFull) timer = setTimeout(send, Math.max(1, next.atMs - nowMs))
    if (!next && hasEnded) to.end()
    flow()
  }

  from.on('data', (chunk: Buffer) => {
    // In pieces that take about 20 ms each, so that a slow line is slow and not jerky.
    const pieceBytes = Math.max(256, Math.min(chunk.length, Math.ceil(state.bytesPerS / 50)))
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const bytes = chunk.subarray(at, at + pieceBytes)
      const startMs = Math.max(performance.now(), lane.busyUntilMs)
      lane.busyUntilMs = startMs + (bytes.length / state.bytesPerS) * 1000
      waiting.push({ bytes, atMs: lane.busyUntilMs + state.delayMs })
      waitingBytes += bytes.length
    }
    send()
  })
  from.on('end', () => {
    hasEnded = true
    send()
  })
  to.on('drain', () => {
    isFull = false
    send()
  })
  return {
    look: send,
    stop() {
      clearTimeout(timer)
      waiting = []
    },
  }
}
