import { HistoryError } from './types.ts'

// How many answers are computed at a time, and how many wait.

export interface Gate {
  /**
   * Resolves when there is room, with how to leave again (once). Throws HistoryError 503 if too many wait already. `first`: it was inside before, goes
   * before those who wait and is not refused.
   */
  enter(signal: AbortSignal, options?: { first: boolean }): Promise<() => void>
  readonly inside: number
  readonly waiting: number
}

export function createGate(name: string, insideMax: number, waitingMax: number): Gate {
  let inside = 0
  const queue: (() => void)[] = []
  const leave = () => {
    let left = false
    return () => {
      if (left) return
      left = true
      inside--
      queue.shift()?.()
    }
  }
  return {
    async enter(signal, { first } = { first: false }) {
      signal.throwIfAborted()
      if (inside >= insideMax) {
        if (!first && queue.length >= waitingMax) {
          throw new HistoryError(
            503,
            `${inside} ${name} are under way and ${queue.length} wait: try again in some seconds`,
          )
        }
        await new Promise<void>((resolve, reject) => {
          const go = () => {
            signal.removeEventListener('abort', giveUp)
            inside++
            resolve()
          }
          const giveUp = () => {
            queue.splice(queue.indexOf(go), 1)
            reject(signal.reason)
          }
          signal.addEventListener('abort', giveUp, { once: true })
          if (first) queue.unshift(go)
          else queue.push(go)
        })
      } else inside++
      return leave()
    },
    get inside() {
      return inside
    },
    get waiting() {
      return queue.length
    },
  }
}
