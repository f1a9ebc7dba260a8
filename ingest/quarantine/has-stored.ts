import { reasonOf } from '../../protos/errors.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'

/** Whether the lake has an envelope of that segment of the journal. Rejects if that can't be told now. */
export type HasStored = (number: { rig: string; spool: string; seq: number; segment: string }) => Promise<boolean>

/** How long the lake may take: it may be waiting for its disk. */
const waitMs = 10_000

/** Asks the lake's process; without one, nothing is stored. */
export function createHasStored(lake: () => Pick<SinkHandle, 'ask'> | undefined): HasStored {
  return async ({ rig, spool, seq, segment }) => {
    const sink = lake()
    if (!sink) return false
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the lake does not answer within ${waitMs} ms`)), waitMs)
    })
    try {
      const stored = await Promise.race([sink.ask('numbers', { segment }), late])
      return stored.some(
        (each) =>
          each.rig === rig && each.spool === spool && each.ranges.some(({ from, to }) => from <= seq && seq <= to),
      )
    } catch (cause) {
      throw new Error(`whether the lake has it cannot be told now: ${reasonOf(cause)}`, { cause })
    } finally {
      clearTimeout(timer)
    }
  }
}
