import type { Logger } from '../../common/log.ts'
import { comparePositions, type LogRecord, type Position } from '../../common/segment-log-types.ts'
import { readRecords } from '../../common/segment-reader.ts'
import { readHeader } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { EnvelopeHeader } from '../../protos/types.ts'
import type { Catalog } from '../catalog/types.ts'
import { countGone } from '../journal.ts'
import { createJournalNumbers } from '../journal-numbers.ts'
import { decodeJournalRecord } from '../journal-record.ts'
import { createLastRows } from '../last-rows.ts'
import { createLive } from '../live.ts'
import { createRigs } from '../rigs.ts'
import type { Follow } from '../runs/follow.ts'
import type { Sequence } from '../sequence.ts'
import { decodeRecord } from '../sinks/decode-record.ts'

// All that the journal has, counted and followed as at ingest's start. Of the part that the lake is past, what its books do not have
// was parked, or is in quarantine: what had been parked is parked again.

export interface JournalReading {
  journalFolder: string
  catalog: Catalog
  /** With the numbers of the lake's books, of Gaps and of the quarantine. */
  sequence: Sequence
  follow: Pick<Follow, 'stored'>
  lakeCursor: Position | undefined
  parkBytesMax: number
  /** A schema that a rig sends is saved beside so many of its own. */
  onGap(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint): void
  onProgress(records: number): void
  log: Logger
}

export interface JournalRead {
  records: number
  /** Behind the last record; undefined if there is none. */
  end: Position | undefined
  /** Envelopes that wait for their schema again. */
  parked: number
  /** Behind the lake's cursor and in no book: their numbers count as not here, so that they come again or are declared. */
  unaccounted: number
  damagedBytes: number
}

const progressEvery = 10_000
const farEnd: Position = { segment: '~', offset: Number.MAX_SAFE_INTEGER }

export async function readWholeJournal(reading: JournalReading): Promise<JournalRead> {
  const { catalog, sequence, follow, log } = reading
  const read: JournalRead = { records: 0, end: undefined, parked: 0, unaccounted: 0, damagedBytes: 0 }
  const rigs = createRigs(catalog)
  const live = createLive({ schemaOf: (hash) => catalog.schema(hash)?.schema, log })
  const numbers = createJournalNumbers(catalog)
  const onDamage = ({ from, to }: { from: number; to: number }) => {
    read.damagedBytes += to - from
  }

  const had = (header: EnvelopeHeader, position: Position) => {
    sequence.begin(header.rig, header.spool, header.seq, header.predecessor)
    sequence.had(header.rig, header.spool, header.seq)
    numbers.add(position.segment, header.rig, header.spool, header.seq)
  }

  const take = (record: LogRecord) => {
    const { envelope, receivedNs } = decodeJournalRecord(record.bytes)
    const header = readHeader(envelope)
    const { position } = record
    const isTaken = reading.lakeCursor !== undefined && comparePositions(position, reading.lakeCursor) < 0
    const wasHad = sequence.standing(header.rig, header.spool, header.seq) === 'had'
    if (isTaken && !wasHad) {
      const parked = parkAgain(reading, record)
      if (parked) read.parked++
      else read.unaccounted++
      if (parked) had(header, position)
    } else had(header, position)
    if (header.bodyType === 'schema') {
      const bytes = envelope.subarray(header.bodyStart, header.bodyEnd)
      catalog.saveSchema(toHex(hashSchema(bytes)), header.rig, bytes)
    }
    countGone(sequence, envelope, header)
    if (header.bodyType === 'gap') reading.onGap(header, envelope, receivedNs)
    if (isTaken && wasHad) return
    follow.stored(header, envelope, receivedNs, position)
    rigs.stored(header, envelope, receivedNs, true)
    live.stored(header, envelope, receivedNs)
  }

  for await (const record of readRecords(reading.journalFolder, undefined, farEnd, { onDamage })) {
    read.records++
    read.end = record.next
    if (read.records % progressEvery === 0) {
      reading.onProgress(read.records)
      numbers.save()
      // Nobody saves it before all is read: this keeps small what is whole.
      sequence.saved()
    }
    try {
      take(record)
    } catch (error) {
      log.debug({ err: error, position: record.position }, 'a record of the journal cannot be read in full')
    }
  }
  numbers.save()
  rigs.save()
  createLastRows(catalog, live).save(true)
  return read
}

/** False if it is nothing that waits for a schema. */
function parkAgain({ catalog, parkBytesMax }: JournalReading, record: LogRecord): boolean {
  const decoded = decodeRecord(record)
  if (!('envelope' in decoded)) return false
  const { schemaHash } = decoded.envelope
  return schemaHash !== undefined && catalog.park('lake', schemaHash, record.position, record.bytes, parkBytesMax)
}
