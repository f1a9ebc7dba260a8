import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { beginsAs, inodeOf } from './followed-file.ts'

// After a start: where the file is that was being read, which may have been rotated since.

export interface ToRead {
  path: string
  offset: number
  /** What the file was known by, if it was read before; and its inode, lest another one has taken its name since. */
  known?: { origin: string; inode: number }
}

interface Candidate {
  path: string
  inode: number
  size: number
  mtimeMs: number
  same: boolean
}

/**
 * The files to read, in order, the last of them `path` itself; and what to tell if the file that was being read cannot
 * be found. undefined: neither that nor `path` can be read at present (a disk that is not there yet). Rotated files are those that logrotate makes: the name and a number or a date.
 */
export async function whereToGoOn(
  path: string,
  resume: { position: number; origin: string },
): Promise<{ files: ToRead[]; notice: string } | undefined> {
  const { position, origin } = resume
  const current = await look(path, origin)
  const goOn = ({ path, inode }: Candidate): ToRead => ({ path, offset: position, known: { origin, inode } })
  if (current?.same && current.inode === inodeOf(origin) && current.size >= position) {
    return { files: [goOn(current)], notice: '' }
  }
  const rotated: Candidate[] = []
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    if (!name.startsWith(basename(path)) || !/^[.-]\d[\d.-]*$/.test(name.slice(basename(path).length))) continue
    const candidate = await look(join(dirname(path), name), origin)
    if (candidate) rotated.push(candidate)
  }
  rotated.sort((a, b) => a.mtimeMs - b.mtimeMs)
  const fits = rotated.filter(({ same, size }) => same && size >= position)
  // Renamed: the same inode. Copied and truncated: the newest that begins alike.
  const found =
    fits.find(({ inode }) => inode === inodeOf(origin)) ??
    (current?.inode === inodeOf(origin) ? fits.at(-1) : undefined)
  if (!found && !current) return undefined
  if (!found) {
    return {
      files: [{ path, offset: 0 }],
      notice: 'the file that was read before is gone; lines may be missing between it and this one',
    }
  }
  const between = rotated
    .slice(rotated.indexOf(found) + 1)
    .map((candidate): ToRead => ({ path: candidate.path, offset: 0 }))
  return { files: [goOn(found), ...between, { path, offset: 0 }], notice: '' }
}

async function look(path: string, origin: string): Promise<Candidate | undefined> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return undefined
  try {
    const { ino, size, mtimeMs } = await file.stat()
    return { path, inode: ino, size, mtimeMs, same: await beginsAs(file, size, origin) }
  } finally {
    await file.close()
  }
}
