import { createThrottle, type Logger } from '../common/log.ts'
import { readSegment } from '../common/segment-reader.ts'
import { readHeader } from '../protos/envelope.ts'
import type { Catalog } from './catalog/types.ts'
import type { JournalNumbers } from './journal-numbers.ts'
import { decodeJournalRecord } from './journal-record.ts'
import { createNumbers } from './rebuild/numbers.ts'
import type { Sequence } from './sequence.ts'

// Segments that the lake has not passed and that nobody has booked: their numbers were counted by an earlier release, or when a lost
// catalog was made anew. They are read once more, beside everything else.

export interface BookParts {
  folder: string
  catalog: Pick<Catalog, 'cursor' | 'journalSegments'>
  sequence: Pick<Sequence, 'standing'>
  numbers: Pick<JournalNumbers, 'add'>
  log: Logger
}

/** `segments`: of before this start. Never throws; `closed` is asked now and then. */
export async function bookOlder(parts: BookParts, segments: readonly string[], closed: () => boolean): Promise<void> {
  const { folder, catalog, sequence, numbers, log } = parts
  const throttle = createThrottle()
  try {
    const passed = catalog.cursor('lake')?.segment ?? ''
    const booked = new Set(catalog.journalSegments())
    for (const segment of segments.filter((name) => name >= passed && !booked.has(name))) {
      // All of a segment at once: one that a checkpoint had booked in part would count as booked after a stop.
      const found = createNumbers([])
      for await (const records of readSegment(folder, segment, 0, Number.MAX_SAFE_INTEGER)) {
        if (closed()) return
        for (const { bytes } of records) {
          try {
            const { rig, spool, seq } = readHeader(decodeJournalRecord(bytes).envelope)
            if (sequence.standing(rig, spool, seq) === 'had') found.add(rig, spool, seq, seq)
          } catch (error) {
            throttle('record', (heldBack) => log.debug({ err: error, segment, heldBack }, 'a record has no number'))
          }
        }
      }
      for (const { rig, spool, ranges } of found.spools())
        for (const { from, to } of ranges) numbers.add(segment, rig, spool, from, to)
    }
  } catch (error) {
    if (!closed())
      log.warn({ err: error }, 'older segments of the journal cannot be booked: what they lose will not be noticed')
  }
}
