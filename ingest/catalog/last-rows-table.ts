import type { Sqlite } from './sqlite.ts'
import type { Catalog, LastRow } from './types.ts'

/** Times are integers that are read as text, because SQLite's integers come back as doubles. */
export function lastRowsTable(sql: Sqlite): Pick<Catalog, 'saveLastRows' | 'lastRows'> {
  return {
    saveLastRows: (rows) =>
      sql.transaction(() => {
        for (const { rig, stream, schemaHash, era, timeNs, receivedNs, staleAfterMs } of rows) {
          sql.run(
            'INSERT OR REPLACE INTO last_rows VALUES (?, ?, ?, ?, CAST(? AS INTEGER), CAST(? AS INTEGER), ?)',
            rig,
            stream,
            schemaHash,
            era,
            String(timeNs),
            String(receivedNs),
            staleAfterMs,
          )
        }
      }),
    lastRows: () =>
      sql
        .all<Omit<LastRow, 'timeNs' | 'receivedNs'> & { timeNs: string; receivedNs: string }>(
          `SELECT rig, stream, schema_hash AS schemaHash, era, CAST(t_ns AS TEXT) AS timeNs,
             CAST(received_ns AS TEXT) AS receivedNs, stale_after_ms AS staleAfterMs FROM last_rows ORDER BY rig, stream`,
        )
        .map((row) => ({ ...row, timeNs: BigInt(row.timeNs), receivedNs: BigInt(row.receivedNs) })),
  }
}
