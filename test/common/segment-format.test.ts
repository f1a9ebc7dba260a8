import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  createRecordScanner,
  decodeSegmentHeader,
  encodeRecord,
  encodeSegmentHeader,
  recordHeadBytes,
  segmentHeaderBytes,
  segmentSalt,
} from '../../common/segment-format.ts'
import type { Damage, LogRecord } from '../../common/segment-log-types.ts'
import { ulid } from '../../common/ulid.ts'

const segment = ulid()
const salt = segmentSalt(segment)
const recordBytesMax = 400

/** A segment's bytes from offset 0 on, without a header. */
function encodeAll(records: Uint8Array[]): Buffer {
  const bytes = Buffer.alloc(records.reduce((sum, record) => sum + recordHeadBytes + record.length, 0))
  let at = 0
  for (const record of records) at = encodeRecord(bytes, at, record, salt, at)
  return bytes
}

/** Scans in chunks of the given size (and larger ones where asked for). */
function scanAll(bytes: Buffer, chunkBytes: number) {
  const damages: Damage[] = []
  const records: LogRecord[] = []
  const scanner = createRecordScanner({
    segment,
    salt,
    recordBytesMax,
    end: bytes.length,
    onDamage: (damage) => void damages.push(damage),
  })
  for (let offset = 0; offset < bytes.length; ) {
    const chunk = bytes.subarray(offset, offset + Math.max(chunkBytes, scanner.wantedBytes))
    const done = scanner.scan(chunk, offset, records)
    if (done === 0 && chunk.length >= bytes.length - offset) throw new Error('the scanner does not end')
    offset += done
  }
  return { records, damages }
}

/** Bytes with markers in them, whole and broken off. */
const payload = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constant(Uint8Array.of(0xf5, 0x72, 0x4c, 0xfa)),
      fc.constant(Uint8Array.of(0xf5, 0x72)),
      fc.constant(Uint8Array.of(0xf5, 0x72, 0x4c, 0xfa, 1, 2, 3, 4, 20, 0, 0, 0)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts))

it('reads back what was written, in chunks of any size', () => {
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 20 }), fc.integer({ min: 1, max: 300 }), (payloads, chunkBytes) => {
      const { records, damages } = scanAll(encodeAll(payloads), chunkBytes)
      expect(damages).toEqual([])
      expect(records.map(({ bytes }) => Buffer.from(bytes))).toEqual(payloads)
      for (const [index, record] of records.entries()) {
        expect(record.next.offset).toBe(records[index + 1]?.position.offset ?? encodeAll(payloads).length)
      }
    }),
  )
})

it('loses only the records whose bytes were damaged, and accounts for every byte', () => {
  fc.assert(
    fc.property(
      fc.array(payload, { minLength: 1, maxLength: 15 }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.integer({ min: 1, max: 200 }),
      (payloads, flips, cut, chunkBytes) => {
        const whole = encodeAll(payloads)
        const bytes = Buffer.from(whole.subarray(0, whole.length - (cut % 60)))
        for (const [at, mask] of flips) if (bytes.length > 0) bytes[at % bytes.length]! ^= mask
        const expected: { offset: number; bytes: Buffer }[] = []
        let offset = 0
        for (const record of payloads) {
          const end = offset + recordHeadBytes + record.length
          if (bytes.subarray(offset, end).equals(whole.subarray(offset, end))) expected.push({ offset, bytes: record })
          offset = end
        }
        const { records, damages } = scanAll(bytes, chunkBytes)
        expect(records.map((record) => ({ offset: record.position.offset, bytes: Buffer.from(record.bytes) }))).toEqual(
          expected,
        )
        const parts = [
          ...damages.map(({ from, to }) => [from, to]),
          ...records.map(({ position, next }) => [position.offset, next.offset]),
        ].sort((a, b) => a[0]! - b[0]!)
        let reached = 0
        for (const [from, to] of parts) {
          expect(from).toBe(reached)
          reached = to!
        }
        expect(reached).toBe(bytes.length)
      },
    ),
    { numRuns: 500 },
  )
})

it('takes no record inside a record, of another segment, or of another place for one', () => {
  const inner = encodeAll([Buffer.from('a record')])
  const bytes = encodeAll([inner, Buffer.from('심전도')])
  bytes[recordHeadBytes - 1]! ^= 1
  expect(scanAll(bytes, 1000).records.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['심전도'])
  const foreign = Buffer.alloc(recordHeadBytes + 3)
  encodeRecord(foreign, 0, Buffer.from('abc'), segmentSalt(ulid()), 0)
  expect(scanAll(foreign, 1000)).toEqual({ records: [], damages: [{ segment, from: 0, to: foreign.length }] })
})

it('keeps a header, and tells damage from a later format', () => {
  const header = { name: segment, recordBytesMax: 5, predecessor: { segment: ulid(), offset: 2 ** 40 } }
  const bytes = encodeSegmentHeader(header)
  expect(decodeSegmentHeader(bytes)).toEqual({ ...header, bytes: segmentHeaderBytes })
  expect(decodeSegmentHeader(encodeSegmentHeader({ name: segment, recordBytesMax: 5 }))).toEqual({
    name: segment,
    recordBytesMax: 5,
    bytes: segmentHeaderBytes,
  })
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes)
    flipped[at]! ^= 4
    expect(decodeSegmentHeader(flipped)).toBeUndefined()
  }
  expect(decodeSegmentHeader(bytes.subarray(0, 79))).toBeUndefined()
})
