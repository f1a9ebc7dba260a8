import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checksumOf, parseSentence } from '../../agent/sources/lines/nmea.ts'
import { createNmeaParser } from '../../agent/sources/lines/nmea-parser.ts'
import type { Row } from '../../agent/sources/source.ts'
import { dataFile, missingNote } from './source-rows.ts'

const sentence = (body: string) => `$${body}*${checksumOf(body)}`
const parse = (body: string) => parseSentence(sentence(body), 'required')
const nsOf = (iso: string) => BigInt(Date.parse(iso)) * 1_000_000n

/** Rows of these sentences; the agent's clock stands at 2024-05-01 12:00 UTC. */
function rowsOf(bodies: string[], time: 'device' | 'agent' = 'device', prefix = '') {
  const parser = createNmeaParser({ time, checksum: 'required', streamPrefix: prefix })
  const feed = parser.begin()
  const rows: Row[] = []
  const nowNs = () => nsOf('2024-05-01T12:00:00Z')
  const problems = bodies.map((body, i) => feed.line(sentence(body), { nowNs, position: i + 1 }, rows))
  return { rows, parser, problems: problems.filter((problem) => problem !== undefined) }
}
const gga = (time: string, quality = 1) => `GPGGA,${time},4807.038,N,01131.000,E,${quality},08,0.9,545.4,M,46.9,M,,`
const rmc = (time: string, date: string, status = 'A') =>
  `GPRMC,${time},${status},4807.038,N,01131.000,E,022.4,084.4,${date},,`
const vtg = 'GPVTG,054.7,T,034.4,M,005.5,N,010.2,K'
const times = ({ rows }: { rows: Row[] }) =>
  rows.map(({ timeNs }) => (timeNs === undefined ? undefined : new Date(Number(timeNs / 1_000_000n)).toISOString()))

describe('sentences', () => {
  it('reads GGA', () => {
    expect(parse('GNGGA,123519.25,4807.038,S,01131.000,W,4,12,0.9,545.4,M,46.9,M,,')).toEqual({
      type: 'GGA',
      ofDayNs: (12n * 3600n + 35n * 60n + 19n) * 1_000_000_000n + 250_000_000n,
      latitude: -(48 + 7.038 / 60),
      longitude: -(11 + 31 / 60),
      quality: 4,
      satellites: 12,
      hdop: 0.9,
      altitude: 545.4,
      geoidSeparation: 46.9,
    })
  })
  it('reads RMC, knots as km/h, dates of two centuries', () => {
    expect(parse('GARMC,235960.5,A,,,,,022.4,084.4,230394,003.1,W')).toMatchObject({
      ofDayNs: 86_400_500_000_000n,
      dayNs: nsOf('1994-03-23T00:00:00Z'),
      speed: 22.4 * 1.852,
      course: 84.4,
    })
    expect(parse('GLRMC,000000,V,,,,,022.4,084.4,290224,,')).toMatchObject({
      dayNs: nsOf('2024-02-29T00:00:00Z'),
      valid: false,
      speed: null,
      course: null,
    })
  })
  it('reads VTG, new and old', () => {
    expect(parse(vtg)).toEqual({ type: 'VTG', speed: 10.2, course: 54.7 })
    expect(parse('GPVTG,054.7,034.4,005.5,010.2')).toEqual({ type: 'VTG', speed: 10.2, course: 54.7 })
    expect(parse(`${vtg},N`)).toEqual({ type: 'VTG', speed: null, course: null })
  })
  it('passes over other types, and a TAG block', () => {
    expect(parse('GPGSA,A,3,16,23')).toBeUndefined()
    expect(parse('PUBX,00')).toBeUndefined()
    expect(parseSentence(`\\s:r3669961*2A\\${sentence(vtg)}\r`, 'required')).toMatchObject({ type: 'VTG' })
  })
  it.each([
    ['GPVTG,1,T,,M,2,N,3,K', /begin with \$/],
    ['$GPVTG,1,T,,M,2,N,3,K', /no checksum/],
    ['$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*48', /checksum is 48, .* adds up to 47/],
    [sentence('GPGGA,1,2'), /3 fields, expected 12/],
    [sentence('GPGGA,123519,4867.038,N,01131.000,E,1,08,0.9,1,M,1,M,,'), /neither a latitude/],
    [sentence('GPGGA,123519,4807.038,E,01131.000,E,1,08,0.9,1,M,1,M,,'), /neither a latitude/],
    [sentence('GPGGA,253519,4807.038,N,01131.000,E,1,08,0.9,1,M,1,M,,'), /no time of the day/],
    [sentence('GPRMC,123519,A,,,,,1,2,300224,,'), /no date/],
    [sentence('GPRMC,123519,A,,,,,fast,2,290224,,'), /speed "fast" is no number/],
  ])('refuses %s', (line, problem) => {
    expect(parseSentence(line, 'required')).toMatch(problem)
  })
  it('takes sentences without a checksum when told so, but none with a wrong one', () => {
    expect(parseSentence(`$${vtg}`, 'optional')).toMatchObject({ type: 'VTG' })
    expect(parseSentence(`$${vtg}*00`, 'optional')).toMatch(/checksum/)
  })
})

describe('times', () => {
  it('dates a GGA by the RMC behind it', () => {
    const result = rowsOf([gga('123518'), gga('123519'), rmc('123519', '230394')])
    expect(times(result)).toEqual(['1994-03-23T12:35:18.000Z', '1994-03-23T12:35:19.000Z', '1994-03-23T12:35:19.000Z'])
    expect(result.rows.map(({ stream, position }) => [stream, position])).toEqual([
      [0, 1],
      [0, 2],
      [1, 3],
    ])
  })
  it('goes over midnight, in both orders', () => {
    expect(
      times(
        rowsOf([rmc('235959', '311223'), gga('235959.9'), gga('000000.1'), rmc('000001', '010124'), gga('235959.95')]),
      ),
    ).toEqual([
      '2023-12-31T23:59:59.000Z',
      '2023-12-31T23:59:59.900Z',
      '2024-01-01T00:00:00.100Z',
      '2024-01-01T00:00:01.000Z',
      '2023-12-31T23:59:59.950Z',
    ])
  })
  it('goes over midnights without any further RMC', () => {
    const hours = Array.from({ length: 50 * 60 }, (_, i) =>
      gga(`${String(Math.floor(i / 60) % 24).padStart(2, '0')}${String(i % 60).padStart(2, '0')}00`),
    )
    expect(times(rowsOf([rmc('000000', '010124'), ...hours])).at(-1)).toBe('2024-01-03T01:59:00.000Z')
  })
  it('waits for the date after a night without power', () => {
    expect(times(rowsOf([rmc('180000', '010124'), gga('080000'), gga('080001'), rmc('080001', '020124')]))).toEqual([
      '2024-01-01T18:00:00.000Z',
      '2024-01-02T08:00:00.000Z',
      '2024-01-02T08:00:01.000Z',
      '2024-01-02T08:00:01.000Z',
    ])
  })
  it("takes the agent's date where no RMC comes, and leaves out what has no time at all", () => {
    const result = rowsOf([`GPGGA,,,,,,0,00,,,,,,,`, ...Array.from({ length: 12 }, (_, i) => gga(`1159${10 + i}`))])
    expect(times(result)).toEqual(Array.from({ length: 12 }, (_, i) => `2024-05-01T11:59:${10 + i}.000Z`))
    expect(result.parser.detail()).toMatch(/^1 sentences without a time/)
  })
  it('leaves times to the agent', () => {
    expect(times(rowsOf([gga('123519'), rmc('123519', '230394')], 'agent'))).toEqual([undefined, undefined])
  })
})

describe('rows', () => {
  it('shows a lost fix', () => {
    const { rows } = rowsOf([rmc('123519', '230394', 'A'), gga('123520', 0), rmc('123520', '230394', 'V')])
    expect(rows.slice(1).map(({ values }) => values)).toEqual([
      [null, null, null, null, 0, 8, 0.9],
      [null, null],
    ])
  })
  it('takes motion once: from RMC, or from VTG where there is no RMC', () => {
    expect(rowsOf([vtg, rmc('123519', '230394'), vtg, rmc('123520', '230394'), vtg]).rows.length).toBe(2)
    const alone = rowsOf(Array.from({ length: 6 }, (_, i) => [gga(`12000${i}`), vtg]).flat()).rows
    expect(alone.filter(({ stream }) => stream === 1).map(({ values }) => values)).toEqual(Array(6).fill([10.2, 54.7]))
    expect(alone.filter(({ stream }) => stream === 1).map(({ timeNs }) => timeNs)).toEqual(
      Array.from({ length: 6 }, (_, i) => nsOf(`2024-05-01T12:00:0${i}Z`)),
    )
  })
  it('describes its channels', () => {
    const [position, motion] = rowsOf([], 'device', 'roof_').parser.streams
    expect([position!.stream, motion!.stream]).toEqual(['roof_gnss_position', 'roof_gnss_motion'])
    expect(position!.channels[0]).toMatchObject({ unit: 'deg', code: 'VSS:Vehicle.CurrentLocation.Latitude' })
  })
})

const log = 'automotive/gps.nmea'
describe.skipIf(missingNote(log))(`a GNSS log${missingNote(log)}`, () => {
  it('gives each GGA and each RMC, at its time', () => {
    const parser = createNmeaParser({ time: 'device', checksum: 'required', streamPrefix: '' })
    const feed = parser.begin()
    const rows: Row[] = []
    const lines = readFileSync(dataFile(log), 'latin1').split('\r\n')
    for (const line of lines) expect(feed.line(line, { nowNs: () => 0n }, rows)).toBeUndefined()
    const expected = (type: string) =>
      lines.filter((line) => line.startsWith(`$GP${type}`)).map((line) => line.split(','))
    const time = (text: string) => nsOf(`2014-04-03T${text.slice(0, 2)}:${text.slice(2, 4)}:${text.slice(4)}Z`)
    expect(
      rows.filter(({ stream }) => stream === 0).map(({ timeNs, values }) => [timeNs, values[2], values[5]]),
    ).toEqual(expected('GGA').map((fields) => [time(fields[1]!), Number(fields[9]), Number(fields[7])]))
    const motion = rows.filter(({ stream }) => stream === 1)
    expect(motion.map(({ timeNs }) => timeNs)).toEqual(expected('RMC').map((fields) => time(fields[1]!)))
    // VTG says the same speed, in km/h with two decimals.
    const vtgs = expected('VTG').map((fields) => Number(fields[7]))
    motion.forEach(({ values }, i) => {
      expect(Math.abs((values[0] as number) - vtgs[i]!)).toBeLessThan(0.02)
    })
  })
})
