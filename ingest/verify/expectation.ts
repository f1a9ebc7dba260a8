import { createFieldNames, type FieldKind } from '../sinks/influx/field-names.ts'
import { numberRule, textBytesMax, timeMaxNs, timeMinNs } from '../sinks/influx/representable.ts'
import type { LakeKind } from '../sinks/lake/lake-columns.ts'
import { rowFlags } from '../sinks/lake/lake-columns.ts'
import type { LakeChunkColumn, LakeRows } from '../sinks/lake/read-lake.ts'
import { addIntegers, addNumbers, addTexts, type ChannelSum, hashRows, newSum } from './checksum.ts'

// What InfluxDB must have of the lake's rows, by the rules of the influx sink: not all can be held there.

const fieldKinds: Record<Exclude<LakeKind, 'raw'>, FieldKind> = {
  f64: 'float',
  f32: 'float',
  int: 'float',
  scaled: 'float',
  bool: 'bool',
  text: 'text',
}

export interface Expectation {
  /** `leftOut`: rows that are not compared. `refused`: rows that InfluxDB would not take. */
  add(chunk: LakeRows, leftOut: (row: number) => boolean, refused: (row: number) => boolean): void
  rows: number
  /** Time of the newest row. */
  lastNs: bigint | undefined
  fields: Map<string, ChannelSum>
  notRepresentable: Record<string, number>
}

export function createExpectation(
  stream: string,
  known: { measurement: string; field: string; kind: string }[],
): Expectation {
  // The sink's own naming, on a copy of what it knows: nothing is written.
  const names = createFieldNames({ fields: () => known, saveField: () => {} })
  const fieldOf = new Map<string, string>()
  const fieldName = ({ channel, kind }: LakeChunkColumn): string => {
    const key = `${kind}\0${channel}`
    let field = fieldOf.get(key)
    if (field === undefined) {
      field = names.forColumns(stream, [{ name: channel, kind: fieldKinds[kind as Exclude<LakeKind, 'raw'>] }])[0]!
      fieldOf.set(key, field)
    }
    return field
  }
  const expectation: Expectation = { add, rows: 0, lastNs: undefined, fields: new Map(), notRepresentable: {} }

  function add(chunk: LakeRows, leftOut: (row: number) => boolean, refused: (row: number) => boolean): void {
    const { rows, times, flags, eras } = chunk
    const ruled: (string | undefined)[] = new Array(rows)
    const out = new Uint8Array(rows)
    for (let row = 0; row < rows; row++) {
      if (expectation.lastNs === undefined || times[row]! > expectation.lastNs) expectation.lastNs = times[row]!
      if (leftOut(row)) out[row] = 1
      else if (flags[row]! & rowFlags.notRising) ruled[row] = 'not_rising'
      else if (times[row]! < timeMinNs || times[row]! > timeMaxNs) ruled[row] = 'time_out_of_range'
      else if (refused(row)) ruled[row] = 'refused'
    }
    const hashes = hashRows(times, eras)
    const present = new Uint8Array(rows)
    for (const column of chunk.columns) {
      if (column.kind === 'raw') continue
      const rule = valueRule(column)
      const skip = (row: number): boolean => {
        if (out[row] === 1) return true
        const why = ruled[row] ?? rule?.(row)
        if (why !== undefined) {
          expectation.notRepresentable[why] = (expectation.notRepresentable[why] ?? 0) + 1
          return true
        }
        present[row] = 1
        return false
      }
      const field = fieldName(column)
      let sum = expectation.fields.get(field)
      if (!sum) {
        sum = newSum()
        expectation.fields.set(field, sum)
      }
      if (column.kind === 'text') addTexts(sum, hashes, column.values, column.dictionary, column.validity, skip)
      else if (column.values instanceof BigInt64Array) addIntegers(sum, hashes, column.values, column.validity, skip)
      else addNumbers(sum, hashes, column.values as Float64Array, column.validity, skip)
    }
    for (let row = 0; row < rows; row++) expectation.rows += present[row]!
  }
  return expectation
}

const intMax = 2n ** 53n

/** Why a value that is there cannot be in InfluxDB; undefined: this kind always can. */
function valueRule(column: LakeChunkColumn): ((row: number) => string | undefined) | undefined {
  switch (column.kind) {
    case 'bool':
      return undefined
    case 'text': {
      const tooLong = column.dictionary.map((text) => Buffer.byteLength(text) > textBytesMax)
      return (row) => (tooLong[column.values[row]!] ? 'string_too_long' : undefined)
    }
    case 'int':
      return (row) => {
        const value = column.values[row]!
        return value > intMax || value < -intMax ? 'int_beyond_2_53' : undefined
      }
    case 'raw':
      return undefined
    default:
      return (row) => numberRule(column.values[row]!)
  }
}
