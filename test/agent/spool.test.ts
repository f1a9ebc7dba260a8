import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { stateAfter } from '../../agent/batcher.ts'
import { openSpool, type Spool, type SpooledEnvelope } from '../../agent/spool.ts'
import { silentLog } from '../../common/log.ts'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Batch, Body, Gap } from '../../protos/types.ts'
import { copyAsKilled } from './spool-setup.ts'

const folders: string[] = []
const open: Spool[] = []
afterEach(async () => {
  for (const spool of open.splice(0)) await spool.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-spool-'))
  folders.push(folder)
  return folder
}

const schema = encodeSchema({ stream: 'bench', channels: [{ name: 'v', kind: 'f64' }] })
const batchOf = (firstNs: bigint, rows: number, position = 0): Batch => ({
  schema: hashSchema(schema),
  rows,
  era: 0,
  times: BigInt64Array.from({ length: rows }, (_, i) => firstNs + BigInt(i)),
  monotonicNs: 0n,
  bootId: new Uint8Array(16),
  notRising: false,
  position,
  origin: position ? 'file' : '',
  columns: [{ kind: 'f64', values: Float64Array.from({ length: rows }, () => Math.random()) }],
})

async function openAt(folder: string, options: { bytesMax?: number; segmentBytesMax?: number } = {}) {
  const durable: SpooledEnvelope[] = []
  const spool = await openSpool({
    folder,
    rig: 'r',
    group: 'g',
    bytesMax: options.bytesMax ?? 64 * 1024 * 1024,
    segmentBytesMax: options.segmentBytesMax ?? 64 * 1024,
    log: silentLog,
    onDurable: (envelope) => durable.push(envelope),
    onVolatile() {},
  })
  open.push(spool)
  const addBatch = async (firstNs: bigint, rows: number, position = 0) => {
    const batch = batchOf(firstNs, rows, position)
    const state = { lastNs: batch.times.at(-1)!, era: 0, position, origin: batch.origin }
    await spool.add({ type: 'batch', batch }, { stream: 'bench', state })
  }
  return { spool, durable, addBatch }
}

async function readAll(spool: Spool): Promise<{ spool: string; seq: number; body: Body }[]> {
  const found = []
  for await (const { spool: id, seq, bytes } of spool.read(undefined)) {
    found.push({ spool: id, seq, body: decodeBody(bytes, readHeader(bytes)).body })
  }
  return found
}

describe('spool', () => {
  test('numbers from 1, names its predecessor, and reads back what is durable', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.spool.add({ type: 'schema', bytes: schema })
    await first.addBatch(1n, 10)
    expect(first.durable.map(({ seq }) => seq)).toEqual([1, 2])
    expect(readHeader(first.durable[0]!.bytes).predecessor).toBe('')
    await first.spool.close()

    const second = await openAt(folder)
    expect(second.spool.id > first.spool.id).toBe(true)
    await second.spool.add({ type: 'schema', bytes: schema })
    const header = readHeader(second.durable[0]!.bytes)
    expect([header.seq, header.predecessor]).toEqual([1, first.spool.id])
    const all = await readAll(second.spool)
    expect(all.map(({ spool, seq }) => [spool, seq])).toEqual([
      [first.spool.id, 1],
      [first.spool.id, 2],
      [second.spool.id, 1],
    ])
  })

  test('knows after a restart where each stream stood, also when everything was confirmed', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.spool.add({ type: 'schema', bytes: schema })
    for (let i = 0; i < 100; i++) await first.addBatch(BigInt(i * 1000), 500, 500 * (i + 1))
    first.spool.confirm({ spool: first.spool.id, through: 10_000, ranges: [] })
    await first.spool.close()
    for (let restart = 0; restart < 3; restart++) {
      const again = await openAt(folder)
      expect(again.spool.streams.get('bench')).toEqual({ lastNs: 99_499n, era: 0, position: 50_000, origin: 'file' })
      await again.spool.close()
    }
  })

  test('knows after a restart which row was the last, where the clock was set back and it is not the highest', async () => {
    const folder = newFolder()
    const first = await openAt(folder)
    await first.spool.add({ type: 'schema', bytes: schema })
    await first.addBatch(5_000n, 10)
    const batch = { ...batchOf(2_000n, 10), notRising: true }
    const state = stateAfter(batch, first.spool.streams.get('bench'))
    await first.spool.add({ type: 'batch', batch }, { stream: 'bench', state })
    // Read from the batches of a copy, as after a kill; then from the checkpoint of an orderly end.
    const killed = copyAsKilled(folder)
    await first.spool.close()
    for (const left of [killed, folder]) {
      const { spool } = await openAt(left)
      expect(spool.streams.get('bench')).toMatchObject({ lastNs: 5_009n, lastRowNs: 2_009n })
    }
  })

  test('forgets whole segments when all of them is confirmed, and nothing else', async () => {
    const folder = newFolder()
    const { spool, addBatch, durable } = await openAt(folder)
    await spool.add({ type: 'schema', bytes: schema })
    for (let i = 0; i < 100; i++) await addBatch(BigInt(i * 1000), 500)
    const before = spool.bytes()
    expect(readdirSync(folder).length).toBeGreaterThan(4)
    const last = durable.at(-1)!.seq
    spool.confirm({ spool: spool.id, through: 20, ranges: [{ from: 40, to: last }] })
    const missing = Array.from({ length: 19 }, (_, i) => 21 + i)
    const seen = new Set((await readAll(spool)).map(({ seq }) => seq))
    expect(missing.every((seq) => seen.has(seq))).toBe(true)
    spool.confirm({ spool: spool.id, through: last, ranges: [] })
    expect(spool.unconfirmed()).toBe(0)
    await expect.poll(() => spool.bytes()).toBeLessThan(before / 4)
  })

  test('at its byte limit drops the oldest and declares exactly what is gone', async () => {
    const folder = newFolder()
    const { spool, addBatch, durable } = await openAt(folder, { bytesMax: 512 * 1024 })
    await spool.add({ type: 'schema', bytes: schema })
    for (let i = 0; i < 300; i++) await addBatch(BigInt(i * 1000), 500)
    await spool.drained(0)
    expect(spool.bytes()).toBeLessThanOrEqual(512 * 1024)
    const all = await readAll(spool)
    const gaps = all.flatMap(({ body }) => (body.type === 'gap' ? [body.gap] : []))
    const gone = new Set(gaps.flatMap((gap: Gap) => gap.numbers.flatMap(({ from, to }) => range(from, to))))
    const kept = new Set(all.map(({ seq }) => seq))
    const last = Math.max(...kept)
    expect(durable.length).toBe(last)
    for (let seq = 1; seq <= last; seq++) expect(kept.has(seq) || gone.has(seq), `number ${seq}`).toBe(true)
    const rowsKept = all.reduce((sum, { body }) => sum + (body.type === 'batch' ? body.batch.rows : 0), 0)
    expect(rowsKept + gaps.reduce((sum, { rows }) => sum + rows, 0)).toBe(300 * 500)
    expect(gaps.every(({ cause, rows, fromNs, toNs }) => cause === 'spool_full' && rows > 0 && toNs > fromNs)).toBe(
      true,
    )
  })

  test.each([
    ['16 MiB in segments of 1 MiB', 16, 1],
    ['8 MiB in segments of 2 MiB', 8, 2],
  ])(
    'full, in bursts of large batches and started again: every number is on disk or in a Gap on disk (%s)',
    async (_title, mib, segmentMib) => {
      const folder = newFolder()
      const sizes = { bytesMax: mib * 1024 * 1024, segmentBytesMax: segmentMib * 1024 * 1024 }
      const numbers = new Map<string, number>()
      for (let start = 0; start < 3; start++) {
        const { spool, addBatch, durable } = await openAt(folder, sizes)
        await spool.add({ type: 'schema', bytes: schema })
        for (let i = 0; i < 150; i++) {
          // The agent's back pressure: some MiB may wait for the disk.
          void addBatch(BigInt(start * 1_000_000 + i * 2000), 5000 + (i % 7) * 300)
          await spool.drained(4 * 1024 * 1024)
        }
        await spool.drained(0)
        await spool.close()
        numbers.set(spool.id, Math.max(...durable.map(({ seq }) => seq)))
      }
      const { spool } = await openAt(folder, sizes)
      const known = new Map<string, Set<number>>()
      const know = (id: string, seqs: number[]) => {
        const set = known.get(id) ?? new Set<number>()
        for (const seq of seqs) set.add(seq)
        known.set(id, set)
      }
      for (const { spool: id, seq, body } of await readAll(spool)) {
        know(id, [seq])
        if (body.type === 'gap') for (const { from, to } of body.gap.numbers) know(body.gap.spool, range(from, to))
      }
      for (const [id, last] of numbers) {
        expect(
          range(1, last).filter((seq) => !known.get(id)?.has(seq)),
          id,
        ).toEqual([])
      }
      expect(spool.bytes()).toBeLessThanOrEqual(sizes.bytesMax)
    },
    120_000,
  )
})

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
