import type { RawData, WebSocket } from 'ws'
import { createFilters } from '../live/filters.ts'
import type { KnownSchema } from '../live/live-stream.ts'
import type { Live, LiveFilter } from '../live.ts'
import type { LiveTextFrame } from './answers.ts'
import { buildLiveSchema } from './build-answers.ts'
import { createMessageRate, readMessage, type Subscribe } from './live-messages.ts'

// One client of WS /v1/live: batches as they are encoded, as soon as they are durable, of all that it has subscribed to, each
// once. Nobody waits for a slow client: beyond a bound it misses batches, and is told how many.

/** Bytes that may wait for a client. */
export const waitingBytesMax = 4 * 1024 * 1024
/** A client that was too slow goes on when no more than this waits. */
const waitingBytesLow = 1024 * 1024
/** Kept batches that one subscription may ask for at its beginning, bytes. */
const recentBytesMax = 2 * 1024 * 1024
/** Subscriptions of one client. */
export const subscriptionsMax = 256
/** A client whose connection moves nothing from one beat to the next is cut off, ms. */
const heartbeatMs = 30_000
/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1: policy violation. */
const policyCode = 1008

export interface WatcherCounters {
  watchers: number
  skipped: number
}

export interface WatchOptions {
  live: Live
  /** What is in the address: a subscription from the start. Undefined: the client will say. */
  first: (LiveFilter & { lastSeconds: number }) | undefined
  nowNs: () => bigint
  counters: WatcherCounters
}

interface Subscription {
  filter: LiveFilter
  /** What matches was sent from this one on. */
  from: number
}

/** Feeds the socket until it closes. */
export function watch(socket: WebSocket, { live, first, nowNs, counters }: WatchOptions): void {
  const sender = createSender(socket, counters)
  const subscriptions = new Map<string, Subscription>()
  const filters = createFilters()
  const stop = live.subscribe(filters.match, sender.batch)

  /** Was sent for another subscription. */
  const isSent = (rig: string, stream: string, n: number): boolean => {
    if (!filters.match(rig, stream)) return false
    for (const { filter, from } of subscriptions.values()) {
      if (n >= from && (filter.rig ?? rig) === rig && (filter.stream ?? stream) === stream) return true
    }
    return false
  }
  const subscribe = (id: string, filter: LiveFilter, lastSeconds: number) => {
    let from = live.next
    if (lastSeconds > 0) {
      const sinceNs = nowNs() - BigInt(Math.round(lastSeconds * 1e9))
      const recent = live.recent(filter, sinceNs, recentBytesMax)
      for (const { rig, stream, envelope, n, known } of recent) {
        if (!isSent(rig, stream, n)) sender.batch(rig, stream, envelope, known)
      }
      from = recent[0]?.n ?? from
    }
    subscriptions.set(id, { filter, from })
    filters.add(filter)
  }

  const trySubscribe = ({ id, last, ...filter }: Subscribe) => {
    const named = JSON.stringify(id)
    if (subscriptions.has(id)) return sender.text({ problem: `${named} is subscribed already; unsubscribe it first` })
    if (subscriptions.size >= subscriptionsMax) {
      return sender.text({ problem: `${named} is not subscribed: a connection has ${subscriptionsMax} at most` })
    }
    sender.text({ subscribed: id })
    subscribe(id, filter, last)
  }
  const tryUnsubscribe = (id: string) => {
    const subscription = subscriptions.get(id)
    if (!subscription) return sender.text({ problem: `${JSON.stringify(id)} is not subscribed` })
    subscriptions.delete(id)
    filters.remove(subscription.filter)
    sender.text({ unsubscribed: id })
  }
  const mayCome = createMessageRate()
  socket.on('message', (data: RawData, isBinary) => {
    if (socket.readyState !== socket.OPEN) return
    if (!mayCome()) return socket.close(policyCode, 'too many messages a second')
    if (sender.isFull()) return socket.close(policyCode, 'read the answers before asking for more')
    const message = isBinary ? { problem: 'messages are text, JSON' } : readMessage(String(data))
    if ('subscribe' in message) trySubscribe(message.subscribe)
    else if ('unsubscribe' in message) tryUnsubscribe(message.unsubscribe)
    else sender.text(message)
  })

  counters.watchers++
  // No client can name it: ids are not empty.
  if (first) subscribe('', { rig: first.rig, stream: first.stream }, first.lastSeconds)
  socket.once('close', () => {
    counters.watchers--
    stop()
    sender.stop()
  })
  // An error is followed by close, where all is cleaned up.
  socket.on('error', () => {})
}

/** Sends within the bounds, leaves out what does not fit, and tells how much that was. */
function createSender(socket: WebSocket, counters: WatcherCounters) {
  /** Schemas that were sent: one object a rig and schema, remembered as long as the hub does. */
  const sent = new WeakSet<KnownSchema>()
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
  return {
    text,
    isFull: () => socket.bufferedAmount > waitingBytesMax,
    batch(rig: string, _stream: string, envelope: Uint8Array, known: KnownSchema) {
      if (socket.readyState !== socket.OPEN) return
      // While skipping, until afterSend has told how many: frames before and after a gap never mix with its note.
      if (skipped > 0 || socket.bufferedAmount > waitingBytesMax) {
        skipped++
        counters.skipped++
        return
      }
      if (!sent.has(known)) {
        sent.add(known)
        text({ schema: buildLiveSchema(rig, known.hash, known.schema) })
      }
      socket.send(envelope, afterSend)
    },
    stop: heartbeat.stop,
  }
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
