import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linesConfig, openLines } from '../../agent/sources/lines.ts'
import type { SourceContext } from '../../agent/sources/source.ts'
import { createContext, dataFile, missingNote, type Reading, read, temporaryFolder } from './source-rows.ts'

const root = temporaryFolder()
let folders = 0
const newPath = () => {
  const folder = join(root, String(++folders))
  mkdirSync(folder)
  return join(folder, 'bench.log')
}
const mapping = { streams: [{ name: 's', channels: [{ name: 'n', from: 0 }] }] }
const open = async (path: string, more: object = {}, context: Partial<SourceContext> = {}) => {
  const config = { type: 'lines', format: 'csv', mapping, input: { type: 'file', path }, ...more }
  return read(await openLines(linesConfig.parse(config), createContext(root, context)))
}
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('')
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const count = ({ rows }: Pick<Reading, 'rows'>) => rows.map(({ values }) => values[0])
/** Where an agent would go on that had spooled `rows` rows. */
const resumeAfter = ({ chunks }: Reading, rows: number) => {
  const all = chunks.flatMap((chunk) =>
    chunk.rows.map(({ position }) => ({ position: position!, origin: chunk.origin! })),
  )
  return { resume: all[rows - 1]! }
}

describe('a followed file', () => {
  it('may come later, and grows by pieces of lines', async () => {
    const path = newPath()
    const reading = await open(path)
    await reading.says(/waiting.*no such file yet/)
    writeFileSync(path, '1\n2')
    await reading.have(1)
    appendFileSync(path, '0\n')
    expect(count({ rows: await reading.have(2) })).toEqual([1, 20])
    expect(reading.rows.map(({ position }) => position)).toEqual([2, 5])
    await reading.stop()
  })
  it('begins at its end if told so, with the line that is being written', async () => {
    const path = newPath()
    writeFileSync(path, '1\n2\n3')
    const again = await open(path, { input: { type: 'file', path, from: 'end' } })
    await again.says(/running/)
    appendFileSync(path, '0\n4\n')
    expect(count({ rows: await again.have(2) })).toEqual([30, 4])
    await again.stop()
  })
  it('is followed through renaming, even where the old file is written for a moment longer', async () => {
    const path = newPath()
    writeFileSync(path, lines(0, 100))
    const reading = await open(path)
    await reading.have(100)
    appendFileSync(path, '100\n10')
    renameSync(path, `${path}.1`)
    appendFileSync(`${path}.1`, '1\n')
    writeFileSync(path, lines(102, 150))
    await reading.have(150)
    renameSync(path, `${path}.2`)
    writeFileSync(path, lines(150, 200))
    await reading.have(200)
    expect(count(reading)).toEqual(numbers(0, 200))
    expect(new Set(reading.chunks.map(({ origin }) => origin)).size).toBe(3)
    await reading.stop()
  })
  it('is followed through truncation, even if it has grown beyond what was read', async () => {
    const path = newPath()
    writeFileSync(path, lines(0, 100))
    const reading = await open(path)
    await reading.have(100)
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
    appendFileSync(path, lines(100, 120))
    await reading.have(120)
    writeFileSync(path, lines(120, 1000))
    await reading.have(1000)
    expect(count(reading)).toEqual(numbers(0, 1000))
    await reading.stop()
  })
  it('outlives its deletion', async () => {
    const path = newPath()
    writeFileSync(path, lines(0, 10))
    const reading = await open(path)
    await reading.have(10)
    unlinkSync(path)
    writeFileSync(path, lines(10, 20))
    expect(count({ rows: await reading.have(20) })).toEqual(numbers(0, 20))
    await reading.stop()
  })
})

describe('after a stop', () => {
  const start = async () => {
    const path = newPath()
    writeFileSync(path, lines(0, 1000))
    const reading = await open(path)
    await reading.have(1000)
    await reading.stop()
    return { path, reading }
  }
  it('says that it goes on at the end of a file that was rotated, though no line is left there', async () => {
    const { path, reading } = await start()
    renameSync(path, `${path}.1`)
    writeFileSync(path, lines(1000, 1010))
    const again = await open(path, {}, resumeAfter(reading, 1000))
    await again.have(10)
    expect(count(again)).toEqual(numbers(1000, 1010))
    expect(again.chunks[0]).toEqual({ rows: [], origin: reading.chunks[0]!.origin })
    await again.stop()
  })
  it('goes on behind the last spooled line', async () => {
    const { path, reading } = await start()
    const again = await open(path, {}, resumeAfter(reading, 600))
    appendFileSync(path, lines(1000, 1100))
    await again.have(500)
    expect(count(again)).toEqual(numbers(600, 1100))
    expect(again.chunks[0]!.origin).toBe(reading.chunks[0]!.origin)
    await again.stop()
  })
  it('finds the rest in files that were rotated away meanwhile', async () => {
    const { path, reading } = await start()
    renameSync(path, `${path}.2`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    writeFileSync(`${path}.1`, lines(1000, 1500))
    writeFileSync(`${path}.bak`, 'not ours\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    writeFileSync(path, lines(1500, 1600))
    const again = await open(path, {}, resumeAfter(reading, 600))
    await again.have(1000)
    expect(count(again)).toEqual(numbers(600, 1600))
    await again.stop()
  })
  it('finds the rest in a copy if the file was truncated meanwhile', async () => {
    const { path, reading } = await start()
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
    appendFileSync(path, lines(1000, 1010))
    const again = await open(path, {}, resumeAfter(reading, 600))
    await again.have(410)
    expect(count(again)).toEqual(numbers(600, 1010))
    await again.stop()
  })
  it('waits for a disk that is not there yet', async () => {
    const { path, reading } = await start()
    renameSync(path, `${path}.elsewhere`)
    const again = await open(path, {}, resumeAfter(reading, 600))
    await again.says(/waiting.*there is no such file/)
    renameSync(`${path}.elsewhere`, path)
    await again.have(400)
    expect(count(again)).toEqual(numbers(600, 1000))
    await again.stop()
  })
  it('says so if the file is gone', async () => {
    const { path, reading } = await start()
    // Another one before this one goes, so that it cannot get the same inode.
    writeFileSync(`${path}.new`, lines(5000, 5010))
    renameSync(`${path}.new`, path)
    const again = await open(path, {}, resumeAfter(reading, 600))
    await again.have(10)
    expect(count(again)).toEqual(numbers(5000, 5010))
    await again.says(/the file that was read before is gone; lines may be missing/)
    await again.stop()
  })
  it('knows the header, which stands before the place where it goes on', async () => {
    const path = newPath()
    writeFileSync(path, 'x,속도\n1,10\n2,20\n')
    const more = { csv: { header: true }, mapping: { streams: [{ name: 's', channels: [{ name: '속도' }] }] } }
    const reading = await open(path, more)
    await reading.have(2)
    await reading.stop()
    const again = await open(path, more, resumeAfter(reading, 1))
    appendFileSync(path, '3,30\n')
    expect(count({ rows: await again.have(2) })).toEqual([20, 30])
    await again.stop()
  })
})

const log = 'automotive/gps.nmea'
describe.skipIf(missingNote(log))(`a GNSS log${missingNote(log)}`, () => {
  it('comes whole through rotations and a stop', async () => {
    const path = newPath()
    // Its last line has no newline, so that it would be waited for.
    const all = Buffer.concat([readFileSync(dataFile(log)), Buffer.from('\r\n')])
    const cuts = [0, 50_001, 120_007, 200_003, all.length]
    const more = { format: 'nmea', mapping: undefined }
    let reading = await open(path, more)
    const rows: unknown[] = []
    for (let i = 0; i + 1 < cuts.length; i++) {
      // A rotation happens between lines; what is written comes in pieces of any size.
      const from = i === 0 ? 0 : all.indexOf('\n', cuts[i]) + 1
      const to = i + 2 === cuts.length ? all.length : all.indexOf('\n', cuts[i + 1]) + 1
      const part = all.subarray(from, to)
      const wanted = part.toString('latin1').match(/\$GP(GGA|RMC)/g)!.length
      if (existsSync(path)) renameSync(path, `${path}.${10 - i}`)
      const before = reading.rows.length
      for (let at = 0; at < part.length; at += 9973) appendFileSync(path, part.subarray(at, at + 9973))
      await reading.have(before + wanted)
      if (i === 1) {
        await reading.stop()
        const resume = resumeAfter(reading, reading.rows.length)
        rows.push(...reading.rows)
        reading = await open(path, more, resume)
      }
    }
    rows.push(...reading.rows)
    await reading.stop()
    expect(rows.length).toBe(1202 + 1201)
    const positions = rows as { stream: number; timeNs: bigint }[]
    for (const stream of [0, 1]) {
      const times = positions.filter((row) => row.stream === stream).map(({ timeNs }) => timeNs)
      expect(times.every((time, i) => i === 0 || time > times[i - 1]!)).toBe(true)
    }
  })
})
