import { expect } from 'vitest'
import { toHex } from '../../protos/hex.ts'
import type { Batch, Column } from '../../protos/types.ts'

// Equality to the bit: NaN payloads and -0 count, and so does the kind of array.

const bitsOf = (array: ArrayBufferView): string =>
  toHex(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))

const describe = (column: Column) => ({
  kind: column.kind,
  array: column.values.constructor.name,
  bits: bitsOf(column.values),
  validity: column.validity && bitsOf(column.validity),
  dictionary: column.kind === 'text' ? column.dictionary : undefined,
})

export function expectSameColumn(actual: Column, expected: Column): void {
  expect(describe(actual)).toEqual(describe(expected))
}

/** `period` apart: it travels only where the times follow it. */
export function expectSameBatch(actual: Batch, expected: Batch): void {
  const { columns, times, simulation, period: _, schema, bootId, ...rest } = expected
  expect(actual).toMatchObject(rest)
  expect(bitsOf(actual.schema)).toBe(bitsOf(schema))
  expect(bitsOf(actual.bootId)).toBe(bitsOf(bootId))
  expect(actual.times).toEqual(times)
  expect(actual.simulation).toEqual(simulation)
  expect(actual.columns.map(describe)).toEqual(columns.map(describe))
}
