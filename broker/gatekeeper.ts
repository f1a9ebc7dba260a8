import type { AedesOptions, Client, ConnectPacket } from 'aedes'
import type { Logger } from '../common/log.ts'
import { isName } from '../protos/topics.ts'
import type { Counters } from './counters.ts'
import type { DuplicateWatch } from './duplicates.ts'
import type { Sessions } from './sessions.ts'
import { isRetainable, mayPublish, mayReceive, maySubscribe } from './topic-rights.ts'

// aedes asks here at each connect, publish, last will, subscription and delivery.

export type Warn = (key: string, facts: object, text: string) => void

/** At most one line a minute for each key. */
export const createWarn =
  (log: Logger, throttle: (key: string, say: (heldBack: number) => void) => void): Warn =>
  (key, facts, text) =>
    throttle(key, (heldBack) => log.warn({ ...facts, heldBack }, text))

/** Where denied messages go: nobody can subscribe to it. */
const nowhere = 'rigline/denied'

type Hooks = Required<
  Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
>

export function createGatekeeper(
  sessions: Sessions,
  isAnonymous: (client: Client) => boolean,
  duplicates: DuplicateWatch,
  counters: Counters,
  warn: Warn,
): Hooks {
  const connects = new WeakMap<Client, ConnectPacket>()
  return {
    preConnect(client, packet, done) {
      // A session kept for an absent client would queue messages without bound; what matters is sent again anyway.
      packet.clean = true
      connects.set(client, packet)
      done(null, true)
    },

    authenticate(client, username, password, done) {
      const name = username ?? ''
      const refuse = (returnCode: 3 | 4 | 5, reason: string) => {
        counters.loginsRefused++
        const user = name.slice(0, 64)
        warn(`login ${user}`, { user, reason }, 'login refused')
        done(Object.assign(new Error(reason), { returnCode }), null)
      }
      if (!isName(name)) return refuse(4, 'the user name must be the name of a rig or an ingest')
      sessions.login(name, password ?? '', isAnonymous(client)).then(
        (session) => {
          if (client.closed) return
          if (!session) return refuse(4, 'unknown name or wrong secret; "rigline rig add" or "rig rotate" gives one')
          const reason = sessions.objection(client, session.user, connects.get(client)?.will)
          if (reason !== undefined) return refuse(5, reason)
          for (const [other] of sessions.live()) if (other.id === client.id) counters.takeovers++
          sessions.begin(client, session)
          if (session.user.type === 'rig') duplicates.joined(name, client)
          done(null, true)
        },
        (error: unknown) => refuse(3, `the secret could not be checked: ${String(error)}`),
      )
    },

    // aedes closes the connection of whoever publishes what is denied; an agent would come back and try again, for ever.
    // So a denied message is acknowledged and goes nowhere, as with Mosquitto: only receipts tell what has arrived.
    // Wills pass here too (aedes asks when it sends one; the client is null if it is long gone).
    authorizePublish(client, packet, done) {
      counters.messagesReceived++
      const session = client ? sessions.of(client) : undefined
      if (client && session?.user.type === 'rig') duplicates.active(session.user.name, client)
      const allowed = session !== undefined && !session.revoked && mayPublish(session.user, packet.topic)
      if (!allowed) {
        if (!session?.revoked) {
          counters.publishesDenied++
          const user = session?.user.name
          warn(
            `publish ${user}`,
            { user, topic: packet.topic.slice(0, 200) },
            'message on a topic not its own: dropped',
          )
        }
        packet.topic = nowhere
        packet.payload = ''
      }
      if (!isRetainable(packet.topic)) packet.retain = false
      done(null)
    },

    authorizeSubscribe(client, subscription, done) {
      const user = sessions.of(client)?.user
      if (user && maySubscribe(user, subscription.topic)) return done(null, subscription)
      counters.subscribesDenied++
      const filter = subscription.topic.slice(0, 200)
      warn(`subscribe ${user?.name}`, { user: user?.name, filter }, 'subscription to topics not its own: refused')
      done(null, null)
    },

    authorizeForward(client, packet) {
      const user = sessions.of(client)?.user
      if (user && mayReceive(user, packet.topic)) return packet
      counters.deliveriesDenied++
      return null
    },
  }
}
