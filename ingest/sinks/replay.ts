import { comparePositions, type LogRecord, type Position } from '../../common/segment-log-types.ts'
import { reasonOf } from '../../protos/errors.ts'
import type { EnvelopeHeader } from '../../protos/types.ts'
import type { Catalog } from '../catalog/types.ts'
import { encodeJournalRecord } from '../journal-record.ts'
import type { Quarantine, QuarantineEntry } from '../quarantine.ts'
import { replayMark } from './parking.ts'
import type { ReplayOutcome, Sink } from './sink.ts'

// What a sink put into quarantine goes to this sink again, and to it alone: its number was had, and other sinks may have stored it.
// The entry stays until ingest hears that all is done. A crash before that changes nothing, or what it has changed is found by the
// next replay: the lake knows what it has, and a repeat in InfluxDB is harmless.

/** Bytes of entries in one task. */
export const replayBytesMax = 8 * 1024 * 1024
/** And how many. */
export const replayEntriesMax = 100

/** What keeps an envelope from being stored. */
export interface Refusal {
  reason: string
  detail: string
  bytes: Uint8Array
  header?: EnvelopeHeader | undefined
  /** The schema that is not here. */
  missing?: { rig: string; schemaHash: string }
}

export interface ReplayParts {
  sink: Sink
  catalog: Pick<Catalog, 'park' | 'isParked' | 'unpark'>
  quarantine: Pick<Quarantine, 'read'>
  /** Of what waits for its schema and what is replayed, together. */
  parkBytesMax: number
  signal: AbortSignal
  /** Hands an envelope to the sink. */
  offer(record: LogRecord, late: true): Refusal | undefined
  askFor(rig: string, schemaHash: string): void
  /** Makes durable what was offered; `late`: what of it was parked. */
  flush(late: readonly Position[]): Promise<void>
  /** Everything before it was handed to the sink, parked or put in quarantine. */
  passed(): Position
}

export async function replayEntries(parts: ReplayParts, ids: readonly string[]): Promise<ReplayOutcome[]> {
  const { sink } = parts
  const outcomes = new Map<string, ReplayOutcome>()
  const settle = (id: string, outcome: ReplayOutcome['outcome'], reason = '', detail = '') =>
    outcomes.set(id, { id, outcome, reason, detail })
  const records = new Map<string, LogRecord>()

  for (const id of ids) {
    const entry = readEntry(parts, id)
    if ('failed' in entry) settle(id, 'stays', 'gone', entry.failed)
    else if (entry.content === 'lines') await replayLines(parts, entry, settle)
    else {
      const record = recordOf(entry)
      if (!record) settle(id, 'stays', 'no_position', 'it does not say where in the journal it stood')
      else if (comparePositions(record.position, parts.passed()) >= 0)
        settle(id, 'stays', 'comes_again', 'the sink will come to it again by itself')
      else records.set(id, record)
    }
  }
  const had = await whatIsStored(parts, [...records.values()])
  ;[...records.keys()].forEach((id, i) => {
    if (had[i] === false) return
    if (had[i]) settle(id, 'duplicate', '', `the ${sink.name} sink has stored it already`)
    else settle(id, 'stays', 'not_now', `what the ${sink.name} sink has stored cannot be looked up; try again later`)
    records.delete(id)
  })

  const offered = new Map<string, LogRecord>()
  for (const [id, record] of records) {
    if ([...offered.values()].some(({ position }) => comparePositions(position, record.position) === 0)) {
      settle(id, 'duplicate', '', 'another entry holds the same envelope')
      continue
    }
    const refusal = offer(parts, record)
    if (!refusal) offered.set(id, record)
    else if (refusal.reason === 'parked') settle(id, 'duplicate', '', refusal.detail)
    else settle(id, 'stays', refusal.reason, refusal.detail)
  }
  if (offered.size > 0) {
    await parts.flush([...offered.values()].map(({ position }) => position))
    const stored = sink.hasStored ? await whatIsStored(parts, [...offered.values()]) : []
    ;[...offered.keys()].forEach((id, i) => {
      if (!sink.hasStored || stored[i]) settle(id, 'stored')
      else if (stored[i] === false)
        settle(id, 'renewed', `not_storable_in_${sink.name}`, 'it cannot be written: it is in quarantine anew')
      else settle(id, 'stays', 'not_now', 'whether it is stored cannot be looked up; replay it again')
    })
  }
  return ids.map((id) => outcomes.get(id)!)
}

/** Undefined: that can't be told. What was taken but is not durable yet is made so before. */
async function whatIsStored(
  { sink, flush }: ReplayParts,
  records: readonly LogRecord[],
): Promise<(boolean | undefined)[]> {
  if (!sink.hasStored || records.length === 0) return records.map(() => false)
  await flush([])
  try {
    return await sink.hasStored(records.map(({ position }) => position))
  } catch {
    return records.map(() => undefined)
  }
}

function readEntry({ sink, quarantine }: ReplayParts, id: string): QuarantineEntry | { failed: string } {
  try {
    const entry = quarantine.read(id)
    return entry.by === sink.name ? entry : { failed: `it was put there by ${entry.by}` }
  } catch (error) {
    return { failed: `it cannot be read any more: ${reasonOf(error)}` }
  }
}

/** As it stood in the journal. */
function recordOf({ position, receivedNs, bytes }: QuarantineEntry): LogRecord | undefined {
  if (!position || receivedNs === undefined) return undefined
  return { position, next: position, bytes: encodeJournalRecord(BigInt(receivedNs), bytes) }
}

async function replayLines(
  { sink, signal }: ReplayParts,
  { id, bytes }: QuarantineEntry,
  settle: (id: string, outcome: ReplayOutcome['outcome'], reason?: string, detail?: string) => void,
): Promise<void> {
  const answer = await sink.writeLines?.(bytes, signal)
  if (answer?.stored) settle(id, 'stored')
  else settle(id, 'stays', `refused_by_${sink.name}`, answer?.reason ?? `the ${sink.name} sink takes no lines`)
}

function offer(parts: ReplayParts, record: LogRecord): Pick<Refusal, 'reason' | 'detail'> | undefined {
  const { sink, catalog, parkBytesMax } = parts
  const { position } = record
  let refusal: Refusal | undefined
  try {
    if (catalog.isParked(sink.name, position)) return { reason: 'parked', detail: 'it waits for its schema already' }
    if (!catalog.park(sink.name, replayMark, position, record.bytes, parkBytesMax)) {
      return { reason: 'no_room', detail: `what waits for its schema takes all of its ${parkBytesMax} bytes` }
    }
    refusal = parts.offer(record, true)
    if (!refusal) return undefined
    catalog.unpark(sink.name, [position])
  } catch (error) {
    return { reason: 'not_now', detail: `the catalog cannot be written: ${reasonOf(error)}` }
  }
  if (!refusal.missing) return refusal
  const { rig, schemaHash } = refusal.missing
  parts.askFor(rig, schemaHash)
  return { reason: refusal.reason, detail: `${refusal.detail}; ${rig} is asked for it` }
}
