import { join } from 'node:path'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../../common/program.ts'
import { decodeBody, type Envelope, encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { UnknownEncodingError, UnreadableBodyError, UnreadableEnvelopeError } from '../../protos/errors.ts'
import { rigline } from '../../protos/generated/rigline.js'
import { fromHex, toHex } from '../../protos/hex.ts'
import type { Body } from '../../protos/types.ts'
import { body } from './arbitraries.ts'
import { expectSameBatch } from './same.ts'

const spool = '01JZ8Q4T3X5V6W7Y8Z9ABCDEFG'
const envelope: fc.Arbitrary<Envelope> = fc.record({
  rig: fc.constantFrom('car-01', '시뮬레이터-1', 'bench.2_b'),
  spool: fc.constant(spool),
  seq: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  predecessor: fc.constantFrom('', '01JZ8Q4T3X5V6W7Y8Z9ABCDEFF'),
  body,
})

function expectSameBody(actual: Body, expected: Body): void {
  if (expected.type !== 'batch') expect(plain(actual)).toEqual(plain(expected))
  else if (actual.type === 'batch') expectSameBatch(actual.batch, expected.batch)
  else expect(actual.type).toBe('batch')
}

/** Buffers and other byte arrays are the same to us. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

test('any envelope comes back', () => {
  fc.assert(
    fc.property(envelope, (sent) => {
      const bytes = encodeEnvelope(sent)
      const header = readHeader(bytes)
      const { rig, seq, predecessor } = sent
      expect(header).toMatchObject({ version: 1, rig, spool, seq, predecessor, bodyType: sent.body.type })
      const { body: came, problems } = decodeBody(bytes, header)
      expect(problems).toEqual([])
      expectSameBody(came, sent.body)
    }),
    { numRuns: 500 },
  )
})

test('the bytes are those of any other protobuf encoder, and any other decoder reads them', () => {
  const root = protobuf.loadSync(join(packageRoot, 'protos/rigline.proto'))
  const reflected = root.lookupType('rigline.v1.Envelope')
  fc.assert(
    fc.property(envelope, (sent) => {
      const bytes = encodeEnvelope(sent)
      const generated = rigline.v1.Envelope.decode(bytes)
      expect(generated).toMatchObject({ rig: sent.rig, spool, version: 1 })
      expect(generated.body).toBe(sent.body.type === 'clock_sample' ? 'clockSample' : sent.body.type)
      expect(toHex(rigline.v1.Envelope.encode(generated).finish())).toBe(toHex(bytes))
      expect(toHex(reflected.encode(reflected.decode(bytes)).finish())).toBe(toHex(bytes))
    }),
    { numRuns: 300 },
  )
})

// Agents in the field and journals on disk hold envelopes like this one for years: if this test fails, the wire has
// changed, and old bytes must still be read.
const golden: Envelope = {
  rig: '차량-01',
  spool,
  seq: 300,
  predecessor: '01JZ8Q4T3X5V6W7Y8Z9ABCDEFF',
  body: {
    type: 'batch',
    batch: {
      schema: Uint8Array.from({ length: 32 }, (_, i) => i),
      rows: 3,
      era: 2,
      times: BigInt64Array.of(1_700_000_000_000_000_000n, 1_700_000_000_002_777_777n, 1_700_000_000_005_555_555n),
      period: { num: 1_000_000_000n, den: 360n },
      monotonicNs: 123_456_789_012_345n,
      bootId: Uint8Array.from({ length: 16 }, (_, i) => 255 - i),
      simulation: BigInt64Array.of(-5n, 7n, 7n),
      notRising: true,
      position: 2 ** 40,
      origin: '/data/주행.csv',
      columns: [
        { kind: 'f64', values: Float64Array.of(-0, 5e-324, Number.POSITIVE_INFINITY) },
        { kind: 'f32', values: Float32Array.of(1.5, 0, -2), validity: Uint8Array.of(0b101) },
        { kind: 'int', values: Float64Array.of(1000, 999, -70_000) },
        { kind: 'int', values: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n) },
        { kind: 'bool', values: Uint8Array.of(1, 0, 1) },
        { kind: 'text', values: Uint32Array.of(1, 0, 1), dictionary: ['P', '주행'] },
      ],
    },
  },
}
const goldenHex =
  '08011209ecb0a8eb9f892d30311a1a30314a5a385134543358355636573759385a394142434445464720ac022a1a30314a5a385134543358' +
  '355636573759385a39414243444546465af4010a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f100318' +
  '0222120900002a36fe9c9717108094ebdc0318e8022979df0d86487000003210fffefdfcfbfaf9f8f7f6f5f4f3f2f1f03a0d09fbffffffff' +
  'ffffff2202180040014880808080802052102f646174612feca3bced96892e6373767a1c0801121800000000000000800100000000000000' +
  '000000000000f07f7a130802120c0000c03f00000000000000c01a01057a0a08031206d00f01add5087a1908031215ffffffffffffffffff' +
  '0101fdffffffffffffffff017a0508041201057a12080512030100012201502206eca3bced9689'

test('the golden envelope', () => {
  expect(toHex(encodeEnvelope(golden))).toBe(goldenHex)
  const bytes = fromHex(goldenHex)
  expectSameBody(decodeBody(bytes, readHeader(bytes)).body, golden.body)
})

/** A varint field, a field of bytes. */
const number = (field: number, value: number) => [field << 3, value]
const bytesField = (field: number, ...value: number[]) => [((field << 3) | 2) & 255, value.length, ...value]
const text = (field: number, value: string) => bytesField(field, ...new TextEncoder().encode(value))
const head = [...number(1, 1), ...text(2, 'car-01'), ...text(3, spool), ...number(4, 5)]
const read = (...parts: number[][]) => readHeader(Uint8Array.from(parts.flat()))

describe('whatever the body, the number counts', () => {
  const known = { version: 1, rig: 'car-01', spool, seq: 5, predecessor: '' }
  test.each<[string, number[][], number]>([
    ['none', [], 0],
    ['of an unknown field', [bytesField(9, 1, 2, 3)], 9],
    ['of an unknown field and wire type', [number(11, 3)], 11],
    ['cut off', [[0x5a, 100, 1, 2]], 11],
    ['two of them', [bytesField(11, 0), bytesField(12)], 12],
    ['random bytes', [[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]], 11],
  ])('%s', (_, parts, field) => {
    const bytes = Uint8Array.from([head, ...parts].flat())
    const header = readHeader(bytes)
    expect(header).toMatchObject({ ...known, bodyType: 'unknown' })
    expect(decodeBody(bytes, header)).toEqual({ body: { type: 'unknown', field }, problems: [] })
  })

  test('of another protocol version', () => {
    expect(read(number(1, 2), head.slice(2) as number[], bytesField(12))).toMatchObject({
      version: 2,
      seq: 5,
      bodyType: 'unknown',
    })
  })

  test('fields of later versions are passed over, before and behind the body', () => {
    expect(read(number(6, 1), head, text(8, 'new'), bytesField(12), text(9, 'newer'))).toMatchObject({
      ...known,
      bodyType: 'event',
      bodyStart: 2 + head.length + 5 + 2,
    })
  })

  test('a predecessor that is no name is none', () => {
    expect(read(head, text(5, '../../etc'))).toMatchObject({ ...known })
  })
})

describe('no number, no envelope', () => {
  test.each<[string, number[][], RegExp]>([
    ['nothing at all', [], /rig "" is no name/],
    ['no rig', [text(3, spool), number(4, 5)], /rig "" is no name/],
    ['a rig that is no name', [text(2, '../x'), text(3, spool), number(4, 5)], /rig "..\/x" is no name/],
    ['a rig in no UTF-8', [bytesField(2, 0xff, 0xfe), text(3, spool), number(4, 5)], /rig "" is no name/],
    ['no spool', [text(2, 'car'), number(4, 5)], /spool "" is no spool id/],
    ['no seq', [text(2, 'car'), text(3, spool)], /no number: seq is 0/],
    ['a seq beyond 2^53', [text(2, 'car'), text(3, spool), [32, ...Array(9).fill(255), 1]], /18446744073709551615/],
  ])('%s', (_, parts, reason) => {
    expect(() => read(...parts)).toThrow(UnreadableEnvelopeError)
    expect(() => read(...parts)).toThrow(reason)
  })
})

describe('bodies that make no sense', () => {
  const bodyOf = (field: number, ...value: number[]) => {
    const bytes = Uint8Array.from([...head, ...bytesField(field, ...value)])
    return decodeBody(bytes, readHeader(bytes))
  }
  test('are their own error', () => {
    expect(() => bodyOf(12, 0xff)).toThrow(UnreadableBodyError)
    expect(() => bodyOf(11, 1, 2, 3)).toThrow(UnreadableBodyError)
    // rows of a Gap: 2^64 - 1
    expect(() => bodyOf(14, 64, ...Array(9).fill(255), 1)).toThrow(/not a gap: rows is 18446744073709551615/)
  })
  test('a Gap is of whoever declares it; ingest alone speaks for others', () => {
    const fields = { fromNs: 0n, toNs: 5n, streams: [], detail: '', spool: '', numbers: [], rows: 1 }
    const gap = { ...fields, cause: 'refused' as const, rig: 'bench-2' }
    const from = (rig: string) => {
      const bytes = encodeEnvelope({ rig, spool, seq: 1, body: { type: 'gap', gap } })
      return decodeBody(bytes, readHeader(bytes))
    }
    expect(from('ingest')).toMatchObject({ body: { gap: { rig: 'bench-2' } }, problems: [] })
    const { body, problems } = from('car-1')
    expect(body).not.toHaveProperty('gap.rig')
    expect(problems).toEqual([expect.stringMatching(/car-1 declares a Gap of rig bench-2/)])
    expect(from('bench-2').problems).toEqual([])
  })
  test('words of a newer agent are told', () => {
    expect(bodyOf(14, 32, 99)).toMatchObject({ body: { gap: { cause: 'unspecified' } }, problems: [/cause 99/] })
    const health = rigline.v1.Health.encode({ sources: [{ name: 'gnss', state: 'dreaming' }] }).finish()
    expect(bodyOf(15, ...health)).toMatchObject({
      body: { health: { sources: [{ name: 'gnss', state: 'failed' }] } },
      problems: [/"gnss".*"dreaming"/],
    })
  })
})

test('a rig declares Gaps of its own; only ingest says whose else one is', () => {
  const gap = {
    fromNs: 1n,
    toNs: 2n,
    streams: [],
    cause: 'refused',
    detail: '',
    spool: '',
    numbers: [],
    rows: 0,
  } as const
  const whose = (rig: string) => {
    const body: Body = { type: 'gap', gap: { ...gap, streams: [], numbers: [], rig: 'car-2' } }
    const bytes = encodeEnvelope({ rig, spool: 's', seq: 1, body })
    const decoded = decodeBody(bytes, readHeader(bytes)).body
    return decoded.type === 'gap' ? decoded.gap.rig : undefined
  }
  expect(whose('car-1')).toBeUndefined()
  expect(whose('ingest')).toBe('car-2')
})

test('encoding refuses numbers that are none', () => {
  const gone: Body = { type: 'schema', bytes: new Uint8Array(1) }
  for (const seq of [0, -1, 1.5, 2 ** 53, Number.NaN]) {
    expect(() => encodeEnvelope({ rig: 'r', spool, seq, body: gone })).toThrow(RangeError)
  }
})

describe('damaged envelopes never hang or crash', () => {
  function expectCalm(bytes: Uint8Array): void {
    try {
      const header = readHeader(bytes)
      expect(header.bodyEnd).toBeLessThanOrEqual(bytes.length)
      expect(header.bodyStart).toBeLessThanOrEqual(header.bodyEnd)
      decodeBody(bytes, header)
    } catch (error) {
      const own = [UnreadableEnvelopeError, UnreadableBodyError, UnknownEncodingError].some(
        (type) => error instanceof type,
      )
      if (!own) throw error
    }
  }
  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), expectCalm), { numRuns: 2000 })
  })
  test('random bytes behind a good head', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => expectCalm(Uint8Array.from([...head, ...tail]))),
      { numRuns: 2000 },
    )
  })
  test('any bit flipped, any byte cut', () => {
    fc.assert(
      fc.property(envelope, fc.nat(), fc.nat(7), fc.boolean(), (sent, at, bit, cut) => {
        const bytes = encodeEnvelope(sent).slice()
        bytes[at % bytes.length]! ^= 1 << bit
        expectCalm(cut ? bytes.subarray(0, at % bytes.length) : bytes)
      }),
      { numRuns: 3000 },
    )
  })
})
