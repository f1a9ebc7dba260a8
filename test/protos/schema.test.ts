import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SchemaError } from '../../protos/errors.ts'
import { rigline } from '../../protos/generated/rigline.js'
import { fromHex, toHex } from '../../protos/hex.ts'
import { checkSchema, decodeSchema, encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Channel, Schema } from '../../protos/types.ts'
import { kind, period, text } from './arbitraries.ts'

const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined })
const number = fc.double({ noNaN: true })
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => value !== 0)
/** Empty texts are not told apart from absent ones. */
const filled = text.filter((value) => value !== '')

const channel = (index: number): fc.Arbitrary<Channel> =>
  fc
    .record({
      name: fc.constantFrom('speed', '속도', 'ECG II', 'a.b/c', 'x').map((name) => `${name}${index}`),
      kind,
      unit: optional(filled),
      code: optional(filled),
      range: optional(fc.tuple(number, number)),
      gain: optional(finite),
      offset: optional(finite),
      description: optional(filled),
    })
    .map(({ range, gain, offset, ...rest }) => {
      const whole: Record<string, unknown> = { ...rest }
      if (range) Object.assign(whole, { min: Math.min(...range), max: Math.max(...range) })
      if (rest.kind === 'int') Object.assign(whole, { gain, offset })
      return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined)) as unknown as Channel
    })

const schema: fc.Arbitrary<Schema> = fc
  .record({
    stream: fc.constantFrom('vehicle', '차량', 'ecg-1'),
    channels: fc.integer({ min: 1, max: 6 }).chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => channel(i)))),
    period: optional(period),
    source: optional(filled),
  })
  .map(({ period: nominal, source, ...rest }) => ({
    ...rest,
    ...(nominal ? { period: nominal } : {}),
    ...(source ? { source } : {}),
  }))

test('any schema comes back, and is named by its bytes', () => {
  fc.assert(
    fc.property(schema, (sent) => {
      const bytes = encodeSchema(sent)
      expect(decodeSchema(bytes)).toEqual(sent)
      expect(toHex(hashSchema(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
      expect(toHex(encodeSchema(structuredClone(sent)))).toBe(toHex(bytes))
    }),
    { numRuns: 300 },
  )
})

const speed: Channel = { name: 'Speed', kind: 'f64' }
const mistakes: [string, Partial<Schema>, RegExp][] = [
  ['no channel', { channels: [] }, /no channel/],
  ['a stream that is no name', { stream: 'a/b' }, /"a\/b" is no name/],
  ['names that differ in case only', { channels: [speed, { name: 'speed', kind: 'int' }] }, /"speed".*"Speed" already/],
  ['a nameless channel', { channels: [{ name: '', kind: 'f64' }] }, /1 to 128 characters, this one 0/],
  ['a name with a quote', { channels: [{ name: 'a"b', kind: 'f64' }] }, /no control characters, quotes/],
  ['a name with a line break', { channels: [{ name: 'a\nb', kind: 'f64' }] }, /no control characters/],
  ['a gain for doubles', { channels: [{ ...speed, gain: 2 }] }, /gain and offset are for int/],
  ['a gain of 0', { channels: [{ name: 'raw', kind: 'int', gain: 0 }] }, /gain 0/],
  ['an endless offset', { channels: [{ name: 'raw', kind: 'int', offset: Number.NEGATIVE_INFINITY }] }, /offset -Inf/],
  ['a range upside down', { channels: [{ ...speed, min: 2, max: 1 }] }, /min 2 is above max 1/],
  ['a range of NaN', { channels: [{ ...speed, min: Number.NaN }] }, /min or max is not a number/],
  ['a period of 0', { period: { num: 0n, den: 1n } }, /period: 0\/1 ns/],
  ['an unknown kind', { channels: [{ name: 'x', kind: 'complex' as 'f64' }] }, /"complex" is none of f64, f32, int/],
  [
    'too many channels',
    { channels: Array.from({ length: 4097 }, (_, i) => ({ name: `c${i}`, kind: 'bool' })) },
    /4097/,
  ],
]

describe('mistakes are named', () => {
  test.each(mistakes)('%s', (_, mistake, problem) => {
    const wrong: Schema = { stream: 'vehicle', channels: [speed], ...mistake }
    expect(checkSchema(wrong).join('\n')).toMatch(problem)
    expect(() => encodeSchema(wrong)).toThrow(SchemaError)
  })

  test('all at once', () => {
    const wrong: Schema = { stream: '', channels: [{ name: 'a', kind: 'f32', gain: 0, min: 3, max: 2 }] }
    expect(checkSchema(wrong)).toHaveLength(4)
  })

  const { Kind, Schema: SchemaMessage } = rigline.v1
  test.each<[string, rigline.v1.Schema.$Properties, RegExp]>([
    ['a kind of a newer agent', { stream: 's', channels: [{ name: 'x', kind: 9 as number }] }, /unknown kind 9/],
    ['no kind', { stream: 's', channels: [{ name: 'x' }] }, /unknown kind 0/],
    ['no channel', { stream: 's' }, /no channel/],
    ['a name twice', { stream: 's', channels: [1, 2].map(() => ({ name: 'x', kind: Kind.INT })) }, /"x" already/],
  ])('in bytes: %s', (_, message, problem) => {
    expect(() => decodeSchema(SchemaMessage.encode(message).finish())).toThrow(problem)
  })

  test('random bytes are a SchemaError or a schema', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decodeSchema(bytes)
        } catch (error) {
          if (!(error instanceof SchemaError)) throw error
        }
      }),
      { numRuns: 1000 },
    )
  })
})

test('hex and back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
      expect(fromHex(toHex(bytes))).toEqual(bytes)
    }),
  )
  expect(() => fromHex('abc')).toThrow(RangeError)
  expect(() => fromHex('zz')).toThrow(RangeError)
})
