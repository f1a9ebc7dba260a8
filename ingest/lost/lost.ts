import { createThrottle, type Logger } from '../../common/log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { reasonOf } from '../../protos/errors.ts'
import { ownRig } from '../../protos/topics.ts'
import type { LostNumbers, NumbersTables } from '../catalog/numbers-tables.ts'
import type { Journal } from '../journal.ts'
import { NotStoredError, type Own } from '../own.ts'
import type { Receipts } from '../receipts.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'
import { type DeclareParts, lostGaps } from './declare-lost.ts'
import { type FindParts, findLost } from './find-lost.ts'

// The journal's word is the receipt: what was receipted is in the lake in the end, or it is said. When the lake is past a segment, its
// numbers are compared with the lake's ledger. What is missing there is taken out of what is receipted: so the agent brings it
// again, or declares what it has no more. Where no agent speaks for the spool any more, ingest declares it.

/** Segments that are accounted for in one look, so that nothing waits for a long start. */
const segmentsAtOnce = 20
/** An agent that is here is told again. */
const tellEveryMs = 20_000
/** Before ingest speaks for an agent that does not list the spool: it may just be changing its status. */
const graceMs = 5_000

export interface Lost {
  /** Takes account of what the lake has passed, and declares what nobody brings. To be called after each checkpoint. Never rejects. */
  look(): Promise<void>
  /** Numbers that were receipted, are nowhere, and that neither came again nor were declared yet. */
  awaited(): readonly LostNumbers[]
  /** Nothing is changed after it. */
  close(): void
}

export interface LostOptions {
  catalog: NumbersTables & FindParts['catalog']
  journal: Pick<Journal, 'sequence'>
  quarantine: FindParts['quarantine']
  receipts: Pick<Receipts, 'due'>
  own: Pick<Own, 'add'>
  lake(): Pick<SinkHandle, 'ask' | 'status'> | undefined
  /** Whether the agent of the rig lists the spool; undefined: it is not here, or has not said. */
  lists(rig: string, spool: string): boolean | undefined
  clockOffsetNs: DeclareParts['clockOffsetNs']
  segmentAgeMaxMs: number
  log: Logger
  nowMs?: () => number
}

export function createLost(options: LostOptions): Lost {
  const { catalog, journal, quarantine, receipts, log, nowMs = Date.now } = options
  const { sequence } = journal
  const throttle = createThrottle()
  let awaited = catalog.lostNumbers()
  const since = new Map<LostNumbers, number>()
  const toldAt = new Map<LostNumbers, number>()
  let looking: Promise<void> | undefined
  let closed = false

  const account = async (lake: Pick<SinkHandle, 'ask'>, segment: string) => {
    const ledger = (name: string) => lake.ask('numbers', { segment: name })
    const found = await findLost({ catalog, quarantine, sequence, ledger }, segment)
    if (closed) return
    const lost = found.map((numbers) => ({ ...numbers, segment, foundMs: nowMs() }))
    const before = found.map(({ rig, spool, ranges }) => ({ rig, spool, ranges }))
    // The sequence last: an error of the catalog must leave both as they were.
    const spools = before.map(({ rig, spool, ranges }) => sequence.without(rig, spool, ranges))
    catalog.accounted(segment, lost, spools)
    for (const { rig, spool, ranges } of before) {
      sequence.lost(rig, spool, ranges)
      log.error(
        { rig, spool, numbers: ranges.slice(0, 20), segment },
        'the journal has lost envelopes that were receipted: they are asked for again, and declared if nobody has them',
      )
    }
    awaited = [...awaited, ...lost]
  }

  const accountPassed = async () => {
    const lake = options.lake()
    const cursor: Position | undefined = lake?.status().cursor
    if (!lake || !cursor) return
    for (const segment of catalog.journalSegments(segmentsAtOnce)) {
      if (closed || segment >= cursor.segment) break
      await account(lake, segment)
    }
  }

  /** What came again or was declared is no longer awaited. */
  const settle = () => {
    const left: LostNumbers[] = []
    for (const entry of awaited) {
      const ranges = sequence.absent(entry.rig, entry.spool, entry.ranges)
      const same = JSON.stringify(ranges) === JSON.stringify(entry.ranges)
      const now = same ? entry : { ...entry, ranges }
      if (!same) catalog.saveLostNumbers(now)
      if (ranges.length === 0) continue
      since.set(now, since.get(entry) ?? performance.now())
      toldAt.set(now, toldAt.get(entry) ?? Number.NEGATIVE_INFINITY)
      if (now !== entry) since.delete(entry)
      left.push(now)
    }
    for (const entry of [...since.keys()]) {
      if (left.includes(entry)) continue
      since.delete(entry)
      toldAt.delete(entry)
    }
    awaited = left
  }

  const askOrDeclare = async (entry: LostNumbers) => {
    const { rig, spool } = entry
    const listed = rig === ownRig ? false : options.lists(rig, spool)
    const waitedMs = performance.now() - (since.get(entry) ?? 0)
    if (listed === true) {
      if (performance.now() - (toldAt.get(entry) ?? 0) < tellEveryMs) return
      toldAt.set(entry, performance.now())
      receipts.due(rig, spool)
    } else if (listed === false && waitedMs >= graceMs) {
      const { clockOffsetNs, segmentAgeMaxMs } = options
      for (const gap of await lostGaps({ lake: options.lake(), clockOffsetNs, segmentAgeMaxMs }, entry)) {
        if (closed) return
        await options.own.add({ type: 'gap', gap })
      }
      log.error(
        { rig, spool, numbers: entry.ranges.slice(0, 20) },
        'nobody has these envelopes any more: a Gap says so',
      )
    }
  }

  const lookNow = async () => {
    await accountPassed()
    if (closed) return
    settle()
    for (const entry of awaited) await askOrDeclare(entry)
    if (!closed) settle()
  }

  return {
    look() {
      looking ??= lookNow()
        .catch((error) => {
          if (closed) return
          // The journal is full, the lake's process is being started again ...
          const say = error instanceof NotStoredError ? log.warn : log.error
          throttle('look', (heldBack) =>
            say.call(
              log,
              { err: error, heldBack },
              `what the journal may have lost cannot be looked at now (${reasonOf(error)}); trying again`,
            ),
          )
        })
        .finally(() => {
          looking = undefined
        })
      return looking
    },
    awaited: () => awaited,
    close() {
      closed = true
    },
  }
}
