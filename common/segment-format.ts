import { crc32 } from 'node:zlib'
import type { Damage, LogRecord, Position } from './segment-log-types.ts'
import { isUlid } from './ulid.ts'

// The bytes of a segment file, all integers little endian. No I/O here.
//
// header, 80 bytes:  0 magic (8)  8 format version (u16)  10 header's length (u16)  12 recordBytesMax (u32)
//                    16 own name (26 ASCII)  42 predecessor's name (26 ASCII, zeros if none)
//                    68 where the predecessor ends (u64)  76 CRC32 of bytes 0 to 75 (u32)
// record:            0 marker (4)  4 CRC32 (u32)  8 length (u32)  12 the bytes
//
// A record's CRC32 covers length and bytes and starts from a seed made of the segment's name and the record's offset.
// So bytes inside a record that look like a record, and records that lie where they were not written (an old block, a
// copied file), are not taken for one when the next readable record is searched for behind damage.

export const segmentFormatVersion = 1
export const segmentHeaderBytes = 80
export const recordHeadBytes = 12
/** The largest record that any log may allow. */
export const recordBytesLimit = 64 * 1024 * 1024

const magic = Buffer.from([0x89, 0x52, 0x49, 0x47, 0x53, 0x45, 0x47, 0x0a]) // \x89 RIGSEG \n
const marker = Buffer.from([0xf5, 0x72, 0x4c, 0xfa]) // 0xf5 and 0xfa never occur in UTF-8
const markerWord = marker.readUInt32LE(0)
const noName = '\0'.repeat(26)

export interface SegmentHeader {
  name: string
  recordBytesMax: number
  /** The segment before this one and where it ends: bytes behind that are left from a failed write, and count for nothing. */
  predecessor?: Position
}

export function encodeSegmentHeader({ name, recordBytesMax, predecessor }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  magic.copy(bytes, 0)
  bytes.writeUInt16LE(segmentFormatVersion, 8)
  bytes.writeUInt16LE(segmentHeaderBytes, 10)
  bytes.writeUInt32LE(recordBytesMax, 12)
  bytes.write(name, 16, 26, 'ascii')
  bytes.write(predecessor?.segment ?? noName, 42, 26, 'ascii')
  bytes.writeBigUInt64LE(BigInt(predecessor?.offset ?? 0), 68)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 76)), 76)
  return bytes
}

/**
 * Undefined if the bytes are damaged. Throws on a format version that this release does not know: later formats keep these
 * 80 bytes and what they mean, may add to them, and say so by the version.
 */
export function decodeSegmentHeader(bytes: Buffer): (SegmentHeader & { bytes: number }) | undefined {
  if (bytes.length < segmentHeaderBytes || magic.compare(bytes, 0, 8) !== 0) return undefined
  if (bytes.readUInt32LE(76) !== crc32(bytes.subarray(0, 76))) return undefined
  const version = bytes.readUInt16LE(8)
  if (version > segmentFormatVersion) {
    throw new Error(
      `segment format ${version} was written by a later release; this one reads up to ${segmentFormatVersion}: upgrade it`,
    )
  }
  const predecessor = bytes.toString('ascii', 42, 68)
  return {
    name: bytes.toString('ascii', 16, 42),
    recordBytesMax: bytes.readUInt32LE(12),
    bytes: bytes.readUInt16LE(10),
    ...(isUlid(predecessor)
      ? { predecessor: { segment: predecessor, offset: Number(bytes.readBigUInt64LE(68)) } }
      : {}),
  }
}

/** What the CRCs of a segment's records start from. */
export const segmentSalt = (name: string): number => crc32(name)

const crcSeed = (salt: number, offset: number): number => (salt ^ offset) >>> 0

const noBytes = new Uint8Array(0)

/**
 * Writes a record into `target` at `at`, which must have room; it will lie at `offset` of the file. Returns the end. `head`: the
 * record's first bytes, where they are apart from the others.
 */
export function encodeRecord(
  target: Buffer,
  at: number,
  record: Uint8Array,
  salt: number,
  offset: number,
  head: Uint8Array = noBytes,
): number {
  const length = head.length + record.length
  const end = at + recordHeadBytes + length
  target.writeUInt32LE(markerWord, at)
  target.writeUInt32LE(length, at + 8)
  target.set(head, at + recordHeadBytes)
  target.set(record, at + recordHeadBytes + head.length)
  target.writeUInt32LE(crc32(target.subarray(at + 8, end), crcSeed(salt, offset)), at + 4)
  return end
}

export interface RecordScanner {
  /**
   * Takes the chunk of the file that begins at `offset`, adds its records (views of the chunk) to `records`, and returns
   * how many bytes of it are done with. The next chunk begins behind those.
   */
  scan(chunk: Buffer, offset: number, records: LogRecord[]): number
  /** How long the next chunk must be at least, in bytes. */
  readonly wantedBytes: number
}

export interface ScanOptions {
  segment: string
  salt: number
  recordBytesMax: number
  /** Records end here: an offset of the file. */
  end: number
  onDamage?: (damage: Damage) => void
}

/** Finds the records of a segment, chunk by chunk, and the next readable one behind damaged bytes. */
export function createRecordScanner({ segment, salt, recordBytesMax, end, onDamage }: ScanOptions): RecordScanner {
  let wantedBytes = recordHeadBytes
  let damagedFrom = -1

  const endDamage = (to: number) => {
    if (damagedFrom >= 0) onDamage?.({ segment, from: damagedFrom, to })
    damagedFrom = -1
  }

  /** The length of the record at `at`; -1 if there is none, -2 if the chunk must be longer to tell. */
  const lengthAt = (chunk: Buffer, at: number, offset: number): number => {
    const room = end - offset - recordHeadBytes
    if (room < 0) return -1
    if (at + recordHeadBytes > chunk.length) {
      wantedBytes = recordHeadBytes
      return -2
    }
    if (chunk.readUInt32LE(at) !== markerWord) return -1
    const length = chunk.readUInt32LE(at + 8)
    if (length > recordBytesMax || length > room) return -1
    const recordEnd = at + recordHeadBytes + length
    if (recordEnd > chunk.length) {
      wantedBytes = recordHeadBytes + length
      return -2
    }
    const found = crc32(chunk.subarray(at + 8, recordEnd), crcSeed(salt, offset))
    return found === chunk.readUInt32LE(at + 4) ? length : -1
  }

  return {
    get wantedBytes() {
      return wantedBytes
    },
    scan(chunk, chunkOffset, records) {
      let at = 0
      let position: Position = { segment, offset: chunkOffset }
      while (chunkOffset + at < end) {
        if (at === chunk.length) {
          wantedBytes = recordHeadBytes
          return at
        }
        const offset = chunkOffset + at
        const length = lengthAt(chunk, at, offset)
        if (length === -2) return at
        if (length === -1) {
          if (damagedFrom < 0) damagedFrom = offset
          const found = chunk.indexOf(marker, at + 1)
          // The chunk's last three bytes may be the beginning of a marker.
          at = found >= 0 ? found : Math.max(at + 1, chunk.length - marker.length + 1)
          position = { segment, offset: chunkOffset + at }
          if (found >= 0) continue
          if (chunkOffset + chunk.length < end) {
            wantedBytes = recordHeadBytes
            return at
          }
          at = end - chunkOffset
          break
        }
        endDamage(offset)
        const bytesAt = at + recordHeadBytes
        at = bytesAt + length
        const next = { segment, offset: chunkOffset + at }
        records.push({ position, next, bytes: chunk.subarray(bytesAt, at) })
        position = next
      }
      endDamage(end)
      return at
    },
  }
}
