import { createRangeSet, type RangeSet, subtractRanges } from '../../common/range-set.ts'
import type { Range } from '../../protos/types.ts'
import type { SpoolReport } from './report.ts'
import type { RigState, SpoolState } from './state.ts'

// The numbers of a rig's spools: which came, which are missing, and whether somebody speaks for those.

export function reportSpools(
  { spools, gaps }: RigState,
  all: boolean,
): { spools: SpoolReport[]; missingSpools: string[] } {
  const declared = new Map<string, RangeSet>()
  for (const { spool, numbers } of gaps) {
    const set = declared.get(spool) ?? createRangeSet()
    declared.set(spool, set)
    for (const { from, to } of numbers) set.add(from, to)
  }
  const chosen = [...spools.values()].filter(({ inSpan }) => all || inSpan)
  return {
    spools: chosen
      .map((spool) => reportSpool(spool, declared.get(spool.spool) ?? createRangeSet()))
      .sort((a, b) => (a.spool < b.spool ? -1 : 1)),
    missingSpools: missing(chosen, spools, declared),
  }
}

function reportSpool(state: SpoolState, declared: RangeSet): SpoolReport {
  const { spool, predecessor, had, gone, stored, pending, aside, quarantined, parked, twice, again } = state
  const here = union(stored, pending, aside)
  const spoken = union(declared, gone).ranges()
  // The catalog may keep less of what is declared than the Gaps say: of the rest it says no more than that it came.
  const came = createRangeSet(subtractRanges(had.ranges(), spoken))
  const known = union(here, came)
  return {
    spool,
    predecessor,
    numbers: [...known.ranges()],
    holes: subtractRanges(subtractRanges(upTo(known.highest()), known.ranges()), spoken),
    declared: subtractRanges(spoken, known.ranges()),
    // What a Gap declares gone is known to be missing, and that it is so is in the data: nothing is lost unseen.
    lost: subtractRanges(came.ranges(), here.ranges()),
    twice,
    again,
    quarantined,
    parked,
  }
}

/**
 * Predecessors of which nothing came. The first that is known of a rig may have one that another ingest had, or that
 * was before this data folder: that is no loss.
 */
function missing(
  chosen: readonly SpoolState[],
  known: ReadonlyMap<string, SpoolState>,
  declared: ReadonlyMap<string, unknown>,
): string[] {
  const oldest = [...known.keys()].sort()[0]
  return chosen
    .map(({ predecessor }) => predecessor)
    .filter(
      (spool) => spool !== '' && !known.has(spool) && !declared.has(spool) && oldest !== undefined && spool > oldest,
    )
}

const upTo = (to: number): Range[] => (to === 0 ? [] : [{ from: 1, to }])

const union = (...sets: RangeSet[]): RangeSet => {
  const result = createRangeSet()
  for (const set of sets) for (const { from, to } of set.ranges()) result.add(from, to)
  return result
}

export const countRanges = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
