import type { SpoolNumbers } from './catalog/numbers-tables.ts'
import type { MissingNumbers } from './history/types.ts'
import type { Sequence } from './sequence.ts'

/** Ranges that an answer looks at; a rig with more has a trouble of its own. */
const missingMax = 1000

/**
 * Numbers of the rig's spools that did not come and were not declared gone, though a higher one came. The newest may still be on their
 * way. `awaited`: numbers that came, and that the journal has lost: these are missing even where no higher one came.
 */
export function missingOf(
  sequence: Pick<Sequence, 'withHoles' | 'absent'>,
  rig: string,
  awaited: readonly SpoolNumbers[] = [],
): MissingNumbers[] {
  const highest = new Map<string, number>()
  const reaches = (spool: string, to: number) => highest.set(spool, Math.max(highest.get(spool) ?? 0, to))
  for (const { spool, ranges } of sequence.withHoles(rig)) reaches(spool, ranges.at(-1)!.to)
  for (const each of awaited) if (each.rig === rig) reaches(each.spool, each.ranges.at(-1)?.to ?? 0)
  const missing: MissingNumbers[] = []
  for (const [spool, to] of highest) {
    for (const { from, to: end } of sequence.absent(rig, spool, [{ from: 1, to }])) {
      if (missing.length >= missingMax) return missing
      missing.push({ rig, spool, from, to: end })
    }
  }
  return missing
}
