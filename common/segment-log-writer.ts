import { encodeSegmentHeader, type SegmentHeader, segmentHeaderBytes } from './segment-format.ts'
import { isDiskFull, type SegmentFile, type SegmentFiles, segmentPath } from './segment-log-files.ts'

/** The segment that is being written. */
export interface SegmentWriter {
  name: string
  /** Where the next record goes: everything before it is durable. */
  readonly end: number
  /** False after a failure that leaves it unknown what of the last write is on the disk. */
  readonly usable: boolean
  /** Writes records at the end and syncs them. After a rejection `end` is as before. */
  commit(bytes: Uint8Array): Promise<void>
  /** Cuts what was written but not synced, if that can still be done, and closes; a segment without records is deleted. */
  abandon(): Promise<void>
  close(): Promise<void>
}

/** Creates the segment's file, header written, its name durable in the folder. Leaves no file if that fails. */
export async function createSegment(
  directory: string,
  header: SegmentHeader,
  files: SegmentFiles,
): Promise<SegmentWriter> {
  const path = segmentPath(directory, header.name)
  const file = await files.create(path)
  try {
    await writeAll(file, encodeSegmentHeader(header), 0)
    await files.syncDirectory(directory)
  } catch (error) {
    await file.close().catch(() => {})
    await files.unlink(path).catch(() => {})
    throw error
  }
  return createWriter(header.name, file, () => files.unlink(path))
}

function createWriter(name: string, file: SegmentFile, unlink: () => Promise<void>): SegmentWriter {
  let end = segmentHeaderBytes
  let usable = true
  const retract = async (): Promise<boolean> => {
    try {
      await file.truncate(end)
      return true
    } catch {
      return false
    }
  }
  return {
    name,
    get end() {
      return end
    },
    get usable() {
      return usable
    },
    async commit(bytes) {
      try {
        await writeAll(file, bytes, end)
      } catch (error) {
        // A full disk has refused the rest and nothing else: what it took is cut off, and the segment is as before.
        usable = isDiskFull(error) && (await retract())
        throw error
      }
      try {
        await file.datasync()
      } catch (error) {
        // A second fsync may well succeed, with the pages gone: what this file holds of them can't be trusted any more.
        usable = false
        throw error
      }
      end += bytes.length
    },
    async abandon() {
      usable = false
      // If it can't be cut, the next segment's header still says where this one ends.
      await retract()
      await file.close().catch(() => {})
      if (end === segmentHeaderBytes) await unlink().catch(() => {})
    },
    close: () => file.close(),
  }
}

async function writeAll(file: SegmentFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw new Error(`the file system took 0 of ${bytes.length - done} bytes`)
    done += bytesWritten
  }
}
