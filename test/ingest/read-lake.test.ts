import { expect, test } from 'vitest'
import { openLakeReader } from '../../ingest/sinks/lake/read-lake.ts'
import type { Schema } from '../../protos/types.ts'
import { f64, makeBatch, makeEnvelope, makeLake, never, segmentA } from './lake-setup.ts'

test('a slow stream has hundreds of small files: they are read in order, and in little memory', {
  timeout: 60_000,
}, async () => {
  const channels = Array.from({ length: 24 }, (_, i) => ({ name: `c${i}`, kind: 'f64' as const }))
  const schema: Schema = { stream: '느린', channels }
  const lake = makeLake()
  const sink = await lake.open()
  const files = 200
  for (let i = 0; i < files; i++) {
    // Each overlaps the one before, as a backlog beside live data does.
    const times = [0n, 1n, 15n].map((time) => BigInt(i) * 10n + time)
    const body = makeBatch(
      schema,
      times,
      channels.map((_, c) => f64(i, i + 0.5, c)),
    )
    sink.add(makeEnvelope({ body, seq: i + 1, at: { segment: segmentA, offset: i * 10_000 }, schema }))
    await sink.flush(never)
  }
  const reader = await openLakeReader(lake.lakeFolder, lake.catalog, { memoryBytesMax: 32 * 1024 * 1024 })
  const found: bigint[] = []
  let sum = 0
  for await (const { times, columns } of reader.rows('느린', '서울-1')) {
    found.push(...times)
    for (const value of columns[0]!.values) sum += Number(value)
  }
  reader.close()
  expect(lake.catalog.lakeFiles('느린')).toHaveLength(files)
  const expected = Array.from({ length: files }, (_, i) => [0n, 1n, 15n].map((time) => BigInt(i) * 10n + time)).flat()
  expect(found).toEqual(expected.sort((a, b) => (a < b ? -1 : 1)))
  expect(sum).toBe(files * (files - 1) + files * 0.5)
})
