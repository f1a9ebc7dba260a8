import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { nearest } from '../../common/nearest.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { toHex } from '../../protos/hex.ts'
import type { Schema } from '../../protos/types.ts'
import type { Catalog, LakeFile, LakeWanted } from '../catalog/types.ts'
import { decodeRecord } from '../sinks/decode-record.ts'
import { completeBatch, type KnownSchemas } from '../sinks/known-schemas.ts'
import { take } from '../sinks/lake/part.ts'
import { stageColumns } from '../sinks/lake/stage.ts'
import { layOutStream, type TakenBatch } from '../sinks/lake/stream-table.ts'
import { columnsOf, type Described } from './channels.ts'
import type { FileFacts, Files } from './files.ts'
import type { KnownTimes } from './known-times.ts'
import type { Source } from './relation.ts'
import type { Tail, TailBatch, TailGap } from './tail.ts'
import { findTailRepeats } from './tail-repeats.ts'
import { HistoryError, type Part } from './types.ts'

// One consistent look at what is stored: the lake's files and its cursor as they are at one moment, and what the journal has behind that
// cursor, up to what was durable when it was asked.

export interface Engine {
  instance: DuckDBInstance
  catalog: Catalog
  tail: Tail
  files: Files
  schemas: KnownSchemas
  counters: Record<string, number>
  /** Times of files that were read whole. */
  times: KnownTimes
}

export interface PartLook {
  part: Part
  files: LakeFile[]
  facts: FileFacts[]
  tail: { batch: TailBatch; schema: Schema; hash: string }[]
}

export interface Look {
  parts: PartLook[]
  /** Files of `_gaps`; undefined if they are as `gapsVersion` said. */
  gapFiles: LakeFile[] | undefined
  gapsVersion: string
  tailGaps: TailGap[]
  /** Files of `_envelopes` of the rigs, if asked for. */
  ledger: LakeFile[][]
  /** Batches of the parts' rigs behind the cursor. */
  tailBatches: TailBatch[]
}

export interface LookOptions {
  parts: readonly Part[]
  /** Absent: no rows are asked for. */
  stream?: string | undefined
  /** Followed up to there at least. */
  synced: Position | undefined
  gapsVersion?: string | undefined
  ledger?: readonly LakeWanted[]
}

const filesMax = 50_000

export async function takeLook(engine: Engine, options: LookOptions): Promise<Look> {
  const { catalog, tail, schemas } = engine
  const { parts, stream, synced, ledger = [] } = options
  if (synced) await tail.follow(synced)
  // From here to the end in one tick: the tail must not move between the two.
  const rows = stream === undefined ? [] : parts
  const wanted = rows.map((part): LakeWanted => ({ ...part, table: stream as string, filesMax: filesMax + 1 }))
  const lake = catalog.lakeLook([{ table: '_gaps', unlessVersion: options.gapsVersion }, ...ledger, ...wanted])
  const held = tail.look(lake.cursor)
  const [gaps, ...others] = lake.tables
  const files = others.slice(ledger.length).map((table) => (table.files ?? []).filter((file) => file.rows > 0))
  const looks = rows.map((part, i): PartLook => {
    const found = files[i]!
    if (found.length > filesMax) {
      throw new HistoryError(
        400,
        `more than ${filesMax} files of the lake have rows of that time: ask for a shorter one`,
      )
    }
    const lost = held.beyond(part.rig).filter(({ schema, span }) => {
      const known = schemaOf(schemas, schema)
      return span.minNs < part.toNs && span.maxNs >= part.fromNs && (known === undefined || known.stream === stream)
    })
    if (lost.length > 0) throw tooFarBehind(part, lost, held.bytes)
    const batches = held.schemas(part.rig).flatMap((key) => {
      const schema = schemaOf(schemas, key)
      if (schema?.stream !== stream) return []
      const hash = hashOf(key)
      return held
        .batches(part.rig, key)
        .filter((batch) => touches(batch, part))
        .map((batch) => ({ batch, schema: schema as Schema, hash }))
    })
    return { part, files: found, facts: [], tail: batches }
  })
  const rigs = new Set(parts.map(({ rig }) => rig))
  return {
    parts: looks,
    gapFiles: gaps!.files,
    gapsVersion: gaps!.version,
    tailGaps: held.gaps(),
    ledger: others.slice(0, ledger.length).map(({ files }) => files ?? []),
    tailBatches: [...rigs].flatMap((rig) => held.schemas(rig).flatMap((schema) => held.batches(rig, schema))),
  }
}

const hashOf = (key: string): string => toHex(Buffer.from(key, 'latin1'))

/** Undefined if it isn't here, or breaks the rules. */
function schemaOf(schemas: KnownSchemas, key: string): Schema | undefined {
  try {
    return schemas.get(hashOf(key))
  } catch {
    return undefined
  }
}

const touches = (batch: TailBatch, { fromNs, toNs }: Part): boolean => {
  const span = batch.span()
  return span !== undefined && span.minNs < toNs && span.maxNs >= fromNs
}

function tooFarBehind(part: Part, lost: readonly { span: { minNs: bigint } }[], bytes: number): HistoryError {
  const before = lost.reduce((min, { span }) => (span.minNs < min ? span.minNs : min), lost[0]!.span.minNs)
  const until = before > part.fromNs ? `, or ask for an end at ${isoTime(before)} or before` : ''
  return new HistoryError(
    503,
    `the lake is ${bytes} bytes behind the journal, too many to look through: try again when it has caught up${until}`,
  )
}

export const isoTime = (ns: bigint): string => {
  const ms = Number(ns / 1_000_000n)
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ns} ns`
}

/** Reads the footers of the files. Throws HistoryError for a stream that is not known of any of the rigs. */
export async function describeLook(
  engine: Engine,
  connection: DuckDBConnection,
  look: Look,
  stream: string,
  signal: AbortSignal,
): Promise<{ described: Described[]; schemas: Schema[] }> {
  for (const part of look.parts) {
    const facts = await engine.files.facts(connection, part.files, signal)
    // A file's span is that of all its rigs.
    part.files = part.files.filter((_, i) => hasRows(facts[i]!, part.part))
    part.facts = facts.filter((one) => hasRows(one, part.part))
  }
  const inTail = new Map<string, Schema>()
  for (const { tail } of look.parts) for (const { hash, schema } of tail) inTail.set(hash, schema)
  const described: Described[] = [
    ...look.parts.flatMap(({ facts }) => facts),
    ...[...inTail.values()].map((schema) => ({ columns: columnsOf(schema), schemas: [schema] })),
  ]
  const all = engine.catalog.schemas()
  const ofStream = all.filter(({ schema }) => schema.stream === stream)
  if (described.length === 0 && !isKnown(engine, look, stream, ofStream)) throw unknownStream(engine, look, stream)
  return { described, schemas: ofStream.map(({ schema }) => schema).reverse() }
}

const hasRows = ({ spans }: FileFacts, { rig, fromNs, toNs }: Part): boolean =>
  (spans.get(rig) ?? []).some(({ minNs, maxNs }) => BigInt(minNs) < toNs && BigInt(maxNs) >= fromNs)

function isKnown(engine: Engine, look: Look, stream: string, schemas: readonly { rig: string }[]): boolean {
  return look.parts.some(({ part: { rig } }) => {
    if (schemas.some((schema) => schema.rig === rig)) return true
    const [ever] = engine.catalog.lakeLook([{ table: stream, rig, filesMax: 1 }]).tables
    return (ever?.files ?? []).length > 0
  })
}

function unknownStream(engine: Engine, look: Look, stream: string): HistoryError {
  const streams = new Set(engine.catalog.schemas().map(({ schema }) => schema.stream))
  const near = nearest(stream, streams)
  const rigs = look.parts.map(({ part }) => JSON.stringify(part.rig)).slice(0, 5)
  const hint = near === undefined || near === stream ? '' : `; did you mean ${JSON.stringify(near)}?`
  return new HistoryError(404, `there is no stream ${JSON.stringify(stream)} of rig ${rigs.join(', ')}${hint}`)
}

/** What is staged at a time, decoded. */
const stagedBytesMax = 32 * 1024 * 1024

/**
 * The part as sources of a relation: its files, and its tail as temporary tables of the connection. `close` drops those. `repeatedRows`: rows of
 * the tail, in the part, that are left out because they are there already.
 */
export async function openPart(
  engine: Engine,
  connection: DuckDBConnection,
  { part, files, facts, tail }: PartLook,
  signal: AbortSignal,
  prefix = 'tail',
): Promise<{ sources: Source[]; repeatedRows: number; close(): Promise<void> }> {
  const sources: Source[] = files.map((file, i) => {
    const { columns, spans } = facts[i]!
    return {
      from: { file: engine.files.path(file) },
      columns,
      spans: spans.get(part.rig) ?? [],
      oneRig: spans.size === 1,
    }
  })
  const tables: string[] = []
  let batches: TakenBatch[] = []
  let bytes = 0
  const stage = async () => {
    if (batches.length === 0) return
    const table = `${prefix}_${tables.length}`
    const { channels, spans, ...staged } = layOutStream(batches)
    batches = []
    bytes = 0
    const select = await stageColumns(connection, 'stage', staged)
    try {
      await connection.run(`CREATE OR REPLACE TEMP TABLE ${table} AS ${select}`)
    } finally {
      await connection.run('DROP TABLE stage')
    }
    tables.push(table)
    sources.push({ from: { table }, columns: channels, spans, oneRig: true })
  }
  const inTail = tail.map(({ batch }) => batch)
  const repeats = await findTailRepeats(connection, part, sources, inTail, (batch) => decode(engine, batch))
  for (const { batch } of tail) {
    signal.throwIfAborted()
    const settled = repeats.settled(batch)
    const taken = settled ? settled.kept : decode(engine, batch)
    if (!taken) continue
    batches.push(taken)
    bytes += taken.envelope.body.batch.rows * (60 + 9 * taken.envelope.schema.channels.length)
    if (bytes >= stagedBytesMax) await stage()
  }
  await stage()
  return {
    sources,
    repeatedRows: repeats.repeatedRows,
    async close() {
      for (const table of tables) await connection.run(`DROP TABLE IF EXISTS ${table}`)
    },
  }
}

/** Undefined, and counted, for what the lake will not take either. */
function decode(engine: Engine, { record }: TailBatch): TakenBatch | undefined {
  try {
    const decoded = decodeRecord(record)
    if ('envelope' in decoded && completeBatch(decoded.envelope, engine.schemas)) return take(decoded.envelope).batch
  } catch {
    // As below.
  }
  engine.counters.leftOut = (engine.counters.leftOut ?? 0) + 1
  return undefined
}
