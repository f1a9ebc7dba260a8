import { physicalValues } from '../../../protos/physical.ts'
import type { Batch, Channel, Column, Schema } from '../../../protos/types.ts'
import {
  addChannel,
  addIntegers,
  addNumbers,
  addTexts,
  type ChannelSum,
  hashRows,
  isValid,
  newSum,
  type RowHashes,
  type Validity,
} from '../../verify/checksum.ts'
import { timeRules } from '../influx/representable.ts'
import { lakeKind, rowFlags } from './lake-columns.ts'

// One pass over a batch's values: counts what is remarkable, flags its rows, and sums up what was delivered, before anything is written.

export interface BatchFacts {
  flags: Int32Array
  firstNs: bigint
  lastNs: bigint
  rising: boolean
  /** Readings present, and the checksum over all channels. */
  sum: ChannelSum
  missing: number
  nan: number
  infinite: number
  outOfRange: number
  /** The numbers of each channel as the lake keeps them (see lakeValues); undefined for texts and absent columns. */
  numbers: (Numbers | undefined)[]
}

export type Numbers = Exclude<Column['values'], Uint32Array>

/** A column's numbers as the lake keeps them and checksums compare them: scaled integers in physical units. */
export const lakeValues = (column: Column, channel: Channel): Numbers | undefined =>
  column.kind === 'text' ? undefined : lakeKind(channel) === 'scaled' ? physicalValues(column, channel) : column.values

/** Adds one channel of a batch to a sum; `numbers` are its lakeValues. */
export function addColumn(
  sum: ChannelSum,
  rows: RowHashes,
  column: Column,
  numbers: Numbers | undefined,
  skip?: (row: number) => boolean,
): void {
  if (column.kind === 'text') addTexts(sum, rows, column.values, column.dictionary, column.validity, skip)
  else if (numbers instanceof BigInt64Array) addIntegers(sum, rows, numbers, column.validity, skip)
  else if (numbers) addNumbers(sum, rows, numbers, column.validity, skip)
}

/** Throws if a column is shorter than the batch says: such a batch cannot be stored. */
export function inspectBatch(batch: Batch, schema: Schema, damaged: boolean): BatchFacts {
  const { rows, times } = batch
  if (times.length !== rows || (batch.simulation && batch.simulation.length !== rows)) {
    throw new Error(`the batch says ${rows} rows and has ${times.length} times`)
  }
  const facts: BatchFacts = {
    flags: timeFlags(batch, damaged ? rowFlags.damaged : 0),
    ...span(times),
    sum: newSum(),
    missing: 0,
    nan: 0,
    infinite: 0,
    outOfRange: 0,
    numbers: [],
  }
  const hashes = hashRows(times, batch.era)
  schema.channels.forEach((channel, i) => {
    const column = batch.columns[i]
    if (!column) {
      facts.missing += rows
      return
    }
    checkColumn(column, channel, rows)
    const sum = newSum()
    const numbers = lakeValues(column, channel)
    facts.numbers[i] = numbers
    addColumn(sum, hashes, column, numbers)
    addChannel(facts.sum, channel.name, sum)
    facts.missing += rows - sum.count
    if (numbers && column.kind !== 'bool') flagValues(facts, numbers, column.validity, channel)
  })
  return facts
}

function timeFlags(batch: Batch, always: number): Int32Array {
  const flags = new Int32Array(batch.rows).fill(always)
  timeRules(batch)?.forEach((rule, row) => {
    if (rule === 1) flags[row] = always | rowFlags.notRising
  })
  return flags
}

function checkColumn(column: Column, channel: Channel, rows: number): void {
  if (column.kind !== channel.kind) {
    throw new Error(`channel "${channel.name}" is ${channel.kind} in its schema and ${column.kind} in the batch`)
  }
  if (column.values.length !== rows || (column.validity && column.validity.length * 8 < rows)) {
    throw new Error(`channel "${channel.name}" has ${column.values.length} values, the batch ${rows} rows`)
  }
}

function span(times: BigInt64Array): { firstNs: bigint; lastNs: bigint; rising: boolean } {
  let firstNs = times[0] ?? 0n
  let lastNs = firstNs
  let previous = firstNs
  let rising = true
  for (let i = 1; i < times.length; i++) {
    const t = times[i]!
    if (t <= previous) {
      rising = false
      if (t < firstNs) firstNs = t
    } else if (t > lastNs) lastNs = t
    previous = t
  }
  return { firstNs, lastNs, rising }
}

function flagValues(facts: BatchFacts, values: Numbers, validity: Validity, channel: Channel): void {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = channel
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i])
    if (value >= min && value <= max && Number.isFinite(value)) continue
    if (!isValid(validity, i)) continue
    let flag = rowFlags.notFinite
    if (Number.isNaN(value)) facts.nan++
    else if (!Number.isFinite(value)) facts.infinite++
    else flag = 0
    if (value < min || value > max) {
      facts.outOfRange++
      flag |= rowFlags.outOfRange
    }
    facts.flags[i] = facts.flags[i]! | flag
  }
}
