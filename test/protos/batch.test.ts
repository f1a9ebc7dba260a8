import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../../common/program.ts'
import { decodeBatch, encodeBatch, toBatchMessage } from '../../protos/batch.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { UnknownEncodingError, UnreadableBodyError } from '../../protos/errors.ts'
import { fitBatch } from '../../protos/fit.ts'
import { rigline } from '../../protos/generated/rigline.js'
import type { Batch, Column } from '../../protos/types.ts'
import { batch, periodic } from './arbitraries.ts'
import { expectSameBatch, expectSameColumn } from './same.ts'

const emptyBatch: Batch = {
  schema: new Uint8Array(32).fill(7),
  rows: 0,
  era: 0,
  times: new BigInt64Array(0),
  monotonicNs: 0n,
  bootId: new Uint8Array(16),
  notRising: false,
  position: 0,
  origin: '',
  columns: [],
}

/** Rows at 100 Hz. */
const batchOf = (rows: number, columns: Column[]): Batch => ({
  ...emptyBatch,
  rows,
  times: periodic(1_700_000_000_000_000_000n, rows, { num: 10_000_000n, den: 1n }),
  period: { num: 10_000_000n, den: 1n },
  columns,
})

const bytesOf = (message: rigline.v1.Batch.$Properties) => rigline.v1.Batch.encode(message).finish()

test('any batch comes back to the bit', () => {
  fc.assert(
    fc.property(batch, (sent) => {
      const { batch: came, problems } = decodeBatch(encodeBatch(sent))
      expect(problems).toEqual([])
      expectSameBatch(came, sent)
    }),
    { numRuns: 500 },
  )
})

test('the period comes back where the times follow it', () => {
  const sent = batchOf(5, [{ kind: 'bool', values: new Uint8Array(5) }])
  expect(decodeBatch(encodeBatch(sent)).batch.period).toEqual(sent.period)
})

test('simulation times that step evenly cost next to nothing, whatever the wall clock does', () => {
  const times = BigInt64Array.from({ length: 500 }, (_, i) => BigInt(i * 10_000_000 + ((i * 7919) % 1000)))
  const sent = { ...batchOf(500, []), times, simulation: periodic(5n, 500, { num: 10_000_000n, den: 1n }) }
  expect(encodeBatch(sent).length - encodeBatch({ ...sent, simulation: undefined! }).length).toBeLessThan(20)
  expect(decodeBatch(encodeBatch(sent)).batch.simulation).toEqual(sent.simulation)
})

test('decoding keeps nothing of the bytes it came from', () => {
  const bytes = encodeBatch(batchOf(3, [{ kind: 'f64', values: Float64Array.of(1, 2, 3) }]))
  const { batch: came } = decodeBatch(bytes)
  bytes.fill(0)
  expect(came.columns[0]!.values).toEqual(Float64Array.of(1, 2, 3))
  expect(came.schema).toEqual(emptyBatch.schema)
})

describe('encoding says which column is wrong', () => {
  test.each<[string, Column]>([
    ['too few values', { kind: 'f64', values: new Float64Array(2) }],
    ['a fraction in integers', { kind: 'int', values: Float64Array.of(1, 2, 2.5) }],
    ['too short a bitmap', { kind: 'bool', values: new Uint8Array(3), validity: new Uint8Array(0) }],
  ])('%s', (_, column) => {
    const good: Column = { kind: 'bool', values: new Uint8Array(3) }
    expect(() => encodeBatch(batchOf(3, [good, column]))).toThrow(/column 1/)
    // And the next batch is none the worse for it.
    expectSameBatch(decodeBatch(encodeBatch(batchOf(3, [good]))).batch, batchOf(3, [good]))
  })
})

describe('what does not fit is kept as far as it goes', () => {
  const two: Column = { kind: 'f64', values: Float64Array.of(1, 2) }

  test('a column that is shorter than its rows', () => {
    const message = toBatchMessage(batchOf(2, [two]))
    const { batch: came, problems } = decodeBatch(bytesOf({ ...message, rows: 3 }))
    expect(came.rows).toBe(3)
    expectSameColumn(came.columns[0]!, {
      kind: 'f64',
      values: Float64Array.of(1, 2, 0),
      validity: Uint8Array.of(0b011),
    })
    expect(problems).toEqual(['column 0: values for 2 of 3 rows, the others are missing'])
  })

  test('rows without a time cannot be placed', () => {
    const { period: _, ...irregular } = batchOf(2, [two])
    const message = toBatchMessage(irregular)
    const three = toBatchMessage(
      batchOf(3, [{ kind: 'bool', values: Uint8Array.of(1, 0, 1), validity: Uint8Array.of(5) }]),
    )
    const { batch: came, problems } = decodeBatch(bytesOf({ ...message, rows: 3, columns: three.columns! }))
    expect(came.rows).toBe(2)
    expect(came.times).toEqual(irregular.times)
    expectSameColumn(came.columns[0]!, { kind: 'bool', values: Uint8Array.of(1, 0), validity: Uint8Array.of(1) })
    expect(problems).toEqual(['times for 2 rows only, the other 1 are left out'])
  })

  test('simulation times for some rows are left out', () => {
    const sent = {
      ...batchOf(3, [{ kind: 'bool', values: new Uint8Array(3) } as Column]),
      simulation: BigInt64Array.of(1n, 2n, 4n),
    }
    const message = toBatchMessage(sent)
    message.simulation = toBatchMessage({ ...sent, rows: 2, columns: [] }).simulation!
    delete message.simulation.periodNum
    const { batch: came, problems } = decodeBatch(bytesOf(message))
    expect(came.simulation).toBeUndefined()
    expect(problems).toHaveLength(1)
  })

  test('a position beyond exact numbers', () => {
    const message = toBatchMessage(batchOf(0, []))
    message.position = message.position!.constructor.prototype.constructor.MAX_UNSIGNED_VALUE
    expect(decodeBatch(bytesOf(message))).toMatchObject({ batch: { position: 0 }, problems: [/position/] })
  })

  test('a thousand bad columns give a bounded list of problems', () => {
    const columns = Array.from({ length: 1000 }, () => ({ encoding: rigline.v1.Encoding.BITS }))
    const { problems } = decodeBatch(bytesOf({ ...toBatchMessage(batchOf(3, [])), columns }))
    expect(problems).toHaveLength(21)
    expect(problems.at(-1)).toBe('and 980 more')
  })
})

describe('refused before memory is spent', () => {
  const message = toBatchMessage(batchOf(2, []))
  const many = (count: number, encoding: rigline.v1.Encoding) => Array.from({ length: count }, () => ({ encoding }))
  const { BITS, F64_LE } = rigline.v1.Encoding
  test.each<[string, rigline.v1.Batch.$Properties, RegExp]>([
    [
      'four billion rows of nothing',
      { ...message, rows: 0xffffffff, columns: many(1, BITS) },
      /claims 4294967295 rows/,
    ],
    [
      'more rows than bits',
      { ...message, rows: 3_000_000, columns: [{ encoding: BITS, values: new Uint8Array(400_000) }] },
      /claims 3000000 rows/,
    ],
    [
      'a thousand empty columns of many rows',
      { ...message, rows: 30_000, columns: many(1000, F64_LE) },
      /30000 rows of 1000 columns/,
    ],
    ['columns without end', { ...message, columns: many(5000, BITS) }, /5000 columns/],
    ['no schema', { ...message, schema: new Uint8Array(0) }, /0 bytes, not the 32/],
    ['rows at no time', { rows: 2, schema: message.schema!, columns: many(1, BITS) }, /without times/],
  ])('%s', (_, bomb, reason) => {
    const before = process.memoryUsage().arrayBuffers
    expect(() => decodeBatch(bytesOf(bomb))).toThrow(UnreadableBodyError)
    expect(() => decodeBatch(bytesOf(bomb))).toThrow(reason)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
  })

  test('an unknown encoding is told apart', () => {
    expect(() => decodeBatch(bytesOf({ ...message, columns: many(1, 6 as number) }))).toThrow(UnknownEncodingError)
  })
})

/** Everything that a decoder may do with bytes that mean nothing: an answer, or one of its own errors. */
function expectCalm(bytes: Uint8Array): void {
  try {
    const { batch: came } = decodeBatch(bytes)
    expect(came.times).toHaveLength(came.rows)
    for (const column of came.columns) {
      expect(column.values).toHaveLength(came.rows)
      if (column.validity) expect(column.validity).toHaveLength((came.rows + 7) >> 3)
    }
    // What was understood can be said again.
    expectSameBatch(decodeBatch(encodeBatch(came)).batch, {
      ...came,
      columns: came.columns.map(withoutNeedlessValidity).map(narrowed),
    })
  } catch (error) {
    if (!(error instanceof UnreadableBodyError || error instanceof UnknownEncodingError)) throw error
  }
}

/** What is absent is written as 0: where damaged bytes had large integers there alone, the column is narrow the next time. */
function narrowed(column: Column): Column {
  if (column.kind !== 'int' || !(column.values instanceof BigInt64Array)) return column
  const numbers = Float64Array.from(column.values, Number)
  return numbers.every(Number.isSafeInteger) ? { ...column, values: numbers } : column
}

function withoutNeedlessValidity(column: Column): Column {
  const { validity, ...rest } = column
  if (!validity) return column
  const present = [...validity].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  return present === column.values.length ? (rest as Column) : column
}

describe('damaged bytes never hang, crash or blow up', () => {
  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), expectCalm), { numRuns: 2000 })
  })

  test('batches with bytes changed, cut off or put in', () => {
    const damage = fc.array(
      fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom('set', 'cut', 'insert') }),
      { minLength: 1, maxLength: 4 },
    )
    fc.assert(
      fc.property(batch, damage, (sent, changes) => {
        const bytes = [...encodeBatch(sent)]
        for (const { at, byte, how } of changes) {
          const place = at % (bytes.length + 1)
          if (how === 'set' && place < bytes.length) bytes[place] = byte
          else if (how === 'cut') bytes.length = place
          else bytes.splice(place, 0, byte)
        }
        expectCalm(Uint8Array.from(bytes))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a batch is made to fit its schema', () => {
  const channels = [
    { name: 'speed', kind: 'f64' as const },
    { name: 'gear', kind: 'int' as const },
  ]
  const speed: Column = { kind: 'f64', values: Float64Array.of(1, 2) }
  const gear: Column = { kind: 'int', values: Float64Array.of(3, 4) }

  test('the usual one stays the same object', () => {
    const sent = batchOf(2, [speed, gear])
    expect(fitBatch(sent, { stream: 's', channels })).toEqual({ batch: sent, problems: [] })
    expect(fitBatch(sent, { stream: 's', channels }).batch).toBe(sent)
  })

  test.each<[string, Column[], boolean, RegExp]>([
    ['a column too few', [speed], true, /no column for channel "gear"/],
    ['a column of another kind', [speed, { kind: 'bool', values: new Uint8Array(2) }], true, /is bool.*"gear" is int/],
    ['a column too many', [speed, gear, gear], false, /3 columns for 2 channels/],
  ])('%s', (_, columns, missing, problem) => {
    const { batch: fitted, problems } = fitBatch(batchOf(2, columns), { stream: 's', channels })
    expect(fitted.columns.map(({ kind }) => kind)).toEqual(['f64', 'int'])
    expect(fitted.columns[0]).toBe(speed)
    expect(fitted.columns[1]!.validity).toEqual(missing ? Uint8Array.of(0) : undefined)
    expect(problems).toEqual([expect.stringMatching(problem)])
  })
})

describe('size on the wire, whole envelopes of 500 rows', () => {
  const rows = 500
  const sizeOf = (columns: Column[], from: bigint, period: { num: bigint; den: bigint }) =>
    encodeEnvelope({
      rig: 'bench-01-bio-signals',
      spool: '01JZZZZZZZZZZZZZZZZZZZZZZZ',
      seq: 123_456,
      body: {
        type: 'batch',
        batch: {
          ...emptyBatch,
          monotonicNs: 12_345_678_901_234n,
          rows,
          times: periodic(from, rows, period),
          period,
          columns,
        },
      },
    }).length /
    (rows * columns.length)

  const ecg = join(packageRoot, '../shared/data/healthcare/mitdb-100-5min.csv')
  const missing = !existsSync(ecg)
  test.skipIf(missing)(`12-bit ECG, two leads, <= 1.6 bytes a reading${missing ? ` (${ecg} is missing)` : ''}`, () => {
    const lines = readFileSync(ecg, 'utf8').trim().split('\n').slice(1)
    // The recording has 200 steps a millivolt.
    const raw = lines.map((line) =>
      line
        .split(',')
        .slice(1)
        .map((mv) => Math.round(Number(mv) * 200)),
    )
    let largest = 0
    for (let at = 0; at + rows <= raw.length; at += rows) {
      const leads = [0, 1].map(
        (lead): Column => ({ kind: 'int', values: Float64Array.from(raw.slice(at, at + rows), (row) => row[lead]!) }),
      )
      largest = Math.max(largest, sizeOf(leads, 1_700_000_000_000_000_000n, { num: 1_000_000_000n, den: 360n }))
    }
    expect(raw.length).toBeGreaterThan(100_000)
    expect(largest).toBeLessThanOrEqual(1.6)
  })

  test('f32, eight channels, <= 4.1 bytes a reading', () => {
    const columns = Array.from(
      { length: 8 },
      (): Column => ({ kind: 'f32', values: Float32Array.from({ length: rows }, Math.random) }),
    )
    expect(sizeOf(columns, 1_700_000_000_000_000_000n, { num: 2_000_000n, den: 1n })).toBeLessThanOrEqual(4.1)
  })
})
