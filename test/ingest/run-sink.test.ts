import { truncateSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { segmentPath } from '../../common/segment-log-files.ts'
import { comparePositions } from '../../common/segment-log-types.ts'
import type { FromSink, JournalEnvelope } from '../../ingest/sinks/sink.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import { f64, makeBatch, schemaOf, timesFrom } from './influx-setup.ts'
import { createMemorySink, event, openGround, spool, startRunner } from './run-sink-setup.ts'

const texts = (envelopes: JournalEnvelope[]) =>
  envelopes.map(({ body }) => (body.type === 'event' ? body.event.text : body.type))

const isStatus = (message: FromSink): message is Extract<FromSink, { type: 'status' }> => message.type === 'status'
const isMissing = (message: FromSink): message is Extract<FromSink, { type: 'schema_missing' }> =>
  message.type === 'schema_missing'

const speed = schemaOf('vehicle', { speed: 'f64' })
const speedHash = toHex(hashSchema(encodeSchema(speed)))
const batchOf = (...values: number[]) => ({
  type: 'batch' as const,
  batch: makeBatch(speed, timesFrom(values.length), [f64(...values)]),
})

describe('the runner of a sink', () => {
  it('hands over all that is durable, in order, decoded, and saves the cursor behind it', async () => {
    const ground = await openGround()
    for (const text of ['a', 'b', 'c']) await ground.append(event(text), '부산-1')
    const { sink, stored } = createMemorySink()
    const runner = startRunner(ground, sink)
    await runner.flush()
    expect(texts(stored())).toEqual(['a', 'b', 'c'])
    expect(stored()[0]).toMatchObject({ receivedNs: 1n, header: { rig: '부산-1', spool, seq: 1 }, problems: [] })
    expect(ground.catalog.cursor('influx')).toEqual(stored()[2]!.next)
  })

  it('reads only what it was told is durable, and goes on as more is', async () => {
    const ground = await openGround()
    await ground.append(event('a'))
    const position = ground.journal.synced
    await ground.append(event('b'))
    const { sink, stored } = createMemorySink()
    const runner = startRunner(ground, sink)
    runner.send({ type: 'synced', position })
    await runner.flush(position)
    expect(texts(stored())).toEqual(['a'])
    runner.synced()
    await vi.waitUntil(() => stored().length === 2)
  })

  it('goes on from the cursor after a restart, and repeats what was not flushed', async () => {
    const ground = await openGround()
    await ground.append(event('a'))
    const first = createMemorySink()
    const before = startRunner(ground, first.sink)
    await before.flush()
    await before.close()

    await ground.append(event('b'))
    let begun = () => {}
    const beginning = new Promise<void>((resolve) => {
      begun = resolve
    })
    const stuck = createMemorySink({
      flush: (signal) =>
        new Promise((_, reject) => {
          begun()
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })
    const killed = startRunner(ground, stuck.sink)
    killed.synced()
    await beginning
    await killed.close()

    const last = createMemorySink()
    await startRunner(ground, last.sink).flush()
    expect(texts(last.stored())).toEqual(['b'])
  })

  it('never holds more than one write, and saves the cursor after each', async () => {
    const ground = await openGround()
    for (let i = 0; i < 20; i++) await ground.append(event(String(i)))
    const cursors: number[] = []
    const { sink, flushes, heldMax } = createMemorySink({}, 3)
    const flush = sink.flush
    sink.flush = async (signal) => {
      cursors.push(ground.catalog.cursor('influx')?.offset ?? 0)
      await flush(signal)
    }
    await startRunner(ground, sink).flush()
    expect(flushes.map((envelopes) => envelopes.length)).toEqual([3, 3, 3, 3, 3, 3, 2])
    expect(heldMax()).toBe(3)
    expect(cursors.slice(1)).toEqual(flushes.slice(0, -1).map((envelopes) => envelopes.at(-1)!.next.offset))
  })

  it('flushes at the end of each segment where the sink wants that, and not when idle', async () => {
    const ground = await openGround()
    const { sink, flushes } = createMemorySink({ name: 'lake', flushWhenIdle: false, flushAtSegmentEnd: true })
    const runner = startRunner(ground, sink, { idleFlushMs: 0 })
    await ground.append(event('a'))
    await ground.append(event('b'))
    runner.synced()
    await runner.heard((message): message is Extract<FromSink, { type: 'status' }> => {
      return isStatus(message) && message.counters.envelopes === 2
    })
    expect(flushes).toEqual([])
    await ground.journal.roll()
    await ground.append(event('c'))
    runner.synced()
    await vi.waitUntil(() => flushes.length === 1)
    expect(texts(flushes[0]!)).toEqual(['a', 'b'])
    await runner.flush()
    expect(texts(flushes[1]!)).toEqual(['c'])
  })

  it('flushes the end of a sealed segment although nothing comes behind it', async () => {
    const ground = await openGround()
    const { sink, flushes } = createMemorySink({ name: 'lake', flushWhenIdle: false, flushAtSegmentEnd: true })
    const runner = startRunner(ground, sink)
    const at = await ground.append(event('a'))
    await ground.journal.roll()
    await ground.append(event('b'))
    const next = ground.journal.synced
    runner.send({ type: 'synced', position: { segment: next.segment, offset: 0 } })
    await vi.waitUntil(() => flushes.length === 1)
    expect(flushes[0]![0]!.position).toEqual(at)
    expect(ground.catalog.cursor('lake')!.segment).toBe(next.segment)
  })

  it('answers a flush only when the cursor is there, and at once if it is there already', async () => {
    const ground = await openGround()
    await ground.append(event('a'))
    const { sink } = createMemorySink({ flushWhenIdle: false })
    const runner = startRunner(ground, sink)
    await runner.flush()
    expect(comparePositions(ground.catalog.cursor('influx')!, ground.journal.synced)).toBeGreaterThanOrEqual(0)
    await runner.flush()
  })

  it('says what it is doing', async () => {
    const ground = await openGround()
    let waitingFor: string | undefined = 'InfluxDB at http://x: connection refused'
    const { sink } = createMemorySink({
      status: () => ({
        state: waitingFor ? 'waiting' : 'running',
        ...(waitingFor ? { waitingFor } : {}),
        counters: { lines: 3 },
      }),
    })
    const runner = startRunner(ground, sink)
    const first = await runner.heard(isStatus)
    expect(first).toMatchObject({ state: 'waiting', waitingFor, counters: { lines: 3, envelopes: 0 } })
    waitingFor = undefined
    await runner.heard((message): message is FromSink & { type: 'status' } => {
      return isStatus(message) && message.state === 'running' && message.waitingFor === undefined
    })
  })

  it('says that the sink failed, and ends', async () => {
    const ground = await openGround()
    await ground.append(event('a'))
    const { sink } = createMemorySink({ flush: () => Promise.reject(new Error('out of memory')) })
    const runner = startRunner(ground, sink)
    runner.synced()
    await expect(runner.ended).rejects.toThrow('out of memory')
    expect(runner.said).toContainEqual({ type: 'failed', error: 'out of memory' })
    expect(ground.catalog.cursor('influx')).toBeUndefined()
  })
})

describe('what a sink cannot take', () => {
  it('goes to quarantine with its reason and is counted, and the next is stored', async () => {
    const ground = await openGround()
    const sound = encodeEnvelope({ rig: 'r', spool, seq: 1, body: event('x') })
    const cut = sound.slice(0, -3)
    // Field 99 is no body that this release knows.
    const later = Buffer.concat([
      encodeEnvelope({ rig: 'r', spool, seq: 2, body: event('') }),
      Buffer.from([0x9a, 6, 0]),
    ])
    const newer = Buffer.concat([later.subarray(0, later.indexOf(0x62)), Buffer.from([0x9a, 6, 0])])
    await ground.appendBytes(cut)
    await ground.appendBytes(newer)
    await ground.appendBytes(new Uint8Array([1, 2, 3]))
    await ground.append(event('no room for this'))
    await ground.append(event('good'))
    const memory = createMemorySink()
    const add = memory.sink.add
    memory.sink.add = (envelope) => {
      if (texts([envelope])[0]?.startsWith('no room')) throw new Error('this cannot be stored')
      add(envelope)
    }
    const runner = startRunner(ground, memory.sink)
    await runner.flush()
    expect(texts(memory.stored())).toEqual(['good'])
    const entries = ground.quarantine.list()
    expect(entries.every(({ by, content }) => by === 'influx' && content === 'envelope')).toBe(true)
    expect(entries.map(({ reason }) => reason)).toEqual([
      'unreadable',
      'unknown_body',
      'unreadable',
      'not_storable_in_influx',
    ])
    expect(entries[3]).toMatchObject({ rig: 'r', spool, detail: 'this cannot be stored' })
    expect(Buffer.from(ground.quarantine.read(entries[2]!.id).bytes)).toEqual(Buffer.from([1, 2, 3]))
    await runner.close()
    expect(runner.said.filter(isStatus).at(-1)!.counters).toMatchObject({
      quarantined_not_storable_in_influx: 1,
      quarantined_unknown_body: expect.any(Number),
      envelopes: 5,
    })
  })

  it('waits for its schema, asks for it, and is stored when the catalog has it', async () => {
    const ground = await openGround()
    await ground.append(batchOf(1, 2), 'rig-7')
    await ground.append(event('between'))
    const { sink, stored } = createMemorySink()
    const runner = startRunner(ground, sink)
    await runner.flush()
    expect(texts(stored())).toEqual(['event between'].map((text) => text.slice(6)))
    expect(await runner.heard(isMissing)).toMatchObject({ rig: 'rig-7', schema: speedHash })
    expect(runner.said.filter(isMissing)).toHaveLength(1)

    ground.catalog.saveSchema(speedHash, 'rig-7', encodeSchema(speed))
    await vi.waitUntil(() => stored().length === 2)
    expect(stored()[1]).toMatchObject({ schema: speed, schemaHash: speedHash, body: { type: 'batch' } })
    await vi.waitUntil(() => ground.catalog.parked('influx').length === 0)
    expect(ground.quarantine.list()).toEqual([])
  })

  it('is stored when its schema comes by in the journal, without the catalog', async () => {
    const ground = await openGround()
    await ground.append(batchOf(1))
    await ground.append({ type: 'schema', bytes: encodeSchema(speed) })
    await ground.append(batchOf(2))
    const { sink, stored } = createMemorySink()
    await startRunner(ground, sink).flush()
    await vi.waitUntil(() => stored().length === 3)
    expect(texts(stored())).toEqual(['schema', 'batch', 'batch'])
    const values = stored().flatMap(({ body }) => (body.type === 'batch' ? [...body.batch.columns[0]!.values] : []))
    expect(values).toEqual([2, 1])
  })

  it('stays parked over a restart', async () => {
    const ground = await openGround()
    await ground.append(batchOf(5), 'rig-7')
    const before = startRunner(ground, createMemorySink().sink)
    await before.flush()
    await before.close()
    const { sink, stored } = createMemorySink()
    const runner = startRunner(ground, sink)
    expect(await runner.heard(isMissing)).toMatchObject({ rig: 'rig-7', schema: speedHash })
    ground.catalog.saveSchema(speedHash, 'rig-7', encodeSchema(speed))
    await vi.waitUntil(() => stored().length === 1)
  })

  it('goes to quarantine when it has waited too long, or when there is no room to wait', async () => {
    const ground = await openGround()
    await ground.append(batchOf(5), 'rig-7')
    const { sink, stored } = createMemorySink()
    await startRunner(ground, sink, { parkAgeMaxMs: 0 }).flush()
    await vi.waitUntil(() => ground.quarantine.list().length === 1)
    await vi.waitUntil(() => ground.catalog.parked('influx').length === 0)
    expect(ground.quarantine.list()[0]).toMatchObject({ reason: 'schema_missing', rig: 'rig-7', by: 'influx' })

    const small = await openGround()
    await small.append(batchOf(5))
    await startRunner(small, sink, { parkBytesMax: 10 }).flush()
    expect(small.quarantine.list()[0]).toMatchObject({ reason: 'schema_missing' })
    expect(small.quarantine.list()[0]!.detail).toMatch(/no room/)
    expect(stored()).toEqual([])
  })

  it('is made to fit its schema, and what was wrong is told', async () => {
    const ground = await openGround()
    const two = schemaOf('vehicle', { speed: 'f64', on: 'bool' })
    const batch = { ...makeBatch(two, timesFrom(2), [f64(1, 2)]) }
    ground.catalog.saveSchema(toHex(batch.schema), 'r', encodeSchema(two))
    await ground.append({ type: 'batch', batch })
    const { sink, stored } = createMemorySink()
    const runner = startRunner(ground, sink)
    await runner.flush()
    const [{ body, problems }] = stored() as [JournalEnvelope]
    expect(body.type === 'batch' && body.batch.columns.map(({ kind }) => kind)).toEqual(['f64', 'bool'])
    expect(problems).toEqual([expect.stringContaining('"on"')])
    await runner.close()
    expect(runner.said.filter(isStatus).at(-1)!.counters).toMatchObject({ odd_batches: 1 })
  })

  it('is not lost while the quarantine cannot be written', async () => {
    const ground = await openGround()
    await ground.appendBytes(new Uint8Array([1, 2, 3]))
    await ground.append(event('good'))
    const { sink, stored } = createMemorySink()
    let tries = 0
    const put: typeof ground.quarantine.put = (entry) => {
      if (++tries === 1) throw new Error('ENOSPC: no space left on device')
      return ground.quarantine.put(entry)
    }
    const runner = startRunner(ground, sink, { quarantine: { ...ground.quarantine, put } })
    runner.synced()
    const waiting = await runner.heard((message): message is FromSink & { type: 'status' } => {
      return isStatus(message) && message.state === 'waiting'
    })
    expect(waiting.waitingFor).toMatch(/the quarantine, which cannot be written: ENOSPC/)
    await runner.flush()
    expect(texts(stored())).toEqual(['good'])
    expect(ground.quarantine.list()).toHaveLength(1)
  })

  it('because its bytes in the journal are damaged costs nothing but itself', async () => {
    const ground = await openGround()
    await ground.append(event('a'))
    const { segment } = ground.journal.synced
    const whole = ground.journal.synced.offset
    await ground.append(event('b'))
    await ground.journal.roll()
    await ground.append(event('c'))
    truncateSync(segmentPath(ground.journalFolder, segment), whole + 5)
    const { sink, stored } = createMemorySink()
    await startRunner(ground, sink).flush()
    expect(texts(stored())).toEqual(['a', 'c'])
  })
})
