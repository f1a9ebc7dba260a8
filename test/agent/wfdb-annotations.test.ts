import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAnnotations } from '../../agent/sources/wfdb/annotations.ts'
import { openWfdb, wfdbConfig } from '../../agent/sources/wfdb.ts'
import { createContext, temporaryFolder } from './source-rows.ts'
import { atr, bytes16, writeRecord } from './wfdb-files.ts'

const folder = temporaryFolder()
const short = (bytes: Buffer) => parseAnnotations(bytes).list.map(({ tick, code: { label } }) => [tick, label])

describe('annotations in the MIT format', () => {
  it('reads times, skips, and what is said beside an annotation', () => {
    const bytes = atr([
      [1, 18],
      [28, 2],
      { aux: '(AFIB' },
      { skip: 100_000 },
      [5, 3],
      [61, 2],
      [62, 1],
      [60, 0x3ff],
      [22, 7],
      { aux: '메모' },
      { skip: -5 },
      [1, 0],
    ])
    const { list, cut, ticksHz } = parseAnnotations(bytes)
    expect([cut, ticksHz]).toEqual([false, undefined])
    const said = list.map(({ tick, code, channel, subtype, num, aux }) => [
      tick,
      code.label,
      channel,
      subtype,
      num,
      aux,
    ])
    expect(said).toEqual([
      [18, 'N', 0, 0, 0, ''],
      [20, '+', 0, 0, 0, '(AFIB'],
      [100_023, 'V', 1, 2, -1, ''],
      // Channel and number hold for what follows, the subtype does not.
      [100_030, '"', 1, 0, -1, '메모'],
      [100_025, 'N', 1, 0, -1, ''],
    ])
  })

  it('reads the time resolution and codes of its own at the beginning', () => {
    const bytes = atr([
      [22, 0],
      { aux: '## time resolution: 1000' },
      [22, 0],
      { aux: '## annotation type definitions' },
      [22, 0],
      { aux: '43 흥 a new code' },
      [22, 0],
      { aux: '## end of definitions' },
      [22, 0],
      { aux: 'a comment' },
      [43, 1],
      [44, 1],
    ])
    expect(parseAnnotations(bytes).ticksHz).toBe(1000)
    expect(short(bytes)).toEqual([
      [0, '"'],
      [1, '흥'],
      [2, 'code_44'],
    ])
  })

  it('takes what there is of a file that was cut, and never fails for any bytes but those before the beginning', () => {
    const whole = atr([[1, 5], [1, 6], { aux: 'long text' }], false)
    expect(parseAnnotations(whole)).toMatchObject({ cut: true })
    expect(short(whole.subarray(0, -3))).toEqual([
      [5, 'N'],
      [11, 'N'],
    ])
    expect(() => parseAnnotations(atr([{ skip: -1 }, [1, 0]]))).toThrow('before the beginning')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          for (const { tick } of parseAnnotations(Buffer.from(bytes)).list) expect(tick).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect((error as Error).message).toContain('before the beginning')
        }
      }),
    )
  })

  it('become events at their times, in front of the row of that time', async () => {
    const path = writeRecord(folder, 'r', {
      'r.hea': 'r 2 100 5\nr.dat 16 200 12 0 0 0 0 I\nr.dat 16 200 12 0 0 0 0 II\n',
      'r.dat': bytes16([0, 0, 1, 0, 2, 0, 3, 0, 4, 0]),
      'r.atr': atr([[22, 0], { aux: '## time resolution: 1000' }, [1, 15], [62, 1], [5, 5], [1, 999]]),
      'r.st': atr([[18, 1], { aux: '긴 글' }], false),
    })
    const config = wfdbConfig.parse({
      type: 'wfdb',
      record: path,
      annotations: ['atr', 'st'],
      speed: 0,
      start: '1970-01-01',
    })
    const source = await openWfdb(config, createContext(folder))
    const chunks = []
    for await (const chunk of source.rows(new AbortController().signal)) chunks.push(chunk)
    await source.close()
    const events = chunks.flatMap(({ events }) => events ?? [])
    expect(events.map(({ timeNs, label, text }) => [Number(timeNs / 1_000_000n), label, text])).toEqual([
      [10, 's 긴 글', 'ST change'],
      [15, 'N', 'normal beat, signal II'],
      [20, 'V', 'premature ventricular contraction, signal II'],
      // Behind the end of the record, told with its last row.
      [1019, 'N', 'normal beat, signal II'],
    ])
    expect(source.health().detail).toContain('.st end without an end mark')
  })
})
