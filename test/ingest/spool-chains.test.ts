import { expect, it } from 'vitest'
import { standingOf } from '../../ingest/lost/spool-chains.ts'

const name = (n: number): string => String(n).padStart(26, '0')
const spool = (n: number, predecessor: number | undefined, from = 1) => ({
  rig: 'r',
  spool: name(n),
  predecessor: predecessor === undefined ? '' : name(predecessor),
  ranges: [{ from, to: from + 9 }],
  gone: [],
})

it('tells a spool that began an empty disk from one that is the first of all, and from what cannot be told yet', () => {
  const chain = [spool(5, undefined), spool(6, 5), spool(7, 6)]
  expect(standingOf(name(5), chain)).toBe('continues')
  expect(standingOf(name(6), chain)).toBe('continues')
  expect(standingOf(name(5), [spool(1, undefined), ...chain])).toBe('replaced')
  // A disk of its own, that came later.
  expect(standingOf(name(5), [...chain, spool(9, undefined)])).toBe('replaced')
  // One whose first envelope has not come yet, and one whose predecessor is not here.
  expect(standingOf(name(5), [...chain, spool(9, undefined, 2)])).toBe('unknown')
  expect(standingOf(name(5), [...chain, spool(9, 8)])).toBe('unknown')
  expect(standingOf(name(9), [...chain, spool(9, undefined, 2)])).toBe('unknown')
  // Older, and not read: of another disk all the same, because ids rise.
  expect(standingOf(name(5), [...chain, spool(3, undefined, 2)])).toBe('replaced')
})

it('ends whatever a rig sends', () => {
  const circle = [spool(5, undefined), spool(6, 7), spool(7, 6)]
  expect(standingOf(name(5), circle)).toBe('unknown')
})

it('asks a hundred thousand starts of one agent once each', () => {
  const count = 100_000
  const chain = Array.from({ length: count }, (_, i) => spool(i, i === 0 ? undefined : i - 1))
  const startMs = performance.now()
  expect(standingOf(name(0), chain)).toBe('continues')
  expect(standingOf(name(0), [...chain].reverse())).toBe('continues')
  expect(standingOf(name(count), [...chain, spool(count, undefined)])).toBe('replaced')
  // Each of them up to each other would be minutes.
  expect(performance.now() - startMs).toBeLessThan(5000)
})
