import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqlite } from '../../ingest/catalog/sqlite.ts'
import type { LakeFile } from '../../ingest/catalog/types.ts'
import type { Completeness, StreamReport } from '../../ingest/history/completeness/report.ts'
import type { MissingNumbers } from '../../ingest/history/types.ts'
import type { Body, Column, Schema } from '../../protos/types.ts'
import { buildPrograms, openGround } from './history-setup.ts'
import { f64, makeBatch, spoolA } from './lake-setup.ts'

// Reports by history's real process, over a real journal and lake.

buildPrograms()

const rig = '서울-1'
const second = 1_000_000_000n
const startNs = 1_700_000_000n * second
const at = (seconds: number) => startNs + BigInt(Math.round(seconds * 1e9))
const hz = 100
const schema: Schema = {
  stream: '주행',
  period: { num: second, den: BigInt(hz) },
  channels: [
    { name: 'speed', kind: 'f64', unit: 'km/h', min: 0, max: 300 },
    { name: 'brake_pedal', kind: 'f32', unit: '%', min: 0, max: 100 },
    { name: 'gear', kind: 'int', min: -1, max: 8 },
    { name: 'ecg', kind: 'int', unit: 'mV', min: -8, max: 7.99609375, gain: 0.00390625, offset: -8 },
    { name: 'abs', kind: 'bool' },
    { name: 'mode', kind: 'text' },
  ],
}

type Ground = Awaited<ReturnType<typeof openGround>>

interface Faults {
  /** Seconds after the start. */
  frozenFrom?: number
  frozenTo?: number
  saturatedFrom?: number
  saturatedTo?: number
}

const isIn = (t: number, from = Number.POSITIVE_INFINITY, to = Number.POSITIVE_INFINITY) => t >= from && t < to

/** One second of a drive. */
function driveBatch(fromS: number, { frozenFrom, frozenTo, saturatedFrom, saturatedTo }: Faults = {}, rows = hz): Body {
  const seconds = Array.from({ length: rows }, (_, i) => fromS + i / hz)
  const speed = seconds.map((t) =>
    isIn(t, frozenFrom, frozenTo) ? 61.5 : 60 + 30 * Math.sin(t / 9) + Math.cos(t * 77),
  )
  const brake = Float32Array.from(seconds, (t) => Math.max(0, 80 * Math.sin(t / 11) - 40))
  const gear = Float64Array.from(speed, (v) => Math.floor(v / 20))
  const ecg = Float64Array.from(seconds, (t) => {
    const mV = isIn(t, saturatedFrom, saturatedTo) ? 20 * Math.sin(7 * t) : Math.sin(7 * t) + 0.3 * Math.cos(91 * t)
    return Math.min(4095, Math.max(0, Math.round((mV + 8) * 256)))
  })
  // One in ten of the text is missing.
  const validity = Uint8Array.from({ length: Math.ceil(rows / 8) }, (_, byte) =>
    [0, 1, 2, 3, 4, 5, 6, 7].reduce((bits, bit) => (((byte * 8 + bit) % 10 === 0 ? 0 : 1) << bit) | bits, 0),
  )
  const columns: Column[] = [
    f64(...speed),
    { kind: 'f32', values: brake },
    { kind: 'int', values: gear },
    { kind: 'int', values: ecg },
    { kind: 'bool', values: Uint8Array.from(seconds, (t) => (t % 2 < 1 ? 1 : 0)) },
    { kind: 'text', values: new Uint32Array(rows), dictionary: ['경제'], validity },
  ]
  return makeBatch(schema, seconds.map(at), columns)
}

const gap = (fromS: number, toS: number, more: object = {}): Body => ({
  type: 'gap',
  gap: {
    fromNs: at(fromS),
    toNs: at(toS),
    streams: [],
    cause: 'agent_down',
    detail: '',
    spool: '',
    numbers: [],
    rows: 0,
    ...more,
  },
})

const sample = (seconds: number, offsetNs: number, stepNs = 0): Body => ({
  type: 'clock_sample',
  clockSample: {
    tNs: at(seconds),
    offsetNs: BigInt(Math.round(offsetNs)),
    roundTripNs: stepNs === 0 ? 400_000n : 0n,
    stepNs: BigInt(stepNs),
    monotonicNs: 0n,
    bootId: new Uint8Array(16),
  },
})

const ask = (
  ground: Ground,
  fromS: number,
  toS: number,
  more: { missing?: MissingNumbers[]; streams?: string[] } = {},
) =>
  ground.history.completeness({
    parts: [{ rig, fromNs: at(fromS), toNs: at(toS) }],
    missing: more.missing ?? [],
    nowNs: at(1e6),
    ...(more.streams ? { streams: more.streams } : {}),
  })

const only = ({ parts }: Completeness): StreamReport => {
  expect(parts).toHaveLength(1)
  expect(parts[0]!.streams).toHaveLength(1)
  return parts[0]!.streams[0]!
}

const channel = ({ channels }: StreamReport, name: string) => channels.find((one) => one.channel === name)!

test('a whole drive: the same from the journal, from the lake, and from both; edges cut batches exactly', async () => {
  const ground = await openGround()
  await ground.know(schema)
  for (let s = 0; s < 40; s++) await ground.append(driveBatch(s))
  const check = async (lakeRows: number | undefined) => {
    const report = await ask(ground, 0, 40)
    const stream = only(report)
    const findings = ['서울-1/주행: mode is missing in 400 of 4,000 (10 %) rows']
    expect(report).toMatchObject({ verdict: 'complete', findings })
    expect(stream).toMatchObject({
      delivered: { rows: 4000, envelopes: 40 },
      trouble: null,
      firstNs: String(at(0)),
      lastNs: String(at(39.99)),
      gaps: { count: 0, seconds: 0 },
      rate: { nominalRowsPerS: 100, rowsPerS: 100, ratio: 1, pauses: 0, longestPauseS: 0.01, beforeFirstS: 0 },
    })
    if (lakeRows !== undefined) expect(stream.stored).toMatchObject({ lakeRows, journalRows: 4000 - lakeRows })
    expect(stream.rate.afterLastS).toBeCloseTo(0.01, 6)
    expect(channel(stream, 'mode')).toMatchObject({ readings: 3600, missing: 400, numbers: null })
    expect(channel(stream, 'speed')).toMatchObject({ readings: 4000, missing: 0, nan: 0 })
    // Cut in the middle of two batches.
    const part = only(await ask(ground, 10.255, 20.5))
    expect(part.delivered.rows).toBe(1024)
    expect(part).toMatchObject({ verdict: 'complete', trouble: null, firstNs: String(at(10.26)) })
    return { ...report, madeFrom: undefined, tookMs: 0, parts: report.parts.map(withoutStored) }
  }
  const withoutStored = (part: Completeness['parts'][number]) => ({
    ...part,
    streams: part.streams.map(({ stored: _, ...stream }) => stream),
  })
  const fromJournal = await check(0)
  await ground.toLake()
  const fromLake = await check(4000)
  expect(fromLake).toEqual(fromJournal)
})

test('finds what is stuck, clipped and missing, and says so worst first', async () => {
  const ground = await openGround({ partBytesMax: 200_000 })
  await ground.know(schema)
  const faults = { frozenFrom: 50, frozenTo: 75.5, saturatedFrom: 100, saturatedTo: 110 }
  for (let s = 0; s < 120; s++) {
    if (s < 30 || s >= 35) await ground.append(driveBatch(s, faults))
    if (s === 60) await ground.toLake()
  }
  const stream = only(await ask(ground, 0, 120))
  expect(stream.verdict).toBe('complete')
  expect(stream.rate).toMatchObject({ pauses: 1 })
  expect(stream.rate.pausesS).toBeCloseTo(5.01, 6)
  expect(stream.rate.longestPauseFromNs).toBe(String(at(29.99)))
  expect(stream.rate.ratio).toBeLessThan(0.97)
  expect(channel(stream, 'speed').numbers!.stuck).toMatchObject({ rows: 2550, value: 61.5, fromNs: String(at(50)) })
  expect(channel(stream, 'brake_pedal').numbers).toMatchObject({ stuck: null, clipped: [{ judged: 'rest', value: 0 }] })
  expect(channel(stream, 'gear').numbers).toMatchObject({ stuck: null, clipped: [] })
  const { clipped, outOfRange } = channel(stream, 'ecg').numbers!
  expect(clipped).toMatchObject([
    { side: 'min', value: -8, judged: 'clipped' },
    { side: 'max', value: 7.99609375, judged: 'clipped' },
  ])
  expect(BigInt(clipped[1]!.firstNs)).toBeGreaterThanOrEqual(at(100))
  expect(outOfRange.readings).toBe(0)
  const words = stream.findings.join('\n')
  expect(words).toMatch(/^주행: 1 pause that no Gap explains, 5.01 s together/)
  expect(words.indexOf('speed did not change for 25.49 s')).toBeGreaterThan(0)
  expect(words.indexOf('ecg is clipped at 7.996 mV')).toBeGreaterThan(words.indexOf('speed did not change'))
  expect(words).toContain('mode is missing in 1,150 of 11,500 (10 %) rows')
})

test('Gaps: clipped, not counted twice, out of the rate; of other streams and rigs not at all', async () => {
  const ground = await openGround()
  await ground.know(schema)
  for (let s = 0; s < 20; s++) if (s < 5 || s >= 10) await ground.append(driveBatch(s))
  await ground.append(gap(4.99, 10))
  await ground.append(gap(6, 12, { streams: ['주행', 'x'], cause: 'spool_full', rows: 7 }))
  await ground.append(gap(0, 20, { streams: ['x'] }))
  await ground.append(gap(0, 20), '서울-2')
  await ground.append(gap(18, 30, { cause: 'source_down' }))
  const check = async () => {
    const { parts, verdict } = await ask(ground, 0, 20)
    expect(verdict).toBe('gaps_declared')
    expect(parts[0]!.streams.map(({ stream }) => stream)).toEqual(['x', '주행'])
    const [x, drive] = parts[0]!.streams as [StreamReport, StreamReport]
    expect(x).toMatchObject({ verdict: 'gaps_declared', delivered: { rows: 0 }, gaps: { count: 4, seconds: 20 } })
    expect(drive.gaps).toMatchObject({
      count: 3,
      rows: 7,
      byCause: [
        { cause: 'spool_full', count: 1, seconds: 6 },
        { cause: 'agent_down', count: 1 },
        { cause: 'source_down', count: 1, seconds: 2 },
      ],
    })
    expect(drive.gaps.seconds).toBeCloseTo(12 - 4.99 + 2, 9)
    expect(drive.rate).toMatchObject({ pauses: 0, afterLastS: 0, longestPauseS: 0.01 })
    expect(drive.rate.rowsPerS).toBeCloseTo(100, 9)
    expect(drive.findings[0]).toMatch(
      /^주행: 3 Gaps, 9.01 s together \(spool_full 6 s, agent_down 5.01 s, source_down 2 s\)/,
    )
  }
  await check()
  await ground.toLake()
  await check()
})

test('holes, an empty span, a stream that was there just before, and names that are not known', async () => {
  const ground = await openGround()
  await ground.know(schema)
  for (let s = 0; s < 10; s++) await ground.append(driveBatch(s), rig, spoolA, s < 5 ? s + 2 : s + 4)
  await ground.toLake()
  const missing = [{ rig, spool: spoolA, from: 7, to: 8 }]
  const report = await ask(ground, 0, 10, { missing })
  expect(report.verdict).toBe('incomplete')
  expect(report.parts[0]).toMatchObject({
    numbersMissing: 2,
    holes: [{ spool: spoolA, from: 7, to: 8, fromNs: String(at(4.99)), toNs: String(at(5)) }],
  })
  expect(report.findings[0]).toMatch(/^서울-1: 2 envelopes missing that nobody has declared/)
  // Not in that time.
  expect((await ask(ground, 7, 10, { missing })).verdict).toBe('complete')
  const later = await ask(ground, 100, 200)
  expect(later).toMatchObject({ verdict: 'empty', parts: [{ verdict: 'empty' }] })
  expect(only(later)).toMatchObject({ delivered: { rows: 0 }, firstNs: null, rate: { rowsPerS: null } })
  expect(only(later).findings).toEqual(['주행: no rows, and no Gap says why'])
  expect(await ask(ground, 1e6, 1e6 + 1)).toMatchObject({ verdict: 'empty', findings: [], parts: [{ streams: [] }] })
  await expect(ask(ground, 0, 10, { streams: ['주햏'] })).rejects.toMatchObject({ status: 404, message: /"주행"/ })
})

test('the clock: from the lake and behind it; none with one sample', async () => {
  const ground = await openGround()
  await ground.know(schema)
  await ground.append(driveBatch(0))
  const jitter = (i: number) => 1e5 * Math.sin(i * 12.9898)
  const offset = (t: number, i: number) => 5e6 - 40e-6 * t * 1e9 + (t < 300 ? 0 : 1e9) + jitter(i)
  await ground.append(sample(0, offset(0, 0)))
  expect((await ask(ground, 0, 600)).parts[0]!.clock).toBeNull()
  for (let i = 1; i < 300; i++) {
    if (i === 150) {
      await ground.append(sample(300, 0, -1e9))
      await ground.toLake()
    }
    await ground.append(sample(i * 2, offset(i * 2, i)))
  }
  const { parts, findings } = await ask(ground, 0, 600)
  const clock = parts[0]!.clock!
  expect(clock).toMatchObject({
    samples: 300,
    atNs: String(at(300)),
    steps: [{ atNs: String(at(300)), stepMs: -1000 }],
  })
  expect(Math.abs(clock.driftPpm + 40)).toBeLessThan(clock.driftUncertaintyPpm * 2)
  expect(clock.driftUncertaintyPpm).toBeLessThan(1)
  expect(Math.abs(clock.offsetMs - (5 - 12 + 1000))).toBeLessThan(clock.offsetUncertaintyMs)
  expect(clock.offsetUncertaintyMs).toBeLessThan(0.5)
  expect(findings.join()).toContain("the rig's clock was set back by 1 s")
})

test('what retention removed was delivered; what is gone without a word is trouble', async () => {
  const ground = await openGround({ segmentBytesMax: 100_000, partBytesMax: 50_000 })
  await ground.know(schema)
  for (let s = 0; s < 90; s++) await ground.append(driveBatch(s))
  await ground.toLake()
  const files = ground.catalog.lakeFiles('주행').filter(({ rows }) => rows > 0)
  expect(files.length).toBeGreaterThan(1)
  const [removed, lost] = files as [LakeFile, LakeFile]
  ground.catalog.removeLakeFiles([removed], 'older than 1 d', 0)
  const rows = 9000 - removed.rows
  expect(only(await ask(ground, 0, 90))).toMatchObject({
    trouble: null,
    delivered: { rows: 9000 },
    stored: { lakeRows: rows, journalRows: 0, removedRows: removed.rows },
  })
  const sql = openSqlite(join(ground.folder, 'catalog.sqlite'))
  sql.run('DELETE FROM lake_files WHERE path = ?', lost.path)
  sql.close()
  const report = await ask(ground, 0, 90)
  const trouble = `${lost.rows.toLocaleString('en')} rows are missing: ${rows.toLocaleString('en')} were delivered, ${(rows - lost.rows).toLocaleString('en')} are stored`
  expect(report).toMatchObject({ verdict: 'incomplete', parts: [{ verdict: 'incomplete' }] })
  expect(only(report)).toMatchObject({ trouble, verdict: 'incomplete', stored: { lakeRows: rows - lost.rows } })
  expect(report.findings[0]).toBe(`서울-1/주행: ${trouble}`)
})

test('an envelope that came and is nowhere is lost; one that waits for its schema is put aside', async () => {
  const ground = await openGround()
  await ground.know(schema)
  for (let s = 0; s < 10; s++) await ground.append(driveBatch(s), rig, spoolA, s < 5 ? s + 2 : s + 4)
  await ground.toLake()
  const ranges = [{ from: 1, to: 13 }]
  ground.catalog.saveRanges([{ rig, spool: spoolA, predecessor: '', ranges, gone: [] }], ground.journal.synced)
  const lost = await ask(ground, 0, 10)
  expect(lost).toMatchObject({ verdict: 'incomplete', parts: [{ numbersLost: 2 }] })
  expect(lost.findings[0]).toBe('서울-1: 2 envelopes came and cannot be found any more')
  const gone = [{ from: 7, to: 7 }]
  ground.catalog.saveRanges([{ rig, spool: spoolA, predecessor: '', ranges, gone }], ground.journal.synced)
  expect((await ask(ground, 0, 10)).parts[0]!.numbersLost).toBe(1)
  // Number 8 was only late: it is in the journal now.
  await ground.append(driveBatch(5.5, {}, 1), rig, spoolA, 8)
  const found = await ask(ground, 0, 10)
  expect(found.parts[0]).toMatchObject({ numbersLost: 0 })
  const unknown: Schema = { stream: '모름', channels: [{ name: 'x', kind: 'f64' }] }
  await ground.append(makeBatch(unknown, [at(3), at(4)], [f64(1, 2)]))
  await ground.toLake()
  expect((await ask(ground, 0, 10)).parts[0]).toMatchObject({
    verdict: 'incomplete',
    numbersLost: 0,
    aside: { parked: 1, parkedRows: 2 },
  })
})

test('one at a time; who gives up ends it', async () => {
  const ground = await openGround()
  await ground.know(schema)
  for (let s = 0; s < 300; s++) await ground.append(driveBatch(s))
  const stop = new AbortController()
  const query = { parts: [{ rig, fromNs: at(0), toNs: at(300) }], missing: [], nowNs: at(1e6) }
  const given = ground.history.completeness(query, stop.signal)
  const others = Array.from({ length: 3 }, () => ask(ground, 0, 300))
  stop.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  for (const other of await Promise.all(others)) expect(only(other).delivered.rows).toBe(30_000)
  const flood = await Promise.allSettled(Array.from({ length: 24 }, () => ask(ground, 0, 300)))
  const refused = flood.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  expect(refused.length).toBeGreaterThan(0)
  for (const { reason } of refused) expect(reason).toMatchObject({ status: 503 })
})
