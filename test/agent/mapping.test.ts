import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createColumnResolver, csvConfig, splitFields } from '../../agent/sources/mapping/csv.ts'
import { parseScaled, toPeriod } from '../../agent/sources/mapping/decimal.ts'
import { createJsonCells, parseExactJson, parsePath } from '../../agent/sources/mapping/json.ts'
import { createMapper, mappingSchemas } from '../../agent/sources/mapping/mapper.ts'
import { mapping } from '../../agent/sources/mapping/mapping.ts'
import { createRecordReader } from '../../agent/sources/mapping/record-reader.ts'
import { createTimeParser } from '../../agent/sources/mapping/time.ts'
import { createValueParser } from '../../agent/sources/mapping/value.ts'
import type { Row } from '../../agent/sources/source.ts'

const noon = () => Date.UTC(2024, 4, 1, 12) * 1e6
const nowNs = () => BigInt(noon())
const time = (format: string, text: string, zone = 'Z', startNs?: bigint) =>
  createTimeParser(format, zone, startNs)(text, nowNs)
const utcNs = (...parts: [number, number, number, number?, number?, number?]) => {
  const [year, month, ...rest] = parts
  return BigInt(Date.UTC(year, month - 1, ...rest)) * 1_000_000n
}

describe('decimals', () => {
  it('scales any decimal exactly, cutting what is below 1', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 9 }),
        (digits, places, shift) => {
          const text = (digits < 0n ? -digits : digits).toString().padStart(places + 1, '0')
          const sign = digits < 0n ? '-' : ''
          const decimal = places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
          const expected = (digits * 10n ** BigInt(shift)) / 10n ** BigInt(places)
          expect(parseScaled(sign + decimal, shift)).toBe(expected)
          expect(parseScaled(`${sign}${text}e-${places}`, shift)).toBe(expected)
        },
      ),
    )
  })
  it.each(['', '.', '-', 'abc', '1.2.3', '1e', '0x10', '1 2'])('refuses %j', (text) => {
    expect(parseScaled(text, 9)).toBeUndefined()
  })
  it('keeps rates as exact fractions', () => {
    expect(toPeriod({ rateHz: 360 })).toEqual({ num: 25_000_000n, den: 9n })
    expect(toPeriod({ rateHz: 29.97 })).toEqual({ num: 100_000_000_000n, den: 2997n })
    expect(toPeriod({ periodS: 60 })).toEqual({ num: 60_000_000_000n, den: 1n })
    expect(toPeriod({ periodS: 0.0001 })).toEqual({ num: 100_000n, den: 1n })
    expect(toPeriod({})).toBeUndefined()
  })
})

describe('times', () => {
  it.each([
    ['unix_s', '1700000000.123456789', 1_700_000_000_123_456_789n],
    ['unix_s', '1.7e9', 1_700_000_000_000_000_000n],
    ['unix_s', '-1.5', -1_500_000_000n],
    ['unix_ms', '1700000000123.456789', 1_700_000_000_123_456_789n],
    ['unix_us', '1700000000123456.789', 1_700_000_000_123_456_789n],
    ['unix_ns', '1700000000123456789', 1_700_000_000_123_456_789n],
    ['iso', '2024-05-01T12:00:00Z', utcNs(2024, 5, 1, 12)],
    ['iso', '2024-05-01 12:00:00,000000001', utcNs(2024, 5, 1, 12) + 1n],
    ['iso', '2024-05-01T21:00:00+09:00', utcNs(2024, 5, 1, 12)],
    ['iso', '2016-1-1T0:7', utcNs(2016, 1, 1, 0, 7)],
    ['iso', '2016-02-29', utcNs(2016, 2, 29)],
    ['iso', '2016-12-31T23:59:60Z', utcNs(2017, 1, 1)],
    ['MM/DD/YYYY HH:mm', '10/14/2018 23:59', utcNs(2018, 10, 14, 23, 59)],
    ['YYYYMMDDHHmmss', '20240501120001.25', utcNs(2024, 5, 1, 12, 0, 1) + 250_000_000n],
    ['YYYY DDD HH:mm', '2016 60 0:1', utcNs(2016, 2, 29, 0, 1)],
    ['YYYY년 MM월 DD일 A HH:mm:ss', '2024년 5월 1일 오후 1:02:03', utcNs(2024, 5, 1, 13, 2, 3)],
    ['YYYY-MM-DD HH:mm A', '2024-05-01 12:30 am', utcNs(2024, 5, 1, 0, 30)],
  ])('%s %s', (format, text, expected) => {
    expect(time(format, text)).toBe(expected)
  })
  it.each([
    ['iso', '2023-02-29'],
    ['iso', '2024-13-01'],
    ['iso', '2024-05-01T25:00'],
    ['iso', '1600-01-01'],
    ['iso', ''],
    ['iso', 'yesterday'],
    ['unix_s', 'NaN'],
    ['MM/DD/YYYY', '14/10/2018'],
    ['YYYY DDD', '2015 366'],
    ['hms', '12:60'],
  ])('%s refuses %j', (format, text) => {
    expect(time(format, text)).toBeUndefined()
  })
  it('counts from the start, and takes the zone of the configuration', () => {
    expect(time('seconds', '0.002778', 'Z', 5n)).toBe(2_778_005n)
    expect(time('hms', '25:00:00.5', 'Z', 0n)).toBe(90_000_500_000_000n)
    expect(time('iso', '2018-10-14 00:00', '-07:00')).toBe(utcNs(2018, 10, 14, 7))
    expect(time('iso', '2018-10-14 00:00Z', '-07:00')).toBe(utcNs(2018, 10, 14))
  })
  it('puts a time of the day near to now', () => {
    expect(time('hms', '23:59:59')).toBe(utcNs(2024, 5, 1, 23, 59, 59))
    expect(time('hms', '00:00:01', '+09:00')).toBe(utcNs(2024, 5, 1, 15, 0, 1))
  })
  it('reads back every ns of ISO times', () => {
    const range = { min: -9_200_000_000_000_000_000n, max: 9_200_000_000_000_000_000n }
    fc.assert(
      fc.property(fc.bigInt(range), (ns) => {
        const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
        const seconds = new Date(Number((ns - rest) / 1_000_000n)).toISOString().slice(0, 19)
        expect(time('iso', `${seconds}.${rest.toString().padStart(9, '0')}Z`)).toBe(ns)
      }),
    )
  })
})

const channel = (more: object) =>
  mapping.parse({ streams: [{ name: 's', channels: [{ name: 'a', ...more }] }] }).streams[0]!.channels[0]!
const value = (more: object, cell: unknown, comma = false) => createValueParser(channel(more), comma)(cell as string)

describe('values', () => {
  it('reads every double as it was written', () => {
    fc.assert(
      fc.property(fc.double(), (number) => {
        const text = Object.is(number, -0) ? '-0' : String(number)
        expect(value({}, text)).toBe(number)
        expect(value({}, ` ${text}`)).toBe(number)
      }),
    )
  })
  it.each([
    ['-0', -0],
    ['1e3', 1000],
    ['+.5', 0.5],
    ['5.', 5],
    ['NaN', Number.NaN],
    ['-inf', -Infinity],
    ['Infinity', Infinity],
    ['', null],
    ['  ', null],
    ['NA', null],
    ['null', null],
    ['-9999.90', null],
    ['ERR', null],
    ['0x10', undefined],
    ['1,5', undefined],
    ['1e999', undefined],
    ['12abc', undefined],
    ['-', undefined],
    [true, undefined],
    [{}, undefined],
  ])('f64 from %j', (cell, expected) => {
    expect(value({ missing: [-9999.9, 'ERR'] }, cell)).toBe(expected)
  })
  it('scales and reads decimal commas', () => {
    expect(value({ scale: { factor: 1.8, offset: 32 } }, '100')).toBe(212)
    expect(value({}, '3,25', true)).toBe(3.25)
    expect(value({}, '1.234,5', true)).toBeUndefined()
  })
  it.each([
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', undefined],
    ['9007199254740991', 9007199254740991],
    ['12.0', 12],
    ['12.5', undefined],
    ['-0', 0],
    ['NaN', null],
    ['-1', null],
  ])('int from %j', (cell, expected) => {
    expect(value({ kind: 'int', missing: [-1] }, cell)).toBe(expected)
  })
  it.each([
    ['ON', true],
    ['no', false],
    [1, true],
    [false, false],
    ['', null],
    ['2', undefined],
  ])('bool from %j', (cell, expected) => {
    expect(value({ kind: 'bool' }, cell)).toBe(expected)
  })
  it('takes text as it is', () => {
    expect(value({ kind: 'text' }, ' 정지 NA ')).toBe(' 정지 NA ')
    expect(value({ kind: 'text', missing: ['-'] }, '-')).toBe(null)
  })
})

/** Reads bytes cut into blocks at these places. */
function readRecords(bytes: Buffer, cuts: number[], delimiter: string, bytesMax = 1 << 20) {
  const reader = createRecordReader({ offset: 0, bytesMax, delimiter })
  const records: { fields: string[] | undefined; start: number; after: number; tooLong: boolean }[] = []
  const take = () => {
    while (reader.next()) {
      const fields = reader.tooLong ? undefined : splitFields(reader.bytes().toString(), delimiter)
      records.push({ fields, start: reader.start, after: reader.after, tooLong: reader.tooLong })
    }
  }
  let from = 0
  for (const cut of [...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    reader.feed(bytes.subarray(from, cut))
    take()
    from = cut
  }
  reader.end()
  take()
  return records
}

const write = (rows: string[][], delimiter: string, newline: string) =>
  rows
    .map((fields) =>
      fields.map((f) => (/["\r\n\t ;,|]|^$/.test(f) ? `"${f.replaceAll('"', '""')}"` : f)).join(delimiter),
    )
    .map((line) => line + newline)
    .join('')

describe('CSV', () => {
  const field = fc.oneof(fc.string({ unit: fc.constantFrom(...'a1",;|\t\n\r -한é😀') }), fc.double().map(String))
  const rows = fc.array(fc.array(field, { minLength: 1, maxLength: 5 }), { maxLength: 20 })
  it('reads what a writer wrote, wherever the blocks are cut, and knows the offset of each record', () => {
    fc.assert(
      fc.property(
        rows,
        fc.constantFrom(',', ';', '\t', '|', ' '),
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.nat()),
        fc.boolean(),
        (rows, delimiter, newline, cuts, lastNewline) => {
          let text = write(rows, delimiter, newline)
          if (!lastNewline) text = text.slice(0, text.length - newline.length)
          const bytes = Buffer.from(text)
          const records = readRecords(bytes, cuts, delimiter)
          expect(records.map(({ fields }) => fields)).toEqual(rows)
          // Reading from any record's end on gives the rest.
          for (const [i, { after }] of records.entries()) {
            expect(readRecords(bytes.subarray(after), [], delimiter).map(({ fields }) => fields)).toEqual(
              rows.slice(i + 1),
            )
          }
        },
      ),
      { numRuns: 300 },
    )
  })
  it('never loses its way in bytes of any kind', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'a"\n\r, ') })
    fc.assert(
      fc.property(soup, fc.array(fc.nat()), (text, cuts) => {
        const bytes = Buffer.from(text)
        const records = readRecords(bytes, cuts, ',')
        expect(records).toEqual(readRecords(bytes, [], ','))
        let end = 0
        for (const { start, after } of records) {
          expect(start).toBe(end)
          end = after
        }
        expect(end).toBe(bytes.length)
      }),
      { numRuns: 500 },
    )
  })
  it('pays one line for a stray quote, and one record for a record that is too long', () => {
    const stray = readRecords(Buffer.from('1,2\n"3,4\n5,6\n'), [], ',').map(({ fields }) => fields)
    expect(stray).toEqual([['1', '2'], undefined, ['5', '6']])
    const long = readRecords(Buffer.from(`1\n${'x'.repeat(5000)}\n2\n`), [100, 2000], ',', 1000)
    expect(long.map(({ fields }) => fields)).toEqual([['1'], undefined, ['2']])
    expect(long[1]).toMatchObject({ tooLong: true, start: 2, after: 5003 })
  })
  it('finds columns by name and by index, and says which are not there', () => {
    const { resolve, problems } = createColumnResolver([' 시간', '속도', '속도'])
    expect([resolve('시간'), resolve(2), resolve('1')]).toEqual([0, 2, 1])
    expect(problems).toEqual([])
    resolve('속도')
    resolve('없음')
    resolve(3)
    expect(problems.join('\n')).toMatch(/several columns "속도".*\n.*no column "없음"\n.*no column 3/)
  })
  it('refuses a decimal comma between commas', () => {
    expect(csvConfig.safeParse({ decimalComma: true }).success).toBe(false)
    expect(csvConfig.safeParse({ decimalComma: true, delimiter: ';' }).success).toBe(true)
  })
})

describe('JSON', () => {
  it('keeps the digits that a double loses, and what Python writes', () => {
    const record = parseExactJson(
      '{"t":1700000000.123456789,"n":[9007199254740993,-0],"x":NaN,"s":"1234567890123456789 NaN"}',
    )
    const { resolve, cells } = createJsonCells()
    for (const path of ['t', 'n[0]', 'n[1]', 'x', 's', 'none.of[3]']) resolve(path)
    expect(cells(record)).toEqual([
      '1700000000.123456789',
      '9007199254740993',
      -0,
      'NaN',
      '1234567890123456789 NaN',
      undefined,
    ])
  })
  it.each([
    ['a.b[0]', ['a', 'b', 0]],
    ['$.a', ['a']],
    ["['a.b'].c", ['a.b', 'c']],
    ['[2]', [2]],
    ['a..b', undefined],
    ['a[x]', undefined],
    ['', undefined],
  ])('path %s', (path, steps) => {
    expect(parsePath(path)).toEqual(steps)
  })
})

describe('mapping', () => {
  const map = (config: object, names: string[], cells: unknown[]) => {
    const { resolve } = createColumnResolver(names)
    const rows: Row[] = []
    const mapper = createMapper(mapping.parse(config), resolve)
    const problem = mapper.map(cells as string[], { nowNs, index: 0, position: 7 }, rows)
    return { problem, rows }
  }
  it('keeps the good values of a record with a bad one', () => {
    const config = { streams: [{ name: 's', channels: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }] }
    const { problem, rows } = map(config, ['a', 'b', 'c'], ['1', 'x', ''])
    expect(rows).toEqual([{ stream: 0, values: [1, null, null], position: 7 }])
    expect(problem).toMatch(/b: "x"/)
  })
  it('sends a record to the streams it is for', () => {
    const config = {
      time: { column: 't', format: 'unix_s' },
      simulation: { column: 'sim' },
      streams: [
        { name: 'a', when: { from: 'type', equals: 'imu' }, channels: [{ name: 'x' }] },
        { name: 'b', when: { from: 'type', equals: 'gps' }, channels: [{ name: 'x' }] },
      ],
    }
    const names = ['t', 'type', 'x', 'sim']
    expect(map(config, names, ['1', 'gps', '2', '0.5']).rows).toEqual([
      { stream: 1, timeNs: 1_000_000_000n, simulationNs: 500_000_000n, values: [2], position: 7 },
    ])
    expect(map(config, names, ['1', 'other', '2', '0'])).toEqual({ problem: undefined, rows: [] })
    expect(map(config, names, ['x', 'imu', '2', '0'])).toMatchObject({
      problem: 'the time "x" is not unix_s',
      rows: [],
    })
    expect(map(config, names, ['9999999999999', 'imu', '2', '0']).rows).toEqual([])
  })
  it('says what is measured', () => {
    const config = mapping.parse({
      streams: [
        {
          name: 's',
          rateHz: 2,
          channels: [{ name: 'raw', from: 1, kind: 'int', unit: 'mV', gain: 0.5, missing: [0] }],
        },
      ],
    })
    expect(mappingSchemas(config, 'replay')).toEqual([
      {
        stream: 's',
        source: 'replay',
        period: { num: 500_000_000n, den: 1n },
        channels: [{ name: 'raw', kind: 'int', unit: 'mV', gain: 0.5 }],
      },
    ])
  })
  it('reports every mistake with its path', () => {
    const result = mapping.safeParse({
      time: { column: 't', columns: '{1}', format: 'fortnights', zone: 'Seoul' },
      streams: [
        {
          name: 's',
          rateHz: 1,
          periodS: 1,
          channels: [
            { name: 'a', unit: '°C' },
            { name: 'A', gain: 2 },
          ],
        },
        { name: 's', channels: [] },
      ],
    })
    const paths = result.error?.issues.map(({ path }) => path.join('.'))
    expect(paths).toEqual(
      expect.arrayContaining(['time.format', 'time.zone', 'streams.0.channels.0.unit', 'streams.1.channels']),
    )
    const second = mapping.safeParse({
      time: { format: 'iso' },
      streams: [
        { name: 's', rateHz: 1, periodS: 1, channels: [{ name: 'a' }, { name: 'A' }] },
        { name: 's', channels: [{ name: 'a', gain: 2 }] },
      ],
    })
    expect(second.error?.issues.map(({ path }) => path.join('.'))).toEqual(
      expect.arrayContaining([
        'time.column',
        'streams.0.periodS',
        'streams.0.channels.1.name',
        'streams.1.channels.0.gain',
      ]),
    )
  })
})
