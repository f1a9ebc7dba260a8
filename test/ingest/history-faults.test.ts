import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBInstance } from '@duckdb/node-api'
import { tableFromIPC } from 'apache-arrow'
import { expect, it, onTestFinished } from 'vitest'
import { historyDefaults } from '../../ingest/history/start-history.ts'
import { withConnection } from '../../ingest/history/with-connection.ts'
import type { Schema } from '../../protos/types.ts'
import { buildPrograms, openGround, programs, readAll, thinnedOf } from './history-setup.ts'
import { f64, makeBatch, spoolA } from './lake-setup.ts'

// What history does when something is in the way: readers that go or stop, a process that dies, a lake that is far behind, numbers that are missing.

buildPrograms()

const schema: Schema = { stream: 's', channels: [{ name: 'x', kind: 'f64' }] }
const rig = 'r'
const always = { rig, fromNs: 0n, toNs: 10n ** 18n }
const whole = { parts: [always], stream: 's', missing: [] }

async function openFilled(batches: number, rowsPerBatch = 5000, options: Parameters<typeof openGround>[0] = {}) {
  const ground = await openGround(options)
  await ground.know(schema, rig)
  let row = 0
  const put = async () => {
    const values = Array.from({ length: rowsPerBatch }, () => row++)
    await ground.append(
      makeBatch(
        schema,
        values.map((value) => BigInt(value)),
        [f64(...values.map(Math.random))],
      ),
      rig,
    )
  }
  for (let i = 0; i < batches; i++) await put()
  return { ...ground, put, rows: () => row }
}

it('breaks a transfer off when its process dies, and answers again from a new one', async () => {
  const ground = await openFilled(400)
  await ground.toLake()
  const { body } = await ground.history.readings({ ...whole, format: 'csv' })
  await new Promise((resolve) => body.once('readable', resolve))
  process.kill(ground.history.status().pid!, 'SIGKILL')
  await expect(readAll(body)).rejects.toThrow()
  const again = await ground.history.readings({ ...whole, format: 'arrow' })
  expect(tableFromIPC(await readAll(again.body)).numRows).toBe(ground.rows())
  expect(ground.history.status().restarts).toBe(1)
})

it('ends what nobody waits for, and serves others while readers stand still', async () => {
  const ground = await openFilled(400)
  await ground.toLake()
  const open = []
  for (let i = 0; i < 5; i++) {
    const gone = new AbortController()
    const { body } = await ground.history.readings({ ...whole, format: 'json' }, gone.signal)
    body.on('error', () => {})
    open.push({ body, gone })
  }
  // They read nothing; the others are not kept waiting by them.
  const { rows } = await thinnedOf(ground.history, { ...whole, points: 8 })
  expect(rows).toBe(ground.rows())
  const { body } = await ground.history.readings({ ...whole, format: 'arrow' })
  expect(tableFromIPC(await readAll(body)).numRows).toBe(ground.rows())
  for (const { body, gone } of open) {
    gone.abort()
    body.destroy()
  }
  await expect.poll(() => ground.history.status().counters.open, { timeout: 10_000 }).toBe(0)
})

it('gives a reader who stands still now and then the same rows as one who does not', async () => {
  const ground = await openGround()
  await ground.know(schema, rig)
  const put = async (from: number, spool: string) => {
    const times = Array.from({ length: 5000 }, (_, i) => BigInt(from + 2 * i))
    await ground.append(makeBatch(schema, times, [f64(...times.map(Number))]), rig, spool)
  }
  // Rows that overlap, rows that do not, and rows behind the lake's cursor.
  for (let i = 0; i < 40; i++) await put(i * 10_000, spoolA)
  await ground.toLake()
  for (let i = 0; i < 20; i++) await put(i * 10_000 + 1, '01HZZZZZZZZZZZZZZZZZZZZZZB')
  await ground.toLake()
  for (let i = 40; i < 60; i++) await put(i * 10_000, spoolA)
  const ask = async () => (await ground.history.readings({ ...whole, format: 'csv' })).body
  const body = await ask()
  const parts: Buffer[] = []
  let bytes = 0
  let pauses = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part)
    bytes += part.length
    if (bytes < 2_000_000 * (pauses + 1)) continue
    pauses++
    await new Promise((resolve) => setTimeout(resolve, 1300))
  }
  expect(pauses).toBeGreaterThan(4)
  expect(Buffer.concat(parts).equals(await readAll(await ask()))).toBe(true)
  expect(Buffer.concat(parts).toString().split('\n')).toHaveLength(80 * 5000 + 2)
}, 60_000)

it('says so when too many ask at once', async () => {
  const ground = await openFilled(400)
  await ground.toLake()
  const asked = await Promise.allSettled(
    Array.from({ length: 14 }, () => ground.history.readings({ ...whole, format: 'json' })),
  )
  const refused = asked.filter(({ status }) => status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]).toMatchObject({ reason: { status: 503, message: expect.stringContaining('try again') } })
  for (const one of asked) if (one.status === 'fulfilled') one.value.body.on('error', () => {}).destroy()
})

it('breaks off, and never ends short, when a file is gone', async () => {
  const ground = await openFilled(60, 5000, { partBytesMax: 1024 * 1024 })
  await ground.toLake()
  const files = ground.catalog.lakeFiles('s')
  expect(files.length).toBeGreaterThan(3)
  // Its footer is known by now.
  await thinnedOf(ground.history, { ...whole, points: 8 })
  rmSync(join(ground.lakeFolder, files.at(-1)!.path))
  const ask = async () => await readAll((await ground.history.readings({ ...whole, format: 'csv' })).body)
  await expect(ask()).rejects.toThrow()
})

it('says until when it can answer while the lake is too far behind', async () => {
  const ground = await openFilled(60, 5000, { history: { tailBytesMax: 1024 * 1024 } })
  await expect(ground.history.readings({ ...whole, format: 'csv' })).rejects.toMatchObject({ status: 503 })
  const early = { ...whole, parts: [{ rig, fromNs: 0n, toNs: 5000n }] }
  expect((await thinnedOf(ground.history, { ...early, points: 4 })).rows).toBe(5000)
  await ground.toLake()
  expect((await thinnedOf(ground.history, { ...whole, points: 4 })).rows).toBe(ground.rows())
  for (let i = 0; i < 20; i++) await ground.put()
  expect((await thinnedOf(ground.history, { ...whole, points: 4 })).rows).toBe(ground.rows())
})

it('places Gaps and holes in time, from the lake and behind it', async () => {
  const ground = await openGround()
  await ground.know(schema, rig)
  const batch = (fromNs: bigint) => makeBatch(schema, [fromNs, fromNs + 9n], [f64(1, 2)])
  const gap = (fromNs: bigint, toNs: bigint, more: { rig?: string; streams?: string[] } = {}) =>
    ground.append(
      {
        type: 'gap',
        gap: { fromNs, toNs, streams: [], cause: 'retention', detail: '', spool: '', numbers: [], rows: 3, ...more },
      },
      more.rig ? 'ingest' : rig,
    )
  await ground.append(batch(100n), rig, spoolA, 2)
  await ground.append(batch(200n), rig, spoolA, 5)
  await gap(110n, 150n)
  await gap(10n, 20n, { rig, streams: ['s'] })
  await gap(10n, 20n, { rig: 'another' })
  await gap(120n, 130n, { streams: ['t'] })
  const missing = [
    { rig, spool: spoolA, from: 3, to: 4 },
    { rig, spool: spoolA, from: 12, to: 12 },
  ]
  const ask = () => ground.history.gaps({ parts: [{ rig, fromNs: 0n, toNs: 1000n }], stream: 's', missing })
  const expected = {
    gaps: [
      { rig, fromNs: 10n, toNs: 20n, streams: ['s'], cause: 'retention', detail: '', rows: 3 },
      { rig, fromNs: 110n, toNs: 150n, streams: [], cause: 'retention', detail: '', rows: 3 },
    ],
    holes: [
      { rig, fromNs: 109n, toNs: 200n, spool: spoolA, from: 3, to: 4 },
      { rig, fromNs: 209n, toNs: 300n, spool: spoolA, from: 12, to: 12 },
    ],
    cut: false,
  }
  await ground.append(batch(300n), rig, spoolA, 20)
  expect(await ask()).toEqual(expected)
  await ground.toLake()
  expect(await ask()).toEqual(expected)
  await gap(500n, 600n)
  expect((await ask()).gaps).toHaveLength(3)
  const elsewhere = { parts: [{ rig, fromNs: 150n, toNs: 190n }], stream: 's', missing }
  const found = await ground.history.gaps(elsewhere)
  expect(found.gaps.map(({ fromNs }) => fromNs)).toEqual([110n])
  expect(found.holes.map(({ from }) => from)).toEqual([3])
})

it('tells which streams are stored', async () => {
  const ground = await openFilled(2, 100)
  const expected = (fromNs: bigint, toNs: bigint, rowsAbout: number) => [
    {
      rig,
      stream: 's',
      channels: [{ name: 'x', column: 'x', kind: 'f64', unit: '', code: '', description: '' }],
      fromNs,
      toNs,
      rowsAbout,
    },
  ]
  expect(await ground.history.streams()).toEqual(expected(0n, 199n, 200))
  await ground.toLake()
  await ground.put()
  await expect.poll(() => ground.history.streams(rig), { timeout: 5000 }).toEqual(expected(0n, 299n, 300))
  expect(await ground.history.streams('nobody')).toEqual([])
})

it('interrupts until the work has ended: what is said before a query begins is lost', async () => {
  let interrupts = 0
  let told = () => {}
  const connection = {
    interrupt: () => void (++interrupts === 3 && told()),
    closeSync: () => {},
  }
  const instance = { connect: async () => connection } as unknown as DuckDBInstance
  const gone = new AbortController()
  const work = withConnection({ instance }, gone.signal, async () => {
    gone.abort(new Error('gone'))
    await new Promise<void>((resolve) => {
      told = resolve
    })
    throw new Error('INTERRUPT Error: Interrupted!')
  })
  await expect(work).rejects.toThrow('gone')
  expect(interrupts).toBe(3)
})

it('leaves nothing behind when ingest is killed', async () => {
  const { journalFolder, catalogFile } = await openGround()
  const folder = mkdtempSync(join(tmpdir(), 'rigline-killed-'))
  // Its own: the ground's process keeps answers too.
  const lakeFolder = mkdtempSync(join(tmpdir(), 'rigline-lake-'))
  onTestFinished(() => rmSync(lakeFolder, { recursive: true }))
  const data = { lakeFolder, journalFolder, catalogFile, socket: join(folder, 'h1'), config: historyDefaults }
  const child = fork(programs.history, [JSON.stringify(data)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  await once(child, 'message')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, 'h1')).mode & 0o777).toBe(0o600)
  child.disconnect()
  await exited
  expect(existsSync(folder)).toBe(false)
  expect(existsSync(join(lakeFolder, 'answers'))).toBe(false)
})

it('ends its process when it is closed, also while that starts', async () => {
  const ground = await openGround()
  const { pid } = ground.history.status()
  const startMs = performance.now()
  await ground.history.close()
  await ground.history.close()
  expect(performance.now() - startMs).toBeLessThan(2500)
  expect(() => process.kill(pid!, 0)).toThrow()
  await expect(ground.history.streams()).rejects.toMatchObject({ status: 503 })
})
