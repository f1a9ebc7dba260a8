import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import { lakeFormatVersion, parseName } from '../sinks/lake/lake-files.ts'

/** The files that the lake wrote at once: their names share where in the journal they begin. */
export interface LakeWrite {
  from: Position
  /** What had been parked, or was replayed: it lies before what the lake had behind it then. */
  late: boolean
  /** Relative to the lake's folder. */
  paths: string[]
}

/** All writes of the lake in the order of the journal; names alone are read. */
export async function listWrites(lakeFolder: string): Promise<LakeWrite[]> {
  const writes = new Map<string, LakeWrite>()
  const root = `v${lakeFormatVersion}`
  const folders = existsSync(join(lakeFolder, root)) ? await readdir(join(lakeFolder, root)) : []
  for (const folder of folders.sort()) {
    for (const name of (await readdir(join(lakeFolder, root, folder))).sort()) {
      const parsed = parseName(name)
      if (!parsed) continue
      const { from, late } = parsed
      const key = `${from.segment} ${from.offset} ${late}`
      const write = writes.get(key)
      const path = `${root}/${folder}/${name}`
      if (write) write.paths.push(path)
      else writes.set(key, { from, late, paths: [path] })
    }
  }
  return [...writes.values()].sort((a, b) => comparePositions(a.from, b.from) || Number(a.late) - Number(b.late))
}
