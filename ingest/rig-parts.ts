import { unite } from './history/clock-map.ts'
import type { History } from './history/start-history.ts'
import type { ClockedPart, Part, RigTimesAnswer } from './history/types.ts'

// Parts by whosever clock -> parts by the rigs' own, as their rows are.

export interface RigParts {
  /** Those of one rig do not overlap. */
  parts: Part[]
  /** Rigs whose clock was never compared with ingest's: the two are taken to agree. */
  unknown: string[]
  /** The largest of all bounds, ns; undefined: nothing was converted, or nothing could be. */
  uncertaintyNs: bigint | undefined
}

const isOwn = ({ fromClock, toClock }: ClockedPart): boolean => fromClock === 'rig' && toClock === 'rig'

/** Rejects with HistoryError. */
export async function rigPartsOf(
  history: Pick<History, 'rigTimes'>,
  parts: readonly ClockedPart[],
  signal?: AbortSignal,
): Promise<RigParts> {
  if (parts.every(isOwn)) {
    return {
      parts: parts.map(({ rig, fromNs, toNs }) => ({ rig, fromNs, toNs })),
      unknown: [],
      uncertaintyNs: undefined,
    }
  }
  const answer = await history.rigTimes({ parts: [...parts] }, signal)
  const rigs = [...new Set(parts.map(({ rig }) => rig))]
  const through = rigs.flatMap((rig) =>
    unite(answer.parts.filter((part) => part.rig === rig).flatMap((part) => part.through)).map((one) => ({
      rig,
      ...one,
    })),
  )
  return { parts: through, ...judge(answer) }
}

function judge({ parts }: RigTimesAnswer): Omit<RigParts, 'parts'> {
  const unknown = new Set<string>()
  let uncertaintyNs: bigint | undefined
  for (const { rig, from, to } of parts) {
    for (const bound of [from, to]) {
      if (bound?.uncertaintyNs === null) unknown.add(rig)
      else if (bound && (uncertaintyNs === undefined || bound.uncertaintyNs > uncertaintyNs)) {
        uncertaintyNs = bound.uncertaintyNs
      }
    }
  }
  return { unknown: [...unknown], uncertaintyNs }
}
