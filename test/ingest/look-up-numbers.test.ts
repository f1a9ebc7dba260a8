import { DuckDBInstance } from '@duckdb/node-api'
import { expect, it, onTestFinished } from 'vitest'
import { lakeFolder } from '../../ingest/sinks/lake/lake-config.ts'
import { timesAround } from '../../ingest/sinks/lake/look-up-numbers.ts'
import type { Schema } from '../../protos/types.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { openData, rig, spoolA } from './verify-setup.ts'

it('finds the rows around missing numbers by these, wherever the clock of the rig had stood before', async () => {
  const data = await openData()
  const streams = ['빠름', 'slow'].map((stream): Schema => ({ stream, channels: [{ name: 'v', kind: 'f64' }] }))
  const put = async (seq: number, stream: number, times: bigint[]) => {
    await data.put(seq, makeBatch(streams[stream]!, times, [f64(...times.map(Number))], { era: seq < 3 ? 0 : 1 }))
  }
  for (const schema of streams) data.saveSchema(schema)
  // Ahead, set back, and ahead again behind the hole.
  await put(1, 0, [9000n, 9001n])
  await put(2, 1, [9002n])
  await put(3, 0, [100n, 101n])
  await put(4, 1, [90n, 102n])
  await put(9, 0, [200n, 201n])
  await put(10, 1, [195n, 202n])
  await put(11, 0, [50n])
  await data.lakeTakesAll()
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  onTestFinished(() => {
    connection.closeSync()
    instance.closeSync()
  })
  const around = (from: number, to: number) =>
    timesAround(connection, lakeFolder(data.folder), data.catalog, { rig, spool: spoolA, from, to })
  expect(await around(5, 8)).toEqual({ fromNs: '101', toNs: '200' })
  expect(await around(12, 13)).toEqual({ fromNs: '50', toNs: null })
})
