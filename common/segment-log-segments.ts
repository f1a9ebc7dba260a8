import type { Logger } from './log.ts'
import { encodeRecord, recordHeadBytes, segmentHeaderBytes, segmentSalt } from './segment-format.ts'
import { errorCode, isDiskFull, type SegmentFiles, segmentPath } from './segment-log-files.ts'
import type { FoundSegments } from './segment-log-recover.ts'
import type { Position, SegmentInfo } from './segment-log-types.ts'
import { createSegment, type SegmentWriter } from './segment-log-writer.ts'
import { ulid } from './ulid.ts'

/** A record to be written: `head`, if there is one, and then `bytes`. */
export interface RecordParts {
  head?: Uint8Array | undefined
  bytes: Uint8Array
}

/** The segments of an open log: the sealed ones and the one being written. One `write` or `roll` at a time. */
export interface Segments {
  readonly synced: Position
  /** Of the files. */
  readonly bytes: number
  /** The current segment holds records. */
  readonly begun: boolean
  /** What the current segment still takes, in bytes of frames. */
  readonly roomBytes: number
  list(): SegmentInfo[]
  /** Begins a segment. */
  begin(): Promise<void>
  /**
   * Makes records durable, in a new segment if this one fails; resolves with the place of the first, the others follow it.
   * `counted` is called when `bytes` has them, before `synced` does.
   */
  write(records: readonly RecordParts[], framesBytes: number, counted: () => void): Promise<Position>
  /** Seals the current segment if it holds records. Does not reject. */
  roll(): Promise<void>
  drop(name: string): Promise<void>
  close(): Promise<void>
}

export interface SegmentsOptions {
  directory: string
  segmentBytesMax: number
  recordBytesMax: number
  files: SegmentFiles
  log?: Logger | undefined
  onSynced: (position: Position) => void
  /** The first record of a segment was written. */
  onBegun: (segment: string) => void
}

/** How many segments are tried for the same records before they are given up. */
const attemptsMax = 3

export function createSegments(options: SegmentsOptions, found: FoundSegments): Segments {
  const { directory, files, log } = options
  const sealed: SegmentInfo[] = found.segments.map((segment) => ({ ...segment, sealed: true }))
  let bytes = sealed.reduce((sum, segment) => sum + segment.bytes, 0)
  let current: SegmentWriter | undefined
  let dropping: Promise<void> = Promise.resolve()
  const encode = createEncoder()

  const endOfSealed = (): Position | undefined => {
    const last = sealed.at(-1)
    return last && { segment: last.name, offset: last.bytes }
  }
  let lastName = found.lastName ?? ulid()
  let synced: Position = endOfSealed() ?? { segment: lastName, offset: 0 }
  const advance = (segment: string, offset: number) => {
    synced = { segment, offset }
    options.onSynced(synced)
  }

  const begin = async (): Promise<SegmentWriter> => {
    const predecessor = endOfSealed()
    const name = ulid(lastName)
    const header = { name, recordBytesMax: options.recordBytesMax, ...(predecessor ? { predecessor } : {}) }
    current = await createSegment(directory, header, files)
    lastName = name
    bytes += current.end
    advance(name, current.end)
    return current
  }

  /** Counts the current segment among the sealed ones; one without records is forgotten. */
  const seal = (segment: SegmentWriter) => {
    current = undefined
    if (segment.end === segmentHeaderBytes) bytes -= segmentHeaderBytes
    else sealed.push({ name: segment.name, bytes: segment.end, sealed: true })
  }

  const dropNow = async (name: string) => {
    const [oldest] = sealed
    if (oldest?.name !== name) {
      const known = name === current?.name || sealed.some((segment) => segment.name === name)
      if (!known) return
      throw new Error(
        `segment ${name} can't be dropped: ${oldest ? `the oldest is ${oldest.name}` : 'it is being written'}`,
      )
    }
    await files.unlink(segmentPath(directory, name)).catch((error) => {
      if (errorCode(error) !== 'ENOENT') throw error
    })
    sealed.shift()
    bytes -= oldest.bytes
  }

  return {
    get synced() {
      return synced
    },
    get bytes() {
      return bytes
    },
    get begun() {
      return current !== undefined && current.end > segmentHeaderBytes
    },
    get roomBytes() {
      return options.segmentBytesMax - (current?.end ?? segmentHeaderBytes)
    },
    list: () => [...sealed, ...(current ? [{ name: current.name, bytes: current.end, sealed: false }] : [])],
    async begin() {
      await begin()
    },
    async write(records, framesBytes, counted) {
      for (let attempt = 1; ; attempt++) {
        try {
          const segment = current ?? (await begin())
          const start = segment.end
          await segment.commit(encode(records, framesBytes, segment.name, start))
          if (start === segmentHeaderBytes) options.onBegun(segment.name)
          bytes += framesBytes
          counted()
          advance(segment.name, segment.end)
          return { segment: segment.name, offset: start }
        } catch (error) {
          if (current && !current.usable) {
            log?.error({ err: error, segment: current.name }, 'a write failed: the segment is abandoned')
            await current.abandon()
            seal(current)
          }
          if (isDiskFull(error) || attempt === attemptsMax) throw error
        }
      }
    },
    async roll() {
      if (!current || current.end === segmentHeaderBytes) return
      const segment = current
      seal(segment)
      await segment.close().catch((error) => log?.warn({ err: error }, 'a sealed segment could not be closed'))
      // If there is no room for the next one now, the next write tries again.
      await begin().catch((error) => log?.warn({ err: error }, 'the log cannot begin a segment yet'))
    },
    drop(name) {
      const dropped = dropping.then(() => dropNow(name))
      dropping = dropped.catch(() => {})
      return dropped
    },
    async close() {
      await dropping
      await current?.close()
    },
  }
}

/** Lays records out as they will lie in a segment from `start` on, in a buffer that is used again and again. */
function createEncoder() {
  let buffer = Buffer.allocUnsafeSlow(64 * 1024)
  return (records: readonly RecordParts[], framesBytes: number, segment: string, start: number): Buffer => {
    if (buffer.length < framesBytes) buffer = Buffer.allocUnsafeSlow(Math.max(framesBytes, 2 * buffer.length))
    const salt = segmentSalt(segment)
    let at = 0
    for (const { head, bytes } of records) at = encodeRecord(buffer, at, bytes, salt, start + at, head)
    return buffer.subarray(0, at)
  }
}

export const frameBytes = ({ head, bytes }: RecordParts): number => recordHeadBytes + (head?.length ?? 0) + bytes.length
