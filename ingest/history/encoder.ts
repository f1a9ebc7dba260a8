import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api'
import type { AnswerColumn } from './channels.ts'
import type { Shape } from './relation.ts'
import type { DeclaredGap, GapsAnswer, Hole, Part } from './types.ts'

// The port of a format: chunks of DuckDB -> bytes.

export interface Encoder {
  contentType: string
  /** Columns of the chunk: t_ns, time, era, flags, then the channels, as `chunkShape` gives them. */
  add(part: Part, chunk: DuckDBDataChunk): void
  end(): void
}

export interface EncoderOptions extends GapsAnswer {
  parts: readonly Part[]
  stream: string
  columns: readonly AnswerColumn[]
  /** Of the parts, each once. */
  rigs: readonly string[]
}

/** Numbers as typed arrays can be read: bool as 0 and 1, texts as bytes, because DuckDB's client drops a leading byte order mark. */
export const chunkShape: Shape = {
  own: ['t_ns', 'time', 'era', 'flags'],
  channel: ({ kind }, name) =>
    kind === 'text' ? `encode(${name})` : kind === 'bool' ? `CAST(${name} AS UTINYINT)` : name,
  missing: ({ kind }) => `CAST(NULL AS ${chunkTypes[kind]})`,
}

const chunkTypes: Record<AnswerColumn['kind'], string> = {
  f64: 'DOUBLE',
  scaled: 'DOUBLE',
  f32: 'FLOAT',
  int: 'BIGINT',
  bool: 'UTINYINT',
  text: 'BLOB',
}

/** The bytes of a text, copied from DuckDB's memory; undefined if there is none. */
export function readText(vector: DuckDBVector, row: number): Uint8Array | undefined {
  const item = vector.getItem(row) as { bytes: Uint8Array } | null
  return item?.bytes.slice()
}

export const gapJson = (gap: DeclaredGap) => ({ ...gap, fromNs: String(gap.fromNs), toNs: String(gap.toNs) })
export const holeJson = (hole: Hole) => ({ ...hole, fromNs: textOf(hole.fromNs), toNs: textOf(hole.toNs) })
export const partJson = (part: Part) => ({ ...part, fromNs: String(part.fromNs), toNs: String(part.toNs) })
const textOf = (ns: bigint | null) => (ns === null ? null : String(ns))

/** What an answer says of itself, as JSON: for the metadata of formats that have such. */
export const factsText = ({ stream, parts, columns, gaps, holes, cut }: EncoderOptions): string =>
  JSON.stringify({
    stream,
    parts: parts.map(partJson),
    channels: columns.map(({ facts }) => facts),
    gaps: gaps.map(gapJson),
    holes: holes.map(holeJson),
    cut,
  })
