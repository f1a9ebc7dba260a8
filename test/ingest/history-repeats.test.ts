import { tableFromIPC } from 'apache-arrow'
import { expect, it } from 'vitest'
import type { Body, Schema } from '../../protos/types.ts'
import { buildPrograms, openGround, readAll } from './history-setup.ts'
import { f64, makeBatch, spoolA } from './lake-setup.ts'

// Rows that came more than once, by an agent that was restored or cloned: an answer has them once, whether the lake has looked at them or not.

buildPrograms()

const schema: Schema = { stream: '벤치', channels: [{ name: 'x', kind: 'f64' }] }
const spools = [spoolA, '01HZZZZZZZZZZZZZZZZZZZZZZB', '01HZZZZZZZZZZZZZZZZZZZZZZC'] as const
const rig = 'r'
const span = { fromNs: 0n, toNs: 10n ** 12n }

const rows = (from: number, to: number, add = 0): Body => {
  const all = Array.from({ length: to - from }, (_, i) => from + i)
  return makeBatch(
    schema,
    all.map((row) => BigInt(row) * 1_000_000_000n),
    [f64(...all.map((row) => row + add))],
  )
}

it('gives each row once, from the lake, from the journal, and from both', async () => {
  const ground = await openGround()
  await ground.know(schema, rig)
  const read = async (part = span) => {
    const { body } = await ground.history.readings({
      parts: [{ rig, ...part }],
      stream: schema.stream,
      channels: ['x'],
      format: 'arrow',
      missing: [],
    })
    const table = tableFromIPC(await readAll(body))
    return { x: [...table.getChild('x')!].map(Number), flags: [...table.getChild('flags')!].map(Number) }
  }
  const completeness = async (part = span) => {
    const report = await ground.history.completeness({ parts: [{ rig, ...part }], missing: [], nowNs: span.toNs })
    return report.parts[0]!.streams[0]!
  }
  const upTo = (to: number, from = 0) => Array.from({ length: to - from }, (_, i) => from + i)
  const check = async (to: number) => {
    expect((await read()).x).toEqual(upTo(to))
    expect(await completeness()).toMatchObject({ delivered: { rows: to }, trouble: null, verdict: 'complete' })
    const part = { fromNs: 15_000_000_000n, toNs: 33_000_000_000n }
    expect((await read(part)).x).toEqual(upTo(33, 15))
    expect(await completeness(part)).toMatchObject({ delivered: { rows: 18 }, trouble: null })
  }
  await ground.append(rows(0, 30), rig)
  await ground.append(rows(30, 40), rig)
  await ground.toLake()
  // Of the lake's and of one another.
  await ground.append(rows(10, 50), rig, spools[1])
  await ground.append(rows(45, 60), rig, spools[2])
  await check(60)
  await ground.toLake()
  await check(60)

  // Other values: both, in the order in which they came, and said to be so.
  await ground.append(rows(20, 22, 0.5), rig, spools[2])
  for (const _ of ['journal', 'lake']) {
    const { x, flags } = await read()
    expect(x.slice(19, 25)).toEqual([19, 20, 20.5, 21, 21.5, 22])
    expect(flags.slice(19, 25)).toEqual([0, 0, 17, 0, 17, 0])
    expect(await completeness()).toMatchObject({ delivered: { rows: 62 }, trouble: null })
    await ground.toLake()
  }
})
