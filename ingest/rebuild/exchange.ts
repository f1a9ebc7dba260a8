import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { realFiles } from '../../common/segment-log-files.ts'

// The new catalog takes the old one's place: the old one is kept beside it, with what SQLite had beside that.

const besides = ['-wal', '-shm', '-journal']

export async function removeCatalog(file: string): Promise<void> {
  for (const ending of ['', ...besides]) await rm(file + ending, { force: true })
}

/** Returns where the old one is now; undefined if there was none. A crash at any point leaves one of the two, or none and all to make it from. */
export async function exchange(file: string, made: string, now: Date): Promise<string | undefined> {
  for (const ending of besides) {
    if (existsSync(made + ending)) throw new Error(`${made + ending} is there: somebody else has ${made} open`)
  }
  const handle = await open(made, 'r+')
  await handle.sync().finally(() => handle.close())
  const kept = freeName(`${file}.${now.toISOString().replaceAll(':', '-').replace(/\.\d+/, '')}`)
  const hadOne = existsSync(file)
  for (const ending of ['', ...besides]) {
    if (existsSync(file + ending)) await rename(file + ending, kept + ending)
  }
  await rename(made, file)
  await realFiles.syncDirectory(dirname(file))
  return hadOne ? kept : undefined
}

function freeName(name: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`
    if (!['', ...besides].some((ending) => existsSync(candidate + ending))) return candidate
  }
}
