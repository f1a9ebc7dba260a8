import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { silentLog } from '../common/log.ts'
import { openSegmentLog } from '../common/segment-log.ts'
import type { Position } from '../common/segment-log-types.ts'
import { openCatalog } from '../ingest/catalog/catalog.ts'
import { journalFolder } from '../ingest/journal.ts'
import { encodeJournalRecord } from '../ingest/journal-record.ts'
import { encodeBundle } from '../protos/bundle.ts'
import { encodeEnvelope } from '../protos/envelope.ts'
import { decodeDown } from '../protos/messages.ts'
import { encodeSchema } from '../protos/schema.ts'
import { hashSchema } from '../protos/schema-hash.ts'
import { rigTopic } from '../protos/topics.ts'
import type { Body } from '../protos/types.ts'
import { type Station, startStation } from '../test/services/rigline.ts'
import { residentBytes } from './fleet.ts'
import { type Result, round, withFolder } from './rig.ts'
import { channels, syntheticSchema } from './synthetic.ts'

const mb = 1_000_000
const gib = 1024 ** 3
const group = 'bench'
const rig = 'bench-1'
const spool = '01J00000000000000000000000'
/** Behind the last checkpoint: two seconds of a fast group. */
const behindBytes = 64 * 1024 * 1024

/** Ingest on a journal that InfluxDB, which is away, holds back: from exec until an agent has the receipt of a new envelope. */
export async function benchIngestRestart(bytes = gib): Promise<Result[]> {
  return await withFolder(async (folder) => {
    const station = await startStation({
      folder,
      group,
      ingest: { influx: { url: 'http://127.0.0.1:9', database: 'bench' } },
    })
    try {
      await station.ingest.kill()
      const filled = await fill(station.data, bytes)
      const note = `${round(bytes / gib)} GiB of journal in ${filled.segments} segments, ${filled.envelopes} envelopes`
      const first = await untilReceipt(station, filled.envelopes + 1)
      const memory = residentBytes(station.ingest.child.pid!).most
      await station.ingest.kill()
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(station.data, `catalog.sqlite${suffix}`), { force: true })
      const withoutCatalog = await untilReceipt(station, filled.envelopes + 2)
      return [
        {
          name: 'ingest_restart',
          value: round(first),
          unit: 's',
          baseline: 3,
          ratio: round(first / 3),
          note: `${note}, ${Math.round(behindBytes / mb)} MB behind the last checkpoint; ${Math.round(memory / mb)} MB resident`,
        },
        {
          name: 'ingest_restart_without_catalog',
          value: round(withoutCatalog),
          unit: 's',
          baseline: 3,
          ratio: round(withoutCatalog / 3),
          note: 'no limit: all of the journal is read',
        },
      ]
    } finally {
      await station.close()
    }
  })
}

function sampleBatch(): Body {
  const rows = 100
  const nowNs = BigInt(Date.now()) * 1_000_000n
  return {
    type: 'batch',
    batch: {
      schema: hashSchema(encodeSchema(syntheticSchema('bench'))),
      rows,
      era: 0,
      times: BigInt64Array.from({ length: rows }, (_, row) => nowNs + BigInt(row) * 1_000_000n),
      monotonicNs: 1n,
      bootId: new Uint8Array(16),
      notRising: false,
      position: 0,
      origin: '',
      columns: Array.from({ length: channels }, (_, c) => ({
        kind: 'f64',
        values: Float64Array.from({ length: rows }, (_, i) => Math.sin(c + i) * 100),
      })),
    },
  }
}

async function fill(data: string, bytes: number): Promise<{ segments: number; envelopes: number }> {
  const log = await openSegmentLog({
    directory: journalFolder(data),
    segmentBytesMax: 32 * 1024 * 1024,
    bytesMax: 2 * bytes,
    recordBytesMax: 512 * 1024,
    log: silentLog,
  })
  const catalog = openCatalog(join(data, 'catalog.sqlite'))
  const body = sampleBatch()
  let seq = 0
  let upTo: Position = log.synced
  let upToSeq = 0
  while (log.bytes < bytes) {
    const last = Array.from({ length: 100 }, () =>
      log.append(
        encodeJournalRecord(BigInt(Date.now()) * 1_000_000n, encodeEnvelope({ rig, spool, seq: ++seq, body })),
      ),
    )
    await Promise.all(last)
    if (log.bytes > bytes - behindBytes) continue
    upTo = log.synced
    upToSeq = seq
  }
  catalog.saveRanges([{ rig, spool, predecessor: '', ranges: [{ from: 1, to: upToSeq }], gone: [] }], upTo)
  // The lake has all of it, InfluxDB nothing.
  catalog.saveCursor('lake', log.synced)
  const segments = log.segments().length
  await log.close()
  catalog.close()
  return { segments, envelopes: seq }
}

/** Seconds from exec until a rig, which sends again and again, has its receipt. */
async function untilReceipt(station: Station, seq: number): Promise<number> {
  const client = await connectAsync(station.mqtt, { username: rig, clientId: `${rig}-${seq}` })
  let through = 0
  client.on('message', (_topic, payload) => {
    const down = decodeDown(payload)
    if (down?.type === 'receipt' && down.receipt.spool === spool) through = down.receipt.through
  })
  await client.subscribeAsync(rigTopic(group, rig, 'down'), { qos: 1 })
  const health = { tNs: 0n, version: '', memoryBytes: 0, spoolBytes: 0, spoolEnvelopes: 0, sources: [] }
  const bundle = Buffer.from(encodeBundle([encodeEnvelope({ rig, spool, seq, body: { type: 'health', health } })]))
  const startMs = performance.now()
  const started = station.startIngest()
  let seconds = 0
  while (through < seq) {
    await client.publishAsync(rigTopic(group, rig, 'up'), bundle, { qos: 1 })
    await sleep(10)
    seconds = (performance.now() - startMs) / 1000
    if (seconds > 600) throw new Error('no receipt within ten minutes')
  }
  await started
  await client.endAsync(true)
  return seconds
}
