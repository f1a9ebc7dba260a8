import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openSegmentLog } from '../../common/segment-log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { encodeJournalRecord } from '../../ingest/journal-record.ts'
import { startLakeSink } from '../../ingest/sinks/start-sink.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Body, Schema } from '../../protos/types.ts'
import { bundleProgram } from './bundle-program.ts'
import { f64, makeBatch, makeLake, spoolA } from './lake-setup.ts'

let folder: string
let program: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rigline-lake-process-'))
  program = join(folder, 'lake-process.mjs')
  await bundleProgram({ path: 'ingest/sinks/lake/lake-process.ts' }, program)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const schema: Schema = { stream: 's', channels: [{ name: 'x', kind: 'f64' }] }
const rowsPerBatch = 500

async function openJournal(directory: string) {
  const journal = await openSegmentLog({
    directory,
    segmentBytesMax: 2 * 1024 * 1024,
    bytesMax: 1e9,
    recordBytesMax: 300_000,
    log: silentLog,
  })
  let seq = 0
  const append = (body: Body): Promise<Position> => {
    seq++
    return journal.append(encodeJournalRecord(BigInt(seq), encodeEnvelope({ rig: '서울-1', spool: spoolA, seq, body })))
  }
  await append({ type: 'schema', bytes: encodeSchema(schema) })
  let row = 0
  const appendBatch = () => {
    const values = Array.from({ length: rowsPerBatch }, () => row++)
    const times = values.map((value) => BigInt(value) * 1000n)
    return append(makeBatch(schema, times, [f64(...values.map((value) => value / 3))]))
  }
  return { journal, appendBatch, rows: () => row }
}

/** The child processes of this one that run the program. */
const pids = (): number[] =>
  execFileSync('ps', ['-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, ...args]) => Number(ppid) === process.pid && args.includes(program))
    .map(([pid]) => Number(pid))

it('writes everything exactly once, though its process is killed again and again', async () => {
  const lake = makeLake()
  // As ingest does when one comes.
  lake.catalog.saveSchema(toHex(hashSchema(encodeSchema(schema))), '서울-1', encodeSchema(schema))
  const { journal, appendBatch, rows } = await openJournal(lake.journalFolder)
  onTestFinished(() => journal.close())
  const streamFolder = join(lake.lakeFolder, 'v1', 'stream=s')
  mkdirSync(streamFolder, { recursive: true })
  const sink = startLakeSink(
    {
      journalFolder: lake.journalFolder,
      lakeFolder: lake.lakeFolder,
      catalogFile: join(lake.folder, 'catalog.sqlite'),
      quarantineFolder: join(lake.folder, 'quarantine'),
      config: { partBytesMax: 300_000 },
    },
    { log: silentLog },
    program,
  )
  onTestFinished(() => sink.close())
  // It is killed as soon as it has put a file in place, which is in the middle of a write: others and the catalog follow.
  const fileAppears = () =>
    new Promise<void>((resolve) => {
      const watcher = watch(streamFolder, (_, name) => {
        if (!String(name).endsWith('.parquet')) return
        watcher.close()
        resolve()
      })
    })
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 150; i++) await appendBatch()
    const appears = fileAppears()
    sink.synced(journal.synced)
    if (round === 3) break
    await appears
    for (const pid of pids()) process.kill(pid, 'SIGKILL')
  }
  await sink.flush(journal.synced)
  expect(sink.status().restarts).toBeGreaterThanOrEqual(3)
  await sink.close()
  await sink.close()
  expect(pids()).toEqual([])

  const chunks = await lake.rows('s')
  const values = chunks.flatMap(({ columns }) => [...(columns[0]!.values as Float64Array)])
  expect(values.length).toBe(rows())
  expect(values.every((value, i) => value === i / 3)).toBe(true)
  expect(await lake.table('_envelopes')).toHaveLength(601)
  expect(lake.files()).toEqual(
    lake.catalog
      .lakeFiles()
      .map(({ path }) => path)
      .sort(),
  )
})
