import type { KnownSchema } from './live-stream.ts'

// The envelopes of the last minutes, all streams together in the order they came: what is too old or too much leaves at
// the front.

export interface RecentEntry {
  rig: string
  stream: string
  receivedNs: bigint
  /** Counts up in the order in which they became durable, which need not be the one in which they came. */
  n: number
  envelope: Uint8Array
  known: KnownSchema
}

export interface Recent {
  add(entry: Omit<RecentEntry, 'n'>): void
  /**
   * Of those it takes that came at or after `sinceNs` the newest, up to so many bytes; oldest of them first. Whoever watches may ask
   * this many times a second, and there may be a hundred thousand: so nothing is copied, and times are read where it takes one.
   */
  newest(takes: (entry: RecentEntry) => boolean, sinceNs: bigint, bytesMax: number): RecentEntry[]
  /** The `n` of the next one. */
  readonly next: number
  readonly bytes: number
  readonly length: number
}

/** What an entry takes beside its bytes: objects, list, typed array. A coarse measure. */
const overheadBytes = 256
/** Entries that left before the list moves up. */
const compactEvery = 4096

export function createRecent(keepMs: number, bytesMax: number): Recent {
  const keepNs = BigInt(keepMs) * 1_000_000n
  let entries: (RecentEntry | undefined)[] = []
  let first = 0
  let bytes = 0
  let next = 0

  const dropFirst = () => {
    bytes -= entries[first]!.envelope.length + overheadBytes
    entries[first++] = undefined
    if (first < compactEvery || first * 2 < entries.length) return
    entries = entries.slice(first)
    first = 0
  }

  return {
    add({ rig, stream, receivedNs, envelope, known }) {
      const entry = { rig, stream, receivedNs, n: next++, envelope, known }
      entries.push(entry)
      bytes += entry.envelope.length + overheadBytes
      const oldestNs = entry.receivedNs - keepNs
      while (first < entries.length && (bytes > bytesMax || entries[first]!.receivedNs < oldestNs)) dropFirst()
    },
    newest(takes, sinceNs, bytesMax) {
      const found: RecentEntry[] = []
      let bytes = 0
      for (let i = entries.length - 1; i >= first; i--) {
        const entry = entries[i]!
        if (!takes(entry)) continue
        bytes += entry.envelope.length
        if (entry.receivedNs < sinceNs || bytes > bytesMax) break
        found.push(entry)
      }
      return found.reverse()
    },
    get next() {
      return next
    },
    get bytes() {
      return bytes
    },
    get length() {
      return entries.length - first
    },
  }
}
