import type { Damage, Position } from '../../common/segment-log-types.ts'
import { listSegments, readRecords } from '../../common/segment-reader.ts'
import { fitBatch } from '../../protos/fit.ts'
import type { EnvelopeHeader } from '../../protos/types.ts'
import { decodeRecord } from '../sinks/decode-record.ts'
import { createKnownSchemas } from '../sinks/known-schemas.ts'
import { inspectBatch } from '../sinks/lake/inspect-batch.ts'
import type { JournalEnvelope } from '../sinks/sink.ts'
import { envelopeKey, isBefore, type JournalExtent, type VerifyContext } from './context.ts'
import { gapReport } from './gaps.ts'
import { placeIn } from './state.ts'
import { addTally as add, newTally, type Tally } from './tally.ts'

// The journal, read anew with the sinks' own decoding: what the lake has consumed is compared with its ledger, what it
// hasn't yet is counted as pending.

/** All that can be read of the journal now; undefined if it is empty. */
export async function findJournal(journalFolder: string): Promise<JournalExtent | undefined> {
  const segments = await listSegments(journalFolder)
  const [first] = segments
  const last = segments.at(-1)
  if (!first || !last) return undefined
  return { from: { segment: first.name, offset: 0 }, to: { segment: last.name, offset: last.bytes } }
}

interface JournalReading {
  from?: Position | undefined
  /** Told of envelopes of which no more can be read than their number. */
  onOther?: (header: EnvelopeHeader, position: Position) => void
  onDamage?: (damage: Damage) => void
}

/** The envelopes of the journal that the sinks can decode; batches with their schema and fitted to it. */
export async function* journalEnvelopes(
  { catalog, journalFolder, journal, state }: VerifyContext,
  { from = journal?.from, onOther, onDamage }: JournalReading = {},
): AsyncGenerator<JournalEnvelope> {
  if (!journal) return
  const schemas = createKnownSchemas(catalog)
  for await (const record of readRecords(journalFolder, from, journal.to, onDamage ? { onDamage } : {})) {
    const decoded = decodeRecord(record)
    if (!('envelope' in decoded)) {
      if (decoded.header && state.wants(decoded.header.rig)) onOther?.(decoded.header, record.position)
      continue
    }
    const { envelope } = decoded
    const { body, schemaHash, header } = envelope
    if (body.type === 'schema') schemas.learn(body.bytes)
    // Ingest speaks for others.
    const whose = body.type === 'gap' ? (body.gap.rig ?? header.rig) : header.rig
    if (!state.wants(whose)) continue
    if (body.type === 'batch' && schemaHash !== undefined) {
      const schema = knownSchema(schemas, schemaHash)
      if (schema) {
        envelope.schema = schema
        const fitted = fitBatch(body.batch, schema)
        envelope.body = { type: 'batch', batch: fitted.batch }
        envelope.problems.push(...fitted.problems)
      }
    }
    yield envelope
  }
}

function knownSchema(schemas: ReturnType<typeof createKnownSchemas>, hash: string) {
  try {
    return schemas.get(hash)
  } catch {
    return undefined
  }
}

/** Returns where it cannot be read. */
export async function readJournal(context: VerifyContext): Promise<Damage[]> {
  const { state, span, lakeCursor, influxCursor, aside } = context
  const onOther = ({ rig, spool, seq }: EnvelopeHeader, position: Position) => {
    if (!isBefore(position, lakeCursor)) state.spool(rig, spool).pending.add(seq)
  }
  const damaged: Damage[] = []
  let read = 0
  for await (const envelope of journalEnvelopes(context, { onOther, onDamage: (damage) => damaged.push(damage) })) {
    if (++read % 1000 === 0)
      context.onProgress(() => `verify: ${read.toLocaleString('en-US')} envelopes of the journal`)
    const { header, position, body } = envelope
    const { rig, spool, seq } = header
    if (!state.wants(rig)) {
      if (body.type === 'gap' && !isBefore(position, lakeCursor)) state.gap(body.gap.rig ?? rig, gapReport(body.gap))
      continue
    }
    const known = state.spool(rig, spool)
    if (header.predecessor) known.predecessor = header.predecessor
    const consumed = isBefore(position, lakeCursor)
    const key = envelopeKey(rig, spool, seq)
    if (!consumed) {
      // A number that the lake has: it will know the rows again. Twice in the journal, neither of them is looked at yet.
      if (known.stored.has(seq) || known.pending.add(seq) === 0) known.again++
      if (body.type === 'gap') state.gap(body.gap.rig ?? rig, gapReport(body.gap))
      if (placeIn(span, envelope.receivedNs, envelope.receivedNs) !== 'outside') known.inSpan = true
    } else if (!known.stored.has(seq)) {
      // Put aside, removed from quarantine, or lost: its number says which.
      if (!aside.lake.has(key)) known.inSpan = true
      continue
    }
    const { schema } = envelope
    if (body.type !== 'batch' || !schema || body.batch.rows === 0) continue
    const counted = countBatch(envelope)
    const place = placeIn(span, counted.firstNs, counted.lastNs)
    if (place === 'outside') continue
    const stream = state.stream(rig, schema.stream)
    if (consumed) {
      if (place === 'inside') add(stream.journal, counted.tally)
      continue
    }
    known.inSpan = true
    add(stream.pendingInLake, counted.tally)
    if (influxCursor === undefined) continue
    const interval = { era: body.batch.era, firstNs: counted.firstNs, lastNs: counted.lastNs }
    // Rows that the lake may have already, and has not told from those yet: what InfluxDB must have of them is not known before.
    const mayRepeat = !body.batch.notRising && stream.seen.touches(interval)
    stream.seen.add(interval)
    if (!isBefore(position, influxCursor) || aside.influx.has(key) || mayRepeat) {
      add(stream.pendingInInflux, counted.tally)
      stream.influxLeftOut.add(interval)
    }
  }
  return damaged
}

function countBatch(envelope: JournalEnvelope): { tally: Tally; firstNs: bigint; lastNs: bigint } {
  const tally = newTally()
  if (envelope.body.type !== 'batch' || !envelope.schema) return { tally, firstNs: 0n, lastNs: 0n }
  const { sum, firstNs, lastNs } = inspectBatch(envelope.body.batch, envelope.schema, false)
  return { tally: { envelopes: 1, rows: envelope.body.batch.rows, sum }, firstNs, lastNs }
}
