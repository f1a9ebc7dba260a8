import type { Client, ConnectPacket } from 'aedes'
import type { Access } from '../common/access.ts'
import { hashDrawnSecret, matchesDrawn, type Secret } from '../common/credentials.ts'
import { claimedUser, mayPublish, mayUseClientId, type User } from './topic-rights.ts'

// Who is at the other end of each connection.

export interface Session {
  user: User
  /** What the user proved to know, to notice when it has been replaced; undefined where the file was not asked. */
  hash: string | undefined
  /** Removed while connected: not even its last will counts. */
  revoked: boolean
}

export interface OwnIngest {
  name: string
  secret: string
}

export interface Sessions {
  /** Who `name` is, if the secret is right. Rejects if that could not be found out. */
  login(name: string, secret: Secret, anonymous: boolean): Promise<Session | undefined>
  /** Why somebody who has proved to be `user` may still not connect like this; undefined: nothing speaks against it. */
  objection(client: Client, user: User, will: ConnectPacket['will']): string | undefined
  begin(client: Client, session: Session): void
  end(client: Client): void
  /** Also after its end, for the last will. */
  of(client: Client): Session | undefined
  /** Those connected. */
  live(): Iterable<[Client, Session]>
}

export function createSessions(access: Access | undefined, ownIngests: readonly OwnIngest[]): Sessions {
  const own = ownIngests.map(({ name, secret }) => ({ name, hash: hashDrawnSecret(secret) }))
  const all = new WeakMap<Client, Session>()
  const live = new Map<Client, Session>()
  return {
    async login(name, secret, anonymous) {
      if (own.some((each) => each.name === name && matchesDrawn(secret, each.hash))) {
        return { user: { type: 'ingest', name, groups: 'all' }, hash: undefined, revoked: false }
      }
      if (anonymous) return { user: claimedUser(name), hash: undefined, revoked: false }
      if (!access) return undefined
      const hash = hashOf(access, name)
      const rig = await access.verifyRig(name, secret)
      if (rig) return { user: { type: 'rig', name, group: rig.group }, hash, revoked: false }
      const ingest = await access.verifyIngest(name, secret)
      return ingest && { user: { type: 'ingest', name, groups: ingest.groups }, hash, revoked: false }
    },
    objection(client, user, will) {
      if (!mayUseClientId(user, client.id)) return `client id "${client.id}" is not the user name and a spool id`
      for (const [other, { user: theirs }] of live) {
        if (other.id === client.id && (theirs.name !== user.name || theirs.type !== user.type)) {
          return `client id "${client.id}" is in use by "${theirs.name}"`
        }
      }
      if (will && !mayPublish(user, will.topic)) return `last will for a topic not its own: ${will.topic}`
      return undefined
    },
    begin(client, session) {
      all.set(client, session)
      live.set(client, session)
    },
    end: (client) => void live.delete(client),
    of: (client) => all.get(client),
    live: () => live,
  }
}

const hashOf = (access: Access, name: string): string | undefined =>
  access.current().rigs.find((each) => each.rig === name)?.secret ??
  access.current().ingests.find((each) => each.name === name)?.secret
