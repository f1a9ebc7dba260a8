import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packageRoot } from '../../common/program.ts'
import { openSegmentLog } from '../../common/segment-log.ts'
import type { Damage } from '../../common/segment-log-types.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rigline-log-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Report {
  numbers: number[]
  damages: Damage[]
  /** Segments that were read to their end. */
  passed: string
}

/** Follows the log as a sink does: told of `synced`, it reads from its cursor up to there. */
const follower = `
import { parentPort, workerData } from 'node:worker_threads'
import { readChunks } from './common/segment-reader.ts'
let cursor
let reading = Promise.resolve()
const read = async (to) => {
  const report = { numbers: [], damages: [] }
  const onDamage = (damage) => report.damages.push(damage)
  for await (const records of readChunks(workerData, cursor, to, { chunkBytes: 20_000, onDamage })) {
    for (const { bytes } of records) report.numbers.push(Buffer.from(bytes).readUInt32LE(0))
  }
  cursor = to
  parentPort.postMessage({ ...report, passed: to.segment })
}
parentPort.on('message', (to) => { reading = reading.then(() => read(to)) })
`

it('is read by another thread while it writes, rolls and drops what was read', async () => {
  const program = join(folder, 'follower.mjs')
  await build({
    stdin: { contents: follower, resolveDir: packageRoot, loader: 'ts' },
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  })
  const directory = join(folder, 'log')
  const worker = new Worker(program, { workerData: directory })
  const log = await openSegmentLog({
    directory,
    segmentBytesMax: 200_000,
    bytesMax: 1_000_000_000,
    recordBytesMax: 10_000,
    onSynced: (position) => worker.postMessage(position),
  })
  const count = 20_000
  const damages: Damage[] = []
  let next = 0
  let dropped = 0
  const drops: Promise<void>[] = []
  const done = new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('message', ({ numbers, damages: found, passed }: Report) => {
      damages.push(...found)
      for (const number of numbers) {
        if (number !== next++) reject(new Error(`read ${number} in place of ${next - 1}`))
      }
      for (const { name } of log.segments()) {
        if (name >= passed || drops.length > dropped) break
        drops.push(log.drop(name).then(() => void dropped++))
      }
      if (next === count) resolve()
    })
  })
  for (let number = 0; number < count; ) {
    const appends: Promise<unknown>[] = []
    for (const end = Math.min(count, number + 500); number < end; number++) {
      const record = Buffer.alloc(4 + ((number * 7919) % 400), number)
      record.writeUInt32LE(number, 0)
      appends.push(log.append(record))
    }
    await Promise.all(appends)
  }
  await done
  await Promise.all(drops)
  expect(damages).toEqual([])
  expect(dropped).toBeGreaterThan(3)
  await log.close()
  await worker.terminate()
})
