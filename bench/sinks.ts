import { mkdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { silentLog } from '../common/log.ts'
import { openCatalog } from '../ingest/catalog/catalog.ts'
import { openJournal } from '../ingest/journal.ts'
import { encodeJournalRecord } from '../ingest/journal-record.ts'
import { encodeEnvelope } from '../protos/envelope.ts'
import { toHex } from '../protos/hex.ts'
import { encodeSchema } from '../protos/schema.ts'
import { hashSchema } from '../protos/schema-hash.ts'
import type { Batch, Body } from '../protos/types.ts'
import { startInfluxd } from '../test/services/influxd.ts'
import { startStation } from '../test/services/rigline.ts'
import { type Result, round, withFolder } from './rig.ts'
import { channels, syntheticSchema } from './synthetic.ts'

// From a full journal into the stores.

const rowsMax = 100
const spool = '01J00000000000000000000000'

/** A journal as ingest writes it, of sealed segments, with nothing in the stores yet. */
async function fillJournal(folder: string, rows: number): Promise<void> {
  const data = join(folder, 'ingest')
  mkdirSync(data)
  const schema = encodeSchema(syntheticSchema('bench'))
  const catalog = openCatalog(join(data, 'catalog.sqlite'))
  catalog.saveSchema(toHex(hashSchema(schema)), 'bench-1', schema)
  const journal = await openJournal({
    folder: data,
    bytesMax: 64 * 1024 ** 3,
    segmentBytesMax: 32 * 1024 ** 2,
    segmentAgeMaxMs: 3_600_000,
    catalog,
    log: silentLog,
    onSynced() {},
  })
  const nowNs = BigInt(Date.now()) * 1_000_000n
  const put = (seq: number, body: Body) =>
    journal.log.append(encodeJournalRecord(nowNs, encodeEnvelope({ rig: 'bench-1', spool, seq, body })))
  await put(1, { type: 'schema', bytes: schema })
  for (let first = 0; first < rows; ) {
    const waiting: Promise<unknown>[] = []
    for (let i = 0; i < 1000 && first < rows; i++, first += rowsMax) {
      waiting.push(
        put(2 + first / rowsMax, {
          type: 'batch',
          batch: randomBatch(hashSchema(schema), nowNs + BigInt(first) * 1000n),
        }),
      )
    }
    await Promise.all(waiting)
  }
  await journal.close()
  catalog.close()
}

const randomBatch = (schema: Uint8Array, firstNs: bigint): Batch => ({
  schema,
  rows: rowsMax,
  era: 0,
  times: BigInt64Array.from({ length: rowsMax }, (_, i) => firstNs + BigInt(i) * 1000n),
  monotonicNs: 0n,
  bootId: new Uint8Array(16),
  notRising: false,
  position: 0,
  origin: '',
  columns: Array.from({ length: channels }, () => ({
    kind: 'f64',
    values: Float64Array.from({ length: rowsMax }, () => Math.random() * 200 - 100),
  })),
})

/** Readings a second from the journal into Parquet files. */
export async function benchLake(rows: number): Promise<Result[]> {
  return await withFolder(async (folder) => {
    await fillJournal(folder, rows)
    const startMs = performance.now()
    const station = await startStation({ folder })
    await station.caughtUp('lake', 600_000)
    const perS = (rows * channels) / ((performance.now() - startMs) / 1000)
    await station.close()
    const note = `8 x f64, ${rowsMax} rows a batch, from the start of ingest on`
    return [{ name: 'lake', value: round(perS), unit: 'readings/s', baseline: 3e6, ratio: round(perS / 3e6), note }]
  })
}

/**
 * What influxd takes of ready-made line protocol, then of the journal's envelopes through Rigline with the lake on. Each on a
 * fresh influxd, so that neither pays for the other's compactions.
 */
export async function benchInflux(rows: number): Promise<Result[]> {
  return await withFolder(async (folder) => {
    await fillJournal(folder, rows)
    const plain = await withInfluxd((url) => writeReadyMade(url, rows))
    const perS = await withInfluxd(async (url) => {
      const startMs = performance.now()
      const station = await startStation({ folder, ingest: { influx: { url, database: 'bench' } } })
      await station.caughtUp('influx', 600_000)
      const seconds = (performance.now() - startMs) / 1000
      await station.close()
      return (rows * channels) / seconds
    })
    const note = `8 x f64, ${rowsMax} rows a batch, lake on; baseline: ready-made lines, two writes of 10,000 at a time`
    return [
      {
        name: 'influx',
        value: round(perS),
        unit: 'readings/s',
        baseline: round(plain),
        ratio: round(perS / plain),
        note,
      },
    ]
  })
}

async function withInfluxd(work: (url: string) => Promise<number>): Promise<number> {
  const influxd = await startInfluxd()
  try {
    return await work(influxd.url)
  } finally {
    await influxd.close()
  }
}

const linesPerWrite = 10_000

/** Readings a second that influxd takes of lines made beforehand, two writes in flight. */
async function writeReadyMade(url: string, rows: number): Promise<number> {
  await post(`${url}/query?q=${encodeURIComponent('CREATE DATABASE plain')}`, Buffer.alloc(0))
  const bodies: Buffer[] = []
  for (let first = 0; first < rows; first += linesPerWrite) {
    const lines: string[] = []
    for (let row = first; row < Math.min(rows, first + linesPerWrite); row++) {
      const fields = Array.from({ length: channels }, (_, i) => `c${i}=${Math.random() * 200 - 100}`)
      lines.push(`bench,rig=bench-1 ${fields.join(',')} ${1_700_000_000_000_000_000n + BigInt(row) * 1000n}`)
    }
    bodies.push(Buffer.from(lines.join('\n')))
  }
  const startMs = performance.now()
  const take = async () => {
    for (let body = bodies.pop(); body; body = bodies.pop()) await post(`${url}/write?db=plain&precision=ns`, body)
  }
  await Promise.all([take(), take()])
  return (rows * channels) / ((performance.now() - startMs) / 1000)
}

const agent = new Agent({ keepAlive: true })

async function post(url: string, body: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent }, (response) => {
      response.resume()
      response.once('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve()
        else reject(new Error(`${url}: status ${response.statusCode}`))
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
