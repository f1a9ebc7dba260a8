import { isUlid } from '../common/ulid.ts'
import { parseTopic } from '../protos/topics.ts'

// Who may publish and read what. Pure: the broker asks at each publish, will, subscription and delivery.

/** Who is at the other end. `group` undefined: a claimed name on a loopback listener, in whatever group. */
export type User =
  | { type: 'rig'; name: string; group: string | undefined }
  | { type: 'ingest'; name: string; groups: readonly string[] | 'all' }

const serves = (user: User & { type: 'ingest' }, group: string): boolean =>
  user.groups === 'all' || user.groups.includes(group)

/** A rig: its own up, clock, status. An ingest: the `down` of its groups' rigs, and its own status. */
export function mayPublish(user: User, topic: string): boolean {
  const parsed = parseTopic(topic)
  if (!parsed) return false
  if (parsed.type === 'ingest_status') return user.type === 'ingest' && parsed.name === user.name
  if (user.type === 'ingest') return parsed.type === 'down' && serves(user, parsed.group)
  return parsed.type !== 'down' && parsed.rig === user.name && (user.group ?? parsed.group) === parsed.group
}

/** A rig: its own `down`. An ingest: up, clock, status of its groups' rigs. Both: every ingest's status. */
export function mayReceive(user: User, topic: string): boolean {
  const parsed = parseTopic(topic)
  if (!parsed) return false
  if (parsed.type === 'ingest_status') return true
  if (user.type === 'ingest') return parsed.type !== 'down' && serves(user, parsed.group)
  return parsed.type === 'down' && parsed.rig === user.name && (user.group ?? parsed.group) === parsed.group
}

/** Whether everything that a filter matches may be received; `+` only where the name of any rig or ingest may stand. */
export function maySubscribe(user: User, filter: string): boolean {
  const levels = filter.split('/')
  if (levels[3] === '+' && (user.type === 'ingest' || levels[2] === 'ingest')) levels[3] = 'any'
  return mayReceive(user, levels.join('/'))
}

/**
 * A rig's client id is its name and its spool id, with or without something between. So no rig can take over the
 * connection of another whose name begins alike. An ingest chooses freely.
 */
export function mayUseClientId(user: User, clientId: string): boolean {
  if (user.type === 'ingest') return true
  if (!clientId.startsWith(user.name)) return false
  const rest = clientId.slice(user.name.length)
  return rest === '' || isUlid(rest) || /^[^\p{L}\p{N}]/u.test(rest)
}

/** Only states are kept for those who come later; nobody needs the last batch of each rig in memory. */
export const isRetainable = (topic: string): boolean => topic.endsWith('/status')

/** The user that a name claims to be where no password is asked: names that begin with "ingest" are ingests. */
export const claimedUser = (name: string): User =>
  /^ingest([-_.]|$)/.test(name) ? { type: 'ingest', name, groups: 'all' } : { type: 'rig', name, group: undefined }
