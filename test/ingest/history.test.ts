import { tableFromIPC } from 'apache-arrow'
import { expect, it } from 'vitest'
import type { Schema } from '../../protos/types.ts'
import { buildPrograms, openGround, readAll, thinnedOf } from './history-setup.ts'
import { f64, makeBatch } from './lake-setup.ts'

buildPrograms()

const schema: Schema = { stream: '주행', channels: [{ name: 'x', kind: 'f64', unit: 'm/s' }] }
const rig = '서울-1'
const rowsPerBatch = 500

it('reads what is in the lake and what is not yet as one, in order', async () => {
  const ground = await openGround()
  await ground.know(schema)
  let row = 0
  const appendBatch = () => {
    const values = Array.from({ length: rowsPerBatch }, () => row++)
    return ground.append(
      makeBatch(
        schema,
        values.map((v) => BigInt(v) * 1000n),
        [f64(...values.map((v) => v / 3))],
      ),
    )
  }
  const ask = async () => {
    const { head, body } = await ground.history.readings({
      parts: [{ rig, fromNs: 0n, toNs: 10n ** 18n }],
      stream: '주행',
      format: 'arrow',
      missing: [],
    })
    const table = tableFromIPC(await readAll(body))
    return { head, values: [...(table.getChild('x')!.toArray() as Float64Array)], table }
  }
  for (let i = 0; i < 20; i++) await appendBatch()
  const expected = () => Array.from({ length: row }, (_, i) => i / 3)
  expect((await ask()).values).toEqual(expected())
  await ground.toLake()
  expect((await ask()).values).toEqual(expected())
  for (let i = 0; i < 20; i++) await appendBatch()
  const { head, values, table } = await ask()
  expect(values).toEqual(expected())
  expect(head.channels).toEqual([{ name: 'x', column: 'x', kind: 'f64', unit: 'm/s', code: '', description: '' }])
  expect(table.getChild('rig')!.get(3)).toBe(rig)
  const thinned = await thinnedOf(ground.history, {
    parts: [{ rig, fromNs: 0n, toNs: BigInt(row) * 1000n }],
    stream: '주행',
    points: 16,
    missing: [],
  })
  expect([...thinned.series[0]!.values]).toEqual([0, 4999, 5000, 9999, 10000, 14999, 15000, 19999].map((v) => v / 3))
})

it('gives a channel of two kinds two columns, and one that was added nulls before', async () => {
  const ground = await openGround()
  const a: Schema = { stream: 's', channels: [{ name: 'x', kind: 'f64' }] }
  const c: Schema = {
    stream: 's',
    channels: [
      { name: 'new', kind: 'bool' },
      { name: 'x', kind: 'text' },
    ],
  }
  await ground.know(a)
  await ground.know(c)
  await ground.append(makeBatch(a, [1n, 2n], [f64(1.5, 2.5)]))
  await ground.toLake()
  const words = { kind: 'text' as const, values: Uint32Array.of(0, 1), dictionary: ['p', 'q'] }
  await ground.append(makeBatch(c, [3n, 4n], [{ kind: 'bool', values: Uint8Array.of(1, 0) }, words]))
  const ask = async () => {
    const query = { parts: [{ rig, fromNs: 0n, toNs: 9n }], stream: 's', format: 'json' as const, missing: [] }
    const answer = JSON.parse((await readAll((await ground.history.readings(query)).body)).toString('utf8'))
    return [answer.columns.slice(5), ...answer.rows.map((row: unknown[]) => row.slice(5))]
  }
  const expected = [
    ['x', 'new', 'x__text'],
    [1.5, null, null],
    [2.5, null, null],
    [null, true, 'p'],
    [null, false, 'q'],
  ]
  expect(await ask()).toEqual(expected)
  await ground.toLake()
  expect(await ask()).toEqual(expected)
})
