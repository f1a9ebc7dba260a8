import type { Sqlite } from './sqlite.ts'
import type { Catalog, LakeFile } from './types.ts'

// What retention asks of the catalog. There may be a million files: nothing here goes over all of them twice.

/** As the partial index lake_files_by_segment has it: files of streams. */
const ofStream = "substr(table_name, 1, 1) <> '_'"

export function removedTable(
  sql: Sqlite,
): Pick<
  Catalog,
  | 'lakeTotals'
  | 'lakeRemovals'
  | 'oldestLakeFiles'
  | 'newestLakeSegment'
  | 'removeLakeFiles'
  | 'addLakeRemoved'
  | 'lakeRemoved'
  | 'lakeLeftovers'
  | 'lakeDeleted'
> {
  const totals = runningTotals(sql, 'lake_files')
  const removals = runningTotals(sql, 'lake_removed')
  return {
    lakeTotals: totals.read,
    lakeRemovals: () => {
      const [last] = sql.all<{ ms: number | null }>('SELECT max(removed_ms) AS ms FROM lake_removed')
      const { files, bytes } = removals.read()
      return { files, bytes, lastMs: last?.ms ?? undefined }
    },
    oldestLakeFiles: (filesMax, beforeSegment, fromSegment = '') =>
      sql
        .all<Omit<LakeFile, 'rigs'> & { rigs: string }>(
          `SELECT path, table_name AS "table", segment, from_offset AS fromOffset, to_offset AS toOffset, rows,
             min_time_ns AS minTimeNs, max_time_ns AS maxTimeNs, bytes, rigs
           FROM lake_files WHERE ${ofStream} AND segment < ?1 AND segment >= ?3 ORDER BY segment, path LIMIT ?2`,
          // Behind every name of a segment.
          beforeSegment ?? '~',
          filesMax,
          fromSegment,
        )
        .map((file) => ({ ...file, rigs: JSON.parse(file.rigs) as string[] })),
    newestLakeSegment: () =>
      sql.all<{ segment: string | null }>(`SELECT max(segment) AS segment FROM lake_files WHERE ${ofStream}`)[0]
        ?.segment ?? undefined,
    removeLakeFiles(files, reason, nowMs) {
      sql.transaction(() => {
        // What is taken off the sum must be in it.
        totals.read()
        for (const { path } of files) {
          sql.run(
            `INSERT OR REPLACE INTO lake_removed SELECT path, table_name, segment, from_offset, to_offset, rows, min_time_ns,
               max_time_ns, bytes, rigs, ?, ?, NULL, rowid FROM lake_files WHERE path = ?`,
            nowMs,
            reason,
            path,
          )
          sql.run('DELETE FROM lake_files WHERE path = ?', path)
        }
      })
      totals.subtract(files)
    },
    addLakeRemoved: (
      { path, table, segment, fromOffset, toOffset, rows, minTimeNs, maxTimeNs, bytes, rigs },
      reason,
      removedMs,
    ) =>
      sql.run(
        'INSERT OR REPLACE INTO lake_removed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)',
        ...[path, table, segment, fromOffset, toOffset, rows, minTimeNs, maxTimeNs, bytes, JSON.stringify(rigs)],
        ...[removedMs, reason, removedMs],
      ),
    lakeRemoved: () => sql.all('SELECT path, table_name AS "table", rows, bytes FROM lake_removed'),
    lakeLeftovers: (filesMax, beforeMs = Number.MAX_SAFE_INTEGER, notAfterMs = Number.MAX_SAFE_INTEGER) =>
      sql
        .all<{ path: string }>(
          `SELECT path FROM lake_removed WHERE deleted_ms IS NULL AND (removed_ms <= ? OR removed_ms > ?)
           ORDER BY removed_ms LIMIT ?`,
          beforeMs,
          notAfterMs,
          filesMax,
        )
        .map(({ path }) => path),
    lakeDeleted: (paths, nowMs) =>
      sql.transaction(() => {
        for (const path of paths) sql.run('UPDATE lake_removed SET deleted_ms = ? WHERE path = ?', nowMs, path)
      }),
  }
}

/** Counts what was added since it was last asked; rows are not changed in these tables. */
function runningTotals(sql: Sqlite, table: 'lake_files' | 'lake_removed') {
  let upTo = 0
  let files = 0
  let bytes = 0
  let streamBytes = 0
  const read = () => {
    const [found] = sql.all<{ files: number; bytes: number | null; streamBytes: number | null; upTo: number | null }>(
      `SELECT count(*) AS files, sum(bytes) AS bytes, sum(bytes) FILTER (WHERE ${ofStream}) AS streamBytes,
         max(rowid) AS upTo FROM ${table} WHERE rowid > ?`,
      upTo,
    )
    files += found?.files ?? 0
    bytes += found?.bytes ?? 0
    streamBytes += found?.streamBytes ?? 0
    upTo = found?.upTo ?? upTo
    return { files, bytes, streamBytes }
  }
  return {
    read,
    /** Files of streams. */
    subtract(removed: readonly { bytes: number }[]) {
      const less = removed.reduce((sum, file) => sum + file.bytes, 0)
      files -= removed.length
      bytes -= less
      streamBytes -= less
    },
  }
}
