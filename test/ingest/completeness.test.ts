import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createChannelTally,
  endValues,
  type Numbers,
  takeValues,
} from '../../ingest/history/completeness/channel-tally.ts'
import { type ClockSamples, fitClock, quantile95 } from '../../ingest/history/completeness/clock-fit.ts'
import { coveredNs, type Interval, lengthOf, uniteIntervals } from '../../ingest/history/completeness/intervals.ts'
import { judgeChannel, restsOf } from '../../ingest/history/completeness/judge-channel.ts'
import { limitsOf } from '../../ingest/history/completeness/limits.ts'
import { addLength, createLogHistogram, lengthAt } from '../../ingest/history/completeness/log-histogram.ts'
import { worst } from '../../ingest/history/completeness/report.ts'
import { createRowTally, takeTimes, usualIntervalNs } from '../../ingest/history/completeness/row-tally.ts'
import type { Kind } from '../../protos/types.ts'

// The figures of a report on completeness, from made-up signals whose truth is known.

const second = 1_000_000_000n
const startNs = 1_700_000_000_123_456_789n

/** Numbers in [0, 1) that are the same each time. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

describe('intervals', () => {
  const interval = fc
    .tuple(fc.integer({ min: -50, max: 150 }), fc.integer({ min: 0, max: 60 }))
    .map(([from, length]): Interval => ({ fromNs: BigInt(from), toNs: BigInt(from + length) }))

  test('united and clipped, they have the length of the moments that any of them covers', () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 20 }), interval, (intervals, span) => {
        const united = uniteIntervals(intervals, span)
        let moments = 0n
        for (let t = span.fromNs; t < span.toNs; t++) {
          if (intervals.some(({ fromNs, toNs }) => fromNs <= t && t < toNs)) moments++
        }
        expect(lengthOf(united)).toBe(moments)
        for (const [i, { fromNs, toNs }] of united.entries()) {
          expect(fromNs < toNs).toBe(true)
          if (i > 0) expect(united[i - 1]!.toNs < fromNs).toBe(true)
        }
      }),
    )
  })

  test('what they cover of another is what is left of them when they are clipped to it', () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 20 }), interval, (intervals, span) => {
        const all = uniteIntervals(intervals, { fromNs: -1000n, toNs: 1000n })
        expect(coveredNs(all, span)).toBe(lengthOf(uniteIntervals(intervals, span)))
      }),
    )
  })
})

test('quantiles of a histogram are as exact as its buckets', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 50 }), { minLength: 1, maxLength: 200 }), (lengths) => {
      const histogram = createLogHistogram(64)
      for (const length of lengths) addLength(histogram, length)
      const sorted = [...lengths].sort((a, b) => a - b)
      const rank = Math.floor(lengths.length / 2)
      expect(Math.abs(Math.log2(lengthAt(histogram, rank)! / sorted[rank]!))).toBeLessThanOrEqual(1.01 / 64)
    }),
  )
})

test('of several verdicts the worst counts, and empty only if all are', () => {
  expect(worst([])).toBe('empty')
  expect(worst(['empty', 'empty'])).toBe('empty')
  expect(worst(['empty', 'complete'])).toBe('complete')
  expect(worst(['complete', 'gaps_declared', 'empty'])).toBe('gaps_declared')
  expect(worst(['gaps_declared', 'incomplete', 'complete'])).toBe('incomplete')
})

/** Rows in chunks of odd sizes. */
function rowsOf(times: readonly bigint[], options: { periodNs?: number; gaps?: Interval[]; eras?: number[] } = {}) {
  const tally = createRowTally(startNs, options.periodNs ?? 0, options.gaps ?? [])
  const breaks: number[] = []
  const relative: number[] = []
  for (let from = 0; from < times.length; from += 777) {
    const part = BigInt64Array.from(times.slice(from, from + 777))
    const eras = Int32Array.from(part, (_, i) => options.eras?.[from + i] ?? 0)
    takeTimes(tally, part, eras, part.length)
    breaks.push(...tally.breaks.subarray(0, part.length))
    relative.push(...tally.relative.subarray(0, part.length))
  }
  return { tally, breaks: Uint8Array.from(breaks), relative: Float64Array.from(relative) }
}

const regular = (count: number, periodNs: bigint, fromNs = startNs) =>
  Array.from({ length: count }, (_, i) => fromNs + BigInt(i) * periodNs)

describe('rows', () => {
  test('times become distances from the beginning, to the ns, before and after it and across 2^32', () => {
    const times = [startNs - 5n, startNs, startNs + 1n, startNs + 4_294_967_295n, startNs + 8_999_999_999_999_999n]
    expect([...rowsOf(times).relative]).toEqual([-5, 0, 1, 4_294_967_295, 8_999_999_999_999_999])
    const early = createRowTally(-3n * second, 0, [])
    takeTimes(early, BigInt64Array.from([-3n * second, -1n, 0n, 7n]), new Int32Array(4), 4)
    expect([...early.relative.subarray(0, 4)]).toEqual([0, 2_999_999_999, 3_000_000_000, 3_000_000_007])
  })

  test('a steady stream has its nominal rate and no pause', () => {
    const { tally } = rowsOf(regular(5000, 10_000_000n), { periodNs: 1e7 })
    expect(tally).toMatchObject({ rows: 5000, pairs: 4999, pauses: 0, longestPauseNs: 1e7 })
    expect(tally.pairs / (tally.pairsNs / 1e9)).toBe(100)
  })

  test('a Gap is left out of the rate and is no pause; a silence that nobody declared is both', () => {
    const before = regular(1000, 10_000_000n)
    const after = regular(1000, 10_000_000n, startNs + 60n * second)
    const gap = { fromNs: before.at(-1)!, toNs: after[0]! }
    const declared = rowsOf([...before, ...after], { periodNs: 1e7, gaps: [gap] }).tally
    expect(declared).toMatchObject({ pairs: 1998, pairsNs: 1998 * 1e7, pauses: 0, longestPauseNs: 1e7 })
    const silent = rowsOf([...before, ...after], { periodNs: 1e7 }).tally
    expect(silent).toMatchObject({ pairs: 1999, pauses: 1, pausesNs: Number(after[0]! - before.at(-1)!) })
    expect(silent.longestPauseFromNs).toBe(Number(before.at(-1)! - startNs))
    const half = { fromNs: gap.fromNs, toNs: gap.fromNs + 20n * second }
    const halfDeclared = rowsOf([...before, ...after], { periodNs: 1e7, gaps: [half] }).tally
    expect(halfDeclared).toMatchObject({ pairs: 1998, pauses: 1, pausesNs: Number(gap.toNs - half.toNs) })
  })

  test('with eras whose times overlap, each goes on by itself', () => {
    const first = regular(1000, 10_000_000n)
    // The clock was set back by 5 s.
    const second_ = regular(1000, 10_000_000n, first.at(-1)! - 5n * second)
    const eras = [...first.map(() => 0), ...second_.map(() => 1)]
    const { tally, breaks } = rowsOf([...first, ...second_], { periodNs: 1e7, eras })
    expect(tally).toMatchObject({ pairs: 1998, pauses: 0 })
    expect([...breaks].flatMap((is, i) => (is ? [i] : []))).toEqual([0, 1000])
  })

  test('the sum of pauses, Gaps and distances is the time from the first row to the last', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 2, maxLength: 60 })
    const gap = fc.tuple(fc.integer({ min: 0, max: 6000 }), fc.integer({ min: 1, max: 2000 }))
    fc.assert(
      fc.property(steps, fc.array(gap, { maxLength: 5 }), (distances, raw) => {
        const times = [startNs]
        for (const distance of distances) times.push(times.at(-1)! + BigInt(distance) * 1_000_000n)
        const span = { fromNs: times[0]!, toNs: times.at(-1)! }
        const gaps = uniteIntervals(
          raw.map(([from, length]) => ({
            fromNs: startNs + BigInt(from) * 1_000_000n,
            toNs: startNs + BigInt(from + length) * 1_000_000n,
          })),
          span,
        )
        const { tally } = rowsOf(times, { periodNs: 1e7, gaps })
        // By hand, pair by pair.
        let [pairs, pairsNs, pauses, pausesNs] = [0, 0, 0, 0]
        for (let i = 1; i < times.length; i++) {
          const between = { fromNs: times[i - 1]!, toNs: times[i]! }
          const length = Number(between.toNs - between.fromNs)
          const covered = Number(coveredNs(gaps, between))
          if (length <= 1.5e7 || covered === 0) {
            pairs++
            pairsNs += length
          }
          if (length > 1.5e7 && length - covered > 5e7) {
            pauses++
            pausesNs += length - covered
          }
        }
        expect(tally).toMatchObject({ pairs, pairsNs, pauses, pausesNs })
      }),
    )
  })

  test('an irregular stream has a median', () => {
    const times = [startNs]
    const random = createRandom(3)
    for (let i = 0; i < 2000; i++) times.push(times.at(-1)! + BigInt(Math.round((0.5 + random()) * 2e9)))
    const { tally } = rowsOf(times)
    expect(usualIntervalNs(tally)! / 1e9).toBeCloseTo(2, 0)
    expect(tally.pauses).toBe(0)
  })
})

describe('the clock', () => {
  const made = (
    seed: number,
    options: { ppm: number; hours: number; offsetMs: number; steps?: [number, number][] },
  ) => {
    const random = createRandom(seed)
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    const count = Math.round(options.hours * 360)
    const samples: ClockSamples = {
      times: new Float64Array(count),
      offsets: new Float64Array(count),
      roundTrips: new Float64Array(count),
    }
    for (let i = 0; i < count; i++) {
      const t = i * 10e9
      // Queues lengthen one way or the other, seldom by much.
      const delay = () => 200e3 + 300e3 * Math.log(1 - random()) ** 2
      const delays = [delay(), delay()] as const
      const stepped = (options.steps ?? []).reduce((sum, [at, ns]) => (t >= at ? sum - ns : sum), 0)
      samples.times[i] = t
      samples.offsets[i] =
        options.offsetMs * 1e6 + stepped + (t * options.ppm) / 1e6 + (delays[0] - delays[1]) / 2 + 2e3 * normal()
      samples.roundTrips[i] = delays[0] + delays[1]
    }
    return samples
  }

  test('a drift is found within its uncertainty, as often as it says', () => {
    let [driftHits, offsetHits] = [0, 0]
    const tries = 200
    for (let seed = 1; seed <= tries; seed++) {
      const ppm = (seed - 100) / 3
      const at = 3600e9
      const fit = fitClock(made(seed, { ppm, hours: 2, offsetMs: 12 }), [], at)!
      expect(Math.abs(fit.driftPpm - ppm), `drift of seed ${seed}`).toBeLessThan(
        Math.max(0.2, 4 * fit.driftUncertaintyPpm),
      )
      expect(fit.driftUncertaintyPpm).toBeLessThan(0.2)
      if (Math.abs(fit.driftPpm - ppm) <= fit.driftUncertaintyPpm) driftHits++
      const offset = 12e6 + (at * ppm) / 1e6
      if (Math.abs(fit.offsetNs - offset) <= fit.offsetUncertaintyNs) offsetHits++
    }
    expect(driftHits / tries).toBeGreaterThan(0.88)
    expect(offsetHits / tries).toBeGreaterThan(0.95)
  })

  test('round trips that a busy network made long bend nothing', () => {
    const samples = made(5, { ppm: 20, hours: 2, offsetMs: 0 })
    for (let i = 0; i < samples.times.length; i += 3) {
      // All of it on the way there.
      samples.offsets[i]! += 100e6
      samples.roundTrips[i]! += 200e6
    }
    const fit = fitClock(samples, [], 3600e9)!
    expect(Math.abs(fit.driftPpm - 20)).toBeLessThan(0.3)
    expect(fit.used).toBeLessThanOrEqual(Math.ceil(samples.times.length / 8))
  })

  test('steps split the line, and the drift is one', () => {
    const steps: [number, number][] = [
      [1000e9, 2e9],
      [4000e9, -3600e9],
    ]
    const samples = made(7, { ppm: -35, hours: 2, offsetMs: 100, steps })
    const at = 2500e9
    const fit = fitClock(samples, [4000e9, 1000e9], at)!
    expect(Math.abs(fit.driftPpm + 35)).toBeLessThan(0.3)
    expect(Math.abs(fit.offsetNs - (100e6 - 2e9 - (at * 35) / 1e6))).toBeLessThan(fit.offsetUncertaintyNs)
    expect(fitClock(samples, [], at)!.driftPpm).toBeGreaterThan(1000)
  })

  test('two samples give a line, as uncertain as their round trips; one, or two at one time, give none', () => {
    const two = (times: number[]) => ({
      times: Float64Array.from(times),
      offsets: Float64Array.from(times, (t) => t * 10e-6),
      roundTrips: Float64Array.from(times, () => 1e6),
    })
    const fit = fitClock(two([0, 100e9]), [], 50e9)!
    expect(fit.driftPpm).toBeCloseTo(10, 6)
    expect(fit.driftUncertaintyPpm).toBeCloseTo((Math.SQRT2 * 0.5e6 * 1e6) / 100e9, 6)
    expect(fitClock(two([5]), [], 0)).toBeUndefined()
    expect(fitClock(two([5, 5]), [], 0)).toBeUndefined()
    expect(fitClock(two([]), [], 0)).toBeUndefined()
    expect(fitClock(two([0, 10]), [5], 0)).toBeUndefined()
  })

  test("Student's t", () => {
    // From the usual tables.
    for (const [freedom, value] of [
      [1, 12.706],
      [2, 4.303],
      [3, 3.182],
      [5, 2.571],
      [10, 2.228],
      [30, 2.042],
      [1000, 1.962],
    ] as const) {
      expect(Math.abs(quantile95(freedom) / value - 1)).toBeLessThan(0.01)
    }
  })
})

interface Signal {
  hz?: number
  nature?: { kind?: Kind; unit?: string; min?: number; max?: number }
  gain?: number
  offset?: number
  gaps?: Interval[]
  array?: (values: number[]) => Numbers
}

/** `undefined`: no value. */
function judge(values: readonly (number | undefined)[], signal: Signal = {}) {
  const { hz = 100, gaps = [] } = signal
  const nature = { kind: 'f64' as const, unit: 'mV', min: undefined, max: undefined, ...signal.nature }
  const periodNs = BigInt(Math.round(1e9 / hz))
  const { relative, breaks } = rowsOf(regular(values.length, periodNs), { periodNs: Number(periodNs), gaps })
  const { min, max, kind } = nature
  const { gain, offset } = signal
  const tally = createChannelTally(
    limitsOf({
      name: 'x',
      kind,
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(gain === undefined ? {} : { gain }),
      ...(offset === undefined ? {} : { offset }),
    }),
    restsOf(nature),
  )
  const array = signal.array ?? ((all: number[]) => Float64Array.from(all))
  for (let from = 0; from < values.length; from += 1000) {
    const part = values.slice(from, from + 1000)
    const validity = new Uint8Array(Math.ceil(part.length / 8))
    for (const [i, value] of part.entries()) if (value !== undefined) validity[i >> 3]! |= 1 << (i & 7)
    const all = part.every((value) => value !== undefined)
    takeValues(
      tally,
      array(part.map((value) => value ?? 0)),
      all ? undefined : validity,
      relative.subarray(from, from + part.length),
      breaks.subarray(from, from + part.length),
      part.length,
    )
  }
  endValues(tally)
  return { tally, report: judgeChannel(tally, nature, { baseNs: startNs, usualIntervalNs: Number(periodNs) }) }
}

/** 1.2 Hz with noise, as a heart is heard. */
function noisy(seconds: number, hz = 100, seed = 1): number[] {
  const random = createRandom(seed)
  return Array.from({ length: seconds * hz }, (_, i) => Math.sin((7.5 * i) / hz) + 0.05 * (random() - 0.5))
}

describe('a channel', () => {
  test('counts present, missing, NaN, infinite and out of range, by hand and by chunks of any size', () => {
    const value = fc.oneof(
      fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 5, 10),
      fc.double({ min: -20, max: 20, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3000 }), (values) => {
        const { tally, report } = judge(values, { nature: { min: 0, max: 10 } })
        const there = values.filter((each) => each !== undefined)
        const finite = there.filter(Number.isFinite)
        const outside = finite.filter((each) => each < 0 || each > 10)
        expect(tally).toMatchObject({
          present: there.length,
          missing: values.length - there.length,
          nan: there.filter(Number.isNaN).length,
          infinite: there.filter((each) => Math.abs(each) === Number.POSITIVE_INFINITY).length,
        })
        expect(report.outOfRange.readings).toBe(outside.length)
        const first = values.findIndex((each) => each !== undefined && Number.isFinite(each) && (each < 0 || each > 10))
        expect(report.outOfRange.firstNs).toBe(first < 0 ? null : String(startNs + BigInt(first) * 10_000_000n))
        expect(report.lowest).toBe(finite.length > 0 ? Math.min(...finite) : null)
        expect(report.highest).toBe(finite.length > 0 ? Math.max(...finite) : null)
      }),
      { numRuns: 60 },
    )
  })

  test('a healthy signal is neither stuck nor clipped', () => {
    const { report } = judge(noisy(120), { nature: { min: -8, max: 8 } })
    expect(report).toMatchObject({ stuck: null, clipped: [], constant: false, usualPauseS: 0.01 })
  })

  test('a sensor that freezes is stuck, for as long and from when it did', () => {
    const values = noisy(120)
    values.fill(values[3000]!, 3000, 3000 + 2500)
    const { report } = judge(values, { nature: { min: -8, max: 8 } })
    expect(report.stuck).toEqual({
      seconds: 24.99,
      rows: 2500,
      fromNs: String(startNs + 30n * second),
      value: values[3000],
    })
  })

  test('frozen to the end, and with rows that have no value in between, is stuck too', () => {
    const values: (number | undefined)[] = noisy(60)
    values.fill(0.25, 3000)
    for (let i = 3000; i < 6000; i += 7) values[i + 1] = undefined
    expect(judge(values).report.stuck).toMatchObject({ value: 0.25, fromNs: String(startNs + 30n * second) })
  })

  test('what was not measured is no time that it stood still', () => {
    const values = noisy(60)
    values.fill(0.5, 1000, 1200)
    const gap = { fromNs: startNs + 11n * second, toNs: startNs + 900n * second }
    const periodNs = 10_000_000n
    const times = [...regular(1101, periodNs), ...regular(4899, periodNs, gap.toNs)]
    const rows = rowsOf(times, { periodNs: 1e7, gaps: [gap] })
    const tally = createChannelTally({ min: -8, max: 8 })
    takeValues(tally, Float64Array.from(values), undefined, rows.relative, rows.breaks, values.length)
    endValues(tally)
    const report = judgeChannel(tally, { kind: 'f64', unit: 'mV' }, { baseNs: startNs, usualIntervalNs: 1e7 })
    expect(report.stuck).toBeNull()
    expect(report.longestStill?.seconds).toBeCloseTo(1, 2)
  })

  test('a brake pedal that rests at 0 is neither stuck nor clipped; one that hangs half pressed is stuck', () => {
    const values: number[] = []
    for (let stop = 0; stop < 4; stop++) {
      values.push(...new Array<number>(4000).fill(0))
      for (let i = 0; i < 300; i++) values.push(60 * Math.sin((Math.PI * i) / 300) + (i % 7) / 100)
    }
    const nature = { kind: 'f32', unit: '%', min: 0, max: 100 } as const
    const array = (all: number[]) => Float32Array.from(all)
    const rest = judge(values, { nature, array }).report
    expect(rest.stuck).toBeNull()
    expect(rest.clipped).toMatchObject([{ side: 'min', at: 'range', value: 0, runs: 4, judged: 'rest' }])
    expect(rest.longestStill?.seconds).toBeGreaterThan(39)
    values.push(...new Array<number>(2000).fill(33.3))
    expect(judge(values, { nature, array }).report.stuck).toMatchObject({ value: Math.fround(33.3), seconds: 19.99 })
  })

  test('a speed that settles is at rest; one that stops in the middle of a change is stuck', () => {
    // A cruise control comes ever nearer to its speed, until a float cannot tell any more.
    const drive = (steadyFrom: number) =>
      Array.from({ length: 9000 }, (_, i) => {
        const free = 60 + 20 * Math.sin(i / 500)
        if (i < steadyFrom) return free
        const at = 60 + 20 * Math.sin(steadyFrom / 500)
        return at + 3 - 3 * Math.exp(-(i - steadyFrom) / 60)
      })
    const nature = { kind: 'f32', unit: 'km/h', min: 0, max: 300 } as const
    const array = (all: number[]) => Float32Array.from(all)
    const settled = judge(drive(4000), { nature, array }).report
    expect(settled.longestStill!.seconds).toBeGreaterThan(20)
    expect(settled.stuck).toBeNull()
    const frozen = drive(9000).map((value, i, all) => (i < 5000 ? value : all[5000]!))
    expect(judge(frozen, { nature, array }).report.stuck).toMatchObject({ seconds: 39.99 })
  })

  test('a channel that stands still again and again does so by its nature; much longer than ever is stuck', () => {
    const values: number[] = []
    for (let i = 0; i < 3; i++) values.push(...noisy(5, 100, i), ...new Array<number>(3000).fill(i / 7))
    expect(judge(values).report.stuck).toBeNull()
    values.push(...noisy(5, 100, 9), ...new Array<number>(20_000).fill(0.7))
    expect(judge(values).report.stuck).toMatchObject({ value: 0.7, seconds: 199.99 })
  })

  test('a counter waits for what it counts; a limit that is kept on purpose is no clipping', () => {
    const counter = Array.from(
      { length: 20_000 },
      (_, i) => 0.3 * (3000 * Math.floor(i / 9000) + Math.min(i % 9000, 3000)),
    )
    expect(judge(counter, { nature: { unit: 'W.h', min: 0 } }).report.stuck).toBeNull()
    const power = noisy(900, 10).map((value, i) => Math.min(5, 4 + 3 * Math.sin(i / 250) + 0.1 * value))
    const { clipped, stuck, longestStill } = judge(power, { hz: 10, nature: { unit: 'kW', max: 6 } }).report
    expect(longestStill).toMatchObject({ value: 5 })
    expect([clipped, stuck]).toEqual([[], null])
    // Once, too: it came there by steps. A wire that breaks comes there with a jump.
    const once = power.slice(0, 1000)
    expect(judge(once, { hz: 10, nature: { unit: 'kW', max: 6 } }).report.stuck).toBeNull()
    const broken = [...once.map((value) => Math.min(value, 4)), ...new Array<number>(900).fill(-127)]
    expect(judge(broken, { hz: 10, nature: { unit: 'Cel' } }).report.stuck).toMatchObject({ value: -127 })
  })

  test('a slow sensor with coarse steps is judged by its own pace', () => {
    const random = createRandom(4)
    let temperature = 20
    const values = Array.from({ length: 7200 }, () => {
      if (random() < 0.04) temperature += random() < 0.5 ? -0.1 : 0.1
      return Math.round(temperature * 10) / 10
    })
    const nature = { unit: 'Cel', min: -40, max: 60 }
    const healthy = judge(values, { hz: 1, nature }).report
    expect(healthy.usualPauseS).toBeGreaterThan(30)
    expect(healthy.longestStill!.seconds).toBeGreaterThan(60)
    expect(healthy.stuck).toBeNull()
    const frozen = [...values, ...new Array<number>(3600).fill(99.9)]
    expect(judge(frozen, { hz: 1, nature }).report.stuck).toMatchObject({ value: 99.9, seconds: 3599 })
  })

  test('a gear stays, a constant is constant, and neither is stuck', () => {
    const gear = { kind: 'int', unit: '', min: -1, max: 8 } as const
    const values = Array.from({ length: 60_000 }, (_, i) => [1, 2, 3, 8][Math.floor(i / 37) % 4]!)
    values.fill(8, 30_000)
    const array = (all: number[]) => BigInt64Array.from(all, BigInt)
    expect(judge(values, { nature: gear, array }).report).toMatchObject({ stuck: null, clipped: [], highest: 8 })
    const constant = judge(new Array<number>(5000).fill(4.2)).report
    expect(constant).toMatchObject({ constant: true, stuck: null, longestStill: null, clipped: [], changes: 0 })
    expect(judge([]).report).toMatchObject({ constant: false, lowest: null, stuck: null })
    expect(judge([undefined, 4]).report).toMatchObject({ constant: false, lowest: 4 })
  })

  test('an amplifier that is overdriven is clipped at its range, f32 and scaled integers included', () => {
    const clamp = (low: number, high: number) => (value: number) => Math.min(high, Math.max(low, 3 * value))
    const values = noisy(60).map(clamp(-1.1, 1.1))
    const at = (report: ReturnType<typeof judge>['report']) => report.clipped.map(({ side, at }) => `${side} ${at}`)
    const f64 = judge(values, { nature: { min: -1.1, max: 1.1 } }).report
    expect(at(f64)).toEqual(['min range', 'max range'])
    expect(f64.clipped[1]!.readings).toBe(countRuns(values, 1.1))
    // 1.1 as f32 is a little above 1.1, and not out of range for that.
    const array = (all: number[]) => Float32Array.from(all)
    const f32 = judge(values, { nature: { kind: 'f32', min: -1.1, max: 1.1 }, array }).report
    expect(at(f32)).toEqual(['min range', 'max range'])
    expect(f32.outOfRange.readings).toBe(0)
    const [gain, offset] = [0.01, -1.3]
    const raw = values.map((value) => Math.round((value - offset) / gain) * gain + offset)
    const scaled = judge(raw, { nature: { kind: 'int', min: -1.1, max: 1.1 }, gain, offset }).report
    expect(at(scaled)).toEqual(['min range', 'max range'])
    expect(scaled.outOfRange.readings).toBe(0)
  })

  test('a converter at its rail is clipped although no range says so; the top of a healthy wave is not', () => {
    const quantized = noisy(60).map((value) => Math.round(value * 200) / 200)
    expect(judge(quantized).report.clipped).toEqual([])
    const railed = quantized.map((value) => Math.min(value, 0.8))
    const [clipped] = judge(railed).report.clipped
    expect(clipped).toMatchObject({ side: 'max', at: 'extreme', value: 0.8, judged: 'clipped' })
    expect(clipped!.readings).toBe(countRuns(railed, 0.8))
  })

  test('integers beyond 2^31 and below 0 keep their values', () => {
    const array = (all: number[]) => BigInt64Array.from(all, BigInt)
    const values = [-1, -(2 ** 40) - 3, 2 ** 52 + 1, 2 ** 31, -(2 ** 32), 0, 4_294_967_295]
    const { report } = judge(values, { nature: { kind: 'int' }, array })
    expect(report).toMatchObject({ lowest: -(2 ** 40) - 3, highest: 2 ** 52 + 1, changes: 6 })
  })
})

/** Readings in runs of 3 or more. */
function countRuns(values: readonly number[], limit: number): number {
  let [count, run] = [0, 0]
  for (const value of [...values, Number.NaN]) {
    if (value === limit) run++
    else {
      if (run >= 3) count += run
      run = 0
    }
  }
  return count
}
