import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bundledBytes, bundledEnvelopeBytesMax, createBundler, encodeBundle, splitBundle } from '../../protos/bundle.ts'
import { UnreadableBundleError } from '../../protos/errors.ts'
import { toHex } from '../../protos/hex.ts'
import { envelopeBytesMax } from '../../protos/types.ts'

const sizes = [0, 1, 127, 128, 16_383, 16_384, 250_000]

test('envelopes come back as views, and the size was foretold', () => {
  const envelopes = fc.array(fc.oneof(fc.constantFrom(...sizes), fc.nat(300)), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(envelopes, (lengths) => {
      const sent = lengths.map((length) => randomBytes(length))
      const bundle = encodeBundle(sent)
      expect(bundle.length).toBe(lengths.reduce((sum, length) => sum + bundledBytes(length), 0))
      const came = splitBundle(new Uint8Array(bundle))
      expect(came.map(toHex)).toEqual(sent.map(toHex))
      for (const envelope of came) expect(envelope.buffer).toBe(came[0]!.buffer)
    }),
  )
})

test('the largest envelope that fits', () => {
  expect(encodeBundle([new Uint8Array(bundledEnvelopeBytesMax)]).length).toBe(envelopeBytesMax)
})

describe('what is no bundle', () => {
  test('nothing, and fields without an envelope', () => {
    expect(() => splitBundle(new Uint8Array(0))).toThrow(UnreadableBundleError)
    expect(() => splitBundle(Uint8Array.of(16, 1))).toThrow(/without an envelope/)
  })
  test('random and cut bytes give envelopes or this one error', () => {
    const cut = fc.tuple(fc.uint8Array({ minLength: 1 }), fc.nat()).map(([envelope, at]) => {
      const bundle = encodeBundle([envelope, envelope])
      return bundle.subarray(0, at % bundle.length)
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), cut), (bytes) => {
        try {
          expect(splitBundle(bytes).length).toBeGreaterThan(0)
        } catch (error) {
          if (!(error instanceof UnreadableBundleError)) throw error
        }
      }),
      { numRuns: 2000 },
    )
  })
})

test('a bundler fills bundles up to the limit and keeps the order', () => {
  const lengths = fc.array(fc.nat(150), { maxLength: 40 })
  fc.assert(
    fc.property(lengths, (all) => {
      const bundles: Uint8Array[] = []
      const bundler = createBundler((bundle) => bundles.push(bundle), 200)
      const sent = all.map((length) => randomBytes(length))
      for (const envelope of sent) bundler.add(envelope)
      bundler.flush()
      bundler.flush()
      expect(bundles.flatMap(splitBundle).map(toHex)).toEqual(sent.map(toHex))
      for (const bundle of bundles) expect(bundle.length).toBeLessThanOrEqual(200)
      for (let i = 1; i < bundles.length; i++) {
        // Otherwise the first of this one had fitted into the one before.
        const first = splitBundle(bundles[i]!)[0]!
        expect(bundles[i - 1]!.length + bundledBytes(first.length)).toBeGreaterThan(200)
      }
    }),
  )
})

test('what was cleared is not sent, what is too large is sent alone', () => {
  const bundles: Uint8Array[][] = []
  const bundler = createBundler((bundle) => bundles.push(splitBundle(bundle)), 100)
  bundler.add(new Uint8Array(5))
  bundler.clear()
  bundler.add(new Uint8Array(6))
  bundler.add(new Uint8Array(500))
  bundler.add(new Uint8Array(7))
  bundler.flush()
  expect(bundles.map((bundle) => bundle.map(({ length }) => length))).toEqual([[6], [500], [7]])
})

test('memory is written over only when the bundles in it are done, and then it is', () => {
  const bytesMax = 100
  const underWay: { bundle: Uint8Array; was: string; done(): void }[] = []
  const memories = new Set<ArrayBufferLike>()
  const bundler = createBundler((bundle, done) => {
    memories.add(bundle.buffer)
    underWay.push({ bundle, was: toHex(bundle), done })
  }, bytesMax)
  for (let i = 0; i < 2000; i++) {
    bundler.add(randomBytes(i % 90))
    if (i % 3 > 0) bundler.flush()
    // Acknowledged in order, with up to nine under way.
    while (underWay.length > 9) {
      const { bundle, was, done } = underWay.shift()!
      expect(toHex(bundle)).toBe(was)
      done()
    }
  }
  for (const { bundle, was } of underWay) expect(toHex(bundle)).toBe(was)
  expect(memories.size).toBeLessThan(8)
})
