import { expect, test } from 'vitest'
import { countReadings, isPresent, isScaled, physicalValue, physicalValues } from '../../protos/physical.ts'
import type { Channel, Column } from '../../protos/types.ts'

const int = (rest: Partial<Channel> = {}): Channel => ({ name: 'x', kind: 'int', ...rest })
const raw: Column = { kind: 'int', values: Float64Array.of(-3, 0, 1024), validity: Uint8Array.of(0b101) }

test('integers with gain and offset', () => {
  expect(physicalValues(raw, int({ gain: 0.005, offset: -1 }))).toEqual(
    Float64Array.of(-3 * 0.005 - 1, -1, 1024 * 0.005 - 1),
  )
  expect(physicalValues(raw, int({ gain: 2 }))).toEqual(Float64Array.of(-6, 0, 2048))
  expect(physicalValues(raw, int({ offset: 1 }))).toEqual(Float64Array.of(-2, 1, 1025))
  expect(physicalValues(raw, int())).toBe(raw.values)
  expect([int(), int({ gain: 1 }), int({ offset: 0 })].map(isScaled)).toEqual([false, true, true])
})

test('large integers as doubles, or whole one by one', () => {
  const large: Column = { kind: 'int', values: BigInt64Array.of(2n ** 63n - 1n, 5n) }
  expect(physicalValues(large, int())).toEqual(Float64Array.of(2 ** 63, 5))
  expect(physicalValue(large, int(), 0)).toBe(2n ** 63n - 1n)
  expect(physicalValue(large, int(), 1)).toBe(5)
  expect(physicalValue(large, int({ gain: 2 }), 1)).toBe(10)
})

test('the other kinds', () => {
  const channel: Channel = { name: 'x', kind: 'f64' }
  const f64: Column = { kind: 'f64', values: Float64Array.of(-0, Number.NaN) }
  expect(physicalValues(f64, channel)).toBe(f64.values)
  expect(physicalValues({ kind: 'f32', values: Float32Array.of(0.1) }, channel)).toEqual(
    Float64Array.of(0.10000000149011612),
  )
  const bool: Column = { kind: 'bool', values: Uint8Array.of(1, 0) }
  expect(physicalValues(bool, channel)).toEqual(Float64Array.of(1, 0))
  expect([0, 1].map((row) => physicalValue(bool, channel, row))).toEqual([true, false])
  const gear: Column = { kind: 'text', values: Uint32Array.of(1, 0), dictionary: ['P', '주행'] }
  expect(physicalValues(gear, channel)).toBeUndefined()
  expect(physicalValue(gear, channel, 0)).toBe('주행')
})

test('missing rows', () => {
  expect([0, 1, 2].map((row) => isPresent(raw, row))).toEqual([true, false, true])
  expect(physicalValue(raw, int(), 1)).toBeUndefined()
  const batch = { rows: 3, columns: [raw, { kind: 'bool', values: new Uint8Array(3) } as Column] }
  expect(countReadings(batch)).toBe(5)
})
