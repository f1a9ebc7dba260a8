import type { Gap } from '../../protos/types.ts'

// What Gaps say that retention has removed: a file that is not there is removed if each of its rigs has such a Gap, and lost if not.

interface Removal {
  fromNs: bigint
  toNs: bigint
  /** In words. */
  reason: string
  /** When it was said, ns. */
  receivedNs: bigint
}

/** By stream and rig. */
export type Removals = Map<string, Removal[]>

const keyOf = (stream: string, rig: string): string => `${stream} ${rig}`

/** Takes what a Gap says; one whose neighbour it touches becomes one with it. */
export function addRemoval(removals: Removals, gap: Gap, sender: string, receivedNs: bigint): void {
  if (gap.cause !== 'retention') return
  const reason = /^removed from the lake: ([^;]*)/.exec(gap.detail)?.[1] ?? gap.detail
  for (const stream of gap.streams) {
    const key = keyOf(stream, gap.rig ?? sender)
    const known = removals.get(key) ?? []
    removals.set(key, known)
    const { fromNs, toNs } = gap
    const last = known.at(-1)
    if (last && last.reason === reason && fromNs >= last.fromNs && fromNs <= last.toNs) {
      if (toNs > last.toNs) last.toNs = toNs
      last.receivedNs = receivedNs
    } else known.push({ fromNs, toNs, reason, receivedNs })
  }
}

/** The newest of the Gaps that together speak of these rows of all the rigs; undefined if one has none. */
export function covered(
  removals: Removals,
  stream: string,
  rigs: readonly string[],
  { minNs, maxNs }: { minNs: bigint; maxNs: bigint },
): Removal | undefined {
  let newest: Removal | undefined
  for (const rig of rigs) {
    const found = removals.get(keyOf(stream, rig))?.find(({ fromNs, toNs }) => fromNs < maxNs && toNs > minNs)
    if (!found) return undefined
    if (!newest || found.receivedNs > newest.receivedNs) newest = found
  }
  return newest
}
