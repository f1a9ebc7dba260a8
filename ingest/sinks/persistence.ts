import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../common/log.ts'
import { reasonOf } from '../../protos/errors.ts'

// A full disk or a locked catalog must not lose an envelope nor end a sink: what was to be written is tried again.

const retryMs = 1000

export interface Persistence {
  /** Does it, again and again until it doesn't throw. Rejects only when the signal aborts. */
  until<T>(what: string, attempt: () => T): Promise<T>
  waitingFor(): string | undefined
}

export function createPersistence(log: Logger, signal: AbortSignal): Persistence {
  let waitingFor: string | undefined
  return {
    async until(what, attempt) {
      for (;;) {
        try {
          const result = attempt()
          waitingFor = undefined
          return result
        } catch (error) {
          if (waitingFor === undefined) log.error({ err: error }, `${what} cannot be written: waiting`)
          waitingFor = `${what}, which cannot be written: ${reasonOf(error)}`
        }
        await sleep(retryMs, undefined, { signal })
      }
    },
    waitingFor: () => waitingFor,
  }
}
