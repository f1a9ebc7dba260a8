import type { After, RunsTables, ThingAt } from './runs-tables.ts'
import type { Sqlite } from './sqlite.ts'

// Where to find markers and entries of a rig's history (writer: ingest).

/** Beyond all times. */
export const endNs = 2n ** 63n - 1n

const at = ({ thing, fromNs }: { thing: string; fromNs: string }): ThingAt => ({ thing, fromNs: BigInt(fromNs) })

export function foldedThings(sql: Sqlite) {
  const things = (query: string, ...parameters: unknown[]): ThingAt[] =>
    sql.all<{ thing: string; fromNs: string }>(query, ...parameters).map(at)
  const columns = 'thing, CAST(from_ns AS TEXT) AS fromNs'
  const page = '(from_ns, thing) > (?, ?) ORDER BY from_ns, thing LIMIT ?'
  return {
    saveMarker({ thing, marker, run, fromNs, rigs }: Parameters<RunsTables['saveMarker']>[0]) {
      const isOfAll = rigs.length === 0 && run !== ''
      sql.run('INSERT OR REPLACE INTO markers VALUES (?, ?, ?, ?, ?)', thing, marker, run, fromNs, isOfAll ? 1 : 0)
      sql.run('DELETE FROM marker_rigs WHERE thing = ?', thing)
      for (const rig of new Set(rigs)) sql.run('INSERT INTO marker_rigs VALUES (?, ?, ?, ?)', rig, run, fromNs, thing)
    },
    markersNamed: (run: string, { ns, name }: After, limit: number) =>
      things(`SELECT ${columns} FROM markers WHERE run = ? AND ${page}`, run, ns, name, limit),
    markersUnnamed: (rig: string, fromNs: bigint, toNs: bigint | undefined, { ns, name }: After, limit: number) =>
      things(
        `SELECT ${columns} FROM marker_rigs WHERE rig = ? AND run = '' AND from_ns >= ? AND from_ns < ? AND ${page}`,
        ...[rig, fromNs, toNs ?? endNs, ns, name, limit],
      ),
    markersOfRig(rig: string, fromNs: bigint, toNs: bigint, { ns, name }: After, limit: number) {
      const span = 'from_ns >= ? AND from_ns < ?'
      const own = things(
        `SELECT ${columns} FROM marker_rigs WHERE rig = ? AND ${span} AND ${page}`,
        ...[rig, fromNs, toNs, ns, name, limit],
      )
      const ofAll = things(
        `SELECT ${columns} FROM markers WHERE all_rigs = 1
           AND EXISTS (SELECT 1 FROM run_rigs p WHERE p.run = markers.run AND p.rig = ?) AND ${span} AND ${page}`,
        ...[rig, fromNs, toNs, ns, name, limit],
      )
      return [...own, ...ofAll]
    },
    markersByName: (marker: string, limit: number) =>
      things(`SELECT ${columns} FROM markers WHERE marker = ? ORDER BY thing LIMIT ?`, marker, limit).map(
        ({ thing }) => thing,
      ),
    saveEntry: ({ thing, rig, fromNs }: { thing: string; rig: string; fromNs: bigint }) =>
      sql.run('INSERT OR REPLACE INTO rig_entries VALUES (?, ?, ?)', thing, rig, fromNs),
    entriesOf: (rig: string, limit: number) =>
      sql
        .all<{ thing: string }>(
          'SELECT thing FROM rig_entries WHERE rig = ? ORDER BY from_ns, thing LIMIT ?',
          rig,
          limit,
        )
        .map(({ thing }) => thing),
  }
}
