import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realFiles, type SegmentFile, type SegmentFiles } from '../../common/segment-log-files.ts'

// The real file system, made to fail on demand: full, with failing fsyncs that lose the pages, dying between any two calls.

export interface FaultyFiles extends SegmentFiles {
  /** Bytes that still fit; a write beyond takes what fits (a short write), the next fails with ENOSPC. */
  roomBytes: number
  /** So many of the next syncs fail; the pages written since the last one are gone. */
  failSyncs: number
  failWrites: number
  failTruncates: number
  failCreates: number
  /** At most so many bytes are taken by one write. */
  writeBytesMax: number
  /** Calls until the machine dies: that call and all later ones fail and do nothing (a write is cut short). */
  diesAfter: number
  syncs: number
  /** Power is lost: of each file's bytes that were never synced remains what `change` makes of them. */
  losePower(change: (unsynced: Buffer) => Buffer): void
}

const failure = (code: string) => Object.assign(new Error(`${code}: injected`), { code })

export function createFaultyFiles(): FaultyFiles {
  const durable = new Map<string, number>()

  const step = () => {
    if (files.diesAfter <= 0) throw failure('EDEAD')
    files.diesAfter--
  }
  const take = (fault: 'failSyncs' | 'failWrites' | 'failTruncates' | 'failCreates'): boolean => {
    if (files[fault] <= 0) return false
    files[fault]--
    return true
  }

  const wrap = (path: string, file: SegmentFile): SegmentFile => ({
    async write(bytes, offset, length, position) {
      if (files.diesAfter === 1) await file.write(bytes, offset, length >> 1, position)
      if (files.diesAfter <= 1) files.diesAfter = 0
      step()
      if (take('failWrites')) throw failure('EIO')
      const fits = Math.min(length, files.roomBytes, files.writeBytesMax)
      if (fits <= 0) throw failure('ENOSPC')
      files.roomBytes -= fits
      return file.write(bytes, offset, fits, position)
    },
    async datasync() {
      step()
      files.syncs++
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
      if (take('failSyncs')) {
        const content = readFileSync(path)
        content.fill(0, durable.get(path) ?? 0)
        writeFileSync(path, content)
        throw failure('EIO')
      }
      await file.datasync()
      durable.set(path, size)
    },
    async truncate(length) {
      step()
      if (take('failTruncates')) throw failure('EIO')
      await file.truncate(length)
      durable.set(path, Math.min(length, durable.get(path) ?? 0))
    },
    close: () => file.close(),
  })

  const files: FaultyFiles = {
    roomBytes: Number.POSITIVE_INFINITY,
    failSyncs: 0,
    failWrites: 0,
    failTruncates: 0,
    failCreates: 0,
    writeBytesMax: Number.POSITIVE_INFINITY,
    diesAfter: Number.POSITIVE_INFINITY,
    syncs: 0,
    createDirectory: realFiles.createDirectory,
    async create(path) {
      step()
      if (take('failCreates')) throw failure('EIO')
      const file = wrap(path, await realFiles.create(path))
      durable.set(path, 0)
      return file
    },
    async open(path) {
      step()
      return wrap(path, await realFiles.open(path))
    },
    async unlink(path) {
      step()
      files.roomBytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0
      await realFiles.unlink(path)
    },
    async syncDirectory(directory) {
      step()
      await realFiles.syncDirectory(directory)
    },
    losePower(change) {
      for (const [path, length] of durable) {
        const content = statSync(path, { throwIfNoEntry: false }) && readFileSync(path)
        if (!content || content.length <= length) continue
        const unsynced = change(content.subarray(length))
        truncateSync(path, length)
        writeFileSync(path, Buffer.concat([content.subarray(0, length), unsynced]))
        durable.set(path, length + unsynced.length)
      }
    },
  }
  return files
}

export const segmentFiles = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .map((name) => join(directory, name))
