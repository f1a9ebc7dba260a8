import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { tableFromIPC, type Vector } from 'apache-arrow'
import { expect, it, onTestFinished } from 'vitest'
import type { Format } from '../../ingest/history/types.ts'
import type { Column, Schema } from '../../protos/types.ts'
import { buildPrograms, openGround, readAll, thinnedOf } from './history-setup.ts'
import { makeBatch } from './lake-setup.ts'

// Every value comes back as it was written, in every format, from the lake and from the journal.

buildPrograms()

const rig = '서울-1'
const schema: Schema = {
  stream: 'ecg',
  channels: [
    { name: 'd', kind: 'f64', unit: 'mV', code: 'MDC:1', description: 'a, "b"', min: -5, max: 5 },
    { name: 'f', kind: 'f32' },
    { name: 'i', kind: 'int' },
    { name: 'scaled', kind: 'int', gain: 0.5, offset: 1 },
    { name: 'b', kind: 'bool' },
    { name: '상태, text', kind: 'text' },
    { name: 'dd', kind: 'f64' },
    { name: 'time', kind: 'f64' },
  ],
}
const doubles = [0.1, -0, 1e22, 5e-324, 1.7976931348623157e308, Number.NaN, Infinity, -Infinity, 123456.789, 0]
const floats = [0.1, -0, 1e-45, 3.4e38, Number.NaN, Infinity, -Infinity, 1.5, 0, 2].map(Math.fround)
const integers = [0n, -1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, 7n, 8n, 9n, 10n, 11n]
const texts = ['', '\uFEFFbom', 'a,b', '"q"', 'l1\r\nl2', '한글', ' lead', 'x', 'y', 'null']
const rows = 10
/** Every third value is missing. */
const present = (row: number) => row % 3 !== 1 || row === 1
const validity = Uint8Array.from([0, 1], (byte) => {
  let bits = 0
  for (let i = 0; i < 8; i++) if (byte * 8 + i < rows && present(byte * 8 + i)) bits |= 1 << i
  return bits
})
const times = Array.from({ length: rows }, (_, i) => 1_760_000_000_123_456_789n + BigInt(i) * 1001n)
const columns: Column[] = [
  { kind: 'f64', values: Float64Array.from(doubles) },
  { kind: 'f32', values: Float32Array.from(floats), validity },
  { kind: 'int', values: BigInt64Array.from(integers) },
  { kind: 'int', values: Float64Array.from({ length: rows }, (_, i) => i) },
  { kind: 'bool', values: Uint8Array.from({ length: rows }, (_, i) => i % 2), validity },
  { kind: 'text', values: Uint32Array.from(texts.keys()), dictionary: texts, validity },
  { kind: 'f64', values: Float64Array.from(doubles).reverse() },
  { kind: 'f64', values: Float64Array.from({ length: rows }, (_, i) => -i) },
]
const names = ['d', 'f', 'i', 'scaled', 'b', '상태, text', 'dd', 'time__f64']
const expected: unknown[][] = [
  doubles,
  floats.map((value, i) => (present(i) ? value : null)),
  integers,
  Array.from({ length: rows }, (_, i) => i * 0.5 + 1),
  Array.from({ length: rows }, (_, i) => (present(i) ? i % 2 === 1 : null)),
  texts.map((text, i) => (present(i) ? text : null)),
  [...doubles].reverse(),
  Array.from({ length: rows }, (_, i) => -i),
]

async function open(inLake: boolean) {
  const ground = await openGround()
  await ground.know(schema)
  await ground.append(makeBatch(schema, times, columns))
  await ground.append({
    type: 'gap',
    gap: {
      fromNs: times[2]!,
      toNs: times[4]!,
      streams: ['ecg'],
      cause: 'source_down',
      detail: 'plug',
      spool: '',
      numbers: [],
      rows: 0,
    },
  })
  if (inLake) await ground.toLake()
  return {
    ...ground,
    async ask(format: Format, more: { channels?: string[]; empty?: boolean } = {}) {
      const { head, body } = await ground.history.readings({
        parts: [{ rig, fromNs: more.empty ? 0n : times[0]!, toNs: more.empty ? 1n : times[rows - 1]! + 1n }],
        stream: 'ecg',
        format,
        missing: [],
        ...(more.channels ? { channels: more.channels } : {}),
      })
      return { head, bytes: await readAll(body) }
    },
  }
}

for (const inLake of [true, false]) {
  const where = inLake ? 'from the lake' : 'from the journal'

  it(`gives values back exactly as Arrow ${where}`, async () => {
    const { ask } = await open(inLake)
    const { head, bytes } = await ask('arrow')
    expect(head.gaps).toHaveLength(1)
    expect(head.channels[0]).toEqual({
      name: 'd',
      column: 'd',
      kind: 'f64',
      unit: 'mV',
      code: 'MDC:1',
      description: 'a, "b"',
      min: -5,
      max: 5,
    })
    const table = tableFromIPC(bytes)
    expect(table.schema.fields.map(({ name }) => name)).toEqual(['rig', 't_ns', 'time', 'era', 'flags', ...names])
    for (const [i, name] of names.entries()) {
      const values = name.includes('text') ? readTexts(table.getChild(name)!) : [...table.getChild(name)!]
      expect(values, name).toEqual(expected[i])
    }
    expect([...table.getChild('t_ns')!]).toEqual(times)
    expect([...table.getChild('rig')!]).toEqual(times.map(() => rig))
    expect(table.schema.fields[5]!.metadata.get('unit')).toBe('mV')
    expect(JSON.parse(table.schema.metadata.get('rigline')!).gaps).toMatchObject([{ cause: 'source_down' }])
  })

  it(`gives values back exactly as CSV ${where}`, async () => {
    const { ask } = await open(inLake)
    const lines = parseCsv((await ask('csv')).bytes.toString('utf8'))
    expect(lines[0]!.map(({ text }) => text)).toEqual(['rig', 't_ns', 'time', 'era', 'flags', ...names])
    expect(lines).toHaveLength(rows + 1)
    const special: Record<string, number> = { inf: Infinity, '-inf': -Infinity, NaN: Number.NaN }
    for (let row = 0; row < rows; row++) {
      const cells = lines[row + 1]!
      expect(cells[0]!.text).toBe(rig)
      expect(cells[1]!.text).toBe(String(times[row]))
      expect(cells[2]!.text).toBe(`2025-10-09T08:53:20.${String(times[row]! % 1_000_000_000n).padStart(9, '0')}Z`)
      for (const [i, name] of names.entries()) {
        const { text, quoted } = cells[i + 5]!
        const want = expected[i]![row]
        const found =
          text === '' && !quoted
            ? null
            : typeof want === 'string'
              ? text
              : typeof want === 'bigint'
                ? BigInt(text)
                : typeof want === 'boolean'
                  ? text === 'true'
                  : (special[text] ?? Number(text))
        expect(found, `${name} ${row}`).toEqual(want)
      }
    }
  })

  it(`gives values back exactly as JSON ${where}`, async () => {
    const { ask } = await open(inLake)
    const { bytes } = await ask('json')
    const answer = JSON.parse(bytes.toString('utf8'))
    expect(answer.columns).toEqual(['rig', 't_ns', 'time', 'era', 'flags', ...names])
    expect(answer.gaps).toMatchObject([{ rig, cause: 'source_down', fromNs: String(times[2]) }])
    for (let row = 0; row < rows; row++) {
      for (const i of names.keys()) {
        const want = expected[i]![row]
        const found = answer.rows[row][i + 5]
        if (typeof want === 'bigint') expect(BigInt(found)).toBe(want)
        else if (typeof want === 'number') expect(Number(found)).toEqual(want)
        else expect(found).toEqual(want)
      }
    }
  })

  it(`gives values back exactly as Parquet ${where}`, async () => {
    const { ask } = await open(inLake)
    const { bytes } = await ask('parquet')
    const folder = mkdtempSync(join(tmpdir(), 'rigline-parquet-'))
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    onTestFinished(() => {
      connection.closeSync()
      instance.closeSync()
      rmSync(folder, { recursive: true, force: true })
    })
    const file = join(folder, 'x.parquet')
    writeFileSync(file, bytes)
    const result = await connection.runAndReadAll(
      `SELECT * REPLACE (encode("상태, text") AS "상태, text") FROM '${file}'`,
    )
    expect(result.columnNames()).toEqual(['rig', 't_ns', 'time', 'era', 'flags', ...names])
    const found = result.getColumns()
    expect(found[1]).toEqual(times)
    for (const [i, name] of names.entries()) {
      const values = found[i + 5]!.map((value) =>
        value !== null && typeof value === 'object' && 'bytes' in value
          ? Buffer.from(value.bytes as Uint8Array).toString('utf8')
          : value,
      )
      expect(values, name).toEqual(expected[i])
    }
  })
}

it('keeps -0 and 0 apart in Parquet where a dictionary would hold both', async () => {
  const ground = await openGround()
  const few: Schema = { stream: 'few', channels: [{ name: 'x', kind: 'f64' }] }
  const values = Float64Array.from({ length: 4000 }, (_, i) => [0, -0, 1][i % 3]!)
  const at = Array.from(values, (_, i) => times[0]! + BigInt(i) * 1_000_000n)
  await ground.know(few)
  await ground.append(makeBatch(few, at, [{ kind: 'f64', values }]))
  const { body } = await ground.history.readings({
    parts: [{ rig, fromNs: at[0]!, toNs: at.at(-1)! + 1n }],
    stream: 'few',
    format: 'parquet',
    missing: [],
  })
  const folder = mkdtempSync(join(tmpdir(), 'rigline-parquet-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'few.parquet')
  writeFileSync(file, await readAll(body))
  const instance = await DuckDBInstance.create(':memory:')
  const found = await (await instance.connect()).runAndReadAll(`SELECT x FROM '${file}' ORDER BY t_ns`)
  expect(found.getColumns()[0]!.every((value, i) => Object.is(value, values[i]))).toBe(true)
  instance.closeSync()
})

it('answers with its columns where there are no rows', async () => {
  const { ask } = await open(true)
  const header = ['rig', 't_ns', 'time', 'era', 'flags', ...names]
  const arrow = tableFromIPC((await ask('arrow', { empty: true })).bytes)
  expect(arrow.numRows).toBe(0)
  expect(arrow.schema.fields.map(({ name }) => name)).toEqual(header)
  expect(parseCsv((await ask('csv', { empty: true })).bytes.toString('utf8'))[0]!.map(({ text }) => text)).toEqual(
    header,
  )
  expect(JSON.parse((await ask('json', { empty: true })).bytes.toString('utf8')).rows).toEqual([])
  expect((await ask('parquet', { empty: true })).bytes.subarray(0, 4).toString()).toBe('PAR1')
})

it('gives the channels that are asked for, in that order, and names the nearest of one that is not there', async () => {
  const { ask, history } = await open(true)
  const { head } = await ask('csv', { channels: ['i', 'd'] })
  expect(head.channels.map(({ name }) => name)).toEqual(['i', 'd'])
  await expect(ask('csv', { channels: ['scalde'] })).rejects.toThrow(/did you mean "scaled"/)
  const parts = [{ rig, fromNs: 0n, toNs: 10n }]
  await expect(history.readings({ parts, stream: 'egc', format: 'csv', missing: [] })).rejects.toMatchObject({
    status: 404,
    message: expect.stringContaining('"ecg"'),
  })
  await expect(thinnedOf(history, { parts, stream: 'ecg', points: 3, missing: [] })).rejects.toMatchObject({
    status: 400,
  })
  await expect(
    thinnedOf(history, { parts, stream: 'ecg', channels: ['상태, text'], points: 8, missing: [] }),
  ).rejects.toMatchObject({ status: 400 })
})

/** The reader in JavaScript drops a leading byte order mark; the bytes have it. */
const readTexts = (column: Vector): (string | null)[] =>
  column.data.flatMap((data) =>
    Array.from({ length: data.length }, (_, i) =>
      data.getValid(i)
        ? Buffer.from(data.values.subarray(data.valueOffsets[i], data.valueOffsets[i + 1])).toString('utf8')
        : null,
    ),
  )

/** RFC 4180. */
function parseCsv(text: string): { text: string; quoted: boolean }[][] {
  const lines: { text: string; quoted: boolean }[][] = []
  let at = 0
  let line: { text: string; quoted: boolean }[] = []
  while (at < text.length) {
    let cell = ''
    const quoted = text[at] === '"'
    if (quoted) {
      at++
      for (;;) {
        if (text[at] === '"' && text[at + 1] === '"') {
          cell += '"'
          at += 2
        } else if (text[at] === '"') break
        else cell += text[at++]
      }
      at++
    } else while (at < text.length && text[at] !== ',' && text[at] !== '\n') cell += text[at++]
    line.push({ text: cell, quoted })
    if (text[at] === '\n') {
      lines.push(line)
      line = []
    }
    at++
  }
  return lines
}
