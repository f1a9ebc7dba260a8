import { join } from 'node:path'
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { fromHex } from '../../protos/hex.ts'
import { decodeSchema } from '../../protos/schema.ts'
import type { Column, Kind, Schema } from '../../protos/types.ts'
import type { Catalog, LakeFile } from '../catalog/types.ts'
import { type LakeColumn, lakeKind, rowFlags } from '../sinks/lake/lake-columns.ts'
import { readFooter } from '../sinks/lake/lake-files.ts'
import { readTexts, readValidity } from '../sinks/lake/read-lake.ts'
import { quoteName, quoteText } from '../sinks/lake/stage.ts'
import type { JournalEnvelope } from '../sinks/sink.ts'
import { envelopeAt } from './envelope-at.ts'
import type { ReadParts, Wanted } from './read-file.ts'
import { spansOfFile } from './same-times.ts'

// A stream's file of the lake -> batches as the sink of InfluxDB had them, or would have had: of the same schema, so that the fields get the same
// names, and with all values that the sink goes by. Rows that InfluxDB never gets because they do not rise are left out here.

/** A schema of the file, and which of the file's columns its channels are in. */
interface Layout {
  hash: string
  schema: Schema
  /** Into the columns that are read; -1: it is in none. */
  places: number[]
}

export async function* readStream(parts: ReadParts, file: LakeFile, wanted: Wanted): AsyncGenerator<JournalEnvelope> {
  yield* readRows(parts, file, wanted, rowFlags.notRising, 0)
  // Rows that came with other values for a time that was there: InfluxDB has of each field the value that came last. They may be in
  // later files too, which InfluxDB has already: what was just written must not stand over them.
  const { rig, fromNs, toNs } = wanted
  for (const span of await spansOfFile(parts, file, rig)) {
    const firstNs = fromNs !== undefined && fromNs > span.firstNs ? fromNs : span.firstNs
    const lastNs = toNs !== undefined && toNs <= span.lastNs ? toNs - 1n : span.lastNs
    if (firstNs > lastNs) continue
    for (const other of await parts.sameTimes.files(file.table, rig, { firstNs, lastNs })) {
      const within = { rig, fromNs: firstNs, toNs: lastNs + 1n }
      yield* readRows(parts, other, within, rowFlags.sameTime, rowFlags.sameTime)
    }
  }
}

/** Rows of which these flags are so. */
async function* readRows(
  { connection, lakeFolder, catalog }: ReadParts,
  file: LakeFile,
  wanted: Wanted,
  flags: number,
  are: number,
): AsyncGenerator<JournalEnvelope> {
  const path = join(lakeFolder, file.path)
  const footer = await readFooter(connection, path)
  const columns = (JSON.parse(footer.rigline_columns ?? '[]') as LakeColumn[]).filter(({ kind }) => kind !== 'raw')
  const layouts = layOut(file.table, columns, footer.rigline_schemas, catalog)
  const rigs = wanted.rig === undefined ? file.rigs : file.rigs.filter((rig) => rig === wanted.rig)
  if (rigs.length === 0) return
  // Which envelope had which schema stands in the ledger: needed only where a part of the journal had several.
  const schemaOf = layouts.length > 1 ? await readSchemaOf({ connection, lakeFolder, catalog }, file) : undefined
  const order = are === 0 ? '' : ' ORDER BY received_ns, rig, spool, seq, "row"'
  const sql = select(path, columns, rigs, schemaOf !== undefined, wanted, `(flags & ${flags}) = ${are}`)
  const result = await connection.stream(sql + order)
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return
    yield* batchesOf(chunk, { file, columns, rigs, layouts, schemaOf })
  }
}

function layOut(
  stream: string,
  columns: readonly LakeColumn[],
  footer: string | undefined,
  catalog: ReadParts['catalog'],
): Layout[] {
  const layouts: Layout[] = []
  for (const { hash, encoded } of JSON.parse(footer ?? '[]') as { hash: string; encoded: string | null }[]) {
    const schema = encoded === null ? catalog.schema(hash)?.schema : decodeSchema(Buffer.from(encoded, 'base64'))
    if (schema) layouts.push({ hash, ...placeChannels(schema, columns) })
  }
  if (layouts.length > 0) return layouts
  // No schema to be found: the columns say what the channels are.
  const channels = columns.map(({ channel, kind }) => ({ name: channel, kind: kind as Kind }))
  return [{ hash: '', schema: { stream, channels: channels.map(toPhysical) }, places: columns.map((_, i) => i) }]
}

/** A scaled integer is a physical value in the lake, as it is in InfluxDB. */
const toPhysical = ({ name, kind }: { name: string; kind: Kind | 'scaled' | 'raw' }) => ({
  name,
  kind: kind === 'scaled' || kind === 'raw' ? ('f64' as const) : kind,
})

function placeChannels(schema: Schema, columns: readonly LakeColumn[]): Pick<Layout, 'schema' | 'places'> {
  const seen = new Map<string, number>()
  const places = schema.channels.map((channel) => {
    const kind = lakeKind(channel)
    // A schema may name a channel twice: each has a column of its own.
    const key = `${kind}\0${channel.name}`
    const nth = seen.get(key) ?? 0
    seen.set(key, nth + 1)
    const found = columns.flatMap((column, i) => (column.channel === channel.name && column.kind === kind ? [i] : []))
    return found[nth] ?? -1
  })
  const channels = schema.channels.map((channel) => toPhysical({ name: channel.name, kind: lakeKind(channel) }))
  return { schema: { stream: schema.stream, channels }, places }
}

const own = 4

function select(
  path: string,
  columns: readonly LakeColumn[],
  rigs: readonly string[],
  withNumbers: boolean,
  { fromNs, toNs, rig }: Wanted,
  flags: string,
): string {
  const whose = rigs.length === 1 ? '1' : `list_position([${rigs.map(quoteText).join(', ')}], rig)`
  const values = columns.map(({ column, kind }, i) => {
    const name = quoteName(column)
    // Texts as bytes: DuckDB's client drops a leading byte order mark.
    if (kind === 'text') return `encode(${name}) AS c${i}`
    return kind === 'bool' ? `CAST(${name} AS UTINYINT) AS c${i}` : `${name} AS c${i}`
  })
  const where = [
    flags,
    ...(rig === undefined ? [] : [`rig = ${quoteText(rig)}`]),
    ...(fromNs === undefined ? [] : [`t_ns >= ${fromNs}`]),
    ...(toNs === undefined ? [] : [`t_ns < ${toNs}`]),
  ]
  const number = withNumbers ? "spool || ' ' || seq" : "''"
  return `SELECT CAST(${whose} AS INTEGER), era, t_ns, ${number}, ${values.join(', ')}
    FROM read_parquet(${quoteText(path)}) WHERE ${where.join(' AND ')}`
}

/** The schema's hash by rig, spool and number. Bounded by what one file of the ledger has. */
async function readSchemaOf(
  { connection, lakeFolder, catalog }: { connection: DuckDBConnection; lakeFolder: string; catalog: Catalog },
  { table, segment, fromOffset, toOffset }: LakeFile,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const files = catalog.lakeFilesOf('_envelopes', segment).map(({ path }) => quoteText(join(lakeFolder, path)))
  if (files.length === 0) return found
  const rows = await connection.runAndReadAll(
    `SELECT rig, spool || ' ' || seq, "schema" FROM read_parquet([${files.join(', ')}], union_by_name = true)
     WHERE stream = ${quoteText(table)} AND "offset" >= ${fromOffset} AND "offset" < ${toOffset}`,
  )
  for (const [rig, number, hash] of rows.getRows()) found.set(`${rig} ${number}`, String(hash))
  return found
}

interface Reading {
  file: LakeFile
  columns: readonly LakeColumn[]
  rigs: readonly string[]
  layouts: readonly Layout[]
  schemaOf: Map<string, string> | undefined
}

function* batchesOf(
  chunk: DuckDBDataChunk,
  { file, columns, rigs, layouts, schemaOf }: Reading,
): Generator<JournalEnvelope> {
  const rows = chunk.rowCount
  // Copies: what DuckDB gave out is its own memory.
  const items = <T extends { slice(): T }>(index: number): T =>
    (chunk.getColumnVector(index) as unknown as { items: T }).items.slice()
  const rigOf = items<Int32Array>(0)
  const eras = items<Int32Array>(1)
  const times = items<BigInt64Array>(2)
  const layoutOf = schemaOf && chooseLayouts(chunk.getColumnValues(3) as string[], rigOf, rigs, layouts, schemaOf)
  const values = columns.map((column, i) => readColumn(chunk, own + i, column, items))

  let from = 0
  for (let row = 1; row <= rows; row++) {
    const goes =
      row < rows &&
      rigOf[row] === rigOf[from] &&
      eras[row] === eras[from] &&
      times[row]! > times[row - 1]! &&
      layoutOf?.[row] === layoutOf?.[from]
    if (goes) continue
    const { hash, schema, places } = layouts[layoutOf?.[from] ?? 0]!
    const batch = {
      schema: fromHex(hash),
      rows: row - from,
      era: eras[from]!,
      times: times.subarray(from, row),
      monotonicNs: 0n,
      bootId: new Uint8Array(16),
      notRising: false,
      position: 0,
      origin: '',
      columns: places.map((place) => (place < 0 ? absent(row - from) : cut(values[place]!, from, row, rows))),
    }
    const envelope = envelopeAt(file, rigs[rigOf[from]! - 1]!, 0, { type: 'batch', batch })
    envelope.schema = schema
    envelope.schemaHash = hash
    yield envelope
    from = row
  }
}

function chooseLayouts(
  numbers: readonly string[],
  rigOf: Int32Array,
  rigs: readonly string[],
  layouts: readonly Layout[],
  schemaOf: Map<string, string>,
): Int32Array {
  const indexOf = new Map(layouts.map(({ hash }, i) => [hash, i]))
  return Int32Array.from(numbers, (number, row) => {
    const hash = schemaOf.get(`${rigs[rigOf[row]! - 1]} ${number}`)
    const index = hash === undefined ? undefined : indexOf.get(hash)
    if (index === undefined) throw new Error(`the ledger does not say which schema the envelope ${number} has`)
    return index
  })
}

function readColumn(
  chunk: DuckDBDataChunk,
  index: number,
  { kind }: LakeColumn,
  items: <T extends { slice(): T }>(index: number) => T,
): Column {
  const valid = readValidity(chunk, index)
  const validity = valid ? { validity: valid } : {}
  switch (kind) {
    case 'text':
      return { kind, ...readTexts(chunk, index), ...validity }
    case 'f32':
      return { kind, values: items<Float32Array>(index), ...validity }
    case 'int':
      return { kind, values: items<BigInt64Array>(index), ...validity }
    case 'bool':
      return { kind, values: items<Uint8Array>(index), ...validity }
    default:
      return { kind: 'f64', values: items<Float64Array>(index), ...validity }
  }
}

const absent = (rows: number): Column => ({
  kind: 'f64',
  values: new Float64Array(rows),
  validity: new Uint8Array((rows + 7) >> 3),
})

function cut(column: Column, from: number, to: number, rows: number): Column {
  if (from === 0 && to === rows) return column
  const cutOut = { ...column, values: column.values.subarray(from, to) } as Column
  const { validity } = column
  if (!validity) return cutOut
  const bits = new Uint8Array((to - from + 7) >> 3)
  for (let row = from; row < to; row++) {
    if ((validity[row >> 3]! >> (row & 7)) & 1) bits[(row - from) >> 3]! |= 1 << ((row - from) & 7)
  }
  return { ...cutOut, validity: bits }
}
