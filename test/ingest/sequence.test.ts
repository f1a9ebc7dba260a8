import { array, assert, constantFrom, nat, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { createSequence } from '../../ingest/sequence.ts'

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
  const sequence = createSequence([], { spools: 100, unfinished: 1000 })
  for (let i = 0; i < 100; i++) sequence.begin('r', `s${i}`, 1, '')
  expect(sequence.standing('r', 'another', 1)).toBe('out_of_bounds')
  expect(sequence.standing('r', 's7', 2)).toBe('absent')
  expect(sequence.standing('q', 'another', 1)).toBe('absent')
  sequence.gone('r', 'another', [{ from: 1, to: 9 }])
  expect(sequence.receipt('r', 'another').through).toBe(0)
})

test('takes fewer with holes, until these are closed', () => {
  const sequence = createSequence([], { spools: 100, unfinished: 10 })
  const came = (spool: string, seq: number) => {
    expect(sequence.standing('r', spool, seq)).toBe('absent')
    sequence.begin('r', spool, seq, '')
    sequence.had('r', spool, seq)
    sequence.saved()
  }
  for (let i = 0; i < 50; i++) came(`whole ${i}`, 1)
  for (let i = 0; i < 10; i++) came(`hole ${i}`, 2)
  expect(sequence.standing('r', 'another', 1)).toBe('out_of_bounds')
  expect(sequence.standing('r', 'whole 3', 2)).toBe('absent')
  came('hole 4', 1)
  came('another', 1)
})

test('a hundred thousand spools of one rig, its agent started anew all day, take little memory and none is forgotten', () => {
  const count = 100_000
  const sequence = createSequence([])
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < count; i++) {
    const [predecessor, spool] = [i - 1, i].map((each) => (each < 0 ? '' : String(each).padStart(26, '0')))
    sequence.begin('r', spool!, 1, predecessor!)
    sequence.had('r', spool!, 1)
    sequence.saved()
  }
  // Garbage is in it: 3 kB each would be 300 MB.
  expect((process.memoryUsage().heapUsed - before) / 1e6).toBeLessThan(100)
  expect(sequence.standing('r', '7'.padStart(26, '0'), 1)).toBe('had')
  expect(sequence.receipt('r', '7'.padStart(26, '0')).through).toBe(1)
  expect([...sequence.spools('r')][8]).toMatchObject({
    predecessor: '7'.padStart(26, '0'),
    ranges: [{ from: 1, to: 1 }],
  })
  expect([...sequence.withHoles()]).toEqual([])
})

test('what a checkpoint makes small is what it was, whatever comes of it afterwards', () => {
  const range = record({ from: nat(8), length: nat(4) }).map(({ from, length }) => ({ from, to: from + length }))
  const step = record({
    what: constantFrom('begin', 'had', 'failed', 'gone', 'goneByIngest', 'came', 'lost', 'save'),
    spool: constantFrom('a', 'b'),
    seq: nat(7).map((n) => n + 1),
    range,
  })
  const told = (sequence: ReturnType<typeof createSequence>) =>
    ['a', 'b'].map((spool) => ({
      standing: Array.from({ length: 10 }, (_, i) => sequence.standing('r', spool, i + 1)),
      receipt: sequence.receipt('r', spool),
      highest: sequence.highest('r', spool),
      absent: sequence.absent('r', spool, [{ from: 1, to: 20 }]),
      undeclared: sequence.undeclared('r', spool, [{ from: 1, to: 20 }]),
      without: sequence.without('r', spool, [{ from: 3, to: 4 }]),
    }))
  const bySpool = (all: Iterable<{ spool: string }>) => [...all].sort((a, b) => (a.spool < b.spool ? -1 : 1))
  assert(
    property(array(step, { maxLength: 30 }), (steps) => {
      const kept = createSequence([])
      const folded = createSequence([])
      for (const { what, spool, seq, range } of steps) {
        for (const sequence of [kept, folded]) {
          if (what === 'begin') sequence.begin('r', spool, seq, 'before')
          else if (what === 'had') sequence.had('r', spool, seq)
          else if (what === 'failed') sequence.failed('r', spool, seq)
          else if (what === 'gone') sequence.gone('r', spool, [range])
          else if (what === 'goneByIngest') sequence.gone('r', spool, [range], true)
          else if (what === 'came') sequence.came('r', spool, [{ from: seq, to: seq }])
          else if (what === 'lost') sequence.lost('r', spool, [{ from: seq, to: seq }])
        }
        if (what === 'save') folded.saved()
        expect(told(folded)).toEqual(told(kept))
        expect(bySpool(folded.withHoles())).toEqual(bySpool(kept.withHoles()))
        expect(bySpool(folded.spools('r'))).toEqual(bySpool(kept.spools()))
      }
      // And as another start reads it.
      expect(told(createSequence([...folded.spools()]))).toEqual(told(createSequence([...kept.spools()])))
    }),
    { numRuns: 3000 },
  )
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
