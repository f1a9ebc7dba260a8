import { subtractRanges } from '../common/range-set.ts'
import type { SpoolRanges } from './catalog/types.ts'
import type { MissingNumbers } from './history/types.ts'

/** Ranges that an answer looks at; a rig with more has a trouble of its own. */
const missingMax = 1000

/**
 * Numbers of these rigs' spools that did not come and were not declared gone, though a higher one came. The newest may still be on their
 * way.
 */
export function missingOf(spools: Iterable<SpoolRanges>, rigs: ReadonlySet<string>): MissingNumbers[] {
  const missing: MissingNumbers[] = []
  for (const { rig, spool, ranges } of spools) {
    const last = ranges.at(-1)
    if (!rigs.has(rig) || !last) continue
    for (const { from, to } of subtractRanges([{ from: 1, to: last.to }], ranges)) {
      if (missing.length >= missingMax) return missing
      missing.push({ rig, spool, from, to })
    }
  }
  return missing
}
