import type { SpoolRanges } from '../catalog/types.ts'

// How the spools of a rig follow one another on its disks, by the predecessors that their first envelopes name.

/**
 * `replaced`: nothing was before it on its disk, and there are spools of another disk; `continues`: all others came with or after it;
 * `unknown`: what tells is not here.
 */
export type SpoolStanding = 'replaced' | 'continues' | 'unknown'

/** `spools`: all of the rig. */
export function standingOf(spool: string, spools: readonly SpoolRanges[]): SpoolStanding {
  const byName = new Map(spools.map((each) => [each.spool, each]))
  const own = byName.get(spool)
  if (!own || !isRead(own)) return 'unknown'
  if (own.predecessor !== '') return 'continues'
  // Of each that was asked about: spools follow one another, and a rig may have a hundred thousand.
  const known = new Map<string, boolean | undefined>([[spool, true]])
  let isUnknown = false
  for (const other of spools) {
    const answer = follows(other, spool, byName, known)
    if (answer === false) return 'replaced'
    isUnknown ||= answer === undefined
  }
  return isUnknown ? 'unknown' : 'continues'
}

/** Its first envelope came: then it is known whether there was one before. */
const isRead = ({ ranges, mayCome = [], predecessor }: SpoolRanges): boolean =>
  predecessor !== '' || (ranges[0]?.from === 1 && mayCome[0]?.from !== 1)

/** Whether one came after the spool on the same disk; undefined: can't be told. On one disk ids rise. */
function follows(
  one: SpoolRanges,
  spool: string,
  byName: ReadonlyMap<string, SpoolRanges>,
  known: Map<string, boolean | undefined>,
): boolean | undefined {
  const passed: string[] = []
  let answer: boolean | undefined
  for (let at: SpoolRanges | undefined = one; at; at = byName.get(at.predecessor)) {
    if (known.has(at.spool)) {
      answer = known.get(at.spool)
      break
    }
    passed.push(at.spool)
    // Whatever a rig sends: one that is met again is not passed twice.
    known.set(at.spool, undefined)
    if (!isRead(at)) answer = at.spool < spool ? false : undefined
    else if (at.predecessor === '' || at.predecessor < spool) answer = false
    else if (at.predecessor === spool) answer = true
    else continue
    break
  }
  for (const each of passed) known.set(each, answer)
  return answer
}
