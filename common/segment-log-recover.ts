import type { Logger } from './log.ts'
import { segmentHeaderBytes } from './segment-format.ts'
import { type SegmentFiles, segmentPath } from './segment-log-files.ts'
import type { Damage } from './segment-log-types.ts'
import { listSegments, readSegment, readSegmentHeader } from './segment-reader.ts'

interface SegmentFile {
  name: string
  bytes: number
}

export interface FoundSegments {
  /** Oldest first; each holds something. */
  segments: SegmentFile[]
  /** The newest name there was, even if its segment held nothing. */
  lastName: string | undefined
}

/**
 * What an earlier start left: cuts the torn tail of the newest segment, makes what remains durable (its writer may have
 * been killed before its fsync), and deletes segments without records, so that starts in a loop leave nothing.
 */
export async function recoverSegments(directory: string, files: SegmentFiles, log?: Logger): Promise<FoundSegments> {
  const segments = await listSegments(directory)
  const lastName = segments.at(-1)?.name
  let end: number | undefined
  for (let last = segments.at(-1); last; last = segments.at(-1)) {
    const { name } = last
    const header = await readSegmentHeader(directory, name)
    end = Math.min(end ?? (await findEnd(directory, last, log)), last.bytes)
    await cut(segmentPath(directory, name), end, last.bytes, files)
    // A start without a record is no torn tail: every start begins a segment.
    const isEmpty = header !== undefined && last.bytes === segmentHeaderBytes
    if (end < last.bytes && !isEmpty)
      log?.warn({ segment: name, from: end, to: last.bytes }, 'the torn tail of a log was cut')
    last.bytes = end
    if (end > segmentHeaderBytes) break
    segments.pop()
    await files.unlink(segmentPath(directory, name))
    // It may say where a write into the one before it failed; else that one is looked through in its turn.
    const before = segments.at(-1)?.name
    end = header?.predecessor && header.predecessor.segment === before ? header.predecessor.offset : undefined
  }
  return { segments, lastName }
}

/** Behind the last readable record; 0 if there is none. */
async function findEnd(directory: string, { name, bytes: size }: SegmentFile, log?: Logger): Promise<number> {
  let end = 0
  let damagedBytes = 0
  const onDamage = ({ from, to }: Damage) => {
    // What reaches the file's end is its torn tail.
    if (to < size) damagedBytes += to - from
  }
  for await (const records of readSegment(directory, name, 0, Number.MAX_SAFE_INTEGER, { onDamage })) {
    end = records.at(-1)?.next.offset ?? end
  }
  if (damagedBytes > 0) {
    log?.warn({ segment: name, damagedBytes }, 'damaged bytes in a log: their records are lost, the others are not')
  }
  return end
}

async function cut(path: string, end: number, size: number, files: SegmentFiles): Promise<void> {
  const file = await files.open(path)
  try {
    if (end < size) await file.truncate(end)
    await file.datasync()
  } finally {
    await file.close()
  }
}
