import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import type { Sqlite } from './sqlite.ts'
import type { LakeFile } from './types.ts'

// What of the journal was dropped before a sink had taken it: that sink is owed it, out of the lake. The lake has a row number for
// each file, which rises as files are added and is never given again, so "all files of this part of the journal up to row N" says how far
// a refill is, and a file that joins such a part later (its schema came late, it was replayed from quarantine) is owed too. So a
// part stays here after its refill; neighbours become one, and of many the oldest.

/** A part of the journal. `from` included, `to` not: where a segment is there whole, the beginning of the next one. */
export interface OwedPart {
  from: Position
  to: Position
  /** Files of the lake up to this row are in the sink. */
  fileRow: number
}

/** What the lake still has to give. */
export interface OwedSum {
  files: number
  rows: number
  /** Of the files. */
  bytes: number
}

/** A file with its row number. */
export interface NumberedFile {
  row: number
  file: LakeFile
}

/** Files of readings and of what goes with them, by the times in them. */
export interface FilesWanted {
  /** One stream alone, and none of the tables beside the streams. */
  stream?: string | undefined
  rig?: string | undefined
  fromNs: bigint
  toNs: bigint
}

export interface OwedTable {
  /** Notes it. It is durable when this returns. */
  owe(sink: string, from: Position, to: Position): void
  /** Oldest first. */
  owedParts(sink: string): OwedPart[]
  /** What the lake has of a part behind its `fileRow`, by that. */
  owedFiles(part: OwedPart, filesMax: number): NumberedFile[]
  owedSum(part: OwedPart): OwedSum
  /** The part's files up to that row are in the sink. Nothing happens if the part has changed since it was listed. */
  owedDone(sink: string, part: OwedPart, fileRow: number): void
  /** The part's files up to this one are in the sink, but for the file itself, which cannot be read: it is owed by its name from now on. */
  setAside(sink: string, part: OwedPart, file: NumberedFile): void
  /** Those that are owed by their names, and that the lake still counts among its own. */
  filesAside(sink: string): NumberedFile[]
  asideSum(sink: string): OwedSum
  asideDone(sink: string, path: string): void
  /** Notes of parts of which nothing is left that nothing of today's lake is; keeps their number within a bound. */
  settleOwed(sink: string): void
  /** Files in the order in which they came, behind `afterRow`; those of readings by their rig and time, events and Gaps all. */
  filesInSpan(wanted: FilesWanted, afterRow: number, filesMax: number): NumberedFile[]
  /** About how many rows, of files that are partly in the span a share. */
  rowsInSpan(wanted: FilesWanted): number
}

const partsMax = 100

const columns = `rowid AS row, path, table_name AS "table", segment, from_offset AS fromOffset, to_offset AS toOffset, rows,
  min_time_ns AS minTimeNs, max_time_ns AS maxTimeNs, bytes, rigs`
type Row = Omit<LakeFile, 'rigs'> & { row: number; rigs: string }
const toNumbered = ({ row, rigs, ...file }: Row): NumberedFile => ({
  row,
  file: { ...file, rigs: JSON.parse(rigs) as string[] },
})

/** What sinks write; the ledger and the schemas are the lake's own. */
const ofSinks = "rows > 0 AND table_name NOT IN ('_envelopes', '_schemas')"
const ofPart = `rowid > ?1 AND segment >= ?2 AND segment <= ?4 AND (segment <> ?2 OR to_offset > ?3)
  AND (segment <> ?4 OR from_offset < ?5) AND ${ofSinks}`
const isAside = 'path IN (SELECT path FROM owed_files WHERE sink = ?)'
const bounds = ({ fileRow, from, to }: OwedPart) => [fileRow, from.segment, from.offset, to.segment, to.offset]

export function owedTable(sql: Sqlite): OwedTable {
  const owedParts = (sink: string): OwedPart[] =>
    sql
      .all<{ fromSegment: string; fromAt: number; toSegment: string; toAt: number; fileRow: number }>(
        `SELECT from_segment AS fromSegment, from_at AS fromAt, to_segment AS toSegment, to_at AS toAt, file_row AS fileRow
         FROM owed WHERE sink = ? ORDER BY from_segment, from_at`,
        sink,
      )
      .map(({ fromSegment, fromAt, toSegment, toAt, fileRow }) => ({
        from: { segment: fromSegment, offset: fromAt },
        to: { segment: toSegment, offset: toAt },
        fileRow,
      }))
  const remove = (sink: string, { from }: OwedPart) =>
    sql.run('DELETE FROM owed WHERE sink = ? AND from_segment = ? AND from_at = ?', sink, from.segment, from.offset)
  const save = (sink: string, { from, to, fileRow }: OwedPart) =>
    sql.run(
      'INSERT INTO owed VALUES (?, ?, ?, ?, ?, ?)',
      sink,
      from.segment,
      from.offset,
      to.segment,
      to.offset,
      fileRow,
    )
  /** Below the rows of all files that the part has now; those to come are above. */
  const rowBefore = (from: Position, to: Position): number => {
    const [found] = sql.all<{ row: number | null }>(
      `SELECT min(row) AS row FROM (
         SELECT min(rowid) AS row FROM lake_files WHERE substr(table_name, 1, 1) <> '_' AND segment >= ?1 AND segment <= ?2
         UNION ALL SELECT min(rowid) FROM lake_files
           WHERE table_name IN ('_events', '_gaps', '_health', '_clock') AND segment >= ?1 AND segment <= ?2
         UNION ALL SELECT 1 + max(rowid) FROM lake_files)`,
      from.segment,
      to.segment,
    )
    return (found?.row ?? 1) - 1
  }
  const sumWhere = (where: string, values: readonly unknown[]): OwedSum => {
    const [found] = sql.all<{ files: number; rows: number | null; bytes: number | null }>(
      `SELECT count(*) AS files, sum(rows) AS rows, sum(bytes) AS bytes FROM lake_files WHERE ${where}`,
      ...values,
    )
    return { files: found?.files ?? 0, rows: found?.rows ?? 0, bytes: found?.bytes ?? 0 }
  }
  const sumOf = (part: OwedPart): OwedSum => sumWhere(ofPart, bounds(part))
  const wantedFiles = ({ stream, rig, fromNs, toNs }: FilesWanted): [string, unknown[]] => [
    `${ofSinks} AND CASE
       WHEN substr(table_name, 1, 1) = '_' AND ?1 IS NOT NULL THEN 0
       WHEN table_name IN ('_events', '_gaps') THEN 1
       ELSE (?1 IS NULL OR table_name = ?1) AND CAST(max_time_ns AS INTEGER) >= CAST(?3 AS INTEGER)
         AND CAST(min_time_ns AS INTEGER) < CAST(?4 AS INTEGER)
         AND (?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(lake_files.rigs) WHERE value = ?2)) END`,
    [stream ?? null, rig ?? null, String(fromNs), String(toNs)],
  ]

  const owedDone: OwedTable['owedDone'] = (sink, { from, to }, fileRow) =>
    sql.run(
      `UPDATE owed SET file_row = max(file_row, ?) WHERE sink = ? AND from_segment = ? AND from_at = ?
         AND to_segment = ? AND to_at = ?`,
      ...[fileRow, sink, from.segment, from.offset, to.segment, to.offset],
    )

  return {
    owe: (sink, from, to) =>
      sql.transaction(() => {
        let noted: OwedPart = { from, to, fileRow: rowBefore(from, to) }
        for (const part of owedParts(sink)) {
          if (comparePositions(part.to, from) < 0 || comparePositions(part.from, to) > 0) continue
          remove(sink, part)
          noted = unite(noted, part)
        }
        save(sink, noted)
      }),
    owedParts,
    owedFiles: (part, filesMax) =>
      sql
        .all<Row>(
          `SELECT ${columns} FROM lake_files WHERE ${ofPart} ORDER BY rowid LIMIT ?6`,
          ...bounds(part),
          filesMax,
        )
        .map(toNumbered),
    owedSum: sumOf,
    owedDone,
    setAside: (sink, part, { row, file }) =>
      sql.transaction(() => {
        sql.run('INSERT OR IGNORE INTO owed_files VALUES (?, ?)', sink, file.path)
        owedDone(sink, part, row)
      }),
    filesAside: (sink) =>
      sql.all<Row>(`SELECT ${columns} FROM lake_files WHERE ${isAside} ORDER BY rowid`, sink).map(toNumbered),
    asideSum: (sink) => sumWhere(isAside, [sink]),
    asideDone: (sink, path) => sql.run('DELETE FROM owed_files WHERE sink = ? AND path = ?', sink, path),
    settleOwed(sink) {
      sql.transaction(() => {
        sql.run('DELETE FROM owed_files WHERE path NOT IN (SELECT path FROM lake_files)')
        const [newest] = sql.all<{ row: number | null }>('SELECT max(rowid) AS row FROM lake_files')
        const row = newest?.row ?? 0
        const parts = owedParts(sink).map((part) =>
          part.fileRow < row && sumOf(part).files === 0 ? { ...part, fileRow: row, moved: true } : part,
        )
        // What lies between two old ones is in the sink: to write it again changes nothing.
        for (const part of parts) if ('moved' in part || parts.length > partsMax) remove(sink, part)
        const united =
          parts.length <= partsMax
            ? parts
            : [parts.slice(0, -partsMax / 2).reduce(unite), ...parts.slice(-partsMax / 2)]
        for (const part of united) if ('moved' in part || parts.length > partsMax) save(sink, part)
      })
    },
    filesInSpan(wanted, afterRow, filesMax) {
      const [where, values] = wantedFiles(wanted)
      return sql
        .all<Row>(
          `SELECT ${columns} FROM lake_files WHERE rowid > ?5 AND ${where} ORDER BY rowid LIMIT ?6`,
          ...values,
          afterRow,
          filesMax,
        )
        .map(toNumbered)
    },
    rowsInSpan(wanted) {
      const [where, values] = wantedFiles(wanted)
      const [low, high] = ['CAST(min_time_ns AS INTEGER)', 'CAST(max_time_ns AS INTEGER)']
      const [found] = sql.all<{ rows: number | null }>(
        `SELECT sum(rows * max(0.0, min(1.0,
             (1.0 + min(${high}, CAST(?4 AS INTEGER)) - max(${low}, CAST(?3 AS INTEGER))) / (1.0 + ${high} - ${low})))) AS rows
         FROM lake_files WHERE ${where}`,
        ...values,
      )
      return Math.round(found?.rows ?? 0)
    },
  }
}

const unite = (a: OwedPart, b: OwedPart): OwedPart => ({
  from: comparePositions(a.from, b.from) <= 0 ? a.from : b.from,
  to: comparePositions(a.to, b.to) >= 0 ? a.to : b.to,
  fileRow: Math.min(a.fileRow, b.fileRow),
})
