import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createRecordScanner,
  decodeSegmentHeader,
  encodeRecord,
  encodeSegmentHeader,
  recordHeadBytes,
  segmentHeaderBytes,
  segmentSalt,
} from '../../common/segment-format.ts'
import { openSegmentLog } from '../../common/segment-log.ts'
import type { Damage, LogRecord } from '../../common/segment-log-types.ts'
import { readRecords } from '../../common/segment-reader.ts'
import { ulid } from '../../common/ulid.ts'
import { temporaryFolder } from '../services/debian.ts'
import { broken } from './mutations.ts'

// Files of a log after a bad disk: no record is made up, those whose bytes are whole are found, and the log opens and goes on.

const segment = ulid()
const payloads = Array.from({ length: 12 }, (_, i) => Buffer.from(`record ${i} 기록 `.repeat((i % 4) + 1)))

function segmentBytes(name: string): Buffer {
  const size = payloads.reduce((sum, { length }) => sum + recordHeadBytes + length, segmentHeaderBytes)
  const bytes = Buffer.alloc(size)
  encodeSegmentHeader({ name, recordBytesMax: 4096 }).copy(bytes)
  payloads.reduce((at, payload) => encodeRecord(bytes, at, payload, segmentSalt(name), at), segmentHeaderBytes)
  return bytes
}

const written = new Set(payloads.map((payload) => payload.toString('latin1')))
const textOf = ({ bytes }: LogRecord) => Buffer.from(bytes).toString('latin1')

describe('the segment log', () => {
  it('reads damaged segments: only what was written, in order, every byte accounted for, 20,000 times', () => {
    const whole = segmentBytes(segment)
    fc.assert(
      fc.property(broken([whole]), fc.integer({ min: 1, max: 300 }), (damaged, chunkBytes) => {
        const bytes = Buffer.from(damaged)
        decodeHeaderOrRefuse(bytes)
        const damages: Damage[] = []
        const records = scan(bytes, chunkBytes, damages)
        for (const record of records) expect(written.has(textOf(record))).toBe(true)
        const parts = [
          ...damages.map(({ from, to }) => [from, to] as const),
          ...records.map(({ position, next }) => [position.offset, next.offset] as const),
        ].sort(([a], [b]) => a - b)
        let reached = 0
        for (const [from, to] of parts) {
          expect(from).toBe(reached)
          expect(to).toBeGreaterThan(from)
          reached = to
        }
        expect(reached).toBe(bytes.length)
      }),
      { numRuns: 20_000 },
    )
  }, 120_000)

  it('opens on folders of damaged files, gives back what is whole, and takes new records, 150 times', async () => {
    const root = await temporaryFolder()
    let folders = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(broken([segmentBytes(segment)]), fc.boolean()), { minLength: 1, maxLength: 4 }),
        async (files) => {
          const directory = join(root, String(++folders))
          await mkdir(directory)
          let last = segment
          for (const [bytes, isItsOwn] of files) {
            last = ulid(last)
            // A sound segment under its own name among the damaged ones.
            writeFileSync(join(directory, `${last}.segment`), isItsOwn ? segmentBytes(last) : bytes)
          }
          const sound = files.filter(([, isItsOwn]) => isItsOwn).length
          let log: Awaited<ReturnType<typeof openSegmentLog>>
          try {
            log = await openSegmentLog({ directory, segmentBytesMax: 4096, bytesMax: 1e6, recordBytesMax: 4096 })
          } catch (error) {
            // A flipped version number under a right checksum cannot be told from a later release.
            expect(String(error)).toMatch(/later release/)
            return
          }
          await log.append(Buffer.from('새 기록'))
          const found: string[] = []
          for await (const record of readRecords(directory, undefined, log.synced)) found.push(textOf(record))
          await log.close()
          expect(found.at(-1)).toBe(Buffer.from('새 기록').toString('latin1'))
          expect(found.filter((text) => written.has(text)).length).toBeGreaterThanOrEqual(sound * payloads.length)
          expect(found.filter((text) => !written.has(text)).length).toBe(1)
          // And opens once more.
          await (
            await openSegmentLog({ directory, segmentBytesMax: 4096, bytesMax: 1e6, recordBytesMax: 4096 })
          ).close()
          rmSync(directory, { recursive: true })
        },
      ),
      { numRuns: 150 },
    )
  }, 120_000)

  it('passes over what is no segment in its folder', async () => {
    const directory = await temporaryFolder()
    for (const name of ['.segment', 'a.segment', `${segment}.segment~`, `${segment.toLowerCase()}.segment`, '메모.txt'])
      writeFileSync(join(directory, name), 'not ours')
    const log = await openSegmentLog({ directory, segmentBytesMax: 4096, bytesMax: 1e6, recordBytesMax: 4096 })
    await log.append(Buffer.from('one'))
    await log.close()
    expect((await readdir(directory)).length).toBe(6)
    expect(readFileSync(join(directory, 'a.segment'), 'utf8')).toBe('not ours')
    expect(existsSync(join(directory, '메모.txt'))).toBe(true)
  })
})

function decodeHeaderOrRefuse(bytes: Buffer): void {
  try {
    decodeSegmentHeader(bytes)
  } catch (error) {
    expect(String(error)).toMatch(/later release/)
  }
}

/** As segment-reader.ts does, from the file's begin. */
function scan(bytes: Buffer, chunkBytes: number, damages: Damage[]): LogRecord[] {
  const scanner = createRecordScanner({
    segment,
    salt: segmentSalt(segment),
    recordBytesMax: 4096,
    end: bytes.length,
    onDamage: (damage) => damages.push(damage),
  })
  const records: LogRecord[] = []
  let offset = 0
  while (offset < bytes.length) {
    const length = Math.max(chunkBytes, scanner.wantedBytes)
    const done = scanner.scan(bytes.subarray(offset, offset + length), offset, records)
    offset += done
    if (done === 0 && offset + length >= bytes.length) break
  }
  return records
}
