import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import mqtt, { type MqttClient } from 'mqtt'
import { writeToStream } from 'mqtt-packet'
import { createThrottle, type Logger } from './log.ts'

// The MQTT connection of agents and of ingest. Each connection is a new client with a clean session: what was under way is
// the spool's to send again, so the client library keeps nothing over a reconnect.

// Otherwise the packet writer keeps 65,536 small buffers, one for each number it might write: 6 MB of an agent's memory.
writeToStream.cacheNumbers = false

export interface ConnectionOptions {
  url: string
  clientId: string
  username: string
  secret: string
  /** Path of a PEM file. */
  ca?: string
  keepaliveS: number
  /** Read at each connect. */
  will: { topic: string; readonly payload: Uint8Array }
  subscribe: string[]
  log: Logger
  onConnect(): void
  onDisconnect(): void
  onMessage(topic: string, payload: Uint8Array): void
}

export interface Connection {
  publish(topic: string, payload: Uint8Array, options: { qos: 0 | 1; retain?: boolean }): void
  /** Publishes and resolves when the broker has it (or the connection is gone). */
  publishLast(topic: string, payload: Uint8Array): Promise<void>
  readonly online: boolean
  close(): Promise<void>
}

const waitLeastMs = 250
const waitMostMs = 10_000

export function startConnection(options: ConnectionOptions): Connection {
  const throttle = createThrottle()
  let client: MqttClient | undefined
  let online = false
  let closed = false
  let waitMs = waitLeastMs
  let retry: NodeJS.Timeout | undefined

  const open = () => {
    const opening = mqtt.connect(options.url, {
      clientId: options.clientId,
      username: options.username,
      password: options.secret,
      clean: true,
      protocolVersion: 4,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      keepalive: options.keepaliveS,
      queueQoSZero: false,
      will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1, retain: true },
      ...(options.ca ? { ca: readFileSync(options.ca) } : {}),
    })
    client = opening
    let error: Error | undefined
    opening.on('error', (cause) => {
      error = cause
    })
    opening.on('message', (topic, payload) => options.onMessage(topic, payload))
    opening.on('connect', () => {
      // Receipts are small and their batch waits for them: not a moment for Nagle's algorithm.
      if (opening.stream instanceof Socket) opening.stream.setNoDelay(true)
      opening.subscribe(options.subscribe, { qos: 1 }, (cause) => {
        if (cause || client !== opening) return
        waitMs = waitLeastMs
        online = true
        options.log.info({ broker: options.url }, 'connected')
        options.onConnect()
      })
    })
    opening.once('close', () => {
      opening.end(true)
      if (client !== opening) return
      client = undefined
      if (online) {
        online = false
        options.onDisconnect()
      }
      if (closed) return
      throttle(error?.message ?? 'closed', (heldBack) =>
        options.log.warn(
          { broker: options.url, error: error?.message, heldBack },
          'not connected to the broker; trying again',
        ),
      )
      // Jitter keeps a centre's rigs from coming back all at once.
      retry = setTimeout(open, waitMs * (0.5 + Math.random()))
      waitMs = Math.min(waitMs * 2, waitMostMs)
    })
  }

  open()
  return {
    publish(topic, payload, { qos, retain }) {
      if (online) client?.publish(topic, payload as Buffer, { qos, retain: retain ?? false })
    },
    async publishLast(topic, payload) {
      const current = client
      if (!online || !current) return
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, 2000)
        current.publish(topic, payload as Buffer, { qos: 1, retain: true }, () => {
          clearTimeout(timeout)
          resolve()
        })
      })
    },
    get online() {
      return online
    },
    async close() {
      if (closed) return
      closed = true
      clearTimeout(retry)
      await client?.endAsync()
    },
  }
}
