import type { Block } from './input.ts'

// Between a socket, which has bytes when it likes, and the agent, which asks for them: bounded in bytes.

/** What a waiting block costs beside its bytes. */
const blockBytes = 128

export interface BlockQueue {
  push(block: Block): void
  /** Waiting bytes have reached the bound: pause, or drop. */
  full(): boolean
  /** Lets whoever waits for blocks have a look: they get none. */
  nudge(): void
  /** No block follows. */
  end(): void
  /** Takes all that waits; ends after end() or when aborted. `onRoom` is called each time the queue has been emptied. */
  blocks(signal: AbortSignal, onRoom?: () => void): AsyncGenerator<Block[]>
}

export function createBlockQueue(bytesMax: number): BlockQueue {
  let waiting: Block[] = []
  let bytes = 0
  let ended = false
  let nudged = false
  let wake = () => {}

  return {
    push(block) {
      waiting.push(block)
      bytes += block.bytes.length + blockBytes
      wake()
    },
    full: () => bytes >= bytesMax,
    nudge() {
      nudged = true
      wake()
    },
    end() {
      ended = true
      wake()
    },
    async *blocks(signal, onRoom) {
      const aborted = () => wake()
      signal.addEventListener('abort', aborted)
      try {
        while (!signal.aborted) {
          if (waiting.length > 0 || nudged) {
            nudged = false
            const taken = waiting
            waiting = []
            bytes = 0
            yield taken
            // The agent asks for more only when it has taken these.
            onRoom?.()
          } else if (ended) return
          else {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          }
        }
      } finally {
        signal.removeEventListener('abort', aborted)
      }
    },
  }
}
