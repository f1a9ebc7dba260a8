import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Logger, silentLog } from '../../common/log.ts'
import { segmentPath } from '../../common/segment-log-files.ts'
import type { Sink } from '../../ingest/sinks/sink.ts'
import type { Batch, Body, Column, Schema } from '../../protos/types.ts'
import { f64, type Lake, makeBatch, makeEnvelope, makeLake, never, segmentA, segmentB, spoolA } from './lake-setup.ts'

// A row is in the lake once: what an agent that was restored from an older copy, or cloned, sends again under other numbers.

const spoolB = '01HZZZZZZZZZZZZZZZZZZZZZZB'
const spoolC = '01HZZZZZZZZZZZZZZZZZZZZZZC'

const schema: Schema = {
  stream: '심전도',
  channels: [
    { name: 'x', kind: 'f64' },
    { name: 'f', kind: 'f32' },
    { name: 'i', kind: 'int' },
    { name: 'mV', kind: 'int', gain: 0.1, offset: -5 },
    { name: 'b', kind: 'bool' },
    { name: '글', kind: 'text' },
  ],
}

const special = [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, 5e-324, 1 / 3]

/** Rows from..to-1, each with its time as its number: values of all kinds, some missing, all told by the time alone. */
function rows(
  from: number,
  to: number,
  more: Partial<Batch> = {},
  change: (t: number, x: number) => number = (_, x) => x,
): Body {
  const times = Array.from({ length: to - from }, (_, i) => from + i)
  const present = new Uint8Array((times.length + 7) >> 3)
  times.forEach((t, i) => {
    if (t % 5 !== 0) present[i >> 3]! |= 1 << (i & 7)
  })
  const columns: Column[] = [
    { ...f64(...times.map((t) => change(t, special[t % special.length]!))), validity: present },
    { kind: 'f32', values: Float32Array.from(times, (t) => t / 7) },
    { kind: 'int', values: BigInt64Array.from(times, (t) => 2n ** 60n + BigInt(t)), validity: present },
    { kind: 'int', values: Float64Array.from(times) },
    { kind: 'bool', values: Uint8Array.from(times, (t) => t & 1) },
    { kind: 'text', values: Uint32Array.from(times, (t) => t % 3), dictionary: ['가', '', 'b'], validity: present },
  ]
  const simulation = BigInt64Array.from(times, (t) => BigInt(t * 2))
  return makeBatch(schema, times.map(BigInt), columns, { simulation, ...more })
}

/** Writes what was put since the last time, as one part. */
function writer(lake: Lake, sink: Sink) {
  let offset = 40
  let seq = 0
  return {
    sink,
    put(body: Body, more: { spool?: string; segment?: string; late?: true; rig?: string } = {}) {
      seq++
      const { segment = segmentA, late, ...rest } = more
      const envelope = makeEnvelope({ body, seq, at: { segment, offset }, schema, ...rest })
      if (late) envelope.late = late
      offset += envelope.bytes.length
      sink.add(envelope)
      return envelope
    },
    flush: () => sink.flush(never),
    lake,
  }
}

async function open(log?: Logger) {
  const lake = makeLake()
  return writer(lake, await lake.open(lake.catalog, log))
}

async function stored(lake: Lake) {
  const chunks = await lake.rows('심전도')
  return chunks.flatMap(({ rows: count, times, eras, flags, spools, rowIndexes, columns }) =>
    Array.from({ length: count }, (_, i) => ({
      t: Number(times[i]),
      era: eras[i],
      flags: flags[i]! & 17,
      spool: spools[i],
      row: rowIndexes[i],
      x: (columns[0]!.values as Float64Array)[i],
    })),
  )
}

const timesOf = async (lake: Lake) => (await stored(lake)).map(({ t }) => t)
const upTo = (to: number, from = 0) => Array.from({ length: to - from }, (_, i) => from + i)

async function ledger(lake: Lake) {
  const found = await lake.table('_envelopes')
  return found.map(({ rows, repeated_rows, differing_rows, readings, repeated_readings, missing }) => ({
    rows: Number(rows),
    repeated: Number(repeated_rows ?? 0),
    differing: Number(differing_rows ?? 0),
    readings: Number(readings),
    repeatedReadings: Number(repeated_readings ?? 0),
    missing: Number(missing),
  }))
}

it('stores rows that come again under other numbers and in other batches once, whatever their values', async () => {
  const w = await open()
  for (const from of [0, 20, 40]) w.put(rows(from, from + 20))
  await w.flush()
  for (const from of [30, 43, 56]) w.put(rows(from, from + 13), { spool: spoolB })
  await w.flush()
  expect(await timesOf(w.lake)).toEqual(upTo(69))
  const kept = (await stored(w.lake)).filter(({ spool }) => spool === spoolB)
  expect(kept.map(({ t, row }) => [t, row])).toEqual(upTo(69, 60).map((t) => [t, t - 56]))
  expect((await stored(w.lake)).every(({ flags }) => flags === 0)).toBe(true)
  const books = await ledger(w.lake)
  expect(books.slice(3)).toMatchObject([
    { rows: 0, repeated: 13, readings: 0, repeatedReadings: 13 * 3 + 10 * 3, missing: 0 },
    { rows: 0, repeated: 13 },
    { rows: 9, repeated: 4 },
  ])
  expect(w.sink.status().counters).toMatchObject({ repeated_rows: 30, differing_rows: 0 })
})

it('knows them when it is started anew, by the files alone', async () => {
  const w = await open()
  w.put(rows(0, 50))
  await w.flush()
  await w.sink.close()
  const second = writer(w.lake, await w.lake.open())
  second.put(rows(25, 75), { spool: spoolB, segment: segmentB })
  await second.flush()
  expect(await timesOf(w.lake)).toEqual(upTo(75))
})

it('stores rows of two agents that read one file once, also when they come in one part', async () => {
  const w = await open()
  for (let from = 0; from < 100; from += 10) {
    w.put(rows(from, from + 10))
    w.put(rows(Math.max(0, from - 3), from + 7), { spool: spoolB })
  }
  await w.flush()
  expect(await timesOf(w.lake)).toEqual(upTo(100))
  expect((await ledger(w.lake)).reduce((sum, { repeated }) => sum + repeated, 0)).toBe(97)
})

it('takes neither another era nor another rig nor a batch that does not rise for a repeat', async () => {
  const w = await open()
  w.put(rows(0, 10))
  await w.flush()
  w.put(rows(0, 10, { era: 1 }), { spool: spoolB })
  w.put(rows(0, 10, { notRising: true }), { spool: spoolB })
  w.put(rows(0, 10), { spool: spoolB, rig: '부산-2' })
  await w.flush()
  expect(await timesOf(w.lake)).toHaveLength(30)
  expect(w.sink.status().counters).toMatchObject({ repeated_rows: 0, differing_rows: 0 })
})

it('keeps and flags rows of other values; of these, too, each once', async () => {
  const w = await open()
  w.put(rows(0, 10))
  await w.flush()
  const changed = (t: number, x: number) => (t === 4 ? 77 : t === 1 ? 0 : x)
  w.put(rows(3, 8, {}, changed), { spool: spoolB })
  await w.flush()
  // -0 is another value than 0.
  w.put(rows(0, 3, {}, changed), { spool: spoolB })
  await w.flush()
  w.put(rows(0, 10, {}, changed), { spool: spoolC })
  await w.flush()
  const found = await stored(w.lake)
  expect(found.map(({ t }) => t)).toEqual([0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9])
  expect(found.filter(({ flags }) => flags !== 0).map(({ t, x, flags, spool }) => ({ t, x, flags, spool }))).toEqual([
    { t: 1, x: 0, flags: 17, spool: spoolB },
    { t: 4, x: 77, flags: 17, spool: spoolB },
  ])
  expect((await ledger(w.lake)).slice(1)).toMatchObject([
    { rows: 1, repeated: 4, differing: 1 },
    { rows: 1, repeated: 2, differing: 1 },
    { rows: 0, repeated: 10, differing: 0 },
  ])
})

it('takes a value for another one where a channel or the simulation time is there on one side alone', async () => {
  const w = await open()
  w.put(rows(0, 4))
  await w.flush()
  const { batch } = rows(0, 4) as { batch: Batch }
  const without = { ...batch }
  delete without.simulation
  w.put({ type: 'batch', batch: without }, { spool: spoolB })
  await w.flush()
  expect(w.sink.status().counters).toMatchObject({ repeated_rows: 0, differing_rows: 4 })
})

it('stores a backlog beside live data as it comes', async () => {
  const w = await open()
  const at = (from: number) => {
    const times = BigInt64Array.from({ length: 10 }, (_, i) => BigInt(from) * 1_000_000_000n + BigInt(i) * 100_000_000n)
    return { type: 'batch', batch: { ...(rows(0, 10) as { batch: Batch }).batch, times } } as Body
  }
  w.put(at(0))
  await w.flush()
  // Live data first: an hour later.
  for (let n = 0; n < 50; n++) {
    w.put(at(3600 + n))
    for (let k = 0; k < 4; k++) w.put(at(70 + n * 4 + k), { spool: spoolA })
    if (n % 10 === 9) await w.flush()
  }
  // What had waited for its schema.
  w.put(at(1800), { late: true })
  await w.flush()
  expect(await timesOf(w.lake)).toHaveLength(10 + 50 * 50 + 10)
  expect(w.sink.status().counters).toMatchObject({ repeated_rows: 0, differing_rows: 0 })
})

it.each([
  ['the journal still has it', true],
  ['the journal has dropped it', false],
])('looks again after a crash between the renaming and the catalog: %s', async (_, isInJournal) => {
  const w = await open()
  w.put(rows(0, 20))
  await w.flush()
  const stop = new AbortController()
  const torn = {
    ...w.lake.catalog,
    addLakeFiles() {
      stop.abort()
      throw new Error('the process is gone')
    },
  }
  const dying = writer(w.lake, await w.lake.open(torn))
  dying.put(rows(10, 30), { spool: spoolB, segment: segmentB })
  await expect(dying.sink.flush(stop.signal)).rejects.toThrow()
  const ofTorn = () => w.lake.files().filter((name) => name.includes(segmentB)).length
  expect(ofTorn()).toBe(2)
  if (isInJournal) {
    mkdirSync(w.lake.journalFolder)
    writeFileSync(segmentPath(w.lake.journalFolder, segmentB), '')
  }
  const third = writer(w.lake, await w.lake.open())
  expect(ofTorn()).toBe(isInJournal ? 0 : 2)
  third.put(rows(10, 30), { spool: spoolB, segment: segmentB })
  await third.flush()
  expect(await timesOf(w.lake)).toEqual(upTo(30))
})

it('keeps -0 and 0 apart in one column, also where few values come again and again', async () => {
  const w = await open()
  w.put(rows(0, 600))
  await w.flush()
  const found = (await stored(w.lake)).filter(({ t }) => t % 5 !== 0)
  expect(found.filter(({ t, x }) => !Object.is(x, special[t % special.length])).map(({ t }) => t)).toEqual([])
})

it('has stored an envelope whose rows were all there', async () => {
  const w = await open()
  const first = w.put(rows(0, 20))
  await w.flush()
  const again = w.put(rows(5, 15), { spool: spoolB })
  await w.flush()
  expect(await w.sink.hasStored?.([first.position, again.position, { segment: segmentB, offset: 40 }])).toEqual([
    true,
    true,
    false,
  ])
})

it('goes on where a file cannot be read, says which, and stores what it cannot look up', async () => {
  const said: string[] = []
  const log = {
    ...silentLog,
    error: (facts: { file?: string }) => void said.push(String(facts.file)),
  } as unknown as Logger
  const w = await open(log)
  w.put(rows(0, 10))
  await w.flush()
  w.put(rows(10, 20))
  await w.flush()
  const folder = join(w.lake.lakeFolder, 'v1', 'stream=심전도')
  const [damaged] = readdirSync(folder).sort()
  writeFileSync(join(folder, damaged!), 'PAR1 no more PAR1')
  w.put(rows(5, 15), { spool: spoolB })
  await w.flush()
  expect(said).toEqual([join(folder, damaged!)])
  expect((await ledger(w.lake)).at(-1)).toMatchObject({ rows: 5, repeated: 5 })
})
