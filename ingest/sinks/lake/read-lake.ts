import { join } from 'node:path'
import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api'
import type { Catalog, LakeFile } from '../../catalog/types.ts'
import type { LakeColumn, LakeKind } from './lake-columns.ts'
import { readFooter } from './lake-files.ts'
import { sliceTime } from './slice-time.ts'
import { quoteName, quoteText } from './stage.ts'
import type { RowSpan } from './stream-table.ts'

// Reads rows back from the files that the catalog says are live, in order, without holding more than a slice of them.

export interface LakeReader {
  /** Streams that have files. */
  streams(): string[]
  /** The channels of a stream over these files; one that was of two kinds is there twice. */
  channels(stream: string, span?: LakeSpan): Promise<LakeColumn[]>
  /**
   * Rows of one rig and stream, ordered by era, t_ns, spool, seq, row. Of raw integers beside a scaled channel (kind raw) only
   * if `raw` is set.
   */
  rows(stream: string, rig: string, span?: LakeSpan & { raw?: boolean }): AsyncGenerator<LakeRows>
  /**
   * SQL for reading one of the tables beside the streams (`_envelopes` ...); undefined if it has no files. `filename`: with a column of
   * that name, the file of each row.
   */
  table(name: string, options?: { filename: boolean }): string | undefined
  /** Rows of a query, chunk by chunk, as objects with the columns' names. */
  query(sql: string): AsyncGenerator<Record<string, unknown>[]>
  close(): void
}

/** Times in ns since 1970 UTC: `fromNs` included, `toNs` not. */
export interface LakeSpan {
  fromNs?: bigint | undefined
  toNs?: bigint | undefined
}

export interface LakeRows {
  rows: number
  eras: Int32Array
  times: BigInt64Array
  /** See rowFlags. */
  flags: Int32Array
  spools: string[]
  seqs: BigInt64Array
  rowIndexes: Int32Array
  /** Ingest's clock, ns. */
  receivedNs: BigInt64Array
  columns: LakeChunkColumn[]
}

/** `validity`: one bit a row, lowest first, 1 = present; absent if all are. */
export type LakeChunkColumn = { channel: string; validity: Uint8Array | undefined } & (
  | { kind: 'f64' | 'scaled'; values: Float64Array }
  | { kind: 'f32'; values: Float32Array }
  | { kind: 'int' | 'raw'; values: BigInt64Array }
  | { kind: 'bool'; values: Uint8Array }
  | { kind: 'text'; values: Uint32Array; dictionary: string[] }
)

const rowsPerSlice = 500_000

export interface LakeReaderOptions {
  memoryBytesMax?: number
  threads?: number
  /** Where DuckDB puts what does not fit into its memory; by default the system's folder for such. */
  spillFolder?: string
}

/** `catalog`: asked anew at each call, so new files are seen. */
export async function openLakeReader(
  lakeFolder: string,
  catalog: Pick<Catalog, 'lakeFiles'>,
  { memoryBytesMax = 256 * 1024 * 1024, threads = 2, spillFolder }: LakeReaderOptions = {},
): Promise<LakeReader> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${Math.floor(memoryBytesMax / 1e6)}MB`,
    ...(spillFolder === undefined ? {} : { temp_directory: spillFolder }),
    autoinstall_known_extensions: 'false',
  })
  const connection = await instance.connect()
  const path = (file: LakeFile) => join(lakeFolder, file.path)
  const footers = createFooterCache(connection)
  const filesOf = (stream: string, span: LakeSpan, rig?: string) =>
    catalog
      .lakeFiles(stream)
      .filter((file) => file.rows > 0 && overlaps(file, span) && (rig === undefined || file.rigs.includes(rig)))
  let closed = false

  async function* rows(stream: string, rig: string, span: LakeSpan & { raw?: boolean } = {}) {
    const files = filesOf(stream, span, rig)
    if (files.length === 0) return
    const columns = (await unite(files, path, footers)).filter(({ kind }) => span.raw || kind !== 'raw')
    const paths = files.map((file) => quoteText(path(file))).join(', ')
    const eras = await connection.runAndReadAll(
      `SELECT DISTINCT era FROM read_parquet([${paths}], union_by_name = true) WHERE rig = ${quoteText(rig)} ORDER BY era`,
    )
    for (const [era] of eras.getRows()) {
      for (const slice of sliceTime(await piecesOf(files, path, footers, rig, Number(era)), span, rowsPerSlice)) {
        if (slice.files.length === 0) continue
        // Files of one layout are read by one scan, which has few open at a time: a slow stream has a small file a minute.
        const layouts = new Map<string, { found: LakeColumn[]; files: string[] }>()
        for (const file of new Set(slice.files.map((piece) => piece.file))) {
          const { columns: found } = await footers(file)
          const key = JSON.stringify(found)
          const layout = layouts.get(key) ?? { found, files: [] }
          layouts.set(key, layout)
          layout.files.push(file)
        }
        const parts = [...layouts.values()].map(({ found, files }) =>
          selectFrom(files, found, columns, rig, Number(era), slice),
        )
        const result = await connection.stream(
          `SELECT * FROM (${parts.join(' UNION ALL ')}) ORDER BY era, t_ns, spool, seq, "row"`,
        )
        for (;;) {
          const chunk = await result.fetchChunk()
          if (!chunk || chunk.rowCount === 0) break
          yield readChunk(chunk, columns)
        }
      }
    }
  }

  return {
    streams: () =>
      [...new Set(catalog.lakeFiles().map(({ table }) => table))].filter((table) => !table.startsWith('_')),
    channels: (stream, span = {}) => unite(filesOf(stream, span), path, footers),
    rows,
    table(name, { filename } = { filename: false }) {
      const files = catalog.lakeFiles(name).map((file) => quoteText(path(file)))
      return files.length === 0
        ? undefined
        : `read_parquet([${files.join(', ')}], union_by_name = true, filename = ${filename})`
    },
    async *query(sql) {
      const result = await connection.stream(sql)
      yield* result.yieldRowObjectJs() as AsyncGenerator<Record<string, unknown>[]>
    },
    close() {
      if (closed) return
      closed = true
      connection.closeSync()
      instance.closeSync()
    },
  }
}

const overlaps = ({ minTimeNs, maxTimeNs }: LakeFile, { fromNs, toNs }: LakeSpan): boolean =>
  (toNs === undefined || BigInt(minTimeNs) < toNs) && (fromNs === undefined || BigInt(maxTimeNs) >= fromNs)

interface Footer {
  columns: LakeColumn[]
  /** Where the rows of each rig and era lie; undefined in a file of an earlier release. */
  spans: RowSpan[] | undefined
}

type Footers = (file: string) => Promise<Footer>

const footersMax = 10_000

/** What went to which column, and where the rows lie, from each file's footer. */
function createFooterCache(connection: DuckDBConnection): Footers {
  const known = new Map<string, Footer>()
  return async (file) => {
    const found = known.get(file)
    if (found) return found
    const { rigline_columns: text, rigline_spans: spans } = await readFooter(connection, file)
    if (text === undefined)
      throw new Error(`${file}: the footer does not say what the columns are: no file of the lake`)
    const footer: Footer = {
      columns: JSON.parse(text) as LakeColumn[],
      spans: spans === undefined ? undefined : (JSON.parse(spans) as RowSpan[]),
    }
    if (known.size >= footersMax) known.delete(known.keys().next().value as string)
    known.set(file, footer)
    return footer
  }
}

const sameChannel = (a: LakeColumn, b: LakeColumn): boolean => a.channel === b.channel && a.kind === b.kind

async function unite(files: readonly LakeFile[], path: (file: LakeFile) => string, footers: Footers) {
  const united: LakeColumn[] = []
  for (const file of files) {
    for (const column of (await footers(path(file))).columns) {
      if (!united.some((known) => sameChannel(known, column))) united.push(column)
    }
  }
  return united
}

interface Piece {
  /** Its path. */
  file: string
  minTimeNs: string
  maxTimeNs: string
  rows: number
}

/** Where the rows of a rig and era lie in files: another rig of theirs may have a clock of another year. */
async function piecesOf(
  files: readonly LakeFile[],
  path: (file: LakeFile) => string,
  footers: Footers,
  rig: string,
  era: number,
): Promise<Piece[]> {
  const pieces: Piece[] = []
  for (const lakeFile of files) {
    const { minTimeNs, maxTimeNs, rows } = lakeFile
    const file = path(lakeFile)
    const { spans } = await footers(file)
    if (!spans) pieces.push({ file, minTimeNs, maxTimeNs, rows })
    for (const span of spans ?? []) {
      // Era -1: of several.
      if (span.rig !== rig || (span.era !== era && span.era !== -1)) continue
      pieces.push({ file, minTimeNs: span.minNs, maxTimeNs: span.maxNs, rows: span.rows })
    }
  }
  return pieces
}

const sqlTypes: Record<LakeKind, string> = {
  f64: 'DOUBLE',
  scaled: 'DOUBLE',
  f32: 'FLOAT',
  int: 'BIGINT',
  raw: 'BIGINT',
  bool: 'UTINYINT',
  text: 'BLOB',
}

/** SQL for what readChunk takes: the rows of one rig and era in files that have the same columns. */
export function selectFrom(
  files: readonly string[],
  found: readonly LakeColumn[],
  wanted: readonly LakeColumn[],
  rig: string,
  era: number,
  span: LakeSpan,
): string {
  const columns = wanted.map((column, i) => {
    const here = found.find((candidate) => sameChannel(candidate, column))
    if (!here) return `CAST(NULL AS ${sqlTypes[column.kind]}) AS c${i}`
    const name = quoteName(here.column)
    // Texts as bytes: DuckDB's client drops a leading byte order mark.
    if (column.kind === 'text') return `encode(${name}) AS c${i}`
    return column.kind === 'bool' ? `CAST(${name} AS UTINYINT) AS c${i}` : `${name} AS c${i}`
  })
  const where = [
    `rig = ${quoteText(rig)}`,
    `era = ${era}`,
    ...(span.fromNs === undefined ? [] : [`t_ns >= ${span.fromNs}`]),
    ...(span.toNs === undefined ? [] : [`t_ns < ${span.toNs}`]),
  ]
  const own = ['era', 't_ns', 'flags', 'spool', 'seq', '"row"', 'received_ns']
  return `SELECT ${[...own, ...columns].join(', ')} FROM read_parquet([${files.map(quoteText).join(', ')}]) WHERE ${where.join(' AND ')}`
}

interface Vector<T> {
  items: T
}

const ownCount = 7

/** Copies: what DuckDB gave out is its own memory. */
export function readChunk(chunk: DuckDBDataChunk, columns: readonly LakeColumn[]): LakeRows {
  const rows = chunk.rowCount
  const items = <T extends { slice(): T }>(index: number): T =>
    (chunk.getColumnVector(index) as unknown as Vector<T>).items.slice()
  return {
    rows,
    eras: items<Int32Array>(0),
    times: items<BigInt64Array>(1),
    flags: items<Int32Array>(2),
    spools: chunk.getColumnValues(3) as string[],
    seqs: items<BigInt64Array>(4),
    rowIndexes: items<Int32Array>(5),
    receivedNs: items<BigInt64Array>(6),
    columns: columns.map((column, i): LakeChunkColumn => {
      const validity = readValidity(chunk, i + ownCount)
      const { channel, kind } = column
      if (kind === 'text') return { channel, kind, validity, ...readTexts(chunk, i + ownCount) }
      return { channel, kind, validity, values: items(i + ownCount) } as LakeChunkColumn
    }),
  }
}

/** One bit a row, lowest first, 1 = present; undefined if all are. */
export function readValidity(chunk: DuckDBDataChunk, index: number): Uint8Array | undefined {
  const vector = chunk.getColumnVector(index) as unknown as {
    validity: { itemValid(row: number): boolean; data?: BigUint64Array | null }
  }
  const { data } = vector.validity
  if (data === null) return undefined
  const bytes = Math.ceil(chunk.rowCount / 8)
  // Not part of the client's types, and fifty times faster than asking it for each row.
  if (data instanceof BigUint64Array) return new Uint8Array(data.buffer, data.byteOffset, bytes).slice()
  const validity = new Uint8Array(bytes)
  for (let row = 0; row < chunk.rowCount; row++) {
    if (vector.validity.itemValid(row)) validity[row >> 3]! |= 1 << (row & 7)
  }
  return validity
}

/** A column of texts that were read as bytes, as a dictionary. */
export function readTexts(chunk: DuckDBDataChunk, index: number): { values: Uint32Array; dictionary: string[] } {
  const values = new Uint32Array(chunk.rowCount)
  const dictionary: string[] = []
  const codes = new Map<string, number>()
  for (const [row, blob] of (chunk.getColumnValues(index) as ({ bytes: Uint8Array } | null)[]).entries()) {
    if (blob === null) continue
    const { buffer, byteOffset, byteLength } = blob.bytes
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8')
    let code = codes.get(text)
    if (code === undefined) {
      code = dictionary.push(text) - 1
      codes.set(text, code)
    }
    values[row] = code
  }
  return { values, dictionary }
}
