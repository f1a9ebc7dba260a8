import { appendFileSync, copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openReplay, replayConfig } from '../../agent/sources/replay.ts'
import type { Row, SourceContext } from '../../agent/sources/source.ts'
import { createContext, dataFile, missingNote, nowNs, read, readAll, temporaryFolder } from './source-rows.ts'

const folder = temporaryFolder()
let files = 0
const file = (content: string | Buffer): string => {
  const path = join(folder, `${++files}.csv`)
  writeFileSync(path, content)
  return path
}
const open = (config: object, context: Partial<SourceContext> = {}) =>
  openReplay(replayConfig.parse({ type: 'replay', speed: 0, ...config }), createContext(folder, context))
const rowsOf = async (config: object, context: Partial<SourceContext> = {}) => readAll(await open(config, context))
const paths = (config: object) =>
  replayConfig.safeParse({ type: 'replay', file: 'x', ...config }).error?.issues.map(({ path }) => path.join('.'))

const ab = { streams: [{ name: 's', channels: [{ name: 'a' }, { name: 'b', kind: 'text' }] }] }
const atStart = { column: 't', format: 'seconds', start: '2024-01-01T00:00:00Z' }
const startNs = BigInt(Date.UTC(2024, 0, 1)) * 1_000_000n

const ecg = 'healthcare/mitdb-100-5min.csv'
const ecgConfig = {
  file: dataFile(ecg),
  mapping: {
    time: { column: 'time_s', format: 'seconds', start: '2024-01-01T00:00:00Z' },
    streams: [
      {
        name: 'ecg',
        rateHz: 360,
        channels: [
          { name: 'MLII', from: 'MLII_mV', unit: 'mV' },
          { name: 'V5', from: 'V5_mV', unit: 'mV' },
        ],
      },
    ],
  },
}
/** Its lines, parsed in another way. */
const ecgLines = () =>
  readFileSync(dataFile(ecg), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [time, ...values] = line.split(',')
      return { timeNs: startNs + BigInt(time!.replace('.', '')) * 1000n, values: values.map(Number.parseFloat) }
    })

describe.skipIf(missingNote(ecg))(`an ECG of 108,000 rows${missingNote(ecg)}`, () => {
  it('has every time and value as it was recorded', async () => {
    const rows = await rowsOf(ecgConfig)
    expect(rows.length).toBe(108_000)
    expect(rows.map(({ timeNs, values }) => ({ timeNs, values }))).toEqual(ecgLines())
  })
  it('goes on where it stopped, without a gap or a repeat', async () => {
    const expected = ecgLines()
    const stop = new AbortController()
    const source = await open(ecgConfig)
    const first: Row[] = []
    let origin = ''
    for await (const chunk of source.rows(stop.signal)) {
      first.push(...chunk.rows)
      origin = chunk.origin!
      if (first.length > 41_000) stop.abort()
    }
    await source.close()
    expect(first.length).toBeLessThan(50_000)
    // As if not all of them had been spooled.
    const spooled = first.slice(0, 40_123)
    const rest = await rowsOf(ecgConfig, { resume: { position: spooled.at(-1)!.position!, origin } })
    expect([...spooled, ...rest].map(({ timeNs, values }) => ({ timeNs, values }))).toEqual(expected)
    const again = await open(ecgConfig, { resume: { position: rest.at(-1)!.position!, origin } })
    expect(await readAll(again)).toEqual([])
    expect(again.health().state).toBe('ended')
  })
})

const surfrad = 'energy/surfrad-slv16001.dat'
describe.skipIf(missingNote(surfrad))(`a day of SURFRAD${missingNote(surfrad)}`, () => {
  it('is read by columns of blanks, with flags, and without what is missing', async () => {
    const rows = await rowsOf({
      file: dataFile(surfrad),
      csv: { delimiter: 'whitespace', header: false, skipLines: 2 },
      mapping: {
        time: { columns: '{0}-{2}-{3}T{4}:{5}Z' },
        streams: [
          {
            name: 'irradiance',
            periodS: 60,
            channels: [
              { name: 'ghi', from: 8, unit: 'W/m2', missing: [-9999.9] },
              { name: 'ghi_flag', from: 9, kind: 'int' },
              { name: 'net_solar', from: 32, unit: 'W/m2', missing: [-9999.9] },
              { name: 'uvb', from: 28, unit: 'mW/m2', missing: [-9999.9] },
              { name: 'pressure', from: 46, unit: 'mbar', missing: [-9999.9] },
            ],
          },
        ],
      },
    })
    const lines = readFileSync(dataFile(surfrad), 'utf8').trimEnd().split('\n').slice(2)
    expect(rows.length).toBe(1440)
    const at = (line: string, column: number) => {
      const number = Number(line.trim().split(/ +/)[column])
      return number === -9999.9 ? null : number
    }
    expect(rows.map(({ values }) => values)).toEqual(lines.map((line) => [8, 9, 32, 28, 46].map((c) => at(line, c))))
    expect(rows.map(({ timeNs }) => timeNs)).toEqual(
      lines.map((_, i) => BigInt(Date.UTC(2016, 0, 1, 0, i)) * 1_000_000n),
    )
    const text = readFileSync(dataFile(surfrad), 'utf8')
    expect(text).toContain('-9999.9')
    expect(rows.flatMap(({ values }) => values).filter((value) => value === -9999.9)).toEqual([])
  })
})

const midc = 'energy/midc-2018-10-14.csv'
describe.skipIf(missingNote(midc))(`a day of MIDC${missingNote(midc)}`, () => {
  it('is dated in two columns of local time', async () => {
    const columns = ['Global PSP [W/m^2]', 'Temperature @ 2m [deg C]', 'Temperature @ 80m [deg C]']
    const rows = await rowsOf({
      file: dataFile(midc),
      mapping: {
        time: { columns: '{DATE (MM/DD/YYYY)} {MST}', format: 'MM/DD/YYYY HH:mm', zone: '-07:00' },
        streams: [{ name: 'weather', periodS: 60, channels: columns.map((from, i) => ({ name: `c${i}`, from })) }],
      },
    })
    const lines = readFileSync(dataFile(midc), 'utf8').trimEnd().split('\n').slice(1)
    expect(rows.map(({ values }) => values)).toEqual(
      lines.map((line) => [2, 4, 6].map((column) => Number(line.split(',')[column]))),
    )
    expect(rows.map(({ timeNs }) => timeNs)).toEqual(
      lines.map((_, i) => BigInt(Date.UTC(2018, 9, 14, 7, i)) * 1_000_000n),
    )
  })
})

describe('files of all kinds', () => {
  it('reads a byte order mark, CR LF, Hangul, quotes with newlines, comments and empty lines', async () => {
    const path = file(
      '\uFEFF시간,"속도, km/h",메모\r\n# 시험\r\n0,"1.5","두 줄\r\n""인용"""\r\n\r\n0.000000001,-0,😀\r\n',
    )
    const rows = await rowsOf({
      file: path,
      csv: { comment: '#' },
      mapping: {
        time: { ...atStart, column: '시간' },
        streams: [
          {
            name: '차량',
            channels: [
              { name: '속도', from: '속도, km/h' },
              { name: '메모', kind: 'text' },
            ],
          },
        ],
      },
    })
    expect(rows).toEqual([
      { stream: 0, timeNs: startNs, values: [1.5, '두 줄\r\n"인용"'], position: expect.any(Number) },
      { stream: 0, timeNs: startNs + 1n, values: [-0, '😀'], position: readFileSync(path).length },
    ])
  })
  it('reads EUC-KR, semicolons and decimal commas', async () => {
    // "시간;값" in EUC-KR.
    const path = file(Buffer.concat([Buffer.from('bdc3b0a33bb0aa0a', 'hex'), Buffer.from('0,5;1,25\n')]))
    const rows = await rowsOf({
      file: path,
      csv: { delimiter: ';', decimalComma: true, encoding: 'euc-kr' },
      mapping: { time: { ...atStart, column: '시간' }, streams: [{ name: 's', channels: [{ name: '값' }] }] },
    })
    expect(rows).toMatchObject([{ timeNs: startNs + 500_000_000n, values: [1.25] }])
  })
  it('counts the lines that it cannot read, keeps them, and goes on', async () => {
    const path = file('t,a,b\n0,1,x\n1,1\nsoon,1,x\n3,one,x\n4,"2"3,x\n5,6,7,8\n6,7,y,\n')
    const source = await open({ file: path, mapping: { time: atStart, ...ab } })
    const rows = await readAll(source)
    expect(rows.map(({ values }) => values)).toEqual([
      [1, 'x'],
      [null, 'x'],
      [7, 'y'],
    ])
    expect(source.health()).toMatchObject({ state: 'ended', badLines: 5 })
    expect(source.health().badLineSamples).toEqual([
      'byte 12: 2 fields, expected 3: 1,1',
      'byte 16: the time "soon" is not seconds: soon,1,x',
      'byte 25: a: "one" is no value of its kind: 3,one,x',
      'byte 33: its quotes do not match: 4,"2"3,x',
      'byte 42: 4 fields, expected 3: 5,6,7,8',
    ])
  })
  it('keeps ten samples, cut to 200 characters', async () => {
    const path = file(`t,a,b\n${Array.from({ length: 30 }, (_, i) => `x${i}${'가'.repeat(500)},1,2\n`).join('')}`)
    const source = await open({ file: path, mapping: { time: atStart, ...ab } })
    await readAll(source)
    const { badLines, badLineSamples } = source.health()
    expect([badLines, badLineSamples.length]).toEqual([30, 10])
    expect(badLineSamples[9]).toContain(': x29가')
    for (const sample of badLineSamples) expect(sample.length).toBeLessThan(350)
  })
  it('says what is wrong with a file', async () => {
    await expect(open({ file: 'none.csv', mapping: { time: atStart, ...ab } })).rejects.toThrow(
      /none\.csv: there is no such file/,
    )
    await expect(open({ file: file('x,y\n1,2\n'), mapping: { time: atStart, ...ab } })).rejects.toThrow(
      /no column "t"; there is no column "a"; there is no column "b"; its columns are "x", "y"/,
    )
    await expect(open({ file: file(''), mapping: { time: atStart, ...ab } })).rejects.toThrow(/has no header/)
    const utf16 = file(Buffer.from('\uFEFFt,a,b\n', 'utf16le'))
    await expect(open({ file: utf16, mapping: { time: atStart, ...ab } })).rejects.toThrow(/UTF-16/)
    await expect(open({ file: folder, mapping: { time: atStart, ...ab } })).rejects.toThrow(/is no file/)
  })
  it('reads a file without records', async () => {
    const source = await open({ file: file('t,a,b'), mapping: { time: atStart, ...ab } })
    expect(await readAll(source)).toEqual([])
    expect(source.health()).toEqual({ state: 'ended', badLines: 0, badLineSamples: [], detail: '' })
  })
})

describe('times', () => {
  const byRate = {
    csv: { header: false },
    mapping: {
      time: { format: 'rate', start: '2024-01-01T00:00:00Z' },
      streams: [{ name: 's', rateHz: 360, channels: [{ name: 'a', from: 0 }] }],
    },
  }
  it('counts by rate, bad records too, and goes on with the same times', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => (i % 1000 === 500 ? 'bad' : `${i}`))
    const path = file(`${lines.join('\n')}\n`)
    const all = await rowsOf({ file: path, ...byRate })
    expect(all.map(({ timeNs }) => timeNs)).toEqual(lines.map((_, i) => startNs + (BigInt(i) * 25_000_000n) / 9n))
    expect(all.length).toBe(20_000)
    expect(all[500]!.values).toEqual([null])
    const source = await open({ file: path, ...byRate })
    let origin = ''
    for await (const chunk of source.rows(new AbortController().signal)) origin = chunk.origin!
    await source.close()
    const rest = await rowsOf({ file: path, ...byRate }, { resume: { position: all[12_344]!.position!, origin } })
    expect(rest).toEqual(all.slice(12_345))
  })
  it('shifts all times alike when it starts now', async () => {
    const path = file('t,a,b\n0,1,x\n0.25,2,y\n')
    const clock = 1_700_000_000_000_000_000n
    const now = { time: { column: 't', format: 'seconds' }, ...ab }
    const rows = await rowsOf({ file: path, start: 'now', mapping: now }, { nowNs: () => clock })
    expect(rows.map(({ timeNs }) => timeNs)).toEqual([clock, clock + 250_000_000n])
  })
  it('keeps the pace of the recording, times the speed', async () => {
    const path = file(`t,a,b\n${Array.from({ length: 11 }, (_, i) => `${i * 0.2},${i},x\n`).join('')}`)
    const took = async (speed: number) => {
      const before = performance.now()
      expect((await rowsOf({ file: path, speed, mapping: { time: atStart, ...ab } })).length).toBe(11)
      return performance.now() - before
    }
    expect(await took(5)).toBeGreaterThanOrEqual(395)
    expect(await took(20)).toBeGreaterThanOrEqual(95)
  })
  it('tells a long wait, and ends it when it is stopped', async () => {
    const path = file('t,a,b\n0,1,x\n86400,2,y\n')
    const reading = read(await open({ file: path, speed: 1, mapping: { time: atStart, ...ab } }))
    await reading.have(1)
    await reading.says(/waiting.*the next row is due in 86400 s/)
    await reading.stop()
    expect(reading.rows.length).toBe(1)
  })
})

describe('resumption', () => {
  const config = (path: string) => ({ file: path, mapping: { time: atStart, ...ab } })
  const content = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${from + i},${from + i},x\n`).join('')
  const origins = async (path: string) => {
    const reading = read(await open(config(path)))
    await reading.says(/ended/)
    await reading.stop()
    return { origin: reading.chunks[0]!.origin!, rows: reading.rows }
  }
  it('knows a copy and a file that has grown, and says so of another file', async () => {
    const path = file(`t,a,b\n${content(0, 2000)}`)
    const { origin, rows } = await origins(path)
    const resume = { position: rows[999]!.position!, origin }
    const copy = join(folder, 'copy.csv')
    copyFileSync(path, copy)
    appendFileSync(copy, content(2000, 2500))
    const grown = await open(config(copy), { resume })
    const chunks = read(grown)
    await chunks.says(/ended/)
    await chunks.stop()
    expect(chunks.rows.map(({ values }) => values[0])).toEqual(Array.from({ length: 1500 }, (_, i) => 1000 + i))
    // The position still counts in the same origin.
    expect(new Set(chunks.chunks.map((chunk) => chunk.origin))).toEqual(new Set([origin]))

    const other = await open(config(file(`t,a,b\n${content(1, 2001)}`)), { resume })
    expect((await readAll(other)).length).toBe(2000)
    expect(other.health().detail).toMatch(/not the file that was read before/)
  })
  it('goes on with what was not taken when it is read again', async () => {
    const source = await open(config(file(`t,a,b\n${content(0, 2500)}`)))
    const first = source.rows(new AbortController().signal)[Symbol.asyncIterator]()
    const taken = (await first.next()).value!.rows
    await first.next()
    await first.return?.()
    const rest = await readAll(source)
    expect(rest[0]!.values[0]).toBe(taken.length)
    expect(taken.length + rest.length).toBe(2500)
  })
  it('says that a file has become shorter', async () => {
    const path = file(`t,a,b\n${content(0, 100_000)}`)
    const source = await open(config(path))
    truncateSync(path, 100_000)
    await readAll(source)
    expect(source.health()).toMatchObject({ state: 'failed', detail: expect.stringMatching(/become shorter/) })
  })
})

describe('configuration', () => {
  it('finds each mistake', () => {
    expect(paths({ mapping: ab })).toEqual(['mapping.time', 'mapping.streams.0.rateHz'])
    expect(paths({ start: 'now', mapping: ab })).toEqual(['mapping.streams.0.rateHz'])
    expect(paths({ mapping: { time: { column: 't', format: 'seconds' }, ...ab } })).toEqual(['mapping.time.start'])
    expect(paths({ mapping: { time: { ...atStart, start: 'May' }, ...ab } })).toEqual(['mapping.time.start'])
    expect(paths({ speed: -1, loop: true, mapping: { time: atStart, ...ab } })).toEqual(
      expect.arrayContaining(['speed', '']),
    )
    expect(paths({ mapping: { time: atStart, ...ab } })).toBeUndefined()
  })
  it('stamps with the clock it is given', async () => {
    const before = nowNs()
    const rows = await rowsOf({
      file: file('1\n2\n'),
      csv: { header: false },
      start: 'now',
      mapping: { streams: [{ name: 's', periodS: 0.5, channels: [{ name: 'a', from: 0 }] }] },
    })
    expect(rows[1]!.timeNs! - rows[0]!.timeNs!).toBe(500_000_000n)
    expect(rows[0]!.timeNs! >= before).toBe(true)
  })
})
