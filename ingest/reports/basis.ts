import { subtractRanges } from '../../common/range-set.ts'
import type { AddedFile } from '../catalog/reports-table.ts'
import type { Completeness } from '../history/completeness/report.ts'
import type { MissingNumbers, Part } from '../history/types.ts'

// What a saved report rests on, so that it can be told without making it again whether it still holds: the run's version, the
// lake's files up to one, and the holes. What was in the journal alone when it was made becomes a file of the lake within minutes.

export interface Basis {
  version: number
  /** The newest file of the lake by then, as AddedFile has it. */
  row: number
  /** Holes that the report tells of. */
  holes: MissingNumbers[]
  /** Of the report, by the rigs' clocks. Absent: an earlier release did not keep them. */
  parts?: Part[]
}

export const basisOf = (version: number, row: number, { parts }: Completeness): Basis => ({
  version,
  row,
  holes: parts.flatMap(({ rig, holes }) => holes.map(({ spool, from, to }) => ({ rig, spool, from, to }))),
  parts: parts.map(({ rig, fromNs, toNs }) => ({ rig, fromNs: BigInt(fromNs), toNs: BigInt(toNs) })),
})

/** As it is saved. */
export const writeBasis = (basis: Basis): string =>
  JSON.stringify(basis, (_, value) => (typeof value === 'bigint' ? String(value) : value))

/** As it was saved; undefined for nothing, and for what another release saved in another way. */
export function readBasis(text: string | undefined): Basis | undefined {
  if (text === undefined) return undefined
  const read = JSON.parse(text) as Partial<Omit<Basis, 'parts'>> & { parts?: Record<keyof Part, string>[] }
  const { version, row, holes, parts } = read
  if (version === undefined || row === undefined || !Array.isArray(holes)) return undefined
  if (!Array.isArray(parts)) return { version, row, holes }
  return {
    version,
    row,
    holes,
    parts: parts.map(({ rig, fromNs, toNs }) => ({ rig, fromNs: BigInt(fromNs), toNs: BigInt(toNs) })),
  }
}

/** Tables that a report reads, beside the streams. */
const bodiesRead = new Set(['_gaps', '_clock'])

/** Whether a file may hold something of these parts. Its time is that of all its rigs. */
export function concerns(parts: readonly Part[], { table, minTimeNs, maxTimeNs, rigs }: AddedFile): boolean {
  if (minTimeNs === '' || (table.startsWith('_') && !bodiesRead.has(table))) return false
  const minNs = BigInt(minTimeNs)
  // Of a Gap its beginning counts there: it may reach far.
  const maxNs = table === '_gaps' ? undefined : BigInt(maxTimeNs)
  return parts.some(
    ({ rig, fromNs, toNs }) => rigs.includes(rig) && minNs < toNs && (maxNs === undefined || maxNs >= fromNs),
  )
}

/** Whether numbers of the report's holes have come or been declared since. */
export function holesChanged({ holes }: Basis, missing: (rig: string) => MissingNumbers[]): boolean {
  return holes.some(({ rig, spool, from, to }) => {
    const still = missing(rig).filter((each) => each.spool === spool)
    return subtractRanges([{ from, to }], still).length > 0
  })
}
