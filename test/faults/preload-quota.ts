import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import type { Control } from './control-file.ts'
import type { OpenFiles } from './preload.ts'

// A disk of a fixed size, where none can be mounted: what is written below a folder beyond so many bytes fails with ENOSPC, the
// last write that fits in part is short, as on a real one.

type WriteBytes = (
  this: FileHandle,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position?: number,
) => Promise<{ bytesWritten: number; buffer: Uint8Array }>

export function limitWrites(prototype: FileHandle, files: OpenFiles, control: () => Control): void {
  const { statSync, statfsSync, writeFileSync } = fs
  const { writeFile } = fs.promises
  const { writeFile: writeHandle } = prototype
  const writeBytes = prototype.write as WriteBytes

  const bytesBelow = (folder: string): number => {
    let bytes = 0
    for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) bytes += sizeOf(join(entry.parentPath, entry.name))
    }
    return bytes
  }
  const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

  /** Bytes that are free for the file at `path`; undefined: no quota there. */
  const roomFor = (path: string): number | undefined => {
    const { quota } = control()
    if (!quota || !(resolve(path) + sep).startsWith(resolve(quota.folder) + sep)) return undefined
    return Math.max(0, quota.bytesMax - bytesBelow(quota.folder))
  }
  const noSpace = (path: string, syscall: string): Error =>
    Object.assign(new Error(`ENOSPC: no space left on device, ${syscall} '${path}'`), { code: 'ENOSPC', syscall, path })

  /** For what replaces a file's whole content. */
  const checkWhole = (path: unknown, data: unknown) => {
    if (typeof path !== 'string') return
    const room = roomFor(path)
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : ((data as Uint8Array).byteLength ?? 0)
    if (room !== undefined && bytes > room + sizeOf(path)) throw noSpace(path, 'write')
  }

  const limited = async function (this: FileHandle, bytes: Uint8Array, from = 0, length?: number, position?: number) {
    const wanted = length ?? bytes.length - from
    const path = files.get(this)?.path ?? ''
    const room = path === '' ? undefined : roomFor(path)
    if (room === undefined) return writeBytes.call(this, bytes, from, wanted, position)
    const size = sizeOf(path)
    const start = position ?? size
    const fits = Math.min(wanted, Math.max(0, size - start) + room)
    if (fits === 0 && wanted > 0) throw noSpace(path, 'write')
    return writeBytes.call(this, bytes, from, fits, position)
  }
  prototype.write = limited as FileHandle['write']
  prototype.writeFile = async function (this: FileHandle, data, options) {
    checkWhole(files.get(this)?.path, data)
    return writeHandle.call(this, data, options)
  }
  fs.promises.writeFile = async (path, data, options) => {
    checkWhole(path, data)
    return writeFile(path, data, options)
  }
  fs.writeFileSync = (path, data, options) => {
    checkWhole(path, data)
    writeFileSync(path, data, options)
  }
  fs.statfsSync = ((path: string) => {
    const stats = statfsSync(path)
    const room = roomFor(path)
    if (room === undefined) return stats
    const blocks = Math.floor(room / stats.bsize)
    return Object.assign(stats, { bavail: blocks, bfree: blocks })
  }) as typeof fs.statfsSync
}
