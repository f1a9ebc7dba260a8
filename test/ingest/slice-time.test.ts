import { expect, test } from 'vitest'
import { sliceTime } from '../../ingest/sinks/lake/slice-time.ts'

const file = (fromNs: number, toNs: number, rows: number) => ({
  minTimeNs: String(fromNs),
  maxTimeNs: String(toNs),
  rows,
})

test('slices follow each other without a hole, and each has the files that reach into it', () => {
  const files = [file(0, 99, 1000), file(50, 149, 1000), file(150, 199, 10)]
  const slices = sliceTime(files, { toNs: 1000n }, 500)
  expect(slices.length).toBeGreaterThan(2)
  expect(slices[0]!.fromNs).toBeUndefined()
  expect(slices.at(-1)!.toNs).toBe(1000n)
  for (const [i, { fromNs, toNs, files: here }] of slices.entries()) {
    if (i > 0) expect(fromNs).toBe(slices[i - 1]!.toNs)
    const reaching = files.filter(
      ({ minTimeNs, maxTimeNs }) =>
        (toNs === undefined || BigInt(minTimeNs) < toNs) && (fromNs === undefined || BigInt(maxTimeNs) >= fromNs),
    )
    expect(here).toEqual(reaching)
  }
})

test('a year of small files is not read at once', () => {
  const files = Array.from({ length: 10_000 }, (_, i) => file(i * 60, i * 60 + 59, 60))
  const slices = sliceTime(files, {}, 500_000)
  expect(Math.max(...slices.map((slice) => slice.files.length))).toBeLessThanOrEqual(32)
  expect(slices.reduce((sum, slice) => sum + slice.files.length, 0)).toBe(10_000)
  // Nor are those that all begin at once cut for nothing.
  expect(sliceTime(Array(1000).fill(file(0, 59, 60)), {}, 500_000)).toHaveLength(1)
})
