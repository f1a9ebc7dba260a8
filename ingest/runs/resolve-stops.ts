import type { RunsTables } from '../catalog/runs-tables.ts'
import { createPartsFold, type PartsFold, startsRig, stopsRig } from './fold-parts.ts'
import { eventsMax } from './fold-run.ts'
import { byTime, type RunEventRecord } from './types.ts'

// Which run a stop without a name stops: the newest that was open on its rig at that time.

/** A run left open under so many later ones is not what a stop without a name means. */
const candidatesMax = 50
/** A start that comes so late (of a rig that booted in 1970) is no matter to stops beyond these. */
const stopsMax = 1000

/** A run's starts and stops of one rig, folded up to some time. */
interface Candidate {
  fold: PartsFold
  /** Those that are not in it yet, the last one first. */
  later: RunEventRecord[]
}

/**
 * Finds anew, in the order in which they happened, what each stop of the rig from then on stops. A run is read once and followed
 * through all of them: a late start has up to a thousand to look at, and receipts wait meanwhile. Returns the runs for which that changed.
 */
export function resolveStops(tables: RunsTables, rig: string, fromNs: bigint): Set<string> {
  const changed = new Set<string>()
  const stops = tables.unnamedStops(rig, fromNs, stopsMax)
  const open = new Set(stops.map(({ id }) => id))
  const candidates = new Map<string, Candidate>()
  const candidateOf = (run: string): Candidate => {
    const known = candidates.get(run)
    if (known) return known
    const later = tables
      .eventsOfRun(run, eventsMax)
      .filter(
        (record) => (startsRig(record, rig) || stopsRig(record, rig)) && !(record.rig === rig && open.has(record.id)),
      )
      .sort((a, b) => byTime(b, a))
    const candidate = { fold: createPartsFold(rig), later }
    candidates.set(run, candidate)
    return candidate
  }
  for (const stop of stops) {
    const run = [...new Set(tables.startedBefore(rig, stop.tNs, candidatesMax))].find((name) =>
      isOpenAt(candidateOf(name), stop),
    )
    if (run !== undefined) candidateOf(run).fold.add(stop)
    if ((run ?? '') === stop.run) continue
    tables.countFor(stop, run ?? '')
    for (const name of [run, stop.run]) if (name) changed.add(name)
  }
  return changed
}

function isOpenAt({ fold, later }: Candidate, stop: RunEventRecord): boolean {
  for (let next = later.at(-1); next && byTime(next, stop) < 0; next = later.at(-1)) {
    fold.add(next)
    later.pop()
  }
  return fold.isOpen()
}
