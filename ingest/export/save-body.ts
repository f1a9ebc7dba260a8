import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Progress } from './progress.ts'

// The body of an answer -> a file or standard output. A file has its name only when it is whole.

/** Returns the bytes. Throws if the transfer breaks off, the disk is full, or the signal aborts; then no file is left. */
export async function saveBody(
  body: ReadableStream<Uint8Array>,
  file: string | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Uint8Array, _, done) {
      bytes += chunk.length
      progress.add(chunk.length)
      done(null, chunk)
    },
  })
  const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
  if (file === undefined) {
    await pipeline(source, counted, process.stdout, { signal, end: false })
    return bytes
  }
  await mkdir(dirname(file), { recursive: true })
  const aside = `${file}.part`
  try {
    await pipeline(source, counted, createWriteStream(aside, { flush: true }), { signal })
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
  return bytes
}
