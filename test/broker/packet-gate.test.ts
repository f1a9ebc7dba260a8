import fc from 'fast-check'
import { generate } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { createPacketMeter } from '../../broker/packet-gate.ts'

const publish = (bytes: number) =>
  generate({
    cmd: 'publish',
    topic: 'a/b',
    payload: Buffer.alloc(bytes),
    qos: 1,
    messageId: 7,
    dup: false,
    retain: false,
  })

/** The remaining length of such a packet: what follows the fixed header. */
const lengthOf = (bytes: number) => 2 + 3 + 2 + bytes

describe('packet meter', () => {
  it('lets packets within the limit pass and finds the first one above it, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 100, max: 20_000 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 }),
        (sizes, limit, cuts) => {
          const stream = Buffer.concat(sizes.map(publish))
          const meter = createPacketMeter(limit)
          const tooLarge = sizes.find((bytes) => lengthOf(bytes) > limit)
          let answer: number | undefined
          for (let at = 0, i = 0; at < stream.length && answer === undefined; i++) {
            const end = at + (cuts[i % cuts.length] as number)
            answer = meter(stream.subarray(at, end))
            at = end
          }
          expect(answer === undefined).toBe(tooLarge === undefined)
        },
      ),
    )
  })

  it('says how much was announced, before any of it has come', () => {
    const meter = createPacketMeter(1000)
    // 200 MiB as a remaining length: 0x80 0x80 0x80 0x64.
    expect(meter(Uint8Array.of(0x32, 0x80, 0x80, 0x80))).toBeUndefined()
    expect(meter(Uint8Array.of(0x64))).toBe(200 * 1024 * 1024)
  })

  it('refuses a length of five bytes, and holds the first packet to a limit of its own', () => {
    expect(createPacketMeter(2 ** 28)(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80))).toBe(Number.POSITIVE_INFINITY)
    const meter = createPacketMeter(1000, 100)
    expect(meter(publish(50))).toBeUndefined()
    expect(meter(publish(500))).toBeUndefined()
    expect(createPacketMeter(1000, 100)(publish(500))).toBe(lengthOf(500))
  })
})
