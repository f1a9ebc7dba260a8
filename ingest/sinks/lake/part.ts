import { comparePositions, type Position } from '../../../common/segment-log-types.ts'
import { isName } from '../../../protos/topics.ts'
import type { JournalEnvelope } from '../sink.ts'
import { type BodyTable, bodyRow, bodyTables, ledgerRow, type TableRow } from './body-tables.ts'
import { inspectBatch } from './inspect-batch.ts'
import { lakeKind } from './lake-columns.ts'
import type { TakenBatch } from './stream-table.ts'

// What the sink holds between two writes. A part becomes one file a stream or table and journal segment; what had been
// parked goes to files of its own, because it lies before the cursor.

export interface Group {
  segment: string
  late: boolean
  from: Position
  toOffset: number
  /** By stream. */
  batches: Map<string, TakenBatch[]>
  rows: Map<BodyTable, TableRow[]>
}

export interface Part {
  /** Throws if the envelope cannot be stored; then nothing of it is kept. */
  add(envelope: JournalEnvelope): void
  readonly groups: readonly Group[]
  /** As they came. */
  readonly envelopes: readonly JournalEnvelope[]
  /** As given to createPart. */
  readonly consumed: Position | undefined
  /** What it holds decoded, and what it will hold as the united columns of its files. */
  readonly bytes: number
  /** Behind the last envelope, parked ones aside. */
  readonly next: Position | undefined
  readonly late: readonly Position[]
}

const ownBytesPerRow = 60

/** `consumed`: what the sink has behind it; an envelope before that was parked. */
export function createPart(consumed: Position | undefined): Part {
  const groups = new Map<string, Group>()
  const late: Position[] = []
  const widths = new Map<string, StreamWidth>()
  const envelopes: JournalEnvelope[] = []
  let otherBytes = 0
  let next = consumed

  const groupOf = ({ position }: JournalEnvelope, isLate: boolean): Group => {
    const key = `${position.segment} ${isLate}`
    let group = groups.get(key)
    if (!group) {
      const { segment } = position
      group = { segment, late: isLate, from: position, toOffset: 0, batches: new Map(), rows: new Map() }
      groups.set(key, group)
    }
    if (comparePositions(position, group.from) < 0) group.from = position
    return group
  }

  return {
    add(envelope) {
      const taken = take(envelope)
      const isLate = envelope.late === true || (next !== undefined && comparePositions(envelope.position, next) < 0)
      const group = groupOf(envelope, isLate)
      const { position, bytes } = envelope
      const end = envelope.next.segment === position.segment ? envelope.next.offset : position.offset + bytes.length
      group.toOffset = Math.max(group.toOffset, end)
      if (taken.batch) {
        const { stream } = taken.batch.envelope.schema
        pushTo(group.batches, stream, taken.batch)
        widen(widths, stream, taken.batch)
      }
      for (const row of taken.rows) pushTo(group.rows, row.table, row)
      otherBytes += bytes.length + 500
      envelopes.push(envelope)
      if (isLate) late.push(position)
      else next = envelope.next
    },
    get groups() {
      return [...groups.values()]
    },
    envelopes,
    consumed,
    get bytes() {
      let sum = otherBytes
      for (const { rows, cells } of widths.values()) sum += rows * (ownBytesPerRow + cells * 8)
      return sum
    },
    get next() {
      return next
    },
    late,
  }
}

/** What of an envelope goes into the lake. Throws if it cannot be stored. */
export function take(envelope: JournalEnvelope): { batch?: TakenBatch; rows: TableRow[] } {
  const { body, schema } = envelope
  if (body.type !== 'batch') {
    const row = bodyRow(envelope)
    return { rows: row ? [ledgerRow(envelope, undefined), row] : [ledgerRow(envelope, undefined)] }
  }
  if (!schema) throw new Error('a batch came without its schema')
  if (!isName(schema.stream)) throw new Error(`the stream's name ${JSON.stringify(schema.stream)} is not allowed`)
  const facts = inspectBatch(body.batch, schema, envelope.problems.length > 0)
  const ledger = ledgerRow(envelope, facts)
  const batch: TakenBatch = { envelope: { ...envelope, body, schema }, facts, ledger }
  return body.batch.rows > 0 ? { batch, rows: [ledger] } : { rows: [ledger] }
}

/** A stream of many schemas becomes a file of all their columns. */
interface StreamWidth {
  rows: number
  schemas: Set<unknown>
  columns: Set<string>
  readonly cells: number
}

function widen(widths: Map<string, StreamWidth>, stream: string, { envelope }: TakenBatch): void {
  let width = widths.get(stream)
  if (!width) {
    const columns = new Set<string>()
    width = {
      rows: 0,
      schemas: new Set(),
      columns,
      get cells() {
        return columns.size
      },
    }
    widths.set(stream, width)
  }
  width.rows += envelope.body.batch.rows
  if (width.schemas.has(envelope.schema)) return
  width.schemas.add(envelope.schema)
  for (const channel of envelope.schema.channels) width.columns.add(`${lakeKind(channel)} ${channel.name}`)
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** The tables in the order in which their files are written. */
export const bodyTableNames = Object.keys(bodyTables) as BodyTable[]
