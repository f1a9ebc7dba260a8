import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { foldRun } from '../../ingest/runs/fold-run.ts'
import { readMarker, readRun, saveEvents } from '../../ingest/runs/save-events.ts'
import type { RunEvent } from '../../protos/run-events.ts'
import { newFolder, record, spoolA, spoolB } from './runs-setup.ts'

const started = (run: string, facts = {}, rigs: string[] = []): RunEvent => ({ type: 'run.started', run, rigs, facts })
const stopped = (run = ''): RunEvent => ({ type: 'run.stopped', run })

const tables = () => {
  const catalog = openCatalog(join(newFolder(), 'catalog.sqlite'))
  return catalog.runs
}

const spans = (run: ReturnType<typeof foldRun>) => run?.parts.map(({ rig, fromNs, toNs }) => [rig, fromNs, toNs])

describe('a run is folded from its events', () => {
  test('a rig joins, leaves and joins again; ingest stops all', () => {
    const run = foldRun('시험-1', [
      record('a', started('시험-1', { operator: 'op', tags: ['x'] }), { tNs: 10n }),
      record('b', started('시험-1', { operator: 'another', cabin: 'c2' }), { tNs: 12n }),
      record('a', stopped('시험-1'), { tNs: 20n }),
      record('a', started('시험-1'), { tNs: 30n }),
      record('ingest', stopped('시험-1'), { tNs: 40n }),
    ])
    expect(spans(run)).toEqual([
      ['a', 10n, 20n],
      ['b', 12n, 40n],
      ['a', 30n, 40n],
    ])
    expect(run).toMatchObject({ fromNs: 10n, toNs: 40n, version: 1, facts: { operator: 'op', cabin: 'c2' } })
    expect(run!.problems).toEqual([expect.stringMatching(/^operator: .* by b;/)])
  })

  test("what is corrected later counts later, though ingest's clock was set back in between", () => {
    const run = foldRun('r', [
      record('a', started('r', { cabin: 'c1' }), { receivedNs: 5n }),
      record('ingest', { type: 'run.corrected', run: 'r', facts: { cabin: 'c2' } }, { receivedNs: 1000n }),
      record('ingest', { type: 'run.corrected', run: 'r', facts: { cabin: 'c3' } }, { receivedNs: 10n }),
    ])
    expect(run!.versions.map(({ facts }) => facts.cabin)).toEqual(['c1', 'c2', 'c3'])
    expect(run!.facts.cabin).toBe('c3')
  })

  test('a rig speaks for itself alone', () => {
    const run = foldRun('r', [
      record('a', started('r', {}, ['a', 'b'])),
      record('b', stopped('r')),
      record('b', { type: 'run.corrected', run: 'r', facts: { cabin: 'hijacked' } }),
      record('b', { type: 'run.froze', run: 'r', rig: 'a', facts: { site: 'hijacked' } }),
    ])
    expect(run!.joined.map(({ rig }) => rig)).toEqual(['a'])
    expect(run).toMatchObject({ facts: {}, frozen: [], version: 1 })
    expect(run!.toNs).toBeUndefined()
    expect(run!.problems).toEqual([
      'a named b: a rig speaks for itself alone',
      'b stopped it and takes no part in it',
      'b corrected it and takes no part in it',
    ])
  })

  test('corrections are versions, in the order in which they came', () => {
    const events = [
      record('ingest', started('r', { operator: 'kim', subject: 's1' }, ['a', 'b']), { tNs: 100n }),
      record(
        'ingest',
        { type: 'run.corrected', run: 'r', facts: { operator: null, tags: ['t'] } },
        { author: 'vera', text: 'typo' },
      ),
      record('ingest', { type: 'run.corrected', run: 'r', facts: {}, fromNs: 90n, toNs: 150n }),
      record('a', { type: 'run.corrected', run: 'r', facts: {}, fromNs: 110n }),
      record('b', { type: 'run.corrected', run: 'r', facts: {}, withdrawn: true }),
      record('ingest', { type: 'run.corrected', run: 'r', facts: {}, withdrawn: true }),
      record('ingest', { type: 'run.corrected', run: 'r', facts: {}, withdrawn: false }),
    ]
    const run = foldRun('r', events)!
    expect(run.facts).toEqual({ subject: 's1', tags: ['t'] })
    expect(run.withdrawn).toBe(false)
    expect(run.versions.map(({ version, author, text, withdrawn }) => [version, author, text, withdrawn])).toEqual([
      [1, '김', '', undefined],
      [2, 'vera', 'typo', undefined],
      [3, '김', '', undefined],
      [4, '김', '', undefined],
      [5, '김', '', undefined],
      [6, '김', '', true],
      [7, '김', '', false],
    ])
    // a began later by its own correction; b is the first now and reaches to where the whole begins.
    expect(spans(run)).toEqual([
      ['b', 90n, 150n],
      ['a', 110n, 150n],
    ])
    expect(foldRun('r', events.slice(0, 6))!.withdrawn).toBe(true)
    expect(run.problems).toEqual(['b withdrew it, but other rigs take part in it too'])
  })

  test('a stop that came before its start belongs to it, and so does one of a clock that was set back', () => {
    const late = [
      record('a', stopped('r'), { tNs: 20n, receivedNs: 1n, spool: spoolB, seq: 1 }),
      record('a', started('r'), { tNs: 10n, receivedNs: 2n, spool: spoolA, seq: 9 }),
    ]
    expect(spans(foldRun('r', late))).toEqual([['a', 10n, 20n]])
    const setBack = [
      record('a', started('r'), { tNs: 1000n, spool: spoolA, seq: 1 }),
      record('a', stopped('r'), { tNs: 20n, spool: spoolA, seq: 2 }),
    ]
    const run = foldRun('r', setBack)
    expect(spans(run)).toEqual([['a', 1000n, 1000n]])
    expect(run!.problems).toEqual(['a: by the clocks it was stopped before it was started'])
  })

  test('events of a run that nothing has started wait for it', () => {
    const sql = tables()
    saveEvents(sql, [
      record('a', stopped('r'), { tNs: 9n }),
      record('ingest', { type: 'run.corrected', run: 'r', facts: { cabin: 'c' } }),
    ])
    expect(readRun(sql, 'r')).toBeUndefined()
    const [changed] = saveEvents(sql, [record('a', started('r'), { tNs: 5n })])
    expect(changed).toMatchObject({ ended: true, run: { version: 2, facts: { cabin: 'c' }, toNs: 9n } })
  })

  test('a stop without a name stops the newest run that was open then, whatever comes later', () => {
    const sql = tables()
    saveEvents(sql, [record('a', started('old'), { tNs: 1n }), record('a', stopped(), { tNs: 30n })])
    expect(readRun(sql, 'old')!.toNs).toBe(30n)
    // A start in between that was under way for long.
    saveEvents(sql, [record('a', started('new'), { tNs: 20n })])
    expect([readRun(sql, 'old')!.toNs, readRun(sql, 'new')!.toNs]).toEqual([undefined, 30n])
    expect(sql.runsOnRig('a', 0n, undefined, 9).map(({ run, toNs }) => [run, toNs])).toEqual([
      ['new', 30n],
      ['old', undefined],
    ])
    // And its own stop by name: the one without a name is free for the older one.
    saveEvents(sql, [record('a', stopped('new'), { tNs: 25n })])
    expect([readRun(sql, 'old')!.toNs, readRun(sql, 'new')!.toNs]).toEqual([30n, 25n])
    expect(readRun(sql, 'new')!.problems).toEqual([])
  })

  test('an event is taken once; the same id of another rig is another event', () => {
    const sql = tables()
    const start = record('a', started('r'))
    expect(saveEvents(sql, [start]).length).toBe(1)
    expect(saveEvents(sql, [start, { ...start, seq: 77, receivedNs: 999n }])).toEqual([])
    expect(saveEvents(sql, [{ ...start, rig: 'b' }])[0]!.run.joined.length).toBe(2)
  })

  test('a stop by another clock ends the part that it was entered after, also where the rig came again', () => {
    const run = foldRun('r', [
      record('a', started('r'), { tNs: 10n }),
      record('a', stopped('r'), { tNs: 20n }),
      record('a', started('r'), { tNs: 40n }),
      // The rig's clock is ahead.
      record('ingest', stopped('r'), { tNs: 30n }),
    ])
    expect(spans(run)).toEqual([
      ['a', 10n, 20n],
      ['a', 40n, 30n],
    ])
    expect(run!.parts[1]).toMatchObject({ fromClock: 'rig', toClock: 'ingest' })
  })

  test('what others say of a run takes no room of those that take part in it', () => {
    const sql = tables()
    saveEvents(
      sql,
      Array.from({ length: 600 }, () => record('evil', stopped('r'))),
    )
    saveEvents(sql, [record('ingest', started('r', {}, ['a'])), record('a', stopped('r'))])
    const run = readRun(sql, 'r')!
    expect(run.toNs).toBeDefined()
    expect(run.problems).toContain('evil stopped it and takes no part in it')
  })

  test('a late start before a thousand stops without a name is folded without reading each run a thousand times', () => {
    const sql = tables()
    let reads = 0
    const counting = {
      ...sql,
      eventsOfRun: (...args: Parameters<typeof sql.eventsOfRun>) => {
        reads++
        return sql.eventsOfRun(...args)
      },
    }
    const runs = Array.from({ length: 60 }, (_, i) => [
      record('a', started(`r${i}`), { tNs: BigInt(i * 10) }),
      record('a', stopped(`r${i}`), { tNs: BigInt(i * 10 + 5) }),
    ])
    saveEvents(sql, runs.flat())
    saveEvents(
      sql,
      Array.from({ length: 1000 }, (_, i) => record('a', stopped(), { tNs: BigInt(1000 + i) })),
    )
    saveEvents(counting, [record('a', started('late'), { tNs: 1n })])
    expect(reads).toBeLessThan(200)
  })

  test('ids that a rig draws badly cost nothing of what it says of different runs and markers', () => {
    const sql = tables()
    const marker = (name: string): RunEvent => ({
      type: 'marker',
      marker: name,
      run: '',
      rigs: [],
      label: 'l',
      fromNs: 1n,
    })
    const events = [started('one'), started('two'), marker('m'), marker('n')].map((event) =>
      record('a', event, { id: 'x' }),
    )
    saveEvents(sql, events)
    expect(saveEvents(sql, [...events].reverse())).toEqual([])
    expect(['one', 'two'].map((run) => readRun(sql, run)?.joined.length)).toEqual([1, 1])
    expect(['m', 'n'].map((name) => readMarker(sql, `a ${name}`)?.version)).toEqual([1, 1])
  })

  test('more events than count are told, and the run can still be read', () => {
    const flood = Array.from({ length: 600 }, (_, i) => record('a', stopped('r'), { tNs: BigInt(1000 + i) }))
    const run = foldRun('r', [record('a', started('r'), { tNs: 1n, receivedNs: 0n }), ...flood])!
    expect(run.toNs).toBe(1000n)
    expect(run.problems[0]).toMatch(/more than 500 events/)
  })
})

const rig = fc.constantFrom('a', 'b', '자동차')
const name = fc.constantFrom('r1', 'r2', 'r3')
const time = fc.bigInt(1n, 12n)
const event: fc.Arbitrary<{ sender: string; event: RunEvent }> = fc.oneof(
  fc.record({
    sender: rig,
    event: fc.record({
      type: fc.constant('run.started' as const),
      run: name,
      rigs: fc.constant<string[]>([]),
      facts: fc.constant({}),
    }),
  }),
  fc.record({
    sender: rig,
    event: fc.record({ type: fc.constant('run.stopped' as const), run: fc.oneof(name, fc.constant('')) }),
  }),
  fc.record({
    sender: fc.constant('ingest'),
    event: fc.oneof(
      fc.record({
        type: fc.constant('run.started' as const),
        run: name,
        rigs: fc.uniqueArray(rig, { minLength: 1 }),
        facts: fc.constant({}),
      }),
      fc.record({ type: fc.constant('run.stopped' as const), run: name }),
      fc.record({
        type: fc.constant('run.corrected' as const),
        run: name,
        facts: fc.record({ cabin: fc.constantFrom('x', 'y', null) }),
        toNs: time,
      }),
    ),
  }),
  fc.record({
    sender: fc.oneof(rig, fc.constant('ingest')),
    event: fc.record({
      type: fc.constant('marker' as const),
      marker: fc.constantFrom('m1', 'm2'),
      run: fc.oneof(name, fc.constant('')),
      rigs: fc.constant<string[]>([]),
      label: fc.constantFrom('가', '나'),
      fromNs: time,
    }),
  }),
)
const records = fc
  .array(fc.record({ event, time, spool: fc.constantFrom(spoolA, spoolB) }), { minLength: 1, maxLength: 14 })
  .map((list) =>
    list.map(({ event: { sender, event }, time: tNs, spool }, i) =>
      record(sender, event, { tNs, spool, seq: i + 1, receivedNs: BigInt(i + 1), id: `id-${i}` }),
    ),
  )

/** All that can be read of it. */
function readAll(sql: ReturnType<typeof tables>) {
  return {
    runs: ['r1', 'r2', 'r3'].map((run) => readRun(sql, run)),
    rows: ['r1', 'r2', 'r3'].map((run) => sql.runRow(run)),
    open: ['a', 'b', '자동차'].map((each) => sql.runsOnRig(each, 0n, undefined, 99)),
    markers: ['a', 'b', '자동차', 'ingest'].flatMap((owner) =>
      ['m1', 'm2'].map((m) => readMarker(sql, `${owner} ${m}`)),
    ),
    listed: sql.listRuns({}, undefined, 99),
  }
}

test('property: in whatever order and pieces the same events come, and however often, the same is folded', () => {
  fc.assert(
    fc.property(
      records.chain((all) =>
        fc.record({
          all: fc.constant(all),
          shuffled: fc.shuffledSubarray(all, { minLength: all.length }),
          again: fc.subarray(all),
          piece: fc.integer({ min: 1, max: 5 }),
        }),
      ),
      ({ all, shuffled, again, piece }) => {
        const inOrder = tables()
        saveEvents(inOrder, all)
        const other = tables()
        const pieces = [...shuffled, ...again]
        for (let i = 0; i < pieces.length; i += piece) saveEvents(other, pieces.slice(i, i + piece))
        expect(readAll(other)).toEqual(readAll(inOrder))
      },
    ),
    { numRuns: 100 },
  )
})
