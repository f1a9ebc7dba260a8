import type { Column, Kind } from '../protos/types.ts'
import type { Value } from './sources/source.ts'

// Grows one column of a batch, value by value, in typed arrays.

export interface ColumnBuilder {
  /** Adds a value; returns whether it is present. A value that its kind cannot hold counts as missing. */
  add(value: Value): boolean
  /** About how many bytes the value takes in the encoded batch, at most. */
  bytesOf(value: Value): number
  /** The column so far; the builder begins the next one. */
  take(): Column
  /** Values so far that the kind could not hold. */
  unfit(): number
}

const int64Max = 2n ** 63n - 1n
const int64Min = -(2n ** 63n)

export function createColumnBuilder(kind: Kind): ColumnBuilder {
  const values = createValues(kind)
  let validity: Uint8Array | undefined
  let rows = 0
  let unfit = 0

  const markMissing = () => {
    if (!validity || validity.length * 8 <= rows) {
      const larger = new Uint8Array(Math.max(16, (rows >> 3) * 2 + 1))
      // Without a bitmap, all rows so far were present.
      if (validity) larger.set(validity)
      else larger.fill(0xff, 0, (rows >> 3) + 1)
      validity = larger
    }
    validity[rows >> 3]! &= ~(1 << (rows & 7))
  }

  const markPresent = () => {
    if (!validity) return
    if (validity.length * 8 <= rows) {
      const larger = new Uint8Array(validity.length * 2)
      larger.set(validity)
      validity = larger
    }
    validity[rows >> 3]! |= 1 << (rows & 7)
  }

  return {
    add(value) {
      const present = value !== null && values.add(rows, value)
      if (present) markPresent()
      else {
        if (value !== null) unfit++
        values.add(rows, values.placeholder)
        markMissing()
      }
      rows++
      return present
    },
    bytesOf: values.bytesOf,
    take() {
      const column = values.take(rows)
      if (validity) {
        column.validity = validity.slice(0, (rows + 7) >> 3)
        // Bits beyond the last row are 0, so that equal columns have equal bytes.
        if (rows & 7) column.validity[rows >> 3]! &= (1 << (rows & 7)) - 1
      }
      validity = undefined
      rows = 0
      return column
    },
    unfit: () => unfit,
  }
}

interface Values {
  placeholder: NonNullable<Value>
  add(row: number, value: NonNullable<Value>): boolean
  bytesOf(value: Value): number
  take(rows: number): Column
}

function createValues(kind: Kind): Values {
  switch (kind) {
    case 'f64':
      return createNumbers(Float64Array, 8, (values) => ({ kind, values }))
    case 'f32':
      return createNumbers(Float32Array, 4, (values) => ({ kind, values }))
    case 'bool':
      return createBools()
    case 'int':
      return createInts()
    case 'text':
      return createTexts()
  }
}

type Floats = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>

function createNumbers<A extends Floats>(
  ArrayType: { new (length: number): A },
  bytes: number,
  wrap: (values: A) => Column,
): Values {
  let array = new ArrayType(256)
  return {
    placeholder: 0,
    add(row, value) {
      if (typeof value !== 'number') return false
      if (row === array.length) {
        const larger = new ArrayType(array.length * 2)
        larger.set(array)
        array = larger
      }
      array[row] = value
      return true
    },
    bytesOf: () => bytes,
    take: (rows) => wrap(array.slice(0, rows) as A),
  }
}

function createBools(): Values {
  let array = new Uint8Array(256)
  return {
    placeholder: false,
    add(row, value) {
      if (typeof value !== 'boolean') return false
      if (row === array.length) {
        const larger = new Uint8Array(array.length * 2)
        larger.set(array)
        array = larger
      }
      array[row] = value ? 1 : 0
      return true
    },
    bytesOf: () => 1,
    take: (rows) => ({ kind: 'bool', values: array.slice(0, rows) }),
  }
}

function createInts(): Values {
  let array = new Float64Array(256)
  // Only once a value beyond 2^53 came; the earlier ones are moved over.
  let large: BigInt64Array<ArrayBuffer> | undefined
  const ensure = (row: number) => {
    if (row < array.length) return
    const larger = new Float64Array(array.length * 2)
    larger.set(array)
    array = larger
    if (!large) return
    const largerStill = new BigInt64Array(array.length)
    largerStill.set(large)
    large = largerStill
  }
  return {
    placeholder: 0,
    add(row, value) {
      ensure(row)
      if (typeof value === 'number') {
        if (!Number.isSafeInteger(value)) return false
        if (large) large[row] = BigInt(value)
        else array[row] = value === 0 ? 0 : value
        return true
      }
      if (typeof value !== 'bigint' || value > int64Max || value < int64Min) return false
      if (!large && value >= -9007199254740991n && value <= 9007199254740991n) {
        array[row] = Number(value)
        return true
      }
      if (!large) {
        large = new BigInt64Array(array.length)
        for (let i = 0; i < row; i++) large[i] = BigInt(array[i]!)
      }
      large[row] = value
      return true
    },
    bytesOf: () => 10,
    take(rows) {
      const values = large ? large.slice(0, rows) : array.slice(0, rows)
      large = undefined
      return { kind: 'int', values }
    },
  }
}

function createTexts(): Values {
  let array = new Uint32Array(64)
  let dictionary = new Map<string, number>()
  return {
    placeholder: '',
    add(row, value) {
      if (typeof value !== 'string') return false
      if (row === array.length) {
        const larger = new Uint32Array(array.length * 2)
        larger.set(array)
        array = larger
      }
      let index = dictionary.get(value)
      if (index === undefined) {
        index = dictionary.size
        dictionary.set(value, index)
      }
      array[row] = index
      return true
    },
    bytesOf(value) {
      if (typeof value !== 'string' || dictionary.has(value)) return 4
      return Buffer.byteLength(value) + 8
    },
    take(rows) {
      const column: Column = { kind: 'text', values: array.slice(0, rows), dictionary: [...dictionary.keys()] }
      dictionary = new Map()
      return column
    },
  }
}
