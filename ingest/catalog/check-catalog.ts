import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'libsql'
import { formatVersion } from './catalog-tables.ts'

// Whether the catalog can be relied on, before anybody does: an empty one beside a full lake would store again what the lake has.

/** What is there is no catalog, or a damaged one; the message says what to do. */
export class CatalogDamagedError extends Error {
  constructor(file: string, why: string, folder: string, options?: ErrorOptions) {
    super(
      `${file} is damaged (${why}): stop ingest and make it anew from journal and lake with "rigline catalog rebuild --data ${folder}"; the damaged one is kept beside it`,
      options,
    )
    this.name = 'CatalogDamagedError'
  }
}

/**
 * `new`: there is none, and nothing that one would be of. `missing`: there is none, or one that knows nothing, and there is a journal or a
 * lake. `old`: the journal has been cut behind what it knows, so it is a copy from before. Throws CatalogDamagedError.
 */
export type CatalogStanding = 'good' | 'new' | 'missing' | 'old'

/** `folder`: ingest's data folder. Nothing is changed. */
export function checkCatalog(dataFolder: string): CatalogStanding {
  // What is advised holds in every folder.
  const folder = resolve(dataFolder)
  const file = join(folder, 'catalog.sqlite')
  const { oldestSegment, hasFiles } = lookAround(folder)
  const hasData = oldestSegment !== undefined || hasFiles
  if (!existsSync(file)) return hasData ? 'missing' : 'new'
  const damaged = (why: string, cause?: unknown) => new CatalogDamagedError(file, why, folder, { cause })
  if (statSync(file).size === 0) {
    // Cut short at the very first start.
    if (!hasData) return 'new'
    throw damaged('it is empty')
  }
  let found: Look
  try {
    found = look(file)
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string }
    // A page that is cut off is told as a failed read.
    if (!/CORRUPT|NOTADB|IOERR/.test(code) && !/malformed|not a database|no such table|disk I\/O/.test(message))
      throw error
    throw damaged(message, error)
  }
  if (found.problem !== undefined) throw damaged(found.problem)
  if (found.isEmpty) {
    if (!hasData) return 'new'
    throw damaged('it has no tables')
  }
  const { upTo, knows } = found
  if (hasData && knows === false) return 'missing'
  return upTo !== undefined && oldestSegment !== undefined && upTo < oldestSegment ? 'old' : 'good'
}

/** For those who only read: throws, saying what to do, where there is none that can be relied on and one could be made. */
export function requireCatalog(dataFolder: string): void {
  const folder = resolve(dataFolder)
  const standing = checkCatalog(folder)
  if (standing !== 'missing' && standing !== 'old') return
  const why = standing === 'missing' ? 'is missing' : 'is a copy from before what the journal begins with'
  throw new Error(
    `${join(folder, 'catalog.sqlite')} ${why}: start ingest (or restart it, if it runs), which makes it anew from journal and lake, or run "rigline catalog rebuild --data ${folder}"`,
  )
}

interface Look {
  problem?: string
  isEmpty?: boolean
  /** False: of no number and no file. */
  knows?: boolean
  /** The segment of the journal up to which its numbers count. */
  upTo?: string | undefined
}

function look(file: string): Look {
  const database = new Database(file, {})
  try {
    database.exec('PRAGMA busy_timeout = 15000')
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
    // Whoever opens it says so.
    if (version > formatVersion) return {}
    const tables = database.prepare('SELECT count(*) AS count FROM sqlite_master').get() as { count: number }
    if (version === 0) return tables.count === 0 ? { isEmpty: true } : { problem: 'it is no catalog' }
    const [first] = database.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[]
    if (first?.quick_check !== 'ok') return { problem: first?.quick_check ?? 'it cannot be checked' }
    const cursor = database.prepare("SELECT segment FROM cursors WHERE reader = 'ranges'").get() as
      | { segment: string }
      | undefined
    const { knows } = database
      .prepare(
        'SELECT EXISTS (SELECT 1 FROM cursors) OR EXISTS (SELECT 1 FROM spools) OR EXISTS (SELECT 1 FROM lake_files) AS knows',
      )
      .get() as { knows: number }
    return { upTo: cursor?.segment, knows: knows === 1 }
  } finally {
    database.close()
  }
}

/** The journal's oldest segment, and whether the lake has any file. */
function lookAround(folder: string): { oldestSegment: string | undefined; hasFiles: boolean } {
  const namesIn = (...path: string[]): string[] => {
    const place = join(folder, ...path)
    return existsSync(place) && statSync(place).isDirectory() ? readdirSync(place) : []
  }
  const segments = namesIn('journal').filter((name) => name.endsWith('.segment'))
  const hasFiles = namesIn('lake', 'v1').some((table) =>
    namesIn('lake', 'v1', table).some((name) => name.endsWith('.parquet')),
  )
  return { oldestSegment: segments.sort()[0]?.slice(0, -'.segment'.length), hasFiles }
}
