import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from './log.ts'
import { recordBytesLimit } from './segment-format.ts'
import { errorCode, isDiskFull, realFiles, type SegmentFiles } from './segment-log-files.ts'
import { recoverSegments } from './segment-log-recover.ts'
import { createSegments, frameBytes, type RecordParts, type Segments } from './segment-log-segments.ts'
import type { Position, SegmentLog } from './segment-log-types.ts'

// The append-only log of records: appends gather, one write and one fdatasync serve all that wait.

/** No room: an ordinary result. The log goes on as soon as there is room again. */
export class LogFullError extends Error {
  /** `limit`: the log's own byte limit; `disk`: the file system; `waiting`: more waits for the disk than may. */
  readonly reason: 'limit' | 'disk' | 'waiting'
  constructor(reason: LogFullError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LogFullError'
    this.reason = reason
  }
}

export interface SegmentLogOptions {
  directory: string
  /** A segment that would grow beyond is sealed; a larger record gets a segment of its own. */
  segmentBytesMax: number
  /** A segment is sealed this long after its first record, whether more come or not. */
  segmentAgeMaxMs?: number
  /** Of all segments and what waits, give or take a segment's header. */
  bytesMax: number
  recordBytesMax: number
  /** Of records that wait for the disk. 256 MiB. */
  waitingBytesMax?: number
  /** Names of new segments sort behind this one too: who reads the log may have been further than what is left of it. */
  namesAfter?: string | undefined
  /** Told of each step of `synced`, in order; a step into a new segment says that the one before is sealed. */
  onSynced?: (position: Position) => void
  log?: Logger
  files?: SegmentFiles
}

/** One write and fdatasync serve at most this many bytes, or one record that is larger. */
const turnBytesMax = 4 * 1024 * 1024

interface WaitingRecord extends RecordParts {
  resolve(position: Position): void
  reject(error: Error): void
}
interface WaitingRoll {
  bytes: undefined
  resolve(): void
}
type Waiting = WaitingRecord | WaitingRoll

/**
 * Opens the log in a folder (created if missing), cuts the torn tail that a crash has left, and begins a new segment.
 * Only one process may have it open: see data-lock.ts. Records given to `append` must not be changed until it settles.
 * Appends that fail reject together with all that wait behind them, so what fails is the end of what was appended and
 * no hole in it. Rejects if the folder can't be read or written; a full disk is no reason: then `append` says so.
 */
export async function openSegmentLog(options: SegmentLogOptions): Promise<SegmentLog> {
  const { directory, recordBytesMax, onSynced, log, files = realFiles } = options
  if (!(recordBytesMax > 0 && recordBytesMax <= recordBytesLimit)) {
    throw new RangeError(`recordBytesMax is ${recordBytesMax}; it must be from 1 to ${recordBytesLimit}`)
  }
  await files.createDirectory(directory)
  const found = await recoverSegments(directory, files, log)
  let begun = (_segment: string) => {}
  const { lastName, namesAfter } = { ...found, ...options }
  if (namesAfter !== undefined && (lastName ?? '') < namesAfter) found.lastName = namesAfter
  const segments = createSegments(
    {
      ...options,
      files,
      log,
      onSynced(position) {
        try {
          onSynced?.(position)
        } catch (error) {
          log?.error({ err: error }, 'whoever follows the log failed')
        }
      },
      onBegun: (segment) => begun(segment),
    },
    found,
  )
  try {
    await segments.begin()
  } catch (error) {
    if (!isDiskFull(error)) throw writeError(directory, error)
    log?.warn({ err: error }, 'the disk is full: the log cannot begin a segment yet')
  }
  const queue = createQueue(options, segments)
  begun = queue.rollWhenOld
  return {
    append: queue.append,
    get synced() {
      return segments.synced
    },
    get bytes() {
      return segments.bytes + queue.waitingBytes
    },
    segments: segments.list,
    roll: queue.roll,
    drop: segments.drop,
    close: queue.close,
  }
}

const writeError = (directory: string, cause: unknown): Error =>
  isDiskFull(cause)
    ? new LogFullError('disk', `no room on the disk for the log in ${directory} (${errorCode(cause)}): make room`, {
        cause,
      })
    : new Error(`the log in ${directory} cannot be written: ${(cause as Error).message}`, { cause })

/** What waits for the disk, in the order of the calls, and the work that takes it there. */
function createQueue(options: SegmentLogOptions, segments: Segments) {
  const { directory, segmentAgeMaxMs } = options
  let queue: Waiting[] = []
  let waitingBytes = 0
  let working: Promise<void> | undefined
  let closing: Promise<void> | undefined
  let ageTimer: NodeJS.Timeout | undefined

  const wake = () => {
    working ??= work()
  }

  const work = async () => {
    // Appends of the same turn of the event loop gather.
    await nextTurn()
    for (let first = queue[0]; first; first = queue[0]) {
      if (first.bytes === undefined) {
        await segments.roll()
        queue.shift()
        first.resolve()
      } else if (segments.begun && frameBytes(first) > segments.roomBytes) {
        await segments.roll()
      } else {
        await writeNext()
      }
    }
    working = undefined
  }

  const writeNext = async () => {
    const { group, bytes } = takeGroup()
    try {
      const { segment, offset: start } = await segments.write(group, bytes, () => {
        waitingBytes -= bytes
      })
      let offset = start
      for (const record of group) {
        record.resolve({ segment, offset })
        offset += frameBytes(record)
      }
    } catch (error) {
      rejectAll(group, writeError(directory, error))
    }
  }

  /** Takes what one write and the segment can hold: up to a roll, at least one record. */
  const takeGroup = () => {
    const room = Math.min(segments.roomBytes, turnBytesMax)
    let bytes = 0
    let count = 0
    for (const record of queue) {
      if (record.bytes === undefined || (count > 0 && bytes + frameBytes(record) > room)) break
      bytes += frameBytes(record)
      count++
    }
    const group = queue.splice(0, count) as WaitingRecord[]
    return { group, bytes }
  }

  const rejectAll = (group: WaitingRecord[], error: Error) => {
    const all = [...group, ...queue]
    queue = all.filter(({ bytes }) => bytes === undefined)
    for (const entry of all) {
      if (entry.bytes === undefined) continue
      waitingBytes -= frameBytes(entry)
      entry.reject(error)
    }
  }

  const refusal = (length: number, bytes: number): Error | undefined => {
    const { recordBytesMax, bytesMax, waitingBytesMax = 256 * 1024 * 1024 } = options
    const total = segments.bytes + waitingBytes
    if (closing) return new Error(`the log in ${directory} is closed`)
    if (length > recordBytesMax) {
      return new RangeError(`a record of ${length} bytes; the log in ${directory} takes at most ${recordBytesMax}`)
    }
    if (total + bytes > bytesMax) {
      return new LogFullError('limit', `the log in ${directory} has ${total} of its ${bytesMax} bytes`)
    }
    if (waitingBytes > 0 && waitingBytes + bytes > waitingBytesMax) {
      return new LogFullError('waiting', `${waitingBytes} bytes already wait for the disk of ${directory}`)
    }
    return undefined
  }

  const closeNow = async () => {
    clearTimeout(ageTimer)
    while (working) await working
    await segments.close()
  }

  return {
    get waitingBytes() {
      return waitingBytes
    },
    append: (record: Uint8Array, head?: Uint8Array) =>
      new Promise<Position>((resolve, reject) => {
        const bytes = frameBytes({ head, bytes: record })
        const refused = refusal((head?.length ?? 0) + record.length, bytes)
        if (refused) {
          reject(refused)
          return
        }
        queue.push({ head, bytes: record, resolve, reject })
        waitingBytes += bytes
        wake()
      }),
    roll: () =>
      new Promise<void>((resolve, reject) => {
        if (closing) {
          reject(new Error(`the log in ${directory} is closed`))
          return
        }
        queue.push({ bytes: undefined, resolve })
        wake()
      }),
    rollWhenOld(segment: string) {
      clearTimeout(ageTimer)
      if (segmentAgeMaxMs === undefined) return
      ageTimer = setTimeout(() => {
        if (closing || segments.synced.segment !== segment) return
        queue.push({ bytes: undefined, resolve() {} })
        wake()
      }, segmentAgeMaxMs)
      ageTimer.unref()
    },
    close() {
      closing ??= closeNow()
      return closing
    },
  }
}
