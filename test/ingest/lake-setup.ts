import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Logger, silentLog } from '../../common/log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { ulid } from '../../common/ulid.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import type { Catalog } from '../../ingest/catalog/types.ts'
import type { Quarantine } from '../../ingest/quarantine.ts'
import { lakeDefaults } from '../../ingest/sinks/lake/lake-config.ts'
import { openLakeSink } from '../../ingest/sinks/lake/lake-sink.ts'
import { type LakeRows, openLakeReader } from '../../ingest/sinks/lake/read-lake.ts'
import type { JournalEnvelope, Sink } from '../../ingest/sinks/sink.ts'
import { decodeBody, encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Batch, Body, Column, Schema } from '../../protos/types.ts'

// What the tests of the lake and of verify make envelopes with: through the real codecs, so that what arrives is what would.

export const spoolA = '01HZZZZZZZZZZZZZZZZZZZZZZA'
export const segmentA = '01J00000000000000000000000'
export const segmentB = '01J00000000000000000000001'

export const never = new AbortController().signal

export function makeBatch(schema: Schema, times: bigint[], columns: Column[], more: Partial<Batch> = {}): Body {
  const batch: Batch = {
    schema: hashSchema(encodeSchema(schema)),
    rows: times.length,
    era: 0,
    times: BigInt64Array.from(times),
    monotonicNs: 5n,
    bootId: new Uint8Array(16).fill(7),
    notRising: false,
    position: 0,
    origin: '',
    columns,
    ...more,
  }
  return { type: 'batch', batch }
}

export const f64 = (...values: number[]): Column => ({ kind: 'f64', values: Float64Array.from(values) })

export interface MadeEnvelope {
  body: Body
  seq: number
  at: Position
  schema?: Schema
  rig?: string
  spool?: string
  predecessor?: string
}

/** Encodes and decodes an envelope as it goes from the agent to a sink. */
export function makeEnvelope({
  body,
  seq,
  at,
  schema,
  rig = '서울-1',
  spool = spoolA,
  predecessor,
}: MadeEnvelope): JournalEnvelope {
  const bytes = encodeEnvelope({ rig, spool, seq, body, ...(predecessor === undefined ? {} : { predecessor }) })
  const header = readHeader(bytes)
  const decoded = decodeBody(bytes, header)
  const envelope: JournalEnvelope = {
    position: at,
    next: { segment: at.segment, offset: at.offset + bytes.length },
    receivedNs: 1_700_000_000_000_000_000n + BigInt(seq),
    header,
    bytes,
    ...decoded,
  }
  if (decoded.body.type === 'batch') {
    envelope.schemaHash = toHex(decoded.body.batch.schema)
    if (schema) envelope.schema = schema
  }
  return envelope
}

export interface Lake {
  folder: string
  lakeFolder: string
  journalFolder: string
  catalog: Catalog
  quarantined: Parameters<Quarantine['put']>[0][]
  open(catalog?: Catalog, log?: Logger): Promise<Sink>
  rows(stream: string, rig?: string): Promise<LakeRows[]>
  table(name: string): Promise<Record<string, unknown>[]>
  /** All Parquet files, the catalog's or not, relative to the lake's folder. */
  files(): string[]
}

/** A data folder of its own for one test, with a catalog. */
export function makeLake(): Lake {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-lake-'))
  const lakeFolder = join(folder, 'lake')
  const journalFolder = join(folder, 'journal')
  const catalog = openCatalog(join(folder, 'catalog.sqlite'))
  const sinks: Sink[] = []
  onTestFinished(async () => {
    await Promise.all(sinks.map((sink) => sink.close()))
    catalog.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const quarantined: Lake['quarantined'] = []
  const read = async <T>(use: (reader: Awaited<ReturnType<typeof openLakeReader>>) => Promise<T>): Promise<T> => {
    const reader = await openLakeReader(lakeFolder, catalog)
    try {
      return await use(reader)
    } finally {
      reader.close()
    }
  }
  return {
    folder,
    lakeFolder,
    journalFolder,
    catalog,
    quarantined,
    async open(own = catalog, log = silentLog) {
      const quarantine = {
        put: (entry: Lake['quarantined'][number]) => {
          quarantined.push(entry)
          return ulid()
        },
      }
      const config = { ...lakeDefaults, lakeFolder, journalFolder }
      const sink = await openLakeSink(config, { catalog: own, quarantine, log })
      sinks.push(sink)
      return sink
    },
    rows: (stream, rig = '서울-1') =>
      read(async (reader) => {
        const chunks: LakeRows[] = []
        for await (const chunk of reader.rows(stream, rig, { raw: true })) chunks.push(chunk)
        return chunks
      }),
    table: (name) =>
      read(async (reader) => {
        const table = reader.table(name)
        const rows: Record<string, unknown>[] = []
        if (table)
          for await (const chunk of reader.query(`SELECT * FROM ${table} ORDER BY rig, spool, seq`)) rows.push(...chunk)
        return rows
      }),
    files: () =>
      readdirSync(lakeFolder, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.parquet'))
        .sort(),
  }
}
