import { createRangeSet } from '../common/range-set.ts'
import type { LogRecord } from '../common/segment-log-types.ts'
import { decodeBody, readHeader } from '../protos/envelope.ts'
import type { Body, Gap, Range } from '../protos/types.ts'
import type { SegmentEntry } from './spool-index.ts'
import { isCheckpoint } from './spool-start.ts'

export interface Loss {
  /** Stands for everything unconfirmed in the segment. */
  gap: Gap
  /** To be spooled again under new numbers: they are small, and what they say must not go with the rows. */
  kept: Body[]
}

/** What is lost when a segment is dropped of which ingest lacks these numbers; undefined if it lacks none. */
export async function describeLoss(
  records: AsyncIterable<LogRecord>,
  entry: SegmentEntry,
  numbers: Range[],
): Promise<Loss | undefined> {
  if (numbers.length === 0) return undefined
  const lacking = createRangeSet(numbers)
  const kept: Body[] = []
  const gap: Gap = {
    fromNs: 0n,
    toNs: 0n,
    // Every stream: their rows lie mixed in a segment.
    streams: [],
    cause: 'spool_full',
    detail: 'the spool reached its byte limit',
    spool: entry.spool,
    numbers,
    rows: 0,
  }
  for await (const { bytes } of records) {
    if (isCheckpoint(bytes)) continue
    const header = readHeader(bytes)
    if (!lacking.has(header.seq)) continue
    const { body } = decodeBody(bytes, header)
    if (body.type === 'batch') widen(gap, body.batch.times)
    else if (body.type === 'event') kept.push(body)
    else if (body.type === 'gap') keepGap(kept, body.gap)
  }
  return { gap, kept }
}

/** Grows the Gap of envelopes that could not be written to the spool at all. */
export function addLoss(gap: Gap | undefined, spool: string, seq: number, envelope: Uint8Array): Gap {
  const grown: Gap = gap ?? {
    fromNs: 0n,
    toNs: 0n,
    streams: [],
    cause: 'spool_unwritable',
    detail: 'the spool could not be written',
    spool,
    numbers: [],
    rows: 0,
  }
  const numbers = createRangeSet(grown.numbers)
  numbers.add(seq)
  grown.numbers = [...numbers.ranges()]
  const { body } = decodeBody(envelope, readHeader(envelope))
  if (body.type === 'batch') widen(grown, body.batch.times)
  return grown
}

function widen(gap: Gap, times: BigInt64Array): void {
  for (const time of times) {
    if (gap.rows === 0 || time < gap.fromNs) gap.fromNs = time
    if (time > gap.toNs) gap.toNs = time
    gap.rows++
  }
}

/** Gaps that this spool has declared for itself grow into one, so that a long outage does not fill the spool with them. */
function keepGap(kept: Body[], gap: Gap): void {
  for (const body of kept) {
    if (body.type !== 'gap' || body.gap.cause !== 'spool_full' || gap.cause !== 'spool_full') continue
    if (body.gap.spool !== gap.spool) continue
    const numbers = createRangeSet([...body.gap.numbers, ...gap.numbers])
    body.gap = {
      ...body.gap,
      fromNs: body.gap.fromNs < gap.fromNs ? body.gap.fromNs : gap.fromNs,
      toNs: body.gap.toNs > gap.toNs ? body.gap.toNs : gap.toNs,
      numbers: [...numbers.ranges()],
      rows: body.gap.rows + gap.rows,
    }
    return
  }
  kept.push({ type: 'gap', gap })
}
