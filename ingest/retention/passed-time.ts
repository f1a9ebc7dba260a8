import { ulidTimeMs } from '../../common/ulid.ts'
import type { Catalog } from '../catalog/types.ts'
import { clockSetMs } from './choose-files.ts'

// The time that files grow old by. The host's clock may be wrong for a while: a year ahead, it would make everything too old,
// and what is removed does not come back when it is set right. So this time follows the clock only as fast as shown below, from
// where it was before: a year of error for an hour ages files by a day. After a month without ingest it has caught up in 30 hours.

/** Days that may pass in a day. */
const speedMax = 24
/** Under which name it stands among the cursors, ms as its offset. */
const cursorName = 'retention'
/** More than this behind the clock is worth a word, ms. */
export const behindLeastMs = 86_400_000

export interface PassedTime {
  /** Ms since 1970; never ahead of the clock. */
  nowMs(): number
}

export interface PassedTimeOptions {
  catalog: Pick<Catalog, 'cursor' | 'saveCursor' | 'newestLakeSegment'>
  /** The host's clock. */
  wallMs: () => number
  monotonicMs?: () => number
}

export function createPassedTime({
  catalog,
  wallMs,
  monotonicMs = () => performance.now(),
}: PassedTimeOptions): PassedTime {
  let beforeMs = monotonicMs()
  let timeMs = catalog.cursor(cursorName)?.offset ?? newestMs(catalog) ?? wallMs()
  return {
    nowMs() {
      const passedMs = monotonicMs() - beforeMs
      beforeMs += passedMs
      const wall = wallMs()
      // A clock that was never set says nothing of what has passed.
      if (timeMs < clockSetMs) timeMs = wall
      // A clock that is set back takes nothing back: it may be back in 1970 for a minute.
      timeMs = Math.max(timeMs, Math.floor(Math.min(wall, timeMs + passedMs * speedMax)))
      catalog.saveCursor(cursorName, { segment: '', offset: timeMs })
      return Math.min(wall, timeMs)
    },
  }
}

/** When the newest rows of streams came, as far as the lake knows. */
function newestMs(catalog: Pick<Catalog, 'newestLakeSegment'>): number | undefined {
  const newest = catalog.newestLakeSegment()
  return newest === undefined ? undefined : ulidTimeMs(newest)
}
