import type { DuckDBConnection } from '@duckdb/node-api'
import { findRepeats, rowMarks, type StoredRows } from '../sinks/lake/find-repeats.ts'
import { settleBatch } from '../sinks/lake/settle-repeats.ts'
import type { TakenBatch } from '../sinks/lake/stream-table.ts'
import { toTimeSpan, touchesAny } from '../sinks/lake/time-spans.ts'
import type { Source } from './relation.ts'
import type { TailBatch } from './tail.ts'
import type { Part } from './types.ts'

// Rows of the journal's tail that the lake's files have already, or that are in the tail twice: an answer has each of them once, as the lake will
// when it has taken the tail.

export interface TailRepeats {
  /** What of a batch is to be read; undefined: none of it is there already, or might be. */
  settled(batch: TailBatch): { kept: TakenBatch | undefined } | undefined
  /** In the part. */
  repeatedRows: number
}

/** `decode`: undefined for what the lake will not take either. A file that cannot be read counts as having none of the rows. */
export async function findTailRepeats(
  connection: DuckDBConnection,
  part: Part,
  sources: readonly Source[],
  tail: readonly TailBatch[],
  decode: (batch: TailBatch) => TakenBatch | undefined,
): Promise<TailRepeats> {
  const decoded = new Map<TailBatch, TakenBatch>()
  for (const batch of suspectsOf(sources, tail)) {
    const taken = decode(batch)
    if (taken) decoded.set(batch, taken)
  }
  const result: TailRepeats = { settled: () => undefined, repeatedRows: 0 }
  if (decoded.size === 0) return result
  const marks = await findRepeats(connection, storedIn(sources), [...decoded.values()])
  for (const [{ envelope }, ofBatch] of marks) {
    const { times } = envelope.body.batch
    ofBatch.forEach((mark, row) => {
      const tNs = times[row]!
      if (mark === rowMarks.repeated && tNs >= part.fromNs && tNs < part.toNs) result.repeatedRows++
    })
  }
  result.settled = (batch) => {
    const taken = decoded.get(batch)
    if (!taken) return undefined
    const ofBatch = marks.get(taken)
    return ofBatch ? settleBatch(taken, ofBatch) : { kept: taken }
  }
  return result
}

/** Batches whose times lie where files or other batches have rows. Mostly there are none. */
function suspectsOf(sources: readonly Source[], tail: readonly TailBatch[]): Set<TailBatch> {
  const fileSpans = sources.flatMap(({ spans }) =>
    spans.map(({ minNs, maxNs }) => ({ minNs: BigInt(minNs), maxNs: BigInt(maxNs), batch: undefined })),
  )
  const batchSpans = tail.flatMap((batch) => {
    const span = batch.span()
    return span ? [{ ...span, batch }] : []
  })
  const all: { minNs: bigint; maxNs: bigint; batch: TailBatch | undefined }[] = [...fileSpans, ...batchSpans]
  all.sort((a, b) => (a.minNs < b.minNs ? -1 : a.minNs > b.minNs ? 1 : 0))
  const suspects = new Set<TailBatch>()
  let furthest: (typeof all)[number] | undefined
  for (const each of all) {
    if (furthest && each.minNs <= furthest.maxNs) {
      if (furthest.batch) suspects.add(furthest.batch)
      if (each.batch) suspects.add(each.batch)
    }
    if (!furthest || each.maxNs > furthest.maxNs) furthest = each
  }
  return suspects
}

function storedIn(sources: readonly Source[]): StoredRows {
  return {
    mayHave: (of, fromNs) =>
      sources.some(({ spans }) => spans.some(({ era, maxNs }) => era === of.era && BigInt(maxNs) >= fromNs)),
    async find({ era }, wanted) {
      return sources.flatMap(({ from, spans, columns }) => {
        if (!('file' in from)) return []
        const here = spans
          .filter((span) => span.era === era)
          .map(toTimeSpan)
          .filter((span) => touchesAny(wanted, span))
        return here.length > 0 ? [{ file: from.file, columns, spans: here }] : []
      })
    },
    unreadable(_file, error) {
      // The answer reads this file too, and says so.
      throw error
    },
  }
}
