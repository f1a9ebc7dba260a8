import type { Logger } from '../../common/log.ts'
import { reasonOf } from '../../protos/errors.ts'
import type { Quarantine, QuarantineFacts } from '../quarantine.ts'
import type { Receive } from '../receive.ts'
import { replayBytesMax, replayEntriesMax } from '../sinks/replay.ts'
import type { ReplayOutcome } from '../sinks/sink.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'
import { replayPayload } from './replay-payload.ts'

// Replay: an entry goes the way that it could not go before, and leaves quarantine when what is in it is durable there. An entry is in
// one pair of hands at a time; what happens twice all the same (a crash between the two) finds its number had.

/** It cannot be done as asked: as a status of HTTP, and in words. */
export class QuarantineError extends Error {
  readonly status: 404 | 409 | 503
  constructor(status: 404 | 409 | 503, message: string) {
    super(message)
    this.status = status
  }
}

export interface Replays {
  /** Throws QuarantineError if the entry is in other hands, cannot be replayed, or its sink does not come to it in time. */
  one(facts: QuarantineFacts): Promise<ReplayOutcome>
  /** In this order, until the time is up or a sink cannot. */
  many(entries: readonly QuarantineFacts[]): Promise<ReplayedMany>
  /** Does something with an entry while nobody else does. Throws QuarantineError if somebody does. */
  alone<T>(id: string, work: () => Promise<T>): Promise<T>
}

export interface ReplayedMany {
  outcomes: ReplayOutcome[]
  /** Entries that were come to: the first so many. Some of them may be in other hands, or cannot be replayed. */
  looked: number
  /** Why it ended before its time; empty if it did not. */
  stopped: string
}

export interface ReplaysOptions {
  quarantine: Quarantine
  receive: Receive
  sinks(): readonly Pick<SinkHandle, 'name' | 'ask' | 'status'>[]
  log: Logger
  /** How long a request waits for a sink: 25 s. */
  waitMs?: number
  /** How long a replay of many goes on: 20 s. */
  manyMs?: number
}

export function createReplays(options: ReplaysOptions): Replays {
  const { quarantine, receive, sinks, log, waitMs = 25_000, manyMs = 20_000 } = options
  const busy = new Set<string>()

  const hold = (ids: readonly string[]) => {
    for (const id of ids) busy.add(id)
    return () => {
      for (const id of ids) busy.delete(id)
    }
  }
  const checkFree = (id: string) => {
    if (busy.has(id)) throw new QuarantineError(409, `entry ${id} is being replayed or removed at this moment`)
  }

  /** Removes what need not stay, before anybody hears of it. */
  const settle = (outcomes: readonly ReplayOutcome[]) => {
    for (const { id, outcome, reason, detail } of outcomes) {
      if (outcome === 'stays') continue
      try {
        quarantine.remove(id)
        log.info({ entry: id, outcome, reason, detail }, 'replayed from quarantine')
      } catch (error) {
        log.error(
          { err: error, entry: id },
          'an entry that was replayed cannot be removed; replaying it again is harmless',
        )
      }
    }
  }

  const bySink = async (by: string, ids: string[]): Promise<ReplayOutcome[]> => {
    const sink = sinks().find(({ name }) => name === by)
    if (!sink) throw new QuarantineError(409, `it was put there by ${by}, which this ingest does not have`)
    try {
      return await sink.ask('replay', { ids })
    } catch (error) {
      throw new QuarantineError(
        503,
        `${reasonOf(error)}; replay it again when the sink runs: what is stored by then is not stored twice`,
      )
    }
  }

  /** All of one sink, or of `receive`. They are held until all is over, even if nobody waits any more. */
  const replay = (by: string, entries: readonly QuarantineFacts[]): Promise<ReplayOutcome[]> => {
    const release = hold(entries.map(({ id }) => id))
    const work = async () => {
      if (by !== 'receive')
        return await bySink(
          by,
          entries.map(({ id }) => id),
        )
      const outcomes: ReplayOutcome[] = []
      for (const { id } of entries) outcomes.push(await replayReceived(id))
      return outcomes
    }
    return work()
      .then((outcomes) => {
        settle(outcomes)
        return outcomes
      })
      .finally(release)
  }

  const replayReceived = async (id: string): Promise<ReplayOutcome> => {
    let entry: ReturnType<Quarantine['read']>
    try {
      entry = quarantine.read(id)
    } catch (error) {
      return { id, outcome: 'stays', reason: 'gone', detail: `it cannot be read any more: ${reasonOf(error)}` }
    }
    return await replayPayload(receive, entry)
  }

  /** Waits no longer than is sensible for a request; the replay itself goes on. */
  const within = async (by: string, replayed: Promise<ReplayOutcome[]>): Promise<ReplayOutcome[]> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const waitingFor = sinks()
          .find(({ name }) => name === by)
          ?.status().waitingFor
        const why = waitingFor === undefined ? '' : `: it waits for ${waitingFor}`
        reject(
          new QuarantineError(
            503,
            `the ${by} sink has not come to it within ${waitMs} ms${why}; it is replayed when the sink goes on`,
          ),
        )
      }, waitMs)
    })
    replayed.catch(() => {})
    return await Promise.race([replayed, late]).finally(() => clearTimeout(timer))
  }

  return {
    async one(facts) {
      checkFree(facts.id)
      const why = whyNotReplayable(facts)
      if (why) throw new QuarantineError(409, why)
      const [outcome] = await within(facts.by, replay(facts.by, [facts]))
      return outcome as ReplayOutcome
    },
    async many(entries) {
      const until = performance.now() + manyMs
      const outcomes: ReplayOutcome[] = []
      let looked = 0
      try {
        while (looked < entries.length && performance.now() < until) {
          const some = entries.slice(looked, looked + windowEntries)
          const free = some.filter((facts) => !busy.has(facts.id) && whyNotReplayable(facts) === undefined)
          for (const chunk of inChunks(free)) {
            const { by } = chunk[0]!
            outcomes.push(...(await within(by, replay(by, chunk))))
          }
          looked += some.length
        }
      } catch (error) {
        if (!(error instanceof QuarantineError)) throw error
        return { outcomes, looked, stopped: error.message }
      }
      return { outcomes, looked, stopped: '' }
    },
    async alone(id, work) {
      checkFree(id)
      const release = hold([id])
      try {
        return await work()
      } finally {
        release()
      }
    },
  }
}

/** Why an entry cannot go the way again; undefined if it can. */
export function whyNotReplayable({
  by,
  content,
  position,
  receivedNs,
  rig,
  topic,
}: QuarantineFacts): string | undefined {
  if (by === 'receive') {
    return rig === undefined || topic === undefined ? 'it does not say on which topic it came' : undefined
  }
  if (content === 'lines') return undefined
  if (position && receivedNs !== undefined) return undefined
  return 'it does not say where in the journal it stood: an earlier release put it here, or the journal was damaged there; take its bytes (/v1/quarantine/{id}/bytes) and remove it'
}

/** Entries that are gathered by where they go: each goes with others, because each time makes files of its own. */
const windowEntries = 2 * replayEntriesMax

/** Those that go one way, as many as a sink takes at once. */
function* inChunks(entries: readonly QuarantineFacts[]): Generator<QuarantineFacts[]> {
  for (const by of new Set(entries.map((facts) => facts.by))) {
    let chunk: QuarantineFacts[] = []
    let bytes = 0
    for (const facts of entries.filter((each) => each.by === by)) {
      if (chunk.length >= replayEntriesMax || (chunk.length > 0 && bytes + facts.size > replayBytesMax)) {
        yield chunk
        chunk = []
        bytes = 0
      }
      chunk.push(facts)
      bytes += facts.size
    }
    if (chunk.length > 0) yield chunk
  }
}
