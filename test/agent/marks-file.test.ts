import { describe, expect, test } from 'vitest'
import { eventOf, type MarkContext } from '../../agent/marks/mark-events.ts'
import { decodeMarks, parseTime } from '../../agent/marks/mark-file.ts'
import { createClock } from '../../common/clock.ts'
import { ulid, ulidPlus } from '../../common/ulid.ts'
import { decodeRunEvent, encodeRunEvent, textCharsMax } from '../../protos/run-events.ts'

const decode = (value: unknown) => decodeMarks(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
const marksOf = (value: unknown) => {
  const decoded = decode(value)
  if ('problem' in decoded) throw new Error(decoded.problem)
  return decoded.marks
}
const context = (): MarkContext => ({
  rig: '차량-7',
  id: ulid(),
  mtimeNs: 7n,
  clock: createClock(),
  markers: new Map(),
})

describe('a file of marks', () => {
  test.each([
    [{ do: 'jump' }, 'do: expected start, stop, mark or correct'],
    [{ run: 'x' }, 'do: expected start, stop, mark or correct'],
    [5, 'the whole:'],
    [[], 'the whole:'],
    [[{ do: 'stop' }, { do: 'stop', run: 'a/b' }], '[1].run: a name of letters'],
    [{ do: 'stop', operator: 'x' }, 'operator: unknown key'],
    [{ do: 'start', tags: ['a', ''] }, 'tags[1]:'],
    [{ do: 'start', tags: Array.from({ length: 65 }, () => 'a') }, 'tags:'],
    [{ do: 'start', operator: 'x'.repeat(201) }, 'operator:'],
    [{ do: 'start', operator: null }, 'operator:'],
    [{ do: 'start', text: 'x'.repeat(textCharsMax + 1) }, 'text:'],
    [{ do: 'stop', time: '2026-05-01T12:00:00' }, 'time: expected a time such as'],
    [{ do: 'stop', time: '2026-13-01T12:00:00Z' }, 'time: expected a time such as'],
    [{ do: 'stop', timeNs: 5 }, 'timeNs:'],
    [{ do: 'stop', timeNs: '9223372036854775808' }, 'timeNs: expected ns since 1970'],
    [{ do: 'stop', timeNs: '5', time: '2026-05-01T12:00:00Z' }, 'timeNs: the time is said already'],
    [{ do: 'mark' }, 'label: needed'],
    [{ do: 'mark', label: 'x', withdrawn: true }, 'marker: needed'],
    [{ do: 'mark', label: 'x', to: '2026-05-01T12:00:00Z' }, 'from: needed'],
    [{ do: 'correct', operator: 'x' }, 'run:'],
    [{ do: 'correct', run: 'x', from: '2026-05-01T12:00:01Z', to: '2026-05-01T12:00:00Z' }, 'to: ends before "from"'],
  ])('%j is refused: %s', (value, problem) => {
    expect(decode(value)).toMatchObject({ whole: true, problem: expect.stringContaining(problem) })
  })

  test('ten thousand mistakes are told in fifty lines', () => {
    const keys = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 1]))
    const decoded = decode({ do: 'stop', ...keys })
    expect('problem' in decoded && decoded.problem.split('\n').length).toBe(51)
  })

  test('what Windows programs write: a byte order mark, UTF-16', () => {
    const text = '{"do":"mark","label":"장애물"}'
    for (const bytes of [Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le')]) {
      expect(decodeMarks(bytes)).toMatchObject({ marks: [{ label: '장애물' }] })
    }
  })

  test('Hangul in parts and whole is one name', () => {
    const parts = '주행-1'.normalize('NFD')
    expect(marksOf({ do: 'start', run: parts })).toMatchObject([{ run: '주행-1'.normalize('NFC') }])
  })

  test('times are exact, and need an offset', () => {
    expect(parseTime('2026-05-01T12:00:00.123456789+09:00')).toBe(
      BigInt(Date.parse('2026-05-01T03:00:00Z')) * 1_000_000n + 123_456_789n,
    )
    for (const text of ['2026-05-01', '2026-05-01T12:00', 'now', '']) expect(parseTime(text), text).toBe(undefined)
  })
})

describe('the events of marks', () => {
  test('survive the wire', () => {
    const values = [
      { do: 'start', run: 'r', operator: '김', subject: 'P-07', calibrations: ['c1', 'c2'], description: 'x\ny' },
      { do: 'correct', run: 'r', operator: null, tags: [], from: '2026-05-01T12:00:00Z', withdrawn: true, text: 'why' },
      { do: 'mark', label: '구간', from: '2026-05-01T12:00:00Z', to: '2026-05-01T12:00:01Z', marker: 'm', run: 'r' },
      { do: 'stop' },
    ]
    marksOf(values).forEach((mark, i) => {
      const { event, entered } = eventOf(mark, i, context())
      expect(decodeRunEvent(encodeRunEvent(event, entered))).toEqual(event)
    })
  })

  test('the same file read twice gives the same events', () => {
    const marks = marksOf([{ do: 'start' }, { do: 'mark', label: 'a' }, { do: 'mark', label: 'b' }])
    const once = context()
    const events = () => marks.map((mark, i) => eventOf(mark, i, once))
    expect(events()).toEqual(events())
    expect(new Set(events().map(({ entered }) => entered.id)).size).toBe(3)
  })

  test('a drawn name is a name, however long the rig is called', () => {
    const rig = '가'.repeat(64)
    const { event, entered } = eventOf(marksOf({ do: 'start' })[0]!, 0, { ...context(), rig })
    expect(decodeRunEvent(encodeRunEvent(event, entered))).toEqual(event)
  })

  test('ids beside the last possible one stay ids', () => {
    const last = `${'7'.padEnd(20, 'Z')}ZZZZZZ`
    expect(ulidPlus(last, 0)).toBe(last)
    expect(ulidPlus(last, 1)).toBe(`${'7'.padEnd(20, 'Z')}000000`)
  })
})
