import type { Clock } from '../common/clock.ts'
import { createThrottle, type Logger } from '../common/log.ts'
import type { Position } from '../common/segment-log-types.ts'
import type { Catalog } from './catalog/types.ts'
import type { Journal } from './journal.ts'
import { createJournalTrim } from './journal-trim.ts'
import type { LastRows } from './last-rows.ts'
import type { Account } from './lost/account.ts'
import type { Rigs } from './rigs.ts'
import type { SinkHandle } from './sinks/start-sink.ts'

// What is done every few seconds, beside the way of a reading.

const checkpointEveryMs = 2_000
const clockEveryMs = 1_000
/** How often is looked whether the journal comes near its limit. */
const trimEveryMs = 250

export interface TidyParts {
  journal: Journal
  journalBytesMax: number
  catalog: Catalog
  sinks: () => readonly SinkHandle[]
  rigs: Pick<Rigs, 'save'>
  lastRows: Pick<LastRows, 'save'>
  account: Pick<Account, 'look'>
  clock: Clock
  /** Up to here all that the journal has is known to everybody. */
  stored(): Position
  log: Logger
}

/** Saves how rigs stand and the numbers, then deletes what nobody needs of the journal. Returns what ends it. */
export function startTidying(parts: TidyParts): () => void {
  const { journal, catalog, rigs, lastRows, account, clock, stored, log } = parts
  const throttle = createThrottle()
  const trim = createJournalTrim({
    journal,
    catalog,
    sinks: parts.sinks,
    bytesMax: parts.journalBytesMax,
    onOwed: (bytes) =>
      throttle('owed', (heldBack) =>
        log.warn({ bytes, heldBack }, 'the journal is near its limit: InfluxDB will be refilled from the lake'),
      ),
  })
  /** The host may boot in 1970 and be set right later. */
  const followClock = () => {
    const stepNs = clock.followStep()
    if (stepNs !== 0n) log.warn({ stepMs: Number(stepNs / 1_000_000n) }, "the host's clock was set: ingest follows it")
  }
  let tidying = false
  const checkpoint = async () => {
    if (tidying) return
    tidying = true
    try {
      rigs.save()
      lastRows.save()
      journal.checkpoint(stored())
      void account.look()
      await trim.trim(stored())
    } catch (error) {
      throttle('checkpoint', () => log.error({ err: error }, 'catalog or journal cannot be tidied; trying again'))
    } finally {
      tidying = false
    }
  }
  const timers = [
    setInterval(followClock, clockEveryMs),
    setInterval(checkpoint, checkpointEveryMs),
    setInterval(() => trim.isNear() && checkpoint(), trimEveryMs),
  ]
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}
