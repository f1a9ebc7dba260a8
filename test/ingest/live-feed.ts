import { createLive, type Live, type LiveOptions } from '../../ingest/live.ts'
import type { IngestCounters, IngestState } from '../../ingest/state.ts'
import { encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Batch, Body, Column, Schema } from '../../protos/types.ts'

// Real envelopes through the real codecs into a live hub with a clock of the test's own.

export const t0Ns = 1_700_000_000_000_000_000n
export const spools = ['01HF0000000000000000000000', '01HF0000010000000000000000'] as const

export const speedSchema: Schema = {
  stream: 'vehicle',
  source: 'simulated',
  channels: [
    { name: 'speed', kind: 'f64', unit: 'km/h', code: 'VSS:Vehicle.Speed', min: 0, max: 250 },
    { name: '조향각', kind: 'int', unit: 'deg', gain: 0.1, min: -780, max: 780 },
    { name: 'braking', kind: 'bool' },
    { name: 'gear', kind: 'text' },
  ],
  period: { num: 10_000_000n, den: 1n },
}

/** Rows of speedSchema, 10 ms apart, the speed counting up from `speed`. */
export function speedColumns(rows: number, speed = 50): Column[] {
  return [
    { kind: 'f64', values: Float64Array.from({ length: rows }, (_, row) => speed + row) },
    { kind: 'int', values: new Float64Array(rows).fill(-123) },
    { kind: 'bool', values: new Uint8Array(rows).fill(1) },
    { kind: 'text', values: new Uint32Array(rows), dictionary: ['D'] },
  ]
}

export interface Feed {
  live: Live
  nowNs(): bigint
  advance(ms: number): void
  know(schema: Schema): Uint8Array
  forget(schema: Schema): void
  envelope(body: Body, at?: { rig?: string; spool?: string; seq?: number }): Uint8Array
  batch(schema: Schema, columns: Column[], startNs?: bigint, more?: Partial<Batch>): Body
  store(envelope: Uint8Array): void
  /** A batch of speedSchema whose last row is as old as given, stored now. Returns its bytes. */
  speed(options?: { rig?: string; rows?: number; speed?: number; ageMs?: number; seq?: number }): Uint8Array
}

export function createFeed(options: Partial<LiveOptions> = {}): Feed {
  let nowNs = t0Ns
  let seq = 0
  const schemas = new Map<string, Schema>()
  const hashOf = (schema: Schema) => hashSchema(encodeSchema(schema))
  const live = createLive({ schemaOf: (hash) => schemas.get(hash), nowNs: () => nowNs, ...options })

  const feed: Feed = {
    live,
    nowNs: () => nowNs,
    advance: (ms) => {
      nowNs += BigInt(ms) * 1_000_000n
    },
    know(schema) {
      schemas.set(toHex(hashOf(schema)), schema)
      return hashOf(schema)
    },
    forget: (schema) => void schemas.delete(toHex(hashOf(schema))),
    envelope: (body, { rig = 'cabin', spool = spools[0], seq: number = ++seq } = {}) =>
      encodeEnvelope({ rig, spool, seq: number, body }),
    batch: (schema, columns, startNs = nowNs, more = {}) => {
      const rows = columns[0]!.values.length
      const period = schema.period ?? { num: 10_000_000n, den: 1n }
      const times = BigInt64Array.from({ length: rows }, (_, row) => startNs + (BigInt(row) * period.num) / period.den)
      const head = { schema: hashOf(schema), rows, era: 0, times, monotonicNs: 5n, bootId: new Uint8Array(16) }
      const batch: Batch = { ...head, notRising: false, position: 0, origin: '', columns, ...more }
      if (schema.period) batch.period = schema.period
      return { type: 'batch', batch }
    },
    store: (envelope) => live.stored(readHeader(envelope), envelope, nowNs),
    speed({ rig, rows = 10, speed = 50, ageMs = 0, seq: number } = {}) {
      const startNs = nowNs - BigInt(ageMs) * 1_000_000n - BigInt(rows - 1) * 10_000_000n
      const at = { ...(rig ? { rig } : {}), ...(number ? { seq: number } : {}) }
      const envelope = feed.envelope(feed.batch(speedSchema, speedColumns(rows, speed), startNs), at)
      feed.store(envelope)
      return envelope
    },
  }
  feed.know(speedSchema)
  return feed
}

/** What ingest would say of itself; change it as a test needs. */
export function createState(): IngestState & { counted: IngestCounters; online: boolean } {
  const counted: IngestCounters = {
    envelopes: 12,
    bytes: 3456,
    duplicates: 1,
    journalFull: 0,
    outOfBounds: 0,
    quarantined: { unreadable: 2 },
    receipts: 7,
    journalBytes: 9000,
    journalSyncs: 0,
    schemaRequests: 0,
  }
  return {
    name: 'ingest-1',
    version: '0.1.0',
    groups: ['main'],
    sinceMs: 1_700_000_000_000,
    online: true,
    counted,
    counters: () => counted,
    rigs: () => [],
    remembered: () => [],
    missingNumbers: () => [],
    sinks: () => [],
  }
}
