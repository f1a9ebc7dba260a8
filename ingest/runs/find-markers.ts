import type { After, RunsTables, ThingAt } from '../catalog/runs-tables.ts'
import { readMarker } from './save-events.ts'
import type { Marker, Run } from './types.ts'

// The markers of a run: those that name it, and those that name none and begin while one of its rigs takes part.

export interface MarkerPage {
  /** In order of time; `inRun`: the run that one without a name belongs to. */
  markers: (Marker & { inRun: string })[]
  next: After | undefined
}

export const beginning: After = { ns: -(2n ** 63n), name: '' }

const compareThings = (a: ThingAt, b: ThingAt): number =>
  a.fromNs === b.fromNs ? Buffer.compare(Buffer.from(a.thing), Buffer.from(b.thing)) : a.fromNs < b.fromNs ? -1 : 1

export function markersOfRun(tables: RunsTables, run: Run, after: After, limit: number): MarkerPage {
  const found = tables.markersNamed(run.run, after, limit + 1)
  for (const { rig, fromNs, toNs } of run.parts) {
    found.push(...tables.markersUnnamed(rig, fromNs, toNs, after, limit + 1))
  }
  return pageOf(tables, found, limit, () => run.run)
}

export function markersOfRig(
  tables: RunsTables,
  rig: string,
  { fromNs, toNs }: { fromNs: bigint; toNs: bigint },
  after: After,
  limit: number,
): MarkerPage {
  const found = tables.markersOfRig(rig, fromNs, toNs, after, limit + 1)
  return pageOf(tables, found, limit, ({ fromNs }) => tables.runsOnRig(rig, fromNs, fromNs + 1n, 1)[0]?.run ?? '')
}

function pageOf(tables: RunsTables, found: ThingAt[], limit: number, runOf: (marker: Marker) => string): MarkerPage {
  const things = [...new Map(found.map((at) => [at.thing, at])).values()].sort(compareThings)
  const page = things.slice(0, limit)
  const markers = page.flatMap(({ thing }) => {
    const marker = readMarker(tables, thing)
    return marker ? [{ ...marker, inRun: marker.run || runOf(marker) }] : []
  })
  const last = page.at(-1)
  return { markers, next: things.length > limit && last ? { ns: last.fromNs, name: last.thing } : undefined }
}
