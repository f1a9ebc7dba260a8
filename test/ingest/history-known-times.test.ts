import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createKnownTimes, createTimesReader, createTimesWriter } from '../../ingest/history/known-times.ts'
import type { Schema } from '../../protos/types.ts'
import { buildPrograms, openGround, thinnedOf } from './history-setup.ts'
import { makeBatch } from './lake-setup.ts'

// Times that are kept from one thinned series for the next: the next one is as if it had read them.

buildPrograms()

const rig = '서울-1'

it('gives back what was written, however files and chunks are cut', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(sizes, sizes, (rowsOf, chunks) => {
      const files = rowsOf.map((rows, i) => ({ file: `f${i}`, rows }))
      const total = rowsOf.reduce((sum, rows) => sum + rows, 0)
      const times = BigInt64Array.from({ length: total }, (_, i) => BigInt(i) * 7n)
      const known = createKnownTimes()
      const writer = createTimesWriter(files, known)
      for (let at = 0, i = 0; at < total; i++) {
        const chunk = times.subarray(at, at + chunks[i % chunks.length]!)
        writer.add(chunk)
        at += chunk.length
      }
      writer.end()
      const read = createTimesReader(known.of(files)!)
      const found: bigint[] = []
      while (found.length < total)
        found.push(...read(Math.min(chunks[found.length % chunks.length]!, total - found.length)))
      expect(found).toEqual([...times])
      expect(() => read(1)).toThrow('more than its files have')
    }),
  )
})

it('keeps nothing of files that gave other rows than they say, and no more bytes than allowed', () => {
  const known = createKnownTimes(8 * 100)
  const wrong = createTimesWriter([{ file: 'a', rows: 3 }], known)
  wrong.add(BigInt64Array.of(1n, 2n))
  wrong.end()
  expect(known.of([{ file: 'a', rows: 3 }])).toBeUndefined()
  for (let i = 0; i < 30; i++) known.put(`f${i}`, new BigInt64Array(20))
  expect(known.of([{ file: 'f29', rows: 20 }])).toHaveLength(1)
  expect(known.of([{ file: 'f29', rows: 21 }])).toBeUndefined()
  expect(known.of([{ file: 'f0', rows: 20 }])).toBeUndefined()
})

it('answers for the next channel, and again for the first, with every row at its time', async () => {
  const ground = await openGround()
  const schema: Schema = {
    stream: 's',
    channels: [
      { name: 'a', kind: 'f64' },
      { name: 'b', kind: 'f64' },
    ],
  }
  await ground.know(schema)
  const rows: { t: bigint; a: number; b: number | null }[] = []
  // Files that end in the middle of DuckDB's chunks of 2048 rows.
  for (const size of [3000, 1, 2048, 5000, 77]) {
    const from = rows.length
    const times = BigInt64Array.from({ length: size }, (_, i) => BigInt(from + i) * 1000n)
    const validity = new Uint8Array(Math.ceil(size / 8))
    for (let i = 0; i < size; i++) {
      const b = (from + i) % 5 === 0 ? null : (from + i) * 2
      rows.push({ t: times[i]!, a: (from + i) / 3, b })
      if (b !== null) validity[i >> 3]! |= 1 << (i & 7)
    }
    const part = rows.slice(from)
    await ground.append(
      makeBatch(
        schema,
        [...times],
        [
          { kind: 'f64', values: Float64Array.from(part, ({ a }) => a) },
          { kind: 'f64', values: Float64Array.from(part, ({ b }) => b ?? -1), validity },
        ],
      ),
    )
    await ground.toLake()
  }
  const toNs = BigInt(rows.length) * 1000n
  for (const channel of ['a', 'b', 'a', 'b'] as const) {
    const { series } = await thinnedOf(ground.history, {
      parts: [{ rig, fromNs: 0n, toNs }],
      stream: 's',
      channels: [channel],
      points: rows.length * 4,
      missing: [],
    })
    const expected = rows.filter((row) => row[channel] !== null)
    expect([...series[0]!.timesNs]).toEqual(expected.map(({ t }) => t))
    expect([...series[0]!.values]).toEqual(expected.map((row) => row[channel]))
  }
})
