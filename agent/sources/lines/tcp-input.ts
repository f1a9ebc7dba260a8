import { createServer, type Server, Socket } from 'node:net'
import { createBackoff } from './backoff.ts'
import { createBlockQueue } from './block-queue.ts'
import type { InputOf, LineInput } from './input.ts'

// Lines from TCP, in both directions. While the agent does not ask, the sockets are paused, and TCP slows the device down.

const queueBytesMax = 1024 * 1024
const connectionsMax = 32
const keepAliveMs = 15_000

/** Feeds of a socket: pauses it when the queue is full. Its end, with or without an error, ends its feed. */
function createFeeds() {
  const queue = createBlockQueue(queueBytesMax)
  const sockets = new Set<Socket>()
  let feeds = 0
  return {
    queue,
    sockets,
    add(socket: Socket) {
      const feed = ++feeds
      let orderly = false
      sockets.add(socket)
      socket.setKeepAlive(true, keepAliveMs)
      socket.on('data', (bytes: Buffer) => {
        queue.push({ feed, bytes })
        if (queue.full()) for (const each of sockets) each.pause()
      })
      socket.on('end', () => {
        orderly = true
      })
      socket.on('close', () => {
        sockets.delete(socket)
        queue.push({ feed, bytes: Buffer.alloc(0), last: orderly ? 'complete' : 'torn' })
      })
      if (queue.full()) socket.pause()
    },
    resume() {
      for (const socket of sockets) socket.resume()
    },
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

export function createTcpConnect(config: InputOf<'tcp-connect'>): LineInput {
  const where = `${config.host}:${config.port}`
  const feeds = createFeeds()
  const backoff = createBackoff()
  let connected = false
  let trouble = ''
  let stopped = false

  const connect = () => {
    if (stopped) return
    const socket = new Socket()
    socket.on('connect', () => {
      connected = true
      feeds.add(socket)
      if (config.idleTimeoutS !== undefined) socket.setTimeout(config.idleTimeoutS * 1000)
    })
    socket.on('data', () => backoff.reset())
    socket.on('timeout', () => {
      // A paused socket is idle by our own doing.
      if (!socket.isPaused()) socket.destroy(new Error(`nothing came for ${config.idleTimeoutS} s`))
    })
    socket.on('error', (error) => {
      trouble = error.message
    })
    socket.on('close', (hadError) => {
      if (!hadError) trouble = 'the device closed the connection'
      connected = false
      backoff.again(connect)
    })
    socket.connect(config.port, config.host)
    pending = socket
  }
  let pending: Socket | undefined

  return {
    async *blocks(signal) {
      if (!pending) connect()
      yield* feeds.queue.blocks(signal, feeds.resume)
    },
    status: () =>
      connected
        ? { state: 'running', detail: `connected to ${where}` }
        : { state: 'waiting', detail: `waits for ${where}${trouble && `: ${trouble}`}` },
    async close() {
      stopped = true
      backoff.stop()
      pending?.destroy()
      feeds.destroy()
      feeds.queue.end()
    },
  }
}

export function createTcpListen(config: InputOf<'tcp-listen'>): LineInput {
  const feeds = createFeeds()
  const backoff = createBackoff()
  let server: Server | undefined
  let listening = ''
  let trouble = ''
  let refused = 0
  let stopped = false

  const listen = () => {
    if (stopped) return
    server = createServer({ pauseOnConnect: false }, (socket) => {
      if (feeds.sockets.size >= connectionsMax) {
        refused++
        socket.destroy()
        return
      }
      socket.on('error', () => {})
      feeds.add(socket)
    })
    server.on('listening', () => {
      const address = server!.address()
      listening = typeof address === 'object' && address ? `${address.address}:${address.port}` : String(address)
      backoff.reset()
    })
    server.on('error', (error) => {
      listening = ''
      trouble = error.message
      server?.close()
      backoff.again(listen)
    })
    server.listen(config.port, config.host)
  }

  return {
    async *blocks(signal) {
      if (!server) listen()
      yield* feeds.queue.blocks(signal, feeds.resume)
    },
    status() {
      if (!listening)
        return {
          state: 'waiting',
          detail: trouble ? `cannot listen on ${config.host}:${config.port}: ${trouble}` : 'not listening yet',
        }
      const over = refused > 0 ? `; ${refused} connections refused, ${connectionsMax} is the limit` : ''
      return { state: 'running', detail: `listening on ${listening}, ${feeds.sockets.size} connected${over}` }
    },
    async close() {
      stopped = true
      backoff.stop()
      feeds.destroy()
      feeds.queue.end()
      await new Promise<void>((resolve) => {
        if (server?.listening) server.close(() => resolve())
        else resolve()
      })
    },
  }
}
