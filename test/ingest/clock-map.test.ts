import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createClockMap, type KnownSample } from '../../ingest/history/clock-map.ts'

const ms = 1_000_000n
const s = 1_000_000_000n
const hour = 3600n * s
const startNs = 1_790_000_000n * s

/** Within half the round trip and what clocks that begin at whole milliseconds differ by. */
const agree = (aheadNs: bigint): boolean => aheadNs <= 3n * ms && aheadNs >= -3n * ms

/** A rig whose clock is told beside ingest's: every call is the rig's agent doing something at that time of ingest's. */
function createRig({ spool = 'A', boot = 'b1', wallNs = startNs, bootedNs = startNs - hour } = {}) {
  let offsetNs = startNs - wallNs
  let seq = 0
  const samples: KnownSample[] = []
  const add = (ingestNs: bigint, more: Partial<KnownSample>) =>
    samples.push({
      spool,
      seq: ++seq,
      receivedNs: ingestNs,
      tNs: ingestNs - offsetNs,
      offsetNs: 0n,
      roundTripNs: 0n,
      stepNs: 0n,
      monotonicNs: ingestNs - bootedNs,
      boot,
      ...more,
    })
  return {
    samples,
    compare: (ingestNs: bigint, roundTripNs = 2n * ms, errorNs = 0n) =>
      add(ingestNs, { tNs: ingestNs - offsetNs - errorNs, offsetNs: offsetNs + errorNs, roundTripNs }),
    step(ingestNs: bigint, stepNs: bigint, receivedNs = ingestNs) {
      offsetNs -= stepNs
      add(ingestNs, { stepNs, receivedNs })
    },
  }
}

describe("a time of ingest's by the rig's clock", () => {
  test('without a sample: the same, and it says that it is a guess', () => {
    const map = createClockMap([])
    expect(map.at(5n)).toEqual({ ns: 5n, offsetNs: 0n, uncertaintyNs: null })
    expect(map.through(5n, 9n)).toEqual([{ fromNs: 5n, toNs: 9n }])
    expect(map.through(9n, 9n)).toEqual([])
  })

  test('only a step: nobody knows from what', () => {
    const rig = createRig()
    rig.step(startNs, 5n * s)
    expect(createClockMap(rig.samples).at(startNs).uncertaintyNs).toBeNull()
  })

  test('between two samples on a line; the uncertainty is half the longer round trip', () => {
    const rig = createRig({ wallNs: startNs + 3n * s })
    rig.compare(startNs, 2n * ms)
    rig.compare(startNs + 10n * s, 6n * ms, 1n * ms)
    expect(createClockMap(rig.samples).at(startNs + 5n * s)).toEqual({
      ns: startNs + 8n * s - ms / 2n,
      offsetNs: -3n * s + ms / 2n,
      uncertaintyNs: 3n * ms,
    })
  })

  test('a difference that may be the way of the messages alone is none', () => {
    const rig = createRig({ wallNs: startNs - 20n * ms })
    rig.compare(startNs, 36n * ms)
    expect(createClockMap(rig.samples).at(startNs)).toEqual({ ns: startNs, offsetNs: 0n, uncertaintyNs: 18n * ms })
    rig.compare(startNs + s, 2n * ms)
    expect(createClockMap(rig.samples).at(startNs + 2n * s).offsetNs).toBe(20n * ms)
  })

  test('the shortest round trip among those about it counts, not the nearest', () => {
    const rig = createRig()
    rig.compare(startNs, 2n * ms)
    rig.compare(startNs + 10n * s, 800n * ms, 390n * ms)
    expect(createClockMap(rig.samples).at(startNs + 11n * s)).toMatchObject({ offsetNs: 0n, uncertaintyNs: 2_100_000n })
  })

  test('far from any sample: the nearest, and the clocks may have drifted', () => {
    const rig = createRig({ wallNs: startNs - 7n * s })
    rig.compare(startNs)
    for (const away of [-hour, hour]) {
      expect(createClockMap(rig.samples).at(startNs + away)).toEqual({
        ns: startNs + away - 7n * s,
        offsetNs: 7n * s,
        uncertaintyNs: ms + (hour * 100n) / 1_000_000n,
      })
    }
  })

  test('a step between two samples: the side on which the time lies, to the nanosecond', () => {
    const rig = createRig()
    rig.compare(startNs)
    rig.step(startNs + 8n * s, 20n * s)
    rig.compare(startNs + 10n * s)
    const map = createClockMap(rig.samples)
    expect(map.at(startNs + 8n * s - 1n).ns).toBe(startNs + 8n * s - 1n)
    expect(map.at(startNs + 8n * s).ns).toBe(startNs + 28n * s)
  })

  test('a step that was told of an hour later is placed by the monotonic clock', () => {
    const rig = createRig()
    rig.compare(startNs)
    rig.step(startNs + 8n * s, 20n * s, startNs + hour)
    expect(createClockMap(rig.samples).at(startNs + 9n * s).offsetNs).toBe(-20n * s)
  })

  test('two steps with no sample between them', () => {
    const rig = createRig()
    rig.compare(startNs)
    rig.step(startNs + 3n * s, 100n * s)
    rig.step(startNs + 6n * s, -70n * s)
    rig.compare(startNs + 10n * s)
    const map = createClockMap(rig.samples)
    expect([1n, 4n, 7n, 11n].map((t) => map.at(startNs + t * s).offsetNs / s)).toEqual([0n, -100n, -30n, -30n])
  })

  test('a rig that was started anew in 1970: each start has its own clock, and between them both may hold', () => {
    const before = createRig()
    before.compare(startNs)
    const after = createRig({ spool: 'B', boot: 'b2', wallNs: 60n * s })
    after.compare(startNs + 100n * s)
    const map = createClockMap([...after.samples, ...before.samples])
    expect(map.at(startNs + 200n * s).ns).toBe(260n * s)
    expect(map.at(startNs - 200n * s).ns).toBe(startNs - 200n * s)
    const between = map.at(startNs + 10n * s)
    expect(between.ns).toBe(startNs + 10n * s)
    expect(between.uncertaintyNs).toBe(startNs - 60n * s)
    expect(map.through(startNs - 10n * s, startNs + 110n * s)).toEqual([
      { fromNs: 60n * s, toNs: 170n * s },
      { fromNs: startNs - 10n * s, toNs: startNs + 100n * s },
    ])
  })

  test('every offset comes back, wherever the samples lie and in whatever order', () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 17n), 10n ** 17n),
        fc.uniqueArray(fc.integer({ min: 0, max: 7200 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: -10_000, max: 20_000 }),
        (aheadNs, at, asked) => {
          const rig = createRig({ wallNs: startNs + aheadNs })
          for (const t of at) rig.compare(startNs + BigInt(t) * s)
          expect(createClockMap(rig.samples).at(startNs + BigInt(asked) * s).offsetNs).toBe(
            agree(aheadNs) ? 0n : -aheadNs,
          )
        },
      ),
    )
  })
})

describe("what the rig's clock went through", () => {
  test('a rig that boots in 1970 and is set right: two pieces, nothing of the 56 years between them', () => {
    const rig = createRig({ wallNs: 30n * s })
    rig.compare(startNs)
    rig.step(startNs + 60n * s, startNs - 30n * s)
    rig.compare(startNs + 70n * s)
    const map = createClockMap(rig.samples)
    expect(map.through(startNs + 10n * s, startNs + 100n * s)).toEqual([
      { fromNs: 40n * s, toNs: 90n * s },
      { fromNs: startNs + 60n * s, toNs: startNs + 100n * s },
    ])
    expect(map.through(startNs + 61n * s, startNs + 62n * s)).toEqual([
      { fromNs: startNs + 61n * s, toNs: startNs + 62n * s },
    ])
  })

  test('set back by less than has passed: one piece, nothing twice', () => {
    const rig = createRig()
    rig.compare(startNs)
    rig.step(startNs + 60n * s, -20n * s)
    expect(createClockMap(rig.samples).through(startNs, startNs + 100n * s)).toEqual([
      { fromNs: startNs, toNs: startNs + 80n * s },
    ])
  })

  test('an agent that is started anew under the same clock makes no second piece', () => {
    const a = createRig({ wallNs: startNs + 3n * s })
    const b = createRig({ spool: 'B', wallNs: startNs + 3n * s })
    for (const t of [0n, 10n, 20n]) a.compare(startNs + t * s, 2n * ms, t * 10_000n)
    for (const t of [25n, 35n]) b.compare(startNs + t * s)
    expect(createClockMap([...a.samples, ...b.samples]).through(startNs + s, startNs + 30n * s)).toHaveLength(1)
  })

  test('a clock that is set all the time gives a bounded answer that leaves nothing out', () => {
    const rig = createRig()
    rig.compare(startNs)
    for (let i = 1n; i <= 1000n; i++) rig.step(startNs + i * s, i * s)
    const pieces = createClockMap(rig.samples).through(startNs, startNs + 2000n * s)
    expect(pieces).toHaveLength(64)
    expect(pieces[0]!.fromNs).toBe(startNs)
    expect(pieces.at(-1)!.toNs).toBe(startNs + 2000n * s + 500_500n * s)
  })
})
