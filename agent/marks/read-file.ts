import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** A plain file, up to `bytesMax` + 1 bytes of it. No link is followed, nothing waits for the far end of a pipe. */
export async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error(`${path} is no plain file`)
    return await readFrom(file, Math.min(stats.size, bytesMax) + 1)
  } finally {
    await file.close()
  }
}

async function readFrom(file: FileHandle, bytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes)
  let end = 0
  while (end < bytes) {
    const { bytesRead } = await file.read(buffer, end, bytes - end, end)
    if (bytesRead === 0) break
    end += bytesRead
  }
  return buffer.subarray(0, end)
}
