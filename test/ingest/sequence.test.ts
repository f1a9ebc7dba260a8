import { expect, test } from 'vitest'
import { createSequence, spoolsMaxPerRig } from '../../ingest/sequence.ts'

const every = (step: number, count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => ({ from: from + i * step, to: from + i * step }))

test('keeps no more than 256 ranges of what Gaps declare gone, and takes what extends or joins these', () => {
  const sequence = createSequence([])
  for (let i = 0; i < 25; i++) sequence.gone('r', 's', every(2, 40_000, 1 + i * 80_000))
  let [spool] = sequence.changed()
  expect(spool!.ranges).toHaveLength(256)
  expect(spool!.gone).toHaveLength(256)
  sequence.gone('r', 's', [{ from: 2, to: 510 }])
  ;[spool] = sequence.changed()
  expect(spool!.ranges).toEqual([{ from: 1, to: 511 }])
  expect(spool!.gone).toEqual([{ from: 1, to: 511 }])
})

test('counts on through any number of Gaps between numbers that came', () => {
  const sequence = createSequence([])
  for (let seq = 1; seq < 2000; seq += 2) {
    sequence.gone('r', 's', [{ from: seq, to: seq }])
    expect(sequence.standing('r', 's', seq + 1)).toBe('absent')
    sequence.begin('r', 's', seq + 1, '')
    sequence.had('r', 's', seq + 1)
  }
  expect(sequence.receipt('r', 's')).toEqual({ spool: 's', through: 2000, ranges: [] })
  expect([...sequence.spools()][0]!.gone).toHaveLength(256)
})

test('takes no more spools of a rig than it may have, by numbers or by Gaps, and those of others', () => {
  const sequence = createSequence([])
  for (let i = 0; i < spoolsMaxPerRig; i++) sequence.begin('r', `s${i}`, 1, '')
  expect(sequence.standing('r', 'another', 1)).toBe('out_of_bounds')
  expect(sequence.standing('r', 's7', 2)).toBe('absent')
  expect(sequence.standing('q', 'another', 1)).toBe('absent')
  sequence.gone('r', 'another', [{ from: 1, to: 9 }])
  expect(sequence.receipt('r', 'another').through).toBe(0)
})
