import type { WebSocket } from 'ws'
import type { KnownSchema } from '../live/live-stream.ts'
import type { Live, LiveFilter } from '../live.ts'
import type { LiveTextFrame } from './answers.ts'
import { buildLiveSchema } from './build-answers.ts'

// One client of WS /v1/live: batches as they are encoded, as soon as they are durable. Nobody waits for a slow client: beyond
// a bound it misses batches, and is told how many.

/** Bytes that may wait for a client. */
export const waitingBytesMax = 4 * 1024 * 1024
/** A client that was too slow goes on when no more than this waits. */
const waitingBytesLow = 1024 * 1024
/** Kept batches that a client may ask for at its beginning, bytes. */
const recentBytesMax = 2 * 1024 * 1024
/** A client whose connection moves nothing from one beat to the next is cut off, ms. */
const heartbeatMs = 30_000
/** Schemas that are remembered as sent; a stream that changes its schema more often sends them again. */
const schemasMax = 20_000

export interface WatcherCounters {
  watchers: number
  skipped: number
}

export interface WatchOptions {
  live: Live
  filter: LiveFilter
  /** Send what came in the last seconds first. */
  lastSeconds: number
  nowNs: bigint
  counters: WatcherCounters
}

/** Feeds the socket until it closes. */
export function watch(socket: WebSocket, { live, filter, lastSeconds, nowNs, counters }: WatchOptions): void {
  const sent = new Set<string>()
  let skipped = 0

  const heartbeat = keepAlive(socket)
  const text = (frame: LiveTextFrame) => socket.send(JSON.stringify(frame), afterSend)
  const afterSend = () => {
    heartbeat.moved()
    if (skipped === 0 || socket.readyState !== socket.OPEN || socket.bufferedAmount > waitingBytesLow) return
    const count = skipped
    skipped = 0
    text({ skipped: count })
  }
  const send = (rig: string, stream: string, envelope: Uint8Array, { hash, schema }: KnownSchema) => {
    if (socket.readyState !== socket.OPEN) return
    // While skipping, until afterSend has told how many: frames before and after a gap never mix with its note.
    if (skipped > 0 || socket.bufferedAmount > waitingBytesMax) {
      skipped++
      counters.skipped++
      return
    }
    const key = `${rig}\0${stream}\0${hash}`
    if (!sent.has(key)) {
      if (sent.size >= schemasMax) sent.clear()
      sent.add(key)
      text({ schema: buildLiveSchema(rig, hash, schema) })
    }
    socket.send(envelope, afterSend)
  }

  counters.watchers++
  if (lastSeconds > 0) {
    const sinceNs = nowNs - BigInt(Math.round(lastSeconds * 1e9))
    for (const { rig, stream, envelope, known } of live.recent(filter, sinceNs, recentBytesMax)) {
      send(rig, stream, envelope, known)
    }
  }
  const unsubscribe = live.subscribe(filter, send)
  socket.once('close', () => {
    counters.watchers--
    unsubscribe()
    heartbeat.stop()
  })
  // An error is followed by close, where all is cleaned up.
  socket.on('error', () => {})
}

/** Pings; ends the connection when neither a pong nor any frame came through between two beats. */
function keepAlive(socket: WebSocket): { moved(): void; stop(): void } {
  let alive = true
  const moved = () => {
    alive = true
  }
  socket.on('pong', moved)
  const timer = setInterval(() => {
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
  }, heartbeatMs)
  timer.unref()
  return { moved, stop: () => clearInterval(timer) }
}
