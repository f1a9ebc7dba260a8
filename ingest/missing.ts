import { subtractRanges } from '../common/range-set.ts'
import type { SpoolNumbers } from './catalog/numbers-tables.ts'
import type { SpoolRanges } from './catalog/types.ts'
import type { MissingNumbers } from './history/types.ts'

/** Ranges that an answer looks at; a rig with more has a trouble of its own. */
const missingMax = 1000

/**
 * Numbers of these rigs' spools that did not come and were not declared gone, though a higher one came. The newest may still be on their
 * way. `awaited`: numbers that came, and that the journal has lost: these are missing even where no higher one came.
 */
export function missingOf(
  spools: Iterable<SpoolRanges>,
  rigs: ReadonlySet<string>,
  awaited: readonly SpoolNumbers[] = [],
): MissingNumbers[] {
  const missing: MissingNumbers[] = []
  const highest = new Map<string, number>()
  for (const { rig, spool, ranges } of awaited) {
    const key = `${rig} ${spool}`
    highest.set(key, Math.max(highest.get(key) ?? 0, ranges.at(-1)?.to ?? 0))
  }
  for (const { rig, spool, ranges } of spools) {
    const to = Math.max(ranges.at(-1)?.to ?? 0, highest.get(`${rig} ${spool}`) ?? 0)
    if (!rigs.has(rig) || to === 0) continue
    for (const { from, to: end } of subtractRanges([{ from: 1, to }], ranges)) {
      if (missing.length >= missingMax) return missing
      missing.push({ rig, spool, from, to: end })
    }
  }
  return missing
}
