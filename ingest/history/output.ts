import type { ServerResponse } from 'node:http'
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
      leave ??= await gate.enter(signal)
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
  const drained = () =>
    new Promise<void>((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(rest)
        clearTimeout(stall)
        response.off('drain', drain)
        signal.removeEventListener('abort', abort)
        settle()
      }
      const drain = () => end(resolve)
      const abort = () => end(() => reject(signal.reason))
      const rest = setTimeout(() => place?.rest(), restAfterMs)
      const stall = setTimeout(
        () => end(() => reject(new Error(`the reader has taken nothing for ${stallMsMax} ms`))),
        stallMsMax,
      )
      response.once('drain', drain)
      signal.addEventListener('abort', abort, { once: true })
    })
  return {
    write: (bytes) => void response.write(bytes),
    async room() {
      if (!response.writableNeedDrain) return
      await drained()
      await place?.again()
    },
  }
}
