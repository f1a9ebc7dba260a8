import type { Access } from '../common/access.ts'
import type { AccessFile } from '../common/access-file.ts'
import { rigTopic } from '../protos/topics.ts'
import type { Session, Sessions } from './sessions.ts'

/**
 * Follows the access file: whoever has been removed or moved, or got another secret, is cut off, and the last state of a
 * rig that is gone with it. Returns how to stop.
 */
export function followAccess(
  access: Access,
  sessions: Sessions,
  clearRetained: (topic: string) => void,
  onCutOff: (user: string) => void,
): () => void {
  let before = access.current()
  return access.onChange(() => {
    const now = access.current()
    for (const [client, session] of [...sessions.live()]) {
      if (session.hash === undefined) continue
      const hash = hashNow(now, session)
      if (hash === session.hash) continue
      session.revoked = hash === undefined
      onCutOff(session.user.name)
      client.close()
    }
    const states = new Set(now.rigs.map(stateTopic))
    for (const topic of before.rigs.map(stateTopic)) if (!states.has(topic)) clearRetained(topic)
    before = now
  })
}

const stateTopic = (rig: { group: string; rig: string }): string => rigTopic(rig.group, rig.rig, 'status')

/** The hash that the file has for the same user with the same rights. */
function hashNow(now: AccessFile, { user }: Session): string | undefined {
  if (user.type === 'rig') return now.rigs.find((rig) => rig.rig === user.name && rig.group === user.group)?.secret
  const groups = String(user.groups)
  return now.ingests.find((ingest) => ingest.name === user.name && String(ingest.groups) === groups)?.secret
}
