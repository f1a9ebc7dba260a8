import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { openSpool, type Spool, type SpooledEnvelope, type SpoolOptions } from '../../agent/spool.ts'
import { memoryFile } from '../../agent/spool-memory.ts'
import { silentLog } from '../../common/log.ts'
import { createSequence, type Sequence } from '../../ingest/sequence.ts'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Batch, Body, Gap } from '../../protos/types.ts'
import { segmentFiles } from '../common/faulty-files.ts'

// What the tests of the spool share: the real spool, ingest's real number keeping, and a clock for its doubts.

const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-spool-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What is on the disk at this moment, as after a kill. Without the files that are being replaced: they may be gone when they are reached. */
export function copyAsKilled(folder: string): string {
  const copy = newFolder()
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('.new') })
  return copy
}

export { memoryFile }
export const schema = encodeSchema({ stream: 'bench', channels: [{ name: 'v', kind: 'f64' }] })
export const rowsOfBatch = 500

/** Batch i has the times from i * 1000 on. */
export const batchOf = (i: number): Batch => ({
  schema: hashSchema(schema),
  rows: rowsOfBatch,
  era: 0,
  times: BigInt64Array.from({ length: rowsOfBatch }, (_, row) => BigInt(i * 1000 + row)),
  monotonicNs: 0n,
  bootId: new Uint8Array(16),
  notRising: false,
  position: 0,
  origin: '',
  columns: [{ kind: 'f64', values: Float64Array.from({ length: rowsOfBatch }, () => Math.random()) }],
})

export interface Opened {
  folder: string
  spool: Spool
  durable: SpooledEnvelope[]
  clock: { ms: number }
  asks: () => number
  /** Spools a schema and batches from..to; number n is batch n - 1 where from is 1. */
  fill(from: number, to: number): Promise<void>
  gaps(): Gap[]
}

export async function openAt(folder: string, options: Partial<SpoolOptions> = {}): Promise<Opened> {
  const durable: SpooledEnvelope[] = []
  const clock = { ms: 0 }
  let asks = 0
  const spool = await openSpool({
    folder,
    rig: 'r',
    group: 'g',
    bytesMax: 64 * 1024 * 1024,
    segmentBytesMax: 64 * 1024,
    log: silentLog,
    onDurable: (envelope) => durable.push(envelope),
    onVolatile() {},
    onAsk: () => asks++,
    doubts: { patienceMs: 10_000, silenceMs: 8_000, nowMs: () => clock.ms },
    ...options,
  })
  cleanUps.push(() => spool.close())
  return {
    folder,
    spool,
    durable,
    clock,
    asks: () => asks,
    async fill(from, to) {
      await spool.add({ type: 'schema', bytes: schema })
      for (let i = from; i <= to; i++) {
        const batch = batchOf(i)
        const state = { lastNs: batch.times.at(-1)!, era: 0, position: 0, origin: '' }
        await spool.add({ type: 'batch', batch }, { stream: 'bench', state })
      }
    },
    gaps: () => durable.flatMap(({ bytes }) => gapIn(bodyOf(bytes))),
  }
}

export const bodyOf = (bytes: Uint8Array): Body => decodeBody(bytes, readHeader(bytes)).body
export const gapIn = (body: Body): Gap[] => (body.type === 'gap' ? [body.gap] : [])

/** First and last time of the rows behind numbers. */
export function timesOf({ durable }: Opened, from: number, to: number): [bigint, bigint] {
  const times = durable.flatMap(({ seq, bytes }) => {
    const body = seq >= from && seq <= to ? bodyOf(bytes) : undefined
    return body?.type === 'batch' ? [...body.batch.times] : []
  })
  return [times[0]!, times.at(-1)!]
}

export const everything = (id: string, through = 1_000_000) => ({ spool: id, through, ranges: [] })

/** Confirms all, and waits until every segment but the one that is being written is deleted. */
export async function confirmAll({ folder, spool, durable }: Opened): Promise<void> {
  spool.confirm(everything(spool.id, durable.at(-1)!.seq))
  await expect.poll(() => segmentFiles(folder).length).toBe(1)
  // The files go before the spool's own list of them.
  const kept = segmentFiles(folder)[0]!
  const first = durable.find(({ position }) => kept.includes(position.segment))?.seq ?? durable.at(-1)!.seq + 1
  await expect.poll(() => spool.states()[0]!.first).toBe(first)
}

/** The same receipt, again and again, as ingest repeats it, for so long. */
export async function repeat({ spool, clock }: Opened, receipt: () => Parameters<Spool['confirm']>[0], forMs: number) {
  for (let ms = 0; ms <= forMs; ms += 5000) {
    spool.confirm(receipt())
    clock.ms += 5000
  }
  await spool.drained(0)
}

/** An ingest: takes what the spool would send, and answers with the real receipts. */
export function createIngest(copyOf?: Sequence) {
  const sequence = createSequence(copyOf ? structuredClone([...copyOf.spools()]) : [])
  return {
    sequence,
    take(spool: string, seq: number, bytes: Uint8Array) {
      sequence.begin('r', spool, seq, '')
      sequence.had('r', spool, seq)
      for (const { spool: of, numbers } of gapIn(bodyOf(bytes))) if (numbers.length > 0) sequence.gone('r', of, numbers)
    },
    /** Takes the whole backlog, and returns how many envelopes that were. */
    async drain({ spool }: Opened): Promise<number> {
      let sent = 0
      for await (const { spool: id, seq, bytes } of spool.read(undefined)) {
        if (spool.isConfirmed(id, seq)) continue
        sent++
        this.take(id, seq, bytes)
      }
      for (const { spool: id } of spool.states()) spool.confirm(sequence.receipt('r', id))
      return sent
    },
    answer({ spool }: Opened) {
      for (const { spool: id } of spool.states()) spool.confirm(sequence.receipt('r', id))
    },
    /** Answers as long as it takes to believe it. */
    async insist(opened: Opened) {
      for (let i = 0; i < 4; i++) {
        this.answer(opened)
        opened.clock.ms += 5000
      }
      await opened.spool.drained(0)
    },
  }
}
