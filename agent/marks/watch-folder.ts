import { type FSWatcher, watch } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createThrottle, type Logger } from '../../common/log.ts'
import { errorCode } from '../../common/segment-log-files.ts'

// Looks into a folder when it changes, and every second besides: a network share does not tell its changes, and a folder that
// went away and came back is another one than was watched. One look at a time: a share that hangs holds up no more than that.

const everyMs = 1000
/** Files come in bursts. */
const gatherMs = 20
/** A look into a share that hangs may never end. */
const closeMs = 1000

export interface FolderWatch {
  close(): Promise<void>
}

/** `look`: see DropFolder. The folder is created where it is missing, now or later. */
export function watchFolder(
  folder: string,
  look: (stopped: () => boolean) => Promise<boolean>,
  log: Logger,
): FolderWatch {
  const throttled = createThrottle()
  let closed = false
  let changed = true
  let wake = () => {}
  let watcher: FSWatcher | undefined
  let watched = ''

  const unwatch = () => {
    watcher?.close()
    watcher = undefined
    watched = ''
  }

  const follow = async () => {
    const { dev, ino } = await stat(folder, { bigint: true })
    const identity = `${dev}:${ino}`
    if (closed || identity === watched) return
    unwatch()
    watched = identity
    try {
      watcher = watch(folder, { persistent: false }, () => {
        changed = true
        wake()
      })
      watcher.on('error', () => watcher?.close())
    } catch {
      // No watches left, or none on this file system: the look every second does.
    }
  }

  const lookOnce = async (): Promise<boolean> => {
    try {
      await follow()
      return await look(() => closed)
    } catch (error) {
      unwatch()
      if (errorCode(error) === 'ENOENT' && (await create())) return true
      throttled('look', () => log.warn({ err: error, folder }, 'the folder of marks cannot be read; trying again'))
      return false
    }
  }

  const create = () =>
    mkdir(folder, { recursive: true }).then(
      () => true,
      () => false,
    )

  const run = async () => {
    while (!closed) {
      changed = false
      if (await lookOnce()) continue
      if (closed) return
      if (!changed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, everyMs)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      if (!closed) await sleep(gatherMs)
    }
  }

  const running = run()
  return {
    async close() {
      closed = true
      unwatch()
      wake()
      await Promise.race([running, sleep(closeMs, undefined, { ref: false })])
    },
  }
}
