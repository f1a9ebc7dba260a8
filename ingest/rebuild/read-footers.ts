import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { LakeFile } from '../catalog/types.ts'
import { quoteText } from '../sinks/lake/stage.ts'

// What the files of the lake say of themselves, many at a time.

export interface Footer {
  file: LakeFile
  schemas: { hash: string; encoded: string | null }[]
}

/** In the order of the paths; of one that cannot be read, or is none of ours, why. */
export async function readFooters(
  connection: DuckDBConnection,
  lakeFolder: string,
  paths: readonly string[],
): Promise<(Footer | { path: string; unreadable: string })[]> {
  if (paths.length === 0) return []
  try {
    const found = await readKeys(connection, lakeFolder, paths)
    return await Promise.all(
      paths.map(async (path) => {
        const keys = found.get(path)
        const file = JSON.parse(keys?.get('rigline_file') ?? 'null') as Omit<LakeFile, 'path' | 'bytes'> | null
        if (!file) return { path, unreadable: 'it is no file of the lake' }
        const schemas = JSON.parse(keys?.get('rigline_schemas') ?? '[]') as Footer['schemas']
        return { file: { ...file, path, bytes: (await stat(join(lakeFolder, path))).size }, schemas }
      }),
    )
  } catch (error) {
    if (paths.length === 1) return [{ path: paths[0]!, unreadable: (error as Error).message }]
    // One that cannot be read must not hide the others.
    const middle = paths.length >> 1
    return [
      ...(await readFooters(connection, lakeFolder, paths.slice(0, middle))),
      ...(await readFooters(connection, lakeFolder, paths.slice(middle))),
    ]
  }
}

async function readKeys(
  connection: DuckDBConnection,
  lakeFolder: string,
  paths: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  const names = new Map(paths.map((path) => [join(lakeFolder, path), path]))
  const result = await connection.runAndReadAll(
    `SELECT file_name, decode(key), decode(value) FROM parquet_kv_metadata([${[...names.keys()].map(quoteText).join(', ')}])
     WHERE key IN ('rigline_file'::BLOB, 'rigline_schemas'::BLOB)`,
  )
  const found = new Map<string, Map<string, string>>()
  for (const [name, key, value] of result.getRows()) {
    const path = names.get(String(name))
    if (path === undefined) continue
    const keys = found.get(path) ?? new Map<string, string>()
    found.set(path, keys.set(String(key), String(value)))
  }
  return found
}
