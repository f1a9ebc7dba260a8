import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { LogFullError } from '../../common/segment-log.ts'
import { createJournalRoom } from '../../ingest/journal-room.ts'

test('is full until twice the largest record fits', () => {
  const log = { bytes: 0 }
  const room = createJournalRoom(log, { folder: tmpdir(), bytesMax: 1000, recordBytesMax: 100, warn() {} })
  const at = (bytes: number) => {
    log.bytes = bytes
    return room.has()
  }
  expect([at(0), at(900), at(901), at(900), at(801), at(800), at(900)]).toEqual([
    true,
    true,
    false,
    false,
    false,
    true,
    true,
  ])
  log.bytes = 950
  room.has()
  expect(room.why()).toMatchObject({ reason: 'limit', message: expect.stringContaining('950 of its 1000') })
})

test('is tried once a second after an append that failed', () => {
  let nowMs = 0
  const options = { folder: tmpdir(), bytesMax: 1000, recordBytesMax: 100, warn() {}, nowMs: () => nowMs }
  const room = createJournalRoom({ bytes: 0 }, options)
  room.failed(new LogFullError('disk', 'no room on the disk'))
  expect(room.has()).toBe(false)
  expect(room.why().message).toBe('no room on the disk')
  nowMs = 999
  expect(room.has()).toBe(false)
  nowMs = 1000
  expect(room.has()).toBe(true)
})

test('stays full while the disk has no room for a record', () => {
  let nowMs = 0
  const options = { folder: tmpdir(), bytesMax: 2 ** 53, recordBytesMax: 2 ** 50, warn() {}, nowMs: () => nowMs }
  const room = createJournalRoom({ bytes: 0 }, options)
  room.failed(new LogFullError('disk', 'no room on the disk'))
  for (nowMs of [1000, 2000, 5000]) expect(room.has()).toBe(false)
})
