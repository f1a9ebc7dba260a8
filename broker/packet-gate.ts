import type { Duplex } from 'node:stream'

// aedes has no limit on packets, and its parser keeps the bytes of one until it is whole. This gate reads the fixed
// header (MQTT 3.1.1, 2.2.3: the remaining length as a varint of up to 4 bytes) of every packet on its way to the
// parser, and ends the connection at the header of one that is too large: what it announces is never kept.

export class PacketTooLargeError extends Error {
  override readonly name = 'PacketTooLargeError'
}

/**
 * Follows the packets in a stream of chunks. Returns the announced length, in bytes, of the first packet above the limit
 * (Infinity for a length of more than 4 bytes), undefined while all is well. The first packet has a limit of its own.
 */
export function createPacketMeter(
  bytesMax: number,
  firstBytesMax = bytesMax,
): (chunk: Uint8Array) => number | undefined {
  let limit = firstBytesMax
  let payloadLeft = 0
  let length = 0
  let shift = -1 // of the next byte of the length; -1: the packet's first byte comes next
  return (chunk) => {
    for (let i = 0; i < chunk.length; ) {
      if (payloadLeft > 0) {
        const step = Math.min(payloadLeft, chunk.length - i)
        payloadLeft -= step
        i += step
        continue
      }
      const byte = chunk[i++]!
      if (shift < 0) {
        shift = 0
        length = 0
        continue
      }
      length += (byte & 127) << shift
      if (byte & 128) {
        shift += 7
        if (shift > 21) return Number.POSITIVE_INFINITY
        continue
      }
      if (length > limit) return length
      payloadLeft = length
      shift = -1
      limit = bytesMax
    }
    return undefined
  }
}

/**
 * Puts the gate before whoever reads `stream` with `read()`, as aedes does (its client calls `conn.read(null)` on
 * `readable`). Bytes pass uncopied; the stream's own buffer stays bounded by its high-water mark.
 */
export function guardPackets(stream: Duplex, bytesMax: number, firstBytesMax: number): void {
  const meter = createPacketMeter(bytesMax, firstBytesMax)
  const read = stream.read
  stream.read = (size) => {
    const chunk = read.call(stream, size)
    const announced = chunk === null ? undefined : meter(chunk)
    if (announced === undefined) return chunk
    stream.destroy(new PacketTooLargeError(`a packet of ${announced} bytes was announced, above the limit`))
    return null
  }
}
