import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../../common/log.ts'
import type { WriteAnswer } from './answer.ts'

// Waiting out a store that is down, slow or doesn't let us in: for ever, and saying so.

const firstDelayMs = 100
const longestDelayMs = 10_000

type Answered = Exclude<WriteAnswer, { outcome: 'wait' }>

export interface Patience {
  /** Does it again until the answer is something else than to wait. Rejects only when `signal` aborts. */
  until(attempt: (again: number) => Promise<WriteAnswer>, signal: AbortSignal): Promise<Answered>
  /** "InfluxDB at http://...: connection refused, since 2026-...", while that is so. */
  waitingFor(): string | undefined
}

export function createPatience(target: string, log: Logger): Patience {
  let reason: string | undefined
  let since = ''

  const waiting = (why: string) => {
    if (reason === undefined) since = new Date().toISOString()
    if (reason !== why) log.warn(`waiting for ${target}: ${why}`)
    reason = why
  }

  return {
    async until(attempt, signal) {
      for (let again = 0; ; again++) {
        signal.throwIfAborted()
        const answer = await attempt(again)
        if (answer.outcome !== 'wait') {
          if (reason !== undefined) log.info(`${target} is there again, after waiting since ${since}`)
          reason = undefined
          return answer
        }
        waiting(answer.reason)
        const delayMs = answer.retryAfterMs ?? Math.min(firstDelayMs * 2 ** Math.min(again, 10), longestDelayMs)
        await sleep(delayMs * (0.75 + Math.random() / 4), undefined, { signal })
      }
    },
    waitingFor: () => (reason === undefined ? undefined : `${target}: ${reason}, since ${since}`),
  }
}
