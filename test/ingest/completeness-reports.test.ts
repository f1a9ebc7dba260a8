import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { startHistory } from '../../ingest/history/start-history.ts'
import type { MissingNumbers } from '../../ingest/history/types.ts'
import { journalFolder } from '../../ingest/journal.ts'
import { encodeJournalRecord } from '../../ingest/journal-record.ts'
import { type ReportsOptions, startReports } from '../../ingest/reports.ts'
import { startLakeSink } from '../../ingest/sinks/start-sink.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Body, Health, Schema } from '../../protos/types.ts'
import { waitFor } from '../services/rigline.ts'
import { buildPrograms, programs } from './history-setup.ts'
import { f64, makeBatch, spoolA } from './lake-setup.ts'
import { openRuns } from './runs-setup.ts'

// When reports on runs are made: over real runs, journal, lake and history.

buildPrograms()

const rig = '자동차-2'
const second = 1_000_000_000n
const schema: Schema = {
  stream: '주행',
  period: { num: second / 10n, den: 1n },
  channels: [{ name: '속도', kind: 'f64', unit: 'km/h' }],
}
const signed = { author: '김', text: '' }

async function openGround() {
  const ground = await openRuns()
  const { folder, catalog, journal } = ground
  const catalogFile = join(folder, 'catalog.sqlite')
  const folders = { journalFolder: journalFolder(folder), catalogFile, lakeFolder: join(folder, 'lake') }
  const history = startHistory({ ...folders, log: silentLog }, programs.history)
  onTestFinished(() => history.close())
  const sink = startLakeSink(
    { ...folders, quarantineFolder: join(folder, 'quarantine') },
    { log: silentLog },
    programs.lake,
  )
  onTestFinished(() => sink.close())
  const bytes = encodeSchema(schema)
  catalog.saveSchema(toHex(hashSchema(bytes)), rig, bytes)
  let seq = 0
  const append = async (body: Body, number = seq + 1) => {
    seq = Math.max(seq, number)
    await journal.log.append(encodeJournalRecord(0n, encodeEnvelope({ rig, spool: spoolA, seq: number, body })))
    history.synced(journal.log.synced)
  }
  /** So many seconds from that one on. */
  const drive = async (fromNs: bigint, seconds: number) => {
    for (let s = 0; s < seconds; s++) {
      const times = Array.from({ length: 10 }, (_, i) => fromNs + BigInt(s) * second + (BigInt(i) * second) / 10n)
      await append(makeBatch(schema, times, [f64(...times.map((t) => Number(t % 1000n)))]))
    }
  }
  const state = { health: undefined as Health | undefined, missing: [] as MissingNumbers[] }
  const begin = (more: Partial<ReportsOptions> = {}) => {
    const reports = startReports({
      runs: ground.runs,
      history,
      catalog,
      rigs: () => [{ rig, ...(state.health ? { health: state.health } : {}) }],
      missing: () => state.missing,
      nowNs: () => BigInt(Date.now()) * 1_000_000n,
      log: silentLog,
      settleMsMax: 600_000,
      lookEveryMs: 50,
      ...more,
    })
    onTestFinished(reports.close)
    return reports
  }
  return {
    ...ground,
    append,
    drive,
    state,
    begin,
    async toLake() {
      await journal.log.roll()
      sink.synced(journal.log.synced)
      await sink.flush(journal.log.synced)
    },
  }
}

const healthAt = (tNs: bigint, spoolEnvelopes: number): Health => ({
  tNs,
  version: '',
  memoryBytes: 0,
  spoolBytes: 0,
  spoolEnvelopes,
  sources: [],
})

test('a report is made when the rig has sent what it held, and again when late data, a correction or a Gap come', async () => {
  const ground = await openGround()
  const { runs, state, drive } = ground
  const reports = ground.begin()
  const fromNs = BigInt(Date.now() - 60_000) * 1_000_000n
  const toNs = fromNs + 20n * second
  await runs.enter.start({ run: '시험', rigs: [rig], fromNs, facts: {} }, signed)
  await drive(fromNs, 10)
  expect(reports.isComing('시험')).toBe(false)
  await runs.enter.stop('시험', toNs, signed)
  expect(reports.isComing('시험')).toBe(true)
  // Ten seconds of it are still in the rig's spool.
  state.health = healthAt(toNs + second, 100)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(reports.get('시험')).toBeUndefined()
  state.health = healthAt(toNs + second, 0)
  await waitFor('the report', 20_000, async () => reports.get('시험') !== undefined)
  const first = reports.get('시험')!
  expect(first).toMatchObject({
    run: '시험',
    version: 1,
    outdated: false,
    verdict: 'complete',
    parts: [{ rig, streams: [{ delivered: { rows: 100 }, stored: { lakeRows: 0, journalRows: 100 } }] }],
  })
  expect(first.findings).toEqual([`${rig}/주행: the last row is 10.1 s before the end`])
  // What was in the journal is in the lake now: made again, and it says the same.
  await ground.toLake()
  await waitFor('the next one', 20_000, async () => reports.get('시험')!.parts[0]!.streams[0]!.stored.lakeRows === 100)
  // Late.
  await drive(fromNs + 10n * second, 10)
  await ground.toLake()
  await waitFor('late data', 20_000, async () => reports.get('시험')!.parts[0]!.streams[0]!.delivered.rows === 200)
  expect(reports.get('시험')).toMatchObject({ verdict: 'complete', findings: [] })
  await waitFor('it to be quiet', 20_000, async () => !reports.isComing('시험'))
  const { madeMs } = reports.get('시험')!
  // Of another time.
  await drive(toNs + 100n * second, 5)
  await ground.toLake()
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(reports.get('시험')!.madeMs).toBe(madeMs)
  const gap = { fromNs: toNs - second, toNs: toNs + second, streams: [], cause: 'agent_down', detail: '' } as const
  await ground.append({ type: 'gap', gap: { ...gap, streams: [], spool: '', numbers: [], rows: 0 } })
  await ground.toLake()
  await waitFor('the Gap', 20_000, async () => reports.get('시험')!.verdict === 'gaps_declared')
  await runs.enter.correct('시험', { toNs: toNs - 5n * second }, signed)
  await waitFor('the correction', 20_000, async () => reports.get('시험')!.version === 2)
  expect(reports.get('시험')).toMatchObject({
    verdict: 'complete',
    parts: [{ toNs: String(toNs - 5n * second), streams: [{ delivered: { rows: 150 } }] }],
  })
})

test('holes are looked at until they are filled; a second start makes what is owed and no more', async () => {
  const ground = await openGround()
  const { runs, state, drive, append, catalog } = ground
  const fromNs = BigInt(Date.now() - 60_000) * 1_000_000n
  const before = ground.begin({ settleMsMax: 0 })
  await runs.enter.start({ run: 'a', rigs: [rig], fromNs, facts: {} }, signed)
  await drive(fromNs, 5)
  await append(makeBatch(schema, [fromNs + 5n * second], [f64(1)]), 8)
  state.missing = [{ rig, spool: spoolA, from: 6, to: 7 }]
  await runs.enter.stop('a', fromNs + 6n * second, signed)
  await waitFor('the report', 20_000, async () => before.get('a')?.verdict === 'incomplete')
  expect(before.get('a')!.parts[0]).toMatchObject({ numbersMissing: 2, holes: [{ from: 6, to: 7 }] })
  await before.close()
  const saved = catalog.reports.report('a')!

  const again = ground.begin({ settleMsMax: 0 })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(catalog.reports.report('a')!.madeMs).toBe(saved.madeMs)
  // Health, or whatever it was: no file that the report rests on.
  state.missing = []
  await waitFor('the holes to be gone', 20_000, async () => again.get('a')?.verdict === 'complete')
  await again.close()

  const nextNs = fromNs + 20n * second
  await drive(nextNs, 1)
  await runs.enter.start({ run: 'b', rigs: [rig], fromNs: nextNs, toNs: nextNs + second, facts: {} }, signed)
  const third = ground.begin({ settleMsMax: 0 })
  await waitFor('the run that ended meanwhile', 20_000, async () => third.get('b')?.verdict === 'complete')
})

test('fresh ones: of an open run up to now and not kept; none of a run that is not known', async () => {
  const ground = await openGround()
  const reports = ground.begin()
  const fromNs = BigInt(Date.now() - 60_000) * 1_000_000n
  await ground.runs.enter.start({ run: 'open', rigs: [rig], fromNs, facts: {} }, signed)
  await ground.drive(fromNs, 3)
  const [one, same] = await Promise.all([reports.make('open'), reports.make('open')])
  expect(one).toMatchObject({ run: 'open', verdict: 'complete', parts: [{ streams: [{ delivered: { rows: 30 } }] }] })
  expect(same).toBe(one)
  expect(reports.get('open')).toBeUndefined()
  expect(await reports.make('없음')).toBeUndefined()
})
