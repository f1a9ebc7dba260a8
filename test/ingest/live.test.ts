import { describe, expect, it } from 'vitest'
import type { Gap, Schema } from '../../protos/types.ts'
import { createFeed, speedColumns, speedSchema, spools, t0Ns } from './live-feed.ts'

describe('the live hub', () => {
  it('hands each batch on at once, unchanged, to those who watch its rig and stream', () => {
    const feed = createFeed()
    const seen: Record<string, Uint8Array[]> = { all: [], rig: [], other: [], stream: [] }
    feed.live.subscribe({}, (_rig, _stream, envelope) => seen.all!.push(envelope))
    feed.live.subscribe({ rig: 'cabin' }, (_rig, _stream, envelope) => seen.rig!.push(envelope))
    feed.live.subscribe({ rig: '작업대' }, (_rig, _stream, envelope) => seen.other!.push(envelope))
    const stop = feed.live.subscribe({ stream: 'vehicle' }, (_rig, _stream, envelope) => seen.stream!.push(envelope))
    const first = feed.speed({ rig: 'cabin' })
    const second = feed.speed({ rig: '작업대' })
    stop()
    const third = feed.speed({ rig: 'cabin' })
    expect(seen).toEqual({ all: [first, second, third], rig: [first, third], other: [second], stream: [first, second] })
  })

  it('shows newest values, physical, with units and how they stand to their range', () => {
    const feed = createFeed()
    feed.speed({ rows: 10, speed: 50 })
    const [rig] = feed.live.rigs()
    expect(rig).toMatchObject({ rig: 'cabin', gaps: 0, notShown: 0 })
    expect(rig!.streams[0]).toMatchObject({
      stream: 'vehicle',
      source: 'simulated',
      periodMs: 10,
      timeNs: t0Ns,
      problems: [],
    })
    expect(rig!.streams[0]!.channels).toEqual([
      { name: 'speed', kind: 'f64', unit: 'km/h', value: 59, missing: false, range: 'within' },
      { name: '조향각', kind: 'int', unit: 'deg', value: expect.closeTo(-12.3, 9), missing: false, range: 'within' },
      { name: 'braking', kind: 'bool', unit: '', value: true, missing: false, range: 'within' },
      { name: 'gear', kind: 'text', unit: '', value: 'D', missing: false, range: 'within' },
    ])
  })

  it.each([
    ['within', 249],
    ['at_limit', 250],
    ['outside', 251],
    ['outside', -1],
    ['within', 0],
  ])('calls a value %s its range at %d of 0 to 250', (range, speed) => {
    const feed = createFeed()
    feed.speed({ rows: 1, speed })
    expect(feed.live.rigs()[0]!.streams[0]!.channels[0]).toMatchObject({ value: speed, range })
  })

  it('goes back to the last row that has a value, and says that the newest has none', () => {
    const feed = createFeed()
    const columns = speedColumns(3)
    columns[0]!.validity = Uint8Array.of(0b011)
    columns[2]!.validity = Uint8Array.of(0b000)
    feed.store(feed.envelope(feed.batch(speedSchema, columns)))
    const channels = feed.live.rigs()[0]!.streams[0]!.channels
    expect(channels[0]).toMatchObject({ value: 51, missing: true })
    expect(channels[1]).toMatchObject({ missing: false })
    expect(channels[2]).toMatchObject({ value: undefined, missing: true })
  })

  it('is not led back by backlog that comes beside live batches, nor by its times', () => {
    const feed = createFeed()
    feed.speed({ speed: 100, seq: 500 })
    feed.advance(20)
    feed.speed({ speed: 1, seq: 3, ageMs: 60_000 })
    expect(feed.live.rigs()[0]!.streams[0]!.channels[0]!.value).toBe(109)
    // The clock of the rig was set back: a higher number is newer all the same.
    feed.speed({ speed: 7, seq: 501, ageMs: 3_600_000 })
    expect(feed.live.rigs()[0]!.streams[0]!.channels[0]!.value).toBe(16)
    const body = feed.batch(speedSchema, speedColumns(1, 33))
    feed.store(feed.envelope(body, { spool: spools[1], seq: 1 }))
    expect(feed.live.rigs()[0]!.streams[0]!.channels[0]!.value).toBe(33)
    feed.speed({ speed: 2, seq: 502 })
    expect(feed.live.rigs()[0]!.streams[0]!.channels[0]!.value).toBe(33)
    // The newer spool is silent: the rig may have lost disk and clock.
    feed.advance(11_000)
    feed.speed({ speed: 3, seq: 503 })
    expect(feed.live.rigs()[0]!.streams[0]!.channels[0]!.value).toBe(12)
  })

  it('measures rows and readings a second', () => {
    const feed = createFeed()
    for (let i = 0; i < 100; i++) {
      feed.speed({ rows: 10 })
      feed.advance(100)
    }
    const [stream] = feed.live.rigs()[0]!.streams
    expect(stream!.rowsPerS).toBeCloseTo(100, 6)
    expect(stream!.readingsPerS).toBeCloseTo(400, 6)
    expect(stream!.batches).toBe(100)
  })

  it('calls nothing stale before 3 s or 5 periods, and learns the pace of an irregular stream', () => {
    const feed = createFeed()
    const slow: Schema = {
      stream: 'slow',
      channels: [{ name: 'x', kind: 'f64' }],
      period: { num: 10_000_000_000n, den: 1n },
    }
    const irregular: Schema = { stream: 'door', channels: [{ name: 'x', kind: 'f64' }] }
    feed.know(slow)
    feed.know(irregular)
    const one = () => [{ kind: 'f64' as const, values: new Float64Array(1) }]
    feed.speed()
    feed.store(feed.envelope(feed.batch(slow, one())))
    for (let i = 0; i < 5; i++) {
      feed.advance(20_000)
      feed.store(feed.envelope(feed.batch(irregular, one())))
    }
    const limits = Object.fromEntries(
      feed.live.rigs()[0]!.streams.map((stream) => [stream.stream, stream.staleAfterMs]),
    )
    expect(limits).toEqual({ vehicle: 3000, slow: 50_000, door: 100_000 })
  })

  it('counts what it cannot show, and shows it once the schema is here', () => {
    const feed = createFeed()
    feed.forget(speedSchema)
    const seen: Uint8Array[] = []
    feed.live.subscribe({}, (_rig, _stream, envelope) => seen.push(envelope))
    feed.speed()
    feed.know(speedSchema)
    // Not asked for again within the second: thousands of batches must not become thousands of questions.
    feed.speed()
    expect(feed.live.rigs()[0]).toMatchObject({ notShown: 2, streams: [] })
    feed.advance(1000)
    feed.speed()
    expect(seen).toHaveLength(1)
    expect(feed.live.rigs()[0]).toMatchObject({ notShown: 2, streams: [{ stream: 'vehicle' }] })
  })

  it('says what is wrong with a newest batch instead of throwing', () => {
    const feed = createFeed()
    const columns = speedColumns(4)
    // One column less than the schema has, and one of another kind.
    feed.store(feed.envelope(feed.batch(speedSchema, [columns[1]!, columns[1]!])))
    expect(feed.live.rigs()[0]!.streams[0]!.channels.map((channel) => channel.value)).toEqual([
      undefined,
      expect.closeTo(-12.3, 9),
      undefined,
      undefined,
    ])
    const envelope = feed.envelope(feed.batch(speedSchema, speedColumns(4)))
    // A torn column: the last bytes are those of the texts.
    envelope.fill(0xff, envelope.length - 6)
    feed.store(envelope)
    expect(feed.live.rigs()[0]!.streams[0]!.problems[0]).toMatch(/not a batch/)
  })

  it('counts Gaps and tells the last one', () => {
    const feed = createFeed()
    const gap: Gap = {
      fromNs: 1n,
      toNs: 2n,
      streams: ['vehicle'],
      cause: 'spool_full',
      detail: 'the disk',
      spool: '',
      numbers: [],
      rows: 9,
    }
    feed.store(feed.envelope({ type: 'gap', gap: { ...gap, cause: 'agent_down' } }))
    feed.store(feed.envelope({ type: 'gap', gap }))
    expect(feed.live.rigs()[0]).toMatchObject({ gaps: 2, lastGap: gap })
  })

  it('keeps the last minutes, no more bytes than allowed, and gives them oldest first', () => {
    const feed = createFeed({ keepMs: 1000, bytesMax: 50_000 })
    const sent: Uint8Array[] = []
    for (let i = 0; i < 30; i++) {
      sent.push(feed.speed({ rig: i % 2 ? 'a' : 'b' }))
      feed.advance(100)
    }
    const kept = feed.live.recent({}, 0n, 1e9).map((entry) => entry.envelope)
    expect(kept).toEqual(sent.slice(-11))
    expect(feed.live.recent({ rig: 'a' }, feed.nowNs() - 300_000_000n, 1e9)).toHaveLength(2)
    expect(feed.live.recent({}, 0n, sent[0]!.length * 3).map((entry) => entry.envelope)).toEqual(sent.slice(-3))
    for (let i = 0; i < 20_000; i++) feed.speed({ rows: 1 })
    expect(feed.live.keptBytes).toBeLessThanOrEqual(50_000)
    expect(feed.live.recent({}, 0n, 1e9).length).toBeGreaterThan(50)
  })

  it('goes on for all others when one who watches fails', () => {
    const feed = createFeed()
    let seen = 0
    feed.live.subscribe({}, () => {
      throw new Error('no longer there')
    })
    feed.live.subscribe({}, () => seen++)
    feed.speed()
    feed.speed()
    expect(seen).toBe(2)
    expect(feed.live.subscribers).toBe(1)
  })
})
