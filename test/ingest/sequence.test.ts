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

test('what a Gap declares gone is taken if it comes after all, once, and over a restart; what came before it is not', () => {
  const before = createSequence([])
  for (const seq of [1, 2, 6]) {
    before.begin('r', 's', seq, '')
    before.had('r', 's', seq)
  }
  before.gone('r', 's', [{ from: 2, to: 5 }])
  const sequence = createSequence(before.changed())
  expect([2, 3, 5, 6].map((seq) => sequence.standing('r', 's', seq))).toEqual(['had', 'absent', 'absent', 'had'])
  // The agent knows what it has declared.
  expect(sequence.receipt('r', 's')).toEqual({ spool: 's', through: 6, ranges: [] })
  sequence.begin('r', 's', 3, '')
  expect(sequence.standing('r', 's', 3)).toBe('pending')
  sequence.had('r', 's', 3)
  expect([3, 4].map((seq) => sequence.standing('r', 's', seq))).toEqual(['had', 'absent'])
  // The same Gap again, read anew from the journal.
  sequence.gone('r', 's', [{ from: 2, to: 5 }])
  expect([3, 4].map((seq) => sequence.standing('r', 's', seq))).toEqual(['had', 'absent'])
  expect(sequence.undeclared('r', 's', [{ from: 1, to: 6 }])).toEqual([
    { from: 1, to: 1 },
    { from: 6, to: 6 },
  ])
})

test('receipts lack what ingest itself declared, until it comes or its agent declares it', () => {
  const before = createSequence([])
  before.gone('r', 's', [{ from: 3, to: 4 }], true)
  before.gone('r', 's', [{ from: 7, to: 8 }], true)
  for (const seq of [1, 2, 5, 6]) {
    before.begin('r', 's', seq, '')
    before.had('r', 's', seq)
  }
  const sequence = createSequence(before.changed())
  expect([...sequence.withHoles()]).toEqual([])
  expect(sequence.receipt('r', 's')).toEqual({ spool: 's', through: 2, ranges: [{ from: 5, to: 6 }] })
  sequence.begin('r', 's', 3, '')
  sequence.had('r', 's', 3)
  expect(sequence.receipt('r', 's').through).toBe(3)
  sequence.gone('r', 's', [{ from: 4, to: 4 }])
  expect(sequence.receipt('r', 's').through).toBe(6)
  expect(sequence.standing('r', 's', 7)).toBe('absent')
})

test('keeps no more than 256 parts of what may come, and takes what makes no further one', () => {
  const sequence = createSequence([])
  sequence.gone(
    'r',
    's',
    every(4, 256).map(({ from }) => ({ from, to: from + 2 })),
  )
  expect(sequence.standing('r', 's', 6)).toBe('out_of_bounds')
  expect(sequence.standing('r', 's', 5)).toBe('absent')
})
