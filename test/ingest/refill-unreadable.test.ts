import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { refillSpan } from '../../ingest/refill/refill-span.ts'
import { type Refill, startRefill } from '../../ingest/refill/start-refill.ts'
import { lakeFolder } from '../../ingest/sinks/lake/lake-config.ts'
import { printReport } from '../../ingest/verify/print-report.ts'
import { verify } from '../../ingest/verify/verify.ts'
import type { Schema } from '../../protos/types.ts'
import { describeWith, makeFolder } from '../services/debian.ts'
import { type Influxd, influxQuery, startInfluxd } from '../services/influxd.ts'
import { bundleProgram } from './bundle-program.ts'
import { makeConfig } from './influx-setup.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { openData } from './verify-setup.ts'

// What InfluxDB is owed, with a file of the lake among it that cannot be read.

const schema: Schema = { stream: '심전도', channels: [{ name: 'v', kind: 'f64' }] }
const rows = 100
const files = 4

await describeWith('influxd', 'a file of the lake that cannot be read', () => {
  let influxd: Influxd
  let program: { folder: string; remove(): Promise<void> }
  beforeAll(async () => {
    influxd = await startInfluxd()
    program = await makeFolder()
    await bundleProgram({ path: 'ingest/refill/refill-process.ts' }, join(program.folder, 'refill-process.mjs'))
  })
  afterAll(async () => {
    await influxd.close()
    await program.remove()
  })

  /** Some files in the lake, the second damaged, and nothing in InfluxDB. */
  async function ground(database: string) {
    const data = await openData()
    data.saveSchema(schema)
    const from = data.journal.synced
    for (let file = 0; file < files; file++) {
      const values = f64(...Array.from({ length: rows }, (_, i) => file * rows + i))
      // Those of all files lie between each other: what is looked up for one is looked up in the others.
      const times = Array.from({ length: rows }, (_, i) => BigInt(1 + i * files + file))
      await data.put(file + 1, makeBatch(schema, times, [values]))
      await data.lakeTakesAll()
    }
    const { path } = data.catalog.lakeFiles(schema.stream)[1]!
    const damaged = join(lakeFolder(data.folder), path)
    copyFileSync(damaged, `${data.folder}/copy`)
    const damage = () => writeFileSync(damaged, 'PAR1 no more')
    damage()
    const influx = makeConfig({ url: influxd.url, database })
    return {
      ...data,
      influx,
      path,
      damage,
      /** As if all that is in the journal now had been dropped from it before InfluxDB had it. */
      owe() {
        data.catalog.owed.owe('influx', from, data.journal.synced)
        data.catalog.saveCursor('influx', data.journal.synced)
      },
      repair: () => copyFileSync(`${data.folder}/copy`, damaged),
      async stored() {
        const found = await influxQuery(influxd.url, `SELECT count(v) FROM "${schema.stream}"`, { database })
        return Number(found[0]?.values[0]?.[1] ?? 0)
      },
    }
  }

  it('is owed on, told, and written when it is put back; the others do not wait for it', async () => {
    const data = await ground('unreadable')
    data.owe()
    let refill: Refill | undefined
    const start = () => {
      refill = startRefill(
        {
          data: {
            catalogFile: join(data.folder, 'catalog.sqlite'),
            lakeFolder: lakeFolder(data.folder),
            quarantineFolder: join(data.folder, 'quarantine'),
            config: data.influx,
            unreadableAgainMs: 1000,
          },
          catalog: data.catalog,
          live: () => ({ state: 'running', behindBytes: 0 }),
          journalBytesMax: 1e9,
          log: silentLog,
          lookEveryMs: 50,
        },
        join(program.folder, 'refill-process.mjs'),
      )
    }
    onTestFinished(async () => await refill?.close())
    start()
    await expect.poll(data.stored, { timeout: 30_000 }).toBe((files - 1) * rows)
    await expect.poll(() => refill!.owed().owedRows, { timeout: 10_000 }).toBe(rows)
    expect(refill!.counters().refill_restarts).toBe(0)
    await refill!.close()
    // Put back, and not tried again yet: owed, and no reason to disagree.
    data.repair()
    const owed = await verify({ dataFolder: data.folder, influx: data.influx })
    expect(owed.agree, printReport(owed)).toBe(true)
    expect(owed.influx).toMatchObject({ compared: true, owedRows: rows })
    data.damage()
    start()
    await data.put(files + 1, makeBatch(schema, [999_999n], [f64(1)]))
    await data.lakeTakesAll()
    data.owe()
    await expect.poll(data.stored, { timeout: 30_000 }).toBe((files - 1) * rows + 1)
    await expect.poll(() => refill!.owed().owedRows, { timeout: 10_000 }).toBe(rows)
    data.repair()
    await expect.poll(() => refill!.owed().owedRows, { timeout: 30_000 }).toBe(0)
    expect(await data.stored()).toBe(files * rows + 1)
    const whole = await verify({ dataFolder: data.folder, influx: data.influx })
    expect(whole.agree, printReport(whole)).toBe(true)
    expect(whole.influx).toMatchObject({ owedRows: 0 })
  }, 120_000)

  it('is named by the command that refills a span, which writes the others', async () => {
    const data = await ground('unreadable_span')
    const span = { dataFolder: data.folder, influx: data.influx, fromNs: 0n, toNs: 10_000n, waitMsMax: 10_000 }
    const first = await refillSpan({ ...span, signal: new AbortController().signal })
    expect(first).toMatchObject({ rows: (files - 1) * rows, refused: 0 })
    expect(first.unreadable).toEqual([expect.stringContaining(`${data.path} cannot be read`)])
    expect(await data.stored()).toBe((files - 1) * rows)
    data.repair()
    expect((await refillSpan({ ...span, signal: new AbortController().signal })).unreadable).toEqual([])
    expect(await data.stored()).toBe(files * rows)
  })
})
