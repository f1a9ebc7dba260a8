import type { Sqlite } from './sqlite.ts'

// The last report on each run (writer: ingest), and what of the catalog a report rests on.

export interface SavedReport {
  /** JSON: what the report was made from. */
  madeFrom: string
  madeMs: number
  /** JSON. */
  report: string
}

/** A file of the lake, as far as it matters whether a report rests on it. `row` rises with each file that is added. */
export interface AddedFile {
  row: number
  table: string
  minTimeNs: string
  maxTimeNs: string
  rigs: string[]
}

export interface ReportsTable {
  saveReport(run: string, saved: SavedReport): void
  report(run: string): SavedReport | undefined
  /** What the saved one was made from. */
  madeFrom(run: string): string | undefined
  /** The newest file's `row`; 0: there is none. */
  newestFile(): number
  /** In order. */
  filesAfter(row: number, limit: number): AddedFile[]
  /** Parts of the journal whose rows of that stream retention has removed. */
  lakeRemoved(
    stream: string,
    part: { rig: string; fromNs: bigint; toNs: bigint },
  ): { segment: string; fromOffset: number; toOffset: number }[]
}

export const reportsTable = (sql: Sqlite): ReportsTable => ({
  saveReport: (run, { madeFrom, madeMs, report }) =>
    sql.run('INSERT OR REPLACE INTO run_reports VALUES (?, ?, ?, ?)', run, madeFrom, madeMs, report),
  report: (run) =>
    sql.all<SavedReport>(
      'SELECT made_from AS madeFrom, made_ms AS madeMs, report FROM run_reports WHERE run = ?',
      run,
    )[0],
  madeFrom: (run) =>
    sql.all<{ madeFrom: string }>('SELECT made_from AS madeFrom FROM run_reports WHERE run = ?', run)[0]?.madeFrom,
  newestFile: () => sql.all<{ row: number | null }>('SELECT max(rowid) AS row FROM lake_files')[0]?.row ?? 0,
  filesAfter: (row, limit) =>
    sql
      .all<Omit<AddedFile, 'rigs'> & { rigs: string }>(
        `SELECT rowid AS row, table_name AS "table", min_time_ns AS minTimeNs, max_time_ns AS maxTimeNs, rigs
         FROM lake_files WHERE rowid > ? ORDER BY rowid LIMIT ?`,
        row,
        limit,
      )
      .map((file) => ({ ...file, rigs: JSON.parse(file.rigs) as string[] })),
  lakeRemoved: (stream, { rig, fromNs, toNs }) =>
    sql.all(
      `SELECT segment, from_offset AS fromOffset, to_offset AS toOffset FROM lake_removed
       WHERE table_name = ?1 AND CAST(min_time_ns AS INTEGER) < CAST(?2 AS INTEGER)
         AND CAST(max_time_ns AS INTEGER) >= CAST(?3 AS INTEGER)
         AND EXISTS (SELECT 1 FROM json_each(lake_removed.rigs) WHERE value = ?4)`,
      stream,
      String(toNs),
      String(fromNs),
      rig,
    ),
})
