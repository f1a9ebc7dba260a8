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

test('files that all begin at once are cut behind where they begin', () => {
  const slices = sliceTime(Array(1000).fill(file(0, 59, 60)), {}, 500)
  expect(slices.every(({ files }) => files.length > 0)).toBe(true)
})
