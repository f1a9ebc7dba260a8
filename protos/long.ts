import $protobuf from 'protobufjs/minimal.js'
import type { rigline } from './generated/rigline.js'

// 64-bit integers between memory (bigint, or number where the value is known to stay small) and the generated code
// (Long).

export type Long = rigline.v1.Receipt['through']

const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n
const uint64Max = 2n ** 64n - 1n

// The class that the generated code itself uses, so that bundles hold it once.
const LongClass = $protobuf.util.Long as unknown as { fromBits(low: number, high: number, unsigned: boolean): Long }
const fromBits = (low: number, high: number, unsigned: boolean): Long => LongClass.fromBits(low, high, unsigned)

const bits = (value: bigint, unsigned: boolean): Long =>
  fromBits(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)), unsigned)

/** Throws RangeError beyond 64 bits. */
export function toLong(value: bigint): Long {
  if (value < int64Min || value > int64Max) throw new RangeError(`${value} does not fit in 64 bits`)
  return bits(value, false)
}

/** Throws RangeError below 0 and beyond 64 bits. */
export function toUnsignedLong(value: bigint): Long {
  if (value < 0n || value > uint64Max) throw new RangeError(`${value} does not fit in 64 bits without sign`)
  return bits(value, true)
}

export const fromLong = (value: Long): bigint => {
  const whole = (BigInt(value.high) << 32n) | BigInt(value.low >>> 0)
  return value.unsigned ? BigInt.asUintN(64, whole) : whole
}

/** A count or number as an unsigned Long. Throws RangeError unless it is an integer from 0 to 2^53 - 1. */
export function countToLong(value: number, what: string): Long {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${what} is ${value}, not a whole number from 0`)
  return fromBits(value | 0, Math.floor(value / 2 ** 32), true)
}

/** Throws RangeError beyond 2^53 - 1, where a number would not be exact any more. */
export function countFromLong(value: Long, what: string): number {
  const count = (value.high >>> 0) * 2 ** 32 + (value.low >>> 0)
  if (!Number.isSafeInteger(count)) throw new RangeError(`${what} is ${fromLong(value)}, more than 2^53 - 1`)
  return count
}
