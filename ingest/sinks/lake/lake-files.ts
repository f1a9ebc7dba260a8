import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { realFiles, segmentPath } from '../../../common/segment-log-files.ts'
import { comparePositions, type Position } from '../../../common/segment-log-types.ts'
import type { Catalog, LakeFile } from '../../catalog/types.ts'
import { quoteText } from './stage.ts'

// The files of the lake: where they lie, how they get there whole, and what becomes of those that a crash left between
// their renaming and the catalog.
//
//   <lake>/v1/stream=<stream>/<segment>-<offset>.parquet    rows of a stream from a part of a journal segment
//   <lake>/v1/<table>/<segment>-<offset>.parquet            _envelopes, _events, _clock, _gaps, _health, _schemas
//   ...-late.parquet                                        what had been parked until its schema came
//   <lake>/aside/                                           being written; nothing in there counts

export const lakeFormatVersion = 1

/** The folder of a table, relative to the lake's. Names of streams cannot begin with "_". */
export const tableFolder = (table: string): string =>
  join(`v${lakeFormatVersion}`, table.startsWith('_') ? table : `stream=${table}`)

export const asideFolder = (lakeFolder: string): string => join(lakeFolder, 'aside')

/** `suffix`: for streams whose folders a file system that ignores case would make one. */
export function lakePath(table: string, from: Position, late: boolean, suffix = ''): string {
  const offset = String(from.offset).padStart(12, '0')
  return join(tableFolder(table), `${from.segment}-${offset}${late ? '-late' : ''}${suffix}.parquet`)
}

export function parseName(name: string): { from: Position; late: boolean } | undefined {
  const match = /^([0-9A-Z]{26})-(\d{12,})(-late)?(-\d+)?\.parquet$/.exec(name)
  return match ? { from: { segment: match[1]!, offset: Number(match[2]) }, late: match[3] !== undefined } : undefined
}

/** Makes files durable under their final names: fsync, rename, fsync of the folders. */
export async function publishFiles(
  lakeFolder: string,
  files: readonly { aside: string; path: string }[],
): Promise<void> {
  await Promise.all(files.map(({ aside }) => syncFile(aside)))
  const folders = new Set<string>()
  for (const { aside, path } of files) {
    const folder = dirname(join(lakeFolder, path))
    if (!existsSync(folder)) {
      await mkdir(folder, { recursive: true })
      folders.add(dirname(folder)).add(lakeFolder)
    }
    await rename(aside, join(lakeFolder, path))
    folders.add(folder)
  }
  await Promise.all([...folders].map((folder) => realFiles.syncDirectory(folder)))
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

export interface Recovered {
  /** Written anew, because the journal still has what is in them. */
  removed: number
  /** Taken into the catalog, because the journal doesn't. */
  adopted: number
  /** Of these, files of events: what is folded from events (runs, markers, rig history) has to be folded from them. */
  adoptedEvents: number
  /** Neither: left alone, named `.unreadable`. */
  unreadable: number
  /** The catalog lists them, and they are not there: somebody deleted them, or put the lake back from an older copy. */
  missing: number
}

/**
 * Looks after the files that the catalog does not know. Those from the journal's part behind the cursor were renamed
 * just before a crash: the sink will write them anew, so they go. If the journal has dropped that part (the catalog was
 * lost, or restored from an older copy), they are the only copy: the catalog takes them.
 */
export async function recoverFiles(
  connection: DuckDBConnection,
  lakeFolder: string,
  journalFolder: string,
  catalog: Catalog,
): Promise<Recovered> {
  await rm(asideFolder(lakeFolder), { recursive: true, force: true })
  await mkdir(asideFolder(lakeFolder), { recursive: true })
  const listed = new Set(catalog.lakeFiles().map(({ path }) => path))
  const known = new Set(listed)
  // Those that retention has removed are deleted when no query reads them any more.
  for (const path of catalog.lakeLeftovers(Number.MAX_SAFE_INTEGER)) known.add(path)
  const cursor = catalog.cursor('lake')
  const parked = new Set(catalog.parked('lake').map(({ position }) => `${position.segment}-${position.offset}`))
  const recovered: Recovered = { removed: 0, adopted: 0, adoptedEvents: 0, unreadable: 0, missing: 0 }
  const adopted: LakeFile[] = []
  for await (const path of listFiles(lakeFolder)) {
    const name = parseName(path.slice(path.lastIndexOf('/') + 1))
    listed.delete(path)
    if (!name || known.has(path)) continue
    const comesAgain = name.late
      ? parked.has(`${name.from.segment}-${name.from.offset}`)
      : (!cursor || comparePositions(name.from, cursor) >= 0) &&
        existsSync(segmentPath(journalFolder, name.from.segment))
    if (comesAgain) {
      await rm(join(lakeFolder, path))
      recovered.removed++
      continue
    }
    try {
      adopted.push(await describeFile(connection, lakeFolder, path))
      recovered.adopted++
      if (path.startsWith(`${tableFolder('_events')}/`)) recovered.adoptedEvents++
    } catch {
      await rename(join(lakeFolder, path), join(lakeFolder, `${path}.unreadable`))
      recovered.unreadable++
    }
  }
  recovered.missing = listed.size
  if (adopted.length > 0) catalog.addLakeFiles(adopted, behindAll(adopted, cursor))
  return recovered
}

/** The segments that were dropped are the oldest, so a cursor behind the adopted files skips nothing of the journal. */
const behindAll = (files: readonly LakeFile[], cursor: Position | undefined): Position => {
  const ends = files.map(({ segment, toOffset }) => ({ segment, offset: toOffset }))
  return [...ends, ...(cursor ? [cursor] : [])].sort(comparePositions).at(-1) as Position
}

async function* listFiles(lakeFolder: string): AsyncGenerator<string> {
  const root = `v${lakeFormatVersion}`
  const folders = existsSync(join(lakeFolder, root)) ? await readdir(join(lakeFolder, root)) : []
  for (const folder of folders) {
    for (const name of await readdir(join(lakeFolder, root, folder))) yield `${root}/${folder}/${name}`
  }
}

/** What the catalog keeps of a file, from the file's own footer. Throws if it has none of ours. */
async function describeFile(connection: DuckDBConnection, lakeFolder: string, path: string): Promise<LakeFile> {
  const footer = await readFooter(connection, join(lakeFolder, path))
  const file = JSON.parse(footer.rigline_file ?? 'null') as Omit<LakeFile, 'path' | 'bytes'> | null
  if (!file) throw new Error(`${path} is no file of the lake`)
  return { ...file, path, bytes: (await stat(join(lakeFolder, path))).size }
}

/** The key-value metadata of a Parquet file. */
export async function readFooter(connection: DuckDBConnection, file: string): Promise<Record<string, string>> {
  const result = await connection.runAndReadAll(
    `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata(${quoteText(file)})`,
  )
  return Object.fromEntries(result.getRowObjects().map(({ key, value }) => [String(key), String(value)]))
}
