import { createRangeSet } from '../common/range-set.ts'
import type { LogRecord } from '../common/segment-log-types.ts'
import { ulidTimeMs } from '../common/ulid.ts'
import type { Body, Gap, Range } from '../protos/types.ts'
import type { Facts } from './spool-facts.ts'
import type { SegmentEntry } from './spool-index.ts'
import { bodyOf, headerOf, isCheckpoint } from './spool-start.ts'

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
    const header = headerOf(bytes)
    if (!header || !lacking.has(header.seq)) continue
    const body = bodyOf(bytes, header)
    if (!body) continue
    if (body.type === 'batch') widen(gap, body.batch.times)
    else if (body.type === 'event') kept.push(body)
    else if (body.type === 'gap') keepGap(kept, body.gap)
  }
  if (gap.rows === 0 && entry.facts) Object.assign(gap, { fromNs: entry.facts.fromNs, toNs: entry.facts.toNs })
  return { gap, kept }
}

const lackingDetails = {
  ingest_restored: 'ingest once had these envelopes, has them no more, and the agent had forgotten them',
  spool_damaged: 'these envelopes cannot be read from the spool any more: its disk has damaged them',
}

/** Numbers that ingest lacks and that are not here either. Where no times are remembered: since their spool began. */
export function lackingGap(
  cause: keyof typeof lackingDetails,
  spool: string,
  numbers: Range[],
  facts: Facts | undefined,
  nowNs: bigint,
): Gap {
  const bornNs = BigInt(ulidTimeMs(spool)) * 1_000_000n
  const { fromNs, toNs, streams, rows } = facts ?? {
    fromNs: bornNs < nowNs ? bornNs : nowNs,
    toNs: nowNs,
    streams: [],
    rows: 0,
  }
  return { fromNs, toNs, streams, cause, detail: lackingDetails[cause], spool, numbers, rows }
}

/** Segments of which nothing can be read, nor told whose numbers they held: what is left are their names, which date them. */
export function unreadableGap(segments: string[], nextSegment: string | undefined, nowNs: bigint): Gap {
  const fromNs = BigInt(ulidTimeMs(segments[0]!)) * 1_000_000n
  const toNs = nextSegment === undefined ? nowNs : BigInt(ulidTimeMs(nextSegment)) * 1_000_000n
  return {
    fromNs: fromNs < toNs ? fromNs : toNs,
    toNs,
    streams: [],
    cause: 'spool_damaged',
    detail: `nothing can be read of ${segments.length} files of the spool: which envelopes they held is not known`,
    spool: '',
    numbers: [],
    rows: 0,
  }
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
  const header = headerOf(envelope)
  const body = header && bodyOf(envelope, header)
  if (body?.type === 'batch') widen(grown, body.batch.times)
  return grown
}

/** What an envelope that is lost says, where that must not be lost with it. */
export function keptOf(envelope: Uint8Array): Body | undefined {
  const header = headerOf(envelope)
  const body = header && bodyOf(envelope, header)
  return body?.type === 'event' || body?.type === 'gap' ? body : undefined
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
