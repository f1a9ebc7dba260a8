import { createHash } from 'node:crypto'
import { decodeSchema } from '../../../protos/schema.ts'
import type { Body } from '../../../protos/types.ts'
import { newSum } from '../../verify/checksum.ts'
import type { JournalEnvelope } from '../sink.ts'
import type { BatchFacts } from './inspect-batch.ts'
import type { Settled } from './settle-repeats.ts'
import type { StagedColumn } from './stage.ts'

// The lake's tables beside the streams: one for each kind of body, and `_envelopes`, the ledger: a row for every
// envelope that the lake took, whatever is in it. What `verify` compares the streams with.

type Cell = string | number | bigint | boolean | null
type CellType = 'text' | 'bigint' | 'integer' | 'boolean' | 'time'
type TableShape = readonly (readonly [name: string, type: CellType])[]

const whose = [
  ['rig', 'text'],
  ['spool', 'text'],
  ['seq', 'bigint'],
  ['received_ns', 'bigint'],
] as const satisfies TableShape
const when = [
  ['t_ns', 'bigint'],
  ['time', 'time'],
] as const satisfies TableShape

/** Columns of each table. Times in ns since 1970 UTC; lists and maps as JSON text; schema hashes and boot ids in hex. */
export const bodyTables = {
  _envelopes: [
    ...whose,
    ['predecessor', 'text'],
    ['body', 'text'],
    // Where in the journal it stood.
    ['segment', 'text'],
    ['offset', 'bigint'],
    ['bytes', 'integer'],
    // Of batches alone from here on.
    ['stream', 'text'],
    ['schema', 'text'],
    ['rows', 'integer'],
    ['era', 'integer'],
    ['first_t_ns', 'bigint'],
    ['last_t_ns', 'bigint'],
    ['monotonic_ns', 'bigint'],
    ['boot_id', 'text'],
    ['position', 'bigint'],
    ['origin', 'text'],
    ['not_rising', 'boolean'],
    ['readings', 'bigint'],
    ['missing', 'bigint'],
    ['nan', 'bigint'],
    ['infinite', 'bigint'],
    ['out_of_range', 'bigint'],
    // Over the readings of all channels, see ingest/verify/checksum.ts.
    ['checksum', 'bigint'],
    ['problems', 'text'],
    // Rows that were there already with the same values: not stored again, and not in the counts above. Their readings, and the checksum
    // over these. Files written before these columns do not have them.
    ['repeated_rows', 'integer'],
    ['repeated_readings', 'bigint'],
    ['repeated_checksum', 'bigint'],
    // Rows that were there already with other values: stored, see rowFlags.sameTime.
    ['differing_rows', 'integer'],
  ],
  _events: [
    ...whose,
    ...when,
    ['type', 'text'],
    ['author', 'text'],
    ['text', 'text'],
    ['facts', 'text'],
    ['id', 'text'],
  ],
  _clock: [
    ...whose,
    ...when,
    ['offset_ns', 'bigint'],
    ['round_trip_ns', 'bigint'],
    ['step_ns', 'bigint'],
    ['monotonic_ns', 'bigint'],
    ['boot_id', 'text'],
  ],
  _gaps: [
    ...whose,
    ['from_ns', 'bigint'],
    ['to_ns', 'bigint'],
    ['streams', 'text'],
    ['cause', 'text'],
    ['detail', 'text'],
    ['gap_spool', 'text'],
    ['numbers', 'text'],
    ['rows', 'bigint'],
    // Whose it is; null: the sender's. Files written before this column do not have it.
    ['of_rig', 'text'],
  ],
  _health: [
    ...whose,
    ...when,
    ['version', 'text'],
    ['memory_bytes', 'bigint'],
    ['spool_bytes', 'bigint'],
    ['spool_envelopes', 'bigint'],
    ['sources', 'text'],
  ],
  _schemas: [...whose, ['hash', 'text'], ['stream', 'text'], ['schema', 'text'], ['encoded', 'text']],
} as const satisfies Record<string, TableShape>

export type BodyTable = keyof typeof bodyTables

export interface TableRow {
  table: BodyTable
  cells: Cell[]
  /** For the file's span of time. */
  tNs: bigint
  rig: string
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const whoseCells = ({ header, receivedNs }: JournalEnvelope): Cell[] => [
  header.rig,
  header.spool,
  BigInt(header.seq),
  receivedNs,
]

const problemsAt = bodyTables._envelopes.findIndex(([name]) => name === 'problems')
const noRows = { sum: newSum(), missing: 0, nan: 0, infinite: 0, outOfRange: 0 }

/**
 * The ledger's row of an envelope; `facts` for batches. The span of time is that of the batch as it came; its counts are of the rows that are
 * stored, which are those of `settled`, if some were there already.
 */
export function ledgerRow(envelope: JournalEnvelope, facts: BatchFacts | undefined, settled?: Settled): TableRow {
  const { header, body, position } = envelope
  const cells: Cell[] = [
    ...whoseCells(envelope),
    header.predecessor,
    header.bodyType,
    position.segment,
    BigInt(position.offset),
    envelope.bytes.length,
  ]
  if (body.type === 'batch' && facts) {
    const { batch } = body
    const stored = settled ? (settled.kept?.facts ?? noRows) : facts
    cells.push(
      envelope.schema?.stream ?? null,
      envelope.schemaHash ?? hex(batch.schema),
      batch.rows - (settled?.again.repeatedRows ?? 0),
      batch.era,
      batch.rows > 0 ? facts.firstNs : null,
      batch.rows > 0 ? facts.lastNs : null,
      batch.monotonicNs,
      hex(batch.bootId),
      BigInt(batch.position),
      batch.origin,
      batch.notRising,
      ...[stored.sum.count, stored.missing, stored.nan, stored.infinite, stored.outOfRange].map(BigInt),
      packSum(stored.sum),
    )
  } else while (cells.length < problemsAt) cells.push(null)
  cells.push(envelope.problems.length > 0 ? envelope.problems.join('; ') : null)
  if (settled) {
    const { repeatedRows, repeated, differingRows } = settled.again
    cells.push(repeatedRows, BigInt(repeated.count), packSum(repeated), differingRows)
  }
  return {
    table: '_envelopes',
    cells,
    tNs: facts && facts.sum.count > 0 ? facts.firstNs : envelope.receivedNs,
    rig: header.rig,
  }
}

/** The two lanes of a checksum in one 64-bit integer. */
export const packSum = ({ a, b }: { a: number; b: number }): bigint =>
  BigInt.asIntN(64, (BigInt(a >>> 0) << 32n) | BigInt(b >>> 0))

/** The row of an envelope in the table of its body, if that has one. Throws if a schema cannot be read. */
export function bodyRow(envelope: JournalEnvelope): TableRow | undefined {
  const found = bodyCells(envelope.body, envelope.receivedNs)
  if (!found) return undefined
  const { table, cells, tNs } = found
  return { table, cells: [...whoseCells(envelope), ...cells], tNs, rig: envelope.header.rig }
}

function bodyCells(body: Body, receivedNs: bigint): Omit<TableRow, 'rig'> | undefined {
  switch (body.type) {
    case 'event': {
      const { tNs, type, author, text, facts, id } = body.event
      return { table: '_events', tNs, cells: [tNs, tNs, type, author, text, JSON.stringify(facts), id] }
    }
    case 'clock_sample': {
      const { tNs, offsetNs, roundTripNs, stepNs, monotonicNs, bootId } = body.clockSample
      return { table: '_clock', tNs, cells: [tNs, tNs, offsetNs, roundTripNs, stepNs, monotonicNs, hex(bootId)] }
    }
    case 'gap': {
      const { fromNs, toNs, streams, cause, detail, spool, numbers, rows, rig = null } = body.gap
      return {
        table: '_gaps',
        tNs: fromNs,
        cells: [
          fromNs,
          toNs,
          JSON.stringify(streams),
          cause,
          detail,
          spool,
          JSON.stringify(numbers),
          BigInt(rows),
          rig,
        ],
      }
    }
    case 'health': {
      const { tNs, version, memoryBytes, spoolBytes, spoolEnvelopes, sources } = body.health
      const counts = [memoryBytes, spoolBytes, spoolEnvelopes].map(BigInt)
      return { table: '_health', tNs, cells: [tNs, tNs, version, ...counts, JSON.stringify(sources)] }
    }
    case 'schema': {
      const schema = decodeSchema(body.bytes)
      const hash = createHash('sha256').update(body.bytes).digest('hex')
      const text = JSON.stringify(schema, (_, value) => (typeof value === 'bigint' ? String(value) : value))
      const encoded = Buffer.from(body.bytes).toString('base64')
      return { table: '_schemas', tNs: receivedNs, cells: [hash, schema.stream, text, encoded] }
    }
    default:
      return undefined
  }
}

/** Lays rows of one table out as columns. */
export function layOutRows(table: BodyTable, rows: readonly TableRow[]): StagedColumn[] {
  return (bodyTables[table] as TableShape).map(([name, type], i) => {
    const cells = rows.map((row) => row.cells[i] ?? null)
    const valid = cells.includes(null) ? Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1)) : undefined
    const column = { name, valid }
    switch (type) {
      case 'text':
        return { ...column, type, values: cells.map((cell) => (cell === null ? '' : String(cell))) }
      case 'integer':
        return { ...column, type, values: Int32Array.from(cells, Number) }
      case 'boolean':
        return { ...column, type, values: Uint8Array.from(cells, (cell) => (cell ? 1 : 0)) }
      default:
        return { ...column, type, values: BigInt64Array.from(cells, (cell) => BigInt.asIntN(64, BigInt(cell ?? 0))) }
    }
  })
}
