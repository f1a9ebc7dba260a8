import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeColumn, encodeColumn } from '../../protos/columns.ts'
import { UnknownEncodingError } from '../../protos/errors.ts'
import { rigline } from '../../protos/generated/rigline.js'
import type { Column, Kind } from '../../protos/types.ts'
import { encodeDeltas, encodeDeltas64 } from '../../protos/varint.ts'
import { columnOf, int64s, wholes } from './arbitraries.ts'
import { expectSameColumn } from './same.ts'

/** By way of bytes that begin at an odd address, as on the wire. */
function roundTrip(column: Column, rows: number): Column {
  const bytes = rigline.v1.Column.encode(encodeColumn(column, rows)).finish()
  const shifted = new Uint8Array(bytes.length + 3)
  shifted.set(bytes, 3)
  const { column: decoded, problems } = decodeColumn(rigline.v1.Column.decode(shifted.subarray(3)), rows, 0)
  expect(problems).toEqual([])
  return decoded
}

describe('a column comes back to the bit', () => {
  for (const kind of ['f64', 'f32', 'int', 'bool', 'text'] as Kind[]) {
    test(kind, () => {
      const columns = fc.nat(70).chain((rows) => fc.tuple(fc.constant(rows), columnOf(kind, rows)))
      fc.assert(
        fc.property(columns, ([rows, column]) => expectSameColumn(roundTrip(column, rows), column)),
        { numRuns: 400 },
      )
    })
  }

  test('what doubles have that numbers lack: -0, subnormals, infinities, NaN payloads', () => {
    const bits = BigUint64Array.of(
      1n << 63n,
      1n,
      0x7ff0000000000000n,
      0xfff0000000000000n,
      0x7ff8dead00beef01n,
      0xffffffffffffffffn,
    )
    const column: Column = { kind: 'f64', values: new Float64Array(bits.buffer) }
    expect(new BigUint64Array(roundTrip(column, 6).values.buffer as ArrayBuffer)).toEqual(bits)
  })

  test('only the first rows of longer arrays are written', () => {
    const column: Column = { kind: 'int', values: Float64Array.of(1, 2, 3), validity: Uint8Array.of(0b101, 0xff) }
    expectSameColumn(roundTrip(column, 2), {
      kind: 'int',
      values: Float64Array.of(1, 2),
      validity: Uint8Array.of(0b01),
    })
  })
})

describe('integers', () => {
  test('doubles and int64 give the same bytes', () => {
    fc.assert(
      fc.property(fc.nat(50).chain(wholes), (values) => {
        const large = BigInt64Array.from(values, BigInt)
        expect(encodeDeltas64(large, large.length)).toEqual(encodeDeltas(values, values.length))
      }),
    )
  })

  test('int64 within 2^53 come back as doubles', () => {
    const decoded = roundTrip({ kind: 'int', values: BigInt64Array.of(2n ** 53n, -(2n ** 53n), 0n) }, 3)
    expectSameColumn(decoded, { kind: 'int', values: Float64Array.of(2 ** 53, -(2 ** 53), 0) })
  })

  test('any run of int64 comes back, extremes side by side included', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }).chain(int64s), (values) => {
        expectSameColumn(roundTrip({ kind: 'int', values }, values.length), { kind: 'int', values })
      }),
      { numRuns: 500 },
    )
  })

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53 + 2, -1e300])('%s is refused', (value) => {
    expect(() => encodeColumn({ kind: 'int', values: Float64Array.of(7, value) }, 2)).toThrow(RangeError)
  })

  test('a constant reading takes a byte', () => {
    const message = encodeColumn({ kind: 'int', values: new Float64Array(100).fill(4_000_000_000) }, 100)
    expect(message.values!.length).toBe(5 + 99)
  })
})

describe('validity', () => {
  test('travels only where a row is missing', () => {
    const values = new Float64Array(9)
    expect(encodeColumn({ kind: 'f64', values, validity: Uint8Array.of(0xff, 0x01) }, 9).validity).toBeUndefined()
    expect(encodeColumn({ kind: 'f64', values, validity: Uint8Array.of(0xff, 0xfe) }, 9).validity).toEqual(
      Uint8Array.of(0xff, 0),
    )
  })

  test('a missing text may have any placeholder', () => {
    const column: Column = {
      kind: 'text',
      values: Uint32Array.of(77, 0),
      dictionary: ['a'],
      validity: Uint8Array.of(0b10),
    }
    expectSameColumn(roundTrip(column, 2), { ...column, values: Uint32Array.of(0, 0) } as Column)
    expect(() => encodeColumn({ kind: 'text', values: Uint32Array.of(1), dictionary: ['a'] }, 1)).toThrow(/row 0/)
  })
})

describe('columns that do not fit their rows', () => {
  const { Encoding } = rigline.v1

  test('too few values: what is there is kept', () => {
    const whole = new Uint8Array(Float64Array.of(1, 2).buffer)
    const { column, problems } = decodeColumn({ encoding: Encoding.F64_LE, values: whole.subarray(0, 15) }, 3, 4)
    expectSameColumn(column, { kind: 'f64', values: Float64Array.of(1, 0, 0), validity: Uint8Array.of(0b001) })
    expect(problems).toEqual(['column 4: values for 1 of 3 rows, the others are missing'])
  })

  test('a varint that is cut off', () => {
    const { column, problems } = decodeColumn({ encoding: Encoding.DELTA_VARINT, values: Uint8Array.of(2, 0x80) }, 2, 0)
    expectSameColumn(column, { kind: 'int', values: Float64Array.of(1, 0), validity: Uint8Array.of(0b01) })
    expect(problems).toHaveLength(1)
  })

  test('a varint that never ends', () => {
    const values = new Uint8Array(40).fill(0xff)
    const { column, problems } = decodeColumn({ encoding: Encoding.DELTA_VARINT, values }, 3, 0)
    expect(column.validity).toEqual(Uint8Array.of(0))
    expect(problems).toHaveLength(1)
  })

  test('bits for some rows', () => {
    const { column, problems } = decodeColumn({ encoding: Encoding.BITS, values: Uint8Array.of(0xff) }, 10, 0)
    expectSameColumn(column, {
      kind: 'bool',
      values: Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0, 0),
      validity: Uint8Array.of(0xff, 0),
    })
    expect(problems).toHaveLength(1)
  })

  test('a validity bitmap that is too short, and one that is too long', () => {
    const values = new Uint8Array(10 * 8)
    const short = decodeColumn({ encoding: Encoding.F64_LE, values, validity: Uint8Array.of(0xff) }, 10, 0)
    expect(short.column.validity).toEqual(Uint8Array.of(0xff, 0))
    expect(short.problems).toEqual(['column 0: validity for 8 of 10 rows, the others are missing'])
    const long = decodeColumn({ encoding: Encoding.F64_LE, values, validity: Uint8Array.of(0xfe, 0xff, 1) }, 10, 0)
    expect(long.column.validity).toEqual(Uint8Array.of(0xfe, 0b11))
    expect(long.problems).toEqual(['column 0: 1 bytes of validity more than its 10 rows need'])
  })

  test('an index of nothing is missing, unless the row is missing anyway', () => {
    const message = { encoding: Encoding.DICTIONARY, values: Uint8Array.of(0, 9, 9), dictionary: ['차'] }
    const { column, problems } = decodeColumn({ ...message, validity: Uint8Array.of(0b011) }, 3, 2)
    expectSameColumn(column, {
      kind: 'text',
      values: Uint32Array.of(0, 0, 0),
      dictionary: ['차'],
      validity: Uint8Array.of(0b001),
    })
    expect(problems).toEqual(['column 2: 1 rows with an index outside the dictionary are missing'])
  })

  test('bytes beyond the rows are told', () => {
    const { problems } = decodeColumn({ encoding: Encoding.F32_LE, values: new Uint8Array(9) }, 2, 0)
    expect(problems).toEqual(['column 0: 1 bytes more than its 2 rows need'])
  })

  test('an unknown encoding is its own error', () => {
    expect(() => decodeColumn({ encoding: 77 as number, values: new Uint8Array(8) }, 1, 3)).toThrow(
      UnknownEncodingError,
    )
    expect(() => decodeColumn({ values: new Uint8Array(8) }, 1, 3)).toThrow(/unknown encoding 0/)
  })
})

test('half a surrogate pair does not spoil the text for strict readers', () => {
  const column: Column = { kind: 'text', values: Uint32Array.of(0), dictionary: ['a\ud800b'] }
  expect(roundTrip(column, 1)).toMatchObject({ dictionary: ['a\ufffdb'] })
})
