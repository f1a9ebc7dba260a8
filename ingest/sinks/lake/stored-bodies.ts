import { encodeEnvelope, readHeader } from '../../../protos/envelope.ts'
import { fromHex } from '../../../protos/hex.ts'
import type { Body, Cause, EnvelopeHeader, Gap, Range, SourceHealth } from '../../../protos/types.ts'

// Rows of the lake's tables back into envelopes, so that the code that takes them from the journal takes them from here.

type Row = Record<string, unknown>

/** A text, or its bytes as `encode` gives them: DuckDB's client drops a leading byte order mark of texts. */
export const textOf = (cell: unknown): string =>
  cell instanceof Uint8Array ? Buffer.from(cell).toString('utf8') : typeof cell === 'string' ? cell : ''

export interface StoredEnvelope {
  header: EnvelopeHeader
  bytes: Uint8Array
  receivedNs: bigint
}

/** Throws if the row cannot be an envelope. */
export function envelopeOf(row: Row, body: Body): StoredEnvelope {
  const bytes = encodeEnvelope({ rig: String(row.rig), spool: String(row.spool), seq: Number(row.seq), body })
  return { header: readHeader(bytes), bytes, receivedNs: row.received_ns as bigint }
}

/** `author`, `text` and `facts` may be bytes. */
export const eventBody = (row: Row): Body => ({
  type: 'event',
  event: {
    tNs: row.t_ns as bigint,
    type: String(row.type),
    author: textOf(row.author),
    text: textOf(row.text),
    facts: JSON.parse(textOf(row.facts)) as Record<string, string>,
    id: String(row.id),
  },
})

export function gapBody(row: Row): { type: 'gap'; gap: Gap } {
  const { of_rig: rig } = row
  return {
    type: 'gap',
    gap: {
      fromNs: row.from_ns as bigint,
      toNs: row.to_ns as bigint,
      streams: JSON.parse(String(row.streams)) as string[],
      cause: String(row.cause) as Cause,
      detail: String(row.detail),
      spool: String(row.gap_spool),
      numbers: JSON.parse(String(row.numbers)) as Range[],
      rows: Number(row.rows),
      ...(typeof rig === 'string' ? { rig } : {}),
    },
  }
}

export const healthBody = (row: Row): Body => ({
  type: 'health',
  health: {
    tNs: row.t_ns as bigint,
    version: String(row.version),
    memoryBytes: Number(row.memory_bytes),
    spoolBytes: Number(row.spool_bytes),
    spoolEnvelopes: Number(row.spool_envelopes),
    sources: JSON.parse(String(row.sources)) as SourceHealth[],
  },
})

export const clockBody = (row: Row): Body => ({
  type: 'clock_sample',
  clockSample: {
    tNs: row.t_ns as bigint,
    offsetNs: row.offset_ns as bigint,
    roundTripNs: row.round_trip_ns as bigint,
    stepNs: row.step_ns as bigint,
    monotonicNs: row.monotonic_ns as bigint,
    bootId: fromHex(String(row.boot_id)),
  },
})

export const schemaBody = (row: Row): Body => ({
  type: 'schema',
  bytes: new Uint8Array(Buffer.from(String(row.encoded), 'base64')),
})
