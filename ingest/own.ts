import type { Clock } from '../common/clock.ts'
import type { Logger } from '../common/log.ts'
import type { Position } from '../common/segment-log-types.ts'
import { ulid } from '../common/ulid.ts'
import { encodeEnvelope, readHeader } from '../protos/envelope.ts'
import { ownRig } from '../protos/topics.ts'
import { type Body, type EnvelopeHeader, envelopeBytesMax } from '../protos/types.ts'
import { countGone, type Journal } from './journal.ts'
import { encodeJournalRecord } from './journal-record.ts'

// What people enter at the ingest is an envelope of the ingest's own, numbered like any rig's and in the same journal.

/** Bodies that may wait for the disk. */
const waitingMax = 1000

/** The journal took it: it is durable under this number. */
export interface OwnStored {
  spool: string
  seq: number
  receivedNs: bigint
}

export interface Own {
  /**
   * Resolves when the body is durable and `onStored` has been told. Rejects with NotStoredError if the journal can't take
   * it now, with RangeError if it fits no envelope.
   */
  add(body: Body): Promise<OwnStored>
}

/** Not in the journal: to be tried again later. */
export class NotStoredError extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(`not stored: ${why}; try again when the journal has room`, options)
    this.name = 'NotStoredError'
  }
}

export interface OwnOptions {
  journal: Pick<Journal, 'log' | 'room' | 'sequence' | 'had'>
  clock: Clock
  log: Logger
  /** The envelope is durable, at this position of the journal. */
  onStored(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint, position: Position): void
}

export function createOwn({ journal, clock, log, onStored }: OwnOptions): Own {
  const { sequence, room } = journal
  let predecessor = newestSpool(journal)
  let spool: string | undefined
  let seq = 0
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()

  const addNow = async (body: Body): Promise<OwnStored> => {
    if (!room.has()) throw new NotStoredError(room.why().message, { cause: room.why() })
    spool ??= ulid(predecessor || undefined)
    const number = { rig: ownRig, spool, seq: seq + 1, ...(seq === 0 && predecessor ? { predecessor } : {}) }
    const envelope = encodeEnvelope({ ...number, body })
    if (envelope.length > envelopeBytesMax) {
      throw new RangeError(`an envelope of ${envelope.length} bytes; ${envelopeBytesMax} is the most`)
    }
    const header = readHeader(envelope)
    sequence.begin(ownRig, spool, number.seq, number.predecessor ?? '')
    const receivedNs = clock.nowNs()
    let position: Position
    try {
      position = await journal.log.append(encodeJournalRecord(receivedNs, envelope))
    } catch (cause) {
      sequence.failed(ownRig, spool, number.seq)
      room.failed(cause)
      log.error({ err: cause, type: body.type }, "the journal cannot take an envelope of ingest's own")
      // It may lie on the disk all the same: its number must not name another one.
      if (seq > 0) predecessor = spool
      spool = undefined
      seq = 0
      throw new NotStoredError((cause as Error).message, { cause })
    }
    seq = number.seq
    journal.had(header, position)
    countGone(sequence, envelope, header)
    const stored = { spool, seq, receivedNs }
    onStored(header, envelope, receivedNs, position)
    return stored
  }

  return {
    add(body) {
      if (waiting >= waitingMax)
        return Promise.reject(new NotStoredError(`${waiting} envelopes already wait for the disk`))
      waiting++
      // One after the other: where one fails, none behind it has a number yet, so no hole stays.
      const added = last.then(() => addNow(body)).finally(() => waiting--)
      last = added.catch(() => {})
      return added
    },
  }
}

function newestSpool({ sequence }: Pick<Journal, 'sequence'>): string {
  let newest = ''
  for (const { spool, ranges } of sequence.spools(ownRig)) if (ranges.length > 0 && spool > newest) newest = spool
  return newest
}
