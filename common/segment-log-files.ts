import { mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'

// What the segment log asks of the file system, small enough that tests can make it fail.

export interface SegmentFile {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
  datasync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

export interface SegmentFiles {
  createDirectory(directory: string): Promise<void>
  /** Rejects with EEXIST if there is such a file. */
  create(path: string): Promise<SegmentFile>
  /** An existing file, to cut it. */
  open(path: string): Promise<SegmentFile>
  unlink(path: string): Promise<void>
  /** Makes the directory's entries durable. */
  syncDirectory(directory: string): Promise<void>
}

export const realFiles: SegmentFiles = {
  createDirectory: async (directory) => {
    await mkdir(directory, { recursive: true })
  },
  create: (path) => open(path, 'wx'),
  open: (path) => open(path, 'r+'),
  unlink,
  async syncDirectory(directory) {
    // Windows can't open a folder.
    if (process.platform === 'win32') return
    const folder = await open(directory, 'r')
    try {
      await folder.sync()
    } catch (error) {
      // Some network and user-space file systems have no such call; they keep their entries by other means.
      if (!['EINVAL', 'ENOTSUP'].includes(errorCode(error))) throw error
    } finally {
      await folder.close()
    }
  },
}

export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? ''

/** No room on the disk, or over the user's quota. */
export const isDiskFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errorCode(error))

const extension = '.segment'

export const segmentPath = (directory: string, name: string): string => join(directory, name + extension)

export const segmentNameOf = (file: string): string =>
  file.endsWith(extension) ? file.slice(0, -extension.length) : ''
