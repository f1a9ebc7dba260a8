import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, it } from 'vitest'
import { type Logger, silentLog } from '../../common/log.ts'
import type { LakeFile } from '../../ingest/catalog/types.ts'
import type { LakeRows } from '../../ingest/sinks/lake/read-lake.ts'
import { isValid } from '../../ingest/verify/checksum.ts'
import { encodeSchema } from '../../protos/schema.ts'
import type { Column, Schema } from '../../protos/types.ts'
import { f64, makeBatch, makeEnvelope, makeLake, never, segmentA, segmentB, spoolA } from './lake-setup.ts'

/** Far enough apart for an envelope to lie between. */
const at = (number: number, segment = segmentA) => ({ segment, offset: number * 1000 })
const bits = (value: number) => new BigUint64Array(Float64Array.of(value).buffer)[0]!.toString(16)

/** The values of one channel over chunks; null where there is none. */
function valuesOf(chunks: LakeRows[], channel: string, kind?: string): unknown[] {
  return chunks.flatMap((chunk) => {
    const column = chunk.columns.find((c) => c.channel === channel && (kind === undefined || c.kind === kind))!
    return Array.from({ length: chunk.rows }, (_, row) => {
      if (!isValid(column.validity, row)) return null
      return column.kind === 'text' ? column.dictionary[column.values[row]!] : column.values[row]
    })
  })
}
const timesOf = (chunks: LakeRows[]) => chunks.flatMap(({ times }) => [...times])

it('keeps every kind bit by bit, missing values too', async () => {
  const schema: Schema = {
    stream: '심전도',
    channels: [
      { name: 'd', kind: 'f64' },
      { name: 'f', kind: 'f32' },
      { name: 'i', kind: 'int' },
      { name: 'big', kind: 'int' },
      { name: 'mV', kind: 'int', gain: 0.005, offset: -1 },
      { name: 'b', kind: 'bool' },
      { name: '글', kind: 'text' },
    ],
  }
  const doubles = [0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, -1.7976931348623157e308]
  const floats = [0.1, -0, Number.NaN, Number.NEGATIVE_INFINITY, 1e-45, 3.4e38].map(Math.fround)
  const big = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 0n, -1n, 1n]
  const texts = ['가나다라마바사아자차카타파하', '', 'a\0b', '\ufeff표시', 'q\'"q', '가나다라마바사아자차카타파하']
  const validity = Uint8Array.of(0b101101)
  const columns: Column[] = [
    { kind: 'f64', values: Float64Array.from(doubles), validity },
    { kind: 'f32', values: Float32Array.from(floats) },
    { kind: 'int', values: Float64Array.of(1, -1, 2 ** 53, -(2 ** 53), 0, 7), validity },
    { kind: 'int', values: BigInt64Array.from(big) },
    { kind: 'int', values: Float64Array.of(-2048, 2047, 0, 1, 1024, 3) },
    { kind: 'bool', values: Uint8Array.of(1, 0, 1, 0, 0, 1), validity },
    { kind: 'text', values: Uint32Array.of(0, 1, 2, 3, 4, 0), dictionary: texts.slice(0, 5), validity },
  ]
  const times = [-1_500n, -1_499n, 0n, 1n, 1_700_000_000_123_456_789n, 9_223_372_036_854_775_807n]
  const simulation = BigInt64Array.of(0n, 10n, 20n, 30n, 40n, 50n)
  const lake = makeLake()
  const sink = await lake.open()
  const batch = makeBatch(schema, times, columns, { simulation })
  sink.add(makeEnvelope({ body: batch, schema, seq: 3, at: at(7) }))
  await sink.flush(never)

  const chunks = await lake.rows('심전도')
  const masked = <T>(values: T[]) => values.map((value, i) => (isValid(validity, i) ? value : null))
  expect(timesOf(chunks)).toEqual(times)
  expect(valuesOf(chunks, 'd').map((v) => v === null || bits(v as number))).toEqual(
    masked(doubles).map((v) => v === null || bits(v)),
  )
  expect(valuesOf(chunks, 'f').map((v) => bits(v as number))).toEqual(floats.map(bits))
  expect(valuesOf(chunks, 'i')).toEqual(masked([1n, -1n, 2n ** 53n, -(2n ** 53n), 0n, 7n]))
  expect(valuesOf(chunks, 'big')).toEqual(big)
  expect(valuesOf(chunks, 'mV')).toEqual([-2048, 2047, 0, 1, 1024, 3].map((raw) => raw * 0.005 + -1))
  expect(valuesOf(chunks, 'b')).toEqual(masked([1, 0, 1, 0, 0, 1]))
  expect(valuesOf(chunks, '글')).toEqual(masked(texts))
  expect(chunks.flatMap(({ flags }) => [...flags])).toEqual([0, 0, 8, 8, 0, 0])

  // What a stranger with nothing but DuckDB sees.
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  const file = join(lake.lakeFolder, lake.catalog.lakeFiles('심전도')[0]!.path)
  const seen = await connection.runAndReadAll(
    `SELECT rig, era, t_ns, epoch_us("time") AS us, sim_ns, spool, seq, "row", received_ns FROM '${file}' ORDER BY t_ns`,
  )
  expect(seen.getRows()[0]).toEqual(['서울-1', 0, -1_500n, -2n, 0n, spoolA, 3n, 0, 1_700_000_000_000_000_003n])
  expect(seen.getRows()[4]!.slice(2, 5)).toEqual([1_700_000_000_123_456_789n, 1_700_000_000_123_456n, 40n])
  const footer = await connection.runAndReadAll(
    `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${file}')`,
  )
  const pairs = Object.fromEntries(footer.getRows() as [string, string][])
  expect(pairs.rigline_format).toBe('1')
  expect(JSON.parse(pairs.rigline_numbers!)).toEqual([{ rig: '서울-1', spool: spoolA, from: 3, to: 3, envelopes: 1 }])
  connection.closeSync()
  instance.closeSync()
})

it('keeps raw integers beside physical values that do not give them back', async () => {
  const schema: Schema = { stream: 's', channels: [{ name: 'x', kind: 'int', gain: 1e-9, offset: 1e9 }] }
  const lake = makeLake()
  const sink = await lake.open()
  const raw = BigInt64Array.of(2n ** 63n - 1n, 1n, -(2n ** 62n) - 1n)
  sink.add(
    makeEnvelope({ body: makeBatch(schema, [1n, 2n, 3n], [{ kind: 'int', values: raw }]), schema, seq: 1, at: at(1) }),
  )
  await sink.flush(never)
  const chunks = await lake.rows('s')
  expect(valuesOf(chunks, 'x', 'raw')).toEqual([...raw])
  expect(valuesOf(chunks, 'x', 'scaled')).toEqual([...raw].map((value) => Number(value) * 1e-9 + 1e9))
})

it('unites the schemas of a stream in one file, and keeps names that collide apart', async () => {
  const first: Schema = {
    stream: 's',
    channels: [
      { name: 'Speed', kind: 'f64' },
      { name: 'time', kind: 'text' },
      { name: 'x', kind: 'f64' },
    ],
  }
  const second: Schema = {
    stream: 's',
    channels: [
      { name: 'x', kind: 'int' },
      { name: 'speed', kind: 'f64' },
    ],
  }
  const lake = makeLake()
  const sink = await lake.open()
  const word: Column = { kind: 'text', values: Uint32Array.of(0), dictionary: ['정오'] }
  const int: Column = { kind: 'int', values: Float64Array.of(9) }
  sink.add(makeEnvelope({ body: makeBatch(first, [1n], [f64(1.5), word, f64(2.5)]), schema: first, seq: 1, at: at(1) }))
  sink.add(makeEnvelope({ body: makeBatch(second, [2n], [int, f64(3.5)]), schema: second, seq: 2, at: at(2) }))
  await sink.flush(never)
  expect(lake.files().filter((name) => name.includes('stream='))).toHaveLength(1)
  const chunks = await lake.rows('s')
  expect(valuesOf(chunks, 'Speed')).toEqual([1.5, null])
  expect(valuesOf(chunks, 'speed')).toEqual([null, 3.5])
  expect(valuesOf(chunks, 'time')).toEqual(['정오', null])
  expect(valuesOf(chunks, 'x', 'f64')).toEqual([2.5, null])
  expect(valuesOf(chunks, 'x', 'int')).toEqual([null, 9n])
})

it('sorts batches that came out of order, over files too, and flags rows that do not rise', async () => {
  const schema: Schema = { stream: 's', channels: [{ name: 'x', kind: 'f64', min: 0, max: 100 }] }
  const lake = makeLake()
  const sink = await lake.open()
  const add = (seq: number, times: bigint[], more = {}, rig = '서울-1') =>
    sink.add(
      makeEnvelope({
        body: makeBatch(schema, times, [f64(...times.map(Number))], more),
        schema,
        seq,
        at: at(seq),
        rig,
      }),
    )
  add(1, [50n, 60n])
  add(2, [10n, 20n, 55n])
  add(3, [5n], { era: 1 })
  add(4, [7n], {}, 'b')
  await sink.flush(never)
  add(5, [15n, 70n, 70n, 200n])
  add(6, [1n], { notRising: true })
  await sink.flush(never)
  const chunks = await lake.rows('s')
  expect(timesOf(chunks)).toEqual([1n, 10n, 15n, 20n, 50n, 55n, 60n, 70n, 70n, 200n, 5n])
  expect(chunks.flatMap(({ eras }) => [...eras])).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  expect(chunks.flatMap(({ flags }) => [...flags])).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0])
  expect(timesOf(await lake.rows('s', 'b'))).toEqual([7n])
  expect(lake.catalog.cursor('lake')?.offset).toBeGreaterThan(6000)
  const [, ledger] = await lake.table('_envelopes')
  expect(ledger).toMatchObject({
    seq: 1n,
    body: 'batch',
    stream: 's',
    rows: 2,
    readings: 2n,
    first_t_ns: 50n,
    last_t_ns: 60n,
  })
})

it('keeps all bodies in tables of their own', async () => {
  const lake = makeLake()
  const sink = await lake.open()
  const schema: Schema = { stream: 's', channels: [{ name: 'x', kind: 'f64' }] }
  const bodies = [
    { type: 'schema' as const, bytes: encodeSchema(schema) },
    {
      type: 'event' as const,
      event: { tNs: -1n, type: 'marker', author: '김', text: "it's", facts: { a: '1' }, id: '01J' },
    },
    {
      type: 'clock_sample' as const,
      clockSample: { tNs: 5n, offsetNs: -7n, roundTripNs: 9n, stepNs: 0n, monotonicNs: 1n, bootId: new Uint8Array(16) },
    },
    {
      type: 'gap' as const,
      gap: {
        fromNs: 1n,
        toNs: 2n,
        streams: ['s'],
        cause: 'spool_full' as const,
        detail: '',
        spool: spoolA,
        numbers: [{ from: 1, to: 2 }],
        rows: 3,
      },
    },
    {
      type: 'health' as const,
      health: { tNs: 8n, version: '1', memoryBytes: 2 ** 40, spoolBytes: 1, spoolEnvelopes: 0, sources: [] },
    },
  ]
  for (const [i, body] of bodies.entries()) {
    sink.add(makeEnvelope({ body, seq: i + 1, at: at(i), predecessor: i === 0 ? 'P' : '' }))
  }
  await sink.flush(never)
  expect((await lake.table('_envelopes')).map(({ body, predecessor }) => [body, predecessor])).toEqual([
    ['schema', 'P'],
    ['event', ''],
    ['clock_sample', ''],
    ['gap', ''],
    ['health', ''],
  ])
  expect(await lake.table('_events')).toMatchObject([{ t_ns: -1n, author: '김', text: "it's", facts: '{"a":"1"}' }])
  expect(await lake.table('_clock')).toMatchObject([{ offset_ns: -7n, boot_id: '0'.repeat(32) }])
  expect(await lake.table('_gaps')).toMatchObject([{ cause: 'spool_full', numbers: '[{"from":1,"to":2}]', rows: 3n }])
  expect(await lake.table('_health')).toMatchObject([{ memory_bytes: BigInt(2 ** 40) }])
  expect(await lake.table('_schemas')).toMatchObject([
    { stream: 's', encoded: Buffer.from(encodeSchema(schema)).toString('base64') },
  ])
})

const schema: Schema = { stream: 's', channels: [{ name: 'x', kind: 'f64' }] }
const other: Schema = { stream: 'o', channels: [{ name: 'x', kind: 'f64' }] }
const rowAt = (seq: number, of = schema, segment = segmentA) =>
  makeEnvelope({ body: makeBatch(of, [BigInt(seq)], [f64(seq)]), schema: of, seq, at: at(seq, segment) })

it('does not double rows when it died between renaming and the catalog', async () => {
  const lake = makeLake()
  mkdirSync(lake.journalFolder)
  writeFileSync(join(lake.journalFolder, `${segmentA}.segment`), '')
  const stop = new AbortController()
  const dying = {
    ...lake.catalog,
    addLakeFiles() {
      stop.abort()
      throw new Error('power cut')
    },
  }
  const first = await lake.open(dying)
  for (const envelope of [rowAt(1), rowAt(2, other), rowAt(3)]) first.add(envelope)
  await expect(first.flush(stop.signal)).rejects.toThrow('power cut')
  await first.close()
  expect(lake.files()).toHaveLength(3)

  const second = await lake.open()
  // Cut elsewhere than before.
  second.add(rowAt(1))
  await second.flush(never)
  second.add(rowAt(2, other))
  second.add(rowAt(3))
  await second.flush(never)
  expect(timesOf(await lake.rows('s'))).toEqual([1n, 3n])
  expect(timesOf(await lake.rows('o'))).toEqual([2n])
  expect(await lake.table('_envelopes')).toHaveLength(3)
  // Nor is there a file that the catalog doesn't know, for those who read the folder.
  expect(lake.files()).toEqual(
    lake.catalog
      .lakeFiles()
      .map(({ path }) => path)
      .sort(),
  )
})

it('takes files into a lost catalog whose part of the journal is gone', async () => {
  const lake = makeLake()
  const first = await lake.open()
  first.add(rowAt(1))
  await first.flush(never)
  await first.close()
  const before = lake.catalog.lakeFiles()
  const lost = makeLake()
  let adopted: LakeFile[] = []
  const sink = await lake.open({
    ...lost.catalog,
    addLakeFiles: (files, cursor) => {
      adopted = files
      lost.catalog.addLakeFiles(files, cursor)
    },
  })
  await sink.close()
  expect(adopted.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual(before.sort((a, b) => (a.path < b.path ? -1 : 1)))
  expect(lost.catalog.cursor('lake')).toEqual({ segment: segmentA, offset: before[0]!.toOffset })
})

it('says as an error that a lost catalog has lost the runs whose events the lake alone has', async () => {
  const lake = makeLake()
  const first = await lake.open()
  const event = { tNs: 1n, type: 'marker', author: '', text: '', facts: {}, id: 'x' }
  first.add(makeEnvelope({ body: { type: 'event', event }, seq: 1, at: at(1) }))
  await first.flush(never)
  await first.close()
  const errors: unknown[][] = []
  const log = { ...silentLog, warn() {}, error: (...told: unknown[]) => void errors.push(told) } as unknown as Logger
  await (await lake.open(lake.catalog, log)).close()
  expect(errors).toEqual([])
  await (await lake.open(makeLake().catalog, log)).close()
  expect(errors).toEqual([
    [{ files: 1 }, expect.stringMatching(/runs, markers and rig history .*"rigline catalog rebuild"/)],
  ])
})

it('stores what had been parked once, in a file of its own', async () => {
  const lake = makeLake()
  const sink = await lake.open()
  sink.add(rowAt(5))
  await sink.flush(never)
  const cursor = lake.catalog.cursor('lake')
  lake.catalog.park('lake', 'aa', at(2), Uint8Array.of(1), 1000)
  sink.add(rowAt(2))
  await sink.flush(never)
  expect(lake.catalog.parked('lake')).toEqual([])
  expect(lake.catalog.cursor('lake')).toEqual(cursor)
  sink.add(rowAt(6, schema, segmentB))
  await sink.flush(never)
  expect(timesOf(await lake.rows('s'))).toEqual([2n, 5n, 6n])
  expect(lake.files().filter((name) => name.includes('-late'))).toHaveLength(2)
})

it('refuses what cannot be a row, and keeps nothing of it', async () => {
  const lake = makeLake()
  const sink = await lake.open()
  const bad = rowAt(1)
  expect(() => sink.add({ ...bad, schema: { ...schema, stream: '../x' } })).toThrow(/stream's name/)
  expect(() => sink.add({ ...bad, schema: { stream: 's', channels: [{ name: 'x', kind: 'bool' }] } })).toThrow(
    /is bool/,
  )
  sink.add(rowAt(2))
  await sink.flush(never)
  expect(await lake.table('_envelopes')).toHaveLength(1)
})
