import { rigline } from '../../protos/generated/rigline.js'
import { decodeTimes } from '../../protos/times.ts'

// The span of time of an encoded batch, read off its bytes without decoding its columns (field 4, `times`, of Batch in rigline.proto;
// wire format: https://protobuf.dev/programming-guides/encoding).

export interface Span {
  /** Both included. */
  minNs: bigint
  maxNs: bigint
}

/** What is not known could be any time. */
export const anyTime: Span = { minNs: -(2n ** 63n), maxNs: 2n ** 63n - 1n }

const timesTag = (4 << 3) | 2

/** Of the batch of `rows` rows that lies in `bytes` from `start` to `end`; undefined if it has none. */
export function peekSpan(bytes: Uint8Array, start: number, end: number, rows: number): Span | undefined {
  if (rows === 0) return undefined
  try {
    const field = findField(bytes, start, end, timesTag)
    if (!field) return anyTime
    const { times } = decodeTimes(rigline.v1.Times.decode(field), Math.min(rows, 2 ** 21))
    if (times.length === 0) return undefined
    let minNs = times[0]!
    let maxNs = minNs
    for (const t of times) {
      if (t < minNs) minNs = t
      else if (t > maxNs) maxNs = t
    }
    return { minNs, maxNs }
  } catch {
    return anyTime
  }
}

/** The bytes of the last field of that tag, as a message without repeated fields has it. */
function findField(bytes: Uint8Array, start: number, end: number, wanted: number): Uint8Array | undefined {
  let at = start
  let found: Uint8Array | undefined
  const varint = (): number => {
    let value = 0
    for (let factor = 1; at < end; factor *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * factor
      if (byte < 128) break
    }
    return value
  }
  while (at < end) {
    const tag = varint()
    // Encoders write fields in rising order; what comes behind is long.
    if (found && tag > wanted + 7) break
    const wireType = tag & 7
    if (wireType === 0) varint()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else if (wireType === 2) {
      const length = varint()
      if (tag === wanted) found = bytes.subarray(at, Math.min(at + length, end))
      at += length
    } else return undefined
  }
  return found
}
