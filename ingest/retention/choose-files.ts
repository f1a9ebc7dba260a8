import { ulid } from '../../common/ulid.ts'
import type { Catalog, LakeFile } from '../catalog/types.ts'
import type { RetentionConfig } from './config.ts'

// Which files go. What counts is when their rows came to ingest, which a segment's name tells: not the times in them, because a rig
// may boot in 1970 or in 2099, and a backlog or a recording that came today is not to go today.

const dayMs = 86_400_000
/** A segment is open for so long at most (journal.segmentAgeMaxS): all in it came within this after its name was drawn. */
const segmentOpenMaxMs = 3_600_000
/** A host whose clock is before 2020 has not been told the time since it was switched on. */
export const clockSetMs = Date.UTC(2020, 0, 1)
/** In one turn, so that nothing else waits for it. */
export const filesMax = 500

/** Of `bytesMax`, for the streams: tables that have grown for years must not cost every row on the day it came. */
export const streamsLeast = 0.5

export interface Chosen {
  files: LakeFile[]
  /** In words: for the log, the Gap, the catalog. */
  reason: string
}

/** Undefined: none. */
export function chooseFiles(
  catalog: Pick<Catalog, 'oldestLakeFiles' | 'lakeTotals'>,
  { ageMaxDays, bytesMax }: RetentionConfig,
  nowMs: number,
): Chosen | undefined {
  if (ageMaxDays !== undefined) {
    const before = segmentAt(nowMs - ageMaxDays * dayMs - segmentOpenMaxMs)
    // What came before the host's clock was first set came not long before what came behind it: it grows old with that.
    const [dated] = catalog.oldestLakeFiles(1, before, segmentAt(clockSetMs))
    const files = dated ? catalog.oldestLakeFiles(filesMax, before) : []
    if (files.length > 0) return { files, reason: `it came more than ${ageMaxDays} days ago (ageMaxDays)` }
  }
  if (bytesMax === undefined) return undefined
  const { bytes, streamBytes } = catalog.lakeTotals()
  let over = Math.min(bytes - bytesMax, streamBytes - bytesMax * streamsLeast)
  const files: LakeFile[] = []
  if (over > 0) {
    for (const file of catalog.oldestLakeFiles(filesMax)) {
      if (over <= 0) break
      files.push(file)
      over -= file.bytes
    }
  }
  return files.length > 0 ? { files, reason: `the lake had more than ${bytesMax} bytes (bytesMax)` } : undefined
}

/** Sorts behind the names of all segments that were begun before then, and before all others. */
const segmentAt = (ms: number): string => ulid(undefined, Math.max(0, Math.floor(ms))).slice(0, 10)
