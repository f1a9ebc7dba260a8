import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { limitTime } from '../../common/time-limit.ts'
import type { Output } from './full-rate.ts'
import type { Gate } from './gate.ts'

// Bytes to a reader who may be slow: waits for it, lets others compute meanwhile, and breaks off when it takes nothing for too long.

/** A place among those that compute: given up while a slow reader is waited for. */
export interface Place {
  rest(): void
  again(): Promise<void>
  leave(): void
}

export async function openPlace(gate: Gate, signal: AbortSignal): Promise<Place> {
  let leave: (() => void) | undefined = await gate.enter(signal)
  return {
    rest() {
      leave?.()
      leave = undefined
    },
    async again() {
      leave ??= await gate.enter(signal, { first: true })
    },
    leave() {
      leave?.()
      leave = undefined
    },
  }
}

const restAfterMs = 1000

/** `place`: what is given up meanwhile, if anything. */
export function createOutput(response: ServerResponse, signal: AbortSignal, stallMsMax: number, place?: Place): Output {
  const drained = async (rest: () => Promise<unknown>) => {
    let resting: Promise<unknown> | undefined
    const restSoon = setTimeout(() => {
      // Whether it failed is asked when the reader has taken something.
      resting = rest()
      resting.then(
        () => place?.rest(),
        () => place?.rest(),
      )
    }, restAfterMs)
    const stall = limitTime(stallMsMax, signal, () => new Error(`the reader has taken nothing for ${stallMsMax} ms`))
    try {
      await once(response, 'drain', { signal: stall.signal })
    } catch (error) {
      stall.signal.throwIfAborted()
      throw error
    } finally {
      clearTimeout(restSoon)
      stall.end()
      await resting?.catch(() => {})
    }
    await resting
  }
  return {
    write: (bytes) => void response.write(bytes),
    async room(rest = async () => {}) {
      if (!response.writableNeedDrain) return
      await drained(rest)
      await place?.again()
    },
  }
}
