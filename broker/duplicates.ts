// Two live agents of one rig (a cloned disk) differ in their client ids, so the broker lets both in: it must be seen.

export interface DuplicateWatch {
  joined(rig: string, client: object): void
  /** The client has sent something. */
  active(rig: string, client: object): void
  left(rig: string, client: object): void
  /** Rigs that have more than one live agent now. */
  rigs(): string[]
}

/**
 * An agent that starts anew leaves its old connection behind, half open, until the keep-alive ends: that is no
 * duplicate. Only an older client that still sends `graceMs` after a newer one has joined is one.
 */
export function createDuplicateWatch(onFound: (rig: string) => void, graceMs = 1000): DuplicateWatch {
  const clients = new Map<string, Set<object>>()
  const newest = new Map<string, { client: object; at: number }>()
  const found = new Set<string>()
  return {
    joined(rig, client) {
      const present = clients.get(rig) ?? new Set()
      present.add(client)
      clients.set(rig, present)
      newest.set(rig, { client, at: performance.now() })
    },
    active(rig, client) {
      if (found.has(rig) || (clients.get(rig)?.size ?? 0) < 2) return
      const last = newest.get(rig)
      if (!last || last.client === client || performance.now() - last.at < graceMs) return
      found.add(rig)
      onFound(rig)
    },
    left(rig, client) {
      const present = clients.get(rig)
      present?.delete(client)
      if (present && present.size < 2) found.delete(rig)
      if (present?.size === 0) {
        clients.delete(rig)
        newest.delete(rig)
      }
    },
    rigs: () => [...found],
  }
}
