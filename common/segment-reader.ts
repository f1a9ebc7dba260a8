import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import {
  createRecordScanner,
  decodeSegmentHeader,
  recordBytesLimit,
  type SegmentHeader,
  segmentHeaderBytes,
  segmentSalt,
} from './segment-format.ts'
import { errorCode, segmentNameOf, segmentPath } from './segment-log-files.ts'
import type { Damage, LogRecord, Position } from './segment-log-types.ts'
import { isUlid } from './ulid.ts'

// Reading the segments of a log that another thread or process may be writing: up to what is durable, and no further.

export interface ReadOptions {
  /** Read at a time; more is only held for a record larger than this. 1 MiB. */
  chunkBytes?: number
  /** Reads each chunk into the same memory: records hold only until the next array is asked for. */
  reuse?: boolean
  /** Told of bytes that hold no readable record; reading goes on behind them. */
  onDamage?: (damage: Damage) => void
}

const chunkBytesDefault = 1024 * 1024
/** As an offset: where the segment ends. */
const sealed = Number.MAX_SAFE_INTEGER

/**
 * The records from `from` (undefined: from the oldest; in a segment that is gone: from the next one) up to `to`, in
 * arrays of those that were read together, in order. `to` is the log's `synced`, or any position before it; an offset
 * of Number.MAX_SAFE_INTEGER stands for a sealed segment's end. When the generator has ended, all up to `to` was read.
 *
 * A record's bytes are a view of its chunk. They stay valid and unchanged for as long as they are held, but hold that
 * whole chunk in memory: copy what is kept for long. Rejects if a file can't be read or is of a later release's format.
 */
export async function* readChunks(
  directory: string,
  from: Position | undefined,
  to: Position,
  options: ReadOptions = {},
): AsyncGenerator<LogRecord[]> {
  const toSealedEnd = to.offset === sealed
  // Nearly always the reader follows the writer inside one segment: no need to list them.
  const names = from?.segment === to.segment && !toSealedEnd ? [to.segment] : await segmentNames(directory)
  for (const [index, name] of names.entries()) {
    if (from && name < from.segment) continue
    if (name > to.segment) break
    const start = name === from?.segment ? from.offset : 0
    const end = name === to.segment && !toSealedEnd ? to.offset : await sealedEnd(directory, name, names[index + 1])
    yield* readSegment(directory, name, start, end, options)
  }
}

/** As readChunks, record by record. */
export async function* readRecords(
  directory: string,
  from: Position | undefined,
  to: Position,
  options: ReadOptions = {},
): AsyncGenerator<LogRecord> {
  for await (const records of readChunks(directory, from, to, options)) yield* records
}

/** The segments in a folder and the sizes of their files, oldest first; none if there is no such folder. */
export async function listSegments(directory: string): Promise<{ name: string; bytes: number }[]> {
  const found: { name: string; bytes: number }[] = []
  for (const name of await segmentNames(directory)) {
    try {
      found.push({ name, bytes: (await stat(segmentPath(directory, name))).size })
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
  return found
}

async function segmentNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).map(segmentNameOf).filter(isUlid).sort()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Where a segment ends that has a successor: at the file's end, unless the successor says that a write failed there. */
export async function sealedEnd(directory: string, name: string, successor: string | undefined): Promise<number> {
  if (successor === undefined) return sealed
  const { predecessor } = (await readSegmentHeader(directory, successor)) ?? {}
  return predecessor?.segment === name ? predecessor.offset : sealed
}

/** Undefined if there is no such file or its header is damaged. */
export async function readSegmentHeader(directory: string, name: string): Promise<SegmentHeader | undefined> {
  const file = await openSegment(directory, name)
  try {
    return file && (await readHeader(file, directory, name))
  } finally {
    await file?.close()
  }
}

/** Undefined if it was dropped. */
async function openSegment(directory: string, name: string): Promise<FileHandle | undefined> {
  try {
    return await open(segmentPath(directory, name), 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

interface ReadableFile {
  read(target: Uint8Array, at: number, length: number, position: number): Promise<{ bytesRead: number }>
}

async function readHeader(file: FileHandle, directory: string, name: string) {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  const length = await readFully(file, bytes, 0, 0)
  try {
    return decodeSegmentHeader(bytes.subarray(0, length))
  } catch (cause) {
    throw new Error(`${segmentPath(directory, name)} can't be read: ${(cause as Error).message}`, { cause })
  }
}

const sectorBytes = 4096

/**
 * Fills `target` from `at` on with the file's bytes from `position` on, or to the file's end; returns the number read.
 * Parts that the disk can't give back are filled with zeros: they are damage like any other.
 */
export async function readFully(file: ReadableFile, target: Buffer, at: number, position: number): Promise<number> {
  let length = 0
  let stepBytes = target.length
  while (at + length < target.length) {
    const step = Math.min(stepBytes, target.length - at - length)
    try {
      const { bytesRead } = await file.read(target, at + length, step, position + length)
      if (bytesRead === 0) break
      length += bytesRead
    } catch (error) {
      if (errorCode(error) !== 'EIO') throw error
      if (step > sectorBytes) stepBytes = sectorBytes
      else {
        target.fill(0, at + length, at + length + step)
        length += step
      }
    }
  }
  return length
}

/** The records of one segment between two offsets, as arrays; bounds beyond the file are its own. */
export async function* readSegment(
  directory: string,
  segment: string,
  from: number,
  to: number,
  { chunkBytes = chunkBytesDefault, reuse = false, onDamage }: ReadOptions = {},
): AsyncGenerator<LogRecord[]> {
  if (from >= to) return
  const file = await openSegment(directory, segment)
  if (!file) return
  try {
    const { size } = await file.stat()
    const header = await readHeader(file, directory, segment)
    const end = Math.min(to, size)
    // With a damaged header the search begins at 0; the first record is then found by its marker.
    let offset = Math.max(from, header?.bytes ?? 0)
    const scanner = createRecordScanner({
      segment,
      // A file that was renamed still has the records of its own name.
      salt: segmentSalt(header?.name ?? segment),
      recordBytesMax: header?.recordBytesMax ?? recordBytesLimit,
      end,
      ...(onDamage ? { onDamage } : {}),
    })
    let rest: Buffer = Buffer.alloc(0)
    let memory: Buffer = rest
    while (offset < end) {
      const wanted = Math.min(end - offset, Math.max(chunkBytes, scanner.wantedBytes))
      // New memory each time, unless told otherwise, so that records handed out stay as they are.
      if (!reuse || memory.length < wanted) memory = Buffer.allocUnsafeSlow(wanted)
      const chunk = memory.subarray(0, wanted)
      rest.copy(chunk)
      const length = rest.length + (await readFully(file, chunk, rest.length, offset + rest.length))
      if (length === rest.length) {
        // Somebody cut it since.
        onDamage?.({ segment, from: offset, to: end })
        break
      }
      const filled = chunk.subarray(0, length)
      const records: LogRecord[] = []
      const done = scanner.scan(filled, offset, records)
      rest = filled.subarray(done)
      offset += done
      if (records.length > 0) yield records
    }
    if (size < to && to < sealed) {
      onDamage?.({ segment, from: Math.max(size, from), to })
    }
  } finally {
    await file.close()
  }
}
