import { countGone } from '../journal.ts'
import type { Sequence } from '../sequence.ts'
import { envelopeOf, gapBody } from '../sinks/lake/stored-bodies.ts'
import { addDeclared } from './begun-again.ts'
import type { Duck } from './duck.ts'
import type { LakeWrite } from './list-writes.ts'
import { addRemoval, type Removals } from './removals.ts'

const filesAtOnce = 200

/** What the lake's Gaps say: which numbers will never come, and what retention has removed. Returns those that cannot be read. */
export async function readGaps(
  duck: Duck,
  writes: readonly LakeWrite[],
  sequence: Sequence,
  removals: Removals,
  replaced: Set<string>,
): Promise<number> {
  const paths = writes.flatMap((write) => write.paths.filter((path) => path.includes('/_gaps/')))
  let unreadable = 0
  for (let from = 0; from < paths.length; from += filesAtOnce) {
    unreadable += await readSome(duck, paths.slice(from, from + filesAtOnce), sequence, removals, replaced)
  }
  return unreadable
}

async function readSome(
  duck: Duck,
  paths: string[],
  sequence: Sequence,
  removals: Removals,
  replaced: Set<string>,
): Promise<number> {
  let unreadable = 0
  try {
    for await (const row of duck.rows(`SELECT * FROM ${duck.table(paths)} ORDER BY from_ns, rig, spool, seq`)) {
      try {
        const body = gapBody(row)
        const { header, bytes, receivedNs } = envelopeOf(row, body)
        countGone(sequence, bytes, header)
        addRemoval(removals, body.gap, header.rig, receivedNs)
        addDeclared(replaced, body.gap)
      } catch {
        // Of another release.
        unreadable++
      }
    }
    return unreadable
  } catch {
    if (paths.length === 1) return 1
    const middle = paths.length >> 1
    return (
      (await readSome(duck, paths.slice(0, middle), sequence, removals, replaced)) +
      (await readSome(duck, paths.slice(middle), sequence, removals, replaced))
    )
  }
}
