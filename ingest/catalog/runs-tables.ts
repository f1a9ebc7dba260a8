import { decodeRunEvent, encodeRunEvent } from '../../protos/run-events.ts'
import { ownRig } from '../../protos/topics.ts'
import type { RunEventRecord } from '../runs/types.ts'
import type { Sqlite } from './sqlite.ts'
import { endNs, foldedThings } from './things-tables.ts'

// Events about runs, markers and rigs, and where to find what is folded from them (writer: ingest).

/** Where a page goes on: after this time and this name. */
export interface After {
  ns: bigint
  name: string
}

export interface RunRow {
  run: string
  version: number
  fromNs: bigint
  toNs: bigint | undefined
  withdrawn: boolean
  unfrozen: number
  tags: string[]
  parts: { rig: string; fromNs: bigint; toNs: bigint | undefined }[]
}

export interface RunFilter {
  rig?: string | undefined
  /** Runs that have a part of this span. */
  fromNs?: bigint | undefined
  toNs?: bigint | undefined
  open?: boolean | undefined
  tag?: string | undefined
}

export interface ThingAt {
  thing: string
  fromNs: bigint
}

export interface RunsTables {
  transaction<T>(work: () => T): T
  /** False if it is there already. */
  addEvent(record: RunEventRecord, thing: string): boolean
  /** Starts, stops and corrections, of each sender the first `limit` in the order received; and all that ingest froze. */
  eventsOfRun(run: string, limit: number): RunEventRecord[]
  eventOf(rig: string, id: string): RunEventRecord | undefined
  eventsOfThing(thing: string, limit: number): RunEventRecord[]
  countEvents(): { rig: string; count: number }[]
  addStart(rig: string, tNs: bigint, run: string): void
  /** Runs that were started on the rig up to then, the newest first. */
  startedBefore(rig: string, tNs: bigint, limit: number): string[]
  /** Stops of the rig from then on that name no run, in the order in which they happened. */
  unnamedStops(rig: string, fromNs: bigint, limit: number): RunEventRecord[]
  unnamedStopsOfNone(rig: string, fromNs: bigint, limit: number): RunEventRecord[]
  countFor(record: RunEventRecord, run: string): void
  saveRun(row: RunRow): void
  runRow(run: string): Omit<RunRow, 'parts'> | undefined
  runNames(limit: number): string[]
  /** Newest first. */
  listRuns(filter: RunFilter, after: After | undefined, limit: number): { run: string; fromNs: bigint }[]
  /** Runs, not withdrawn, with a part on the rig that begins before `toNs` and ends after `fromNs`. */
  runsOnRig(
    rig: string,
    fromNs: bigint,
    toNs: bigint | undefined,
    limit: number,
  ): { run: string; fromNs: bigint; toNs: bigint | undefined }[]
  unfrozen(limit: number): string[]
  saveMarker(row: { thing: string; marker: string; run: string; fromNs: bigint; rigs: string[] }): void
  markersNamed(run: string, after: After, limit: number): ThingAt[]
  /** Markers of the rig that name no run, of this span. */
  markersUnnamed(rig: string, fromNs: bigint, toNs: bigint | undefined, after: After, limit: number): ThingAt[]
  markersOfRig(rig: string, fromNs: bigint, toNs: bigint, after: After, limit: number): ThingAt[]
  /** Markers of this name, whosever they are. */
  markersByName(marker: string, limit: number): string[]
  saveEntry(row: { thing: string; rig: string; fromNs: bigint }): void
  entriesOf(rig: string, limit: number): string[]
}

interface EventRow {
  rig: string
  id: string
  spool: string
  seq: number
  receivedNs: string
  tNs: string
  type: string
  author: string
  text: string
  facts: string
  run: string
}

const eventColumns = `rig, id, spool, seq, CAST(received_ns AS TEXT) AS receivedNs, CAST(t_ns AS TEXT) AS tNs, type, author, text,
  facts, of_run AS run`
const inOrder = 'ORDER BY received_ns, rig, spool, seq'
/** Of one run, those that only speak of it among them. */
const sendersMax = 1000

function readEvent(row: EventRow): RunEventRecord {
  const { type, author, text, id } = row
  const tNs = BigInt(row.tNs)
  const facts = JSON.parse(row.facts) as Record<string, string>
  const event = decodeRunEvent({ type, author, text, id, tNs, facts })
  if (!event) throw new Error(`catalog: an event of the unknown type ${type}`)
  return { ...row, tNs, receivedNs: BigInt(row.receivedNs), event }
}

export function runsTables(sql: Sqlite): RunsTables {
  const events = (where: string, ...parameters: unknown[]): RunEventRecord[] =>
    sql.all<EventRow>(`SELECT ${eventColumns} FROM run_events WHERE ${where}`, ...parameters).map(readEvent)
  return {
    transaction: sql.transaction,
    ...eventTables(sql, events),
    ...foldedRuns(sql),
    ...foldedThings(sql),
  }
}

function eventTables(sql: Sqlite, events: (where: string, ...parameters: unknown[]) => RunEventRecord[]) {
  /** From one to the next by the index, however many events each has. */
  const sendersOf = (run: string): string[] =>
    sql
      .all<{ rig: string }>(
        `WITH RECURSIVE senders (rig) AS (
           SELECT min(rig) FROM run_events WHERE of_run = ?1 AND type <> 'marker'
           UNION ALL
           SELECT (SELECT min(rig) FROM run_events WHERE of_run = ?1 AND rig > senders.rig AND type <> 'marker') FROM senders WHERE rig IS NOT NULL
         ) SELECT rig FROM senders WHERE rig IS NOT NULL LIMIT ?2`,
        run,
        sendersMax,
      )
      .map(({ rig }) => rig)
  return {
    addEvent(
      { rig, id, spool, seq, receivedNs, tNs, author, text, event, run }: RunEventRecord,
      thing: string,
    ): boolean {
      const { type, facts } = encodeRunEvent(event, { tNs, author, text, id })
      const unnamed = event.type === 'run.stopped' && event.run === '' ? 1 : 0
      const added = sql.all(
        'INSERT INTO run_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1',
        ...[rig, id, spool, seq, receivedNs, tNs, type, author, text, JSON.stringify(facts), run, thing, unnamed],
      )
      return added.length > 0
    },
    eventOf: (rig: string, id: string) => events('rig = ? AND id = ?', rig, id)[0],
    // By sender: what one says of a run does not take the room of what another says.
    eventsOfRun: (run: string, limit: number) => [
      ...sendersOf(run).flatMap((rig) =>
        events(
          `of_run = ? AND rig = ? AND type <> 'marker' AND type <> 'run.froze'
           ORDER BY received_ns, spool, seq LIMIT ?`,
          ...[run, rig, limit],
        ),
      ),
      ...events(
        `of_run = ? AND rig = ? AND type <> 'marker' AND type = 'run.froze' ${inOrder} LIMIT 1000`,
        run,
        ownRig,
      ),
    ],
    // The second condition is the index's own.
    eventsOfThing: (thing: string, limit: number) =>
      events(`of_thing = ? AND of_thing <> '' ${inOrder} LIMIT ?`, thing, limit),
    countEvents: () =>
      sql.all<{ rig: string; count: number }>('SELECT rig, count(*) AS count FROM run_events GROUP BY rig'),
    addStart: (rig: string, tNs: bigint, run: string) =>
      sql.run('INSERT OR IGNORE INTO run_starts VALUES (?, ?, ?)', rig, tNs, run),
    startedBefore: (rig: string, tNs: bigint, limit: number) =>
      sql
        .all<{ run: string }>(
          'SELECT run FROM run_starts WHERE rig = ? AND t_ns <= ? ORDER BY t_ns DESC, run DESC LIMIT ?',
          rig,
          tNs,
          limit,
        )
        .map(({ run }) => run),
    unnamedStops: (rig: string, fromNs: bigint, limit: number) =>
      events(
        'rig = ? AND unnamed = 1 AND t_ns >= ? ORDER BY t_ns, received_ns, rig, spool, seq LIMIT ?',
        rig,
        fromNs,
        limit,
      ),
    unnamedStopsOfNone: (rig: string, fromNs: bigint, limit: number) =>
      events("rig = ? AND unnamed = 1 AND t_ns >= ? AND of_run = '' ORDER BY t_ns LIMIT ?", rig, fromNs, limit),
    countFor: ({ rig, id }: RunEventRecord, run: string) =>
      sql.run('UPDATE run_events SET of_run = ? WHERE rig = ? AND id = ?', run, rig, id),
  }
}

interface RunSpanRow {
  run: string
  fromNs: string
  toNs: string | null
}

const spanColumns = 'CAST(from_ns AS TEXT) AS fromNs, CAST(to_ns AS TEXT) AS toNs'
const readSpan = <Row extends RunSpanRow>(row: Row) => ({
  ...row,
  fromNs: BigInt(row.fromNs),
  toNs: row.toNs === null ? undefined : BigInt(row.toNs),
})

function foldedRuns(sql: Sqlite) {
  return {
    saveRun({ run, version, fromNs, toNs, withdrawn, unfrozen, tags, parts }: RunRow) {
      sql.run(
        'INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)',
        ...[run, version, fromNs, toNs ?? null, withdrawn ? 1 : 0, unfrozen, JSON.stringify(tags)],
      )
      sql.run('DELETE FROM run_rigs WHERE run = ?', run)
      for (const part of parts) {
        sql.run('INSERT OR REPLACE INTO run_rigs VALUES (?, ?, ?, ?)', run, part.rig, part.fromNs, part.toNs ?? null)
      }
    },
    runRow(run: string) {
      const [found] = sql.all<RunSpanRow & { version: number; withdrawn: number; unfrozen: number; tags: string }>(
        `SELECT run, version, ${spanColumns}, withdrawn, unfrozen, tags FROM runs WHERE run = ?`,
        run,
      )
      if (!found) return undefined
      return { ...readSpan(found), withdrawn: found.withdrawn === 1, tags: JSON.parse(found.tags) as string[] }
    },
    runNames: (limit: number) =>
      sql.all<{ run: string }>('SELECT run FROM runs ORDER BY from_ns DESC LIMIT ?', limit).map(({ run }) => run),
    listRuns: ({ rig, fromNs, toNs, open, tag }: RunFilter, after: After | undefined, limit: number) =>
      sql
        .all<RunSpanRow>(
          `SELECT run, ${spanColumns} FROM runs r
           WHERE (?1 IS NULL OR (from_ns, run) < (?1, ?2))
             AND (?3 IS NULL OR EXISTS (SELECT 1 FROM run_rigs p WHERE p.run = r.run AND p.rig = ?3
               AND (?4 IS NULL OR p.to_ns IS NULL OR p.to_ns > ?4) AND (?5 IS NULL OR p.from_ns < ?5)))
             AND (?4 IS NULL OR to_ns IS NULL OR to_ns > ?4) AND (?5 IS NULL OR from_ns < ?5)
             AND (?6 IS NULL OR (to_ns IS NULL) = ?6)
             AND (?7 IS NULL OR EXISTS (SELECT 1 FROM json_each(r.tags) WHERE value = ?7))
           ORDER BY from_ns DESC, run DESC LIMIT ?8`,
          after?.ns ?? null,
          after?.name ?? null,
          rig ?? null,
          fromNs ?? null,
          toNs ?? null,
          open === undefined ? null : open ? 1 : 0,
          tag ?? null,
          limit,
        )
        .map(readSpan),
    runsOnRig: (rig: string, fromNs: bigint, toNs: bigint | undefined, limit: number) =>
      sql
        .all<RunSpanRow>(
          `SELECT p.run AS run, CAST(p.from_ns AS TEXT) AS fromNs, CAST(p.to_ns AS TEXT) AS toNs
           FROM run_rigs p JOIN runs r ON r.run = p.run
           WHERE p.rig = ? AND p.from_ns < ? AND (p.to_ns IS NULL OR p.to_ns > ?) AND r.withdrawn = 0
           ORDER BY p.from_ns DESC, p.run DESC LIMIT ?`,
          rig,
          toNs ?? endNs,
          fromNs,
          limit,
        )
        .map(readSpan),
    unfrozen: (limit: number) =>
      sql
        .all<{ run: string }>('SELECT run FROM runs WHERE unfrozen > 0 ORDER BY run LIMIT ?', limit)
        .map(({ run }) => run),
  }
}
