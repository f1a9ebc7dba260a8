import { stat } from 'node:fs/promises'
import { type AccessFile, type Role, readAccess } from './access-file.ts'
import { createVerifier, matchesDrawn, type Secret } from './credentials.ts'
import type { Logger } from './log.ts'

/** Who may connect, following the file as it changes. */
export interface Access {
  /** Resolves to the rig's group if the secret is right. */
  verifyRig(rig: string, secret: Secret): Promise<{ group: string } | undefined>
  verifyIngest(name: string, secret: Secret): Promise<{ groups: string[] } | undefined>
  /** The owner of a bearer token. */
  verifyToken(token: string): { name: string; role: Role } | undefined
  /** The rigs of these groups, as the file lists them. */
  rigsOf(groups: readonly string[]): { rig: string; group: string }[]
  /** What the file says at present. */
  current(): AccessFile
  /** Calls back after each change that was taken over; returns how to stop that. */
  onChange(listener: () => void): () => void
  /** Stops following the file. Safe twice. */
  close(): void
}

/** Answers from a list in memory, for tests and for programs that draw their own secrets. */
export function createAccess(read: () => AccessFile): Omit<Access, 'onChange' | 'close'> {
  const { verify } = createVerifier()
  return {
    async verifyRig(rig, secret) {
      const entry = read().rigs.find((each) => each.rig === rig)
      return (await verify(secret, entry?.secret)) && entry ? { group: entry.group } : undefined
    },
    async verifyIngest(name, secret) {
      const entry = read().ingests.find((each) => each.name === name)
      return (await verify(secret, entry?.secret)) && entry ? { groups: entry.groups } : undefined
    },
    verifyToken(token) {
      // All of them are compared, so that the time tells nothing about which one it was.
      const owners = read().tokens.filter((each) => matchesDrawn(token, each.hash))
      return owners[0] && { name: owners[0].name, role: owners[0].role }
    },
    rigsOf: (groups) =>
      read()
        .rigs.filter(({ group }) => groups.includes(group))
        .map(({ rig, group }) => ({ rig, group })),
    current: read,
  }
}

/**
 * Reads access.yaml and looks every `pollMs` whether it has changed (polling, because file events are missing on network
 * and container mounts), and reads it once it has stood still for that long: half of a file that an editor is writing may
 * be valid, and would cut rigs off. A changed file with mistakes is refused with a log line, and what was read before stays.
 * Throws ConfigError if the first reading fails.
 */
export async function openAccess(file: string, log: Logger, pollMs = 1000): Promise<Access> {
  const stamp = async () => {
    const found = await stat(file, { bigint: true }).catch(() => undefined)
    return found ? `${found.mtimeNs} ${found.size} ${found.ino}` : 'missing'
  }
  let seen = await stamp()
  let last = seen
  let current = readAccess(file)
  const listeners = new Set<() => void>()
  let looking = false

  const look = async () => {
    if (looking) return
    looking = true
    try {
      const now = await stamp()
      const settled = now === last
      last = now
      if (now === seen || !settled) return
      seen = now
      current = readAccess(file)
      log.info({ file, rigs: current.rigs.length, tokens: current.tokens.length }, 'access file read again')
      for (const listener of listeners) listener()
    } catch (error) {
      log.error(
        { file, problem: (error as Error).message },
        'changed access file refused, the one before stays in force',
      )
    } finally {
      looking = false
    }
  }
  const timer = setInterval(look, pollMs)
  timer.unref()

  return {
    ...createAccess(() => current),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => clearInterval(timer),
  }
}
