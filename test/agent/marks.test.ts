import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { type Marks, type MarksOptions, startMarks } from '../../agent/marks.ts'
import { openSpool, type Spool } from '../../agent/spool.ts'
import { createClock } from '../../common/clock.ts'
import { silentLog } from '../../common/log.ts'
import { realFiles, type SegmentFiles } from '../../common/segment-log-files.ts'
import { ulid } from '../../common/ulid.ts'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { decodeRunEvent, type RunEvent } from '../../protos/run-events.ts'
import type { Event } from '../../protos/types.ts'
import { makeFolder } from '../services/debian.ts'
import { waitFor } from '../services/rigline.ts'

// Files dropped into the folders of a rig, taken into a real spool.

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const action of undo.splice(0).reverse()) await action()
})

interface Rig {
  own: string
  control: string
  spool: Spool
  start(options?: Partial<MarksOptions>): Marks
  events(): Promise<Event[]>
  runEvents(): Promise<RunEvent[]>
  drop(name: string, content: unknown): void
}

async function makeRig({ files, control = 'control' }: { files?: SegmentFiles; control?: string } = {}): Promise<Rig> {
  const { folder, remove } = await makeFolder()
  undo.push(remove)
  let held = false
  const spool = await openSpool({
    folder: join(folder, 'spool'),
    rig: '차량-7',
    group: 'g',
    bytesMax: 64 * 1024 * 1024,
    segmentBytesMax: 64 * 1024,
    log: silentLog,
    onDurable() {},
    onVolatile() {},
    onHeld: (now) => {
      held = now
    },
    ...(files ? { files } : {}),
  })
  undo.push(() => spool.close())
  const rig: Rig = {
    own: join(folder, 'marks'),
    control: join(folder, control),
    spool,
    start(options = {}) {
      const marks = startMarks({
        rig: '차량-7',
        dataFolder: folder,
        folder: rig.control,
        clock: createClock(),
        log: silentLog,
        isOpen: () => !held,
        spool: (event) => spool.add({ type: 'event', event }),
        ...options,
      })
      undo.push(() => marks.close())
      return marks
    },
    async events() {
      const events: Event[] = []
      for await (const { bytes } of spool.read(undefined)) {
        const { body } = decodeBody(bytes, readHeader(bytes))
        if (body.type === 'event') events.push(body.event)
      }
      return events
    },
    runEvents: async () => (await rig.events()).map((event) => decodeRunEvent(event)!),
    drop(name, content) {
      mkdirSync(rig.control, { recursive: true })
      const text = content instanceof Uint8Array || typeof content === 'string' ? content : JSON.stringify(content)
      writeFileSync(join(rig.control, `${name}.part`), text)
      renameSync(join(rig.control, `${name}.part`), join(rig.control, name))
    },
  }
  return rig
}

const until = (what: string, done: () => unknown) => waitFor(what, 15_000, async () => Boolean(await done()))
const filesIn = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name !== 'bad')
        .sort()
    : []
const badIn = (folder: string) => (existsSync(join(folder, 'bad')) ? readdirSync(join(folder, 'bad')).sort() : [])

describe('a folder of marks', () => {
  test('start, mark and stop become events, Hangul whole, with the time of the file where it says none', async () => {
    const rig = await makeRig({ control: '제어' })
    rig.drop('시작.json', {
      do: 'start',
      run: '주행-12',
      operator: '김',
      tags: ['비'],
      time: '2026-05-01T12:00:00.5+09:00',
    })
    rig.drop('표시.json', { do: 'mark', label: '장애물', text: '왼쪽' })
    utimesSync(join(rig.control, '표시.json'), 1_800_000_000, 1_800_000_000)
    rig.drop('stop.JSON', { do: 'stop', author: 'PLC', timeNs: '1900000000000000001' })
    utimesSync(join(rig.control, 'stop.JSON'), 1_900_000_000, 1_900_000_000)
    utimesSync(join(rig.control, '시작.json'), 1_700_000_000, 1_700_000_000)
    rig.start()
    await until('all to be taken', async () => (await rig.events()).length === 3 && filesIn(rig.control).length === 0)
    const events = await rig.events()
    expect(events.map(({ tNs, author, text }) => ({ tNs, author, text }))).toEqual([
      { tNs: BigInt(Date.parse('2026-05-01T03:00:00.5Z')) * 1_000_000n, author: 'control program', text: '' },
      { tNs: 1_800_000_000n * 1_000_000_000n, author: 'control program', text: '왼쪽' },
      { tNs: 1900000000000000001n, author: 'PLC', text: '' },
    ])
    const [, marker] = events
    expect(await rig.runEvents()).toEqual([
      { type: 'run.started', run: '주행-12', rigs: ['차량-7'], facts: { operator: '김', tags: ['비'] } },
      { type: 'marker', marker: marker!.id, run: '', rigs: ['차량-7'], label: '장애물', fromNs: marker!.tNs },
      { type: 'run.stopped', run: '' },
    ])
  })

  test('a start without a name gets one that is a name, and a list is taken whole', async () => {
    const rig = await makeRig()
    rig.drop('a.json', [
      { do: 'start', time: '2026-05-01T12:00:00Z' },
      { do: 'mark', label: 'a' },
      { do: 'mark', label: 'b' },
    ])
    rig.start()
    await until('three events', async () => (await rig.events()).length === 3)
    expect(new Set((await rig.events()).map(({ id }) => id)).size).toBe(3)
    const [started] = await rig.runEvents()
    expect(started).toMatchObject({ run: expect.stringMatching(/^차량-7-20260501T120000Z-[0-9a-z]{4}$/) })
  })

  test('a file that is being written is left until it is whole', async () => {
    const rig = await makeRig()
    rig.start()
    await until('the folder to be made', () => existsSync(rig.control))
    const file = join(rig.control, 'slow.json')
    const text = '{"do":"mark","label":"천천히"}'
    // In the middle of a letter too: what is there is then no UTF-8.
    const bytes = Buffer.from(text)
    for (let end = 10; end < bytes.length; end += 5) {
      writeFileSync(file, bytes.subarray(0, end))
      await new Promise((resolve) => setTimeout(resolve, 700))
    }
    expect(badIn(rig.control)).toEqual([])
    writeFileSync(file, bytes)
    await until('it to be taken', async () => (await rig.events()).length === 1)
    expect(await rig.runEvents()).toMatchObject([{ label: '천천히' }])
  })

  test('of two agents that were given one folder, each file is entered by one', async () => {
    const rig = await makeRig()
    const entered: string[] = []
    const spool = async (event: Event) => {
      entered.push(event.facts.run ?? '')
      // A slow disk: the other one looks meanwhile.
      await sleep(50)
      return rig.spool.add({ type: 'event', event })
    }
    rig.start({ spool })
    rig.start({ spool, rig: '차량-8', dataFolder: join(rig.own, 'other') })
    for (let i = 0; i < 60; i++) {
      rig.drop(`f${i}.json`, { do: 'start', run: `r${i}` })
      if (i % 10 === 9) await sleep(30)
    }
    await until('all to be taken', () => filesIn(rig.control).length === 0)
    expect(entered.sort()).toEqual(Array.from({ length: 60 }, (_, i) => `r${i}`).sort())
  })

  test('what cannot be taken goes to bad/ with the reason, and nothing of it is entered', async () => {
    const rig = await makeRig()
    const long = `${'가'.repeat(80)}.json`
    rig.drop('cut.json', '{"do":"st')
    rig.drop('empty.json', '')
    rig.drop('korean.json', Buffer.from([0x7b, 0x22, 0xb0, 0xa1]))
    rig.drop('large.json', JSON.stringify({ do: 'mark', label: 'x', text: 'x'.repeat(70_000) }))
    rig.drop(long, [{ do: 'mark', label: 'good' }, { do: 'mark', label: '', colour: 1 }, { do: 'fly' }])
    rig.drop(
      'list.json',
      Array.from({ length: 101 }, () => ({ do: 'stop' })),
    )
    rig.drop('who.json', { do: 'mark', marker: 'nobody', from: '2026-01-01T00:00:00Z' })
    rig.drop('when.json', { do: 'mark', label: 'x', from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' })
    symlinkSync('/etc/hostname', join(rig.control, 'link.json'))
    mkdirSync(join(rig.control, 'folder.json'))
    rig.drop('notes.txt', 'left alone')
    rig.start()
    const why = (name: string) => readFileSync(join(rig.control, 'bad', `${name}.why.txt`), 'utf8')
    // A reason is there a moment before it can be read whole.
    const isWhole = (name: string) => why(name.replace('.why.txt', '')).endsWith('\n')
    await until('nine to be put aside', () => badIn(rig.control).length === 18 && badIn(rig.control).every(isWhole))
    expect(why('cut.json')).toContain('not valid JSON')
    expect(why('empty.json')).toContain('empty')
    expect(why('korean.json')).toContain('UTF-8')
    expect(why('large.json')).toContain('65536 at most')
    expect(why('list.json')).toContain('100')
    expect(why('link.json')).toContain('plain files')
    expect(why('when.json')).toContain('to: ends before')
    const renamed = badIn(rig.control).find((name) => /^[0-9A-Z]{26}\.json$/.test(name))!
    expect(why(renamed).split('\n')).toEqual([
      long,
      expect.stringContaining('[1].label'),
      expect.stringContaining('[1].colour: unknown key'),
      expect.stringContaining('[2].do: expected start, stop, mark or correct'),
      '',
    ])
    expect(why('who.json')).toContain('"nobody" is not among the last')
    expect(filesIn(rig.control)).toEqual(['folder.json', 'notes.txt'])
    expect(await rig.events()).toEqual([])
  })

  test('bad/ keeps the last hundred', async () => {
    const rig = await makeRig()
    for (let i = 0; i < 130; i++) rig.drop(`${i}.json`, '{}')
    rig.start()
    const last = '129.json.why.txt'
    await until('the last to be there and the oldest gone', () => {
      const kept = badIn(rig.control)
      return kept.includes(last) && kept.length === 200
    })
    const kept = badIn(rig.control)
    expect(kept).toContain('129.json')
    expect(kept).not.toContain('0.json')
  })

  test('500 files at once, each once, in the order of their names where they are of one moment', async () => {
    const rig = await makeRig()
    for (let i = 0; i < 500; i++) {
      rig.drop(`m-${i}.json`, { do: 'mark', label: String(i) })
      utimesSync(join(rig.control, `m-${i}.json`), 1_700_000_000, 1_700_000_000)
    }
    rig.start()
    await until('500 events', async () => filesIn(rig.control).length === 0)
    const labels = (await rig.runEvents()).map((event) => (event.type === 'marker' ? event.label : ''))
    expect(labels).toEqual(Array.from({ length: 500 }, (_, i) => String(i)))
    const ids = (await rig.events()).map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)].sort())
  })

  test('the folder goes away and comes back', async () => {
    const rig = await makeRig()
    rig.start()
    await until('the folder to be made', () => existsSync(rig.control))
    rmSync(rig.control, { recursive: true })
    await until('it to be made again', () => existsSync(rig.control))
    rig.drop('a.json', { do: 'mark', label: 'again' })
    await until('one event', async () => (await rig.events()).length === 1)
    // Another in its place, as when a share is mounted.
    renameSync(rig.control, `${rig.control}-old`)
    rig.drop('b.json', { do: 'mark', label: 'other' })
    await until('another', async () => (await rig.events()).length === 2)
  })

  test('killed between the disk and the deletion: entered again, under the same ids', async () => {
    const rig = await makeRig()
    rig.drop('a.json', [{ do: 'start' }, { do: 'mark', label: 'x' }])
    // On disk, but nobody lives to hear of it.
    const dead = rig.start({
      spool: async (event) => {
        await rig.spool.add({ type: 'event', event })
        return await new Promise<boolean>(() => {})
      },
    })
    await until('two events', async () => (await rig.events()).length === 2)
    await dead.close()
    expect(filesIn(rig.control)).toEqual([expect.stringMatching(/^[0-9A-Z]{26}\.[0-9a-f]{12}\.taken$/)])
    rig.start()
    await until('the file to go', () => filesIn(rig.control).length === 0)
    const events = await rig.events()
    expect(events.length).toBe(4)
    expect(events.slice(2)).toEqual(events.slice(0, 2))
  })

  test('while the disk is full the file stays, and is entered when it can be', async () => {
    let full = false
    const files: SegmentFiles = {
      ...realFiles,
      async create(path) {
        if (full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
        const file = await realFiles.create(path)
        return {
          ...file,
          write: async (...args) => {
            if (full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
            return await file.write(...args)
          },
          datasync: async () => file.datasync(),
          truncate: async (length) => file.truncate(length),
          close: async () => file.close(),
        }
      },
    }
    const rig = await makeRig({ files })
    await rig.spool.drained(0)
    full = true
    rig.start()
    rig.drop('a.json', { do: 'mark', label: 'kept' })
    await until('it to be held', () => filesIn(rig.control).some((name) => name.endsWith('.taken')))
    rig.drop('b.json', { do: 'mark', label: 'later' })
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(filesIn(rig.control).length).toBe(2)
    full = false
    await until('both to be on disk', () => filesIn(rig.control).length === 0)
    const labels = (await rig.runEvents()).map((event) => (event.type === 'marker' ? event.label : ''))
    expect(new Set(labels)).toEqual(new Set(['kept', 'later']))
    const ids = new Set((await rig.events()).map(({ id }) => id))
    expect(ids.size).toBe(2)
  })

  test("the command line's files keep their ids, and their time is told by the agent's clock", async () => {
    const rig = await makeRig()
    const id = ulid()
    // Entered a minute ago, when the wall clock of this boot stood in 1970; it has been set since.
    const clock = createClock()
    const told = {
      boot: Buffer.from(clock.bootId).toString('hex'),
      monotonicNs: String(clock.monotonicNs() - 60_000_000_000n),
    }
    mkdirSync(rig.own, { recursive: true })
    writeFileSync(join(rig.own, `${id}.json`), JSON.stringify({ do: 'mark', label: 'x', timeNs: '5000', clock: told }))
    const other = ulid()
    const elsewhere = { ...told, boot: 'another' }
    writeFileSync(join(rig.own, `${other}.json`), JSON.stringify({ do: 'stop', timeNs: '5000', clock: elsewhere }))
    rig.start()
    await until('two events', async () => (await rig.events()).length === 2)
    const events = new Map((await rig.events()).map((event) => [event.id, event]))
    const agoS = Number(clock.nowNs() - events.get(id)!.tNs) / 1e9
    expect(agoS).toBeGreaterThan(59)
    expect(agoS).toBeLessThan(75)
    expect(events.get(other)!.tNs).toBe(5000n)
  })

  test('a correction of a marker says only what changes, after a restart too', async () => {
    const rig = await makeRig()
    const marks = rig.start()
    const span = { from: '2026-05-01T12:00:00Z', to: '2026-05-01T12:00:10Z' }
    rig.drop('1.json', { do: 'mark', marker: 'lap-3', label: 'lap', run: 'r', ...span })
    await until('one event', async () => (await rig.events()).length === 1 && filesIn(rig.control).length === 0)
    await marks.close()
    rig.start()
    rig.drop('2.json', { do: 'mark', marker: 'lap-3', label: 'lap three', text: 'counted anew' })
    await until('two', async () => (await rig.events()).length === 2)
    rig.drop('3.json', { do: 'mark', marker: 'lap-3', to: null })
    await until('three', async () => (await rig.events()).length === 3)
    rig.drop('4.json', { do: 'mark', marker: 'lap-3', withdrawn: true })
    await until('four', async () => (await rig.events()).length === 4)
    const [first, second, third, fourth] = await rig.runEvents()
    expect(second).toEqual({ ...first, label: 'lap three' })
    const { toNs: _, ...point } = second as Extract<RunEvent, { type: 'marker' }>
    expect(third).toEqual(point)
    expect(fourth).toEqual({ ...point, withdrawn: true })
  })
})
