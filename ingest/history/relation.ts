import type { LakeColumn } from '../sinks/lake/lake-columns.ts'
import { sliceTime } from '../sinks/lake/slice-time.ts'
import { quoteName, quoteText } from '../sinks/lake/stage.ts'
import type { RowSpan } from '../sinks/lake/stream-table.ts'
import type { AnswerColumn } from './channels.ts'
import type { WholeFile } from './known-times.ts'
import type { Part } from './types.ts'

// Files of the lake and the tail of the journal as queries whose rows, one query after the other, come in the order of era, t_ns, spool, seq
// and row. What does not overlap is read as it lies; what does is sorted slice by slice, so that memory is bounded.

/** A file of the lake or a table laid out like one, sorted by rig, era, t_ns, spool, seq, row. */
export interface Source {
  /** A path of a Parquet file, or the name of a table. */
  from: { file: string } | { table: string }
  columns: readonly LakeColumn[]
  /** Where the part's rig has rows in it, by era and time. */
  spans: readonly RowSpan[]
  /** It has rows of no other rig. */
  oneRig: boolean
}

/** How a query gives its columns. */
export interface Shape {
  own: readonly OwnColumn[]
  /** SQL of a channel from its column, and its type where a source hasn't got it. */
  channel(column: AnswerColumn, name: string): string
  missing(column: AnswerColumn): string
}

export type OwnColumn = 'rig' | 't_ns' | 'time' | 'era' | 'flags'

export interface Query {
  sql: string
  era: number
  /** About so many, no fewer. */
  rows: number
  /** If all it reads are files as they are, one after the other: which, and the same query without t_ns. */
  whole?: { files: WholeFile[]; sqlWithoutTimes: string }
}

interface Piece {
  source: Source
  minNs: bigint
  maxNs: bigint
  /** As sliceTime wants them. */
  minTimeNs: string
  maxTimeNs: string
  rows: number
  where: string
}

export interface RelationOptions {
  part: Part
  sources: readonly Source[]
  columns: readonly AnswerColumn[]
  shape: Shape
  /** Of a query, about. */
  rowsMax?: number
  /** Sorted at a time. */
  cellsMax?: number
}

const filesPerQuery = 256
const cellsPerSort = 8_000_000

export function* queriesOf(options: RelationOptions): Generator<Query> {
  const { part, sources, rowsMax = Number.POSITIVE_INFINITY } = options
  const eras = new Set(sources.flatMap(({ spans }) => spans.map(({ era }) => era)))
  for (const era of [...eras].sort((a, b) => a - b)) {
    let plain: Piece[] = []
    let rows = 0
    for (const cluster of clustersOf(piecesOf(sources, part, era))) {
      const first = cluster[0]!
      const isFull = plain.length >= filesPerQuery || (plain.length > 0 && rows + first.rows > rowsMax)
      if (plain.length > 0 && (cluster.length > 1 || isFull)) {
        yield plainQuery(plain, options, era)
        plain = []
        rows = 0
      }
      if (cluster.length > 1) yield* sortedQueries(cluster, options, era)
      else {
        plain.push(first)
        rows += first.rows
      }
    }
    if (plain.length > 0) yield plainQuery(plain, options, era)
  }
}

function piecesOf(sources: readonly Source[], { rig, fromNs, toNs }: Part, era: number): Piece[] {
  const pieces: Piece[] = []
  for (const source of sources) {
    const ofEra = source.spans.filter((span) => span.era === era)
    for (const span of ofEra) {
      const [spanMin, spanMax] = [BigInt(span.minNs), BigInt(span.maxNs)]
      if (spanMin >= toNs || spanMax < fromNs) continue
      const alone = ofEra.length === 1
      const minNs = spanMin < fromNs ? fromNs : spanMin
      const maxNs = spanMax >= toNs ? toNs - 1n : spanMax
      const where = [
        ...(source.oneRig ? [] : [`rig = ${quoteText(rig)}`]),
        ...(ofEra.length === source.spans.length ? [] : [`era = ${era}`]),
        ...(alone && minNs === spanMin ? [] : [`t_ns >= ${minNs}`]),
        ...(alone && maxNs === spanMax ? [] : [`t_ns <= ${maxNs}`]),
      ].join(' AND ')
      pieces.push({ source, minNs, maxNs, minTimeNs: String(minNs), maxTimeNs: String(maxNs), rows: span.rows, where })
    }
  }
  return pieces.sort((a, b) => compare(a.minNs, b.minNs) || compare(a.maxNs, b.maxNs))
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** Pieces whose times overlap, or touch, are together; `pieces` sorted by their first time. */
function* clustersOf(pieces: readonly Piece[]): Generator<Piece[]> {
  let cluster: Piece[] = []
  let maxNs = 0n
  for (const piece of pieces) {
    if (cluster.length > 0 && piece.minNs > maxNs) {
      yield cluster
      cluster = []
    }
    if (cluster.length === 0 || piece.maxNs > maxNs) maxNs = piece.maxNs
    cluster.push(piece)
  }
  if (cluster.length > 0) yield cluster
}

function plainQuery(pieces: readonly Piece[], options: RelationOptions, era: number): Query {
  const query = { sql: plainSql(pieces, options), era, rows: pieces.reduce((sum, { rows }) => sum + rows, 0) }
  const { shape } = options
  const files = pieces.flatMap(({ source, where, rows }) =>
    'file' in source.from && where === '' && rows > 0 ? [{ file: source.from.file, rows }] : [],
  )
  if (files.length < pieces.length || shape.own.length !== 1 || shape.own[0] !== 't_ns') return query
  return { ...query, whole: { files, sqlWithoutTimes: plainSql(pieces, { ...options, shape: { ...shape, own: [] } }) } }
}

function plainSql(pieces: readonly Piece[], { columns, shape, part }: RelationOptions): string {
  const selects: { head: string; files: string[]; where: string }[] = []
  for (const { source, where } of pieces) {
    const head = selectList(source, columns, shape, part.rig, shape.own)
    const last = selects.at(-1)
    if ('table' in source.from) selects.push({ head, files: [], where: `FROM ${source.from.table}${filter(where)}` })
    else if (last && last.files.length > 0 && last.head === head && last.where === where)
      last.files.push(source.from.file)
    else selects.push({ head, files: [source.from.file], where })
  }
  const sql = selects.map(({ head, files, where }) =>
    files.length === 0 ? `SELECT ${head} ${where}` : `SELECT ${head} FROM ${readParquet(files)}${filter(where)}`,
  )
  return sql.join(' UNION ALL ')
}

/** Files of which the same is asked are read by one scan, which has few open at a time; there may be thousands. */
function selectsOf(pieces: readonly Piece[], headOf: (source: Source) => string) {
  const selects: { head: string; where: string; from: string }[] = []
  const scans = new Map<string, { head: string; where: string; files: Set<string> }>()
  for (const { source, where } of pieces) {
    const head = headOf(source)
    if ('table' in source.from) selects.push({ head, where, from: source.from.table })
    else {
      const key = `${head}\0${where}`
      const scan = scans.get(key) ?? { head, where, files: new Set() }
      scans.set(key, scan)
      scan.files.add(source.from.file)
    }
  }
  for (const { head, where, files } of scans.values()) selects.push({ head, where, from: readParquet([...files]) })
  return selects
}

/** Beside t_ns, which every shape has. No channel has a column of these names. */
const order = ['spool', 'seq', '"row"'] as const

function* sortedQueries(cluster: readonly Piece[], options: RelationOptions, era: number): Generator<Query> {
  const { columns, shape, part, rowsMax = Number.POSITIVE_INFINITY, cellsMax = cellsPerSort } = options
  const minNs = cluster[0]!.minNs
  const toNs = cluster.reduce((max, piece) => (piece.maxNs > max ? piece.maxNs : max), minNs) + 1n
  const perSlice = Math.max(20_000, Math.min(rowsMax, Math.floor(cellsMax / (columns.length + shape.own.length + 3))))
  for (const slice of sliceTime(cluster, { fromNs: minNs, toNs }, perSlice)) {
    if (slice.files.length === 0) continue
    const times = `t_ns >= ${slice.fromNs} AND t_ns < ${slice.toNs}`
    const selects = selectsOf(slice.files, (source) => selectList(source, columns, shape, part.rig, shape.own)).map(
      ({ head, from, where }) =>
        `SELECT ${head}, ${order.join(', ')} FROM ${from}${filter(where ? `${where} AND ${times}` : times)}`,
    )
    const names = [...shape.own.map((name) => quoteName(name)), ...columns.map(({ facts }) => quoteName(facts.column))]
    yield {
      sql: `(SELECT ${names.join(', ')} FROM (${selects.join(' UNION ALL ')}) ORDER BY t_ns, ${order.join(', ')})`,
      era,
      rows: slice.files.reduce((sum, { rows }) => sum + rows, 0),
    }
  }
}

const filter = (where: string): string => (where === '' ? '' : ` WHERE ${where}`)
const readParquet = (files: readonly string[]): string => `read_parquet([${files.map(quoteText).join(', ')}])`

function selectList(
  source: Source,
  columns: readonly AnswerColumn[],
  shape: Shape,
  rig: string,
  own: readonly OwnColumn[],
): string {
  const list = own.map((name) => (name === 'rig' ? `${quoteText(rig)} AS rig` : name))
  for (const column of columns) {
    const here = source.columns.find(({ channel, kind }) => channel === column.channel && kind === column.kind)
    const value = here ? shape.channel(column, quoteName(here.column)) : shape.missing(column)
    list.push(`${value} AS ${quoteName(column.facts.column)}`)
  }
  return list.join(', ')
}
