import { join } from 'node:path'
import { createThrottle, type Logger } from '../common/log.ts'
import { openSegmentLog } from '../common/segment-log.ts'
import { comparePositions, type Position, type SegmentLog } from '../common/segment-log-types.ts'
import { readRecords } from '../common/segment-reader.ts'
import { isUlid } from '../common/ulid.ts'
import { decodeBody, readHeader } from '../protos/envelope.ts'
import { isName, ownRig } from '../protos/topics.ts'
import type { EnvelopeHeader, Range } from '../protos/types.ts'
import type { Catalog } from './catalog/types.ts'
import { bookOlder } from './journal-book.ts'
import { createJournalNumbers } from './journal-numbers.ts'
import { decodeJournalRecord } from './journal-record.ts'
import { createJournalRoom, type JournalRoom } from './journal-room.ts'
import { createSequence, type Sequence } from './sequence.ts'

// Ingest's log of envelopes, and the numbers in it. The catalog keeps the numbers up to a position; what lies behind that
// is read anew at a start, so that the numbers always are what the journal holds.

export interface JournalOptions {
  /** Ingest's data folder. */
  folder: string
  bytesMax: number
  segmentBytesMax: number
  segmentAgeMaxMs: number
  catalog: Catalog
  log: Logger
  /** The newest segment that is known beside the catalog: new ones sort behind it. */
  namesAfter?: string | undefined
  onSynced(position: Position): void
  /** An envelope behind the last checkpoint, read anew at the start. May throw for what it can't read. */
  onReadAgain?(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint, position: Position): void
  /**
   * Called before the catalog says that it has all up to a position: what is taken of records must be in there too. Returns
   * from where on records are still needed; undefined: from nowhere.
   */
  onCheckpoint?(): Position | undefined
}

const recordBytesMax = 512 * 1024

export interface Journal {
  log: SegmentLog
  room: JournalRoom
  sequence: Sequence
  /** The envelope is durable at this position. */
  had(header: Pick<EnvelopeHeader, 'rig' | 'spool' | 'seq'>, position: Position): void
  /** Saves the numbers; everything before the position is in them. */
  checkpoint(upTo: Position): void
  /** Deletes the segments that lie wholly before the position (and before the last checkpoint). */
  dropBefore(position: Position): Promise<void>
  close(): Promise<void>
}

export const journalFolder = (dataFolder: string): string => join(dataFolder, 'journal')

/** Throws if the folder can't be used. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { catalog } = options
  const saved = catalog.ranges()
  const folder = journalFolder(options.folder)
  const log = await openSegmentLog({
    directory: folder,
    segmentBytesMax: options.segmentBytesMax,
    segmentAgeMaxMs: options.segmentAgeMaxMs,
    bytesMax: options.bytesMax,
    recordBytesMax,
    log: options.log,
    onSynced: options.onSynced,
    namesAfter: newestKnown(catalog, saved.upTo, options.namesAfter),
  })
  const sequence = createSequence(saved.spools)
  const numbers = createJournalNumbers(catalog)
  const had: Journal['had'] = ({ rig, spool, seq }, { segment }) => {
    sequence.had(rig, spool, seq)
    numbers.add(segment, rig, spool, seq)
  }
  let savedUpTo = saved.upTo
  const throttle = createThrottle()
  for await (const { bytes, position } of readRecords(folder, savedUpTo, log.synced)) {
    try {
      const { receivedNs, envelope } = decodeJournalRecord(bytes)
      const header = readHeader(envelope)
      sequence.begin(header.rig, header.spool, header.seq, header.predecessor)
      had(header, position)
      countGone(sequence, envelope, header)
      options.onReadAgain?.(header, envelope, receivedNs, position)
    } catch (error) {
      // Nothing in one record may keep ingest from starting: what its numbers are worth is counted, the rest stays a hole.
      throttle('unreadable', (heldBack) =>
        options.log.warn({ err: error, position, heldBack }, 'a record of the journal cannot be read in full'),
      )
    }
  }

  const checkpoint = (end: Position) => {
    // First: of these there may be more than the ranges have, and never less.
    numbers.save()
    const owed = options.onCheckpoint?.()
    const upTo = owed && comparePositions(owed, end) < 0 ? owed : end
    catalog.saveRanges(sequence.changed(), upTo)
    // Only now: what could not be saved is saved by the next checkpoint.
    sequence.saved()
    savedUpTo = upTo
  }
  checkpoint(log.synced)
  let closed = false
  const older = log.segments().flatMap(({ name, sealed }) => (sealed ? [name] : []))
  const booking = bookOlder({ folder, catalog, sequence, numbers, log: options.log }, older, () => closed)
  const { bytesMax } = options
  const warn: Logger['warn'] = options.log.warn.bind(options.log)
  const room = createJournalRoom(log, { folder, bytesMax, recordBytesMax, warn })

  return {
    log,
    room,
    sequence,
    had,
    checkpoint,
    async dropBefore(position) {
      const bound = savedUpTo && comparePositions(savedUpTo, position) < 0 ? savedUpTo : position
      for (const segment of log.segments()) {
        if (!segment.sealed || segment.name >= bound.segment) break
        await log.drop(segment.name)
      }
    },
    async close() {
      closed = true
      await booking
      await log.close()
      // The last appends resolve before this: their numbers are counted.
      await new Promise((resolve) => setImmediate(resolve))
      checkpoint(log.synced)
    },
  }
}

/** The newest segment that anybody who reads the journal knows of, even if the journal itself is older than they are. */
function newestKnown(catalog: Catalog, upTo: Position | undefined, namesAfter: string | undefined): string | undefined {
  const known = [
    upTo?.segment,
    catalog.cursor('lake')?.segment,
    catalog.cursor('influx')?.segment,
    catalog.newestLakeSegment(),
    catalog.journalSegments().at(-1),
    namesAfter,
  ]
  return known
    .filter((name) => name !== undefined && isUlid(name))
    .sort()
    .at(-1)
}

/** A Gap that stands for numbers says that these will never come. */
export function countGone(sequence: Sequence, envelope: Uint8Array, header: EnvelopeHeader): boolean {
  if (header.bodyType !== 'gap') return false
  const { body } = decodeBody(envelope, header)
  if (body.type !== 'gap' || !isName(body.gap.spool)) return false
  const { rig = header.rig, spool } = body.gap
  const numbers = body.gap.numbers.flatMap((range) => declarable(range, spool, header))
  if (numbers.length === 0) return false
  // Only ingest speaks for others.
  const isOwn = header.rig === ownRig
  // What quarantine gave up had come: nobody is to send that again.
  sequence.gone(isOwn ? rig : header.rig, spool, numbers, isOwn && body.gap.cause !== 'quarantine_full')
  return true
}

/**
 * What a Gap may say of a number: that it was given out and will not come. It knows of those before its own, and of spools before
 * its own, whose ids sort by birth; were a later one believed, what comes under it would be taken for a repeat, and lost.
 */
function declarable({ from, to }: Range, spool: string, { rig, spool: own, seq }: EnvelopeHeader): Range[] {
  if (rig === ownRig || spool < own) return [{ from, to }]
  return spool === own && from < seq ? [{ from, to: Math.min(to, seq - 1) }] : []
}
