import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import type { LakeWrite } from './list-writes.ts'
import { readFooters } from './read-footers.ts'
import { covered, type Removals } from './removals.ts'

// A crash between renaming files and the catalog leaves some of a write. The catalog would tell; without it the write's own ledger
// does: it says of which streams and tables there must be a file. What is not whole and still lies in the journal is written anew, and
// everything behind it with it, as at any start (recoverFiles in lake-files.ts).

export interface Divided {
  /** Whole, or the only copy of what is in them. */
  writes: LakeWrite[]
  /** Where the lake goes on reading the journal; undefined: from its beginning. */
  cursor: Position | undefined
  /** To be written anew from the journal: left to the lake, which deletes them when it starts. */
  again: number
  /** Parts of what had been parked that no cursor speaks of: to be put aside, because their numbers will come again. */
  aside: string[]
}

export async function divideWrites(
  connection: DuckDBConnection,
  lakeFolder: string,
  writes: readonly LakeWrite[],
  journalSegments: ReadonlySet<string>,
  removals: Removals,
): Promise<Divided> {
  const isWhole = createIsWhole(connection, lakeFolder, removals)
  let cursor: Position | undefined
  let last: LakeWrite | undefined
  for (const write of writes.filter(({ late }) => !late)) {
    const isInJournal = journalSegments.has(write.from.segment)
    if (isInJournal && !(await isWhole(write))) {
      cursor = write.from
      break
    }
    last = write
  }
  cursor ??= last && (await endOf(connection, lakeFolder, last))
  const divided: Divided = { writes: [], cursor, again: 0, aside: [] }
  for (const write of writes) {
    if (!write.late) {
      if (cursor && comparePositions(write.from, cursor) >= 0) divided.again += write.paths.length
      else divided.writes.push(write)
      continue
    }
    // Of one that reaches behind the cursor, the lake would store the rest twice.
    const to = cursor?.segment === write.from.segment ? await endOf(connection, lakeFolder, write) : write.from
    const isBefore = cursor === undefined || comparePositions(to, cursor) <= 0
    if (isBefore && (await hasLedger(write, isWhole, journalSegments))) divided.writes.push(write)
    else divided.aside.push(...write.paths)
  }
  return divided
}

const ledgerFolder = '/_envelopes/'
const ledgerOf = (write: LakeWrite): string | undefined => write.paths.find((path) => path.includes(ledgerFolder))

type IsWhole = (write: LakeWrite) => Promise<boolean>

/** What had been parked is in no journal that the lake reads again: its ledger alone makes it count. */
async function hasLedger(write: LakeWrite, isWhole: IsWhole, journalSegments: ReadonlySet<string>): Promise<boolean> {
  if (ledgerOf(write) === undefined) return false
  return !journalSegments.has(write.from.segment) || (await isWhole(write))
}

function createIsWhole(connection: DuckDBConnection, lakeFolder: string, removals: Removals): IsWhole {
  return async (write) => {
    const ledger = ledgerOf(write)
    if (ledger === undefined) return false
    const footers = await readFooters(connection, lakeFolder, write.paths)
    if (footers.some((footer) => 'unreadable' in footer)) return false
    const there = new Set(footers.flatMap((footer) => ('file' in footer ? footer.file.table : [])))
    const expected = await connection.runAndReadAll(
      `SELECT body, CASE WHEN body = 'batch' AND "rows" > 0 THEN stream END AS stream, list(DISTINCT rig), min(first_t_ns), max(last_t_ns)
       FROM read_parquet(${quoteText(join(lakeFolder, ledger))}) GROUP BY ALL`,
    )
    return expected.getRowsJS().every(([body, stream, rigs, minNs, maxNs]) => {
      const table = body === 'batch' ? (stream as string | null) : bodyTable[String(body)]
      if (table === null || table === undefined || there.has(table)) return true
      const span = { minNs: minNs as bigint, maxNs: maxNs as bigint }
      return body === 'batch' && covered(removals, table, rigs as string[], span) !== undefined
    })
  }
}

const bodyTable: Record<string, string> = {
  event: '_events',
  clock_sample: '_clock',
  gap: '_gaps',
  health: '_health',
  schema: '_schemas',
}

/** Behind the last record of the write. */
async function endOf(connection: DuckDBConnection, lakeFolder: string, write: LakeWrite): Promise<Position> {
  const footers = await readFooters(connection, lakeFolder, write.paths)
  const ends = footers.flatMap((footer) => ('file' in footer ? footer.file.toOffset : []))
  return { segment: write.from.segment, offset: Math.max(write.from.offset, ...ends) }
}
