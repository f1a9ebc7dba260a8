import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import Database from 'libsql'
import { formatVersion, upgrades } from './catalog-tables.ts'

// One SQLite file, opened by ingest, its worker and its child process side by side: WAL lets readers and the writer go on
// together, the busy timeout lets writers queue, synchronous FULL makes a commit durable (it must not be taken back by a
// power cut once the journal has been cut behind a cursor).

const busyTimeoutMs = 15_000

export interface Sqlite {
  /** Positional parameters; blobs come back as Uint8Array. */
  all<Row>(sql: string, ...parameters: unknown[]): Row[]
  run(sql: string, ...parameters: unknown[]): void
  /** All of it or nothing. */
  transaction<T>(work: () => T): T
  /** All that is read is of one moment. */
  look<T>(work: () => T): T
  close(): void
}

export interface SqliteOptions {
  readOnly?: boolean
  /** Read alone, it may be of an earlier release: not all that is asked of it is there then. */
  mayBeOlder?: boolean
  /** One that is not there is not made: only ingest itself begins a catalog, when it has looked what there is beside it. */
  mustExist?: boolean
  /** It is being made and nobody relies on it yet: whoever makes it syncs it as a whole. */
  aside?: boolean
}

/** Opens or creates the file. Throws if it is not a catalog, or one of a newer release. */
export function openSqlite(
  file: string,
  { readOnly = false, mayBeOlder = false, mustExist = readOnly, aside = false }: SqliteOptions = {},
): Sqlite {
  if (mustExist && !existsSync(file))
    throw new Error(`${file}: there is no catalog here; name the data folder of an ingest`)
  let database: Database.Database
  try {
    // As a URI, so that it is not made even if it goes this moment.
    database = new Database(mustExist ? `${pathToFileURL(file).href}?mode=rw` : file, {})
  } catch (cause) {
    throw new Error(`${file}: the catalog cannot be opened: ${(cause as Error).message}`, { cause })
  }
  const statements = new Map<string, Database.Statement>()
  const prepared = (sql: string) => {
    const known = statements.get(sql)
    if (known) return known
    const statement = database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  const within = <T>(begin: string, work: () => T): T => {
    database.exec(begin)
    try {
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK')
      throw error
    }
  }
  const transaction = <T>(work: () => T): T => within('BEGIN IMMEDIATE', work)
  const version = () => (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version

  const prepare = () => {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    const found = version()
    if (found > formatVersion) {
      throw new Error(
        `format ${found} was written by a newer release, this one reads up to ${formatVersion}; run the release that wrote it, or a newer one`,
      )
    }
    if (readOnly) {
      if (found === 0) throw new Error('no catalog, or not yet made')
      if (found < formatVersion && !mayBeOlder) {
        throw new Error(
          `format ${found} was written by an earlier release; start ingest of this one (${formatVersion}) on it once`,
        )
      }
      database.exec('PRAGMA query_only = 1')
      return
    }
    // One file that can be renamed, or one that others read at the same time.
    database.prepare(`PRAGMA journal_mode = ${aside ? 'MEMORY' : 'WAL'}`).get()
    database.exec(`PRAGMA synchronous = ${aside ? 'OFF' : 'FULL'}`)
    if (found < formatVersion) {
      transaction(() => {
        // Another process may have been first.
        for (let from = version(); from < formatVersion; from++) database.exec(upgrades[from]!)
        database.exec(`PRAGMA user_version = ${formatVersion}`)
      })
    }
  }
  try {
    prepare()
  } catch (cause) {
    database.close()
    throw new Error(`${file}: the catalog cannot be opened: ${(cause as Error).message}`, { cause })
  }

  let closed = false
  return {
    all: <Row>(sql: string, ...parameters: unknown[]) => prepared(sql).all(parameters) as Row[],
    run: (sql, ...parameters) => void prepared(sql).run(parameters),
    transaction,
    look: (work) => within('BEGIN', work),
    close() {
      if (closed) return
      closed = true
      statements.clear()
      database.close()
    },
  }
}
