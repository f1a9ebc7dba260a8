import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearest } from '../../common/nearest.ts'
import { createM4, cutPixels } from '../../ingest/history/m4.ts'

interface Row {
  t: bigint
  value: number | null
}

/** As it is defined: of each pixel the first, lowest, highest and last row, the earliest of equals, each row once, in order of time. */
function plainM4(rows: readonly Row[], fromNs: bigint, toNs: bigint, pixels: number): Row[] {
  const found: Row[] = []
  for (let p = 0n; p < BigInt(pixels); p++) {
    const inside = rows
      .map((row, rank) => ({ ...row, rank }))
      .filter(({ t, value }) => ((t - fromNs) * BigInt(pixels)) / (toNs - fromNs) === p && Number.isFinite(value))
      .sort((a, b) => (a.t < b.t ? -1 : a.t > b.t ? 1 : a.rank - b.rank))
    if (inside.length === 0) continue
    const best = (better: (a: number, b: number) => boolean) =>
      inside.reduce((kept, row) => (better(row.value!, kept.value!) ? row : kept))
    const chosen = new Set([inside[0]!, best((a, b) => a < b), best((a, b) => a > b), inside.at(-1)!])
    found.push(...inside.filter((row) => chosen.has(row)))
  }
  return found.map(({ t, value }) => ({ t, value }))
}

describe('M4', () => {
  it('is what its definition says, whatever the chunks and eras', () => {
    const value = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    )
    const era = fc.array(fc.record({ t: fc.bigInt({ min: 0n, max: 60n }), value }), { maxLength: 80 })
    fc.assert(
      fc.property(
        fc.array(era, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 9 }),
        fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }),
        (eras, pixels, perChunk, startNs) => {
          const sorted = eras.map((rows) =>
            [...rows].sort((a, b) => Number(a.t - b.t)).map(({ t, value }) => ({ t: t + startNs, value })),
          )
          const m4 = createM4(cutPixels(startNs, startNs + 61n, pixels))
          for (const rows of sorted) {
            for (let at = 0; at < rows.length; at += perChunk) {
              const chunk = rows.slice(at, at + perChunk)
              const validity = new Uint8Array(2)
              chunk.forEach(({ value }, i) => {
                if (value !== null) validity[i >> 3]! |= 1 << (i & 7)
              })
              m4.add(
                BigInt64Array.from(chunk, ({ t }) => t),
                Float64Array.from(chunk, ({ value }) => value ?? 99),
                chunk.some(({ value }) => value === null) ? validity : undefined,
              )
            }
          }
          const { timesNs, values } = m4.points()
          const found = [...timesNs].map((t, i) => ({ t, value: values[i]! }))
          const all = sorted.flat()
          expect(found).toEqual(plainM4(all, startNs, startNs + 61n, pixels))
          expect(found.length).toBeLessThanOrEqual(4 * pixels)
          expect(m4.present + m4.missing + m4.notFinite).toBe(all.length)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('nearest', () => {
  it('finds the name that was meant', () => {
    const names = ['vehicle', 'ecg', '주행', 'Speed']
    expect(nearest('vehicel', names)).toBe('vehicle')
    expect(nearest('speed', names)).toBe('Speed')
    expect(nearest('주헹', names)).toBe('주행')
    expect(nearest('e', names)).toBeUndefined()
    expect(nearest('ab', ['ba', 'ab'])).toBe('ab')
    expect(nearest('x', [])).toBeUndefined()
  })
})
