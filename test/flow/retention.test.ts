import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { openSqlite } from '../../ingest/catalog/sqlite.ts'
import type { LakeAnswer } from '../../ingest/http/routes/lake.ts'
import { openLakeReader } from '../../ingest/sinks/lake/read-lake.ts'
import type { VerifyReport } from '../../ingest/verify/report.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import { rigTopic } from '../../protos/topics.ts'
import type { Body } from '../../protos/types.ts'
import { describeWith, makeFolder } from '../services/debian.ts'
import { startInfluxd } from '../services/influxd.ts'
import { runCommand, startStation, waitFor } from '../services/rigline.ts'

// Retention by bytes in the real programs, with InfluxDB beside the lake and ingest killed in between.

const rig = '대전-1'
const spool = '01J0000000000000000000000T'
const schema = encodeSchema({ stream: '차량', channels: [{ name: '속도', kind: 'f64' }] })
const rows = 15_000
const startNs = 1_767_225_600_000_000_000n

const batch = (number: number): Body => ({
  type: 'batch',
  batch: {
    schema: hashSchema(schema),
    rows,
    era: 0,
    times: BigInt64Array.from({ length: rows }, (_, i) => startNs + BigInt(number * rows + i) * 1_000_000n),
    monotonicNs: 0n,
    bootId: new Uint8Array(16),
    notRising: false,
    position: 0,
    origin: '',
    columns: [{ kind: 'f64', values: Float64Array.from({ length: rows }, Math.random) }],
  },
})

await describeWith('influxd', 'retention of the lake', () => {
  it('removes the oldest beyond the bytes, leaves a Gap, and verify agrees with what is left', async () => {
    const { folder, remove } = await makeFolder()
    const influxd = await startInfluxd()
    const ingest = { journal: { segmentAgeMaxS: 1 }, influx: { url: influxd.url, database: 'bench' } }
    const station = await startStation({ folder, ingest })
    const client = await mqtt.connectAsync(station.mqtt, {
      username: rig,
      clientId: `${rig}-${spool}`,
      protocolVersion: 4,
    })
    let seq = 0
    const send = async (body: Body) => {
      const bundle = encodeBundle([encodeEnvelope({ rig, spool, seq: ++seq, body })])
      await client.publishAsync(rigTopic('bench', rig, 'up'), Buffer.from(bundle), { qos: 1 })
    }
    const lake = async () => (await (await fetch(`${station.http}/v1/lake`)).json()) as LakeAnswer
    const catalogFile = join(station.data, 'catalog.sqlite')
    const read = <T>(use: (catalog: ReturnType<typeof openCatalog>) => T): T => {
      const catalog = openCatalog(catalogFile, { readOnly: true })
      try {
        return use(catalog)
      } finally {
        catalog.close()
      }
    }
    const verified = async () => {
      await Promise.all([station.caughtUp('lake'), station.caughtUp('influx')])
      const { stdout } = await runCommand(['verify', '--config', join(folder, 'ingest.yaml'), '--json'])
      const report = JSON.parse(stdout) as VerifyReport
      expect(report.rigs.flatMap(({ streams }) => streams.flatMap(({ problems }) => problems))).toEqual([])
      expect(report.agree).toBe(true)
      const mine = report.rigs.find((each) => each.rig === rig)!
      return { ...mine, stream: mine.streams.find(({ stream }) => stream === '차량')! }
    }
    try {
      await send({ type: 'schema', bytes: schema })
      for (let i = 0; i < 12; i++) {
        await send(batch(i))
        await waitFor(`batch ${i} in the lake`, 20_000, async () => {
          return (
            read((catalog) => catalog.lakeFiles('차량').reduce((sum, file) => sum + file.rows, 0)) === (i + 1) * rows
          )
        })
      }
      const all = await lake()
      expect(all.bytes).toBeGreaterThan(1.3e6)
      expect(all).toMatchObject({
        retention: { ageMaxDays: null, bytesMax: null },
        removed: { files: 0, lastMs: null },
      })
      expect(all.freeBytes).toBeGreaterThan(0)

      await station.ingest.kill()
      const file = join(folder, 'ingest.yaml')
      const bytesMax = 1024 * 1024
      writeFileSync(file, stringify({ ...parse(readFileSync(file, 'utf8')), lake: { retention: { bytesMax } } }))
      await station.startIngest()
      await waitFor('a removal', 30_000, async () => (await lake()).removed.files > 0)
      const after = await lake()
      expect(after.bytes).toBeLessThan(bytesMax + 50_000)
      expect(after.oldestReceivedMs!).toBeGreaterThan(all.oldestReceivedMs!)
      const removed = read((catalog) => catalog.lakeRemoved())
      expect(after.removed).toMatchObject({ files: removed.length })
      const gone = removed.reduce((sum, each) => sum + each.rows, 0)
      await station.ingest.kill()
      await station.startIngest()
      const first = await verified()
      expect(first.stream.lake).toMatchObject({ rows: 12 * rows - gone, removed: { rows: gone } })
      expect(first.stream.influx!.rows).toBe(12 * rows - gone)
      expect(first.gaps).toMatchObject([
        {
          cause: 'retention',
          rows: gone,
          fromNs: String(startNs - 1n),
          toNs: String(startNs + BigInt(gone - 1) * 1_000_000n + 1n),
        },
      ])
      const catalog = openCatalog(catalogFile, { readOnly: true })
      const stored = await openLakeReader(join(station.data, 'lake'), catalog)
      for await (const some of stored.query(`SELECT rig, of_rig, cause FROM ${stored.table('_gaps')}`)) {
        expect(some).toEqual([{ rig: 'ingest', of_rig: rig, cause: 'retention' }])
      }
      stored.close()
      catalog.close()

      // Eleven minutes later.
      await station.ingest.kill()
      const paths = removed.map(({ path }) => join(station.data, 'lake', path))
      expect(paths.every((path) => existsSync(path))).toBe(true)
      const sql = openSqlite(catalogFile)
      sql.run('UPDATE lake_removed SET removed_ms = removed_ms - 660000')
      sql.close()
      await station.startIngest()
      await waitFor('the files to be deleted', 30_000, async () => !paths.some((path) => existsSync(path)))
      expect((await verified()).stream.lake.removed.rows).toBe(gone)
    } finally {
      await client.endAsync(true)
      await station.close()
      await influxd.close()
      await remove()
    }
  }, 180_000)
})
