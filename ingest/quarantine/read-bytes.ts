import { open } from 'node:fs/promises'
import { bytesKey } from './read-facts.ts'

const chunkBytes = 256 * 1024

/** The bytes of an entry as they were put there, decoded piece by piece: an entry may be larger than memory should hold. */
export async function* readEntryBytes(file: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const handle = await open(file, 'r')
  try {
    const chunk = Buffer.alloc(chunkBytes)
    let rest = ''
    let at = 0
    let inside = false
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, at)
      if (bytesRead === 0) return
      at += bytesRead
      // Base64 and what is looked for are ASCII: letters that a chunk cuts do not matter.
      let text = rest + chunk.toString('latin1', 0, bytesRead)
      if (!inside) {
        const key = text.indexOf(bytesKey)
        if (key < 0) {
          rest = text.slice(-bytesKey.length)
          continue
        }
        inside = true
        text = text.slice(key + bytesKey.length)
      }
      const end = text.indexOf('"')
      const whole = end >= 0 ? end : text.length - (text.length % 4)
      if (whole > 0) yield new Uint8Array(Buffer.from(text.slice(0, whole), 'base64'))
      if (end >= 0) return
      rest = text.slice(whole)
    }
  } finally {
    await handle.close()
  }
}
