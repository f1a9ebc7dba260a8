import { copyFileSync, cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createClock } from '../../common/clock.ts'
import { silentLog } from '../../common/log.ts'
import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import { readRecords } from '../../common/segment-reader.ts'
import { ulid } from '../../common/ulid.ts'
import { journalFolder } from '../../ingest/journal.ts'
import { decodeJournalRecord } from '../../ingest/journal-record.ts'
import { beginning } from '../../ingest/runs/find-markers.ts'
import { createFollow } from '../../ingest/runs/follow.ts'
import { decodeBody, encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { encodeRunEvent, type RunEvent } from '../../protos/run-events.ts'
import { newFolder, openRuns } from './runs-setup.ts'

const started = (run: string): RunEvent => ({ type: 'run.started', run, rigs: [], facts: { operator: '김' } })
const signed = { author: 'test', text: '' }
const whole = { fromNs: 0n, toNs: 2n ** 62n }

/** How often each rig of each run was frozen, by the journal. */
async function frozenTimes(folder: string, to: Position) {
  const times = new Map<string, number>()
  for await (const { bytes } of readRecords(journalFolder(folder), undefined, to)) {
    const { envelope } = decodeJournalRecord(bytes)
    const { body } = decodeBody(envelope, readHeader(envelope))
    if (body.type !== 'event' || body.event.type !== 'run.froze') continue
    const key = `${body.event.facts.run} ${body.event.facts.rig}`
    times.set(key, (times.get(key) ?? 0) + 1)
  }
  return Object.fromEntries(times)
}

test('what was in the journal and not in the catalog when ingest was killed is there after the next start', async () => {
  const folder = newFolder()
  const first = await openRuns({ folder })
  await first.fromRig('car-1', started('before'))
  await expect.poll(() => first.runs.get('before')?.frozen.length).toBe(1)
  await first.close()
  const restored = newFolder()
  for (const file of ['catalog.sqlite', 'catalog.sqlite-wal']) {
    if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(restored, file))
  }

  const second = await openRuns({ folder })
  await second.fromRig('자동차-2', started('시험'))
  await second.runs.enter.start({ run: 'own', rigs: ['car-1'], facts: {}, fromNs: 5n, toNs: 9n }, signed)
  await second.runs.enter.describe('car-1', { validFromNs: 0n, facts: { site: '서울' } }, signed)
  await expect
    .poll(() => [second.runs.get('시험')?.frozen.length, second.runs.get('own')?.frozen.length])
    .toEqual([1, 1])
  const known = ['before', '시험', 'own'].map((run) => second.runs.get(run))
  await second.close()
  // The catalog as it was before all that, the journal as it is now.
  cpSync(journalFolder(folder), journalFolder(restored), { recursive: true })
  const third = await openRuns({ folder: restored })
  expect(['before', '시험', 'own'].map((run) => third.runs.get(run))).toEqual(known)
  expect(third.runs.factsAt('car-1', 1n)).toEqual({ site: '서울' })
  await third.runs.enter.mark('시험', { label: 'alive' }, signed)
  expect(await frozenTimes(restored, third.journal.log.synced)).toEqual({
    'before car-1': 1,
    '시험 자동차-2': 1,
    'own car-1': 1,
  })
})

test('a run that was not frozen when ingest ended is frozen at the next start, with the history of its time', async () => {
  const folder = newFolder()
  const first = await openRuns({ folder })
  await first.runs.enter.describe('car-1', { validFromNs: 100n, facts: { cabin: 'A' } }, signed)
  await first.runs.enter.describe('car-1', { validFromNs: 200n, facts: { cabin: 'B' } }, signed)
  // Nothing is frozen any more; the events are taken all the same.
  first.runs.close()
  await first.fromRig('car-1', started('r'), { tNs: 150n })
  await first.close()
  const second = await openRuns({ folder })
  await expect
    .poll(() => second.runs.get('r')?.frozen)
    .toMatchObject([{ facts: { cabin: 'A', agentVersion: '9.9.9' } }])
})

test('a flood of markers is taken in small pieces, all of it, and nothing waits for it long', async () => {
  const { runs, fromRig, catalog, journal } = await openRuns()
  const count = 6_000
  let longestMs = 0
  let last = performance.now()
  const watch = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last)
    last = performance.now()
  }, 5)
  const marker = (i: number): RunEvent => ({
    type: 'marker',
    marker: `m${i}`,
    run: '',
    rigs: [],
    label: '표시',
    fromNs: BigInt(i),
  })
  await Promise.all(Array.from({ length: count }, (_, i) => fromRig('car-1', marker(i))))
  // More waited than fits, so the journal is still needed from somewhere on.
  expect(runs.follower.owed()).toBeDefined()
  journal.checkpoint(journal.log.synced)
  expect(comparePositions(catalog.ranges().upTo!, journal.log.synced)).toBeLessThan(0)
  last = performance.now()
  longestMs = 0
  const beganMs = last
  await expect
    .poll(() => catalog.runs.countEvents(), { timeout: 20_000, interval: 50 })
    .toEqual([{ rig: 'car-1', count }])
  clearInterval(watch)
  // A busy machine takes longer for both.
  expect(longestMs).toBeLessThan(Math.max(150, (performance.now() - beganMs) / 5))
  await expect.poll(() => runs.follower.owed()).toBeUndefined()
  journal.checkpoint(journal.log.synced)
  expect(catalog.ranges().upTo).toEqual(journal.log.synced)
  const page = runs.markersOfRig('car-1', whole, beginning, 1000)
  expect(page.markers.length).toBe(1000)
  expect(page.markers[999]!.marker).toBe('m999')
})

test('events wait while the catalog cannot be written, and are not lost', async () => {
  const saved: string[] = []
  let broken = true
  const follow = createFollow({
    log: silentLog,
    held: new Map(),
    save(records) {
      if (broken) throw new Error('disk full')
      saved.push(...records.map(({ id }) => id))
    },
  })
  const { journal } = await openRuns()
  follow.start({ folder: journalFolder(newFolder()), log: journal.log })
  const id = ulid()
  const body = { type: 'event' as const, event: encodeRunEvent(started('r'), { tNs: 1n, author: 'a', text: '', id }) }
  const envelope = encodeEnvelope({ rig: 'car-1', spool: ulid(), seq: 1, body })
  follow.stored(readHeader(envelope), envelope, createClock().nowNs(), { segment: ulid(), offset: 0 })
  expect(() => follow.save()).toThrow('disk full')
  broken = false
  await expect.poll(() => saved, { timeout: 5_000 }).toEqual([id])
  follow.close()
})

test('who follows runs hears once that one has ended, and again when late data change it', async () => {
  const { runs, fromRig } = await openRuns()
  const heard: [string, boolean][] = []
  runs.changed((run, ended) => heard.push([run.run, ended]))
  runs.changed(() => {
    throw new Error('a listener that fails')
  })
  const turn = () => runs.follower.save()
  await fromRig('car-1', started('r'), { tNs: 10n })
  turn()
  await fromRig('car-1', { type: 'run.stopped', run: '' }, { tNs: 20n })
  turn()
  await fromRig('car-1', { type: 'run.corrected', run: 'r', facts: { tags: ['late'] } })
  turn()
  expect(heard[0]).toEqual(['r', false])
  expect(heard.filter(([, ended]) => ended)).toEqual([['r', true]])
  expect(heard.at(-1)).toEqual(['r', false])
  expect(runs.partsOf('r')).toEqual([{ rig: 'car-1', fromNs: 10n, fromClock: 'rig', toNs: 20n, toClock: 'rig' }])
})
