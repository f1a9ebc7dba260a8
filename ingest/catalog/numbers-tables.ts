import type { Range } from '../../protos/types.ts'
import type { Sqlite } from './sqlite.ts'
import type { SpoolRanges } from './types.ts'

// Which numbers each segment of the journal holds, and which of them are lost (writer: ingest). A segment's numbers stay until the
// lake is past it and has them all: what it has not is lost, whatever became of the journal meanwhile.

/** Sorted, disjoint ranges. */
export interface SpoolNumbers {
  rig: string
  spool: string
  ranges: Range[]
}

export interface LostNumbers extends SpoolNumbers {
  /** Of the journal: where they had been. */
  segment: string
  foundMs: number
}

export interface NumbersTables {
  /** For each of these spools, all of its numbers in the segment. */
  saveJournalNumbers(bySegment: ReadonlyMap<string, SpoolNumbers[]>): void
  journalNumbers(segment: string): SpoolNumbers[]
  /** Segments whose numbers are not accounted for yet, oldest first. */
  journalSegments(most?: number): string[]
  /**
   * The segment is accounted for; these numbers of it are lost, and the spools have them no more. All in one, so that no crash leaves
   * a number neither receipted nor known as lost.
   */
  accounted(segment: string, lost: readonly LostNumbers[], spools: readonly SpoolRanges[]): void
  lostNumbers(): LostNumbers[]
  /** What is left of them; without ranges, they are found or declared. */
  saveLostNumbers(lost: LostNumbers): void
}

type Row = Omit<LostNumbers, 'ranges'> & { ranges: string }
const parsed = <R extends { ranges: string }>(row: R) => ({ ...row, ranges: JSON.parse(row.ranges) as Range[] })

export function numbersTables(sql: Sqlite): NumbersTables {
  const saveLost = ({ rig, spool, segment, ranges, foundMs }: LostNumbers) =>
    sql.run(
      'INSERT OR REPLACE INTO lost_numbers VALUES (?, ?, ?, ?, ?)',
      rig,
      spool,
      segment,
      JSON.stringify(ranges),
      foundMs,
    )
  return {
    saveJournalNumbers: (bySegment) =>
      sql.transaction(() => {
        for (const [segment, numbers] of bySegment) {
          for (const { rig, spool, ranges } of numbers) {
            sql.run(
              'INSERT OR REPLACE INTO journal_numbers VALUES (?, ?, ?, ?)',
              segment,
              rig,
              spool,
              JSON.stringify(ranges),
            )
          }
        }
      }),
    journalNumbers: (segment) =>
      sql
        .all<Row>('SELECT rig, spool, ranges FROM journal_numbers WHERE segment = ? ORDER BY rig, spool', segment)
        .map(parsed),
    journalSegments: (most = -1) =>
      sql
        .all<{ segment: string }>('SELECT DISTINCT segment FROM journal_numbers ORDER BY segment LIMIT ?', most)
        .map(({ segment }) => segment),
    accounted: (segment, lost, spools) =>
      sql.transaction(() => {
        for (const each of lost) saveLost(each)
        for (const { rig, spool, ranges, gone } of spools) {
          sql.run(
            'UPDATE spools SET ranges = ?, gone = ? WHERE rig = ? AND spool = ?',
            JSON.stringify(ranges),
            JSON.stringify(gone),
            rig,
            spool,
          )
        }
        sql.run('DELETE FROM journal_numbers WHERE segment = ?', segment)
      }),
    lostNumbers: () =>
      sql
        .all<Row>(
          'SELECT rig, spool, segment, ranges, found_ms AS foundMs FROM lost_numbers ORDER BY rig, spool, segment',
        )
        .map(parsed),
    saveLostNumbers(lost) {
      if (lost.ranges.length > 0) saveLost(lost)
      else
        sql.run(
          'DELETE FROM lost_numbers WHERE rig = ? AND spool = ? AND segment = ?',
          lost.rig,
          lost.spool,
          lost.segment,
        )
    },
  }
}
