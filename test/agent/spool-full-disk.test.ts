import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createGap } from '../../agent/batcher.ts'
import { realFiles, type SegmentFiles } from '../../common/segment-log-files.ts'
import { batchOf, bodyOf, copyAsKilled, newFolder, openAt, schema } from './spool-setup.ts'

// An agent that ends while its disk is full: what is in memory alone goes with it, and no checkpoint may say that it was spooled.

const origin = 'file 1'
const positionOf = (i: number) => i * 100

/** A disk that has a few bytes left in the last block of each file: enough for a checkpoint, too few for a batch. */
function createFullDisk() {
  const disk = { isFull: false }
  const create: SegmentFiles['create'] = async (path) => {
    const file = await realFiles.create(path)
    return {
      write(bytes, offset, length, position) {
        if (!disk.isFull || length < 2000) return file.write(bytes, offset, length, position)
        return Promise.reject(Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' }))
      },
      datasync: () => file.datasync(),
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    }
  }
  return { disk, files: { ...realFiles, create } }
}

/** Batch 1 is on disk, batch 2 is not. */
async function openFull() {
  const { disk, files } = createFullDisk()
  const { spool, folder } = await openAt(newFolder(), { files })
  const add = (i: number) => {
    const batch = { ...batchOf(i), position: positionOf(i), origin }
    const state = { lastNs: batch.times.at(-1)!, era: 0, position: positionOf(i), origin }
    return spool.add({ type: 'batch', batch }, { stream: 'bench', state })
  }
  await spool.add({ type: 'schema', bytes: schema })
  await add(1)
  disk.isFull = true
  expect(await add(2)).toBe(false)
  return { spool, folder, disk, add }
}

/** What a start finds if the agent is killed now. */
async function killedAt(folder: string) {
  const { spool } = await openAt(copyAsKilled(folder))
  return spool.streams.get('bench')
}

test('a Gap and an event that memory could not hold are spooled when there is room, beside the Gap of the rows', async () => {
  const { disk, files } = createFullDisk()
  const opened = await openAt(newFolder(), { files, bytesMax: 8 * 1024 * 1024, segmentBytesMax: 64 * 1024 })
  const { spool } = opened
  await spool.add({ type: 'schema', bytes: schema })
  disk.isFull = true
  await spool.add({ type: 'batch', batch: batchOf(1) })
  const gap = createGap('bench', 5n, 900n, 'agent_down', 'the agent was not running')
  const event = { tNs: 7n, type: 'marker', author: 'r', text: 'door', facts: {}, id: 'm' }
  void spool.add({ type: 'gap', gap })
  void spool.add({ type: 'event', event })
  for (let i = 2; i < 1500; i++) await spool.add({ type: 'batch', batch: batchOf(i) })
  disk.isFull = false
  await expect.poll(() => opened.gaps().map(({ cause }) => cause), { timeout: 10_000 }).toContain('spool_unwritable')
  expect(opened.gaps().find(({ cause }) => cause === 'agent_down')).toMatchObject({ fromNs: 5n, toNs: 900n })
  expect(opened.durable.map(({ bytes }) => bodyOf(bytes))).toContainEqual({ type: 'event', event })
  expect(opened.gaps().find(({ cause }) => cause === 'spool_unwritable')).toMatchObject({ fromNs: 1000n })
}, 30_000)

describe('an agent that ends while the disk takes a checkpoint, but no batch', () => {
  test('in order: it ends, and its source goes on behind the last batch on disk', async () => {
    const { spool, folder } = await openFull()
    await spool.close()
    const again = await openAt(folder)
    expect(again.spool.streams.get('bench')?.position).toBe(positionOf(1))
  }, 20_000)

  test('killed after a file began: the same', async () => {
    const { spool, folder } = await openFull()
    spool.through(['bench'], { position: positionOf(2), origin })
    await sleep(100)
    const state = await killedAt(folder)
    expect([state?.position, state?.through]).toEqual([positionOf(1), undefined])
  })

  test('killed after a segment began: the same; and all is as ever when there is room again', async () => {
    const { spool, folder, disk, add } = await openFull()
    for (let i = 3; i < 30; i++) void add(i)
    await sleep(100)
    const state = await killedAt(folder)
    expect([state?.position, state?.lastNs]).toEqual([positionOf(1), batchOf(1).times.at(-1)])
    disk.isFull = false
    await spool.close()
    expect((await killedAt(folder))?.position).toBe(positionOf(29))
  })
})
