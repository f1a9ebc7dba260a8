import type { Sqlite } from './sqlite.ts'

// What is known of spools whose disk may be lost one day: how far they reach, and where a rig's streams stood when it began another one
// (writer: ingest).

/** How far a spool reaches, as its agent has listed it. */
export interface SpoolEnd {
  rig: string
  spool: string
  last: number
}

/** A stream of a rig when the rig began a spool: its last row before, and its first row in there, as far as known. */
export interface BegunStream {
  rig: string
  spool: string
  stream: string
  /** The rig's clock, and ingest's when it came, ns. */
  lastNs: bigint
  lastReceivedNs: bigint
  /** When the spool was heard of first, by ingest's clock, ns. */
  begunNs: bigint
  /** Of the batch with the lowest number. */
  first: { seq: number; ns: bigint; receivedNs: bigint } | undefined
}

export interface ReplacedTable {
  saveEnds(ends: readonly SpoolEnd[]): void
  removeEnd(rig: string, spool: string): void
  ends(): SpoolEnd[]
  saveBegun(streams: readonly BegunStream[]): void
  /** `stream` absent: all of them. */
  removeBegun(rig: string, spool: string, stream?: string): void
  begun(): BegunStream[]
}

type Row = Record<'rig' | 'spool' | 'stream' | 'lastNs' | 'lastReceivedNs' | 'begunNs', string> & {
  firstSeq: number | null
  firstNs: string | null
  firstReceivedNs: string | null
}

/** Times are integers that are read as text, because SQLite's integers come back as doubles. */
export function replacedTable(sql: Sqlite): ReplacedTable {
  const save = ({ rig, spool, stream, lastNs, lastReceivedNs, begunNs, first }: BegunStream) =>
    sql.run(
      `INSERT OR REPLACE INTO begun_anew VALUES (?, ?, ?, CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER), ?,
         CAST(? AS INTEGER), CAST(? AS INTEGER))`,
      rig,
      spool,
      stream,
      ...[lastNs, lastReceivedNs, begunNs].map(String),
      first?.seq ?? null,
      first ? String(first.ns) : null,
      first ? String(first.receivedNs) : null,
    )
  return {
    saveEnds: (ends) =>
      sql.transaction(() => {
        for (const { rig, spool, last } of ends)
          sql.run('INSERT OR REPLACE INTO spool_ends VALUES (?, ?, ?)', rig, spool, last)
      }),
    removeEnd: (rig, spool) => sql.run('DELETE FROM spool_ends WHERE rig = ? AND spool = ?', rig, spool),
    ends: () => sql.all<SpoolEnd>('SELECT rig, spool, last FROM spool_ends ORDER BY rig, spool'),
    saveBegun: (streams) =>
      sql.transaction(() => {
        for (const each of streams) save(each)
      }),
    removeBegun: (rig, spool, stream) =>
      sql.run(
        'DELETE FROM begun_anew WHERE rig = ? AND spool = ? AND stream = coalesce(?, stream)',
        rig,
        spool,
        stream ?? null,
      ),
    begun: () =>
      sql
        .all<Row>(
          `SELECT rig, spool, stream, CAST(last_ns AS TEXT) AS lastNs, CAST(last_received_ns AS TEXT) AS lastReceivedNs,
             CAST(begun_ns AS TEXT) AS begunNs, first_seq AS firstSeq, CAST(first_ns AS TEXT) AS firstNs,
             CAST(first_received_ns AS TEXT) AS firstReceivedNs FROM begun_anew ORDER BY rig, spool, stream`,
        )
        .map(({ rig, spool, stream, lastNs, lastReceivedNs, begunNs, firstSeq, firstNs, firstReceivedNs }) => ({
          rig,
          spool,
          stream,
          lastNs: BigInt(lastNs),
          lastReceivedNs: BigInt(lastReceivedNs),
          begunNs: BigInt(begunNs),
          first:
            firstSeq === null || firstNs === null || firstReceivedNs === null
              ? undefined
              : { seq: firstSeq, ns: BigInt(firstNs), receivedNs: BigInt(firstReceivedNs) },
        })),
  }
}
