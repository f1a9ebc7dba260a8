import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAnnotationLists } from '../../agent/sources/edf/annotations.ts'
import { edfConfig, openEdf } from '../../agent/sources/edf.ts'
import type { RowChunk, SourceContext } from '../../agent/sources/source.ts'
import { createLog } from '../../common/log.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { annotationSignal, edf, type MadeFile, tal } from './edf-files.ts'
import { createContext, dataFile, missingNote, read, temporaryFolder } from './source-rows.ts'

const folder = temporaryFolder()
let made = 0
const file = (content: MadeFile | Buffer | string): string => {
  const path = join(folder, `수면 ${++made}.edf`)
  writeFileSync(path, typeof content === 'object' && 'signals' in content ? edf(content) : content)
  return path
}
const startNs = BigInt(Date.UTC(2024, 4, 1)) * 1_000_000n
const ms = (count: number) => startNs + BigInt(Math.round(count * 1e6))
const open = (config: object, context: Partial<SourceContext> = {}) =>
  openEdf(edfConfig.parse({ type: 'edf', speed: 0, ...config }), createContext(folder, context))
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
const refusal = async (content: MadeFile | Buffer | string, config: object = {}): Promise<string> =>
  open({ file: file(content), ...config }).then(
    async (source) => {
      await source.close()
      return 'none'
    },
    (error: Error) => error.message,
  )

const annotated = 'healthcare/test_edfann.edf'
describe.skipIf(missingNote(annotated))(`a recorded EDF+ of annotations alone${missingNote(annotated)}`, () => {
  it('has every annotation, read in another way', async () => {
    const bytes = readFileSync(dataFile(annotated))
    // One data record behind two headers; lists end with a byte 0.
    const lists = bytes
      .subarray(512)
      .toString('utf8')
      .split('\0')
      .filter((list) => list !== '')
    const expected = lists.flatMap((list) => {
      const [when = '', ...texts] = list.split('\u0014')
      const [onset, duration] = when.split('\u0015')
      return texts
        .filter((text) => text !== '')
        .map((label) => ({ label, onsetS: Number(onset), durationS: Number(duration ?? 0) }))
    })
    const { source, rows, events } = await chunksOf({ file: dataFile(annotated) })
    expect([source.streams, rows]).toEqual([[], []])
    const recorded = BigInt(Date.UTC(2001, 0, 1, 23, 59, 30)) * 1_000_000n
    const seconds = (ns: bigint) => Number(ns) / 1e9
    expect(
      events.map(({ timeNs, untilNs, label }) => ({
        label,
        onsetS: seconds(timeNs - recorded),
        durationS: untilNs === undefined ? 0 : Math.round(seconds(untilNs - timeNs) * 1e3) / 1e3,
      })),
    ).toEqual(expected)
    expect(expected.length).toBe(856)
    expect(events.slice(0, 3).map(({ label }) => label)).toEqual([
      'Sleep stage W',
      'Sleep stage W',
      'Lights off@@EEG F4-A1',
    ])
    expect(new Set(events.map(({ key }) => key)).size).toBe(856)
    expect(source.health()).toMatchObject({ state: 'ended', detail: '' })
  })
})

const two: MadeFile = {
  reserved: 'EDF+C',
  patient: 'MCH-0234567 F 02-MAY-1951 Haagse_Harry',
  recording: 'Startdate 02-MAR-2002 EMG561 BK/JOP Sony. MNC R Median Nerve.',
  signals: [
    {
      label: 'EEG Fpz-Cz',
      dimension: 'uV',
      physical: [-500, 500.25],
      digital: [-2048, 2047],
      samples: 4,
      transducer: 'AgAgCl cup',
      prefilter: 'HP:0.1Hz',
    },
    annotationSignal(40),
    { label: 'Temp rectal', dimension: 'degC', physical: [34.4, 40.2], digital: [-2849, 2731], samples: 1 },
    { label: 'EEG Pz-Oz', dimension: 'uV', physical: [500, -500], digital: [-2000, 2000], samples: 4 },
  ],
  records: [
    [[-2048, 0, 5, 2047], tal('+0', ['']) + tal('+0.5', ['눈 감음', '두 번째'], '0.25'), [100], [1, 2, 3, 4]],
    [[9, 8, 7, 6], tal('+1', ['', '끝']), [101], [-1, -2, -3, -4]],
  ],
}

describe('EDF and EDF+', () => {
  it('signals of a rate become a stream, in physical units by gain and offset, annotations become events', async () => {
    const { source, rows, events } = await chunksOf({ file: file(two), stream: '수면' })
    expect(
      source.streams.map(({ stream, period, channels }) => [stream, period, channels.map(({ name }) => name)]),
    ).toEqual([
      ['수면_4hz', { num: 250_000_000n, den: 1n }, ['EEG Fpz-Cz', 'EEG Pz-Oz']],
      ['수면_1hz', { num: 1_000_000_000n, den: 1n }, ['Temp rectal']],
    ])
    for (const schema of source.streams) encodeSchema(schema)
    const [eeg, temperature] = [source.streams[0]!.channels[0]!, source.streams[1]!.channels[0]!]
    expect(eeg).toMatchObject({ kind: 'int', unit: 'uV', min: -500, description: 'AgAgCl cup; HP:0.1Hz' })
    expect(eeg.gain).toBeCloseTo(1000.25 / 4095, 12)
    expect(2047 * eeg.gain! + eeg.offset!).toBe(eeg.max)
    expect(temperature).toMatchObject({ unit: 'Cel' })
    expect(rows.map(({ stream, timeNs, values }) => [stream, Number(timeNs! - startNs) / 1e6, ...values])).toEqual([
      [0, 0, -2048, 1],
      [1, 0, 100],
      [0, 250, 0, 2],
      [0, 500, 5, 3],
      [0, 750, 2047, 4],
      [0, 1000, 9, -1],
      [1, 1000, 101],
      [0, 1250, 8, -2],
      [0, 1500, 7, -3],
      [0, 1750, 6, -4],
    ])
    expect(events.map(({ timeNs, untilNs, label }) => [label, timeNs, untilNs])).toEqual([
      ['눈 감음', ms(500), ms(750)],
      ['두 번째', ms(500), ms(750)],
      ['끝', ms(1000), undefined],
    ])
    const physical = await chunksOf({ file: file(two), values: 'physical' })
    expect(physical.rows[0]!.values).toEqual([-500, -0.25])
    expect(physical.rows[4]!.values[0]).toBe(500.25)
    expect(physical.source.streams[0]!.channels[0]).toMatchObject({ kind: 'f64', min: -500, max: 500.25 })
  })

  it('goes on from any row, without a repeat or a miss', async () => {
    const path = file(two)
    const { rows, events, origin } = await chunksOf({ file: path })
    for (const [i, row] of rows.entries()) {
      const rest = await chunksOf({ file: path }, { resume: { position: row.position!, origin } })
      expect(rest.rows).toEqual(rows.slice(i + 1))
      // What is told again has its key; nothing behind the position is left out.
      const again = rest.events.map(({ key }) => key)
      expect(events.map(({ key }) => key).filter((key) => again.includes(key))).toEqual(again)
      if (i < 5) expect(again).toContain(events[2]!.key)
    }
  })

  it('never tells who was recorded, by whom, or with what name', async () => {
    const lines: string[] = []
    const log = createLog('test')
    const spy = (...given: unknown[]) => void lines.push(JSON.stringify(given))
    const listening = Object.assign(Object.create(log), { info: spy, warn: spy, error: spy, debug: spy })
    const cut = file(two)
    truncateSync(cut, readFileSync(cut).length - 10)
    const { source, rows, events, origin } = await chunksOf({ file: cut }, { log: listening })
    const said = JSON.stringify([source.streams, source.health(), rows, events, origin, lines], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    expect(lines.length).toBeGreaterThan(0)
    const refused = await refusal({ ...two, date: '99.99.99' })
    for (const secret of ['Haagse', 'Harry', '0234567', '1951', 'MAR-2002', 'JOP', 'Median']) {
      expect(said, secret).not.toContain(secret)
      expect(refused, secret).not.toContain(secret)
    }
  })

  it('breaks of EDF+D are real, and begin within a second where they say so', async () => {
    const path = file({
      ...two,
      reserved: 'EDF+D',
      signals: two.signals.slice(0, 2),
      records: [
        [[1, 2, 3, 4], tal('+0.125', [''])],
        [[5, 6, 7, 8], tal('+60.5', ['', 'after the break'])],
        [[9, 10, 11, 12], 'no list at all'],
      ],
    })
    const { source, rows, events } = await chunksOf({ file: path })
    expect(rows.map(({ timeNs }) => Number(timeNs! - startNs) / 1e6)).toEqual([
      125, 375, 625, 875, 60_500, 60_750, 61_000, 61_250, 61_500, 61_750, 62_000, 62_250,
    ])
    expect(events.map(({ timeNs, label }) => [label, timeNs])).toEqual([['after the break', ms(60_500)]])
    expect(source.health().detail).toContain('data record 3 does not say when it begins')
    const given = await chunksOf({ file: path, start: '2030-01-01T00:00:00Z' })
    const givenNs = BigInt(Date.UTC(2030, 0, 1)) * 1_000_000n
    expect(given.rows[0]!.timeNs).toBe(givenNs)
    expect(given.events[0]!.timeNs).toBe(givenNs + 60_375_000_000n)
    const rest = await chunksOf(
      { file: path },
      { resume: { position: 5, origin: (await chunksOf({ file: path })).origin } },
    )
    expect(rest.rows).toEqual(rows.slice(5))
    const reading = read(await open({ file: path, repeat: true, speed: 1e6 }))
    const repeated = (await reading.have(24)).slice(12, 24)
    await reading.stop()
    expect(repeated.map(({ timeNs }, i) => timeNs! - rows[i]!.timeNs!)).toEqual(rows.map(() => 62_375_000_000n))
  })

  it('counts times by exact fractions', async () => {
    const path = file({
      signals: [{ label: 'x', samples: 3 }],
      duration: 0.015625,
      records: Array.from({ length: 200 }, (_, i) => [[i, i, i]]),
    })
    const { source, rows } = await chunksOf({ file: path })
    expect(source.streams[0]!.period).toEqual({ num: 15_625_000n, den: 3n })
    expect(rows.map(({ timeNs }) => timeNs! - startNs)).toEqual(rows.map((_, i) => (BigInt(i) * 15_625_000n) / 3n))
  })

  it('reads plain EDF, where "EDF Annotations" is a signal like any other', async () => {
    const { source, rows, events } = await chunksOf({
      file: file({ signals: [{ label: 'EDF Annotations', samples: 1 }], records: [[[7]]], date: '31.12.85' }),
    })
    expect(source.streams[0]!.channels[0]!.name).toBe('EDF Annotations')
    expect([rows.length, events]).toEqual([1, []])
    expect(rows[0]!.timeNs).toBe(BigInt(Date.UTC(1985, 11, 31)) * 1_000_000n)
  })

  it('leaves annotations out where they are not wanted, and signals', async () => {
    const { source, events } = await chunksOf({
      file: file(two),
      annotations: false,
      channels: [{ signal: 'temp RECTAL' }],
    })
    expect(events).toEqual([])
    expect(source.streams.map(({ stream, channels }) => [stream, channels.length])).toEqual([['test', 1]])
  })

  it('reads what there is of a file that was cut off, and declares the rest', async () => {
    const path = file({ ...two, count: 4 })
    truncateSync(path, readFileSync(path).length - 3)
    const { source, rows, gaps } = await chunksOf({ file: path })
    expect(rows.length).toBe(5)
    expect(gaps).toEqual([
      {
        fromNs: ms(750),
        toNs: ms(3750),
        streams: [0, 1],
        rows: 15,
        detail: 'the recording ends after 1 of the 4 frames that its header speaks of',
      },
    ])
    expect(source.health().state).toBe('failed')
  })

  it('reads a file that was not finished, and one with more in it than it says', async () => {
    const unfinished = await chunksOf({ file: file({ ...two, count: -1 }) })
    expect([unfinished.rows.length, unfinished.gaps]).toEqual([10, []])
    expect(unfinished.source.health()).toMatchObject({
      state: 'ended',
      detail: expect.stringContaining('not finished'),
    })
    const longer = await chunksOf({ file: file({ ...two, count: 1 }) })
    expect(longer.rows.length).toBe(5)
    expect(longer.source.health().detail).toContain('bytes behind the last data record are not read')
    const empty = await chunksOf({ file: file({ ...two, records: [] }) })
    expect([empty.rows, empty.source.health().detail]).toEqual([[], 'the file has no data records'])
  })
})

describe('what cannot be read is refused, with its reason', () => {
  const one = { signals: [{ label: 'EEG', samples: 2 }], records: [[[1, 2]]] }
  const signal = (more: object): MadeFile => ({ ...one, signals: [{ label: 'EEG', samples: 2, ...more }] })
  it.each<[string, MadeFile | Buffer | string, RegExp]>([
    ['an empty file', '', /0 bytes; an EDF file has a header of 256/],
    ['another file', 'x'.repeat(1000), /does not begin as an EDF file/],
    ['BDF', Buffer.concat([Buffer.from([255]), Buffer.from('BIOSEMI'.padEnd(300))]), /is BDF .* not EDF/],
    ['a cut header', edf(one).subarray(0, 400), /ends within its header: 400 bytes of 512/],
    ['a header of another size', { ...one, headerBytes: 768 }, /768 bytes; with 1 signals it has 512/],
    ['no signals', { signals: [], records: [] }, /0 signals; expected 1 to 4096/],
    ['a count that is none', { ...one, count: 'many' }, /number of data records: "many" is no integer/],
    ['a negative count', { ...one, count: -7 }, /-7 data records/],
    ['no duration', { ...one, duration: 0 }, /data records of 0 s, with signals/],
    ['a duration beyond all times', { ...one, duration: '1e300' }, /data records of 1e\+300 s/],
    ['a duration of nothing', { ...one, duration: '1e-300' }, /data records of 1e-300 s/],
    ['times that there are not', { ...one, count: 99_999_999, duration: 99_999 }, /days, until after 2262/],
    [
      'physical limits beyond all numbers',
      signal({ physical: ['-1e308', '1e308'] }),
      /physical range of signal 1 \("EEG"\): -1e\+308 to 1e\+308/,
    ],
    ['a duration that is none', { ...one, duration: 'long' }, /duration of a data record: "long"/],
    ['a date that is none', { ...one, date: '30.02.24' }, /start "30\.02\.24 00\.00\.00": expected a date/],
    ['digital limits reversed', signal({ digital: [5, 5] }), /digital minimum of signal 1 \("EEG"\): 5 is not below/],
    ['digital limits of 24 bits', signal({ digital: [-8388608, 8388607] }), /is not within 16 bits/],
    ['physical limits alike', signal({ physical: [1, 1] }), /physical minimum .* 1, the same as/],
    ['physical limits that are none', signal({ physical: ['low', 1] }), /physical minimum .* "low" is no number/],
    ['no samples', { ...signal({ samples: 0 }), records: [[[]]] }, /samples in a data record of signal 1 \("EEG"\): 0/],
    ['too many samples', signal({ samples: 99_999_999 }), /samples in a data record .*99999999/],
  ])('%s', async (_title, content, expected) => {
    if (typeof content === 'object' && 'signals' in content && content.signals[0]?.samples === 99_999_999) {
      const bytes = edf({ ...one })
      bytes.write('99999999', 256 + 216, 'latin1')
      expect(await refusal(bytes)).toMatch(expected)
    } else expect(await refusal(content)).toMatch(expected)
  })

  it('no file, a folder, a signal that is not there', async () => {
    await expect(open({ file: '없음.edf' })).rejects.toThrow(/없음\.edf: there is no such file/)
    await expect(open({ file: '.' })).rejects.toThrow(/is no file/)
    expect(await refusal(one, { channels: [{ signal: 'ECG' }] })).toMatch(/no signal "ECG"; there are "EEG"/)
  })

  it('lists of annotations never fail, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(0, 20, 21, 43, 45, 46, 48, 57), fc.nat(255))), (bytes) => {
        const problems: string[] = []
        for (const { onsetNs } of parseAnnotationLists(Buffer.from(bytes), (text) => problems.push(text))) {
          expect(onsetNs).toBeTypeOf('bigint')
        }
      }),
    )
    const problems: string[] = []
    const lists = parseAnnotationLists(
      Buffer.from(`${tal('5', ['x'])}+1\0${tal('+2', ['y'], 'z')}${tal('-1.5', ['ok'])}`),
      (text) => problems.push(text),
    )
    expect(lists).toEqual([{ onsetNs: -1_500_000_000n, texts: ['ok'] }])
    expect(problems).toEqual([
      'an annotation whose onset is "5"',
      'an annotation without a byte 20 behind its onset',
      'an annotation whose duration is "z"',
    ])
  })
})
