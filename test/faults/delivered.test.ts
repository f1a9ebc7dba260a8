import { expect, test } from 'vitest'
import { createDelivered } from './delivered.ts'
import type { Excuse, Rig } from './types.ts'

test('what a fault costs may be as old as what was under way when it began', async () => {
  let unconfirmed: number | undefined = 3
  const counters = async () => {
    if (unconfirmed === undefined) throw new Error('it does not run')
    return { unconfirmed }
  }
  const delivered = createDelivered([{ rig: 'a', counters } as unknown as Pick<Rig, 'rig' | 'counters'>], 1_000)
  const excuse = (fromMs: number, causes: Excuse['causes'] = ['ingest_restored']) => ({
    rig: 'a',
    causes,
    fromMs,
    toMs: fromMs + 1,
  })
  const fromMs = (of: Excuse) => delivered.reachBack(of).fromMs
  expect(fromMs(excuse(5_000))).toBe(1_000)
  await delivered.look()
  const seenMs = fromMs(excuse(Date.now() + 60_000))
  expect(Math.abs(seenMs - Date.now())).toBeLessThan(1_000)
  unconfirmed = 500
  await delivered.look()
  unconfirmed = undefined
  await delivered.look()
  expect(fromMs(excuse(Date.now() + 60_000))).toBe(seenMs)
  expect(fromMs(excuse(500))).toBe(500)
  expect(fromMs(excuse(5_000, ['agent_down']))).toBe(5_000)
  // Its disk was lost: it begins anew.
  expect(fromMs(excuse(5_000, ['agent_replaced']))).toBe(5_000)
  expect(fromMs(excuse(Date.now() + 60_000))).toBe(1_000)
})
