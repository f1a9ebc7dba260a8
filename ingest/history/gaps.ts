import type { DuckDBConnection } from '@duckdb/node-api'
import { causes, type Gap } from '../../protos/types.ts'
import type { LakeFile, LakeWanted } from '../catalog/types.ts'
import { decodeRecord } from '../sinks/decode-record.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import type { Files } from './files.ts'
import type { Look } from './look.ts'
import type { TailGap } from './tail.ts'
import type { DeclaredGap, GapsAnswer, Hole, MissingNumbers, Part } from './types.ts'

// What is missing: Gaps, which are declared, from the lake's table and the tail; and holes, which are only seen, placed in time by their neighbours.

const listMax = 1000
/** Gaps that are remembered of the lake; beyond them the oldest are not told any more. */
const knownMax = 100_000
const filesPerQuery = 500

export interface KnownGaps {
  readonly version: string | undefined
  /** Takes over what a look has found new. */
  update(connection: DuckDBConnection, look: Look): Promise<readonly DeclaredGap[]>
}

/** The lake's Gaps in memory: there are few, and they may reach far beyond their files' times. */
export function createKnownGaps(files: Files): KnownGaps {
  const byFile = new Map<string, DeclaredGap[]>()
  let version: string | undefined
  let all: readonly DeclaredGap[] = []
  let updating: Promise<unknown> = Promise.resolve()

  const load = async (connection: DuckDBConnection, missing: readonly LakeFile[]) => {
    const list = missing.map((file) => quoteText(files.path(file))).join(', ')
    const table = `read_parquet([${list}], union_by_name = true, filename = true)`
    // Files of an earlier release have no such column.
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${table}`)
    const ofRig = described.getRows().some(([name]) => name === 'of_rig') ? 'coalesce(of_rig, rig)' : 'rig'
    const result = await connection.runAndReadAll(
      `SELECT filename, ${ofRig}, from_ns, to_ns, streams, cause, detail, CAST("rows" AS DOUBLE) FROM ${table}`,
    )
    const paths = new Map(missing.map((file) => [files.path(file), file.path]))
    for (const file of missing) byFile.set(file.path, [])
    for (const row of result.getRows()) {
      const [file, rig, fromNs, toNs, streams, cause, detail, rows] = row as [
        string,
        string,
        bigint,
        bigint,
        string,
        string,
        string,
        number,
      ]
      byFile.get(paths.get(file)!)!.push({
        rig,
        fromNs,
        toNs,
        streams: JSON.parse(streams) as string[],
        cause: causes.find((known) => known === cause) ?? 'unspecified',
        detail,
        rows,
      })
    }
  }

  const update = async (connection: DuckDBConnection, { gapFiles, gapsVersion }: Look) => {
    if (!gapFiles) return
    const live = new Set(gapFiles.map(({ path }) => path))
    for (const path of byFile.keys()) if (!live.has(path)) byFile.delete(path)
    const missing = gapFiles.filter(({ path }) => !byFile.has(path))
    for (let from = 0; from < missing.length; from += filesPerQuery) {
      await load(connection, missing.slice(from, from + filesPerQuery))
    }
    all = [...byFile.values()].flat().sort(byTime).slice(-knownMax)
    version = gapsVersion
  }

  return {
    get version() {
      return version
    },
    update(connection, look) {
      const mine = updating
        .catch(() => {})
        .then(async () => {
          if (look.gapsVersion !== version) await update(connection, look)
          return all
        })
      updating = mine
      return mine
    },
  }
}

const byTime = (a: { fromNs: bigint }, b: { fromNs: bigint }): number =>
  a.fromNs < b.fromNs ? -1 : a.fromNs > b.fromNs ? 1 : 0

export interface GapsWanted {
  parts: readonly Part[]
  stream?: string | undefined
  missing: readonly MissingNumbers[]
}

const hourNs = 3_600_000_000_000n

/** Which files of the ledger tell when the missing numbers must have been. */
export function ledgerWanted({ parts, missing }: GapsWanted): LakeWanted[] {
  const rigs = new Set(missing.map(({ rig }) => rig))
  return parts
    .filter(({ rig }) => rigs.has(rig))
    .map(({ rig, fromNs, toNs }) => ({
      table: '_envelopes',
      rig,
      fromNs: fromNs - hourNs,
      toNs: toNs + hourNs,
      filesMax: 2000,
    }))
}

export async function gapsOf(
  connection: DuckDBConnection,
  known: KnownGaps,
  files: Files,
  look: Look,
  wanted: GapsWanted,
): Promise<GapsAnswer> {
  const gaps = await declaredGaps(connection, known, look, wanted)
  const holes = await holesOf(connection, files, look, wanted)
  return {
    gaps: gaps.slice(0, listMax),
    holes: holes.slice(0, listMax),
    cut: gaps.length > listMax || holes.length > listMax || wanted.missing.length > listMax,
  }
}

/** All Gaps that touch the parts, in order of time. */
export async function declaredGaps(
  connection: DuckDBConnection,
  known: KnownGaps,
  look: Look,
  { parts, stream }: Pick<GapsWanted, 'parts' | 'stream'>,
): Promise<DeclaredGap[]> {
  const declared = [...(await known.update(connection, look)), ...look.tailGaps.flatMap(readGap)]
  const touching = declared
    .filter((gap) => stream === undefined || gap.streams.length === 0 || gap.streams.includes(stream))
    .filter((gap) => parts.some((part) => gap.rig === part.rig && gap.fromNs < part.toNs && gap.toNs >= part.fromNs))
  return unique(touching).sort(byTime)
}

/** A list that was read a moment later than the look may have what the look's tail has too. */
function unique(gaps: readonly DeclaredGap[]): DeclaredGap[] {
  const seen = new Map<string, DeclaredGap>()
  for (const gap of gaps)
    seen.set([gap.rig, gap.fromNs, gap.toNs, gap.cause, gap.rows, gap.streams, gap.detail].join(' '), gap)
  return [...seen.values()]
}

function readGap({ record }: TailGap): DeclaredGap[] {
  const decoded = decodeRecord(record)
  if (!('envelope' in decoded) || decoded.envelope.body.type !== 'gap') return []
  const gap: Gap = decoded.envelope.body.gap
  const { fromNs, toNs, streams, cause, detail, rows, rig = decoded.envelope.header.rig } = gap
  return [{ rig, fromNs, toNs, streams, cause, detail, rows }]
}

async function holesOf(
  connection: DuckDBConnection,
  files: Files,
  look: Look,
  { parts, missing }: GapsWanted,
): Promise<Hole[]> {
  const wanted = missing.filter(({ rig }) => parts.some((part) => part.rig === rig)).slice(0, listMax + 1)
  if (wanted.length === 0) return []
  const neighbours = createNeighbours(wanted)
  for (const { header, span } of look.tailBatches) {
    const times = neighbours.has(header.rig, header.spool) ? span() : undefined
    if (times) neighbours.add(header.rig, header.spool, header.seq, times.minNs, times.maxNs)
  }
  const paths = [...new Set(look.ledger.flat().map((file) => files.path(file)))]
  if (paths.length > 0) {
    const spools = [...new Set(wanted.map(({ spool }) => quoteText(spool)))].join(', ')
    const result = await connection.stream(
      `SELECT rig, spool, CAST(seq AS DOUBLE), first_t_ns, last_t_ns FROM read_parquet([${paths.map(quoteText).join(', ')}], union_by_name = true)
       WHERE spool IN (${spools}) AND first_t_ns IS NOT NULL`,
    )
    for await (const rows of result.yieldRows()) {
      for (const row of rows) neighbours.add(...(row as [string, string, number, bigint, bigint]))
    }
  }
  return neighbours
    .holes()
    .filter(({ rig, fromNs, toNs }) =>
      parts.some(
        (part) => part.rig === rig && (fromNs === null || fromNs < part.toNs) && (toNs === null || toNs >= part.fromNs),
      ),
    )
    .sort((a, b) => byTime({ fromNs: a.fromNs ?? 0n }, { fromNs: b.fromNs ?? 0n }))
}

interface Placed {
  numbers: MissingNumbers
  before: { seq: number; tNs: bigint } | undefined
  after: { seq: number; tNs: bigint } | undefined
}

/** The envelopes next to missing numbers, among those that it is shown. */
function createNeighbours(missing: readonly MissingNumbers[]) {
  const placed = new Map<string, Placed[]>()
  for (const numbers of missing) {
    const key = `${numbers.rig} ${numbers.spool}`
    const one = { numbers, before: undefined, after: undefined }
    const list = placed.get(key)
    if (list) list.push(one)
    else placed.set(key, [one])
  }
  return {
    has: (rig: string, spool: string) => placed.has(`${rig} ${spool}`),
    add(rig: string, spool: string, seq: number, firstNs: bigint, lastNs: bigint) {
      for (const one of placed.get(`${rig} ${spool}`) ?? []) {
        if (seq < one.numbers.from) {
          if (!one.before || seq > one.before.seq) one.before = { seq, tNs: lastNs }
        } else if (seq > one.numbers.to && (!one.after || seq < one.after.seq)) one.after = { seq, tNs: firstNs }
      }
    },
    holes: (): Hole[] =>
      [...placed.values()].flat().map(({ numbers: { rig, spool, from, to }, before, after }) => ({
        rig,
        fromNs: before?.tNs ?? null,
        toNs: after?.tNs ?? null,
        spool,
        from,
        to,
      })),
  }
}
