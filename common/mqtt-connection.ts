import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import mqtt, { type MqttClient, Store } from 'mqtt'
import { type Packet, writeToStream } from 'mqtt-packet'
import { reasonOf } from '../protos/errors.ts'
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
  /** `retained`: the broker had kept it; otherwise it was published while this connection was there. */
  onMessage(topic: string, payload: Uint8Array, retained: boolean): void
  /** Longest wait between two attempts, give or take a half: 5 s. */
  waitMostMs?: number
  /** 0 <= x < 1, for the waits between attempts; Math.random, or what a test draws. */
  random?(): number
}

export interface Connection {
  publish(
    topic: string,
    payload: Uint8Array,
    options: { qos: 0 | 1; retain?: boolean; onAcknowledged?: () => void },
  ): void
  /** Publishes and resolves when the broker has it (or the connection is gone). */
  publishLast(topic: string, payload: Uint8Array): Promise<void>
  readonly online: boolean
  close(): Promise<void>
}

const waitLeastMs = 250
const subscribeMostMs = 10_000
const closeMostMs = 2_000

/**
 * For the client library, which stores a copy of all that it publishes until it is acknowledged, to send it again on its next connection:
 * it has none, and the copies of a backlog would grow old enough in memory to be collected late.
 */
function createEmptyStore(): Store {
  const store = new Store()
  store.put = (_, done) => {
    done()
    return store
  }
  store.del = (packet, done) => {
    done(undefined, packet as Packet)
    return store
  }
  return store
}

/** Throws if the CA file can't be read at the first connect; later that is a reason to try again. */
export function startConnection(options: ConnectionOptions): Connection {
  const { random = Math.random, waitMostMs = 5_000 } = options
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
      // Without a word from the broker for this long it is pinged, and given up after half as long again; what is published
      // meanwhile counts for nothing, for a link that is dead at one end takes it all.
      keepalive: options.keepaliveS,
      queueQoSZero: false,
      outgoingStore: createEmptyStore(),
      will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1, retain: true },
      ...(options.ca ? { ca: readFileSync(options.ca) } : {}),
    })
    client = opening
    let error: Error | undefined
    let answerDue: NodeJS.Timeout | undefined
    /** Ends this connection, so that the next one is tried after the wait. */
    const give = (reason: string) => {
      error ??= new Error(reason)
      opening.end(true)
    }
    opening.on('error', (cause) => {
      error = cause
    })
    opening.on('message', (topic, payload, { retain }) => options.onMessage(topic, payload, retain))
    opening.on('connect', () => {
      // Receipts are small and their batch waits for them: not a moment for Nagle's algorithm.
      if (opening.stream instanceof Socket) opening.stream.setNoDelay(true)
      answerDue = setTimeout(() => give('no answer to the subscription'), subscribeMostMs)
      opening.subscribe(options.subscribe, { qos: 1 }, (cause) => {
        clearTimeout(answerDue)
        if (client !== opening || opening.disconnecting) return
        if (cause) {
          give(describeRefusal(cause, options))
          return
        }
        waitMs = waitLeastMs
        online = true
        options.log.info({ broker: options.url }, 'connected')
        options.onConnect()
      })
    })
    opening.once('close', () => {
      clearTimeout(answerDue)
      opening.end(true)
      if (client !== opening) return
      client = undefined
      if (online) {
        online = false
        options.onDisconnect()
      }
      if (closed) return
      tryAgain(error?.message)
    })
  }

  const tryAgain = (error: string | undefined) => {
    throttle(error ?? 'closed', (heldBack) =>
      options.log.warn({ broker: options.url, error, heldBack }, 'not connected to the broker; trying again'),
    )
    // Jitter keeps a centre's rigs from coming back all at once.
    retry = setTimeout(reopen, waitMs * (0.5 + random()))
    waitMs = Math.min(waitMs * 2, waitMostMs)
  }

  const reopen = () => {
    try {
      open()
    } catch (cause) {
      // A certificate that is being replaced is missing for a moment.
      tryAgain(reasonOf(cause))
    }
  }

  open()
  return {
    publish(topic, payload, { qos, retain, onAcknowledged }) {
      if (!online) return
      // A Buffer of just these bytes: of any other array the client copies all the memory that it lies in.
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
      client?.publish(topic, bytes, { qos, retain: retain ?? false }, (error) => {
        if (!error) onAcknowledged?.()
      })
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
      const current = client
      if (!current) return
      const gone = new Promise<void>((resolve) => current.once('close', () => resolve()))
      // In order, it waits for answers that may never come; asked to end again, it would not listen.
      const force = setTimeout(() => current.stream.destroy(), closeMostMs)
      current.end(!online)
      await gone
      clearTimeout(force)
    },
  }
}

/** MQTT.js makes an error of a SUBACK with a refusal (0x80) in it, with the packet. */
function describeRefusal(cause: Error, { subscribe, username }: ConnectionOptions): string {
  const { packet } = cause as Error & { packet?: { granted?: unknown[] } }
  const refused = subscribe.filter((_, i) => Number(packet?.granted?.[i]) >= 0x80)
  if (refused.length === 0) return `the subscription failed: ${reasonOf(cause)}`
  return `the broker does not let "${username}" read ${refused.join(', ')}: check the group and the name here, and the access they have at the broker`
}
