import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { encodeRecord, recordHeadBytes, segmentSalt } from '../../common/segment-format.ts'
import { LogFullError, openSegmentLog, type SegmentLogOptions } from '../../common/segment-log.ts'
import type { Damage, Position, SegmentLog } from '../../common/segment-log-types.ts'
import { listSegments, readChunks, readFully, readRecords } from '../../common/segment-reader.ts'
import { ulid } from '../../common/ulid.ts'
import { createFaultyFiles, type FaultyFiles, segmentFiles } from './faulty-files.ts'

let directory: string
let files: FaultyFiles
let opened: SegmentLog[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rigline-log-'))
  files = createFaultyFiles()
  opened = []
})
afterEach(async () => {
  for (const log of opened) await log.close()
  rmSync(directory, { recursive: true, force: true })
})

async function open(options: Partial<SegmentLogOptions> = {}): Promise<SegmentLog> {
  const log = await openSegmentLog({
    directory,
    segmentBytesMax: 100_000,
    bytesMax: 1_000_000,
    recordBytesMax: 50_000,
    files,
    ...options,
  })
  opened.push(log)
  return log
}

const text = (value: string) => Buffer.from(value)

async function readTexts(from: Position | undefined, to: Position, damages: Damage[] = []): Promise<string[]> {
  const texts: string[] = []
  for await (const { bytes } of readRecords(directory, from, to, { onDamage: (damage) => void damages.push(damage) })) {
    texts.push(Buffer.from(bytes).toString())
  }
  return texts
}

it('syncs once for all appends that wait together, and says where they are in the order of the calls', async () => {
  const seen: number[] = []
  const log = await open({ onSynced: () => void seen.push(opened[0]?.bytes ?? 0) })
  const before = files.syncs
  const positions = await Promise.all(Array.from({ length: 1000 }, (_, i) => log.append(text(`기록 ${i}`))))
  expect(files.syncs - before).toBe(1)
  // Counted once, as soon as it can be read.
  expect(seen).toEqual([0, log.bytes])
  const offsets = positions.map(({ offset }) => offset)
  expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
  expect(await readTexts(positions[998], log.synced)).toEqual(['기록 998', '기록 999'])
})

it('takes a record whose first bytes are apart as one record, and counts all of it', async () => {
  const log = await open({ recordBytesMax: 20 })
  const before = log.bytes
  const position = await log.append(text('몸'), text('머리'))
  expect(log.bytes - before).toBe(recordHeadBytes + 9)
  await expect(log.append(Buffer.alloc(15), Buffer.alloc(6))).rejects.toThrow('21 bytes')
  await log.append(text('뒤'))
  expect(await readTexts(position, log.synced)).toEqual(['머리몸', '뒤'])
})

it('writes the records of a failed fsync anew, and shows none twice even if the failed copy stays readable', async () => {
  const log = await open()
  await log.append(text('a'))
  files.failSyncs = 1
  files.failTruncates = 1
  const position = await log.append(text('b'))
  const [failed, anew] = log.segments()
  expect(position.segment).toBe(anew!.name)
  // The pages that never reached the disk are still in the cache: the failed segment seems to have the record too.
  const path = segmentFiles(directory)[0]!
  const content = readFileSync(path)
  expect(content.length).toBeGreaterThan(failed!.bytes)
  encodeRecord(content, failed!.bytes, text('b'), segmentSalt(failed!.name), failed!.bytes)
  writeFileSync(path, content)
  const damages: Damage[] = []
  expect(await readTexts(undefined, log.synced, damages)).toEqual(['a', 'b'])
  const end = { segment: failed!.name, offset: Number.MAX_SAFE_INTEGER }
  expect(await readTexts({ segment: failed!.name, offset: 0 }, end, damages)).toEqual(['a'])
  await log.close()
  const again = await open()
  expect(await readTexts(undefined, again.synced, damages)).toEqual(['a', 'b'])
  expect(damages).toEqual([])
})

it('gives up after three segments, says why, and goes on when the disk works again', async () => {
  const log = await open()
  files.failSyncs = 3
  const results = await Promise.allSettled([log.append(text('a')), log.append(text('b'))])
  for (const result of results) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringContaining('cannot be written') },
    })
    expect((result as PromiseRejectedResult).reason).not.toBeInstanceOf(LogFullError)
  }
  await log.append(text('c'))
  expect(await readTexts(undefined, log.synced)).toEqual(['c'])
  expect(segmentFiles(directory)).toHaveLength(1)
})

it('seals a segment by its age though nothing more comes', async () => {
  const steps: Position[] = []
  let sealed = () => {}
  const wasSealed = new Promise<void>((resolve) => {
    sealed = resolve
  })
  const log = await open({
    segmentAgeMaxMs: 30,
    onSynced(position) {
      steps.push(position)
      if (steps.length === 3) sealed()
    },
  })
  const { segment } = await log.append(text('a'))
  await wasSealed
  expect(steps.map((position) => position.segment === segment)).toEqual([true, true, false])
  expect(log.segments().map(({ sealed }) => sealed)).toEqual([true, false])
})

it('rolls in the order of the calls, and not at all while a segment is empty', async () => {
  const log = await open()
  await log.roll()
  expect(log.segments()).toHaveLength(1)
  const [a, , b] = await Promise.all([log.append(text('a')), log.roll(), log.append(text('b'))])
  expect(a.segment < b.segment).toBe(true)
  expect(log.synced.segment).toBe(b.segment)
})

it('is full at its limit, and works again when the oldest segment is dropped', async () => {
  const log = await open({ bytesMax: 1000 })
  await log.append(Buffer.alloc(600))
  const refused = await log.append(Buffer.alloc(600)).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(LogFullError)
  expect(refused).toMatchObject({ reason: 'limit' })
  await log.roll()
  const [oldest, newest] = log.segments()
  await expect(log.drop(newest!.name)).rejects.toThrow(`the oldest is ${oldest!.name}`)
  await log.drop(oldest!.name)
  await log.drop(oldest!.name)
  await log.append(text('뒤'))
  expect(await readTexts({ segment: oldest!.name, offset: 80 }, log.synced)).toEqual(['뒤'])
})

it('opens on a full disk, says so at each append, and works when there is room', async () => {
  const before = await open()
  await before.append(text('a'))
  await before.close()
  files.roomBytes = 0
  const log = await open()
  expect(await readTexts(undefined, log.synced)).toEqual(['a'])
  await expect(log.append(text('b'))).rejects.toMatchObject({ name: 'LogFullError', reason: 'disk' })
  await log.drop(log.segments()[0]!.name)
  await log.append(text('c'))
  expect(await readTexts(undefined, log.synced)).toEqual(['c'])
})

it('bounds what waits for the disk', async () => {
  const log = await open({ waitingBytesMax: 100 })
  const results = await Promise.allSettled([1, 2, 3].map(() => log.append(Buffer.alloc(40))))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect(results[1]).toMatchObject({ reason: { reason: 'waiting' } })
})

it('refuses a record that is too large, and gives one that is larger than a segment its own', async () => {
  const log = await open({ segmentBytesMax: 500 })
  await expect(log.append(Buffer.alloc(50_001))).rejects.toThrow('50001 bytes')
  const positions = await Promise.all([10, 40_000, 0, 10].map((size) => log.append(Buffer.alloc(size))))
  expect(new Set(positions.map(({ segment }) => segment)).size).toBe(3)
  const sizes: number[] = []
  for await (const records of readChunks(directory, undefined, log.synced, { chunkBytes: 256 })) {
    sizes.push(...records.map(({ bytes }) => bytes.length))
  }
  expect(sizes).toEqual([10, 40_000, 0, 10])
})

it('leaves nothing behind when it is only started, and sorts a new segment behind those of a clock that ran ahead', async () => {
  const ahead = ulid(undefined, Date.now() + 1e9)
  writeFileSync(join(directory, `${ahead}.segment`), 'torn at once')
  for (let start = 0; start < 4; start++) await (await open()).close()
  expect(segmentFiles(directory)).toHaveLength(1)
  expect((await listSegments(directory))[0]!.name > ahead).toBe(true)
})

it('closes twice, keeps what was appended before, and takes nothing after', async () => {
  const log = await open()
  const appended = log.append(text('a'))
  await Promise.all([log.close(), log.close()])
  await appended
  await expect(log.append(text('b'))).rejects.toThrow('closed')
  await expect(log.roll()).rejects.toThrow('closed')
})

it('reads all records of a segment whose header is damaged, and of one that was renamed', async () => {
  const log = await open()
  await log.append(text('a'))
  await log.append(text('b'))
  await log.roll()
  const [segment] = log.segments()
  const path = segmentFiles(directory)[0]!
  const content = readFileSync(path)
  const damaged = Buffer.from(content)
  damaged[20]! ^= 1
  writeFileSync(path, damaged)
  const damages: Damage[] = []
  expect(await readTexts(undefined, log.synced, damages)).toEqual(['a', 'b'])
  expect(damages).toEqual([{ segment: segment!.name, from: 0, to: 80 }])
  const renamed = ulid(undefined, 0)
  writeFileSync(join(directory, `${renamed}.segment`), content)
  expect(await readTexts(undefined, { segment: renamed, offset: Number.MAX_SAFE_INTEGER })).toEqual(['a', 'b'])
})

it('says what to do about a segment of a later release', async () => {
  const log = await open()
  await log.append(text('a'))
  await log.close()
  const path = segmentFiles(directory)[0]!
  const content = readFileSync(path)
  content.writeUInt16LE(2, 8)
  content.writeUInt32LE(crc32(content.subarray(0, 76)), 76)
  writeFileSync(path, content)
  await expect(readTexts(undefined, log.synced)).rejects.toThrow(/segment format 2 .* upgrade/)
  await expect(open()).rejects.toThrow(path)
  expect(readFileSync(path).equals(content)).toBe(true)
})

it('reports bytes that should be there and are not', async () => {
  const log = await open()
  await log.append(text('a'))
  const { synced } = log
  const path = segmentFiles(directory)[0]!
  writeFileSync(path, readFileSync(path).subarray(0, 85))
  const damages: Damage[] = []
  expect(await readTexts(undefined, synced, damages)).toEqual([])
  expect(damages).toEqual([
    { segment: synced.segment, from: 80, to: 85 },
    { segment: synced.segment, from: 85, to: synced.offset },
  ])
})

it('reads around sectors that the disk cannot give back', async () => {
  const bad = { from: 9000, to: 9100 }
  const content = Buffer.alloc(20_000, 7)
  const target = Buffer.alloc(20_000)
  const length = await readFully(
    {
      async read(into, at, length, position) {
        if (position < bad.to && position + length > bad.from) throw Object.assign(new Error('bad'), { code: 'EIO' })
        const bytesRead = content.copy(into, at, position, position + length)
        return { bytesRead }
      },
    },
    target,
    0,
    0,
  )
  expect(length).toBe(20_000)
  expect(target.indexOf(0)).toBe(8192)
  expect(target.lastIndexOf(0)).toBe(12_287)
})

it('has no segments in a folder that is not there, and says which folder it cannot use', async () => {
  expect(await listSegments(join(directory, 'none'))).toEqual([])
  expect(await readTexts(undefined, { segment: ulid(), offset: 100 })).toEqual([])
  const file = join(directory, 'file')
  writeFileSync(file, '')
  await expect(open({ directory: file })).rejects.toThrow(file)
})
