// What the hot path needs of a batch, read off its bytes without decoding it: Protocol Buffers' wire format
// (https://protobuf.dev/programming-guides/encoding), fields 1 (schema) and 2 (rows) of Batch in rigline.proto.

export interface PeekedBatch {
  /** Where the 32 bytes of the schema's hash begin. */
  schemaStart: number
  rows: number
}

export const schemaHashBytes = 32

const schemaTag = (1 << 3) | 2
const rowsTag = (2 << 3) | 0

/**
 * Reads the batch that lies in `bytes` from `start` to `end`. Undefined if it names no schema or is no batch. Encoders
 * write fields in rising order, so this ends after a few bytes; others are walked through to the end.
 */
export function peekBatch(bytes: Uint8Array, start: number, end: number): PeekedBatch | undefined {
  let at = start
  let schemaStart = -1
  let rows = 0
  /** The varint at `at`, which moves behind it; NaN if the bytes end before it does. */
  const varint = (): number => {
    let value = 0
    let factor = 1
    for (let i = 0; i < 10 && at < end; i++) {
      const byte = bytes[at++]!
      value += (byte & 127) * factor
      if (byte < 128) return value
      factor *= 128
    }
    return Number.NaN
  }
  while (at < end) {
    const tag = varint()
    const wireType = tag & 7
    if (schemaStart >= 0 && tag > rowsTag + 7) break
    if (tag === rowsTag) rows = varint()
    else if (wireType === 0) varint()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else if (wireType === 2) {
      const length = varint()
      if (tag === schemaTag) schemaStart = length === schemaHashBytes ? at : -1
      at += length
    } else return undefined
    if (!(at <= end)) return undefined
  }
  return schemaStart >= 0 && Number.isSafeInteger(rows) ? { schemaStart, rows } : undefined
}
