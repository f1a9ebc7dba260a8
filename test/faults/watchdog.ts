import { type ChildProcess, spawn } from 'node:child_process'

// No process outlives the harness, however that ends: a shell that knows their ids and kills them when its input closes.

export interface Watchdog {
  add(pid: number): void
  remove(pid: number): void
  /** Kills what is left, and ends. */
  close(): Promise<void>
}

const program =
  'while read -r line; do pids="$line"; done; for pid in $pids; do kill -9 "$pid" 2>/dev/null; done; exit 0'

export function startWatchdog(): Watchdog {
  const pids = new Set<number>()
  // A group of its own: Ctrl-C is for the harness.
  const child: ChildProcess = spawn('sh', ['-c', program], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.stdin?.on('error', () => {})
  child.unref()
  const tell = () => void child.stdin?.write(`${[...pids].join(' ')}\n`)
  return {
    add(pid) {
      pids.add(pid)
      tell()
    },
    remove(pid) {
      pids.delete(pid)
      tell()
    },
    async close() {
      child.stdin?.end()
      await ended
    },
  }
}
