import type { Cause, Gap, Range } from '../../protos/types.ts'
import type { GapReport } from './report.ts'
import { placeIn, type Span } from './state.ts'

export const gapReport = (gap: Gap): GapReport => ({
  fromNs: String(gap.fromNs),
  toNs: String(gap.toNs),
  streams: gap.streams,
  cause: gap.cause,
  detail: gap.detail,
  rows: gap.rows,
  spool: gap.spool,
  numbers: gap.numbers,
})

/** From a row of the lake's table `_gaps`. */
export const storedGap = (row: Record<string, unknown>): GapReport => ({
  fromNs: String(row.from_ns),
  toNs: String(row.to_ns),
  streams: JSON.parse(String(row.streams)) as string[],
  cause: String(row.cause) as Cause,
  detail: String(row.detail),
  rows: Number(row.rows),
  spool: String(row.gap_spool),
  numbers: JSON.parse(String(row.numbers)) as Range[],
})

export const gapInSpan = (span: Span, { fromNs, toNs }: GapReport): boolean =>
  placeIn(span, BigInt(fromNs), BigInt(toNs)) !== 'outside'

/** By their beginnings, then by their ends. */
export function byTime(a: GapReport, b: GapReport): number {
  const later = BigInt(a.fromNs) - BigInt(b.fromNs) || BigInt(a.toNs) - BigInt(b.toNs)
  return later < 0n ? -1 : later > 0n ? 1 : 0
}
