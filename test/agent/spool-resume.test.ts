import { getEventListeners } from 'node:events'
import { readFileSync, truncateSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createBatcher, type StreamState } from '../../agent/batcher.ts'
import { findResume, openSources, type RunningSource } from '../../agent/run-sources.ts'
import type { Row, RowChunk, Source, SourceContext } from '../../agent/sources/source.ts'
import { createClock } from '../../common/clock.ts'
import { silentLog } from '../../common/log.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Batch, Gap, Schema } from '../../protos/types.ts'
import { segmentFiles } from '../common/faulty-files.ts'
import { newFolder, openAt } from './spool-setup.ts'

// A file of two streams, through real batchers into the real spool; the power fails between two batches that were written together.

const schemas: Schema[] = ['빠름', 'slow'].map((stream) => ({ stream, channels: [{ name: 'n', kind: 'int' }] }))
const slowEvery = 5
/** Row i stands at position i, the slow stream's ones beside the fast stream's of the same line. */
const rowsFrom = (position: number, to: number): Row[] =>
  Array.from({ length: Math.max(0, to - position) }, (_, k) => position + k + 1).flatMap((i) => [
    { stream: 0, timeNs: BigInt(i), values: [i], position: i },
    ...(i % slowEvery === 0 ? [{ stream: 1, timeNs: BigInt(i), values: [i], position: i }] : []),
  ])

function fileSource(to: number, origins: string[] = ['file']) {
  const resumes: SourceContext['resume'][] = []
  const open = async (_config: unknown, context: SourceContext): Promise<Source> => {
    resumes.push(context.resume)
    return {
      streams: schemas,
      async *rows(): AsyncGenerator<RowChunk> {
        const at = Math.max(0, origins.indexOf(context.resume?.origin ?? ''))
        for (const [i, origin] of origins.slice(at).entries()) {
          const rows = rowsFrom(i === 0 ? (context.resume?.position ?? 0) : 0, to)
          for (const row of rows) row.timeNs! += BigInt((at + i) * 1_000_000)
          yield { rows, origin }
        }
      },
      health: () => ({ state: 'running', badLines: 0, badLineSamples: [], detail: '' }),
      close: async () => {},
    }
  }
  return { open, resumes }
}

async function run(folder: string, source: ReturnType<typeof fileSource>, rowsMax: number) {
  const opened = await openAt(folder)
  const { spool } = opened
  const batches: { stream: string; batch: Batch }[] = []
  const gaps: Gap[] = []
  const clock = createClock()
  const running: RunningSource[] = await openSources([{ type: 'lines', name: 'file' } as never], {
    folder,
    log: silentLog,
    openSource: source.open as never,
    nowNs: clock.nowNs,
    streams: spool.streams,
    createBatcher(schema, onDue) {
      const bytes = encodeSchema(schema)
      void spool.add({ type: 'schema', bytes })
      return createBatcher({
        schema,
        schemaHash: hashSchema(bytes),
        limits: { rowsMax, ageMaxMs: 60_000, bytesMax: 200_000 },
        clock,
        state: spool.streams.get(schema.stream) ?? { era: 0, position: 0, origin: '' },
        onDue,
        onGap: (gap) => gaps.push(gap),
        onBatch(batch) {
          batches.push({ stream: schema.stream, batch })
          const { era, position, origin } = batch
          const state = { lastNs: batch.times.at(-1)!, era, position, origin }
          void spool.add({ type: 'batch', batch }, { stream: schema.stream, state })
        },
      })
    },
    onEvent() {},
    onGap: (gap) => gaps.push(gap),
    onThrough: spool.through,
    drained: () => spool.drained(0),
    hasRoom: () => true,
  })
  for (const one of running) one.start()
  await running[0]!.ended
  await spool.drained(0)
  await spool.close()
  const times = (stream: string) =>
    batches.filter((one) => one.stream === stream).flatMap(({ batch }) => [...batch.times])
  return { ...opened, gaps, times, batches }
}

describe('resuming', () => {
  test('a power cut after one of two batches that were written together skips no row of the other, and repeats none', async () => {
    for (let kept = 2; ; kept++) {
      const folder = newFolder()
      const first = await run(folder, fileSource(43), 10)
      if (kept > first.durable.length) break
      // The log as it is when the disk has so many envelopes and nothing behind them.
      const cut = first.durable[kept - 1]!
      const file = segmentFiles(folder)[0]!
      const content = readFileSync(file)
      truncateSync(file, content.indexOf(cut.bytes) + cut.bytes.length)
      const spooled = new Map<string, bigint[]>(schemas.map(({ stream }) => [stream, []]))
      for (const { stream, batch } of first.batches.slice(0, kept - schemas.length))
        spooled.get(stream)!.push(...batch.times)

      const second = await run(folder, fileSource(60), 10)
      for (const [i, { stream }] of schemas.entries()) {
        const expected = rowsFrom(0, 60).filter((row) => row.stream === i)
        expect([...spooled.get(stream)!, ...second.times(stream)], `${stream}, ${kept} kept`).toEqual(
          expected.map(({ timeNs }) => timeNs),
        )
      }
      expect(second.gaps).toEqual([])
    }
  })

  test('goes on close to where it stood, though one stream has no row in the file', async () => {
    const folder = newFolder()
    const source = fileSource(4)
    await run(folder, source, 2)
    await run(folder, source, 2)
    expect(source.resumes).toEqual([undefined, undefined, { position: 4, origin: 'file' }])
  })

  test('at the end of a file that was rotated nothing is missing, of no stream', async () => {
    const folder = newFolder()
    await run(folder, fileSource(43), 10)
    const second = await run(folder, fileSource(43, ['file', 'next']), 10)
    expect(second.gaps).toEqual([])
    expect(second.times('slow')).toEqual([5n, 10n, 15n, 20n, 25n, 30n, 35n, 40n].map((at) => at + 1_000_000n))
    const third = await run(folder, fileSource(60, ['another']), 10)
    expect(third.gaps.map(({ cause }) => cause)).toEqual(['agent_down', 'agent_down'])
  })

  test('takes the lowest position that is certain, in the origin that was read last', () => {
    const source = { streams: schemas }
    const state = (origin: string, position: number, through?: StreamState['through']): StreamState => ({
      era: 0,
      position,
      origin,
      ...(through ? { through } : {}),
    })
    const at = (slow: StreamState | undefined, fast: StreamState) =>
      findResume(source, new Map([...(slow ? ([['slow', slow]] as const) : []), ['빠름', fast]]))
    expect(at(undefined, state('', 0))).toBeUndefined()
    expect(at(undefined, state('a', 9))).toEqual({ position: 0, origin: 'a' })
    expect(at(state('a', 5), state('a', 9))).toEqual({ position: 5, origin: 'a' })
    expect(at(state('a', 5, { position: 8, origin: 'a' }), state('a', 9))).toEqual({ position: 8, origin: 'a' })
    expect(at(state('a', 50, { position: 80, origin: 'a' }), state('b', 9))).toEqual({ position: 0, origin: 'b' })
    expect(at(state('a', 50, { position: 7, origin: 'b' }), state('b', 9))).toEqual({ position: 7, origin: 'b' })
  })
})

test('a source that waits for room, for days, leaves nothing at the signal that would end it', async () => {
  let signal: AbortSignal | undefined
  const source: Source = {
    streams: [],
    async *rows(stop) {
      signal = stop
      yield { rows: [], events: [], origin: 'file' }
    },
    health: () => ({ state: 'running', badLines: 0, badLineSamples: [], detail: '' }),
    close: async () => {},
  }
  const none = () => {}
  const [running] = await openSources([{ type: 'lines', name: 'file' } as never], {
    folder: '',
    log: silentLog,
    openSource: async () => source,
    nowNs: () => 0n,
    streams: new Map(),
    createBatcher: none as never,
    onEvent: none,
    onGap: none,
    onThrough: none,
    drained: async () => {},
    hasRoom: () => false,
  })
  running!.start()
  await sleep(1000)
  expect(getEventListeners(signal!, 'abort').length).toBeLessThanOrEqual(1)
  await running!.close()
})
