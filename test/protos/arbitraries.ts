import fc from 'fast-check'
import type { Batch, Body, Column, Kind, Period } from '../../protos/types.ts'

// Anything that the wire can carry.

export const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '속도', 'é', '😀', 'ㅎㅏㄴ'))

/** Doubles of any bits: NaN payloads, -0, subnormals, infinities. */
export const doubleBits = (rows: number): fc.Arbitrary<Float64Array> =>
  fc
    .oneof(
      fc
        .uint8Array({ minLength: rows * 8, maxLength: rows * 8 })
        .map((bytes) => new Float64Array(bytes.slice().buffer)),
      fc.array(fc.double(), { minLength: rows, maxLength: rows }).map((values) => Float64Array.from(values)),
    )
    .map((values) => values.subarray(0, rows))

const floatBits = (rows: number): fc.Arbitrary<Float32Array> =>
  fc.uint8Array({ minLength: rows * 4, maxLength: rows * 4 }).map((bytes) => new Float32Array(bytes.slice().buffer))

const two53 = 2 ** 53
const whole = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -4096, max: 4095 }) },
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(two53, -two53, two53 - 1, 1 - two53, 2 ** 52, -(2 ** 52), 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 49, 0),
)

export const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -5000n, max: 5000n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 32n, -(2n ** 32n)),
)

const times = <T>(rows: number, one: fc.Arbitrary<T>) => fc.array(one, { minLength: rows, maxLength: rows })

export const wholes = (rows: number): fc.Arbitrary<Float64Array> =>
  times(rows, whole).map((values) => Float64Array.from(values))

/** With one value beyond 2^53 at least, if there are rows: such a column comes back as BigInt64Array. */
export const int64s = (rows: number): fc.Arbitrary<BigInt64Array> =>
  times(rows, int64).map((values) => {
    const array = BigInt64Array.from(values)
    if (rows > 0) array[rows >> 1] = 2n ** 63n - 1n
    return array
  })

/** With a missing row at least, so that the bitmap is needed. */
const validity = (rows: number): fc.Arbitrary<Uint8Array | undefined> =>
  rows === 0
    ? fc.constant(undefined)
    : fc.option(
        times(rows, fc.boolean()).map((present) => {
          const bitmap = new Uint8Array((rows + 7) >> 3)
          present.forEach((is, row) => {
            if (is && row !== rows >> 1) bitmap[row >> 3]! |= 1 << (row & 7)
          })
          return bitmap
        }),
        { nil: undefined },
      )

const texts = (rows: number): fc.Arbitrary<Column> =>
  fc.uniqueArray(text, { minLength: 1, maxLength: 5 }).chain((dictionary) =>
    times(rows, fc.nat(dictionary.length - 1)).map((indexes) => ({
      kind: 'text' as const,
      values: Uint32Array.from(indexes),
      dictionary,
    })),
  )

const values: Record<Kind, (rows: number) => fc.Arbitrary<Column>> = {
  f64: (rows) => doubleBits(rows).map((array) => ({ kind: 'f64', values: array })),
  f32: (rows) => floatBits(rows).map((array) => ({ kind: 'f32', values: array })),
  int: (rows) =>
    fc.oneof(wholes(rows), rows > 0 ? int64s(rows) : wholes(0)).map((array) => ({ kind: 'int', values: array })),
  bool: (rows) => times(rows, fc.nat(1)).map((bits) => ({ kind: 'bool', values: Uint8Array.from(bits) })),
  text: texts,
}

export const columnOf = (kind: Kind, rows: number): fc.Arbitrary<Column> =>
  fc.tuple(values[kind](rows), validity(rows)).map(([column, bitmap]) => {
    if (bitmap) column.validity = bitmap
    return column
  })

export const kind = fc.constantFrom<Kind[]>('f64', 'f32', 'int', 'bool', 'text')

export const period: fc.Arbitrary<Period> = fc.oneof(
  fc.constantFrom(
    { num: 1_000_000_000n, den: 360n },
    { num: 2_000_000n, den: 1n },
    { num: 1_000_000_000n, den: 44_100n },
    { num: 1n, den: 3n },
    { num: 2n ** 64n - 1n, den: 2n ** 64n - 1n },
    { num: 2n ** 62n, den: 7n },
    { num: 1n, den: 2n ** 63n },
  ),
  fc.record({ num: fc.bigInt({ min: 1n, max: 10n ** 12n }), den: fc.bigInt({ min: 1n, max: 10n ** 6n }) }),
)

export const periodic = (anchor: bigint, rows: number, { num, den }: Period): BigInt64Array =>
  BigInt64Array.from({ length: rows }, (_, i) => anchor + (BigInt(i) * num) / den)

const wallNs = fc.bigInt({ min: 0n, max: 2n ** 62n })

/** Rising or not, periodic or not. */
export const anyTimes = (rows: number, nominal: Period): fc.Arbitrary<BigInt64Array> =>
  fc.oneof(
    wallNs.map((anchor) => periodic(anchor, rows, nominal)),
    times(rows, int64).map((all) => BigInt64Array.from(all)),
    fc.tuple(wallNs, times(rows, fc.bigInt({ min: -1000n, max: 20_000_000n }))).map(([anchor, steps]) => {
      let now = anchor
      return BigInt64Array.from(steps, (step) => {
        now += step
        return now
      })
    }),
  )

export const batch: fc.Arbitrary<Batch> = fc
  .record({ rows: fc.oneof(fc.nat(3), fc.nat(70)), nominal: period })
  .chain(({ rows, nominal }) =>
    fc
      .record({
        schema: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        rows: fc.constant(rows),
        era: fc.nat(2 ** 31),
        times: anyTimes(rows, nominal),
        monotonicNs: int64,
        bootId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        simulation: fc.option(anyTimes(rows, nominal), { nil: undefined }),
        notRising: fc.boolean(),
        position: fc.maxSafeInteger().map(Math.abs),
        origin: text,
        columns: fc.array(
          kind.chain((of) => columnOf(of, rows)),
          { maxLength: 6 },
        ),
      })
      .map(({ simulation, ...rest }) => (simulation ? { ...rest, simulation } : rest)),
  )

const count = fc.maxSafeInteger().map(Math.abs)
const duration = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

export const body: fc.Arbitrary<Body> = fc.oneof(
  fc.record({ type: fc.constant('schema' as const), bytes: fc.uint8Array() }),
  fc.record({ type: fc.constant('batch' as const), batch }),
  fc.record({
    type: fc.constant('event' as const),
    event: fc.record({
      tNs: int64,
      type: text,
      author: text,
      text,
      facts: fc.dictionary(text, text, { noNullPrototype: true }),
      id: text,
    }),
  }),
  fc.record({
    type: fc.constant('clock_sample' as const),
    clockSample: fc.record({
      tNs: int64,
      offsetNs: int64,
      roundTripNs: duration,
      stepNs: int64,
      monotonicNs: int64,
      bootId: fc.uint8Array({ maxLength: 16 }),
    }),
  }),
  fc.record({
    type: fc.constant('gap' as const),
    gap: fc.record({
      fromNs: int64,
      toNs: int64,
      streams: fc.array(text),
      cause: fc.constantFrom('unspecified', 'agent_down', 'refused', 'agent_overloaded'),
      detail: text,
      spool: text,
      numbers: fc.array(fc.record({ from: count, to: count })),
      rows: count,
    }),
  }),
  fc.record({
    type: fc.constant('health' as const),
    health: fc.record({
      tNs: int64,
      version: text,
      memoryBytes: count,
      spoolBytes: count,
      spoolEnvelopes: count,
      sources: fc.array(
        fc.record({
          name: text,
          state: fc.constantFrom('running', 'waiting', 'failed', 'ended'),
          rows: count,
          badLines: count,
          badLineSamples: fc.array(text),
          detail: text,
        }),
      ),
    }),
  }),
)
