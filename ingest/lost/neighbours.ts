import type { AroundAsked } from '../sinks/lake/look-up-numbers.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'

// What lies around numbers that are missing: the interval of their Gap.

/** Times of the last rows before them and the first ones behind, ns; undefined where the lake knows none near. */
export async function neighboursOf(
  lake: Pick<SinkHandle, 'ask'> | undefined,
  asked: AroundAsked,
): Promise<{ before: bigint | undefined; after: bigint | undefined }> {
  const { fromNs, toNs } = (await lake?.ask('around', { asked })) ?? { fromNs: null, toNs: null }
  const time = (text: string | null) => (text === null ? undefined : BigInt(text))
  return { before: time(fromNs), after: time(toNs) }
}

/** The rows behind may be older than those before: a clock was set, or the rows of streams lie mixed. */
export const inOrder = (aNs: bigint, bNs: bigint): { fromNs: bigint; toNs: bigint } =>
  aNs <= bNs ? { fromNs: aNs, toNs: bNs } : { fromNs: bNs, toNs: aNs }
