import { setTimeout as sleep } from 'node:timers/promises'
import type { Position, SegmentLog } from '../common/segment-log-types.ts'
import type { Gap } from '../protos/types.ts'
import type { StreamState } from './batcher.ts'

// Puts envelopes into the spool's log in the order of their numbers, whatever the disk does: if it takes none, those that
// wait are kept in memory, bounded, published from there, and written in order as soon as it takes them again.

const retryMs = 1000

export interface NumberedEnvelope {
  seq: number
  bytes: Uint8Array
  firstRowAtNs?: bigint
  /** Of a batch: what the segment is remembered by. */
  times?: BigInt64Array
  /** Its times rise. */
  isRising?: boolean
  /** What it declares: that must not go unsaid when the envelope is lost. */
  gap?: Gap
  stream?: string
  /** Of the stream after this batch. */
  state?: StreamState
}

export interface WriterOptions {
  log: SegmentLog
  /** Bytes kept in memory while the disk can't be written. */
  heldBytesMax: number
  isConfirmed(seq: number): boolean
  onWritten(envelope: NumberedEnvelope, position: Position): void
  /** In memory alone: to be published if there is room. Told again every second. */
  onVolatile(envelope: NumberedEnvelope): void
  /** Dropped from memory without having been written. */
  onLost(envelope: NumberedEnvelope): void
  /** Dropped from memory without having been written, when ingest had it. */
  onUnneeded(envelope: NumberedEnvelope): void
  /** The disk takes nothing (with the reason), or takes it again. */
  onHeld(reason: unknown): void
  hasRoom(bytes: number): boolean
  /** Asked when the log is full: makes room. */
  makeRoom(): Promise<void>
}

interface Waiting {
  envelope: NumberedEnvelope
  /** The caller was told: written, or in memory alone. */
  settle(durable: boolean): void
}

export interface SpoolWriter {
  /** Resolves true when the envelope is durable, false when it is in memory because the disk can't be written. Call in the order of numbers. */
  write(envelope: NumberedEnvelope): Promise<boolean>
  /** Resolves when the work is done, or the log refuses what is written to it; at once if it does now. */
  unlessBlocked(work: Promise<unknown>): Promise<void>
  /** The lowest number that the log has refused and not taken since; undefined if all that was written is in the log, in order. */
  refusedFrom(): number | undefined
  /** Envelopes that are not on disk. */
  count(): number
  /** Tries the disk once more; what it does not take is lost with the process. */
  close(): Promise<void>
}

export function createSpoolWriter(options: WriterOptions): SpoolWriter {
  const { log } = options
  /** Appended, not settled yet; then those that wait because the disk refused one before them. Both by number. */
  let outstanding = 0
  const backlog: Waiting[] = []
  let recovering: Promise<void> | undefined
  let closed = false
  let held = false
  let backlogBytes = 0
  let lastError: unknown
  let failures = 0
  const blockedWaiters = new Set<() => void>()
  const settledWaiters: (() => void)[] = []
  /** Ends the wait for the next attempt. */
  const ending = new AbortController()

  const keep = (waiting: Waiting) => {
    backlog.push(waiting)
    backlogBytes += waiting.envelope.bytes.length
  }
  const takeOldest = (): Waiting => {
    const oldest = backlog.shift()!
    backlogBytes -= oldest.envelope.bytes.length
    return oldest
  }

  const append = (waiting: Waiting) => {
    outstanding++
    log
      .append(waiting.envelope.bytes)
      .then(
        (position) => {
          waiting.settle(true)
          options.onWritten(waiting.envelope, position)
        },
        (error) => {
          lastError = error
          failures++
          keep(waiting)
          if (!closed) recovering ??= recover()
          for (const tell of blockedWaiters) tell()
        },
      )
      .finally(() => {
        outstanding--
        if (outstanding > 0) return
        for (const tell of settledWaiters.splice(0)) tell()
      })
  }

  const allSettled = async () => {
    while (outstanding > 0) {
      await new Promise<void>((resolve) => settledWaiters.push(resolve))
    }
    backlog.sort((a, b) => a.envelope.seq - b.envelope.seq)
  }

  /** Appends what waits, in order, as far as there is room. How it went on. */
  const drain = async (): Promise<'all' | 'some' | 'refused'> => {
    await options.makeRoom()
    const before = failures
    let appended = 0
    for (let next = backlog[0]; next; next = backlog[0]) {
      // What ingest has confirmed from memory, too: it may turn out to have lost it.
      if (!options.hasRoom(next.envelope.bytes.length)) break
      append(next)
      appended++
      takeOldest()
    }
    await allSettled()
    if (failures > before) return 'refused'
    if (backlog.length === 0) return 'all'
    return appended > 0 ? 'some' : 'refused'
  }

  const recover = async () => {
    await allSettled()
    while (!closed) {
      const outcome = await drain()
      if (outcome === 'all') break
      if (outcome === 'some') continue
      hold()
      await sleep(retryMs, undefined, { ref: false, signal: ending.signal }).catch(() => {})
    }
    recovering = undefined
    if (!held || backlog.length > 0) return
    held = false
    options.onHeld(undefined)
  }

  const hold = () => {
    if (!held) {
      held = true
      options.onHeld(lastError)
    }
    dropBeyond()
    for (const waiting of backlog) tell(waiting)
  }

  const dropBeyond = () => {
    while (backlogBytes > options.heldBytesMax) {
      const { envelope, settle } = takeOldest()
      settle(false)
      if (options.isConfirmed(envelope.seq)) options.onUnneeded(envelope)
      else options.onLost(envelope)
    }
  }

  const tell = ({ envelope, settle }: Waiting) => {
    settle(false)
    options.onVolatile(envelope)
  }

  return {
    write: (envelope) =>
      new Promise<boolean>((resolve) => {
        const waiting = { envelope, settle: resolve }
        if (!recovering) append(waiting)
        else {
          keep(waiting)
          if (!held) return
          // The disk is known to refuse: what comes now is kept in memory at once. It alone: the others have been told.
          dropBeyond()
          tell(waiting)
        }
      }),
    unlessBlocked: (work) =>
      new Promise((resolve, reject) => {
        if (recovering) return resolve()
        blockedWaiters.add(resolve)
        const forget = () => blockedWaiters.delete(resolve)
        work.then(() => resolve(), reject).finally(forget)
      }),
    refusedFrom: () =>
      backlog.reduce<number | undefined>((least, { envelope: { seq } }) => Math.min(least ?? seq, seq), undefined),
    count: () => outstanding + backlog.length,
    async close() {
      closed = true
      ending.abort()
      await recovering
      await allSettled()
      if (backlog.length > 0) await drain()
      for (const { settle } of backlog) settle(false)
    },
  }
}
