import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { comparePositions, type Position } from '../../../common/segment-log-types.ts'

// Finds the envelope that crashes the process. Before each write a note says which envelopes it is made of; a note that
// is still there at the start tells of a process that died while writing. Dead twice at the same place, it goes on in
// halves, then halves of these, until the write that kills has one envelope: that one is refused, and goes to quarantine.

interface Note {
  from: Position
  to: Position
  envelopes: number
  deaths: number
}

export interface CrashGuard {
  /** Envelopes that a write may have. */
  readonly envelopesMax: number
  /** Throws if this envelope has killed the process. */
  check(position: Position): void
  /** Before a write of the envelopes from `from` to `to`, and after it. */
  begin(from: Position, to: Position, envelopes: number): void
  end(): void
}

const same = (a: Position, b: Position): boolean => comparePositions(a, b) === 0

export function openCrashGuard(folder: string): CrashGuard {
  const file = join(folder, 'writing.json')
  const found = read(file)
  let last: Note | undefined = found && { ...found, deaths: found.deaths + 1 }
  const inHalves = last !== undefined && last.deaths >= 2
  let envelopesMax = inHalves ? Math.max(1, Math.floor(last!.envelopes / 2)) : Number.POSITIVE_INFINITY
  const refused = inHalves && last!.envelopes === 1 ? last!.from : undefined
  const until = last?.to

  return {
    get envelopesMax() {
      return envelopesMax
    },
    check(position) {
      if (refused && same(position, refused)) {
        throw new Error('the process that writes the lake died of this envelope, several times')
      }
    },
    begin(from, to, envelopes) {
      if (until && comparePositions(from, until) >= 0) envelopesMax = Number.POSITIVE_INFINITY
      const again = last !== undefined && same(last.from, from)
      // In halves, the first half being sound leads to the second, which then is known to hold the culprit.
      const deaths = again ? last!.deaths : envelopesMax < Number.POSITIVE_INFINITY ? 1 : 0
      last = { from, to, envelopes, deaths }
      writeFileSync(file, JSON.stringify(last))
    },
    end() {
      last = undefined
      rmSync(file, { force: true })
    },
  }
}

function read(file: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Note
  } catch {
    return undefined
  }
}
