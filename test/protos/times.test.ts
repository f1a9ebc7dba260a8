import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rigline } from '../../protos/generated/rigline.js'
import { decodeTimes, encodeTimes } from '../../protos/times.ts'
import type { Period } from '../../protos/types.ts'
import { anyTimes, int64, period, periodic } from './arbitraries.ts'

const throughBytes = (message: rigline.v1.Times.$Properties) =>
  rigline.v1.Times.decode(rigline.v1.Times.encode(message).finish())

const rows = fc.nat(60)
const anchor = fc.bigInt({ min: -(2n ** 61n), max: 2n ** 61n })

test('any times come back, whatever the period said', () => {
  const all = fc.tuple(rows, period).chain(([n, p]) => fc.tuple(anyTimes(n, p), fc.option(fc.constant(p))))
  fc.assert(
    fc.property(all, ([times, nominal]) => {
      const message = throughBytes(encodeTimes(times, times.length, nominal ?? undefined))
      expect(decodeTimes(message, times.length)).toMatchObject({ times })
    }),
    { numRuns: 500 },
  )
})

/** Small enough for times to stay within int64. */
const modest = period.filter(({ num, den }) => num / den < 2n ** 55n)

test('times that follow the period are written by it: floor(i * num / den), exactly', () => {
  fc.assert(
    fc.property(anchor, rows, modest, (from, n, p) => {
      const times = periodic(from, n, p)
      const message = throughBytes(encodeTimes(times, n, p))
      expect(message.deltas).toHaveLength(0)
      expect(decodeTimes(message, n)).toEqual({ times, period: p })
    }),
    { numRuns: 500 },
  )
})

test('a nanosecond off, and it is differences', () => {
  fc.assert(
    fc.property(anchor, fc.integer({ min: 2, max: 60 }), modest, fc.nat(), (from, n, p, at) => {
      const times = periodic(from, n, p)
      times[1 + (at % (n - 1))]! += 1n
      const message = throughBytes(encodeTimes(times, n, p))
      expect(message.deltas.length).toBeGreaterThan(0)
      expect(decodeTimes(message, n)).toEqual({ times })
    }),
  )
})

describe('periods', () => {
  const day = 86_400
  test.each<[string, Period, number]>([
    ['360 Hz over an hour', { num: 1_000_000_000n, den: 360n }, 360 * 3600],
    ['44.1 kHz over 20 s', { num: 1_000_000_000n, den: 44_100n }, 44_100 * 20],
    ['a second over three weeks', { num: 1_000_000_000n, den: 1n }, 21 * day],
    ['beyond doubles: a day over 200 years', { num: 86_400_000_000_000n, den: 1n }, 200 * 365],
    ['a fraction that no double holds', { num: 2n ** 60n + 1n, den: 2n ** 59n - 1n }, 1000],
  ])('%s', (_, p, n) => {
    const times = periodic(1_700_000_000_000_000_001n, n, p)
    const message = encodeTimes(times, n, p)
    expect(message.deltas).toBeUndefined()
    const decoded = decodeTimes(message, n)
    expect(decoded.period).toEqual(p)
    expect(decoded.times.findIndex((time, i) => time !== times[i])).toBe(-1)
    expect(decoded.times).toHaveLength(n)
  })

  test.each<[string, Period]>([
    ['0', { num: 0n, den: 1n }],
    ['over 0', { num: 5n, den: 0n }],
    ['negative', { num: -5n, den: 1n }],
    ['larger than the wire can carry', { num: 2n ** 64n, den: 1n }],
  ])('one that is %s is not used', (_, p) => {
    const times = BigInt64Array.of(5n, 5n, 5n)
    expect(decodeTimes(throughBytes(encodeTimes(times, 3, p)), 3)).toEqual({ times })
  })

  test('even int64 that run over do not fool it', () => {
    const times = BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n))
    expect(decodeTimes(throughBytes(encodeTimes(times, 2, { num: 1n, den: 1n })), 2)).toMatchObject({ times })
  })
})

test('no rows, one row', () => {
  const p = { num: 1_000_000_000n, den: 360n }
  expect(decodeTimes(throughBytes(encodeTimes(new BigInt64Array(0), 0)), 0)).toEqual({ times: new BigInt64Array(0) })
  expect(decodeTimes(throughBytes(encodeTimes(new BigInt64Array(0), 0, p)), 0)).toMatchObject({ period: p })
  fc.assert(
    fc.property(int64, (t) => {
      const times = BigInt64Array.of(t)
      expect(decodeTimes(throughBytes(encodeTimes(times, 1)), 1)).toEqual({ times })
    }),
  )
})

test('too few differences: the times that are known, and a problem', () => {
  const message = encodeTimes(BigInt64Array.of(10n, 20n, 40n), 3)
  expect(decodeTimes(message, 5)).toEqual({ times: BigInt64Array.of(10n, 20n, 40n), problem: 'for 3 rows only' })
  expect(decodeTimes(message, 2)).toEqual({ times: BigInt64Array.of(10n, 20n), problem: '1 bytes too many' })
})
