import { createThrottle, type Logger } from '../../common/log.ts'
import { createRangeSet } from '../../common/range-set.ts'
import { ownRig } from '../../protos/topics.ts'
import type { Gap, Schema } from '../../protos/types.ts'
import type { Own } from '../own.ts'
import type { Quarantine } from '../quarantine.ts'
import type { Sequence } from '../sequence.ts'
import type { HasStored } from './has-stored.ts'
import type { PushedOut } from './pushed-out.ts'

// What a full quarantine has given up, as Gaps: those of one spool and stream that lie close together share one.

/** Entries closer than this are in one Gap, ns; where that makes too many Gaps, wider. */
const closeNs = 60_000_000_000n
const gapsMax = 50

export interface DeclarePushedParts {
  quarantine: Pick<Quarantine, 'pushedNotes' | 'removePushedNote'>
  own: Pick<Own, 'add'>
  sequence: Pick<Sequence, 'undeclared'>
  /** What the lake has stored since must not be declared. */
  hasStored: HasStored
  schemaOf(hash: string): Schema | undefined
  log: Logger
}

/** Makes Gaps of the notes there are. Never rejects: what can't be done now is done by the next call. */
export function createDeclarePushed(parts: DeclarePushedParts): () => Promise<void> {
  const { quarantine, own, sequence, hasStored, log } = parts
  const throttle = createThrottle()
  let working: Promise<void> | undefined

  const isLost = async ({ rig, spool, seq, segment }: PushedOut): Promise<boolean> =>
    sequence.undeclared(rig, spool, [{ from: seq, to: seq }]).length > 0 &&
    !(segment !== undefined && (await hasStored({ rig, spool, seq, segment })))

  const work = async () => {
    const notes = quarantine.pushedNotes()
    const lost: PushedOut[] = []
    for (const { entries } of notes) for (const entry of entries) if (await isLost(entry)) lost.push(entry)
    for (const gap of pushedGaps(lost, parts.schemaOf)) {
      await own.add({ type: 'gap', gap })
      log.error(
        { rig: gap.rig, spool: gap.spool, rows: gap.rows },
        'the quarantine was full and gave up envelopes that the lake could not store: a Gap says so; raise quarantineBytesMax',
      )
    }
    for (const { file } of notes) quarantine.removePushedNote(file)
  }

  return () => {
    working ??= work()
      .catch((error) =>
        throttle('declare', (heldBack) =>
          log.warn({ err: error, heldBack }, 'what a full quarantine gave up cannot be declared now; trying again'),
        ),
      )
      .finally(() => {
        working = undefined
      })
    return working
  }
}

export function pushedGaps(entries: readonly PushedOut[], schemaOf: (hash: string) => Schema | undefined): Gap[] {
  for (let tolerance = closeNs; ; tolerance *= 10n) {
    const gaps = gapsWithin(entries, schemaOf, tolerance)
    const spools = new Set(entries.map(({ rig, spool }) => `${rig} ${spool}`)).size
    if (gaps.length <= Math.max(gapsMax, 2 * spools) || tolerance > 10n ** 20n) return gaps
  }
}

function gapsWithin(
  entries: readonly PushedOut[],
  schemaOf: (hash: string) => Schema | undefined,
  tolerance: bigint,
): Gap[] {
  const gaps: { key: string; gap: Gap }[] = []
  const sorted = [...entries].sort((a, b) => (BigInt(a.fromNs) < BigInt(b.fromNs) ? -1 : 1))
  for (const entry of sorted) {
    const { rig, spool, seq, reason } = entry
    // Both ends are gone too.
    const [fromNs, toNs] = [BigInt(entry.fromNs) - 1n, BigInt(entry.toNs) + 1n]
    const stream = streamOf(entry, schemaOf)
    const key = `${rig} ${spool} ${stream ?? ''}`
    const near = gaps.findLast((each) => each.key === key && each.gap.toNs + tolerance >= fromNs)?.gap
    if (near) {
      const numbers = createRangeSet(near.numbers)
      numbers.add(seq)
      near.numbers = [...numbers.ranges()]
      near.rows += entry.rows
      if (toNs > near.toNs) near.toNs = toNs
      continue
    }
    gaps.push({
      key,
      gap: {
        fromNs,
        toNs,
        streams: stream === undefined ? [] : [stream],
        cause: 'quarantine_full',
        detail: `the lake could not store it (${reason}), and the full quarantine gave it up`,
        spool,
        numbers: [{ from: seq, to: seq }],
        rows: entry.rows,
        ...(rig === ownRig ? {} : { rig }),
      },
    })
  }
  return gaps.map(({ gap }) => gap)
}

function streamOf({ schemaHash }: PushedOut, schemaOf: (hash: string) => Schema | undefined): string | undefined {
  try {
    return schemaHash === undefined ? undefined : schemaOf(schemaHash)?.stream
  } catch {
    return undefined
  }
}
