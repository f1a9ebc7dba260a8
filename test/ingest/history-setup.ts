import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openSegmentLog } from '../../common/segment-log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { type History, type HistoryConfig, startHistory } from '../../ingest/history/start-history.ts'
import type { ThinnedAnswer, ThinnedQuery } from '../../ingest/history/types.ts'
import { encodeJournalRecord } from '../../ingest/journal-record.ts'
import { startLakeSink } from '../../ingest/sinks/start-sink.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Body, Schema } from '../../protos/types.ts'
import { bundleProgram } from './bundle-program.ts'
import { makeLake, spoolA } from './lake-setup.ts'

// A journal, a lake with its real sink, and history's real process, as ingest has them.

let folder = ''
/** What is in the folders now, built. */
export const programs = { history: '', lake: '' }

export function buildPrograms(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rigline-history-'))
    programs.history = join(folder, 'history-process.mjs')
    programs.lake = join(folder, 'lake-process.mjs')
    await Promise.all([
      bundleProgram({ path: 'ingest/history/history-process.ts' }, programs.history),
      bundleProgram({ path: 'ingest/sinks/lake/lake-process.ts' }, programs.lake),
    ])
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
}

export interface GroundOptions {
  segmentBytesMax?: number
  history?: Partial<HistoryConfig>
  partBytesMax?: number
}

export async function openGround({
  segmentBytesMax = 2 * 1024 * 1024,
  history: config,
  partBytesMax,
}: GroundOptions = {}) {
  const lake = makeLake()
  const { lakeFolder, journalFolder } = lake
  const catalogFile = join(lake.folder, 'catalog.sqlite')
  const journal = await openSegmentLog({
    directory: journalFolder,
    segmentBytesMax,
    bytesMax: 4e9,
    recordBytesMax: 300_000,
    log: silentLog,
  })
  onTestFinished(() => journal.close())
  const history = startHistory({ journalFolder, catalogFile, lakeFolder, log: silentLog, config }, programs.history)
  onTestFinished(() => history.close())
  const seqs = new Map<string, number>()
  const append = async (body: Body, rig = '서울-1', spool = spoolA, seq?: number): Promise<Position> => {
    const number = seq ?? (seqs.get(`${rig} ${spool}`) ?? 0) + 1
    seqs.set(`${rig} ${spool}`, number)
    const position = await journal.append(
      encodeJournalRecord(BigInt(number), encodeEnvelope({ rig, spool, seq: number, body })),
    )
    history.synced(journal.synced)
    return position
  }
  let sink: ReturnType<typeof startLakeSink> | undefined
  const startSink = () => {
    if (sink) return sink
    const started = startLakeSink(
      {
        journalFolder,
        lakeFolder,
        catalogFile,
        quarantineFolder: join(lake.folder, 'quarantine'),
        ...(partBytesMax === undefined ? {} : { config: { partBytesMax } }),
      },
      { log: silentLog },
      programs.lake,
    )
    onTestFinished(() => started.close())
    sink = started
    return started
  }
  return {
    ...lake,
    catalogFile,
    journal,
    history,
    append,
    /** As ingest does when one comes. */
    async know(schema: Schema, rig = '서울-1') {
      const bytes = encodeSchema(schema)
      lake.catalog.saveSchema(toHex(hashSchema(bytes)), rig, bytes)
      await append({ type: 'schema', bytes }, rig)
    },
    startSink,
    /** All that is in the journal into the lake. */
    async toLake() {
      startSink().synced(journal.synced)
      await startSink().flush(journal.synced)
    },
  }
}

export async function readAll(body: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of body as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}

type Thinned = Omit<ThinnedAnswer, 'gaps' | 'holes'> & { gaps: unknown[]; holes: unknown[] }

/** A thinned answer, read back from its JSON. */
export async function thinnedOf(history: History, query: ThinnedQuery): Promise<Thinned> {
  const { thinned, series, gaps, holes, cut } = JSON.parse(await text(await history.thinned(query)))
  return {
    ...thinned,
    gaps,
    holes,
    cut,
    series: series.map(({ timesNs, values, ...facts }: { timesNs: string[]; values: number[] }) => ({
      ...facts,
      timesNs: BigInt64Array.from(timesNs, BigInt),
      values: Float64Array.from(values),
    })),
  }
}
