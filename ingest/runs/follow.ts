import { setTimeout as pause } from 'node:timers/promises'
import { createThrottle, type Logger } from '../../common/log.ts'
import { comparePositions, type LogRecord, type Position, type SegmentLog } from '../../common/segment-log-types.ts'
import { readChunks } from '../../common/segment-reader.ts'
import { readHeader } from '../../protos/envelope.ts'
import { ownRig } from '../../protos/topics.ts'
import type { EnvelopeHeader } from '../../protos/types.ts'
import { decodeJournalRecord } from '../journal-record.ts'
import { readEvent } from './read-event.ts'
import type { RunEventRecord } from './types.ts'

// Takes events as they become durable, and writes them in small batches with a pause between them, so that a flood of markers does
// not hold up receipts. What is more than fits is read again from the journal, which is not cut before that.

const batchMax = 100
const pauseMs = 25
const queueMax = 2_000
const retryAfterMs = 1_000
/** Read again at a time. */
const readBytes = 64 * 1024
/** Of one rig; the lake has the ones beyond. */
const eventsOfRigMax = 100_000

export interface FollowCounters {
  /** In the catalog. */
  taken: number
  /** Not to be read, or not for a rig to say. */
  refused: number
  /** Beyond what the catalog keeps of one rig. */
  beyond: number
}

export interface Follow {
  counters: FollowCounters
  /** Events of this sender in the catalog. */
  held(rig: string): number
  /** Never throws and never waits, except while ingest starts. */
  stored(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint, position: Position): void
  /** From where on the journal has what is not in the catalog yet; undefined: nowhere. */
  owed(): Position | undefined
  /** Writes what ingest itself has entered. Throws if the catalog can't be written. */
  saveOwn(): void
  /** Writes all that waits. Throws if the catalog can't be written. */
  save(): void
  /** From now on the journal can be read and the queue is written behind. */
  start(journal: { folder: string; log: Pick<SegmentLog, 'synced'> }): void
  close(): void
}

export interface FollowOptions {
  log: Logger
  /** Events in the catalog, by rig. */
  held: ReadonlyMap<string, number>
  save(records: readonly RunEventRecord[]): void
}

export function createFollow({ log, save: write, held }: FollowOptions): Follow {
  const throttle = createThrottle()
  const counters: FollowCounters = { taken: 0, refused: 0, beyond: 0 }
  const taken = new Map(held)
  /** Ingest's own are in front: somebody waits for the answer. */
  const queue: { record: RunEventRecord; position: Position }[] = []
  let journal: Parameters<Follow['start']>[0] | undefined
  let missedFrom: Position | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const take = (header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint, position: Position) => {
    const { rig } = header
    const count = taken.get(rig) ?? 0
    if (rig !== ownRig && count >= eventsOfRigMax) {
      counters.beyond++
      throttle(`${rig} beyond`, (heldBack) =>
        log.warn(
          { rig, heldBack },
          `more than ${eventsOfRigMax} marks and events of this rig: the lake alone has them`,
        ),
      )
      return
    }
    try {
      const record = readEvent(header, envelope, receivedNs)
      if (!record) return
      if (rig === ownRig) queue.unshift({ record, position })
      else queue.push({ record, position })
      taken.set(rig, count + 1)
      counters.taken++
    } catch (error) {
      counters.refused++
      throttle(`${rig} refused`, (heldBack) =>
        log.warn({ err: error, rig, seq: header.seq, heldBack }, 'an event cannot be taken: the lake alone has it'),
      )
    }
  }

  const takeRecord = ({ bytes, position }: LogRecord) => {
    try {
      const { envelope, receivedNs } = decodeJournalRecord(bytes)
      const header = readHeader(envelope)
      if (header.bodyType === 'event') take(header, envelope, receivedNs, position)
    } catch (error) {
      throttle('unreadable', (heldBack) => log.warn({ err: error, heldBack }, 'a record of the journal cannot be read'))
    }
  }

  const writeBatch = () => {
    const batch = queue.slice(0, batchMax)
    if (batch.length === 0) return
    write(batch.map(({ record }) => record))
    queue.splice(0, batch.length)
  }
  const failed = (error: unknown) =>
    throttle('save', (heldBack) =>
      log.error({ err: error, heldBack }, 'events cannot be kept in the catalog; trying again'),
    )

  const soon = (afterMs: number) => {
    if (timer || closed || !journal) return
    timer = setTimeout(() => {
      timer = undefined
      let nextMs = pauseMs
      try {
        writeBatch()
      } catch (error) {
        failed(error)
        nextMs = retryAfterMs
      }
      if (queue.length > 0) soon(nextMs)
    }, afterMs)
    timer.unref()
  }

  const emptied = async () => {
    while (queue.length > 0 && !closed) {
      soon(0)
      await pause(pauseMs, undefined, { ref: false })
    }
  }

  /** Reads what was missed, piece by piece, until nothing has come behind it. */
  const catchUp = async ({ folder, log }: NonNullable<typeof journal>): Promise<void> => {
    while (missedFrom && !closed) {
      const to = log.synced
      for await (const records of readChunks(folder, missedFrom, to, { chunkBytes: readBytes })) {
        await emptied()
        if (closed) return
        for (const record of records) takeRecord(record)
        await emptied()
        missedFrom = records.at(-1)?.next ?? missedFrom
      }
      missedFrom = comparePositions(log.synced, to) > 0 ? to : undefined
    }
  }

  const miss = (position: Position) => {
    missedFrom = position
    log.warn({ waiting: queue.length }, 'more events than can be kept at once: they are read again from the journal')
    const again = () => {
      if (!journal || closed) return
      catchUp(journal).catch((error) => {
        log.error({ err: error }, 'events of the journal cannot be read again; trying again')
        setTimeout(again, retryAfterMs).unref()
      })
    }
    again()
  }

  return {
    counters,
    held: (rig) => taken.get(rig) ?? 0,
    stored(header, envelope, receivedNs, position) {
      if (header.bodyType !== 'event') return
      // Few: there is always room for them.
      const isOwn = header.rig === ownRig
      if (missedFrom && !isOwn) return
      if (queue.length >= queueMax && !isOwn) {
        miss(position)
        return
      }
      take(header, envelope, receivedNs, position)
      if (!journal && queue.length >= batchMax) writeBatch()
      else soon(pauseMs)
    },
    owed() {
      let owed = missedFrom
      for (const { position } of queue) if (!owed || comparePositions(position, owed) < 0) owed = position
      return owed
    },
    saveOwn() {
      while (queue[0]?.record.rig === ownRig) writeBatch()
    },
    save() {
      while (queue.length > 0) writeBatch()
    },
    start(given) {
      journal = given
      soon(0)
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
