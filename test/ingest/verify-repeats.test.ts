import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { segmentPath } from '../../common/segment-log-files.ts'
import { listSegments } from '../../common/segment-reader.ts'
import { createInfluxSink } from '../../ingest/sinks/influx/influx-sink.ts'
import { printReport } from '../../ingest/verify/print-report.ts'
import { verify } from '../../ingest/verify/verify.ts'
import type { Body, Schema } from '../../protos/types.ts'
import { describeWith } from '../services/debian.ts'
import { type Influxd, influxQuery, startInfluxd } from '../services/influxd.ts'
import { makeConfig } from './influx-setup.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { startRunner } from './run-sink-setup.ts'
import { openData, rig, spoolA } from './verify-setup.ts'

// What verify says of rows that came more than once, with a real InfluxDB, which takes them for one point.

const schema: Schema = {
  stream: '심전도',
  channels: [
    { name: 'x', kind: 'f64' },
    { name: 'y', kind: 'f64' },
  ],
}
const spoolB = '01HZZZZZZZZZZZZZZZZZZZZZZB'
const startNs = 1_700_000_000_000_000_000n

/** Rows from..to-1; y has a value in every second row. */
function rows(from: number, to: number, change: (row: number, x: number) => number | null = (_, x) => x): Body {
  const all = Array.from({ length: to - from }, (_, i) => from + i)
  const x = all.map((row) => change(row, row / 7))
  const bits = (present: boolean[]) => {
    const bytes = new Uint8Array((present.length + 7) >> 3)
    present.forEach((is, i) => {
      if (is) bytes[i >> 3]! |= 1 << (i & 7)
    })
    return bytes
  }
  return makeBatch(
    schema,
    all.map((row) => startNs + BigInt(row) * 1_000_003n),
    [
      { ...f64(...x.map((value) => value ?? 0)), validity: bits(x.map((value) => value !== null)) },
      { ...f64(...all.map((row) => row * 2)), validity: bits(all.map((row) => row % 2 === 0)) },
    ],
  )
}

await describeWith('influxd', 'verify of rows that came more than once', () => {
  let influxd: Influxd
  beforeAll(async () => {
    influxd = await startInfluxd()
  })
  afterAll(() => influxd.close())

  let databases = 0
  async function ground() {
    const data = await openData()
    data.saveSchema(schema)
    const influx = makeConfig({ url: influxd.url, database: `repeats_${++databases}` })
    return {
      ...data,
      async influxTakesAll() {
        const sink = createInfluxSink(influx, { ...data, log: silentLog })
        const runner = startRunner(data, sink)
        runner.synced()
        await runner.flush()
        await runner.close()
      },
      query: (query: string) => influxQuery(influxd.url, query, { database: influx.database }),
      write: (line: string) => fetch(`${influxd.url}/write?db=${influx.database}`, { method: 'POST', body: line }),
      async stream() {
        const report = await verify({ dataFolder: data.folder, influx })
        return { report, stream: report.rigs[0]!.streams[0]!, text: printReport(report) }
      },
    }
  }

  it('counts rows that came again once, in the lake, InfluxDB and journal', async () => {
    const data = await ground()
    await data.put(1, rows(0, 50))
    await data.lakeTakesAll()
    await data.put(1, rows(20, 60), { spool: spoolB })
    await data.put(2, rows(60, 70), { spool: spoolB })
    await data.lakeTakesAll()
    await data.influxTakesAll()
    const { report, stream, text } = await data.stream()
    expect(report.agree, text).toBe(true)
    expect(stream).toMatchObject({ duplicates: 0, differing: 0, repeated: { rows: 30, readings: 45 } })
    expect(stream.delivered.rows).toBe(70)
    expect(stream.journal.found.rows).toBe(100)
    expect(stream.influx).toMatchObject({ rows: 70, agree: true })
    expect(text).toContain('30 rows came once more and are there once')
  })

  it('agrees while InfluxDB has what the lake has not looked at yet', async () => {
    const data = await ground()
    await data.put(1, rows(0, 50))
    await data.lakeTakesAll()
    await data.put(1, rows(20, 60), { spool: spoolB })
    await data.put(1, rows(55, 70), { spool: '01HZZZZZZZZZZZZZZZZZZZZZZC' })
    await data.influxTakesAll()
    const before = await data.stream()
    expect(before.report.agree, before.text).toBe(true)
    expect(before.stream.influx!.pending.rows).toBe(55)
    await data.lakeTakesAll()
    const after = await data.stream()
    expect(after.report.agree, after.text).toBe(true)
    expect(after.stream.influx).toMatchObject({ rows: 70, pending: { rows: 0 } })
  })

  it('expects of each field the value that came last, where values differ', async () => {
    const data = await ground()
    await data.put(1, rows(0, 10), { spool: spoolB })
    await data.lakeTakesAll()
    // An older name, but it comes later. Row 3 has another x, row 4 none: InfluxDB keeps the one before.
    await data.put(
      1,
      rows(2, 8, (row, x) => (row === 3 ? 99 : row === 4 ? null : x)),
      { spool: spoolA },
    )
    await data.lakeTakesAll()
    await data.influxTakesAll()
    const { report, stream, text } = await data.stream()
    expect(report.agree, text).toBe(true)
    expect(stream).toMatchObject({ duplicates: 0, differing: 2, repeated: { rows: 4 } })
    expect(stream.lake.rows).toBe(12)
    expect(stream.influx).toMatchObject({ rows: 10, notRepresentable: { overwritten: 2 } })
    expect(text).toContain('2 rows came with other values for a time that was there')
    // The one before, as if InfluxDB had not been overwritten: that must not pass.
    await data.write(`심전도,rig=${rig} x=${3 / 7} ${startNs + 3n * 1_000_003n}`)
    expect((await data.stream()).report.agree).toBe(false)
  })

  // The second one: ingest had it, lost it, and the disk that it came from is gone.
  it.each(['ingest_restored', 'agent_replaced'] as const)(
    'leaves out of the comparison what a Gap says the lake has lost, and nothing else: %s',
    async (cause) => {
      const data = await ground()
      await data.put(1, rows(0, 20))
      await data.lakeTakesAll()
      await data.influxTakesAll()
      // As after an older copy of ingest's folder: InfluxDB has rows that nobody can send again.
      const at = (row: number) => startNs + BigInt(row) * 1_000_003n
      await data.write(`심전도,rig=${rig} x=1 ${at(25)}`)
      expect((await data.stream()).report.agree).toBe(false)
      const gap = {
        fromNs: at(19),
        toNs: at(30),
        streams: [schema.stream],
        detail: '',
        spool: '',
        numbers: [],
        rows: 0,
      }
      await data.put(2, { type: 'gap', gap: { ...gap, cause } })
      await data.lakeTakesAll()
      const { report, stream, text } = await data.stream()
      expect(report.agree, text).toBe(true)
      expect(stream.influx).toMatchObject({ leftOutGaps: 1, rows: 19 })
      await data.write(`심전도,rig=${rig} x=1 ${at(31)}`)
      expect((await data.stream()).report.agree).toBe(false)
    },
  )

  it('does not let a Gap of the lake hide what InfluxDB lacks', async () => {
    const data = await ground()
    await data.put(1, rows(0, 20))
    const at = (row: number) => startNs + BigInt(row) * 1_000_003n
    const gap = { fromNs: at(9), toNs: at(30), streams: [], detail: '', spool: '', numbers: [], rows: 0 }
    await data.put(2, { type: 'gap', gap: { ...gap, cause: 'journal_damaged' } })
    await data.lakeTakesAll()
    await data.influxTakesAll()
    expect((await data.stream()).report.agree).toBe(true)
    await data.query(`DELETE FROM "${schema.stream}" WHERE time = ${at(15)}`)
    const { report, stream } = await data.stream()
    expect(report.agree).toBe(false)
    expect(stream.influx).toMatchObject({ rows: 19, expected: { rows: 20 }, leftOutGaps: 0 })
  })

  it('does not miss in a damaged journal what the lake has', async () => {
    const data = await ground()
    for (let number = 1; number <= 5; number++) await data.put(number, rows(number * 10, number * 10 + 10))
    await data.lakeTakesAll()
    await data.influxTakesAll()
    const [segment] = await listSegments(data.journalFolder)
    const file = segmentPath(data.journalFolder, segment!.name)
    const bytes = readFileSync(file)
    // A byte in the second third of the file: of one record.
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff
    writeFileSync(file, bytes)
    const { report, stream, text } = await data.stream()
    expect(stream.journal).toMatchObject({ envelopes: 4, unreadable: 1 })
    expect(report.agree, text).toBe(true)
    expect(text).toContain('1 envelopes that the lake has cannot be read in the journal any more')
  })

  it('takes a number that came once more, with rows that are there, for what it is', async () => {
    const data = await ground()
    await data.put(1, rows(0, 10))
    await data.put(1, rows(0, 10))
    await data.lakeTakesAll()
    await data.influxTakesAll()
    const { report, text } = await data.stream()
    expect(report.agree, text).toBe(true)
    expect(report.rigs[0]!.spools[0]).toMatchObject({ twice: 0, again: 1 })
  })
})
