import type { Batch, Channel, Column } from './types.ts'

// From what was measured to what it means: the same arithmetic for every sink and every chart.

/** Whether the physical value differs from the raw one. */
export const isScaled = (channel: Channel): boolean => channel.gain !== undefined || channel.offset !== undefined

export const isPresent = (column: Column, row: number): boolean =>
  column.validity === undefined || (column.validity[row >> 3]! & (1 << (row & 7))) !== 0

/**
 * The physical values as doubles: raw * gain + offset for int (gain absent = 1, offset absent = 0; integers beyond 2^53
 * are rounded), f32 widened, bool as 0 and 1. Where a value is missing, a placeholder stands. An f64 column gives its
 * own array, and so does an int column of doubles without gain and offset. Undefined for text.
 */
export function physicalValues(column: Column, channel: Channel): Float64Array | undefined {
  switch (column.kind) {
    case 'f64':
      return column.values
    case 'f32':
    case 'bool':
      return Float64Array.from(column.values)
    case 'int':
      return scaled(column.values, channel)
    case 'text':
      return undefined
  }
}

function scaled(raw: Float64Array | BigInt64Array, channel: Channel): Float64Array {
  const numbers = raw instanceof Float64Array ? raw : Float64Array.from(raw, Number)
  if (!isScaled(channel)) return numbers
  const { gain = 1, offset = 0 } = channel
  const values = new Float64Array(numbers.length)
  for (let row = 0; row < numbers.length; row++) values[row] = numbers[row]! * gain + offset
  return values
}

export type PhysicalValue = number | bigint | boolean | string | undefined

/** One physical value, for people to read: undefined if missing, bigint for an unscaled integer beyond 2^53. */
export function physicalValue(column: Column, channel: Channel, row: number): PhysicalValue {
  if (!isPresent(column, row)) return undefined
  switch (column.kind) {
    case 'bool':
      return column.values[row] !== 0
    case 'text':
      return column.dictionary[column.values[row]!]
    case 'int': {
      const raw = column.values[row]!
      if (isScaled(channel)) return Number(raw) * (channel.gain ?? 1) + (channel.offset ?? 0)
      return Number.isSafeInteger(Number(raw)) ? Number(raw) : raw
    }
    default:
      return column.values[row]
  }
}

/** Values that are there, of all columns: what is counted as readings. */
export function countReadings(batch: Pick<Batch, 'rows' | 'columns'>): number {
  let count = 0
  for (const column of batch.columns) {
    if (!column.validity) count += batch.rows
    else for (let row = 0; row < batch.rows; row++) if (isPresent(column, row)) count++
  }
  return count
}
