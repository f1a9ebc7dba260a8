import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { openSqlite } from '../../ingest/catalog/sqlite.ts'
import { encodeSchema } from '../../protos/schema.ts'
import type { Schema } from '../../protos/types.ts'
import { bundleProgram } from './bundle-program.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rigline-catalog-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newFile = () => join(folder, `catalog-${files++}.sqlite`)
const at = (offset: number, segment = '01ARZ3NDEKTSV4RRFFQ69G5FAV') => ({ segment, offset })

it('keeps rigs, schemas, ranges, cursors, files and fields over a restart', () => {
  const file = newFile()
  const rig = {
    rig: '서울-1',
    group: 'cars',
    firstSeenMs: 1,
    lastSeenMs: 2,
    agentVersion: '0.1',
    online: true,
    facts: '{"measured":["ecg"]}',
  }
  const lastRow = {
    rig: '서울-1',
    stream: 'ecg',
    schemaHash: 'ab',
    era: 3,
    timeNs: 9223372036854775807n,
    receivedNs: -9223372036854775808n,
    staleAfterMs: 3000.5,
  }
  const schema: Schema = {
    stream: 'ecg',
    period: { num: 25_000_000n, den: 9n },
    channels: [{ name: '심전도', kind: 'int', unit: 'mV', gain: 0.005, offset: -0 }],
  }
  const bytes = encodeSchema(schema)
  const lakeFile = {
    path: 'v1/stream=ecg/x.parquet',
    table: 'ecg',
    segment: at(0).segment,
    fromOffset: 0,
    toOffset: 99,
    rows: 7,
    minTimeNs: '-9223372036854775808',
    maxTimeNs: '9223372036854775807',
    bytes: 1234,
    rigs: ['서울-1'],
  }
  const spool = {
    rig: '서울-1',
    spool: 's',
    predecessor: '',
    ranges: [{ from: 1, to: 2 ** 53 - 1 }],
    gone: [{ from: 5, to: 6 }],
    mayCome: [{ from: 6, to: 6 }],
    unreceipted: [{ from: 6, to: 6 }],
  }

  const first = openCatalog(file)
  first.saveRig(rig)
  first.saveSchema('ab', '서울-1', bytes)
  first.saveRanges([spool], at(5))
  first.saveCursor('influx', at(7))
  first.addLakeFiles([lakeFile], at(99))
  first.saveField('ecg', '심전도', 'float')
  first.saveLastRows([{ ...lastRow, timeNs: 1n }, lastRow])
  first.close()
  first.close()

  const second = openCatalog(file)
  expect(second.rigs()).toEqual([rig])
  expect(second.lastRows()).toEqual([lastRow])
  expect(second.schema('ab')?.schema).toEqual(schema)
  expect(Buffer.from(second.schema('ab')!.bytes).equals(Buffer.from(bytes))).toBe(true)
  expect(second.schema('cd')).toBeUndefined()
  expect(second.schemas().map(({ hash, rig }) => [hash, rig])).toEqual([['ab', '서울-1']])
  expect(second.ranges()).toEqual({ spools: [spool], upTo: at(5) })
  expect([second.cursor('influx'), second.cursor('lake'), second.cursor('other')]).toEqual([at(7), at(99), undefined])
  expect(second.lakeFiles('ecg')).toEqual([lakeFile])
  expect(second.lakeFiles('other')).toEqual([])
  expect(second.lakeFiles()).toEqual([lakeFile])
  expect(second.fields()).toEqual([{ measurement: 'ecg', field: '심전도', kind: 'float' }])
  second.close()
})

it('keeps no more schemas of a rig than it is told, and says so', () => {
  const catalog = openCatalog(newFile())
  const save = (hash: string, rig = 'a') => catalog.saveSchema(hash, rig, Uint8Array.of(1), 2)
  expect([save('1'), save('2'), save('3'), save('2'), save('3', 'b')]).toEqual([true, true, false, true, true])
  catalog.close()
})

it('parks within a bound, the same envelope once', () => {
  const catalog = openCatalog(newFile())
  const record = Uint8Array.of(1, 2, 3)
  expect(catalog.park('lake', 'aa', at(1), record, 6)).toBe(true)
  expect(catalog.park('lake', 'aa', at(1), record, 6)).toBe(true)
  expect(catalog.park('lake', 'bb', at(2), record, 6)).toBe(true)
  expect(catalog.park('lake', 'bb', at(3), record, 6)).toBe(false)
  expect(catalog.park('influx', 'bb', at(3), record, 6)).toBe(true)
  expect(catalog.parked('lake').map(({ position, schemaHash, record }) => [position, schemaHash, [...record]])).toEqual(
    [
      [at(1), 'aa', [1, 2, 3]],
      [at(2), 'bb', [1, 2, 3]],
    ],
  )
  catalog.unpark('lake', [at(1)])
  expect(catalog.parked('lake', 'aa')).toEqual([])
  expect(catalog.park('lake', 'bb', at(3), record, 6)).toBe(true)
  catalog.close()
})

it('sees the next file also when the newest was removed before', () => {
  const catalog = openCatalog(newFile())
  const file = (segment: string) => ({
    ...{ path: `v1/stream=ecg/${segment}`, table: 'ecg', segment, fromOffset: 0, toOffset: 9, rows: 1 },
    ...{ minTimeNs: '0', maxTimeNs: '9', bytes: 100, rigs: ['a'] },
  })
  const look = () => catalog.lakeLook([{ table: 'ecg', unlessVersion: '', filesMax: 9 }]).tables[0]!.version
  catalog.addLakeFiles([file('1'), file('2')], undefined)
  expect(catalog.lakeTotals()).toMatchObject({ files: 2, bytes: 200 })
  const before = { version: look(), newest: catalog.reports.newestFile() }
  catalog.removeLakeFiles([file('2')], 'old', 5)
  catalog.addLakeFiles([file('3')], undefined)
  expect(catalog.lakeTotals()).toMatchObject({ files: 2, bytes: 200 })
  expect(look()).not.toBe(before.version)
  expect(catalog.reports.filesAfter(before.newest, 9)).toHaveLength(1)
  catalog.close()
})

it('does nothing by halves: a failing file takes the cursor back with it', () => {
  const catalog = openCatalog(newFile())
  const broken = { path: 'x', table: 'x', segment: 'x' } as unknown as Parameters<
    typeof catalog.addLakeFiles
  >[0][number]
  expect(() => catalog.addLakeFiles([broken], at(9))).toThrow()
  expect(catalog.cursor('lake')).toBeUndefined()
  expect(catalog.lakeFiles()).toEqual([])
  catalog.saveCursor('lake', at(3))
  expect(catalog.cursor('lake')).toEqual(at(3))
  catalog.close()
})

it('refuses a catalog of a newer release, a file that is none, and writing when read-only', () => {
  const newer = newFile()
  openCatalog(newer).close()
  const sql = openSqlite(newer)
  sql.run('PRAGMA user_version = 99')
  sql.close()
  expect(() => openCatalog(newer)).toThrow(/catalog-\d+\.sqlite.*format 99 was written by a newer release/)

  const none = newFile()
  writeFileSync(none, 'these are not the tables of a database, at some length'.repeat(100))
  expect(() => openCatalog(none)).toThrow(/cannot be opened/)
  expect(() => openCatalog(newFile(), { readOnly: true })).toThrow(/no catalog here/)

  const file = newFile()
  const writer = openCatalog(file)
  const reader = openCatalog(file, { readOnly: true })
  expect(() => reader.saveCursor('lake', at(1))).toThrow()
  writer.saveCursor('lake', at(2))
  expect(reader.cursor('lake')).toEqual(at(2))
  reader.close()
  writer.close()
})

it('takes commits from the main thread, a worker and a child process side by side', async () => {
  const file = newFile()
  // Built, because neither a worker nor a child process reads TypeScript.
  const program = join(folder, 'writer.mjs')
  await bundleProgram(
    {
      text: `
        import { openCatalog } from './ingest/catalog/catalog.ts'
        const [file, name] = process.argv.slice(-2)
        const catalog = openCatalog(file)
        for (let i = 1; i <= 200; i++) {
          catalog.saveCursor(name, { segment: 'S', offset: i })
          catalog.saveField(name, 'f' + i, 'float')
        }
        catalog.close()`,
    },
    program,
  )
  const worker = new Worker(program, { argv: [file, 'worker'] })
  const child = fork(program, [file, 'child'])
  const ends = Promise.all([once(worker, 'exit'), once(child, 'exit')])
  const catalog = openCatalog(file)
  for (let i = 1; i <= 200; i++) {
    catalog.saveCursor('main', { segment: 'S', offset: i })
    catalog.saveField('main', `f${i}`, 'float')
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await ends).map(([code]) => code)).toEqual([0, 0])
  for (const name of ['main', 'worker', 'child']) expect(catalog.cursor(name)).toEqual({ segment: 'S', offset: 200 })
  expect(catalog.fields()).toHaveLength(600)
  catalog.close()
})
