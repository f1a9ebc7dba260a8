import type { EnvelopeHeader, Schema } from '../../protos/types.ts'
import { type LiveChannel, type NewestRow, readNewest } from './newest.ts'
import { createRate, type Rate } from './rate.ts'

// What the hub knows of one stream of one rig.

/** A stream as the table shows it. */
export interface LiveStream {
  stream: string
  /** The kind of source that measures it, empty if not told. */
  source: string
  /** Undefined if it cannot be read. */
  schema: Schema | undefined
  /** The hash of its schema, lower-case hex. */
  schemaHash: string
  /** Nominal; undefined for an irregular stream. */
  periodMs: number | undefined
  /** Received, over the last 5 s, or 5 periods where those are longer. Backlog counts as it comes. */
  rowsPerS: number
  /** Rows times channels: values that are missing count too, as this is not decoded. */
  readingsPerS: number
  batches: number
  /** When the newest batch came, ingest's clock, ns. */
  receivedNs: bigint
  /** No row for longer than this means that something is wrong, ms. */
  staleAfterMs: number
  /** The newest row's time, the rig's clock, ns. */
  timeNs: bigint | undefined
  era: number
  channels: LiveChannel[]
  /** All of them; `channels` may hold fewer. */
  channelCount: number
  problems: string[]
}

export interface KnownSchema {
  hash: string
  schema: Schema
}

export interface StreamRecord {
  readonly stream: string
  /** When the newest batch came. */
  readonly receivedNs: bigint
  add(known: KnownSchema, header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint, rows: number): void
  read(nowNs: bigint, channelsMax: number): LiveStream
}

/** After so long without anything newer, what comes is taken as the newest, whatever its number. */
const replaceAfterNs = 10_000_000_000n
const staleAfterMinMs = 3000
const stalePeriods = 5
/** An irregular stream goes stale at last after this, ms: its usual distance is a guess. */
const staleAfterGuessMaxMs = 300_000

const notRead: NewestRow = { timeNs: undefined, era: 0, channels: [], problems: [] }

interface Newest {
  known: KnownSchema
  header: EnvelopeHeader
  envelope: Uint8Array
  receivedNs: bigint
}

export function createStreamRecord(stream: string): StreamRecord {
  let newest: Newest | undefined
  let read: { of: Newest; max: number; row: NewestRow } | undefined
  let rows: Rate | undefined
  let readings: Rate | undefined
  let rateBucketMs = 0
  let batches = 0
  /** The usual distance between batches, a running mean, ms. */
  let distanceMs = 0
  let lastMs: number | undefined

  const count = ({ schema }: KnownSchema, receivedNs: bigint, added: number) => {
    const nowMs = Number(receivedNs / 1_000_000n)
    const bucketMs = Math.max(1000, periodMs(schema) ?? 0)
    if (rows === undefined || readings === undefined || rateBucketMs !== bucketMs) {
      rows = createRate(bucketMs)
      readings = createRate(bucketMs)
      rateBucketMs = bucketMs
    }
    rows.add(added, nowMs)
    readings.add(added * schema.channels.length, nowMs)
    if (lastMs !== undefined) distanceMs += (Math.max(0, nowMs - lastMs) - distanceMs) / Math.min(batches, 16)
    lastMs = nowMs
    batches++
  }

  return {
    stream,
    get receivedNs() {
      return newest!.receivedNs
    },
    add(known, header, envelope, receivedNs, added) {
      count(known, receivedNs, added)
      if (newest && !isNewer(header, receivedNs, newest)) return
      newest = { known, header, envelope, receivedNs }
    },
    read(nowNs, channelsMax) {
      const at = newest!
      const { schema, hash } = at.known
      // Read once, however many look at the table.
      if (channelsMax > 0 && (read?.of !== at || read.max < Math.min(channelsMax, schema.channels.length))) {
        read = { of: at, max: channelsMax, row: readNewest(at.header, at.envelope, schema, channelsMax) }
      }
      const row = channelsMax > 0 ? read!.row : notRead
      const nowMs = Number(nowNs / 1_000_000n)
      const period = periodMs(schema)
      const usualMs = period ?? Math.min(distanceMs, staleAfterGuessMaxMs / stalePeriods)
      return {
        stream,
        source: schema.source ?? '',
        schema,
        schemaHash: hash,
        periodMs: period,
        rowsPerS: rows!.perSecond(nowMs),
        readingsPerS: readings!.perSecond(nowMs),
        batches,
        receivedNs: at.receivedNs,
        staleAfterMs: Math.max(staleAfterMinMs, stalePeriods * usualMs),
        channelCount: schema.channels.length,
        ...row,
        channels: row.channels.length > channelsMax ? row.channels.slice(0, channelsMax) : row.channels,
      }
    },
  }
}

/**
 * By number, not by time: a rig's clock may step, and spool ids sort by birth. Backlog that is sent beside live batches
 * has lower numbers and so never hides them. A rig that lost its disk and clock may draw ids that sort before its old
 * ones: it is believed once the old ones are silent.
 */
function isNewer(header: EnvelopeHeader, receivedNs: bigint, than: Newest): boolean {
  if (receivedNs - than.receivedNs > replaceAfterNs) return true
  if (header.spool === than.header.spool) return header.seq > than.header.seq
  return header.spool > than.header.spool
}

export const periodMs = ({ period }: Schema): number | undefined =>
  period && Number(period.num) / Number(period.den) / 1_000_000
