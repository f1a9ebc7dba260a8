import { describe, expect, it } from 'vitest'
import { createRate } from '../../ingest/live/rate.ts'

const t0 = 1_700_000_000_000

describe('a rate', () => {
  it.each([50, 100, 990, 1000, 1010])(
    'of steady batches every %d ms is what they carry, whenever it is asked for',
    (everyMs) => {
      const rate = createRate()
      for (let ms = 3; ms <= 20_000; ms += everyMs) {
        rate.add(everyMs / 10, t0 + ms)
        if (ms < 1500 + everyMs) continue
        for (const later of [0, everyMs / 2, everyMs * 0.99]) {
          expect(rate.perSecond(t0 + ms + later)).toBeCloseTo(100, 6)
        }
      }
    },
  )

  it('sinks to 0 when nothing comes any more', () => {
    const rate = createRate()
    for (let ms = 0; ms < 10_000; ms += 100) rate.add(10, t0 + ms)
    expect(rate.perSecond(t0 + 10_000)).toBeCloseTo(100, 6)
    // From 8.0 s on 190 have come, in 5 s.
    expect(rate.perSecond(t0 + 13_000)).toBeCloseTo(38, 6)
    expect(rate.perSecond(t0 + 17_000)).toBe(0)
  })

  it('of a slow stream looks back by its own period', () => {
    const rate = createRate(60_000)
    for (let minute = 0; minute < 20; minute++) rate.add(1, t0 + minute * 60_000 + 100)
    expect(rate.perSecond(t0 + 19 * 60_000 + 59_000) * 60).toBeCloseTo(1, 6)
  })

  it('of one alone is that one in five seconds, and then nothing', () => {
    const rate = createRate()
    expect(rate.perSecond(t0)).toBe(0)
    rate.add(10, t0)
    expect(rate.perSecond(t0 + 4000)).toBe(2)
    expect(rate.perSecond(t0 + 6000)).toBe(0)
  })

  it('is not thrown by a burst at its beginning', () => {
    const rate = createRate()
    for (let i = 0; i < 10; i++) rate.add(10, t0 + i)
    expect(rate.perSecond(t0 + 9)).toBe(90)
  })

  it('begins anew when the clock is set back', () => {
    const rate = createRate()
    for (let ms = 100_000; ms < 110_000; ms += 100) rate.add(10, ms)
    for (let ms = 0; ms <= 3000; ms += 100) rate.add(20, ms)
    expect(rate.perSecond(3000)).toBeCloseTo(200, 6)
  })
})
