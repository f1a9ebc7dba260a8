// When the rows of a recording are due.

/** Rows that come due within this time travel together. */
const tickMs = 10

/** `speed` times as fast as recorded, from the first row on; 0: everything is due at once. */
export function createPace(speed: number): { waitMs(timeNs: bigint): number } {
  let first: { timeNs: bigint; atMs: number } | undefined
  return {
    waitMs(timeNs) {
      if (speed === 0) return 0
      first ??= { timeNs, atMs: performance.now() }
      const waitMs = first.atMs + Number(timeNs - first.timeNs) / 1e6 / speed - performance.now()
      return waitMs > 0 ? Math.max(waitMs, tickMs) : 0
    },
  }
}

const longestMs = 3_600_000

/** Waits, however long that is; returns early when aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + ms
  for (let left = ms; left > 0 && !signal.aborted; left = until - performance.now()) {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timeout)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timeout = setTimeout(done, Math.min(left, longestMs))
      signal.addEventListener('abort', done)
    })
  }
}
