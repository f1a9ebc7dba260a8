import type { Logger } from '../../common/log.ts'
import { rangesApart, subtractRanges } from '../../common/range-set.ts'
import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import { isUlid, ulidTimeMs } from '../../common/ulid.ts'
import { isName, ownRig } from '../../protos/topics.ts'
import type { Gap, Range, SpoolState } from '../../protos/types.ts'
import type { SpoolNumbers } from '../catalog/numbers-tables.ts'
import type { ReplacedTable } from '../catalog/replaced-table.ts'
import type { Own } from '../own.ts'
import type { Sequence } from '../sequence.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'
import { inOrder, neighboursOf } from './neighbours.ts'

// Numbers that nobody will bring: an agent's disk was lost or put back from an older copy, or a clone's original ended. The agent that is
// here does not list the spool, or lists it as shorter than it was. Numbers count as given out if a higher one came, or if an
// agent has listed them: so what an agent had said it holds is not gone in silence with its disk.

/** Nothing of the spool came, and the agent was here, for so long: whoever still drains it has had its time. */
const quietMs = 15_000
/** Spools whose reach is remembered beyond what came of them. */
const endsMax = 20_000

/** What the one agent of a rig that is here says it holds. */
export interface Holding {
  /** The last number of each of its spools. */
  lasts: ReadonlyMap<string, number>
  /** The spool that it writes. */
  current: string
}

export interface Unbrought {
  /** An agent has listed its spools. Throws if the catalog can't be written. */
  listed(rig: string, spools: readonly SpoolState[]): void
  /** Numbers above all that came of their spool, and that the agent that is here does not hold: to be declared. */
  awaited(): SpoolNumbers[]
  /** Declares what nobody brings. Rejects if that can't be done now. */
  look(): Promise<void>
}

export interface UnbroughtOptions {
  catalog: Pick<ReplacedTable, 'ends' | 'saveEnds' | 'removeEnd'>
  sequence: Pick<Sequence, 'absent' | 'highest' | 'spools' | 'withHoles'>
  own: Pick<Own, 'add'>
  lake(): Pick<SinkHandle, 'ask' | 'status'> | undefined
  /** Undefined: it is not here, two are, or not all that it holds is known. */
  holdingOf(rig: string): Holding | undefined
  /** What the journal has lost is asked for and declared apart. */
  awaited(): readonly SpoolNumbers[]
  synced(): Position
  clockOffsetNs(rig: string): bigint | undefined
  nowNs(): bigint
  log: Logger
  quietMs?: number
}

interface Waiting {
  /** What is missing, and how far the spool came: as long as that changes, somebody is at it. */
  signature: string
  sinceMs: number
  /** What had come by then is to be in the lake, so that the Gap finds its neighbours. */
  position: Position
  declared: boolean
}

const keyOf = (rig: string, spool: string): string => `${rig} ${spool}`

export function createUnbrought(options: UnbroughtOptions): Unbrought {
  const { catalog, sequence, log } = options
  const ends = new Map(catalog.ends().map((end) => [keyOf(end.rig, end.spool), end]))
  const waiting = new Map<string, Waiting>()

  const candidates = () => {
    const found = new Map<string, { rig: string; spool: string; last: number }>()
    for (const { rig, spool, ranges } of sequence.withHoles())
      found.set(keyOf(rig, spool), { rig, spool, last: ranges.at(-1)!.to })
    for (const [key, { rig, spool, last }] of ends) {
      if (sequence.absent(rig, spool, [{ from: 1, to: last }]).length > 0) {
        found.set(key, { rig, spool, last: Math.max(last, found.get(key)?.last ?? 0) })
      } else {
        ends.delete(key)
        catalog.removeEnd(rig, spool)
      }
    }
    return found
  }

  /** Which of these numbers the agent that is here will never bring. */
  const missingOf = (rig: string, spool: string, last: number): Range[] => {
    const holding = rig === ownRig ? undefined : options.holdingOf(rig)
    if (!holding || spool === holding.current) return []
    const from = (holding.lasts.get(spool) ?? 0) + 1
    if (from > last) return []
    const lost = options.awaited().filter((each) => each.rig === rig && each.spool === spool)
    return lost.reduce(
      (left, { ranges }) => subtractRanges(left, ranges),
      sequence.absent(rig, spool, [{ from, to: last }]),
    )
  }

  const isPast = (position: Position): boolean => {
    const cursor = options.lake()?.status().cursor
    return cursor !== undefined && comparePositions(cursor, position) >= 0
  }

  const declare = async (rig: string, spool: string, missing: readonly Range[]) => {
    for (const numbers of rangesApart(missing)) {
      const span = await spanOf(rig, spool, { from: numbers[0]!.from, to: numbers.at(-1)!.to })
      await options.own.add({ type: 'gap', gap: gapOf(rig, spool, numbers, span) })
    }
    log.warn(
      { rig, spool, numbers: missing.slice(0, 20) },
      'the agent of the rig does not hold these envelopes (its disk was replaced, or put back from a copy): a Gap says so',
    )
  }

  const spanOf = async (rig: string, spool: string, numbers: Range) => {
    const { before, after } = await neighboursOf(options.lake(), { rig, spool, ...numbers })
    const offsetNs = options.clockOffsetNs(rig) ?? 0n
    // Where there is no row near: from the spool's birth to that of the next one, or to now, by the rig's clock.
    let next: string | undefined
    for (const other of sequence.spools(rig))
      if (other.spool > spool && (next === undefined || other.spool < next)) next = other.spool
    const nowNs = options.nowNs() - offsetNs
    const fromNs = before ?? least(after, bornNs(spool) ?? nowNs)
    const toNs = after ?? greatest(before, (next === undefined ? undefined : bornNs(next)) ?? nowNs)
    return inOrder(fromNs, toNs)
  }

  return {
    listed(rig, spools) {
      const more = spools.flatMap(({ spool, last }) => {
        const known = ends.get(keyOf(rig, spool))?.last ?? 0
        if (!isName(spool) || !Number.isSafeInteger(last) || last <= known || (known === 0 && ends.size >= endsMax))
          return []
        return sequence.absent(rig, spool, [{ from: 1, to: last }]).length > 0 ? [{ rig, spool, last }] : []
      })
      if (more.length === 0) return
      for (const end of more) ends.set(keyOf(rig, end.spool), end)
      catalog.saveEnds(more)
    },
    awaited() {
      return [...ends.values()].flatMap(({ rig, spool, last }) => {
        const ranges = missingOf(rig, spool, last).filter(({ from }) => from > sequence.highest(rig, spool))
        return ranges.length === 0 ? [] : [{ rig, spool, ranges }]
      })
    },
    async look() {
      const found = candidates()
      for (const key of [...waiting.keys()]) if (!found.has(key)) waiting.delete(key)
      for (const [key, { rig, spool, last }] of found) {
        const missing = missingOf(rig, spool, last)
        if (missing.length === 0) {
          waiting.delete(key)
          continue
        }
        const signature = JSON.stringify([last, missing])
        let one = waiting.get(key)
        if (one?.signature !== signature) {
          one = { signature, sinceMs: performance.now(), position: options.synced(), declared: false }
          waiting.set(key, one)
        }
        // Beyond its bounds the sequence keeps holes though they are declared.
        if (one.declared || performance.now() - one.sinceMs < (options.quietMs ?? quietMs) || !isPast(one.position))
          continue
        await declare(rig, spool, missing)
        one.declared = true
      }
    },
  }
}

/** Undefined: of no time that could be one. */
const bornNs = (spool: string): bigint | undefined => {
  const ms = isUlid(spool) ? ulidTimeMs(spool) : bornMaxMs
  return ms < bornMaxMs ? BigInt(ms) * 1_000_000n : undefined
}
/** The year 2200: times in ns end in 2262. */
const bornMaxMs = 7_258_118_400_000
const least = (a: bigint | undefined, b: bigint): bigint => (a !== undefined && a < b ? a : b)
const greatest = (a: bigint | undefined, b: bigint): bigint => (a !== undefined && a > b ? a : b)

const gapOf = (rig: string, spool: string, numbers: Range[], span: Pick<Gap, 'fromNs' | 'toNs'>): Gap => ({
  ...span,
  streams: [],
  cause: 'agent_replaced',
  detail: 'these envelopes lay on a disk of the rig that was replaced, or put back from an older copy',
  spool,
  numbers,
  rows: 0,
  rig,
})
