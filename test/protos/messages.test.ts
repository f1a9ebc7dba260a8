import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UnreadableMessageError } from '../../protos/errors.ts'
import {
  decodeClockProbe,
  decodeDown,
  decodeIngestStatus,
  decodeStatus,
  encodeClockProbe,
  encodeDown,
  encodeIngestStatus,
  encodeStatus,
} from '../../protos/messages.ts'
import type { Down, Receipt } from '../../protos/types.ts'
import { int64, text } from './arbitraries.ts'

const count = fc.maxSafeInteger().map(Math.abs)
const range = fc.record({ from: count, to: count })

test('statuses come back', () => {
  const spools = fc.array(fc.record({ spool: text, first: count, last: count, through: count }))
  fc.assert(
    fc.property(fc.record({ online: fc.boolean(), sinceNs: int64, version: text, spools }), (status) => {
      expect(decodeStatus(encodeStatus(status))).toEqual(status)
    }),
  )
  const protocols = fc.array(fc.nat(2 ** 31))
  const ingest = fc.record({
    online: fc.boolean(),
    sinceNs: int64,
    version: text,
    protocols,
    groups: fc.array(text),
    instance: text,
  })
  fc.assert(
    fc.property(ingest, (status) => {
      expect(decodeIngestStatus(encodeIngestStatus(status))).toEqual(status)
    }),
  )
})

test('receipts, clock replies and requests come back', () => {
  const down: fc.Arbitrary<Down> = fc.oneof(
    fc.record({
      type: fc.constant('receipt' as const),
      receipt: fc.record({ spool: text, through: count, ranges: fc.array(range) }),
    }),
    fc.record({
      type: fc.constant('clock_reply' as const),
      clockReply: fc.record({ t1Ns: int64, t2Ns: int64, t3Ns: int64 }),
    }),
    fc.record({ type: fc.constant('schema_request' as const), schema: fc.uint8Array() }),
  )
  fc.assert(
    fc.property(down, (sent) => {
      expect(decodeDown(encodeDown(sent))).toEqual(sent)
    }),
  )
  fc.assert(
    fc.property(int64, (t1Ns) => {
      expect(decodeClockProbe(encodeClockProbe(t1Ns))).toBe(t1Ns)
    }),
  )
})

test('what a newer ingest says is passed over', () => {
  expect(decodeDown(Uint8Array.of(0x22, 1, 0))).toBeUndefined()
})

test('bytes that are none of them are one error', () => {
  for (const decode of [decodeStatus, decodeIngestStatus, decodeDown, decodeClockProbe]) {
    expect(() => decode(Uint8Array.of(0x0a, 200))).toThrow(UnreadableMessageError)
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decode(bytes)
        } catch (error) {
          if (!(error instanceof UnreadableMessageError)) throw error
        }
      }),
    )
  }
})

test('numbers that are no longer exact are refused, not rounded', () => {
  const receipt: Receipt = { spool: 's', through: 2 ** 53, ranges: [] }
  expect(() => encodeDown({ type: 'receipt', receipt })).toThrow(/through is 9007199254740992/)
  // through = 2^63
  const bytes = Uint8Array.of(0x0a, 11, 16, ...Array(9).fill(0x80), 1)
  expect(() => decodeDown(bytes)).toThrow(/through is 9223372036854775808/)
})
