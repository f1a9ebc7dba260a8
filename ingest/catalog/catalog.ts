import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import { decodeSchema } from '../../protos/schema.ts'
import type { Range, Schema } from '../../protos/types.ts'
import { lastRowsTable } from './last-rows-table.ts'
import { numbersTables } from './numbers-tables.ts'
import { owedTable } from './owed-table.ts'
import { removedTable } from './removed-table.ts'
import { replacedTable } from './replaced-table.ts'
import { reportsTable } from './reports-table.ts'
import { runsTables } from './runs-tables.ts'
import { openSqlite, type Sqlite, type SqliteOptions } from './sqlite.ts'
import type { Catalog, LakeFile, LakeWanted, RigRecord, SpoolRanges } from './types.ts'

// What the catalog's methods mean in SQL. Times in ns are kept as text, because SQLite's integers come back as doubles.

interface At {
  segment: string
  at: number
}

/** Opens or creates the catalog. Throws if the file is none, or one of a newer release. */
export function openCatalog(file: string, options: SqliteOptions = {}): Catalog {
  const sql = openSqlite(file, options)
  return {
    ...rigTables(sql),
    ...lastRowsTable(sql),
    ...journalTables(sql),
    ...parkedTable(sql),
    ...lakeTable(sql),
    ...removedTable(sql),
    ...numbersTables(sql),
    ...fieldTable(sql),
    owed: owedTable(sql),
    runs: runsTables(sql),
    replaced: replacedTable(sql),
    reports: reportsTable(sql),
    close: sql.close,
  }
}

type Part<K extends keyof Catalog> = Pick<Catalog, K>

function rigTables(sql: Sqlite): Part<'saveRig' | 'rigs' | 'saveSchema' | 'schema' | 'schemas'> {
  return {
    saveRig: (rig) =>
      sql.run(
        'INSERT OR REPLACE INTO rigs VALUES (?, ?, ?, ?, ?, ?, ?)',
        rig.rig,
        rig.group,
        rig.firstSeenMs,
        rig.lastSeenMs,
        rig.agentVersion,
        rig.online ? 1 : 0,
        rig.facts,
      ),
    rigs: () =>
      sql
        .all<Omit<RigRecord, 'online'> & { online: number }>(
          `SELECT rig, group_name AS "group", first_seen_ms AS firstSeenMs, last_seen_ms AS lastSeenMs,
             agent_version AS agentVersion, online, facts FROM rigs ORDER BY rig`,
        )
        .map((rig) => ({ ...rig, online: rig.online === 1 })),
    saveSchema(hash, rig, bytes, schemasMax) {
      if (sql.all('SELECT 1 FROM schemas WHERE hash = ?', hash).length > 0) return true
      if (schemasMax !== undefined) {
        const [held] = sql.all<{ count: number }>('SELECT count(*) AS count FROM schemas WHERE rig = ?', rig)
        if (held && held.count >= schemasMax) return false
      }
      sql.run('INSERT OR IGNORE INTO schemas VALUES (?, ?, ?)', hash, rig, bytes)
      return true
    },
    schema(hash) {
      const [found] = sql.all<{ bytes: ArrayBuffer }>('SELECT bytes FROM schemas WHERE hash = ?', hash)
      if (!found) return undefined
      const bytes = new Uint8Array(found.bytes)
      return { schema: decodeSchema(bytes), bytes }
    },
    schemas: () =>
      sql
        .all<{ hash: string; rig: string; bytes: ArrayBuffer }>('SELECT hash, rig, bytes FROM schemas ORDER BY hash')
        .flatMap(({ hash, rig, bytes }) => {
          const schema = readable(new Uint8Array(bytes))
          return schema ? [{ hash, rig, schema }] : []
        }),
  }
}

/** Undefined for what a newer release has saved and this one can't read. */
function readable(bytes: Uint8Array): Schema | undefined {
  try {
    return decodeSchema(bytes)
  } catch {
    return undefined
  }
}

function journalTables(sql: Sqlite): Part<'saveRanges' | 'ranges' | 'saveCursor' | 'cursor'> {
  const saveCursor = (reader: string, { segment, offset }: Position) =>
    sql.run('INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)', reader, segment, offset)
  const cursor = (reader: string): Position | undefined => {
    const [found] = sql.all<At>('SELECT segment, at FROM cursors WHERE reader = ?', reader)
    return found && { segment: found.segment, offset: found.at }
  }
  return {
    saveRanges: (spools, upTo) =>
      sql.transaction(() => {
        for (const { rig, spool, predecessor, ranges, gone, mayCome = [], unreceipted = [] } of spools) {
          sql.run(
            'INSERT OR REPLACE INTO spools VALUES (?, ?, ?, ?, ?, ?, ?)',
            rig,
            spool,
            predecessor,
            JSON.stringify(ranges),
            JSON.stringify(gone),
            JSON.stringify(mayCome),
            JSON.stringify(unreceipted),
          )
        }
        saveCursor('ranges', upTo)
      }),
    ranges: (rig) => ({
      spools: sql
        .all<Record<keyof Required<SpoolRanges>, string>>(
          `SELECT rig, spool, predecessor, ranges, gone, may_come AS mayCome, unreceipted
           FROM spools WHERE ?1 IS NULL OR rig = ?1 ORDER BY rig, spool`,
          rig ?? null,
        )
        .map((spool) => ({
          ...spool,
          ranges: JSON.parse(spool.ranges) as Range[],
          gone: JSON.parse(spool.gone) as Range[],
          mayCome: JSON.parse(spool.mayCome) as Range[],
          unreceipted: JSON.parse(spool.unreceipted) as Range[],
        })),
      upTo: cursor('ranges'),
    }),
    saveCursor,
    cursor,
  }
}

function parkedTable(sql: Sqlite): Part<'park' | 'parked' | 'isParked' | 'unpark'> {
  const bytesOf = (sink: string) =>
    sql.all<{ bytes: number | null }>('SELECT sum(length(record)) AS bytes FROM parked WHERE sink = ?', sink)[0]
      ?.bytes ?? 0
  return {
    park: (sink, schemaHash, { segment, offset }, record, bytesMax) =>
      sql.transaction(() => {
        const known = sql.all('SELECT 1 FROM parked WHERE sink = ? AND segment = ? AND at = ?', sink, segment, offset)
        if (known.length > 0) return true
        if (bytesOf(sink) + record.length > bytesMax) return false
        sql.run('INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?)', sink, segment, offset, schemaHash, Date.now(), record)
        return true
      }),
    parked: (sink, schemaHash) =>
      sql
        .all<At & { schemaHash: string; parkedAtMs: number; record: ArrayBuffer }>(
          `SELECT segment, at, schema_hash AS schemaHash, parked_at_ms AS parkedAtMs, record FROM parked
           WHERE sink = ?1 AND (?2 IS NULL OR schema_hash = ?2) ORDER BY segment, at`,
          sink,
          schemaHash ?? null,
        )
        .map(({ segment, at, schemaHash, parkedAtMs, record }) => ({
          position: { segment, offset: at },
          schemaHash,
          record: new Uint8Array(record),
          parkedAtMs,
        })),
    isParked: (sink, { segment, offset }) =>
      sql.all('SELECT 1 FROM parked WHERE sink = ? AND segment = ? AND at = ?', sink, segment, offset).length > 0,
    unpark: (sink, positions) =>
      sql.transaction(() => {
        for (const { segment, offset } of positions) {
          sql.run('DELETE FROM parked WHERE sink = ? AND segment = ? AND at = ?', sink, segment, offset)
        }
      }),
  }
}

const fileColumns = `path, table_name AS "table", segment, from_offset AS fromOffset, to_offset AS toOffset, rows,
  min_time_ns AS minTimeNs, max_time_ns AS maxTimeNs, bytes, rigs`
type FileRow = Omit<LakeFile, 'rigs'> & { rigs: string }
const toFile = (row: FileRow): LakeFile => ({ ...row, rigs: JSON.parse(row.rigs) as string[] })
const byPlace = (a: LakeFile, b: LakeFile): number =>
  comparePositions({ segment: a.segment, offset: a.fromOffset }, { segment: b.segment, offset: b.fromOffset }) ||
  (a.path < b.path ? -1 : 1)

/** SQLite gives the highest rowid anew when its row has gone; who asks what was added since would not see the next file. */
const insertFile = `INSERT OR REPLACE INTO lake_files (rowid, path, table_name, segment, from_offset, to_offset, rows, min_time_ns,
  max_time_ns, bytes, rigs)
  VALUES (1 + max((SELECT coalesce(max(rowid), 0) FROM lake_files), (SELECT coalesce(max(file_row), 0) FROM lake_removed)),
  ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

function lakeTable(sql: Sqlite): Part<'addLakeFiles' | 'lakeFiles' | 'lakeFilesOf' | 'lakeLook' | 'lakeStreams'> {
  const versionOf = (table: string): string => {
    const [found] = sql.all<{ version: string }>(
      "SELECT count(*) || ' ' || coalesce(max(rowid), 0) AS version FROM lake_files WHERE table_name = ?",
      table,
    )
    return found?.version ?? ''
  }
  const filesBetween = ({ table, rig, filesMax = -1, between }: LakeWanted): LakeFile[] => {
    const { fromSegment, toSegment, besides } = between!
    const files = (where: string, limit: number, ...segments: string[]) =>
      sql.all<FileRow>(
        `SELECT ${fileColumns} FROM lake_files WHERE table_name = ?1
           AND (?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(lake_files.rigs) WHERE value = ?2)) AND ${where} LIMIT ?3`,
        ...[table, rig ?? null, limit, ...segments],
      )
    return [
      ...files('segment < ?4 ORDER BY segment DESC', besides, fromSegment),
      ...files('segment >= ?4 AND segment <= ?5 ORDER BY segment', filesMax, fromSegment, toSegment),
      ...files('segment > ?4 ORDER BY segment', besides, toSegment),
    ].map(toFile)
  }
  const filesOf = (wanted: LakeWanted): LakeFile[] => {
    const { table, rig, fromNs, toNs, filesMax } = wanted
    if (wanted.between) return filesBetween(wanted).sort(byPlace)
    const where = ['table_name = ?1']
    if (fromNs !== undefined) where.push('CAST(max_time_ns AS INTEGER) >= CAST(?2 AS INTEGER)')
    if (toNs !== undefined) where.push('CAST(min_time_ns AS INTEGER) < CAST(?3 AS INTEGER)')
    if (rig !== undefined) where.push('EXISTS (SELECT 1 FROM json_each(lake_files.rigs) WHERE value = ?4)')
    const rows = sql.all<FileRow>(
      `SELECT ${fileColumns} FROM lake_files WHERE ${where.join(' AND ')} LIMIT ?5`,
      table,
      fromNs === undefined ? null : String(fromNs),
      toNs === undefined ? null : String(toNs),
      rig ?? null,
      filesMax ?? -1,
    )
    return rows.map(toFile).sort(byPlace)
  }
  const saveCursor = ({ segment, offset }: Position) =>
    sql.run('INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)', 'lake', segment, offset)
  return {
    lakeStreams: () =>
      sql.all(
        `SELECT table_name AS stream, of_rig.value AS rig, CAST(min(CAST(min_time_ns AS INTEGER)) AS TEXT) AS minTimeNs,
           CAST(max(CAST(max_time_ns AS INTEGER)) AS TEXT) AS maxTimeNs,
           round(sum(rows * 1.0 / json_array_length(rigs))) AS rowsAbout
         FROM lake_files, json_each(lake_files.rigs) AS of_rig
         WHERE rows > 0 AND substr(table_name, 1, 1) <> '_' GROUP BY 1, 2`,
      ),
    lakeLook: (wanted) =>
      sql.look(() => {
        const [at] = sql.all<At>("SELECT segment, at FROM cursors WHERE reader = 'lake'")
        const tables = wanted.map((one) => {
          const version = 'unlessVersion' in one ? versionOf(one.table) : ''
          return { version, files: version !== '' && version === one.unlessVersion ? undefined : filesOf(one) }
        })
        return { cursor: at && { segment: at.segment, offset: at.at }, tables }
      }),
    addLakeFiles: (files, cursor, unparked = []) =>
      sql.transaction(() => {
        for (const file of files) {
          sql.run(
            insertFile,
            file.path,
            file.table,
            file.segment,
            file.fromOffset,
            file.toOffset,
            file.rows,
            file.minTimeNs,
            file.maxTimeNs,
            file.bytes,
            JSON.stringify(file.rigs),
          )
        }
        for (const { segment, offset } of unparked) {
          sql.run("DELETE FROM parked WHERE sink = 'lake' AND segment = ? AND at = ?", segment, offset)
        }
        if (cursor) saveCursor(cursor)
      }),
    lakeFilesOf: (table, segment) =>
      sql
        .all<FileRow>(`SELECT ${fileColumns} FROM lake_files WHERE table_name = ? AND segment = ?`, table, segment)
        .map(toFile),
    lakeFiles: (table) =>
      sql
        .all<FileRow>(
          `SELECT ${fileColumns} FROM lake_files WHERE ?1 IS NULL OR table_name = ?1
           ORDER BY table_name, segment, from_offset, path`,
          table ?? null,
        )
        .map(toFile),
  }
}

function fieldTable(sql: Sqlite): Part<'claimField' | 'saveField' | 'fields'> {
  return {
    claimField: (measurement, field, kind) =>
      sql.transaction(() => {
        sql.run('INSERT OR IGNORE INTO fields VALUES (?, ?, ?)', measurement, field, kind)
        return sql.all<{ kind: string }>(
          'SELECT kind FROM fields WHERE measurement = ? AND field = ?',
          measurement,
          field,
        )[0]!.kind
      }),
    saveField: (measurement, field, kind) =>
      sql.run('INSERT OR REPLACE INTO fields VALUES (?, ?, ?)', measurement, field, kind),
    fields: () => sql.all('SELECT measurement, field, kind FROM fields ORDER BY measurement, field'),
  }
}
