import { createRangeSet, type RangeSet } from '../../../common/range-set.ts'
import type { Position } from '../../../common/segment-log-types.ts'
import { readChunks } from '../../../common/segment-reader.ts'
import { decodeBody, readHeader } from '../../../protos/envelope.ts'
import type { ClockSample } from '../../../protos/types.ts'
import { decodeJournalRecord } from '../../journal-record.ts'

// What the journal has behind the lake's cursor of one rig: numbers and clock samples. Batches and Gaps are the tail's.

export interface RigTail {
  /** By spool. */
  numbers: Map<string, RangeSet>
  clock: ClockSample[]
}

export async function readRigTail(
  journalFolder: string,
  rig: string,
  from: Position | undefined,
  to: Position | undefined,
  signal: AbortSignal,
): Promise<RigTail> {
  const found: RigTail = { numbers: new Map(), clock: [] }
  if (!to) return found
  for await (const records of readChunks(journalFolder, from, to)) {
    signal.throwIfAborted()
    for (const { bytes } of records) take(found, rig, bytes)
  }
  return found
}

function take({ numbers, clock }: RigTail, rig: string, record: Uint8Array): void {
  try {
    const { envelope } = decodeJournalRecord(record)
    const header = readHeader(envelope)
    if (header.rig !== rig) return
    let set = numbers.get(header.spool)
    if (!set) {
      set = createRangeSet()
      numbers.set(header.spool, set)
    }
    set.add(header.seq, header.seq)
    if (header.bodyType !== 'clock_sample') return
    const { body } = decodeBody(envelope, header)
    if (body.type === 'clock_sample') clock.push(body.clockSample)
  } catch {
    // Nothing that anybody can read: the sinks put it into quarantine.
  }
}
