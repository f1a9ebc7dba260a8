// Trying again, for ever, and less and less often.

const leastMs = 250
const mostMs = 10_000

export interface Backoff {
  /** Calls `attempt` after a while: 0.25 s at first, twice as long each time, 10 s at most. */
  again(attempt: () => void): void
  /** It has worked: the next wait is a short one. */
  reset(): void
  stop(): void
}

export function createBackoff(): Backoff {
  let waitMs = leastMs
  let timeout: NodeJS.Timeout | undefined
  return {
    again(attempt) {
      clearTimeout(timeout)
      timeout = setTimeout(attempt, waitMs)
      waitMs = Math.min(waitMs * 2, mostMs)
    },
    reset() {
      waitMs = leastMs
    },
    stop() {
      clearTimeout(timeout)
    },
  }
}
