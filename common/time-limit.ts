export interface TimeLimit {
  /** Aborts when the time is over, with `reason`, or with what it follows. */
  signal: AbortSignal
  /** The time was over before what it follows was aborted, and before the end. */
  isOver(): boolean
  /** To be called when the work has ended, however it did: the timer and the hold on what it follows go. */
  end(): void
}

/**
 * Limits work to `ms`. Not AbortSignal.any with AbortSignal.timeout: Node 20 may collect such a timeout before it fires, and then nothing
 * ever ends (20.20: none of 50 fired). Nor AbortSignal.any alone: what is followed may live as long as the program.
 */
export function limitTime(ms: number, follows?: AbortSignal, reason?: () => Error): TimeLimit {
  const controller = new AbortController()
  let over = false
  const follow = () => controller.abort(follows?.reason)
  const timer = setTimeout(() => {
    over = !controller.signal.aborted
    controller.abort(reason?.() ?? new DOMException(`it took longer than ${ms} ms`, 'TimeoutError'))
  }, ms)
  if (follows?.aborted) follow()
  else follows?.addEventListener('abort', follow)
  return {
    signal: controller.signal,
    isOver: () => over,
    end() {
      clearTimeout(timer)
      follows?.removeEventListener('abort', follow)
    },
  }
}
