import { rangesApart } from '../../common/range-set.ts'
import { ulidTimeMs } from '../../common/ulid.ts'
import { ownRig } from '../../protos/topics.ts'
import type { Gap, Range } from '../../protos/types.ts'
import type { LostNumbers } from '../catalog/numbers-tables.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'
import { inOrder, neighboursOf } from './neighbours.ts'

// What nobody can bring any more, as Gaps. What the envelopes held is not known: of all streams, from the rows before them to those
// behind them.

export interface DeclareParts {
  lake: Pick<SinkHandle, 'ask'> | undefined
  /** Ingest's clock less the rig's, ns, as far as known. */
  clockOffsetNs(rig: string): bigint | undefined
  segmentAgeMaxMs: number
}

export async function lostGaps(parts: DeclareParts, lost: LostNumbers): Promise<Gap[]> {
  const { rig, spool, ranges } = lost
  const gaps: Gap[] = []
  for (const numbers of rangesApart(ranges)) {
    const { fromNs, toNs } = await spanOf(parts, lost, { from: numbers[0]!.from, to: numbers.at(-1)!.to })
    gaps.push({
      fromNs,
      toNs,
      streams: [],
      cause: 'journal_damaged',
      detail:
        "ingest's journal was damaged or lost after these envelopes had been receipted, and no agent has them any more",
      spool,
      numbers,
      rows: 0,
      ...(rig === ownRig ? {} : { rig }),
    })
  }
  return gaps
}

async function spanOf(
  { lake, clockOffsetNs, segmentAgeMaxMs }: DeclareParts,
  { rig, spool, segment }: LostNumbers,
  numbers: Range,
): Promise<{ fromNs: bigint; toNs: bigint }> {
  const { before, after } = await neighboursOf(lake, { rig, spool, segment, ...numbers })
  // Where there is no row near: when its segment was open, by the rig's clock.
  const openedNs = BigInt(ulidTimeMs(segment)) * 1_000_000n - (clockOffsetNs(rig) ?? 0n)
  const openNs = BigInt(segmentAgeMaxMs) * 1_000_000n
  const fromNs = before ?? (after !== undefined && after < openedNs ? after - openNs : openedNs)
  const toNs = after ?? (fromNs > openedNs ? fromNs : openedNs) + openNs
  return inOrder(fromNs, toNs)
}
