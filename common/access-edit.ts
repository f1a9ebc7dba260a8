import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Document, isSeq, parseDocument } from 'yaml'
import { type AccessFile, accessSchema, type Role, readAccess } from './access-file.ts'
import { ConfigError, loadConfig } from './config.ts'
import { drawSecret, hashChosenSecret, hashDrawnSecret } from './credentials.ts'
import { replaceFile } from './replace-file.ts'

// Changes to access.yaml. What people wrote beside the entries (comments, order) stays. One change at a time: a lock
// file keeps two commands from overwriting each other's. The new text is checked, written aside, synced and renamed, so
// that a reader never sees half of it. Secrets are returned once and kept nowhere.

/** What was asked for cannot be done; the message says what to do instead. */
export class AccessEditError extends Error {
  override readonly name = 'AccessEditError'
}

type List = 'rigs' | 'ingests' | 'tokens'
const nameKey = { rigs: 'rig', ingests: 'name', tokens: 'name' } as const

/** Adds a rig; `chosen` is a secret to use in place of a drawn one. Returns the secret. */
export async function addRig(file: string, entry: { rig: string; group: string }, chosen?: string): Promise<string> {
  const { secret, hash } = await secretOf(chosen)
  await addEntry(file, 'rigs', { ...entry, secret: hash })
  return secret
}

export async function addIngest(file: string, entry: { name: string; groups: string[] }): Promise<string> {
  const { secret, hash } = await secretOf()
  await addEntry(file, 'ingests', { ...entry, secret: hash })
  return secret
}

/** Returns the token: for the header `Authorization: Bearer <token>`. */
export async function addToken(file: string, entry: { name: string; role: Role }): Promise<string> {
  const { secret, hash } = await secretOf()
  await addEntry(file, 'tokens', { ...entry, hash, created: new Date().toISOString() })
  return secret
}

/** Gives a rig a new secret and returns it; the old one ends at once. */
export async function rotateRig(file: string, rig: string, chosen?: string): Promise<string> {
  const { secret, hash } = await secretOf(chosen)
  await edit(file, (document, access) => {
    document.setIn(['rigs', indexOf(access, 'rigs', rig, file), 'secret'], hash)
  })
  return secret
}

export const removeRig = (file: string, rig: string): Promise<void> => removeEntry(file, 'rigs', rig)
export const removeIngest = (file: string, name: string): Promise<void> => removeEntry(file, 'ingests', name)
export const removeToken = (file: string, name: string): Promise<void> => removeEntry(file, 'tokens', name)

async function secretOf(chosen?: string): Promise<{ secret: string; hash: string }> {
  if (chosen !== undefined) return { secret: chosen, hash: await hashChosenSecret(chosen) }
  const secret = drawSecret()
  return { secret, hash: hashDrawnSecret(secret) }
}

const addEntry = (file: string, list: List, entry: Record<string, unknown>): Promise<void> =>
  edit(file, (document, access) => {
    const name = entry[nameKey[list]] as string
    const users = [...access.rigs.map((each) => each.rig), ...access.ingests.map((each) => each.name)]
    const taken = list === 'tokens' ? access.tokens.map((each) => each.name) : users
    if (taken.includes(name)) {
      const instead = list === 'rigs' ? 'remove or rotate it' : 'remove it first'
      throw new AccessEditError(`${file}: "${name}" is there already; ${instead}, or take another name`)
    }
    if (isSeq(document.get(list))) document.addIn([list], document.createNode(entry))
    else document.set(list, document.createNode([entry]))
  })

const removeEntry = (file: string, list: List, name: string): Promise<void> =>
  edit(file, (document, access) => {
    document.deleteIn([list, indexOf(access, list, name, file)])
  })

function indexOf(access: AccessFile, list: List, name: string, file: string): number {
  const names = list === 'rigs' ? access.rigs.map((each) => each.rig) : access[list].map((each) => each.name)
  const index = names.indexOf(name)
  if (index < 0) {
    throw new AccessEditError(
      `${file}: no "${name}" among its ${list}; there ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ') || 'none'}`,
    )
  }
  return index
}

async function edit(file: string, change: (document: Document, access: AccessFile) => void): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const unlock = await lock(`${file}.lock`)
  try {
    const before = await stat(file).catch(() => undefined)
    const document: Document = before ? parseDocument(await readFile(file, 'utf8')) : new Document({})
    const access = before ? readAccess(file) : accessSchema.parse({})
    if (document.contents === null) document.contents = document.createNode({})
    change(document, access)
    const problemsOf = (aside: string) => {
      try {
        loadConfig(accessSchema, aside, {})
      } catch (cause) {
        const problems = cause instanceof ConfigError ? cause.problems.join('\n  ') : String(cause)
        throw new AccessEditError(`${file} was left as it is:\n  ${problems}`, { cause })
      }
    }
    // Its owner is kept, and what the group may, so that a broker under another user can still read it.
    const mode = before ? (before.mode & 0o660) | 0o600 : 0o600
    await replaceFile(file, String(document), mode, before, problemsOf)
  } finally {
    await unlock()
  }
}

async function lock(path: string, patienceMs = 5000): Promise<() => Promise<void>> {
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      const handle = await open(path, 'wx', 0o600)
      await handle.close()
      return () => rm(path, { force: true })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new AccessEditError(`${path} cannot be written: ${(cause as Error).message}`, { cause })
      }
      if (performance.now() > until) {
        throw new AccessEditError(`another command is changing the file; if none is running, remove ${path}`)
      }
      await sleep(20)
    }
  }
}
