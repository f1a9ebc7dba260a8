import { expect, test } from 'vitest'
import type { ClockedPart } from '../../ingest/history/types.ts'
import type { Body } from '../../protos/types.ts'
import { buildPrograms, openGround } from './history-setup.ts'

// Times by ingest's clock as a rig's, from clock samples in a real journal and lake, by history's real process.

buildPrograms()

const s = 1_000_000_000n
const rig = '서울-1'
const nowNs = () => BigInt(Date.now()) * 1_000_000n

/** A comparison at that time of ingest's, of a clock that is ahead by `aheadNs`; `stepNs`: it has just been set. */
const sample = (ingestNs: bigint, aheadNs: bigint, stepNs = 0n): Body => ({
  type: 'clock_sample',
  clockSample: {
    tNs: ingestNs + aheadNs,
    offsetNs: stepNs === 0n ? -aheadNs : 0n,
    roundTripNs: stepNs === 0n ? 4_000_000n : 0n,
    stepNs,
    monotonicNs: ingestNs - 1_000_000n * s,
    bootId: new Uint8Array(16).fill(9),
  },
})

const byIngest = (fromNs: bigint, toNs: bigint, name = rig): ClockedPart => ({
  rig: name,
  fromNs,
  fromClock: 'ingest',
  toNs,
  toClock: 'ingest',
})

test('the same from the journal, from the lake, and from both; of other rigs nothing', async () => {
  const ground = await openGround()
  const t0 = nowNs()
  const ask = async () => (await ground.history.rigTimes({ parts: [byIngest(t0 + s, t0 + 30n * s)] })).parts[0]!
  const expected = {
    rig,
    from: { ns: t0 + 4n * s, offsetNs: -3n * s, uncertaintyNs: 2_000_000n },
    to: { ns: t0 + 133n * s, offsetNs: -103n * s, uncertaintyNs: 2_000_000n },
    through: [
      { fromNs: t0 + 4n * s, toNs: t0 + 18n * s },
      { fromNs: t0 + 118n * s, toNs: t0 + 133n * s },
    ],
  }
  await ground.append(sample(t0, 500n * s), 'other')
  await ground.append(sample(t0, 3n * s))
  await ground.append(sample(t0 + 10n * s, 3n * s))
  await ground.journal.roll()
  await ground.toLake()
  await ground.append(sample(t0 + 15n * s, 103n * s, 100n * s))
  await ground.append(sample(t0 + 25n * s, 103n * s))
  await ground.append(sample(t0 + 35n * s, 103n * s))
  expect(await ask()).toEqual(expected)
  await ground.journal.roll()
  await ground.toLake()
  expect(await ask()).toEqual(expected)
  // Asked again: from what is known of the files.
  expect(await ask()).toEqual(expected)
})

test('bounds of both clocks, and a rig whose clock was never compared', async () => {
  const ground = await openGround()
  const t0 = nowNs()
  // A rig in 1970.
  await ground.append(sample(t0, -t0))
  const { parts } = await ground.history.rigTimes({
    parts: [
      { ...byIngest(5n * s, t0 + 10n * s), fromClock: 'rig' },
      { ...byIngest(5n * s, 9n * s), fromClock: 'rig', toClock: 'rig' },
      { ...byIngest(t0, 20n * s), toClock: 'rig' },
      byIngest(t0, t0 + s, 'silent'),
    ],
  })
  expect(parts.map(({ through }) => through)).toEqual([
    [{ fromNs: 5n * s, toNs: 10n * s }],
    [{ fromNs: 5n * s, toNs: 9n * s }],
    [{ fromNs: 0n, toNs: 20n * s }],
    [{ fromNs: t0, toNs: t0 + s }],
  ])
  expect(parts[0]!.from).toBeUndefined()
  expect(parts[3]!.from).toEqual({ ns: t0, offsetNs: 0n, uncertaintyNs: null })
})

test('of many files those about the time are read, however many there are', async () => {
  const ground = await openGround()
  const t0 = nowNs()
  // One that came long ago, and was compared long ago: the nearest there is to a time before all of them.
  for (let i = 0n; i < 40n; i++) {
    await ground.append(sample(t0 + i * 10n * s, i * 1_000_000n))
    await ground.journal.roll()
    await ground.toLake()
  }
  expect(ground.catalog.lakeFiles('_clock')).toHaveLength(40)
  const { parts } = await ground.history.rigTimes({ parts: [byIngest(t0 - 3600n * s, t0 - 3599n * s)] })
  expect(parts[0]!.from!.offsetNs).toBe(0n)
  const between = { fromSegment: '0', toSegment: '0', besides: 8 }
  const { tables } = ground.catalog.lakeLook([{ table: '_clock', rig, between }])
  expect(tables[0]!.files).toHaveLength(8)
  const began = performance.now()
  for (let i = 0; i < 20; i++) await ground.history.rigTimes({ parts: [byIngest(t0, t0 + 400n * s)] })
  expect((performance.now() - began) / 20).toBeLessThan(100)
})
