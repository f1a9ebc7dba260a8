import type { Logger } from '../common/log.ts'
import { createRangeSet, type RangeSet } from '../common/range-set.ts'
import { comparePositions, type Position } from '../common/segment-log-types.ts'
import { createBundler } from '../protos/bundle.ts'
import type { Receipt } from '../protos/types.ts'
import { createBacklogPace } from './backlog-pace.ts'
import type { Spool, SpooledEnvelope } from './spool.ts'

// Brings the spool's envelopes to ingest: a bounded window of unconfirmed bytes in flight; live envelopes straight from
// memory, the backlog beside them from disk, lowest numbers first, in a share that follows the delay it causes (backlog-pace.ts). What was in
// flight when a connection ended is backlog on the next: nothing live waits behind it. Sent again also when receipts make no progress. Only
// a receipt takes an envelope out of the window. Of the backlog, only numbers and places are kept while it is under way: it goes through
// memory that is used again and again, and is read once more in the rare case that it has to be sent again.

const resendLeastMs = 5_000
const resendMostMs = 60_000
/** While receipts make no progress, of each spool only the first so many bytes are sent again: a link that stands still has the rest in its queue already. */
const resendBytes = 16 * 1024
/** What an envelope of the backlog counts for beside its bytes: thousands of tiny ones keep ingest as busy as one large one. */
const envelopeCostBytes = 1024
/** The backlog begins so long after a connect: first the live envelopes, and ingest's word on what it has; random, so that many rigs spread. */
const backlogAfterMs = { least: 250, most: 2_000 }
/** Ranges of numbers that were sent on earlier connections, a spool; beyond, a round trip may be measured wrong. */
const sentBeforeMax = 1000
/** So many times in a row, what was sent after an envelope was receipted and it was not: ingest does not take it. */
const overtakenMax = 5

export interface PublisherOptions {
  spool: Spool
  windowBytes: number
  log: Logger
  /** Publishes one bundle; called only while connected. Errors are the connection's business. `done`: its bytes may be written over. */
  send(bundle: Uint8Array, done: () => void): void
  /** An envelope that ingest would not take though it took later ones: kept aside by the caller, declared by a Gap. */
  onRefused(envelope: FlyingEnvelope): void
  /** For each live batch: the time from its first row to its receipt, ms. */
  onReceiptLatency?(ms: number): void
  /** 0 <= x < 1; Math.random, or what a test draws. */
  random?(): number
}

export interface Publisher {
  /** An envelope became durable. */
  offer(envelope: SpooledEnvelope): void
  /** An envelope that is in memory alone: sent if there is room now; the caller offers it again. */
  offerVolatile(envelope: FlyingEnvelope): void
  receipt(receipt: Receipt): void
  /** The connection is there, or ingest has begun anew: sends again what is in flight. `first`: what goes before all else. */
  connected(first: Uint8Array[]): void
  disconnected(): void
  /** Resolves when everything durable is confirmed, or the time is over. */
  drained(timeoutMs: number): Promise<boolean>
  inFlightBytes(): number
  counters: { sent: number; resent: number; refused: number }
  close(): void
}

/** Without a position: it is in memory alone. */
type FlyingEnvelope = Omit<SpooledEnvelope, 'position'> & { position?: Position }

interface InFlight {
  spool: string
  seq: number
  byteLength: number
  /** Undefined for what came from disk. */
  bytes: Uint8Array | undefined
  /** Undefined for what is in memory alone. */
  position: Position | undefined
  firstRowAtNs: bigint | undefined
  sentAtMs: number
  /** Counts all sendings, so that it tells which was before which. */
  order: number
  tries: number
  overtaken: number
  backlog: boolean
}

const costOf = (byteLength: number) => byteLength + envelopeCostBytes

export function createPublisher(options: PublisherOptions): Publisher {
  const { spool, windowBytes, log, random = Math.random } = options
  const pace = createBacklogPace(windowBytes / 2)
  /** By spool id, then by number; in the order of sending. */
  const flights = new Map<string, Map<number, InFlight>>()
  const counters = { sent: 0, resent: 0, refused: 0 }
  let online = false
  let inFlightBytes = 0
  let backlogBytes = 0
  let smoothedMs = 0
  let progressAtMs = performance.now()
  let sendings = 0
  /** The latest sending that a receipt has answered. */
  let answered = 0

  // The backlog: everything from readFrom to leftAt that is not confirmed or in flight. Both undefined: all that is on disk.
  let readFrom: Position | undefined
  let leftAt: Position | 'end' | undefined = spool.unconfirmed() > 0 ? 'end' : undefined
  /** Changes when the backlog begins anew, so that a reader on its way notices. */
  let generation = 0
  /** Until then, after a connect, the backlog waits. */
  let held: NodeJS.Timeout | undefined
  /** Numbers that were sent on earlier connections: a receipt may answer that, so their round trips say nothing. */
  const sentBefore = new Map<string, RangeSet>()
  let pumping = false
  /** What is to be sent again is being read. */
  let checking = false
  let wakePump = () => {}
  let wakeDrained = () => {}

  const bundler = createBundler(options.send)
  let flushing = false
  const push = (bytes: Uint8Array) => {
    bundler.add(bytes)
    if (flushing) return
    flushing = true
    setImmediate(() => {
      flushing = false
      if (online) bundler.flush()
      else bundler.clear()
    })
  }

  const launch = ({ spool: id, seq, bytes, position, firstRowAtNs }: FlyingEnvelope, backlog: boolean) => {
    let ofSpool = flights.get(id)
    if (!ofSpool) {
      ofSpool = new Map()
      flights.set(id, ofSpool)
    }
    const tries = sentBefore.get(id)?.has(seq) ? 2 : 1
    if (tries > 1) counters.resent++
    ofSpool.set(seq, {
      spool: id,
      seq,
      byteLength: bytes.length,
      bytes: backlog ? undefined : bytes,
      position,
      firstRowAtNs,
      sentAtMs: performance.now(),
      order: ++sendings,
      tries,
      overtaken: 0,
      backlog,
    })
    inFlightBytes += bytes.length
    if (backlog) backlogBytes += costOf(bytes.length)
    counters.sent++
    push(bytes)
  }

  const land = (flight: InFlight) => {
    flights.get(flight.spool)?.delete(flight.seq)
    inFlightBytes -= flight.byteLength
    if (flight.backlog) backlogBytes -= costOf(flight.byteLength)
  }

  const flightOf = ({ spool: id, seq }: Pick<FlyingEnvelope, 'spool' | 'seq'>) => flights.get(id)?.get(seq)
  /** It may have landed, or its connection ended, while something was read. */
  const isFlying = (flight: InFlight) => flightOf(flight) === flight

  /** Undefined if it is under way no more, or cannot be read any more: then the backlog begins anew, and finds out what is damaged. */
  const bytesOf = async (flight: InFlight): Promise<Uint8Array | undefined> => {
    if (!isFlying(flight)) return undefined
    if (flight.bytes) return flight.bytes
    const bytes = flight.position && (await spool.readAt(flight.position).catch(() => undefined))
    if (!isFlying(flight)) return undefined
    if (bytes) return bytes
    land(flight)
    beginAnew()
    return undefined
  }

  const relaunch = async (flight: InFlight) => {
    if (!isFlying(flight)) return
    flight.sentAtMs = performance.now()
    flight.order = ++sendings
    flight.tries++
    counters.resent++
    const bytes = await bytesOf(flight)
    if (bytes && online) push(bytes)
  }

  const refuse = async (flight: InFlight) => {
    const bytes = await bytesOf(flight)
    if (!bytes || !isFlying(flight)) return
    land(flight)
    counters.refused++
    options.onRefused({ spool: flight.spool, seq: flight.seq, bytes })
  }

  /** All that is on disk and not confirmed is backlog. */
  const beginAnew = () => {
    readFrom = undefined
    leftAt = 'end'
    generation++
    wakePump()
    void pump()
  }

  const behind = () => leftAt !== undefined

  const hasRoom = ({ bytes }: FlyingEnvelope) => online && inFlightBytes + bytes.length <= windowBytes

  const offerVolatile = (envelope: FlyingEnvelope) => {
    if (!flightOf(envelope) && hasRoom(envelope)) launch(envelope, false)
  }

  const offer = (envelope: SpooledEnvelope) => {
    // It may be under way already, from memory; from here on it can be read again.
    const flight = flightOf(envelope)
    if (flight) flight.position = envelope.position
    if (flight || spool.isConfirmed(envelope.spool, envelope.seq)) return
    if (hasRoom(envelope)) {
      launch(envelope, false)
      if (!behind()) readFrom = envelope.position
    } else {
      if (!behind()) readFrom ??= envelope.position
      leftAt = envelope.position
      void pump()
    }
  }

  const hasBacklogRoom = (envelope: FlyingEnvelope) =>
    inFlightBytes + envelope.bytes.length <= windowBytes &&
    (backlogBytes === 0 || backlogBytes + costOf(envelope.bytes.length) <= pace.bytes())

  /** One reader at a time goes through the disk from readFrom until it has passed everything that was left behind. */
  const pump = async () => {
    if (pumping || !online || held) return
    pumping = true
    try {
      while (online && behind() && !held) {
        const goal = leftAt
        const begun = generation
        for await (const envelope of spool.read(readFrom)) {
          while (online && generation === begun && !hasBacklogRoom(envelope)) {
            await new Promise<void>((resolve) => {
              wakePump = resolve
            })
          }
          if (!online) return
          if (generation !== begun) break
          readFrom = envelope.next
          if (spool.isConfirmed(envelope.spool, envelope.seq)) continue
          if (flightOf(envelope)) continue
          launch(envelope, true)
        }
        if (generation === begun && leftAt === goal) leftAt = undefined
      }
    } catch (error) {
      log.error({ err: error }, 'the backlog cannot be read from the spool; trying again')
      setTimeout(() => void pump(), 1000).unref()
    } finally {
      pumping = false
    }
    wakeDrained()
  }

  const receipt = (received: Receipt) => {
    const now = performance.now()
    if (spool.confirm(received)) {
      log.warn(
        { spool: received.spool, through: received.through },
        'ingest has less than it once had: sending again what is kept',
      )
      beginAnew()
    }
    const ofSpool = flights.get(received.spool)
    const used = backlogBytes
    let youngest: InFlight | undefined
    if (ofSpool) {
      for (const flight of ofSpool.values()) {
        if (!spool.isConfirmed(received.spool, flight.seq)) continue
        land(flight)
        progressAtMs = now
        answered = Math.max(answered, flight.order)
        if (flight.tries > 1) continue
        measure(flight, now)
        youngest = flight
      }
      if (youngest) pace.answered(now - youngest.sentAtMs, youngest.sentAtMs, used, now)
      if (ofSpool.size === 0 && received.spool !== spool.id) flights.delete(received.spool)
    }
    wakePump()
    if (behind()) void pump()
    if (inFlightBytes > 0) return
    if (!behind()) sentBefore.clear()
    wakeDrained()
  }

  const measure = (flight: InFlight, now: number) => {
    const roundTripMs = now - flight.sentAtMs
    smoothedMs = smoothedMs === 0 ? roundTripMs : smoothedMs * 0.875 + roundTripMs * 0.125
    const { firstRowAtNs } = flight
    if (firstRowAtNs !== undefined) {
      options.onReceiptLatency?.(Number(process.hrtime.bigint() - firstRowAtNs) / 1e6)
    }
  }

  /**
   * Sends again what waits too long: the first of it if receipts make no progress, else what later sendings have overtaken.
   * Only being overtaken counts against an envelope: while ingest is away nothing does.
   */
  const checkTimers = async () => {
    if (!online) return
    const again: InFlight[] = []
    const now = performance.now()
    const base = Math.max(resendLeastMs, 4 * smoothedMs)
    for (const ofSpool of flights.values()) {
      let room = resendBytes
      for (const flight of ofSpool.values()) {
        const overtaken = answered > flight.order
        const isFirst = room > 0
        room -= flight.byteLength
        const patience = overtaken ? base : Math.min(base * 2 ** (flight.tries - 1), resendMostMs)
        if (now - flight.sentAtMs < patience || (checking && !flight.bytes)) continue
        if (!overtaken && (now - progressAtMs < patience || !isFirst)) continue
        if (overtaken) flight.overtaken++
        again.push(flight)
      }
    }
    const sendAgain = (flight: InFlight) => (flight.overtaken < overtakenMax ? relaunch(flight) : refuse(flight))
    await Promise.all(again.filter(({ bytes }) => bytes).map(sendAgain))
    const fromDisk = again.filter(({ bytes }) => !bytes)
    if (checking || fromDisk.length === 0) return
    checking = true
    try {
      // One after the other: these are read again.
      for (const flight of fromDisk) await sendAgain(flight)
    } finally {
      checking = false
    }
  }

  /** What is in flight becomes backlog, from the first of it on; what is in memory alone is offered again. */
  const leaveBehind = () => {
    let lowest: Position | undefined
    for (const [id, ofSpool] of flights) {
      let before = sentBefore.get(id)
      if (!before || before.ranges().length > sentBeforeMax) {
        before = createRangeSet()
        sentBefore.set(id, before)
      }
      for (const { seq, position } of ofSpool.values()) {
        before.add(seq)
        if (position && (!lowest || comparePositions(position, lowest) < 0)) lowest = position
      }
    }
    flights.clear()
    inFlightBytes = 0
    backlogBytes = 0
    generation++
    if (!lowest) return
    if (!behind() || (readFrom && comparePositions(lowest, readFrom) < 0)) readFrom = lowest
    leftAt = 'end'
  }

  const begin = () => {
    clearTimeout(held)
    held = undefined
    wakePump()
    void pump()
  }

  const timer = setInterval(() => void checkTimers(), 1000)
  timer.unref()

  return {
    offer,
    offerVolatile,
    receipt,
    connected(first) {
      online = true
      progressAtMs = performance.now()
      for (const envelope of first) push(envelope)
      leaveBehind()
      pace.begin(progressAtMs)
      clearTimeout(held)
      const { least, most } = backlogAfterMs
      held = setTimeout(begin, least + random() * (most - least)).unref()
    },
    disconnected() {
      online = false
      bundler.clear()
      clearTimeout(held)
      held = undefined
      wakePump()
    },
    async drained(timeoutMs) {
      const until = performance.now() + timeoutMs
      // Whoever asks is about to end.
      if (held) begin()
      while (inFlightBytes > 0 || behind()) {
        const left = until - performance.now()
        if (left <= 0) return false
        await new Promise<void>((resolve) => {
          const timeout = setTimeout(resolve, Math.min(left, 100))
          wakeDrained = () => {
            clearTimeout(timeout)
            resolve()
          }
        })
      }
      return true
    },
    inFlightBytes: () => inFlightBytes,
    counters,
    close() {
      clearInterval(timer)
      clearTimeout(held)
      online = false
      wakePump()
    },
  }
}
