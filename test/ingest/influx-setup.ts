import { type InfluxConfig, influxConfig } from '../../ingest/sinks/influx/config.ts'
import type { JournalEnvelope } from '../../ingest/sinks/sink.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Batch, Channel, Column, Schema } from '../../protos/types.ts'

// What the tests of the InfluxDB sink make batches with.

export const makeConfig = (values: Partial<Record<keyof InfluxConfig, unknown>>): InfluxConfig =>
  influxConfig.parse(values)

export const f64 = (...values: number[]): Column => ({ kind: 'f64', values: Float64Array.from(values) })

export const bool = (...values: boolean[]): Column => ({ kind: 'bool', values: Uint8Array.from(values, Number) })

export const text = (...values: string[]): Column => ({
  kind: 'text',
  values: Uint32Array.from(values, (_, i) => i),
  dictionary: values,
})

export function makeBatch(schema: Schema, times: bigint[], columns: Column[], more: Partial<Batch> = {}): Batch {
  return {
    schema: hashSchema(encodeSchema(schema)),
    rows: times.length,
    era: 0,
    times: BigInt64Array.from(times),
    monotonicNs: 0n,
    bootId: new Uint8Array(16),
    notRising: false,
    position: 0,
    origin: '',
    columns,
    ...more,
  }
}

let seq = 0

/** A batch as the runner gives it to a sink. */
export function makeEnvelope(rig: string, schema: Schema, batch: Batch): JournalEnvelope {
  const position = { segment: '00000000000000000000000000', offset: ++seq }
  return {
    position,
    next: { ...position, offset: seq + 1 },
    receivedNs: 0n,
    header: {
      version: 1,
      rig,
      spool: '01J00000000000000000000000',
      seq,
      predecessor: '',
      bodyType: 'batch',
      bodyStart: 0,
      bodyEnd: 0,
    },
    bytes: new Uint8Array(),
    body: { type: 'batch', batch },
    schema,
    schemaHash: toHex(batch.schema),
    problems: [],
  }
}

export const schemaOf = (stream: string, channels: Record<string, Channel['kind']>): Schema => ({
  stream,
  channels: Object.entries(channels).map(([name, kind]) => ({ name, kind })),
})

/** The catalog's fields, in memory. */
export function createFieldStore() {
  const fields = new Map<string, { measurement: string; field: string; kind: string }>()
  return {
    fields: () => [...fields.values()],
    saveField: (measurement: string, field: string, kind: string) =>
      void fields.set(`${measurement}\n${field}`, { measurement, field, kind }),
  }
}

/** `count` times from 2026-01-01 on, `stepNs` apart. */
export const timesFrom = (count: number, stepNs = 1_000_000n, firstNs = 1_767_225_600_000_000_000n): bigint[] =>
  Array.from({ length: count }, (_, i) => firstNs + BigInt(i) * stepNs)
