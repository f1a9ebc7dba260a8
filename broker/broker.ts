import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Aedes, type Client } from 'aedes'
import type { Access } from '../common/access.ts'
import { createThrottle, type Logger } from '../common/log.ts'
import type { BrokerConfig } from './config.ts'
import { type BrokerCounters, createCounters } from './counters.ts'
import { createDuplicateWatch } from './duplicates.ts'
import { createGatekeeper, createWarn, type Warn } from './gatekeeper.ts'
import { openListeners } from './listeners.ts'
import { guardPackets, PacketTooLargeError } from './packet-gate.ts'
import { followAccess } from './revocation.ts'
import { createSessions, type OwnIngest } from './sessions.ts'

// The embedded broker: aedes behind our listeners, limits and rights. Its memory persistence holds nothing but the
// retained states, and nothing of ours depends on more.

export interface Broker {
  /** Ports in use; 0 where there is no such listener. */
  tcpPort: number
  tlsPort: number
  wsPort: number
  wssPort: number
  counters(): BrokerCounters
  /** Names of the rigs that have more than one live agent now. */
  duplicateRigs(): string[]
  /** Safe twice. */
  close(): Promise<void>
}

export interface BrokerParts {
  /** Without it, only `ingests` and, on anonymous listeners, claimed names are let in. */
  access?: Access | undefined
  /** Ingests of the same process, with a secret drawn at its start; they serve every group. */
  ingests?: readonly OwnIngest[]
  log: Logger
}

/** Starts the broker; throws if a listener can't be opened, with what to do. */
export async function startBroker(config: BrokerConfig, { access, ingests = [], log }: BrokerParts): Promise<Broker> {
  const { limits } = config
  const counters = createCounters()
  const warn = createWarn(log, createThrottle())
  const duplicates = createDuplicateWatch((rig) =>
    log.error({ rig }, 'two live agents use the name of one rig: stop one, or give it a rig of its own'),
  )
  const sessions = createSessions(access, ingests)
  const anonymous = new WeakSet<Client>()

  const aedes = await Aedes.createBroker({
    ...createGatekeeper(sessions, (client) => anonymous.has(client), duplicates, counters, warn),
    connectTimeout: limits.connectTimeoutMs,
    keepaliveLimit: limits.keepaliveMaxS,
    drainTimeout: limits.drainTimeoutMs,
    // Messages of QoS 2 are kept until their second half comes; nothing of ours uses them.
    maxInflightInbound: 16,
    maxTopicLevels: 8,
  })
  const leave = (client: Client) => {
    const user = sessions.of(client)?.user
    if (user?.type === 'rig') duplicates.left(user.name, client)
    sessions.end(client)
  }
  aedes.on('ping', (_packet, client) => {
    const user = sessions.of(client)?.user
    if (user?.type === 'rig') duplicates.active(user.name, client)
  })
  const ended = (client: Client, error: Error) => {
    const user = sessions.of(client)?.user.name
    if (isTooLarge(error)) {
      counters.packetsTooLarge++
      warn(`large ${user}`, { user, problem: error.message }, 'connection ended: packet too large')
    } else log.debug({ user, problem: error.message }, 'connection ended')
  }
  aedes.on('clientError', ended)
  aedes.on('connectionError', ended)
  ;(aedes as EventEmitter).on('error', (error: Error) => log.error({ problem: error.message }, 'broker'))

  const stopFollowing =
    access &&
    followAccess(
      access,
      sessions,
      (topic) => aedes.publish({ cmd: 'publish', topic, payload: '', qos: 0, dup: false, retain: true }, () => {}),
      (user) => log.info({ user }, 'its access was changed: connection ended'),
    )
  const stopAedes = () => new Promise<void>((resolve) => aedes.close(resolve))

  const sockets = new Set<Socket>()
  const listeners = await openListeners(config, {
    admit: (socket) => admit(socket, sockets, limits.connectionsMax, counters, warn),
    stream(stream, isAnonymous) {
      guardPackets(stream, limits.packetBytesMax, limits.connectPacketBytesMax)
      const client = aedes.handle(stream)
      if (isAnonymous) anonymous.add(client)
      stream.once('close', () => leave(client))
    },
    failed(listener, error) {
      counters.handshakesFailed++
      warn(`handshake ${listener}`, { listener, problem: error.message }, 'connection attempt failed')
    },
  }).catch(async (error) => {
    stopFollowing?.()
    await stopAedes()
    throw error
  })

  let closing: Promise<void> | undefined
  const close = async () => {
    stopFollowing?.()
    const closed = listeners.close()
    await stopAedes()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  const { tcp, tls, ws, wss } = listeners.ports
  return {
    tcpPort: tcp,
    tlsPort: tls,
    wsPort: ws,
    wssPort: wss,
    counters: () => ({ ...counters, connections: sockets.size, duplicateRigs: duplicates.rigs().length }),
    duplicateRigs: duplicates.rigs,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** By our gate, or by `ws`, which refuses a message above its limit at the header too. */
const isTooLarge = (error: Error): boolean =>
  error instanceof PacketTooLargeError || (error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'

function admit(
  socket: Socket,
  sockets: Set<Socket>,
  connectionsMax: number,
  counters: { connectionsAccepted: number; connectionsRefused: number },
  warn: Warn,
): boolean {
  if (sockets.size >= connectionsMax) {
    counters.connectionsRefused++
    warn('full', { connectionsMax }, 'connection refused: limits.connectionsMax is reached')
    return false
  }
  counters.connectionsAccepted++
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  return true
}
