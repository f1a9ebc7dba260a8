import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createClock } from '../common/clock.ts'
import { createQuantiles } from '../common/quantiles.ts'
import { connectLive } from '../ingest/http/live-client.ts'
import { decodeBody, encodeEnvelope, readHeader } from '../protos/envelope.ts'
import { startStation } from '../test/services/rigline.ts'
import { type Result, round, runAgent, withFolder } from './rig.ts'
import { channels } from './synthetic.ts'

const rowsMax = 100

/** Agent's publish to journal and receipt, against writing the same bytes to one file with fdatasync. */
export async function benchPath(rows: number): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const station = await startStation({ folder })
    const rig = { rig: 'bench-1', url: station.mqtt, stream: 'bench', rowsMax, ageMaxMs: 50 }
    // A first round warms both ends up.
    await runAgent({ ...rig, folder: join(folder, 'warm'), rows: Math.round(rows / 5), rowsPerS: 0 })
    const before = (await station.rigs()).ingest.counters
    const { readings, seconds, resent } = await runAgent({ ...rig, folder: join(folder, 'agent'), rows, rowsPerS: 0 })
    const after = (await station.rigs()).ingest.counters
    await station.close()
    const perS = readings / seconds
    const envelope = envelopeBytes()
    const baseline = writePlain(join(folder, 'plain'), envelope, rows / rowsMax, envelope.length)
    // The journal gathers; so does this second baseline, as many bytes for each fdatasync.
    const syncBytes = (after.bytes - before.bytes) / (after.journalSyncs - before.journalSyncs)
    const gathered = writePlain(join(folder, 'plain'), envelope, rows / rowsMax, syncBytes)
    const note = `8 x f64, ${rowsMax} rows a batch, age 50 ms; agent with spool, broker, ingest as processes; ${resent} resent`
    return [
      {
        name: 'path_readings',
        value: round(perS),
        unit: 'readings/s',
        baseline: 5_000_000,
        ratio: round(perS / 5_000_000),
        note,
      },
      {
        name: 'path_to_disk',
        value: round(perS),
        unit: 'readings/s',
        baseline: round(baseline),
        ratio: round(perS / baseline),
        note: 'baseline: the same envelopes to one file, each with its fdatasync',
      },
      {
        name: 'path_to_disk_gathered',
        value: round(perS),
        unit: 'readings/s',
        baseline: round(gathered),
        ratio: round(perS / gathered),
        note: `baseline: the same envelopes to one file, an fdatasync every ${Math.round(syncBytes / 1024)} KiB, as the journal gathers them`,
      },
    ]
  })
}

function envelopeBytes(): Uint8Array {
  return encodeEnvelope({
    rig: 'bench-1',
    spool: '01J00000000000000000000000',
    seq: 1_000_000,
    body: {
      type: 'batch',
      batch: {
        schema: new Uint8Array(32),
        rows: rowsMax,
        era: 0,
        times: BigInt64Array.from({ length: rowsMax }, (_, i) => 1_700_000_000_000_000_000n + BigInt(i) * 1000n),
        monotonicNs: 1n,
        bootId: new Uint8Array(16),
        notRising: false,
        position: 0,
        origin: '',
        columns: Array.from({ length: channels }, () => ({
          kind: 'f64',
          values: new Float64Array(rowsMax).fill(Math.PI),
        })),
      },
    },
  })
}

/** Readings a second of plain writes of the envelope, gathered to so many bytes, each with an fdatasync. */
function writePlain(file: string, envelope: Uint8Array, count: number, syncBytes: number): number {
  const perWrite = Math.max(1, Math.round(syncBytes / envelope.length))
  const buffer = Buffer.concat(Array.from({ length: perWrite }, () => envelope))
  const fd = openSync(file, 'w')
  const startMs = performance.now()
  let written = 0
  for (; written < count; written += perWrite) {
    writeSync(fd, buffer)
    fdatasyncSync(fd)
  }
  const seconds = (performance.now() - startMs) / 1000
  closeSync(fd)
  return (written * rowsMax * channels) / seconds
}

/** From sample to receipt and to a client of the live hub, at 50,000 readings/s in batches of 50 ms. */
export async function benchLatency(seconds: number): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const station = await startStation({ folder })
    const clock = createClock()
    const live = createQuantiles()
    const client = await connectLive(station.http, { rig: 'bench-1' }, (envelope) => {
      const { body } = decodeBody(envelope, readHeader(envelope))
      if (body.type === 'batch') live.add(Number(clock.nowNs() - body.batch.times[0]!) / 1e6)
    })
    const rowsPerS = 50_000 / channels
    const { receiptSamplesMs } = await runAgent({
      rig: 'bench-1',
      url: station.mqtt,
      stream: 'bench',
      folder: join(folder, 'agent'),
      rowsMax: 10_000,
      ageMaxMs: 50,
      rows: rowsPerS * seconds,
      rowsPerS,
    })
    await client.close()
    await station.close()
    const receipts = createQuantiles()
    for (const ms of receiptSamplesMs) receipts.add(ms)
    const note = `50,000 readings/s, ageMaxMs 50; p50 ${receipts.summary().p50} and ${live.summary().p50} ms`
    const limit = 250
    return [
      ['receipt_p99', receipts.summary().p99],
      ['live_p99', live.summary().p99],
    ].map(([name, value]) => ({
      name: String(name),
      value: Number(value),
      unit: 'ms',
      baseline: limit,
      ratio: round(Number(value) / limit),
      note,
    }))
  })
}
