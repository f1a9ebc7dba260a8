import { type Table, tableFromIPC } from 'apache-arrow'
import { expect, it } from 'vitest'
import type { Schema } from '../../protos/types.ts'
import { buildPrograms, openGround, readAll, thinnedOf } from './history-setup.ts'
import { f64, makeBatch, spoolA } from './lake-setup.ts'

// History while it is being written: every row that was durable when it was asked is in the answer, once.

buildPrograms()

const schema: Schema = { stream: 's', channels: [{ name: 'x', kind: 'f64' }] }
const other: Schema = {
  stream: 's',
  channels: [
    { name: 'x', kind: 'f64' },
    { name: 'y', kind: 'f64' },
  ],
}
const rig = 'r'
const rowsPerBatch = 100
const always = { fromNs: -(10n ** 18n), toNs: 10n ** 18n }

const valuesOf = (table: Table, name: string): number[] => {
  const column = table.getChild(name)
  return column ? [...column].map(Number) : []
}

it('has each row once, while the journal grows, its segments go and the lake takes over', async () => {
  const ground = await openGround({ segmentBytesMax: 200_000 })
  await ground.know(schema, rig)
  await ground.know(other, rig)
  const sink = ground.startSink()
  let row = 0
  let durable = 0
  let writing = true
  const write = async () => {
    for (let n = 0; writing; n++) {
      const values = Array.from({ length: rowsPerBatch }, () => row++)
      const times = values.map((value) => BigInt(value) * 1_000_000n)
      const [used, columns] = n % 7 === 3 ? [other, [f64(...values), f64(...values)]] : [schema, [f64(...values)]]
      await ground.append(makeBatch(used, times, columns), rig)
      durable = row
      sink.synced(ground.journal.synced)
      if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  let flushes = 0
  const flush = async () => {
    while (writing) {
      const position = ground.journal.synced
      await ground.journal.roll()
      await sink.flush(position)
      flushes++
      // As ingest's checkpoint does: what the lake is past is deleted.
      const cursor = sink.status().cursor
      for (const { name, sealed } of ground.journal.segments()) {
        if (sealed && cursor && name < cursor.segment) await ground.journal.drop(name)
      }
    }
  }
  const tasks = [write(), flush()]
  const until = performance.now() + 8000
  let questions = 0
  const read = async () => {
    while (performance.now() < until) {
      const least = durable
      const { body } = await ground.history.readings({
        parts: [{ rig, ...always }],
        stream: 's',
        channels: ['x'],
        format: 'arrow',
        missing: [],
      })
      const values = valuesOf(tableFromIPC(await readAll(body)), 'x')
      expect(values.length).toBeGreaterThanOrEqual(least)
      for (let i = 0; i < values.length; i++) if (values[i] !== i) expect(values[i]).toBe(i)
      questions++
    }
  }
  const thin = async () => {
    while (performance.now() < until) {
      const least = durable
      const toNs = BigInt(least) * 1_000_000n + 1n
      const { rows, series } = await thinnedOf(ground.history, {
        parts: [{ rig, fromNs: 0n, toNs }],
        stream: 's',
        channels: ['x'],
        points: 8,
        missing: [],
      })
      expect(rows === least || rows === least + 1).toBe(true)
      expect(series[0]!.present).toBe(rows)
      questions++
    }
  }
  await Promise.all([read(), read(), thin()])
  writing = false
  await Promise.all(tasks)
  expect(questions).toBeGreaterThan(20)
  expect(flushes).toBeGreaterThan(5)
})

it('leaves out what waits for its schema, and has it once when that has come', async () => {
  const ground = await openGround()
  await ground.know(schema, rig)
  const ask = async () => {
    const query = { parts: [{ rig, ...always }], stream: 's', format: 'arrow', missing: [] } as const
    const { body } = await ground.history.readings({ ...query, parts: [...query.parts], missing: [] })
    return valuesOf(tableFromIPC(await readAll(body)), 'x')
  }
  await ground.append(makeBatch(schema, [1n, 2n], [f64(1, 2)]), rig)
  await ground.append(makeBatch(other, [3n, 4n], [f64(3, 4), f64(0, 0)]), rig)
  await ground.append(makeBatch(schema, [5n, 6n], [f64(5, 6)]), rig)
  expect(await ask()).toEqual([1, 2, 5, 6])
  await ground.toLake()
  expect(await ask()).toEqual([1, 2, 5, 6])
  await ground.know(other, rig)
  await ground.toLake()
  // The sink looks once a second whether the schema has come.
  await expect.poll(ask, { timeout: 10_000 }).toEqual([1, 2, 3, 4, 5, 6])
  expect(ground.files().some((file) => file.includes('-late'))).toBe(true)
})

it('sorts what came out of order, in the lake and behind it, slice by slice', async () => {
  const ground = await openGround()
  await ground.know(schema, rig)
  const spoolB = '01HZZZZZZZZZZZZZZZZZZZZZZB'
  const put = async (from: number, spool: string) => {
    const values = Array.from({ length: rowsPerBatch }, (_, i) => from + 2 * i)
    await ground.append(
      makeBatch(
        schema,
        values.map((value) => BigInt(value)),
        [f64(...values)],
      ),
      rig,
      spool,
    )
  }
  // A backlog beside live data: their rows interleave.
  for (let i = 0; i < 300; i++) {
    await put(i * 200, spoolA)
    await put((299 - i) * 200 + 1, spoolB)
    if (i % 60 === 59) await ground.toLake()
    if (i === 280) break
  }
  const { body } = await ground.history.readings({
    parts: [{ rig, fromNs: 20_000n, toNs: 50_000n }],
    stream: 's',
    format: 'arrow',
    missing: [],
  })
  expect(valuesOf(tableFromIPC(await readAll(body)), 'x')).toEqual(Array.from({ length: 30_000 }, (_, i) => 20_000 + i))
})

it('orders eras one after the other', async () => {
  const ground = await openGround()
  await ground.know(schema, rig)
  for (const [era, from] of [
    [0, 0],
    [1, 50],
    [0, 100],
    [2, 20],
  ] as const) {
    const values = Array.from({ length: 100 }, (_, i) => from + i)
    await ground.append(
      makeBatch(
        schema,
        values.map((value) => BigInt(value)),
        [f64(...values)],
        { era },
      ),
      rig,
    )
    if (era === 1) await ground.toLake()
  }
  const { body } = await ground.history.readings({
    parts: [{ rig, fromNs: 40n, toNs: 120n }],
    stream: 's',
    format: 'arrow',
    missing: [],
  })
  const table = tableFromIPC(await readAll(body))
  const found = valuesOf(table, 'era').map((era, i) => `${era} ${valuesOf(table, 'x')[i]}`)
  const expected = [
    [0, 40, 120],
    [1, 50, 120],
    [2, 40, 120],
  ].flatMap(([era, from, to]) => Array.from({ length: to! - from! }, (_, i) => `${era} ${from! + i}`))
  expect(found).toEqual(expected)
})
