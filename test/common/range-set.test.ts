import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRangeSet } from '../../common/range-set.ts'

describe('range set', () => {
  test('is what a set of numbers is', () => {
    const ranges = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 8 })), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(ranges, (added) => {
        const set = createRangeSet()
        const model = new Set<number>()
        for (const [from, length] of added) {
          const before = model.size
          for (let n = from; n <= from + length; n++) model.add(n)
          expect(set.add(from, from + length)).toBe(model.size - before)
        }
        for (let n = 1; n <= 70; n++) expect(set.has(n)).toBe(model.has(n))
        let through = 0
        while (model.has(through + 1)) through++
        expect(set.through()).toBe(through)
        expect(set.highest()).toBe(model.size === 0 ? 0 : Math.max(...model))
        const list = set.ranges()
        for (let i = 1; i < list.length; i++) expect(list[i]!.from).toBeGreaterThan(list[i - 1]!.to + 1)
        for (let n = 1; n <= 70; n++) {
          expect(set.extends(n)).toBe(model.has(n - 1) || model.has(n) || model.has(n + 1))
        }
      }),
      { numRuns: 500 },
    )
  })
})
