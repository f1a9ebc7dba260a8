import type { Clock } from '../common/clock.ts'
import { createThrottle, type Logger } from '../common/log.ts'
import { LogFullError } from '../common/segment-log.ts'
import type { Position } from '../common/segment-log-types.ts'
import { toHex } from '../protos/hex.ts'
import { hashSchema } from '../protos/schema-hash.ts'
import type { EnvelopeHeader } from '../protos/types.ts'
import type { Catalog } from './catalog/types.ts'
import { type Framed, frame, type Unframed } from './frame.ts'
import { countGone, type Journal } from './journal.ts'
import { encodeJournalHead } from './journal-record.ts'
import type { Quarantine } from './quarantine.ts'
import type { Receipts } from './receipts.ts'
import type { IngestCounters } from './state.ts'

// Ingest's only hot duty: envelope -> journal -> receipt, without looking inside.

/** A rig has a few; one that draws a new one for each batch must not fill the catalog. */
const schemasMaxPerRig = 10_000
/** Of what cannot be read, so much is kept with its bytes; the rest is counted. */
const keptEntriesMaxPerS = 100
const keptBytesMaxPerS = 4 * 1024 * 1024

export interface ReceiveOptions {
  journal: Journal
  receipts: Receipts
  quarantine: Quarantine
  catalog: Catalog
  clock: Clock
  log: Logger
  counters: IngestCounters
  /** The envelope is durable, at this position of the journal. */
  onStored(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint, position: Position): void
}

/** What becomes of an envelope. `stored`: it is durable now; `duplicate`: its number was had already. */
export type Fate = 'stored' | 'duplicate' | 'pending' | 'out_of_bounds' | 'journal_full'

/** Told of each envelope of a payload, once; what cannot be read is told instead of being quarantined. */
export interface Watch {
  envelope(framed: Framed, fate: Fate): void
  unframed(unframed: Unframed): void
}

/** Takes the payload of a rig's `up` topic. It never throws and never waits. */
export type Receive = (rig: string, topic: string, payload: Uint8Array, watch?: Watch) => void

export function createReceive(options: ReceiveOptions): Receive {
  const { journal, receipts, quarantine, catalog, log, counters } = options
  const { sequence } = journal
  const throttle = createThrottle()
  const mayKeep = createRate()

  const setAside = (
    rig: string,
    topic: string,
    reason: string,
    detail: string,
    bytes: Uint8Array,
    content: 'payload' | 'envelope',
  ) => {
    counters.quarantined[reason] = (counters.quarantined[reason] ?? 0) + 1
    throttle(`${rig} ${reason}`, (heldBack) =>
      log.warn({ rig, reason, detail, heldBack }, 'cannot be read: quarantined'),
    )
    if (!mayKeep(bytes.length)) {
      throttle('counted only', (heldBack) =>
        log.warn({ rig, heldBack }, 'more a second cannot be read than quarantine keeps: the rest is only counted'),
      )
      return
    }
    try {
      quarantine.put({ by: 'receive', reason, detail, rig, topic, content, bytes })
    } catch (error) {
      throttle('quarantine', () => log.error({ err: error }, 'the quarantine cannot be written'))
    }
  }

  const stored = ({ header, bytes }: Framed, receivedNs: bigint, position: Position) => {
    journal.had(header, position)
    try {
      countGone(sequence, bytes, header)
    } catch (error) {
      // The numbers stay holes; the sinks quarantine the body with its reason.
      throttle(`${header.rig} gap`, (heldBack) =>
        log.warn({ err: error, rig: header.rig, seq: header.seq, heldBack }, 'a Gap cannot be read'),
      )
    }
    receipts.due(header.rig, header.spool)
    options.onStored(header, bytes, receivedNs, position)
  }

  const refused = (error: unknown) => {
    counters.journalFull++
    const what = error instanceof LogFullError ? 'the journal is full' : 'the journal cannot be written'
    throttle(what, (heldBack) =>
      log.error({ err: error, heldBack }, `${what}: no receipts until it can be, the agents hold their data`),
    )
  }

  const failed = ({ header }: Framed, error: unknown) => {
    sequence.failed(header.rig, header.spool, header.seq)
    journal.room.failed(error)
    refused(error)
  }

  /** A schema is in the catalog before any sink can meet a batch that names it. */
  const saveSchema = ({ header, bytes }: Framed) => {
    const schema = bytes.subarray(header.bodyStart, header.bodyEnd)
    try {
      if (catalog.saveSchema(toHex(hashSchema(schema)), header.rig, schema, schemasMaxPerRig)) return
      throttle(`${header.rig} schemas`, (heldBack) =>
        log.warn(
          { rig: header.rig, seq: header.seq, heldBack },
          `the rig has ${schemasMaxPerRig} schemas already: this one is journaled, but not kept in the catalog`,
        ),
      )
    } catch (error) {
      throttle(`${header.rig} schema`, (heldBack) =>
        log.warn(
          { err: error, rig: header.rig, seq: header.seq, heldBack },
          'a schema cannot be kept; its batches will be parked',
        ),
      )
    }
  }

  const take = (framed: Framed, watch?: Watch) => {
    const { rig, spool, seq, predecessor, bodyType } = framed.header
    const standing = sequence.standing(rig, spool, seq)
    if (standing === 'had') {
      counters.duplicates++
      receipts.due(rig, spool)
      watch?.envelope(framed, 'duplicate')
      return
    }
    if (standing === 'pending') {
      counters.duplicates++
      watch?.envelope(framed, 'pending')
      return
    }
    if (standing === 'out_of_bounds') {
      counters.outOfBounds++
      watch?.envelope(framed, 'out_of_bounds')
      throttle(`${rig} out_of_bounds`, (heldBack) =>
        log.warn(
          { rig, spool, seq, heldBack },
          'refused: the spool has too many holes, or the rig too many spools; remove what sends these',
        ),
      )
      return
    }
    if (!journal.room.has()) {
      refused(journal.room.why())
      watch?.envelope(framed, 'journal_full')
      return
    }
    if (bodyType === 'schema') saveSchema(framed)
    sequence.begin(rig, spool, seq, predecessor)
    const receivedNs = options.clock.nowNs()
    journal.log.append(framed.bytes, encodeJournalHead(receivedNs)).then(
      (position) => {
        stored(framed, receivedNs, position)
        watch?.envelope(framed, 'stored')
      },
      (error) => {
        failed(framed, error)
        watch?.envelope(framed, 'journal_full')
      },
    )
  }

  return (rig, topic, payload, watch) => {
    const framed = frame(rig, payload, (unframed) => {
      if (watch) watch.unframed(unframed)
      else setAside(rig, topic, unframed.reason, unframed.detail, unframed.bytes, unframed.content)
    })
    for (const one of framed) {
      counters.envelopes++
      counters.bytes += one.bytes.length
      take(one, watch)
    }
  }
}

/** Says whether so many bytes more may be kept within this second: writing them holds up everything else. */
function createRate(): (bytes: number) => boolean {
  let sinceMs = Number.NEGATIVE_INFINITY
  let entries = 0
  let total = 0
  return (bytes) => {
    const nowMs = performance.now()
    if (nowMs - sinceMs >= 1_000) {
      sinceMs = nowMs
      entries = 0
      total = 0
    }
    if (entries >= keptEntriesMaxPerS || (entries > 0 && total + bytes > keptBytesMaxPerS)) return false
    entries++
    total += bytes
    return true
  }
}
