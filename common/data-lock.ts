import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  describeHolder,
  isOwnMachine,
  isRunning,
  type LockHolder,
  lastHeartbeat,
  parseHolder,
  thisProcess,
} from './lock-holder.ts'
import { errorCode } from './segment-log-files.ts'
import { ulid } from './ulid.ts'

// One process a data folder. Node has no flock, so the lock is a file that names its holder, created atomically; the lock
// of a process that died is taken over.
//
// Taking over must have one winner, though many may see the same dead holder. Who creates `lock.after-<token>`, token being the
// dead lock's own, and then still finds that lock in place, alone may put his own over it: nobody else replaces a lock
// without having created that file, and a lock, once replaced, never comes back, for each has a token of its own. If the winner
// dies half way, its `lock.after-` file names a dead holder too and is followed in the same way.

const heartbeatMs = 2_000
/** How long a holder on another machine, or in another container, must be silent to be taken for dead. */
const silenceMs = 4 * heartbeatMs

/**
 * Locks a folder (created if missing) for this process; returns what gives it back (safe twice). Rejects if a running
 * process holds it, and names that. A holder that can't be asked for (other container, other machine) is watched for 8 s.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'lock')
  const token = ulid()
  const content = JSON.stringify({ ...thisProcess(), token, since: new Date().toISOString() })
  const claim = `${path}.claim-${token}`
  writeFileSync(claim, content)
  try {
    await acquire(folder, path, claim, content)
  } finally {
    rmSync(claim, { force: true })
  }
  removeLeftovers(folder)
  const heartbeat = setInterval(() => beat(path), heartbeatMs)
  heartbeat.unref()
  return () => {
    clearInterval(heartbeat)
    if (readHolder(path)?.token === token) rmSync(path, { force: true })
  }
}

async function acquire(folder: string, path: string, claim: string, content: string): Promise<void> {
  for (;;) {
    if (createExclusively(path, claim, content)) return
    const chain = await deadHolders(folder, path)
    if (chain === undefined) continue
    const marker = `${path}.after-${chain.at(-1)!.token}`
    if (!createExclusively(marker, claim, content)) continue
    const won = chainStands(path, chain)
    if (won) renameSync(claim, path)
    rmSync(marker, { force: true })
    if (won) return
  }
}

/** The lock's holder and those who died while they took over, all dead; undefined if the lock has gone. Throws if one lives. */
async function deadHolders(folder: string, path: string): Promise<LockHolder[] | undefined> {
  const chain: LockHolder[] = []
  for (let file = path; ; file = `${path}.after-${chain.at(-1)!.token}`) {
    const holder = await readSettled(file)
    if (!holder) return chain.length > 0 ? chain : undefined
    if (await lives(file, holder)) {
      throw new Error(
        `${folder} is in use by ${describeHolder(holder)}: stop that first, or give this one another data folder`,
      )
    }
    chain.push(holder)
  }
}

const chainStands = (path: string, chain: LockHolder[]): boolean =>
  chain.every(({ token }, index) => {
    const file = index === 0 ? path : `${path}.after-${chain[index - 1]!.token}`
    return readHolder(file)?.token === token
  })

async function lives(file: string, holder: LockHolder): Promise<boolean> {
  if (isOwnMachine(holder)) return isRunning(holder)
  // Its process number means nothing here. Whether the file is touched does, whatever its clock says.
  const before = lastHeartbeat(file)
  for (let waitedMs = 0; waitedMs < silenceMs; waitedMs += 200) {
    await delay(200)
    if (lastHeartbeat(file) !== before) return true
  }
  return false
}

/** True if the file was created, with its content in it from the first moment where the file system has hard links. */
function createExclusively(path: string, claim: string, content: string): boolean {
  try {
    linkSync(claim, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES', 'EINVAL'].includes(errorCode(error)))
      throw error
  }
  try {
    writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Undefined if there is no such file. One that can't be read (cut by a power loss) has a holder that is nobody. */
function readHolder(file: string): LockHolder | undefined {
  try {
    return parseHolder(readFileSync(file, 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** As readHolder, but without hard links a file may be seen before its content: it gets a second for that. */
async function readSettled(file: string): Promise<LockHolder | undefined> {
  for (let attempt = 0; ; attempt++) {
    const holder = readHolder(file)
    if (holder?.pid !== 0 || attempt === 10) return holder
    await delay(100)
  }
}

function beat(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // The folder has gone, or its disk: whoever writes there says so.
  }
}

/** Deletes what those left who died over the lock. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('lock.after-') && !name.startsWith('lock.claim-')) continue
    const holder = readHolder(join(folder, name))
    // One that can't be read may just be being written.
    if (holder && holder.pid !== 0 && isOwnMachine(holder) && !isRunning(holder))
      rmSync(join(folder, name), { force: true })
  }
}
