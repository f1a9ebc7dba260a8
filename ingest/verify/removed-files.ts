import { basename } from 'node:path'
import type { Catalog, LakeFile } from '../catalog/types.ts'

/** The name that all files of one write of the lake share, see lake-files.ts. */
const writeOf = (path: string): string => basename(path).replace(/^([0-9A-Z]{26}-\d{12,}(?:-late)?).*$/, '$1')

/**
 * Says whether the file with a stream's rows of one write is among those that retention has removed. `files` are those of the catalog a
 * moment ago: what has been removed since then still is on the disk. Undefined if none is.
 */
export function removedFiles(
  catalog: Pick<Catalog, 'lakeRemoved'>,
  files: readonly LakeFile[],
): ((stream: string, ledgerFile: string) => boolean) | undefined {
  const there = new Set(files.map(({ path }) => path))
  const removed = new Set<string>()
  for (const { path, table } of catalog.lakeRemoved()) {
    if (!there.has(path)) removed.add(`${table} ${writeOf(path)}`)
  }
  if (removed.size === 0) return undefined
  return (stream, ledgerFile) => removed.has(`${stream} ${writeOf(ledgerFile)}`)
}
