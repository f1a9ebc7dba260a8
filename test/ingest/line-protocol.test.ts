import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnFieldKinds, createFieldNames } from '../../ingest/sinks/influx/field-names.ts'
import {
  encodeBatch,
  fieldBytes,
  type LineEnds,
  noCounts,
  seriesBytes,
} from '../../ingest/sinks/influx/line-protocol.ts'
import { createLineWriter } from '../../ingest/sinks/influx/line-writer.ts'
import { storedValue, timeMaxNs, timeMinNs, timeRules } from '../../ingest/sinks/influx/representable.ts'
import type { Batch, Column, Schema } from '../../protos/types.ts'
import { bool, createFieldStore, f64, makeBatch, schemaOf, text, timesFrom } from './influx-setup.ts'

function encode(schema: Schema, batch: Batch, rig = 'r') {
  const writer = createLineWriter(16)
  const lines: LineEnds = { ends: new Uint32Array(0), count: 0 }
  const counts = noCounts()
  const names = createFieldNames(createFieldStore()).forColumns(schema.stream, columnFieldKinds(schema, batch.columns))
  encodeBatch(batch, schema, seriesBytes(schema.stream, rig, batch.era), fieldBytes(names), writer, lines, counts)
  const bytes = writer.view()
  const found = Array.from({ length: lines.count }, (_, i) =>
    bytes.toString('utf8', i === 0 ? 0 : lines.ends[i - 1], lines.ends[i]! - 1),
  )
  return { lines: found, counts }
}

const one = (schema: Schema, ...columns: Column[]) => encode(schema, makeBatch(schema, [1_000_000_001n], columns))

const leftOut = (left: Record<string, number>) => Object.fromEntries(Object.entries(left).filter(([, n]) => n > 0))

/** All doubles alike, and those that occur in measurements more often. */
const doubles = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.integer({ min: -10_000_000, max: 10_000_000 }).map((n) => n / 1000),
  fc.integer({ min: -10_000_000, max: 10_000_000 }).map((n) => n / 100),
  fc.integer({ min: -10_000_000, max: 10_000_000 }).map((n) => n * 0.001),
  fc.constantFrom(
    0,
    -0,
    5e-324,
    -5e-324,
    Number.MAX_VALUE,
    2 ** 31,
    -(2 ** 31),
    2147483.647,
    2147483.648,
    1e21,
    1e-7,
    0.001,
  ),
)

describe('numbers in line protocol', () => {
  it('are the shortest text of the double, -0 included', () => {
    const writer = createLineWriter()
    fc.assert(
      fc.property(doubles, (value) => {
        writer.reset()
        writer.double(value)
        const written = writer.view().toString('latin1')
        expect(written).toBe(Object.is(value, -0) ? '-0' : String(value))
        expect(Number(written)).toBe(value)
      }),
      { numRuns: 20_000 },
    )
  })

  it('have the exact time, whatever the distance between rows', () => {
    const time = fc.oneof(
      fc.bigInt({ min: timeMinNs, max: timeMaxNs }),
      fc.bigInt({ min: -(10n ** 10n), max: 10n ** 10n }),
      fc.bigInt({ min: 1_767_225_599_000_000_000n, max: 1_767_225_602_000_000_000n }),
    )
    const schema = schemaOf('s', { a: 'f64' })
    fc.assert(
      fc.property(fc.uniqueArray(time, { minLength: 1, maxLength: 20 }), (times) => {
        const sorted = times.sort((a, b) => (a < b ? -1 : 1))
        const { lines } = encode(schema, makeBatch(schema, sorted, [f64(...sorted.map(() => 1))]))
        expect(lines).toEqual(sorted.map((t) => `s,rig=r a=1 ${t}`))
      }),
      { numRuns: 2000 },
    )
  })

  it('agree with the rules that say what is stored, for every kind of column', () => {
    const rows = 9
    const validity = fc.option(fc.uint8Array({ minLength: 2, maxLength: 2 }), { nil: undefined })
    const array = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: rows, maxLength: rows })
    const columns: fc.Arbitrary<Column> = fc.oneof(
      fc
        .tuple(array(fc.double()), validity)
        .map(([v, bits]) => column({ kind: 'f64', values: Float64Array.from(v) }, bits)),
      fc
        .tuple(array(fc.float()), validity)
        .map(([v, bits]) => column({ kind: 'f32', values: Float32Array.from(v) }, bits)),
      fc
        .tuple(array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), validity)
        .map(([v, bits]) => column({ kind: 'int', values: BigInt64Array.from(v) }, bits)),
      fc
        .tuple(array(fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n })), validity)
        .map(([v, bits]) => column({ kind: 'int', values: BigInt64Array.from(v) }, bits)),
      fc
        .tuple(array(fc.maxSafeInteger()), validity)
        .map(([v, bits]) => column({ kind: 'int', values: Float64Array.from(v) }, bits)),
      fc
        .tuple(array(fc.nat(1)), validity)
        .map(([v, bits]) => column({ kind: 'bool', values: Uint8Array.from(v) }, bits)),
      fc
        .tuple(array(fc.nat(3)), fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 }), validity)
        .map(([v, dictionary, bits]) => column({ kind: 'text', values: Uint32Array.from(v), dictionary }, bits)),
    )
    const scaling = fc.option(fc.record({ gain: fc.double(), offset: fc.double() }), { nil: undefined })
    fc.assert(
      fc.property(fc.array(fc.tuple(columns, scaling), { minLength: 1, maxLength: 6 }), (given) => {
        const schema: Schema = {
          stream: 's',
          channels: given.map(([{ kind }, scale], i) => ({ name: `c${i}`, kind, ...(kind === 'int' ? scale : {}) })),
        }
        const batch: Batch = {
          ...makeBatch(schemaOf('s', { a: 'f64' }), timesFrom(rows), []),
          columns: given.map(([c]) => c),
        }
        const { lines, counts } = encode(schema, batch)
        const expected: string[] = []
        const left: Record<string, number> = {}
        for (const [row, time] of timesFrom(rows).entries()) {
          const fields: string[] = []
          for (const [i, channel] of schema.channels.entries()) {
            const stored = storedValue(batch.columns[i]!, channel, row)
            if (stored === undefined) continue
            if ('rule' in stored) left[stored.rule] = (left[stored.rule] ?? 0) + 1
            else fields.push(`c${i}=${reference(stored.value)}`)
          }
          if (fields.length > 0) expected.push(`s,rig=r ${fields.join(',')} ${time}`)
          else left.no_value = (left.no_value ?? 0) + 1
        }
        expect(lines).toEqual(expected)
        expect(leftOut(counts.left)).toEqual(left)
        expect(counts.lines).toBe(expected.length)
      }),
      { numRuns: 1000 },
    )
  })
})

const column = (of: Column, validity: Uint8Array | undefined): Column => (validity ? { ...of, validity } : of)

const reference = (value: number | boolean | string): string =>
  typeof value === 'string'
    ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
    : Object.is(value, -0)
      ? '-0'
      : String(value)

describe('lines', () => {
  it('carry stream, rig and, when it is not 0, the era', () => {
    const schema = schemaOf('차량 1', { 'Vehicle Speed': 'f64', on: 'bool', gear: 'text' })
    const columns = [f64(1), bool(true), text('주행 "D"\n\\')]
    const line = '차량\\ 1,rig=부산\\,1 Vehicle\\ Speed=1,on=true,gear="주행 \\"D\\"\n\\\\" 7'
    expect(encode(schema, { ...makeBatch(schemaOf('s', { a: 'f64' }), [7n], columns) }, '부산,1').lines).toEqual([line])
    const later = encode(schema, { ...makeBatch(schemaOf('s', { a: 'f64' }), [7n], columns), era: 3 }, 'b').lines
    expect(later[0]).toMatch(/^차량\\ 1,era=3,rig=b /)
  })

  it('leave out what InfluxDB cannot hold, and count it by rule', () => {
    const schema = schemaOf('s', { a: 'f64', b: 'f64', c: 'int', d: 'text', e: 'bool' })
    const { lines, counts } = one(
      schema,
      f64(Number.NaN),
      f64(Number.NEGATIVE_INFINITY),
      { kind: 'int', values: BigInt64Array.of(2n ** 53n + 1n) },
      text('x'.repeat(65_537)),
      bool(false),
    )
    expect(lines).toEqual(['s,rig=r e=false 1000000001'])
    expect(leftOut(counts.left)).toEqual({ nan: 1, infinity: 1, int_beyond_2_53: 1, string_too_long: 1 })
    expect(counts.values).toBe(1)
  })

  it('of rows without a value are not written', () => {
    const schema = schemaOf('s', { a: 'f64' })
    const { lines, counts } = one(schema, f64(Number.NaN))
    expect(lines).toEqual([])
    expect(leftOut(counts.left)).toEqual({ nan: 1, no_value: 1 })
  })

  it('of rows that do not rise are left to the lake', () => {
    const schema = schemaOf('s', { a: 'f64' })
    const times = [10n, 12n, 11n, 12n, 13n]
    const { lines, counts } = encode(schema, makeBatch(schema, times, [f64(1, 2, 3, 4, 5)]))
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(['10', '12', '13'])
    expect(leftOut(counts.left)).toEqual({ not_rising: 2 })
    const flagged = encode(schema, makeBatch(schema, [1n, 2n], [f64(1, 2)], { notRising: true }))
    expect(flagged.lines).toEqual([])
    expect(leftOut(flagged.counts.left)).toEqual({ not_rising: 2 })
  })

  it('have times that InfluxDB takes', () => {
    const schema = schemaOf('s', { a: 'f64' })
    const times = [timeMinNs - 1n, timeMinNs, 0n, timeMaxNs, timeMaxNs + 1n]
    const batch = makeBatch(schema, times, [f64(1, 2, 3, 4, 5)])
    expect([...(timeRules(batch) ?? [])]).toEqual([2, 0, 0, 0, 2])
    expect(encode(schema, batch).lines.map((line) => line.split(' ').at(-1))).toEqual(times.slice(1, 4).map(String))
  })

  it('survive columns that are shorter than the rows', () => {
    const schema = schemaOf('s', { a: 'f64', b: 'f64' })
    const { lines } = encode(schema, makeBatch(schema, [1n, 2n], [f64(1), f64(5, 6)]))
    expect(lines).toEqual(['s,rig=r a=1,b=5 1', 's,rig=r b=6 2'])
  })
})

describe('names of fields', () => {
  const kinds = (...channels: [string, 'float' | 'bool' | 'text'][]) => channels.map(([name, kind]) => ({ name, kind }))

  it('get their kind behind them where the field has another one', () => {
    const store = createFieldStore()
    const names = createFieldNames(store)
    expect(names.forColumns('s', kinds(['door', 'float']))).toEqual(['door'])
    expect(names.forColumns('s', kinds(['door', 'bool']))).toEqual(['door__bool'])
    expect(names.forColumns('other', kinds(['door', 'bool']))).toEqual(['door'])
    expect(createFieldNames(store).forColumns('s', kinds(['door', 'text'], ['door', 'float']))).toEqual([
      'door__text',
      'door',
    ])
  })

  it('never meet in one line', () => {
    const names = createFieldNames(createFieldStore())
    names.forColumns('s', kinds(['a', 'bool']))
    const found = names.forColumns('s', kinds(['a', 'float'], ['a__float', 'float'], ['x\n', 'float'], ['x_', 'float']))
    expect(new Set(found).size).toBe(4)
  })

  it('avoid those that InfluxDB leaves out in silence or takes for tags', () => {
    const names = createFieldNames(createFieldStore())
    expect(names.forColumns('s', kinds(['time', 'float'], ['rig', 'text']))).toEqual(['time__float', 'rig__text'])
  })

  it('change once InfluxDB says that a field is of another kind, and settle', () => {
    const names = createFieldNames(createFieldStore())
    names.forColumns('s', kinds(['a', 'float']))
    expect(names.learn('s', 'a', 'string')).toBe(true)
    expect(names.forColumns('s', kinds(['a', 'float'], ['a', 'text']))).toEqual(['a__float', 'a'])
    // In another shard the same field is a float: now neither kind goes there.
    expect(names.learn('s', 'a', 'float')).toBe(true)
    expect(names.learn('s', 'a', 'string')).toBe(false)
    expect(names.forColumns('s', kinds(['a', 'text']))).toEqual(['a__text'])
  })
})
