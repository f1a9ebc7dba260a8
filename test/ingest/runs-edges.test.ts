import { expect, test } from 'vitest'
import { ulid } from '../../common/ulid.ts'
import { encodeRunEvent, type RunEvent } from '../../protos/run-events.ts'
import { openRuns } from './runs-setup.ts'

// What rigs with clocks and ids of their own, and people who ask twice, can do to runs.

const started = (run: string): RunEvent => ({ type: 'run.started', run, rigs: [], facts: {} })
const stopped = (run: string): RunEvent => ({ type: 'run.stopped', run })
const signed = { author: 'test', text: '' }
const minuteNs = 60_000_000_000n

test('a run of a rig whose clock shows the first or the last time there is can be read', async () => {
  const { runs, fromRig } = await openRuns()
  await fromRig('car-1', started('first'), { tNs: -(2n ** 63n) })
  await fromRig('자동차-2', started('last'), { tNs: 2n ** 63n - 1n })
  await expect.poll(() => runs.names().length).toBe(2)
  expect(runs.list({}, undefined, 10).runs.map((run) => [run.run, runs.problemsOf(run)])).toEqual([
    ['last', []],
    ['first', []],
  ])
})

test('a stop that is entered here ends the part that a rig began by a clock that is ahead', async () => {
  const now = 1_800_000_000_000_000_000n
  const { runs, fromRig } = await openRuns({ nowNs: () => now })
  await fromRig('car-1', started('r'), { tNs: now - 20n * minuteNs })
  await fromRig('car-1', stopped('r'), { tNs: now - 10n * minuteNs })
  await fromRig('car-1', started('r'), { tNs: now + 5n * minuteNs })
  await expect.poll(() => runs.get('r')?.parts.length).toBe(2)
  const run = await runs.enter.stop('r', undefined, signed)
  // Each time by its own clock.
  expect(run.parts[1]).toMatchObject({ fromNs: now + 5n * minuteNs, fromClock: 'rig', toNs: now, toClock: 'ingest' })
})

test('long ids that begin alike are different events', async () => {
  const { runs, fromRig } = await openRuns()
  await fromRig('car-1', started('one'), { id: `${'y'.repeat(100_000)}1` })
  await fromRig('car-1', started('two'), { id: `${'y'.repeat(100_000)}2` })
  await expect.poll(() => runs.names().sort()).toEqual(['one', 'two'])
})

test('a run that is over, asked for again with another end, is another one', async () => {
  const { runs } = await openRuns()
  const asked = { run: 'r', rigs: ['car-1'], facts: {}, fromNs: 0n, toNs: 9n * minuteNs }
  await runs.enter.start(asked, signed)
  expect((await runs.enter.start(asked, signed)).toNs).toBe(9n * minuteNs)
  await expect(runs.enter.start({ ...asked, toNs: 10n * minuteNs }, signed)).rejects.toThrow(
    /ended at 1970-01-01T00:09:00.000Z, not at 1970-01-01T00:10:00.000Z/,
  )
  // Asked again after a correction, it is still the same.
  await runs.enter.correct('r', { toNs: 8n * minuteNs }, signed)
  expect((await runs.enter.start(asked, signed)).toNs).toBe(8n * minuteNs)
})

test('corrections that would not count are refused, and leave room to stop the run', async () => {
  const { runs, own } = await openRuns()
  await runs.enter.start({ run: 'r', rigs: ['car-1'], facts: {} }, signed)
  const correction = (i: number) => {
    const event: RunEvent = { type: 'run.corrected', run: 'r', facts: { cabin: `c${i}` } }
    return encodeRunEvent(event, { tNs: 1n, author: 'test', text: '', id: ulid() })
  }
  await Promise.all(Array.from({ length: 479 }, (_, i) => own.add({ type: 'event', event: correction(i) })))
  await expect.poll(() => runs.get('r')?.version).toBe(480)
  await expect(runs.enter.correct('r', { facts: { cabin: 'x' } }, signed)).rejects.toMatchObject({ status: 409 })
  expect((await runs.enter.stop('r', undefined, signed)).toNs).toBeDefined()
})

test('a rig whose version is longer than any event cannot keep runs from being frozen', async () => {
  const { runs, fromRig } = await openRuns({ agentVersion: 'v'.repeat(300_000) })
  await fromRig('car-1', started('r'))
  await expect.poll(() => runs.get('r')?.frozen.map(({ facts }) => facts.agentVersion?.length)).toEqual([200])
})
