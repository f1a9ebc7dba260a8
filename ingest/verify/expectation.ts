import { createFieldNames, type FieldKind } from '../sinks/influx/field-names.ts'
import { numberRule, textBytesMax, timeMaxNs, timeMinNs } from '../sinks/influx/representable.ts'
import type { LakeKind } from '../sinks/lake/lake-columns.ts'
import { rowFlags } from '../sinks/lake/lake-columns.ts'
import type { LakeChunkColumn, LakeRows } from '../sinks/lake/read-lake.ts'
import {
  addIntegers,
  addNumbers,
  addSum,
  addTexts,
  type ChannelSum,
  hashRows,
  isValid,
  newSum,
  type RowHashes,
} from './checksum.ts'

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
  /** After the last row of those that are in order of era and time. */
  settle(): void
  rows: number
  /** Time of the newest row. */
  lastNs: bigint | undefined
  fields: Map<string, ChannelSum>
  notRepresentable: Record<string, number>
}

/**
 * `sameTimes`: of some rows there are others of the same era and time (rowFlags.sameTime). InfluxDB has them as one point: of each field the value
 * that came last.
 */
export function createExpectation(
  stream: string,
  known: { measurement: string; field: string; kind: string }[],
  sameTimes = false,
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
  const expectation: Expectation = { add, settle, rows: 0, lastNs: undefined, fields: new Map(), notRepresentable: {} }
  const points = createPoints(expectation)

  function add(chunk: LakeRows, leftOut: (row: number) => boolean, refused: (row: number) => boolean): void {
    const { rows, times, flags, eras } = chunk
    const ruled: (string | undefined)[] = new Array(rows)
    const out = new Uint8Array(rows)
    /** Rows that may be one point with others: they are counted when all of the point have been seen. */
    const held = sameTimes ? findShared(chunk) : undefined
    for (let row = 0; row < rows; row++) {
      if (expectation.lastNs === undefined || times[row]! > expectation.lastNs) expectation.lastNs = times[row]!
      if (leftOut(row)) out[row] = 1
      else if ((flags[row]! & (rowFlags.notRising | rowFlags.sameTime)) === rowFlags.notRising)
        ruled[row] = 'not_rising'
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
        if (held?.[row]) return true
        present[row] = 1
        return false
      }
      addColumn(sumOf(expectation, fieldName(column)), hashes, column, skip)
    }
    held?.forEach((isHeld, row) => {
      if (!isHeld || out[row] || ruled[row] !== undefined) return
      points.at(eras[row]!, times[row]!)
      for (const column of chunk.columns) {
        if (column.kind === 'raw' || !isValid(column.validity, row)) continue
        // What cannot be there was counted above.
        if (valueRule(column)?.(row) === undefined) points.value(fieldName(column), chunk, column, row)
      }
    })
    for (let row = 0; row < rows; row++) expectation.rows += present[row]!
  }
  function settle(): void {
    points.settle()
  }
  return expectation
}

function sumOf({ fields }: Expectation, field: string): ChannelSum {
  let sum = fields.get(field)
  if (!sum) {
    sum = newSum()
    fields.set(field, sum)
  }
  return sum
}

function addColumn(sum: ChannelSum, hashes: RowHashes, column: LakeChunkColumn, skip?: (row: number) => boolean): void {
  if (column.kind === 'text') addTexts(sum, hashes, column.values, column.dictionary, column.validity, skip)
  else if (column.values instanceof BigInt64Array) addIntegers(sum, hashes, column.values, column.validity, skip)
  else addNumbers(sum, hashes, column.values as Float64Array, column.validity, skip)
}

/** Rows that have the era and time of a neighbour; the first and the last may have, in another chunk. */
function findShared({ rows, eras, times }: LakeRows): Uint8Array {
  const shared = new Uint8Array(rows)
  if (rows === 0) return shared
  shared[0] = 1
  shared[rows - 1] = 1
  for (let row = 1; row < rows; row++) {
    if (times[row] === times[row - 1] && eras[row] === eras[row - 1]) shared[row - 1] = shared[row] = 1
  }
  return shared
}

/** Rows of one era and time become one point: of each field the value of the row that came last. */
function createPoints(expectation: Expectation) {
  let era = -1
  let tNs = 0n
  let values = new Map<string, { receivedNs: bigint; sum: ChannelSum }>()

  const settle = () => {
    for (const [field, { sum }] of values) addSum(sumOf(expectation, field), sum)
    if (values.size > 0) expectation.rows++
    values = new Map()
  }
  return {
    settle,
    at(nextEra: number, nextNs: bigint) {
      if (nextEra === era && nextNs === tNs) return
      settle()
      era = nextEra
      tNs = nextNs
    },
    value(field: string, { receivedNs }: LakeRows, column: LakeChunkColumn, row: number) {
      const came = receivedNs[row]!
      const before = values.get(field)
      if (before) expectation.notRepresentable.overwritten = (expectation.notRepresentable.overwritten ?? 0) + 1
      if (before && before.receivedNs > came) return
      const sum = newSum()
      addColumn(sum, hashRows(BigInt64Array.of(tNs), era), rowOf(column, row))
      values.set(field, { receivedNs: came, sum })
    },
  }
}

/** One row of a column that has a value there. */
const rowOf = (column: LakeChunkColumn, row: number): LakeChunkColumn =>
  ({ ...column, validity: undefined, values: column.values.slice(row, row + 1) }) as LakeChunkColumn

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
