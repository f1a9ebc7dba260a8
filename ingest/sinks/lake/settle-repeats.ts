import type { Batch, Column } from '../../../protos/types.ts'
import { type ChannelSum, newSum, subtractSum } from '../../verify/checksum.ts'
import { ledgerRow, type TableRow } from './body-tables.ts'
import { rowMarks } from './find-repeats.ts'
import { inspectBatch } from './inspect-batch.ts'
import { rowFlags } from './lake-columns.ts'
import type { Group } from './part.ts'
import type { TakenBatch } from './stream-table.ts'

// What becomes of rows that are there already: with the same values they are not stored again, with others they are kept and flagged. The
// ledger says how many of each, so that what was delivered can still be told.

/** Of one batch: what of it is there already. */
export interface RowsAgain {
  repeatedRows: number
  /** Over the readings of the repeated rows. */
  repeated: ChannelSum
  differingRows: number
}

export interface Settled {
  /** What is to be stored; undefined: all was there. */
  kept: TakenBatch | undefined
  again: RowsAgain
}

export function settleBatch(taken: TakenBatch, marks: Uint8Array): Settled {
  const { envelope, facts } = taken
  const { batch } = envelope.body
  const flags = facts.flags.slice()
  const left: number[] = []
  let differingRows = 0
  marks.forEach((mark, row) => {
    if (mark === rowMarks.repeated) return
    if (mark === rowMarks.differs) {
      differingRows++
      flags[row]! |= rowFlags.notRising | rowFlags.sameTime
    }
    left.push(row)
  })
  const repeatedRows = batch.rows - left.length
  if (repeatedRows === 0) {
    return {
      kept: { ...taken, facts: { ...facts, flags } },
      again: { repeatedRows, repeated: newSum(), differingRows },
    }
  }
  const repeated = { ...facts.sum }
  if (left.length === 0) return { kept: undefined, again: { repeatedRows, repeated, differingRows } }
  const picked = pickRows(batch, left)
  const body = { type: 'batch', batch: picked } as const
  const found = inspectBatch(picked, envelope.schema, false)
  subtractSum(repeated, found.sum)
  return {
    kept: {
      ...taken,
      envelope: { ...envelope, body },
      facts: { ...found, flags: Int32Array.from(left, (row) => flags[row]!) },
      rowIndexes: Int32Array.from(left),
    },
    again: { repeatedRows, repeated, differingRows },
  }
}

function pickRows(batch: Batch, rows: readonly number[]): Batch {
  const picked: Batch = {
    ...batch,
    rows: rows.length,
    times: BigInt64Array.from(rows, (row) => batch.times[row]!),
    columns: batch.columns.map((column) => pickFrom(column, rows)),
  }
  if (batch.simulation) picked.simulation = BigInt64Array.from(rows, (row) => batch.simulation![row]!)
  return picked
}

function pickFrom(column: Column, rows: readonly number[]): Column {
  // A schema may have grown by a channel that this batch does not have.
  if (!column) return column
  const values = new (column.values.constructor as new (length: number) => typeof column.values)(rows.length)
  rows.forEach((from, to) => {
    values[to] = column.values[from]!
  })
  const picked = { ...column, values } as Column
  if (column.validity) {
    const validity = new Uint8Array((rows.length + 7) >> 3)
    rows.forEach((from, to) => {
      validity[to >> 3]! |= ((column.validity![from >> 3]! >> (from & 7)) & 1) << (to & 7)
    })
    picked.validity = validity
  }
  return picked
}

/** The groups as they are to be written; those that were given stay as they are, for another try. */
export function settleGroups(
  groups: readonly Group[],
  marks: ReadonlyMap<TakenBatch, Uint8Array>,
): { groups: readonly Group[]; repeatedRows: number; differingRows: number } {
  const sums = { repeatedRows: 0, differingRows: 0 }
  if (marks.size === 0) return { groups, ...sums }
  const ledger = new Map<TableRow, TableRow>()
  const settle = (taken: TakenBatch): TakenBatch[] => {
    const found = marks.get(taken)
    if (!found) return [taken]
    const settled = settleBatch(taken, found)
    sums.repeatedRows += settled.again.repeatedRows
    sums.differingRows += settled.again.differingRows
    ledger.set(taken.ledger, ledgerRow(taken.envelope, taken.facts, settled))
    return settled.kept ? [settled.kept] : []
  }
  const settled = groups.map((group): Group => {
    const batches = new Map<string, TakenBatch[]>()
    for (const [stream, list] of group.batches) {
      const kept = list.flatMap(settle)
      if (kept.length > 0) batches.set(stream, kept)
    }
    const rows = new Map(group.rows)
    const envelopes = rows.get('_envelopes')
    if (envelopes)
      rows.set(
        '_envelopes',
        envelopes.map((row) => ledger.get(row) ?? row),
      )
    return { ...group, batches, rows }
  })
  return { groups: settled, ...sums }
}
