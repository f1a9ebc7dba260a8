import { isPresent, isScaled } from '../../../protos/physical.ts'
import type { Batch, Channel, Column } from '../../../protos/types.ts'

// What of a batch InfluxDB cannot hold, by rule. All of it is in the lake; here it is left out and counted. The encoder
// and whoever checks what was stored go by the same rules.

export const valueRules = ['nan', 'infinity', 'int_beyond_2_53', 'string_too_long'] as const
export type ValueRule = (typeof valueRules)[number]
/** Rules that take a whole row: `no_value` is a row of which no value is left. */
export const rowRules = ['not_rising', 'time_out_of_range', 'no_value'] as const
export type RowRule = (typeof rowRules)[number]

/** Longest text value, in bytes of UTF-8: InfluxDB's documented limit. */
export const textBytesMax = 64 * 1024

/** The times InfluxDB takes, ns, both inclusive (models/time.go of InfluxDB 1.x and 2.x). */
export const timeMinNs = -9223372036854775806n
export const timeMaxNs = 9223372036854775806n

const intMax = 9007199254740992
const intMaxBig = 9007199254740992n

/** A value as InfluxDB holds it; `rule` says why it can't; undefined: there is no reading. */
export type StoredValue = { value: number | boolean | string } | { rule: ValueRule } | undefined

/**
 * What becomes of one value. Numbers are doubles: integers are exact up to 2^53, with a gain or an offset the physical
 * value stands, f32 is widened exactly.
 */
export function storedValue(column: Column, channel: Channel | undefined, row: number): StoredValue {
  if (row >= column.values.length || !isPresent(column, row)) return undefined
  switch (column.kind) {
    case 'bool':
      return { value: column.values[row] !== 0 }
    case 'text': {
      const text = column.dictionary[column.values[row]!]
      if (text === undefined) return undefined
      return Buffer.byteLength(text) > textBytesMax ? { rule: 'string_too_long' } : { value: text }
    }
    case 'int': {
      const raw = column.values[row]!
      if (channel && isScaled(channel)) return storedNumber(scale(Number(raw), channel))
      const tooLarge = typeof raw === 'bigint' ? raw > intMaxBig || raw < -intMaxBig : raw > intMax || raw < -intMax
      return tooLarge ? { rule: 'int_beyond_2_53' } : storedNumber(Number(raw))
    }
    default:
      return storedNumber(column.values[row]!)
  }
}

const storedNumber = (value: number): StoredValue => {
  const rule = numberRule(value)
  return rule ? { rule } : { value }
}

export const numberRule = (value: number): 'nan' | 'infinity' | undefined =>
  Number.isNaN(value) ? 'nan' : value === Infinity || value === -Infinity ? 'infinity' : undefined

/** The physical value of a raw integer: raw * gain + offset, as protos/physical.ts has it. */
export const scale = (raw: number, channel: Channel): number => raw * (channel.gain ?? 1) + (channel.offset ?? 0)

/**
 * Which rows InfluxDB can't have because of their time: 0 = it can, else the index into `rowRules` plus one; undefined if
 * it can have all. Two rows at one time would fuse into a row nobody measured: of rows that do not rise, those that
 * lie behind the highest time before them are left out, and all of a batch that says of itself that it doesn't rise.
 */
export function timeRules(batch: Batch): Uint8Array | undefined {
  if (batch.notRising) return new Uint8Array(batch.rows).fill(1)
  const rows = Math.min(batch.rows, batch.times.length)
  const words = new Int32Array(batch.times.buffer, batch.times.byteOffset, rows * 2)
  let rules: Uint8Array | undefined
  let highest = -2147483649
  let lowest = 0
  for (let row = 0; row < rows; row++) {
    const high = words[row * 2 + 1]!
    const low = words[row * 2]! >>> 0
    let rule = 0
    if ((high === 2147483647 || high === -2147483648) && !inRange(batch.times[row]!)) rule = 2
    else if (high > highest || (high === highest && low > lowest)) {
      highest = high
      lowest = low
    } else rule = 1
    if (rule) {
      rules ??= new Uint8Array(rows)
      rules[row] = rule
    }
  }
  return rules
}

const inRange = (timeNs: bigint): boolean => timeNs >= timeMinNs && timeNs <= timeMaxNs
