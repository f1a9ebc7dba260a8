import type { LastRow } from '../catalog/types.ts'
import type { Duck, Row } from './duck.ts'
import type { Numbers } from './numbers.ts'
import type { RebuiltRigs } from './rebuilt-rigs.ts'

// The lake's books: which envelopes it took, some files of them at a time.

/** What a write has of a stream, by its ledger. */
export interface BookedStream {
  /** The name of the ledger's file without its ending: that of the write. */
  write: string
  stream: string
  rows: number
  minNs: bigint
  maxNs: bigint
  rigs: string[]
}

export type NewestRow = Omit<LastRow, 'staleAfterMs'> & { spool: string; seq: bigint }

export interface Books {
  numbers: Numbers
  rigs: RebuiltRigs
  /** By rig and stream. */
  newest: Map<string, NewestRow>
}

/** `paths`: files of the ledger, in order of the journal. Rejects if one cannot be read. */
export async function readBooks(
  duck: Duck,
  paths: readonly string[],
  { numbers, rigs, newest }: Books,
): Promise<BookedStream[]> {
  if (paths.length === 0) return []
  // Read once, asked five times.
  const ledger = 'books'
  await duck.connection.run(
    `CREATE OR REPLACE TEMP TABLE ${ledger} AS SELECT parse_filename(filename, true) AS name, rig, spool, seq, received_ns, predecessor, segment, "offset",
       stream, schema, "rows", era, first_t_ns, last_t_ns FROM ${duck.table(paths).replace(/\)$/, ', filename = true)')}`,
  )
  await readNumbers(duck, ledger, numbers)
  for await (const { rig, spool, predecessor } of duck.rows(
    `SELECT rig, spool, max(predecessor) AS predecessor FROM ${ledger} WHERE predecessor <> '' GROUP BY ALL`,
  )) {
    numbers.predecessor(String(rig), String(spool), String(predecessor))
  }
  for await (const { rig, first, last } of duck.rows(
    `SELECT rig, min(received_ns) AS first, arg_max(received_ns, {s: segment, o: "offset"}) AS last FROM ${ledger} GROUP BY rig`,
  )) {
    rigs.seen(String(rig), first as bigint, last as bigint)
  }
  for await (const row of duck.rows(
    `SELECT rig, stream, schema, era, last_t_ns, received_ns, spool, seq FROM ${ledger}
     WHERE stream IS NOT NULL AND "rows" > 0
     QUALIFY row_number() OVER (PARTITION BY rig, stream ORDER BY spool DESC, seq DESC) = 1`,
  )) {
    keepNewest(newest, row)
  }
  return await readStreams(duck, ledger)
}

/** Of any table that says rig, spool and seq of its rows. */
export async function readNumbers(duck: Duck, table: string, numbers: Numbers): Promise<void> {
  for await (const { rig, spool, first, last } of duck.rows(
    `SELECT rig, spool, min(seq) AS first, max(seq) AS last FROM (
       SELECT rig, spool, seq, seq - row_number() OVER (PARTITION BY rig, spool ORDER BY seq) AS run
       FROM (SELECT DISTINCT rig, spool, seq FROM ${table}))
     GROUP BY rig, spool, run ORDER BY rig, spool, first`,
  )) {
    numbers.add(String(rig), String(spool), Number(first), Number(last))
  }
}

function keepNewest(newest: Books['newest'], row: Row): void {
  const [rig, stream, spool] = [String(row.rig), String(row.stream), String(row.spool)]
  const seq = row.seq as bigint
  const key = `${rig} ${stream}`
  const known = newest.get(key)
  if (known && (known.spool > spool || (known.spool === spool && known.seq > seq))) return
  newest.set(key, {
    rig,
    stream,
    spool,
    seq,
    schemaHash: String(row.schema),
    era: Number(row.era),
    timeNs: row.last_t_ns as bigint,
    receivedNs: row.received_ns as bigint,
  })
}

async function readStreams(duck: Duck, ledger: string): Promise<BookedStream[]> {
  const found: BookedStream[] = []
  for await (const row of duck.rows(
    `SELECT name, stream, sum("rows") AS "rows", min(first_t_ns) AS first, max(last_t_ns) AS last,
       list(DISTINCT rig) AS rigs
     FROM ${ledger} WHERE stream IS NOT NULL AND "rows" > 0 GROUP BY ALL ORDER BY name, stream`,
  )) {
    found.push({
      write: String(row.name),
      stream: String(row.stream),
      rows: Number(row.rows),
      minNs: row.first as bigint,
      maxNs: row.last as bigint,
      rigs: (row.rigs as string[]).map(String).sort(),
    })
  }
  return found
}
