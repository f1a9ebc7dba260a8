import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlFile } from './control.ts'

// A disk of a fixed size under a folder: a tmpfs where the harness may mount one (root on Linux), else the preload's quota. It is filled
// by making it smaller, which takes no memory as a file of ballast would.

export interface Disk {
  /** `quota` holds for what Rigline writes through node:fs alone; the catalog and the lake's files do not see it. */
  readonly type: 'tmpfs' | 'quota'
  /** So much can still be written, about. */
  fill(leaveBytes: number): void
  free(): void
  /** Nothing of what lay on it remains. Safe twice. */
  close(): void
}

/** Mounts are named after their harness, so that what a crash has left can be told from what is in use. */
const namePrefix = 'rigline-faults-'
const pageBytes = 4096
const mounted = new Set<string>()

/** `folder` is created if missing and must be empty. `control`: of the process that writes there. */
export function createDisk(folder: string, bytes: number, control: ControlFile): Disk {
  mkdirSync(folder, { recursive: true })
  return mountTmpfs(folder, bytes) ? createTmpfs(folder, bytes) : createQuota(folder, bytes, control)
}

function createTmpfs(folder: string, bytes: number): Disk {
  const resize = (to: number) => run('mount', ['-o', `remount,size=${to}`, folder])
  return {
    type: 'tmpfs',
    fill(leaveBytes) {
      // What is written meanwhile may need the room: the kernel refuses a size below what is used.
      for (let attempt = 0; attempt < 20; attempt++) {
        const { blocks, bfree, bsize } = statfsSync(folder)
        const used = (blocks - bfree) * bsize
        if (resize(Math.max(pageBytes, used + Math.ceil(leaveBytes / pageBytes) * pageBytes))) return
      }
      throw new Error(`the disk at ${folder} cannot be filled: it is written to faster than it can be made smaller`)
    },
    free() {
      if (!resize(bytes)) throw new Error(`the disk at ${folder} cannot be given its ${bytes} bytes again`)
    },
    close: () => unmount(folder),
  }
}

/** For a while, or where nothing can be mounted. */
export function createQuota(folder: string, bytes: number, control: ControlFile): Disk {
  control.set({ quota: { folder, bytesMax: bytes } })
  return {
    type: 'quota',
    fill: (leaveBytes) => control.set({ quota: { folder, bytesMax: bytesBelow(folder) + leaveBytes } }),
    free: () => control.set({ quota: { folder, bytesMax: bytes } }),
    close: () => control.set({ quota: undefined }),
  }
}

/** Of the files; one that goes meanwhile counts for nothing. */
const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) =>
      sum + (entry.isFile() ? (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0) : 0),
    0,
  )

const run = (program: string, args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0

function mountTmpfs(folder: string, bytes: number): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const name = `${namePrefix}${process.pid}-${startedAt(process.pid)}`
  if (!run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=755`, name, folder])) return false
  if (mounted.size === 0) process.on('exit', unmountAll)
  mounted.add(folder)
  return true
}

/** Lazily: a process that still runs on it keeps it until its end, and nothing else does. */
function unmount(folder: string): void {
  if (!mounted.delete(folder)) return
  if (!run('umount', ['-l', folder])) process.stderr.write(`the tmpfs at ${folder} cannot be unmounted: umount it\n`)
}

function unmountAll(): void {
  for (const folder of [...mounted]) unmount(folder)
}

/** Unmounts what a harness that was killed has left; returns the folders. */
export function sweepDisks(): string[] {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return []
  const left = readFileSync('/proc/mounts', 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [name = '', folder = ''] = line.split(' ')
      const [, pid, since] = new RegExp(`^${namePrefix}(\\d+)-(\\d+)$`).exec(name) ?? []
      return pid !== undefined && startedAt(Number(pid)) !== Number(since) ? [unescapeMount(folder)] : []
    })
  for (const folder of left) run('umount', ['-l', folder])
  return left
}

/** Spaces and the like are octal in /proc/mounts. */
const unescapeMount = (text: string): string =>
  Buffer.from(
    text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    'latin1',
  ).toString('utf8')

/** When a process began, in ticks since the boot; 0 if there is none: a number that is used again is another process. */
function startedAt(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; start time is field 22, the 20th behind it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return 0
  }
}
