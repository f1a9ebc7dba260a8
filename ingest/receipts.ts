import type { Receipt } from '../protos/types.ts'

const gatherMs = 10
const repeatMs = 5_000
/** A spool that nothing came from for this long is not repeated any more; a reconnect of its agent asks anew. */
const quietMs = 60_000
/** Spools whose receipts are repeated: beyond, those that were quiet longest are not. */
const repeatedMax = 10_000

export interface Receipts {
  /** Numbers of this spool became durable, or were asked about: its receipt goes out within 10 ms. */
  due(rig: string, spool: string): void
  /** Sends what is due now. */
  flush(): void
  close(): void
}

/** Gathers receipts for a moment and repeats the last ones, because MQTT may lose them with a connection. */
export function createReceipts(
  receiptOf: (rig: string, spool: string) => Receipt,
  send: (rig: string, receipt: Receipt) => void,
): Receipts {
  const due = new Map<string, { rig: string; spool: string }>()
  const recent = new Map<string, { rig: string; spool: string; atMs: number }>()
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    for (const { rig, spool } of due.values()) send(rig, receiptOf(rig, spool))
    due.clear()
  }
  const add = (key: string, rig: string, spool: string) => {
    due.set(key, { rig, spool })
    timer ??= setTimeout(flush, gatherMs)
  }
  const repeat = setInterval(() => {
    const now = performance.now()
    for (const [key, { rig, spool, atMs }] of recent) {
      if (now - atMs > quietMs) recent.delete(key)
      else add(key, rig, spool)
    }
  }, repeatMs)
  repeat.unref()

  return {
    due(rig, spool) {
      const key = `${rig} ${spool}`
      if (!due.has(key)) add(key, rig, spool)
      recent.delete(key)
      if (recent.size >= repeatedMax) recent.delete(recent.keys().next().value as string)
      recent.set(key, { rig, spool, atMs: performance.now() })
    },
    flush,
    close() {
      clearInterval(repeat)
      clearTimeout(timer)
    },
  }
}
