import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { peekBatch } from '../../ingest/live/peek-batch.ts'
import { encodeBatch } from '../../protos/batch.ts'
import type { Batch } from '../../protos/types.ts'

const batchOf = (schema: Uint8Array, rows: number, era: number): Batch => ({
  schema,
  rows,
  era,
  times: new BigInt64Array(rows),
  monotonicNs: -1n,
  bootId: new Uint8Array(16),
  notRising: true,
  position: 7,
  origin: 'a file',
  columns: [{ kind: 'f64', values: new Float64Array(rows) }],
})

describe('what is read off an encoded batch', () => {
  it('is what the codec wrote, wherever the batch lies', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(hash, fc.nat(400), fc.nat(9), fc.nat(40), (schema, rows, era, before) => {
        const encoded = encodeBatch(batchOf(schema, rows, era))
        const bytes = new Uint8Array(before + encoded.length + 5).fill(0xff)
        bytes.set(encoded, before)
        const peeked = peekBatch(bytes, before, before + encoded.length)
        expect(peeked?.rows).toBe(rows)
        const start = peeked?.schemaStart ?? Number.NaN
        expect(bytes.slice(start, start + 32)).toEqual(schema)
      }),
    )
  })

  it('does not depend on the order of the fields', () => {
    const schema = new Uint8Array(32).fill(9)
    const bytes = new Uint8Array([
      0x7a,
      2,
      1,
      2,
      0x29,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      0x10,
      0x85,
      1,
      0x18,
      3,
      0x0a,
      32,
      ...schema,
    ])
    expect(peekBatch(bytes, 0, bytes.length)).toEqual({ schemaStart: bytes.length - 32, rows: 133 })
  })

  it('is nothing for random and for cut bytes, and never an exception', () => {
    const whole = encodeBatch(batchOf(new Uint8Array(32), 3, 0))
    for (let end = 0; end < 34; end++) expect(peekBatch(whole, 0, end)).toBeUndefined()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const peeked = peekBatch(bytes, 0, bytes.length)
        if (peeked) expect(peeked.schemaStart + 32).toBeLessThanOrEqual(bytes.length)
      }),
    )
    const shortHash = new Uint8Array([0x0a, 3, 1, 2, 3, 0x10, 1])
    expect(peekBatch(shortHash, 0, shortHash.length)).toBeUndefined()
  })
})
