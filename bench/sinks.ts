import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { startInfluxd } from '../test/services/influxd.ts'
import { type Result, round, runAgent, startStation, withFolder } from './rig.ts'
import { channels } from './synthetic.ts'

// From a full journal into the stores.

const rowsMax = 100

/** Fills the journal with nothing behind it but the lake, which is stopped at once. */
async function fillJournal(folder: string, rows: number): Promise<void> {
  const station = await startStation(folder, { journal: { segmentAgeMaxS: 3600 } })
  await runAgent({
    rig: 'bench-1',
    url: station.mqtt,
    stream: 'bench',
    folder: join(folder, 'agent'),
    rowsMax,
    ageMaxMs: 50,
    rows,
    rowsPerS: 0,
  })
  await station.close()
}

/** Readings a second from the journal into Parquet files; with InfluxDB, into both at once. */
export async function benchLake(rows: number): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const station = await startStation(folder)
    const startMs = performance.now()
    const agent = runAgent({
      rig: 'bench-1',
      url: station.mqtt,
      stream: 'bench',
      folder: join(folder, 'agent'),
      rowsMax,
      ageMaxMs: 50,
      rows,
      rowsPerS: 0,
    })
    await agent
    await station.caughtUp('lake', 300_000)
    const perS = (rows * channels) / ((performance.now() - startMs) / 1000)
    await station.close()
    return [{ name: 'lake', value: round(perS), unit: 'readings/s', baseline: 3e6, ratio: round(perS / 3e6) }]
  })
}

/** The same influxd takes ready-made line protocol, then the journal's envelopes through Rigline with the lake on. */
export async function benchInflux(rows: number): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const influxd = await startInfluxd()
    try {
      await fillJournal(folder, rows)
      const plain = await writeReadyMade(influxd.url, rows)
      const startMs = performance.now()
      const station = await startStation(folder, { influx: { url: influxd.url, database: 'bench' } })
      await station.caughtUp('influx', 600_000)
      const perS = (rows * channels) / ((performance.now() - startMs) / 1000)
      await station.close()
      return [
        {
          name: 'influx',
          value: round(perS),
          unit: 'readings/s',
          baseline: round(plain),
          ratio: round(perS / plain),
          note: `8 x f64, ${rowsMax} rows a batch, lake on; baseline: ready-made lines of the same values to the same influxd`,
        },
      ]
    } finally {
      await influxd.close()
    }
  })
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
