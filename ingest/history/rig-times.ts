import type { DuckDBConnection } from '@duckdb/node-api'
import type { Position } from '../../common/segment-log-types.ts'
import { ulidFrom } from '../../common/ulid.ts'
import type { LakeFile } from '../catalog/types.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import { type ClockMap, createClockMap, type KnownSample } from './clock-map.ts'
import type { Files } from './files.ts'
import type { Engine } from './look.ts'
import type { ClockedPart, RigTimesAnswer, RigTimesQuery } from './types.ts'

// Times by ingest's clock as the rigs' own: by the clock samples about those times, from the lake and from the journal behind it. Rows
// are kept with the rig's time, so what is asked for by ingest's has to be asked for by the rig's.

/** Files of `_clock` before and behind a part that are looked at: how far the nearest sample may be is not known. */
const filesBesides = 8
/** In a longer part the rest is not looked at: that the clock was set there stays unknown. */
const filesBetween = 3000
const filesPerQuery = 500
/** Of files that have been read; they never change. */
const samplesKept = 50_000

export function createRigTimes(engine: Engine) {
  const samplesOf = createClockFiles(engine.files)

  const mapOf = async (
    connection: DuckDBConnection,
    { rig, fromNs, toNs, fromClock, toClock }: ClockedPart,
    signal: AbortSignal,
  ): Promise<ClockMap> => {
    // A segment's name has the time at which it was begun: ingest's clock, whatever the rig's says.
    const segment = (ns: bigint) => ulidFrom(Number(ns / 1_000_000n))
    const between = {
      fromSegment: segment(fromClock === 'ingest' ? fromNs : toNs),
      toSegment: segment(toClock === 'ingest' ? toNs : fromNs),
      besides: filesBesides,
    }
    // In one tick, see look.ts.
    const { cursor, tables } = engine.catalog.lakeLook([{ table: '_clock', rig, between, filesMax: filesBetween }])
    const tail = engine.tail.look(cursor).clock(rig)
    return createClockMap([...(await samplesOf(connection, rig, tables[0]?.files ?? [], signal)), ...tail])
  }

  return async (
    connection: DuckDBConnection,
    { parts }: RigTimesQuery,
    synced: Position | undefined,
    signal: AbortSignal,
  ): Promise<RigTimesAnswer> => {
    if (synced) await engine.tail.follow(synced)
    const found: RigTimesAnswer['parts'] = []
    for (const part of parts) {
      const isOwn = part.fromClock === 'rig' && part.toClock === 'rig'
      found.push(convert(part, isOwn ? createClockMap([]) : await mapOf(connection, part, signal)))
    }
    return { parts: found }
  }
}

function convert(
  { rig, fromNs, toNs, fromClock, toClock }: ClockedPart,
  map: ClockMap,
): RigTimesAnswer['parts'][number] {
  const from = fromClock === 'ingest' ? map.at(fromNs) : undefined
  const to = toClock === 'ingest' ? map.at(toNs) : undefined
  const whole = { fromNs: from?.ns ?? fromNs, toNs: to?.ns ?? toNs }
  // With one bound of each, when the other one was is not known by ingest's clock.
  const through = from && to ? map.through(fromNs, toNs) : whole.fromNs < whole.toNs ? [whole] : []
  return { rig, ...(from ? { from } : {}), ...(to ? { to } : {}), through }
}

type Row = [string, string, string, number, bigint, bigint, bigint, bigint, bigint, bigint, string]

/** What files of `_clock` hold, of all their rigs: read once. */
function createClockFiles(files: Files) {
  const byFile = new Map<string, Map<string, KnownSample[]>>()
  let kept = 0

  const load = async (
    connection: DuckDBConnection,
    missing: readonly LakeFile[],
  ): Promise<Map<string, KnownSample[]>[]> => {
    const list = missing.map((file) => quoteText(files.path(file))).join(', ')
    const result = await connection.runAndReadAll(
      `SELECT filename, rig, spool, CAST(seq AS DOUBLE), received_ns, t_ns, offset_ns, round_trip_ns, step_ns, monotonic_ns, boot_id
       FROM read_parquet([${list}], union_by_name = true, filename = true)`,
    )
    const paths = new Map(missing.map((file) => [files.path(file), file.path]))
    const read = new Map(missing.map(({ path }) => [path, new Map<string, KnownSample[]>()]))
    for (const row of result.getRows() as unknown as Row[]) {
      const [file, rig, spool, seq, receivedNs, tNs, offsetNs, roundTripNs, stepNs, monotonicNs, boot] = row
      const rigs = read.get(paths.get(file)!)!
      const sample = { spool, seq, receivedNs, tNs, offsetNs, roundTripNs, stepNs, monotonicNs, boot }
      const list = rigs.get(rig)
      if (list) list.push(sample)
      else rigs.set(rig, [sample])
    }
    for (const [path, rigs] of read) {
      // Somebody else may have read it meanwhile.
      if (byFile.has(path)) continue
      byFile.set(path, rigs)
      for (const list of rigs.values()) kept += list.length
    }
    return [...read.values()]
  }

  const forget = () => {
    for (const [path, rigs] of byFile) {
      if (kept <= samplesKept) return
      byFile.delete(path)
      for (const list of rigs.values()) kept -= list.length
    }
  }

  return async (
    connection: DuckDBConnection,
    rig: string,
    wanted: readonly LakeFile[],
    signal: AbortSignal,
  ): Promise<KnownSample[]> => {
    const found: KnownSample[] = []
    for (let from = 0; from < wanted.length; from += filesPerQuery) {
      signal.throwIfAborted()
      const some = wanted.slice(from, from + filesPerQuery)
      const missing = some.filter(({ path, rows }) => rows > 0 && !byFile.has(path))
      const known = some.flatMap(({ path }) => byFile.get(path) ?? [])
      const read = missing.length > 0 ? await load(connection, missing) : []
      for (const rigs of [...known, ...read]) for (const one of rigs.get(rig) ?? []) found.push(one)
      forget()
    }
    return found
  }
}
