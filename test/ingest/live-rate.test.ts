import { describe, expect, it } from 'vitest'
import { createRate } from '../../ingest/live/rate.ts'

describe('a rate', () => {
  it.each([50, 100, 1000])('of steady batches every %d ms settles at what they carry', (everyMs) => {
    const rate = createRate()
    for (let ms = 3; ms <= 20_000; ms += everyMs) {
      rate.add(everyMs / 10, 1_700_000_000_000 + ms)
      if (ms > 8000) expect(rate.perSecond(1_700_000_000_000 + ms)).toBeCloseTo(100, 6)
      // Not yet five seconds: what there is, over the time there was.
      else if (ms > 2000) expect(rate.perSecond(1_700_000_000_000 + ms)).toBeCloseTo(100, 6)
    }
  })

  it('is 0 when nothing came for longer than it looks back', () => {
    const rate = createRate()
    for (let ms = 0; ms < 10_000; ms += 100) rate.add(10, ms)
    expect(rate.perSecond(10_000)).toBe(100)
    expect(rate.perSecond(13_000)).toBeCloseTo(40, 6)
    expect(rate.perSecond(17_000)).toBe(0)
  })

  it('of a slow stream looks back by its own period', () => {
    const rate = createRate(60_000)
    for (let minute = 0; minute < 20; minute++) rate.add(1, minute * 60_000 + 100)
    expect(rate.perSecond(19 * 60_000 + 59_000) * 60).toBeCloseTo(1, 6)
  })

  it('begins anew when the clock is set back', () => {
    const rate = createRate()
    for (let ms = 100_000; ms < 110_000; ms += 100) rate.add(10, ms)
    for (let ms = 0; ms <= 3000; ms += 100) rate.add(20, ms)
    expect(rate.perSecond(3000)).toBeCloseTo(200, 6)
  })
})
