import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createBatcher, type StreamState } from '../../agent/batcher.ts'
import type { Row, Value } from '../../agent/sources/source.ts'
import { createClock } from '../../common/clock.ts'
import { physicalValue } from '../../protos/physical.ts'
import type { Batch, Gap, Schema } from '../../protos/types.ts'

const schema: Schema = {
  stream: 'bench',
  channels: [
    { name: 'f', kind: 'f64' },
    { name: 'g', kind: 'f32' },
    { name: 'n', kind: 'int' },
    { name: 'b', kind: 'bool' },
    { name: '상태', kind: 'text' },
  ],
}

const s = 1_000_000_000n

function setUp(options: { state?: StreamState; rowsMax?: number; schema?: Schema; ageMaxMs?: number } = {}) {
  let monotonicNs = 1_000n * s
  const batches: Batch[] = []
  const gaps: Gap[] = []
  const batcher = createBatcher({
    schema: options.schema ?? schema,
    schemaHash: new Uint8Array(32),
    limits: { rowsMax: options.rowsMax ?? 100, ageMaxMs: options.ageMaxMs ?? 60_000, bytesMax: 200 * 1024 },
    clock: createClock(Date.now, () => monotonicNs),
    state: options.state ?? { era: 0, position: 0, origin: '' },
    onBatch: (batch) => batches.push(batch),
    onGap: (gap) => gaps.push(gap),
  })
  const add = (timeNs: bigint, position?: number, origin = '') =>
    batcher.add(
      { stream: 0, timeNs, values: [1, 1, 1, true, 'x'], ...(position === undefined ? {} : { position }) },
      origin,
    )
  return {
    batcher,
    batches,
    gaps,
    add,
    wait: (ns: bigint) => {
      monotonicNs += ns
    },
  }
}

const times = (batches: Batch[]) => batches.map(({ times }) => [...times])

afterEach(() => {
  vi.useRealTimers()
})

describe('batcher', () => {
  test('keeps every value of every kind, and what is missing, exactly', () => {
    const value = fc.tuple(
      fc.option(fc.double()),
      fc.option(fc.float()),
      fc.option(fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
      fc.option(fc.boolean()),
      fc.option(fc.string({ unit: 'grapheme' })),
    )
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 700 }),
        fc.integer({ min: 1, max: 300 }),
        (rows, rowsMax) => {
          const { batcher, batches } = setUp({ rowsMax })
          rows.forEach((values, i) => {
            batcher.add({ stream: 0, timeNs: BigInt(i + 1), values: values as Value[] } satisfies Row, '')
          })
          batcher.flush()
          const back = batches.flatMap((batch) =>
            Array.from({ length: batch.rows }, (_, row) =>
              batch.columns.map((column, i) => physicalValue(column, schema.channels[i]!, row) ?? null),
            ),
          )
          expect(back.length).toBe(rows.length)
          rows.forEach((values, i) => {
            values.forEach((expected, j) => {
              const got = back[i]![j]
              // Integers come back as numbers or bigints, depending on the company they were in; 0 has no sign there.
              if (j === 2 && expected !== null) expect(BigInt(got as number | bigint)).toBe(BigInt(expected as number))
              else expect(Object.is(got, expected), `row ${i} channel ${j}: ${String(got)}`).toBe(true)
            })
          })
          expect(batcher.counters.readings).toBe(rows.flat().filter((one) => one !== null).length)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('closes by count and by age', () => {
    vi.useFakeTimers()
    const { add, batches } = setUp({ rowsMax: 3, ageMaxMs: 50 })
    for (let i = 1n; i <= 7n; i++) add(i)
    expect(times(batches)).toEqual([
      [1n, 2n, 3n],
      [4n, 5n, 6n],
    ])
    vi.advanceTimersByTime(49)
    expect(batches.length).toBe(2)
    vi.advanceTimersByTime(1)
    expect(times(batches)[2]).toEqual([7n])
  })

  test('closes before it grows beyond an envelope, and refuses a row that fits none with a Gap', () => {
    const { batcher, batches, gaps } = setUp({ rowsMax: 65_536 })
    for (let i = 1; i <= 40; i++) {
      batcher.add({ stream: 0, timeNs: BigInt(i), values: [1, 1, 1, true, String(i).padEnd(20_000, '가')] }, '')
    }
    batcher.add({ stream: 0, timeNs: 41n, values: [1, 1, 1, true, 'x'.repeat(300_000)] }, '')
    batcher.flush()
    expect(batches.reduce((sum, { rows }) => sum + rows, 0)).toBe(40)
    expect(Math.max(...batches.map(({ rows }) => rows))).toBeLessThan(5)
    expect(gaps.map(({ cause, rows }) => [cause, rows])).toEqual([['refused', 1]])
  })

  test('begins a new era where time does not rise, and flags rows within a minute of it', () => {
    const { add, batcher, batches, wait } = setUp()
    add(10n)
    add(20n)
    add(15n) // The wall clock was set back: a new era.
    add(16n)
    add(12n) // Again, within the minute: flagged, on its own.
    add(17n)
    wait(61n * s)
    add(5n)
    batcher.flush()
    expect(batches.map(({ era, notRising, times }) => [era, notRising, [...times]])).toEqual([
      [0, false, [10n, 20n]],
      [1, false, [15n, 16n]],
      [1, true, [12n]],
      [1, false, [17n]],
      [2, false, [5n]],
    ])
  })

  test('declares what was not measured since the last start, but not if the source resumed', () => {
    const state = { lastNs: 100n, era: 3, position: 7, origin: 'file' }
    const restarted = setUp({ state })
    restarted.add(500n)
    restarted.batcher.flush()
    expect(restarted.gaps.map(({ fromNs, toNs, cause, streams }) => [fromNs, toNs, cause, streams])).toEqual([
      [100n, 500n, 'agent_down', ['bench']],
    ])
    expect(restarted.batches[0]!.era).toBe(3)

    // Rows under a clock that was set back: the highest time is not that of the last row.
    const setBack = setUp({ state: { ...state, lastRowNs: 60n } })
    setBack.add(200n)
    const setForth = setUp({ state })
    setForth.add(20n)
    expect([...setBack.gaps, ...setForth.gaps].map(({ fromNs, toNs }) => [fromNs, toNs])).toEqual([
      [60n, 200n],
      [20n, 100n],
    ])

    const resumed = setUp({ state })
    resumed.add(90n, 6, 'file')
    resumed.add(100n, 7, 'file')
    resumed.add(110n, 8, 'file')
    resumed.batcher.flush()
    expect(resumed.gaps).toEqual([])
    expect(times(resumed.batches)).toEqual([[110n]])
    expect(resumed.batches[0]!.position).toBe(8)
  })

  test('declares that a periodic source yielded nothing', () => {
    const periodic: Schema = { ...schema, period: { num: 10_000_000n, den: 1n } }
    const { add, gaps } = setUp({ schema: periodic })
    add(1n * s)
    add(2n * s + 900_000_000n)
    expect(gaps).toEqual([])
    add(10n * s)
    expect(gaps.map(({ fromNs, toNs, cause }) => [fromNs, toNs, cause])).toEqual([
      [2n * s + 900_000_000n, 10n * s, 'source_down'],
    ])
  })

  test('stamps rows without a time so that they rise', () => {
    const { batcher, batches } = setUp()
    for (let i = 0; i < 5; i++) batcher.add({ stream: 0, values: [1, 1, 1, true, 'x'] }, '')
    batcher.flush()
    const [batch] = batches
    expect(batch!.notRising).toBe(false)
    for (let i = 1; i < 5; i++) expect(batch!.times[i]! > batch!.times[i - 1]!).toBe(true)
  })
})
