import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { LiveSchema, LiveTextFrame } from './answers.ts'

// A client of WS /v1/live for programs: the demo and the bench measure with it how long a sample takes to get here.

export interface LiveClientOptions {
  token?: string | undefined
  rig?: string | undefined
  stream?: string | undefined
  /** What came in so many last seconds first. */
  last?: number
  /** Begin with nothing; `subscribe` says what. */
  multiplex?: boolean
  /** The answer to subscribe and unsubscribe. */
  onAnswer?: (answer: { subscribed: string } | { unsubscribed: string } | { problem: string }) => void
  /** Comes before the first batch of each schema. */
  onSchema?: (schema: LiveSchema) => void
  /** So many batches were left out, because this client was too slow. */
  onSkipped?: (count: number) => void
  /** The connection ended, and not by `close`. */
  onClose?: (reason: string) => void
}

export interface LiveClient {
  /** Watches this too; each batch comes once, however many subscriptions it matches. */
  subscribe(subscription: { id: string; rig?: string; stream?: string; last?: number }): void
  unsubscribe(id: string): void
  close(): Promise<void>
}

/**
 * Connects to an ingest, `url` as http://HOST:PORT, and calls back with each encoded envelope. Rejects, saying why, if the
 * ingest can't be reached or refuses.
 */
export async function connectLive(
  url: string,
  options: LiveClientOptions,
  onEnvelope: (envelope: Uint8Array) => void,
): Promise<LiveClient> {
  const target = new URL('/v1/live', url)
  target.protocol = target.protocol === 'https:' || target.protocol === 'wss:' ? 'wss:' : 'ws:'
  for (const key of ['rig', 'stream', 'last'] as const) {
    if (options[key] !== undefined) target.searchParams.set(key, String(options[key]))
  }
  if (options.multiplex) target.searchParams.set('multiplex', '1')
  const socket = new WebSocket(target, 'rigline.v1', {
    perMessageDeflate: false,
    headers: options.token === undefined ? {} : { authorization: `Bearer ${options.token}` },
  })
  let quiet = true
  socket.on('error', () => {})
  socket.on('close', (code, reason) => {
    if (!quiet) options.onClose?.(`${code} ${reason}`.trim())
  })
  socket.on('open', () => {
    quiet = false
  })
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return onEnvelope(data)
    const frame = JSON.parse(data.toString()) as LiveTextFrame
    if ('schema' in frame) options.onSchema?.(frame.schema)
    else if ('skipped' in frame) options.onSkipped?.(frame.skipped)
    else options.onAnswer?.(frame)
  })
  await once(socket, 'open').catch((cause) => {
    throw new Error(`${target} cannot be watched: ${(cause as Error).message}`, { cause })
  })
  return {
    subscribe: (subscription) => socket.send(JSON.stringify({ subscribe: subscription })),
    unsubscribe: (id) => socket.send(JSON.stringify({ unsubscribe: id })),
    async close() {
      quiet = true
      if (socket.readyState === socket.CLOSED) return
      const closed = once(socket, 'close')
      socket.close()
      const deadline = setTimeout(() => socket.terminate(), 1000)
      await closed
      clearTimeout(deadline)
    },
  }
}
