import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frame } from '../../ingest/frame.ts'
import { peekSpan } from '../../ingest/history/peek-span.ts'
import { encodeJournalRecord } from '../../ingest/journal-record.ts'
import { peekBatch } from '../../ingest/live/peek-batch.ts'
import { decodeRecord } from '../../ingest/sinks/decode-record.ts'
import { columnFieldKinds, createFieldNames } from '../../ingest/sinks/influx/field-names.ts'
import { encodeBatch, fieldBytes, noCounts, seriesBytes } from '../../ingest/sinks/influx/line-protocol.ts'
import { createLineWriter } from '../../ingest/sinks/influx/line-writer.ts'
import { createPart } from '../../ingest/sinks/lake/part.ts'
import { layOutStream } from '../../ingest/sinks/lake/stream-table.ts'
import type { JournalEnvelope } from '../../ingest/sinks/sink.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { SchemaError, UnreadableMessageError } from '../../protos/errors.ts'
import { fitBatch } from '../../protos/fit.ts'
import {
  decodeClockProbe,
  decodeDown,
  decodeIngestStatus,
  decodeStatus,
  encodeClockProbe,
  encodeDown,
  encodeIngestStatus,
  encodeStatus,
} from '../../protos/messages.ts'
import { decodeSchema, encodeSchema } from '../../protos/schema.ts'
import type { Batch, Body, Schema } from '../../protos/types.ts'
import { createFieldStore } from '../ingest/influx-setup.ts'
import { body } from '../protos/arbitraries.ts'
import { broken } from './mutations.ts'

// Whatever comes over the wire: nothing throws where ingest does not expect it, nothing takes memory that its bytes do not pay for, and
// what was taken can be written by both sinks.

const schema: Schema = {
  stream: '차량-1',
  channels: [
    { name: 'speed', kind: 'f64', unit: 'km/h' },
    { name: '속도', kind: 'f32' },
    { name: 'count', kind: 'int', gain: 0.5, offset: 1 },
    { name: 'on', kind: 'bool' },
    { name: 'text', kind: 'text' },
  ],
}
const bodies = fc.sample(body, { numRuns: 300, seed: 4 })
const envelopes = bodies.map((each: Body, i) =>
  encodeEnvelope({ rig: 'cabin-1', spool: '01J00000000000000000000000', seq: i + 1, body: each }),
)
const bundles = envelopes.map((_, i) => encodeBundle(envelopes.slice(i, i + 1 + (i % 4))))

/** Bytes of what a decoded batch holds. */
const heldBytes = ({ times, simulation, columns }: Batch): number =>
  times.byteLength +
  (simulation?.byteLength ?? 0) +
  columns.reduce(
    (sum, column) =>
      sum +
      column.values.byteLength +
      (column.validity?.byteLength ?? 0) +
      (column.kind === 'text' ? column.dictionary.reduce((all, { length }) => all + 2 * length + 16, 0) : 0),
    0,
  )

const position = { segment: '01J00000000000000000000000', offset: 80 }

/** What a sink of each kind does with a batch before it writes. */
function storeBoth(envelope: JournalEnvelope & { schema: Schema }, batch: Batch): void {
  const part = createPart(undefined)
  try {
    part.add(envelope)
  } catch {
    // Refused alone: it goes to quarantine.
    return
  }
  for (const { batches } of part.groups) {
    for (const taken of batches.values()) expect(layOutStream(taken).rows).toBe(batch.rows)
  }
  const lines = { ends: new Uint32Array(0), count: 0 }
  const names = createFieldNames(createFieldStore()).forColumns(schema.stream, columnFieldKinds(schema, batch.columns))
  const writer = createLineWriter(16)
  encodeBatch(
    batch,
    schema,
    seriesBytes(schema.stream, 'cabin-1', batch.era),
    fieldBytes(names),
    writer,
    lines,
    noCounts(),
  )
  expect(lines.count).toBeLessThanOrEqual(batch.rows)
}

describe('bytes on the topic of a rig', () => {
  it('are framed, decoded, peeked into and stored, or refused with a reason, 60,000 times', () => {
    let framedCount = 0
    let stored = 0
    fc.assert(
      fc.property(
        fc.oneof(
          broken(bundles),
          broken(envelopes).map((one) => encodeBundle([one])),
        ),
        (payload) => {
          const refused: string[] = []
          for (const { bytes, header } of frame('cabin-1', payload, ({ reason }) => refused.push(reason))) {
            framedCount++
            const { bodyStart, bodyEnd, bodyType } = header
            if (bodyType === 'batch') {
              const peeked = peekBatch(bytes, bodyStart, bodyEnd)
              if (peeked) peekSpan(bytes, bodyStart, bodyEnd, peeked.rows)
            }
            const record = encodeJournalRecord(1n, bytes)
            const decoded = decodeRecord({ position, next: { ...position, offset: 81 + record.length }, bytes: record })
            if (!('envelope' in decoded)) {
              expect(decoded.detail).not.toBe('')
              continue
            }
            const { envelope } = decoded
            if (envelope.body.type !== 'batch') {
              try {
                createPart(undefined).add(envelope)
              } catch {
                // Refused alone.
              }
              continue
            }
            expect(heldBytes(envelope.body.batch)).toBeLessThan(4096 + 600 * bytes.length)
            const { batch, problems } = fitBatch(envelope.body.batch, schema)
            storeBoth({ ...envelope, body: { type: 'batch', batch }, schema, problems }, batch)
            stored++
          }
        },
      ),
      { numRuns: 60_000 },
    )
    // The mutations leave enough to go through all of it.
    expect(framedCount).toBeGreaterThan(30_000)
    expect(stored).toBeGreaterThan(2_000)
  }, 300_000)

  it('keep their number when the body alone is damaged', () => {
    fc.assert(
      fc.property(fc.nat(envelopes.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, mask) => {
        const bytes = envelopes[which]!.slice()
        const { bodyStart, bodyEnd, seq } = readHeader(bytes)
        if (bodyEnd === bodyStart) return
        bytes[bodyStart + (at % (bodyEnd - bodyStart))]! ^= mask
        expect(readHeader(bytes).seq).toBe(seq)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('the small messages', () => {
  const sound = [
    encodeStatus({
      online: true,
      sinceNs: 5n,
      version: '1',
      spools: [{ spool: '01J00000000000000000000000', first: 1, last: 9, through: 4 }],
    }),
    encodeIngestStatus({ online: true, sinceNs: 5n, version: '1', protocols: [1], groups: ['main'], instance: 'x' }),
    encodeDown({ type: 'receipt', receipt: { spool: 's', through: 4, ranges: [{ from: 6, to: 9 }] } }),
    encodeDown({ type: 'clock_reply', clockReply: { t1Ns: 1n, t2Ns: 2n, t3Ns: 3n } }),
    encodeDown({ type: 'schema_request', schema: new Uint8Array(32) }),
    encodeClockProbe(7n),
  ]
  const decoders = { decodeStatus, decodeIngestStatus, decodeDown, decodeClockProbe }

  it('are read or refused by the one error that is expected, 20,000 times', () => {
    fc.assert(
      fc.property(broken(sound), (bytes) => {
        for (const decode of Object.values(decoders)) {
          try {
            decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(UnreadableMessageError)
          }
        }
      }),
      { numRuns: 20_000 },
    )
  }, 120_000)

  it('and schemas are read, or refused with all their mistakes, 5,000 times', () => {
    fc.assert(
      fc.property(broken([encodeSchema(schema)]), (bytes) => {
        try {
          const read = decodeSchema(bytes)
          // What was taken is sound: it can be written again.
          expect(decodeSchema(encodeSchema(read))).toEqual(read)
        } catch (error) {
          expect(error).toBeInstanceOf(SchemaError)
        }
      }),
      { numRuns: 5000 },
    )
  }, 120_000)
})
