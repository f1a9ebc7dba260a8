import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who holds a lock: a process, told from a later one with the same number by its boot and when it was started. */
export interface LockHolder {
  /** 0: nobody, the file could not be read. */
  pid: number
  /** Clock ticks since the boot (proc(5), field 22 of stat); empty where there is no /proc. */
  started: string
  boot: string
  /** The process namespace, in which the number counts; containers have their own. */
  namespace: string
  host: string
  token: string
  since: string
}

export const thisProcess = (): Omit<LockHolder, 'token' | 'since'> => ({
  pid: process.pid,
  started: startOf(process.pid) ?? '',
  boot: readText('/proc/sys/kernel/random/boot_id').trim(),
  namespace: namespaceOf(),
  host: hostname(),
})

/** True if the holder's process number can be judged here; a boot that is over leaves nobody behind. */
export function isOwnMachine(holder: LockHolder): boolean {
  if (holder.pid === 0) return true
  if (holder.host !== hostname()) return false
  const { boot, namespace } = thisProcess()
  return holder.boot !== boot || holder.namespace === namespace
}

/** Whether the holder, of this machine, still runs. */
export function isRunning(holder: LockHolder): boolean {
  if (holder.pid === 0) return false
  const { boot } = thisProcess()
  if (holder.boot !== boot) return false
  const started = startOf(holder.pid)
  if (started !== undefined) return started === holder.started
  try {
    process.kill(holder.pid, 0)
    // Without /proc that is all there is to know; with it, this is a zombie.
    return holder.started === ''
  } catch (error) {
    // It runs as somebody else's, and /proc hides it.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export const describeHolder = ({ pid, host, since }: LockHolder): string =>
  `process ${pid}${host === hostname() ? '' : ` on ${host}`} (since ${since})`

export function parseHolder(text: string): LockHolder {
  try {
    const { pid, started, boot, namespace, host, token, since } = JSON.parse(text) as LockHolder
    if (Number.isInteger(pid) && typeof token === 'string' && /^[0-9A-Z]+$/.test(token)) {
      return { pid, started, boot, namespace, host, token, since }
    }
  } catch {
    // Cut by a power loss: nobody's.
  }
  return { pid: 0, started: '', boot: '', namespace: '', host: '', token: 'UNREADABLE', since: '' }
}

/** When the file was last touched, ms; undefined if it has gone. */
export const lastHeartbeat = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.mtimeMs

function startOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets, with whatever it likes in it. A zombie holds nothing any more.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return stat === '' || fields[0] === 'Z' ? undefined : fields[19]
}

function namespaceOf(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
