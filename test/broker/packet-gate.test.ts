import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPacketMeter } from '../../broker/packet-gate.ts'
import { fixedHeader, publishPacket } from './packets.ts'

describe('packet meter', () => {
  it('lets packets within the limit pass and finds the first one above it, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 7, max: 20_000 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 100, max: 20_000 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 }),
        (sizes, limit, cuts) => {
          const stream = Buffer.concat(sizes.map(publishPacket))
          const meter = createPacketMeter(limit)
          const tooLarge = sizes.find((length) => length > limit)
          let answer: number | undefined
          for (let at = 0, i = 0; at < stream.length && answer === undefined; i++) {
            const end = at + (cuts[i % cuts.length] as number)
            answer = meter(stream.subarray(at, end))
            at = end
          }
          expect(answer).toBe(tooLarge)
        },
      ),
    )
  })

  it('says how much was announced, before any of it has come', () => {
    const meter = createPacketMeter(1000)
    const header = fixedHeader(0x32, 200 * 1024 * 1024)
    expect(meter(header.subarray(0, 4))).toBeUndefined()
    expect(meter(header.subarray(4))).toBe(200 * 1024 * 1024)
  })

  it('refuses a length of five bytes, and holds the first packet to a limit of its own', () => {
    expect(createPacketMeter(2 ** 28)(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80))).toBe(Number.POSITIVE_INFINITY)
    const meter = createPacketMeter(1000, 100)
    expect(meter(publishPacket(50))).toBeUndefined()
    expect(meter(publishPacket(500))).toBeUndefined()
    expect(createPacketMeter(1000, 100)(publishPacket(500))).toBe(500)
  })
})
