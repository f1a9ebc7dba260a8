import { DuckDBConnection } from '@duckdb/node-api'
import { expect, it, onTestFinished, vi } from 'vitest'
import { openFileReader } from '../../ingest/refill/read-file.ts'
import type { Schema } from '../../protos/types.ts'
import { f64, makeBatch, makeEnvelope, makeLake, never, segmentA, spoolA } from './lake-setup.ts'

// Rows that came with other values are written once more behind a file that has their times. Which files have some is not asked of all
// the lake for each file.

const schema: Schema = { stream: '심전도', channels: [{ name: 'x', kind: 'f64' }] }
const minuteNs = 60_000_000_000n
const nowNs = 1_700_000_000_000_000_000n
const files = 12

/** A file a minute; in the first one there are rows of 1970 too: the rig's clock was set while it was written. In the last one the row of minute 2 comes with another value. */
async function fill() {
  const lake = makeLake()
  const sink = await lake.open(lake.catalog)
  let seq = 0
  const put = (timeNs: bigint, value: number) => {
    seq++
    const at = { segment: segmentA, offset: 40 + seq * 1000 }
    sink.add(makeEnvelope({ body: makeBatch(schema, [timeNs], [f64(value)]), seq, at, schema, spool: spoolA }))
  }
  put(1_000n, -1)
  for (let minute = 0; minute < files; minute++) {
    // As a backlog comes: the newest, then the older ones.
    put(minute === 0 ? nowNs + BigInt(files) * 5n * minuteNs : nowNs + BigInt(minute) * 5n * minuteNs, minute)
    if (minute === files - 1) put(nowNs + 10n * minuteNs, 100)
    await sink.flush(never)
  }
  return lake
}

it('asks no file twice, and none between the times that a file has', async () => {
  const lake = await fill()
  const reader = await openFileReader(lake.lakeFolder, lake.catalog)
  onTestFinished(() => reader.close())
  const spy = vi.spyOn(DuckDBConnection.prototype, 'runAndReadAll')
  onTestFinished(() => void spy.mockRestore())
  const asked = () =>
    spy.mock.calls.flatMap(([sql]) =>
      sql.includes('file_index') ? [...sql.matchAll(/[^'/]+\.parquet/g)].map(String) : [],
    )
  const [wide, ...others] = lake.catalog.lakeFiles('심전도')
  const valuesOf = async (file: typeof wide) => {
    const values: number[] = []
    for await (const { body } of reader.envelopes(file!)) {
      if (body.type === 'batch') values.push(...(body.batch.columns[0]!.values as Float64Array))
    }
    return values
  }
  expect(await valuesOf(wide)).toEqual([-1, 0])
  expect(asked()).toHaveLength(1)
  const all = []
  for (const file of others) all.push(await valuesOf(file))
  // The value that came last stands.
  expect(all[1]).toEqual([2, 100])
  expect(all.at(-1)).toEqual([11, 100])
  expect(new Set(asked()).size).toBe(asked().length)
})
