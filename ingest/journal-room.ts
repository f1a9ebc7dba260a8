import { statfsSync } from 'node:fs'
import type { Logger } from '../common/log.ts'
import { LogFullError } from '../common/segment-log.ts'
import type { SegmentLog } from '../common/segment-log-types.ts'

// Whether the journal takes anything now. Full means full for all: where a small envelope still fitted and a large one did
// not, the small ones would overtake it, and the agent would give the large one up as refused.

export interface JournalRoom {
  /** False from when the largest record may not fit, until it and as much again does. Asked before each append. */
  has(): boolean
  /** An append failed: nothing is taken for a second, nor while the disk is that full. */
  failed(error: unknown): void
  /** Why there is none. */
  why(): Error
}

const retryAfterMs = 1_000

/** `bytesMax` is the log's own limit, `folder` its folder. */
export function createJournalRoom(
  log: Pick<SegmentLog, 'bytes'>,
  {
    folder,
    bytesMax,
    recordBytesMax,
    warn,
    nowMs = () => performance.now(),
  }: { folder: string; bytesMax: number; recordBytesMax: number; warn: Logger['warn']; nowMs?: () => number },
): JournalRoom {
  // A log that is tiny for its records still is to take some.
  const record = Math.min(recordBytesMax, bytesMax / 8)
  let full = false
  let cause: Error | undefined
  let retryAtMs = 0

  const hasDiskRoom = (): boolean => {
    try {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize >= 2 * recordBytesMax
    } catch (error) {
      // Then the next append tells.
      warn({ err: error }, 'the room on the disk of the journal cannot be asked for')
      return true
    }
  }

  return {
    has() {
      const free = bytesMax - log.bytes
      full = free < (full ? 2 * record : record)
      if (full) return false
      if (!cause) return true
      if (nowMs() < retryAtMs) return false
      if (!hasDiskRoom()) {
        retryAtMs = nowMs() + retryAfterMs
        return false
      }
      cause = undefined
      return true
    },
    failed(error) {
      cause = error instanceof Error ? error : new Error(String(error))
      retryAtMs = nowMs() + retryAfterMs
    },
    why: () =>
      full || !cause ? new LogFullError('limit', `the journal has ${log.bytes} of its ${bytesMax} bytes`) : cause,
  }
}
