import type { Position } from '../common/segment-log-types.ts'

// Envelopes that the disk would not take: kept in memory, bounded, published from there, and written as soon as the disk takes
// them again. What the bound drops is told.

const retryMs = 1000

export interface HeldEnvelope {
  seq: number
  bytes: Uint8Array
  firstRowAtNs?: bigint
}

export interface HeldOptions {
  bytesMax: number
  isConfirmed(seq: number): boolean
  write(bytes: Uint8Array): Promise<Position>
  onWritten(envelope: HeldEnvelope, position: Position): void
  /** To be published though it is not on disk. Told again and again until it is confirmed or written. */
  onVolatile(envelope: HeldEnvelope): void
  onLost(envelope: HeldEnvelope): void
  /** The first was held, or the last has gone. */
  onChange(held: boolean): void
}

export interface Held {
  hold(envelope: HeldEnvelope): void
  count(): number
  /** Tries the disk once more; what it does not take is lost with the process. */
  close(): Promise<void>
}

export function createHeld(options: HeldOptions): Held {
  let envelopes: HeldEnvelope[] = []
  let bytes = 0
  let timer: NodeJS.Timeout | undefined
  let trying: Promise<void> | undefined

  const removeFirst = (): HeldEnvelope => {
    const envelope = envelopes.shift()!
    bytes -= envelope.bytes.length
    return envelope
  }

  const writeAll = async () => {
    while (envelopes.length > 0) {
      const first = envelopes[0]!
      if (!options.isConfirmed(first.seq)) {
        let position: Position
        try {
          position = await options.write(first.bytes)
        } catch {
          return
        }
        // It may have made room for newer ones meanwhile.
        if (envelopes[0] !== first) continue
        options.onWritten(first, position)
      }
      removeFirst()
    }
  }

  const tryAgain = async () => {
    await writeAll()
    if (envelopes.length === 0) {
      clearInterval(timer)
      timer = undefined
      options.onChange(false)
    }
    for (const envelope of envelopes) options.onVolatile(envelope)
  }

  const tick = () => {
    trying ??= tryAgain().finally(() => {
      trying = undefined
    })
  }

  return {
    hold(envelope) {
      while (envelopes.length > 0 && bytes + envelope.bytes.length > options.bytesMax) options.onLost(removeFirst())
      envelopes.push(envelope)
      bytes += envelope.bytes.length
      options.onVolatile(envelope)
      if (timer) return
      timer = setInterval(tick, retryMs)
      timer.unref()
      options.onChange(true)
    },
    count: () => envelopes.length,
    async close() {
      clearInterval(timer)
      await trying
      await writeAll()
      envelopes = []
    },
  }
}
