import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Row, RowChunk, SourceContext, SourceEvent } from '../../agent/sources/source.ts'
import { formats } from '../../agent/sources/wfdb/sample-formats.ts'
import { openWfdb, wfdbConfig } from '../../agent/sources/wfdb.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { createContext, dataFile, missingNote, read, readAll, temporaryFolder } from './source-rows.ts'
import { atr, bytes16, bytes212, checksumOf, writeRecord } from './wfdb-files.ts'

const folder = temporaryFolder()
let made = 0
/** A record in a folder of its own. */
const record = (files: Record<string, string | Buffer>, name = 'r') =>
  writeRecord(join(folder, `기록 ${++made}`), name, files)
const start = '2024-05-01T00:00:00Z'
const startNs = BigInt(Date.parse(start)) * 1_000_000n
const parse = (config: object) => wfdbConfig.parse({ type: 'wfdb', speed: 0, start, ...config })
const open = (config: object, context: Partial<SourceContext> = {}) =>
  openWfdb(parse(config), createContext(folder, context))
const rowsOf = async (config: object) => readAll(await open(config))
const valuesOf = async (config: object) => (await rowsOf(config)).map(({ values }) => values)
const refusal = async (config: object): Promise<string> =>
  open(config).then(
    async (source) => {
      await source.close()
      return 'none'
    },
    (error: Error) => error.message,
  )

async function chunksOf(config: object, context: Partial<SourceContext> = {}) {
  const source = await open(config, context)
  const chunks: RowChunk[] = []
  for await (const chunk of source.rows(new AbortController().signal)) chunks.push(chunk)
  await source.close()
  return {
    source,
    rows: chunks.flatMap(({ rows }) => rows),
    events: chunks.flatMap(({ events = [] }) => events),
    gaps: chunks.flatMap(({ gaps = [] }) => gaps),
    origin: chunks[0]?.origin ?? '',
  }
}

const ecg = 'healthcare/mitdb-100'
const csvFile = 'healthcare/mitdb-100-5min.csv'
const ecgNote = missingNote(`${ecg}.hea`) || missingNote(csvFile)
describe.skipIf(ecgNote)(`MIT-BIH 100, two leads of format 212${ecgNote}`, () => {
  const csv = () =>
    readFileSync(dataFile(csvFile), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').map(Number) as [number, number, number])

  it('has every value of the same recording as CSV, bit by bit, and fits its checksums', async () => {
    const { source, rows } = await chunksOf({ record: dataFile(ecg), values: 'physical' })
    expect(rows.length).toBe(650_000)
    const expected = csv()
    expect(expected.length).toBe(108_000)
    expect(rows.slice(0, expected.length).map(({ values }) => values)).toEqual(expected.map(([, a, b]) => [a, b]))
    const late = expected.filter(
      ([time], i) => Math.abs(Number(rows[i]!.timeNs! - startNs) - time * 1e9) > 501 || rows[i]!.position !== i + 1,
    )
    expect(late).toEqual([])
    // Its header names the file as it was called before the record was renamed; nothing else is to be said of it.
    expect(source.health()).toMatchObject({
      state: 'ended',
      detail: '100.dat of the header is read from mitdb-100.dat',
    })
    expect(source.streams).toEqual([
      {
        stream: 'test',
        source: 'test',
        period: { num: 25_000_000n, den: 9n },
        channels: [
          { name: 'MLII', kind: 'f64', unit: 'mV', min: -5.12, max: 5.115 },
          { name: 'V5', kind: 'f64', unit: 'mV', min: -5.12, max: 5.115 },
        ],
      },
    ])
  })

  it('keeps the integers of the converter, with gain and offset in the schema', async () => {
    const { source, rows } = await chunksOf({ record: `${dataFile(ecg)}.hea`, stream: '심전도' })
    const { channels, stream } = source.streams[0]!
    expect(stream).toBe('심전도')
    expect(channels[0]).toEqual({
      name: 'MLII',
      kind: 'int',
      unit: 'mV',
      gain: 0.005,
      offset: -5.12,
      min: -5.12,
      max: 2047 * 0.005 - 5.12,
    })
    const expected = csv().map(([, a, b]) => [Math.round(a * 200) + 1024, Math.round(b * 200) + 1024])
    expect(rows.slice(0, expected.length).map(({ values }) => values)).toEqual(expected)
  })

  it('tells its annotations in front of the rows they belong to', async () => {
    const { events } = await chunksOf({ record: dataFile(ecg), annotations: 'atr' })
    // The counts that the database gives for record 100, and one rhythm.
    const counts = new Map<string, number>()
    for (const { label } of events) counts.set(label, (counts.get(label) ?? 0) + 1)
    expect(Object.fromEntries(counts)).toEqual({ '+ (N': 1, N: 2239, A: 33, V: 1 })
    const at = (sample: number) => startNs + (BigInt(sample) * 25_000_000n) / 9n
    expect(events.slice(0, 4).map(({ timeNs, label, text }) => ({ timeNs, label, text }))).toEqual([
      { timeNs: at(18), label: '+ (N', text: 'rhythm change' },
      { timeNs: at(77), label: 'N', text: 'normal beat' },
      { timeNs: at(370), label: 'N', text: 'normal beat' },
      { timeNs: at(662), label: 'N', text: 'normal beat' },
    ])
    expect(new Set(events.map(({ key }) => key)).size).toBe(2274)
  })

  it('goes on where it stopped: no row and no annotation is missing or there twice', async () => {
    const config = { record: dataFile(ecg), annotations: ['atr'] }
    const whole = await chunksOf(config)
    const stop = new AbortController()
    const source = await open(config)
    const rows: Row[] = []
    const events: SourceEvent[] = []
    for await (const chunk of source.rows(stop.signal)) {
      rows.push(...chunk.rows)
      events.push(...(chunk.events ?? []))
      if (rows.length > 300_000) stop.abort()
    }
    await source.close()
    // The last batch that was spooled ended in the middle of a chunk; what came after it is read again.
    const spooled = rows.slice(0, 299_777)
    const rest = await chunksOf(config, { resume: { position: spooled.at(-1)!.position!, origin: whole.origin } })
    expect(rest.origin).toBe(whole.origin)
    expect([...spooled, ...rest.rows]).toEqual(whole.rows)
    // An annotation that is told again has the key it had.
    const byKey = new Map([...events, ...rest.events].map((event) => [event.key, event]))
    expect([...byKey.values()]).toEqual(whole.events)
    const { length } = whole.rows
    const again = await chunksOf(config, { resume: { position: length, origin: whole.origin } })
    expect([again.rows, again.events, again.source.health().state]).toEqual([[], [], 'ended'])
  })
})

const ptb = 'healthcare/s0010_re'
const ptbNote = missingNote(`${ptb}.hea`)
describe.skipIf(ptbNote)(`PTB s0010_re, format 16${ptbNote}`, () => {
  const leads = ['i', 'ii', 'iii', 'avr', 'avl', 'avf', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6']

  it('has twelve leads where the file of the others is missing, and fits their checksums', async () => {
    expect(await refusal({ record: dataFile(ptb) })).toMatch(/s0010_re\.xyz is not in .*vx, vy, vz.*"channels"/)
    const { source, rows } = await chunksOf({ record: dataFile(ptb), channels: leads.map((signal) => ({ signal })) })
    expect(rows.length).toBe(38_400)
    expect(rows[0]!.values).toEqual([-489, -458, 31, 474, -260, -214, -88, -241, -112, 212, 393, 390])
    expect(source.health()).toMatchObject({ state: 'ended', detail: '' })
    expect(source.streams[0]!.channels[0]).toMatchObject({ name: 'i', unit: 'mV', gain: 1 / 2000 })
  })

  it('has fifteen leads out of two files, far faster than they were recorded', async () => {
    const home = join(folder, 'ptb')
    mkdirSync(home)
    for (const end of ['hea', 'dat']) copyFileSync(`${dataFile(ptb)}.${end}`, join(home, `s0010_re.${end}`))
    // The Frank leads are not among the recordings: made so that they fit the header.
    const frank = [0, 1, 2].map((lead) => {
      const samples = Array.from({ length: 38_400 }, (_, i) => ((i * (lead + 3)) % 4001) - 2000)
      samples[0] = [-3, 120, -18][lead]!
      const missing = [-13_009, 7109, -1992][lead]! - checksumOf(samples)
      for (let left = missing, i = 1; left !== 0; i++) {
        const step = Math.max(-2000, Math.min(2000, left))
        samples[i]! += step
        left -= step
      }
      return samples
    })
    writeFileSync(join(home, 's0010_re.xyz'), bytes16(frank[0]!.flatMap((_, i) => frank.map((lead) => lead[i]!))))
    const started = performance.now()
    const { source, rows } = await chunksOf({ record: join(home, 's0010_re') })
    const tookMs = performance.now() - started
    expect(source.health()).toMatchObject({ state: 'ended', detail: '' })
    expect(source.streams[0]!.channels.map(({ name }) => name)).toEqual([...leads, 'vx', 'vy', 'vz'])
    const dat = readFileSync(`${dataFile(ptb)}.dat`)
    const sample = (row: number, lead: number) =>
      lead < 12 ? dat.readInt16LE((row * 12 + lead) * 2) : frank[lead - 12]![row]
    const wrong = rows.filter(({ values }, row) => values.some((value, lead) => value !== sample(row, lead)))
    expect([rows.length, wrong]).toEqual([38_400, []])
    // 38.4 s of recording.
    expect(tookMs).toBeLessThan(3840)
  })
})

describe('signal files', () => {
  it('decodes any samples of either format, read from anywhere', () => {
    const kinds = { 16: { bits: 16, encode: bytes16 }, 212: { bits: 12, encode: bytes212 } }
    for (const [name, { bits, encode }] of Object.entries(kinds)) {
      const format = formats[name]!
      const sample = fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
      fc.assert(
        fc.property(fc.array(sample, { minLength: 1, maxLength: 40 }), fc.nat(39), fc.nat(39), (samples, a, b) => {
          const bytes = encode(samples)
          expect(format.samplesIn(bytes.length)).toBe(samples.length)
          const first = Math.min(a, b, samples.length - 1)
          const count = Math.min(Math.abs(a - b) + 1, samples.length - first)
          const { start, end } = format.span(first, count)
          expect(end).toBeLessThanOrEqual(bytes.length)
          const part = format.decode(bytes.subarray(start, end), first, count)
          expect([...part]).toEqual(samples.slice(first, first + count))
        }),
      )
    }
  })

  it('reads several files, an offset, samples without a value, and names that must be told apart', async () => {
    const path = record({
      'r.hea': [
        '# Name: Hong Gildong',
        'r 4 250.5 3 10:00:00.25 29/02/2024',
        'a.dat 212 100(5)/uV 12 0 1 0 0 ECG',
        'sub/b.dat 16+4 0 16 0 0 0 0 ecg',
        'a.dat 212 100(5)/uV 12 0 4 0 0 "x\\y"',
        'a.dat 212 1e2/NU',
      ].join('\r\n'),
      'a.dat': bytes212([1, 4, 7, -2048, 5, 8, 3, 2047, 9]),
      'sub/b.dat': Buffer.concat([Buffer.from('head'), bytes16([0, -32_768, 32_767])]),
    })
    const { source, rows } = await chunksOf({ record: path, start: 'recorded', zone: '+09:00' })
    expect(rows.map(({ values }) => values)).toEqual([
      [1, 0, 4, 7],
      [null, null, 5, 8],
      [3, 32_767, 2047, 9],
    ])
    const first = BigInt(Date.parse('2024-02-29T01:00:00.250Z')) * 1_000_000n
    expect(rows.map(({ timeNs }) => timeNs! - first)).toEqual([0n, 3_992_015n, 7_984_031n])
    const { channels } = source.streams[0]!
    expect(channels.map(({ name, unit, gain }) => ({ name, unit, gain }))).toEqual([
      { name: 'ECG', unit: 'uV', gain: 0.01 },
      { name: 'ecg_2', unit: undefined, gain: undefined },
      { name: '_x_y_', unit: 'uV', gain: 0.01 },
      { name: 'signal_4', unit: undefined, gain: 0.01 },
    ])
    expect(channels[1]!.description).toContain('not calibrated')
    expect(
      JSON.stringify([source.streams, source.health()], (_, v) => (typeof v === 'bigint' ? String(v) : v)),
    ).not.toContain('Hong')
    for (const schema of source.streams) encodeSchema(schema)
  })

  it('gives signals with several samples in a frame a stream of their rate', async () => {
    const path = record({
      'r.hea': 'r 2 100 3\nr.dat 16x2 200 12 0 1 0 0 fast\nr.dat 16 200 12 0 3 0 0 slow\n',
      'r.dat': bytes16([1, 2, 3, 4, 5, 6, 7, 8, 9]),
    })
    const { source, rows } = await chunksOf({ record: path, streams: [{ rateHz: 100, name: '느림' }] })
    expect(source.streams.map(({ stream, period }) => ({ stream, period }))).toEqual([
      { stream: 'test_200hz', period: { num: 5_000_000n, den: 1n } },
      { stream: '느림', period: { num: 10_000_000n, den: 1n } },
    ])
    const at = (i: number) => startNs + BigInt(i) * 5_000_000n
    expect(rows.map(({ stream, timeNs, values: [value] }) => [stream, timeNs, value])).toEqual([
      [0, at(0), 1],
      [1, at(0), 3],
      [0, at(1), 2],
      [0, at(2), 4],
      [1, at(2), 6],
      [0, at(3), 5],
      [0, at(4), 7],
      [1, at(4), 9],
      [0, at(5), 8],
    ])
    for (let i = 0; i <= rows.length; i++) {
      const resume = i === 0 ? undefined : { position: rows[i - 1]!.position!, origin: 'x' }
      const origin = (await chunksOf({ record: path })).origin
      const rest = await chunksOf({ record: path }, resume ? { resume: { ...resume, origin } } : {})
      expect(rest.rows, `from ${i}`).toEqual(rows.slice(i))
    }
    // A position means the same when another choice of signals is read.
    const slow = await chunksOf({ record: path, channels: [{ signal: 'SLOW', name: 'x', unit: 'V', code: 'MDC:1' }] })
    expect(slow.rows.map(({ position }) => position)).toEqual([2, 5, 8])
    expect(slow.source.streams[0]).toMatchObject({
      stream: 'test',
      channels: [{ name: 'x', unit: 'V', code: 'MDC:1' }],
    })
  })

  it('reads what there is of a file that was cut off, and declares the rest', async () => {
    const path = record({ 'r.hea': 'r 1 100 10\nr.dat 212 200 12 0 1 99\n', 'r.dat': bytes212([1, 2, 3]) })
    const { source, rows, gaps } = await chunksOf({ record: path })
    expect(rows.length).toBe(3)
    expect(gaps).toEqual([
      {
        fromNs: startNs + 20_000_000n,
        toNs: startNs + 90_000_000n,
        streams: [0],
        detail: expect.stringContaining('ends after 3 of the 10 frames'),
        rows: 7,
      },
    ])
    // The sum cannot fit, so it is not told.
    expect(source.health()).toMatchObject({ state: 'failed', detail: expect.not.stringContaining('add up') })
  })

  it('says when samples do not fit the checksum or the first value of the header', async () => {
    const path = record({ 'r.hea': 'r 1 100 3\nr.dat 16 200 12 0 5 99 0 ECG\n', 'r.dat': bytes16([1, 2, 3]) })
    const { source, rows } = await chunksOf({ record: path })
    expect(rows.length).toBe(3)
    const { detail } = source.health()
    expect(detail).toContain('the samples of "ECG" add up to 6, and the header says 99')
    expect(detail).toContain('"ECG" begins with 1, and the header says 5')
    const resumed = await chunksOf(
      { record: path },
      { resume: { position: 1, origin: (await chunksOf({ record: path })).origin } },
    )
    expect([resumed.rows.length, resumed.source.health().detail]).toEqual([2, ''])
  })

  it('an empty record ends at once', async () => {
    const { source, rows } = await chunksOf({
      record: record({ 'r.hea': 'r 1\nr.dat 16\n', 'r.dat': '' }),
    })
    expect(rows).toEqual([])
    expect(source.health()).toMatchObject({ state: 'ended', detail: 'the record has no samples' })
  })
})

it('leaves out annotations at times that there are not, and says so', async () => {
  const words: Parameters<typeof atr>[0] = [
    [22, 0],
    { aux: '## time resolution: 0.00001' },
    [1, 1],
    [1, 1000],
    [1, 1023],
    [1, 1023],
  ]
  const path = record({
    'r.hea': 'r 1 100 2\nr.dat 16 200\n',
    'r.dat': bytes16([1, 2]),
    'r.atr': atr([...words, { skip: 1_000_000 }, [1, 1]]),
  })
  const source = await open({ record: path, annotations: 'atr' })
  expect(source.health().detail).toMatch(/^1 annotations \.atr lie more than 36 years behind the beginning: left out$/)
  await source.close()
})

describe('what cannot be read is refused, with its reason', () => {
  const dat = bytes16([1, 2])
  it.each<[string, Record<string, string | Buffer>, RegExp]>([
    ['no header', {}, /기록 \d+\/r\.hea: there is no such file/],
    ['no signal file', { 'r.hea': 'r 1 100 2\nr.dat 16 200\n' }, /signal file r\.dat is not in .*기록/],
    ['an empty header', { 'r.hea': '# only this\n' }, /it has no record line/],
    ['no signals', { 'r.hea': 'r 0 100 2\n' }, /the record has no signals: r 0/],
    ['a header that lacks signals', { 'r.hea': 'r 3 100 2\nr.dat 16\n' }, /speaks of 3 signals and describes 1/],
    ['several segments', { 'r.hea': 'r/2 1 100 2\n' }, /line 1: the record has several segments/],
    [
      'another format',
      { 'r.hea': 'r 1 100 2\nr.dat 310 200\n', 'r.dat': dat },
      /format 310 cannot be read, only 16 and 212/,
    ],
    ['a skew', { 'r.hea': 'r 1 100 2\nr.dat 16:3 200\n', 'r.dat': dat }, /skew \(3 samples\)/],
    ['no format', { 'r.hea': 'r 1 100 2\nr.dat\n', 'r.dat': dat }, /line 2: "" is no signal format/],
    ['a gain that is none', { 'r.hea': 'r 1 100 2\nr.dat 16 much\n', 'r.dat': dat }, /"much" is no gain/],
    ['a checksum that is none', { 'r.hea': 'r 1 100 2\nr.dat 16 1 12 0 0 x\n', 'r.dat': dat }, /"x" is no integer/],
    ['a file above', { 'r.hea': 'r 1 100 2\n../r.dat 16 200\n' }, /"\.\.\/r\.dat": expected a file in the folder/],
    [
      'a file elsewhere',
      { 'r.hea': 'r 1 100 2\n/etc/passwd 16 200\n' },
      /"\/etc\/passwd": expected a file in the folder/,
    ],
    ['standard input', { 'r.hea': 'r 1 100 2\n- 16 200\n' }, /"-": expected a file/],
    ['a folder', { 'r.hea': 'r 1 100 2\nx 16 200\n', 'x/y': '' }, /signal file x: is no file/],
    ['too many signals', { 'r.hea': 'r 5000 100 2\n' }, /5000 signals; the limit is 4096/],
    ['too many samples', { 'r.hea': 'r 1 100 9999999999999\n' }, /is no number of samples/],
    ['too much in a frame', { 'r.hea': 'r 1 100 2\nr.dat 16x999999 1\n' }, /999999 samples in a frame/],
    ['no frequency', { 'r.hea': 'r 1 0 2\nr.dat 16\n' }, /"0" is no frequency/],
    ['a frequency that is none', { 'r.hea': 'r 1 1e-300 2\nr.dat 16\n' }, /line 1: "1e-300" is no frequency/],
    [
      'times that there are not',
      { 'r.hea': 'r 1 0.000001 99999\nr.dat 16 200\n', 'r.dat': dat },
      /99999 frames would last 1157395 days, until after 2262/,
    ],
    ['a gain beyond all numbers', { 'r.hea': 'r 1 100 2\nr.dat 16 1e-320\n', 'r.dat': dat }, /"1e-320" is no gain/],
    ['no date', { 'r.hea': 'r 1 100 2 10:00:00 31/02/2024\nr.dat 16\n' }, /10:00:00 31\/02\/2024 is no time and date/],
    ['a huge header', { 'r.hea': Buffer.alloc(2 * 1024 * 1024) }, /2097152 bytes; the limit is 1048576/],
  ])('%s', async (_title, files, expected) => {
    expect(await refusal({ record: record(files) })).toMatch(expected)
  })

  it('a start that nobody knows, a signal that is not there, files that differ in format', async () => {
    const path = record({ 'r.hea': 'r 1 100 2 10:00:00\nr.dat 16 200 12 0 1 3 0 I\n', 'r.dat': dat })
    expect(await refusal({ record: path, start: 'recorded' })).toMatch(/does not say when .* set start to a time/)
    expect(await refusal({ record: path, channels: [{ signal: 'V9' }] })).toMatch(/no signal "V9"; there are "I"/)
    expect(await refusal({ record: path, channels: [{ signal: 1 }] })).toMatch(/no signal 1; there are "I"/)
    expect(await refusal({ record: path, annotations: 'qrs' })).toMatch(/r\.qrs: there is no such file/)
    const mixed = record({ 'r.hea': 'r 2 100 2\nr.dat 16\nr.dat 212\n', 'r.dat': dat })
    expect(await refusal({ record: mixed })).toMatch(/differ in their format \(16, 212\)/)
  })

  it('a configuration that cannot be', () => {
    const issues = (config: object) =>
      wfdbConfig.safeParse({ type: 'wfdb', record: 'r', ...config }).error?.issues.map(({ path }) => path.join('.'))
    expect(issues({})).toBeUndefined()
    expect(issues({ annotations: '../x' })).toEqual(['annotations'])
    expect(issues({ repeat: true, speed: 0 })).toEqual(['repeat'])
    expect(issues({ start: 'soon', zone: 'KST', speed: -1 })).toEqual(['speed', 'start', 'zone'])
    expect(issues({ channels: [{ signal: 'I', unit: 'bpm' }] })).toEqual(['channels.0.unit'])
  })
})

describe('time', () => {
  const files = { 'r.hea': 'r 1 10 3\nr.dat 16 200\n', 'r.dat': bytes16([1, 2, 3]) }

  it('now is the first row; a new start is a new origin, which a restart keeps', async () => {
    const path = record(files)
    let clockNs = 1_000_000_000_000n
    const nowNs = () => clockNs
    const first = await chunksOf({ record: path, start: 'now' }, { nowNs })
    expect(first.rows.map(({ timeNs }) => timeNs! - clockNs)).toEqual([0n, 100_000_000n, 200_000_000n])
    clockNs += 5_000_000_000n
    const resumed = await chunksOf(
      { record: path, start: 'now' },
      { nowNs, resume: { position: 1, origin: first.origin } },
    )
    expect(resumed.rows.map(({ timeNs }) => timeNs! - clockNs)).toEqual([0n, 100_000_000n])
    expect(resumed.origin).toBe(first.origin)
    const anew = await chunksOf({ record: path, start: 'now' }, { nowNs })
    expect(anew.origin).not.toBe(first.origin)
    const elsewhere = await chunksOf({ record: path }, { resume: { position: 1, origin: first.origin } })
    expect(elsewhere.rows.length).toBe(3)
    expect(elsewhere.source.health().detail).toContain('read from its beginning')
  })

  it('begins anew when a file has changed', async () => {
    const path = record(files)
    const { origin } = await chunksOf({ record: path })
    writeFileSync(`${path}.dat`, bytes16([4, 5, 6]))
    const { rows } = await chunksOf({ record: path }, { resume: { position: 2, origin } })
    expect(rows.map(({ values }) => values[0])).toEqual([4, 5, 6])
  })

  it('repeats without a break, at its speed', async () => {
    const path = record({ ...files, 'r.atr': Buffer.from([0x01, 0x04, 0, 0]) })
    const started = performance.now()
    const reading = read(await open({ record: path, annotations: 'atr', repeat: true, speed: 10 }))
    const rows = (await reading.have(11)).slice(0, 11)
    // A second of recording, ten times as fast.
    expect(performance.now() - started).toBeGreaterThan(95)
    await reading.stop()
    expect(rows.map(({ values }) => values[0])).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2])
    expect(rows.map(({ timeNs, position }) => [timeNs! - startNs, position])).toEqual(
      rows.map((_, i) => [BigInt(i) * 100_000_000n, i + 1]),
    )
    const events = reading.chunks.flatMap(({ events = [] }) => events).slice(0, 3)
    expect(events.map(({ timeNs }) => timeNs - startNs)).toEqual([100_000_000n, 400_000_000n, 700_000_000n])
    expect(new Set(events.map(({ key }) => key)).size).toBe(3)
  })

  it('values and integers are what was asked for', async () => {
    const path = record({ 'r.hea': 'r 1 10 2\nr.dat 16 200(1024)/mmHg\n', 'r.dat': bytes16([995, -32_768]) })
    expect(await valuesOf({ record: path })).toEqual([[995], [null]])
    expect(await valuesOf({ record: path, values: 'physical' })).toEqual([[-0.145], [null]])
  })
})
