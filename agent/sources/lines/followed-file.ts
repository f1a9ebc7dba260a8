import { createHash } from 'node:crypto'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Block } from './input.ts'

// One file that is being written, read as far as it goes.

const blockBytes = 64 * 1024
/** The identity of a file is taken from as much of its beginning as was there when it was first read. */
const identityBytes = 4096
/** Where the header of a file is looked for when reading begins behind it. */
const headBytesMax = 64 * 1024

export interface FollowedFile {
  /** The next bytes; undefined if there are none yet. */
  read(): Promise<Block | undefined>
  /** Shorter than what was read of it, or it does not begin as it did: emptied, and perhaps written anew. */
  wasTruncated(): Promise<boolean>
  /** Begins a file that was truncated from its start. */
  restart(): void
  /** There is another file of this name now. */
  isReplaced(path: string): Promise<boolean>
  /** The block that ends the feed. */
  last(): Block
  close(): Promise<void>
}

let feeds = 0

/**
 * `from`: an offset, or 'end' for the last line that has not ended yet. `before`: what the file was known by; undefined
 * is returned if another file has its name now.
 */
export async function followFile(
  path: string,
  from: number | 'end',
  before?: { origin: string; inode: number },
): Promise<FollowedFile | undefined> {
  const file = await open(path, 'r')
  const { ino: inode, size, mtimeMs } = await file.stat()
  if (before && before.inode !== inode) {
    await file.close()
    return undefined
  }
  let offset = from === 'end' ? await lastLineOffset(file, size) : from
  let feed = ++feeds
  let begun = false
  let known = before?.origin ?? (size > 0 ? await identify(file, inode) : undefined)
  let checked = { size, mtimeMs }

  return {
    async read() {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, offset)
      if (bytesRead === 0) return undefined
      known ??= await identify(file, inode)
      const block: Block = { feed, bytes: buffer.subarray(0, bytesRead), offset, origin: known }
      if (!begun && offset > 0) block.head = await readBytes(file, 0, Math.min(offset, headBytesMax))
      begun = true
      offset += bytesRead
      return block
    },
    async wasTruncated() {
      const now = await file.stat()
      if (now.size < offset) return true
      if (known === undefined || (now.size === checked.size && now.mtimeMs === checked.mtimeMs)) return false
      checked = now
      return !(await beginsAs(file, now.size, known))
    },
    restart() {
      offset = 0
      feed = ++feeds
      begun = true
      known = undefined
    },
    async isReplaced(path) {
      const now = await stat(path).catch(() => undefined)
      return now !== undefined && now.ino !== inode
    },
    last: () => ({
      feed,
      bytes: Buffer.alloc(0),
      offset,
      last: 'torn',
      ...(known === undefined ? {} : { origin: known }),
    }),
    close: () => file.close(),
  }
}

/** A file's identity: its inode, how many bytes of its beginning were looked at, and their hash. */
async function identify(file: FileHandle, inode: number): Promise<string> {
  const head = await readBytes(file, 0, identityBytes)
  return `${inode}-${head.length}-${hashOf(head)}`
}

export const inodeOf = (origin: string): number => Number(origin.split('-')[0])

/** Whether a file, `size` bytes long, begins as the one of this origin did. */
export async function beginsAs(file: FileHandle, size: number, origin: string): Promise<boolean> {
  const [, length, hash] = origin.split('-')
  return Number(length) <= size && hashOf(await readBytes(file, 0, Number(length))) === hash
}

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex').slice(0, 16)

async function readBytes(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from)
  return buffer.subarray(0, bytesRead)
}

/** Offset behind the last newline (of the last 64 KiB). */
async function lastLineOffset(file: FileHandle, size: number): Promise<number> {
  const from = Math.max(0, size - headBytesMax)
  const newline = (await readBytes(file, from, size - from)).lastIndexOf(10)
  return newline < 0 ? size : from + newline + 1
}
