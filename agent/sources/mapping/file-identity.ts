import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

// Whether a file is the one that was read before, by its content: a copy is the same file, and so is one that has grown.

const endBytes = 4096

/** Identity of the first `size` bytes of a file: their number, and the hashes of their first and last 4 KiB. */
export async function fileIdentity(file: FileHandle, size: number): Promise<string> {
  const head = await hash(file, 0, Math.min(size, endBytes))
  const tail = await hash(file, Math.max(0, size - endBytes), size)
  return `${size}-${head}-${tail}`
}

/** Whether the file, `size` bytes long now, begins with the bytes that the identity was taken of. */
export async function isSameFile(file: FileHandle, size: number, identity: string): Promise<boolean> {
  const sizeThen = Number(identity.split('-')[0])
  return Number.isSafeInteger(sizeThen) && sizeThen <= size && (await fileIdentity(file, sizeThen)) === identity
}

async function hash(file: FileHandle, from: number, to: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from)
  return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 16)
}
