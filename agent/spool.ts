import { UsageError } from '../common/failure.ts'
import type { Logger } from '../common/log.ts'
import { rangesApart, subtractRanges } from '../common/range-set.ts'
import { openSegmentLog } from '../common/segment-log.ts'
import type { SegmentFiles } from '../common/segment-log-files.ts'
import type { Position, SegmentLog } from '../common/segment-log-types.ts'
import { listSegments } from '../common/segment-reader.ts'
import { ulid } from '../common/ulid.ts'
import { encodeEnvelope } from '../protos/envelope.ts'
import type { Body, Gap, Range, Receipt, SpoolState } from '../protos/types.ts'
import type { StreamState } from './batcher.ts'
import { createDoubts, type DoubtOptions } from './spool-doubts.ts'
import { addGap, addRows, unknownFacts, withGaps } from './spool-facts.ts'
import { createSpoolIndex, type SpoolIndex } from './spool-index.ts'
import { addLoss, keptOf, lackingGap, unreadableGap } from './spool-loss.ts'
import { readMemory } from './spool-memory.ts'
import { createSpoolReader, readEnvelopeAt, readSegment } from './spool-reader.ts'
import { createSpoolRoom } from './spool-room.ts'
import { checkpointStreams, encodeCheckpoint, type FoundSpool, readOldSpool, setLast } from './spool-start.ts'
import { createSpoolWriter, type NumberedEnvelope } from './spool-writer.ts'

// The agent's log of envelopes on disk. A number is given out once, is published only after its fsync, and is forgotten only when
// ingest has it in its journal (then it may be kept for an ingest that loses its disk), or when the byte limit drops the oldest, which
// is then declared by a Gap. What ingest lacks although it had it, or what can't be read any more, is declared too, once.

export interface SpooledEnvelope {
  spool: string
  seq: number
  bytes: Uint8Array
  position: Position
  /** Monotonic time (ns) at which the first row came, for live envelopes. */
  firstRowAtNs?: bigint
}

/** What is kept in memory while the disk can't be written; and no more than a small spool has free beside what it holds. */
const heldBytesMost = 16 * 1024 * 1024
const heldBytesMax = (bytesMax: number) => Math.min(heldBytesMost, bytesMax / 4)

export interface SpoolOptions {
  folder: string
  rig: string
  group: string
  bytesMax: number
  segmentBytesMax: number
  /** Keep what is confirmed until its room is needed. */
  keepConfirmed?: boolean
  log: Logger
  /** An envelope became durable. */
  onDurable(envelope: SpooledEnvelope): void
  /** An envelope is in memory alone, because the disk can't be written: publish it if there is room. */
  onVolatile(envelope: Omit<SpooledEnvelope, 'position'>): void
  /** The disk can't be written, or can again. */
  onHeld?(held: boolean): void
  /** Ingest should be asked what it has: the status goes out again. At most every few seconds. */
  onAsk?(): void
  /** When a number that a receipt lacks counts as missing; set by tests alone. */
  doubts?: DoubtOptions
  /** The file system, to be replaced by a faulty one in tests. */
  files?: SegmentFiles
}

export interface Spool {
  id: string
  predecessor: string
  /** By stream: the last state before this start, then of what was added since; in the order of the last batches. */
  streams: Map<string, StreamState>
  /**
   * Gives the next number; resolves true when the envelope is durable, false when it is in memory because the disk can't be
   * written. `state`: of the stream after this batch.
   */
  add(body: Body, options?: { firstRowAtNs?: bigint; stream?: string; state?: StreamState }): Promise<boolean>
  /** All rows of these streams up to a position of their source are spooled. */
  through(streams: readonly string[], at: { position: number; origin: string }): void
  /** Resolves when less than the given bytes wait for the disk. */
  drained(bytes: number): Promise<void>
  /** Durable envelopes from a position (undefined: the oldest) to the end as it stands now. Each one's bytes hold until the next is asked for. */
  read(from: Position | undefined): AsyncIterable<SpooledEnvelope & { next: Position }>
  /** The bytes of one that was read; undefined if they are gone. */
  readAt(position: Position): Promise<Uint8Array | undefined>
  /** Takes a receipt. True: ingest has less than it once said, and some of it is kept here: it must be sent again. */
  confirm(receipt: Receipt): boolean
  isConfirmed(spool: string, seq: number): boolean
  /** These numbers will never be sent; a Gap says so. */
  giveUp(spool: string, range: Range): void
  /** The newest envelope with the schema of each stream: to be sent first on each connect. */
  schemaEnvelopes(): Uint8Array[]
  states(): SpoolState[]
  bytes(): number
  /** Less than what begins to be dropped is unconfirmed: a source that can wait need not. */
  hasRoom(): boolean
  unconfirmed(): number
  close(): Promise<void>
}

/** Segments of earlier starts stay under their own spool ids and are only drained. Throws if the folder can't be used. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { folder, log } = options
  const index = createSpoolIndex(options.group)
  const remembered = await readMemory(folder, log)
  const before = await listSegments(folder)
  const segmentLog = await openSegmentLog({
    directory: folder,
    // The spool rolls by itself, so that each segment begins with a checkpoint.
    segmentBytesMax: options.segmentBytesMax * 4,
    bytesMax: options.bytesMax,
    recordBytesMax: 512 * 1024,
    log,
    ...(options.files ? { files: options.files } : {}),
  })
  const segments = segmentLog
    .segments()
    .filter(({ sealed }) => sealed)
    .map(({ name }) => name)
  const successors = new Map(segmentLog.segments().map(({ name }, i, all) => [name, all[i + 1]?.name]))
  const read = (segment: string, head?: 'head') => readSegment(folder, segment, successors.get(segment), head)
  const found = await readOldSpool({ segments, read }, index, remembered)
  for (const { spool } of remembered ?? []) if (spool > found.predecessor) found.predecessor = spool
  if (found.rig !== undefined && found.rig !== options.rig) {
    await segmentLog.close()
    throw new UsageError(
      `rig: the spool in ${folder} holds envelopes of rig "${found.rig}", and this agent is "${options.rig}"; a rig keeps its name: set rig to "${found.rig}", or give this one another data folder`,
    )
  }
  // The newest may be the torn tail of a start that had just begun; the others held something.
  const cut = before.slice(0, -1).filter(({ name }) => !segments.includes(name))
  const unreadable = [...found.unreadable, ...cut.map(({ name }) => name)].sort()
  const spool = createSpool(options, segmentLog, index, found)
  if (unreadable.length > 0) {
    log.error(
      { segments: unreadable.slice(0, 20), count: unreadable.length },
      'files of the spool cannot be read at all',
    )
    // With a memory, the numbers that should be there are known, and are declared by those.
    const next = segments.find((name) => name > unreadable.at(-1)!)
    if (!remembered) void spool.add({ type: 'gap', gap: unreadableGap(unreadable, next, nowNs()) }).catch(() => {})
  }
  return spool
}

const keptMax = 1000

const nowNs = () => BigInt(Date.now()) * 1_000_000n
const askEveryMs = 4_000

function createSpool(
  options: SpoolOptions,
  segmentLog: SegmentLog,
  index: SpoolIndex,
  { predecessor, streams }: FoundSpool,
): Spool {
  const { folder, rig, log } = options
  const id = ulid(predecessor || undefined)
  const schemas = new Map<string, Uint8Array>()
  const schemaEnvelopes = new Map<string, Uint8Array>()
  /** As `streams`, of what is on disk. */
  const written = new Map(streams)
  const doubts = createDoubts(options.doubts)
  let seq = 0
  let inSegment = 0
  let waiting = 0
  let drainWaiters: { bytes: number; resolve(): void }[] = []
  let askedAtMs = Number.NEGATIVE_INFINITY
  let unwritten: Gap | undefined
  /** Events and Gaps among what was dropped from memory: small, to be spooled again, for what they say must not go with the rows. */
  let unwrittenKept: Body[] = []
  let needsCheckpoint = false

  const settle = (bytes: number) => {
    waiting -= bytes
    drainWaiters = drainWaiters.filter((waiter) => {
      if (waiting > waiter.bytes) return true
      waiter.resolve()
      return false
    })
  }

  const writer = createSpoolWriter({
    log: segmentLog,
    heldBytesMax: heldBytesMax(options.bytesMax),
    isConfirmed: (number) => index.isConfirmed(id, number),
    onWritten(envelope, position) {
      const entry = index.noted(position.segment, id, envelope.seq)
      const facts = envelope.times && addRows(entry.facts, envelope.stream, envelope.times, envelope.isRising)
      if (facts) entry.facts = facts
      if (envelope.gap) entry.declares = addGap(entry.declares, envelope.gap)
      if (envelope.stream !== undefined && envelope.state) setLast(written, envelope.stream, envelope.state)
      room.check()
      options.onDurable({ ...envelope, spool: id, position })
    },
    onVolatile: (envelope) => options.onVolatile({ ...envelope, spool: id }),
    onUnneeded({ seq: number, times, stream, gap }) {
      const facts = withGaps(times && addRows(undefined, stream, times), gap && addGap(undefined, gap))
      index.unwritten(id, { from: number, to: number, ...(facts ?? unknownFacts) })
    },
    onLost({ seq: number, bytes }) {
      index.giveUp(id, { from: number, to: number })
      unwritten = addLoss(unwritten, id, number, bytes)
      const kept = unwrittenKept.length < keptMax ? keptOf(bytes) : undefined
      if (kept) unwrittenKept.push(kept)
    },
    onHeld(reason) {
      if (reason) {
        log.error(
          { err: reason },
          'the spool cannot be written: envelopes are kept in memory, and lost if the agent ends',
        )
      } else log.warn('the spool can be written again')
      options.onHeld?.(reason !== undefined)
      if (reason || !unwritten) return
      const [gap, kept] = [unwritten, unwrittenKept]
      unwritten = undefined
      unwrittenKept = []
      for (const body of kept) void add(body)
      void add({ type: 'gap', gap })
    },
    // Some bytes go to the log's own headers.
    hasRoom: (bytes) => segmentLog.bytes + bytes + 1024 <= options.bytesMax,
    makeRoom: () => room.make(),
  })

  const room = createSpoolRoom({
    folder,
    index,
    segmentLog,
    bytesMax: options.bytesMax,
    keepConfirmed: options.keepConfirmed ?? false,
    log,
    add: (body) => add(body),
    unlessBlocked: writer.unlessBlocked,
    async closeSegment() {
      if (inSegment === 0) return false
      inSegment = 0
      needsCheckpoint = true
      await segmentLog.roll()
      return true
    },
    onMade() {
      if (needsCheckpoint) beginSegment()
    },
  })

  /** Nothing that the disk has refused may count as spooled: it is gone with the agent, and its source must read it again. */
  const checkpoint = () => {
    const refusedFrom = writer.refusedFrom()
    return encodeCheckpoint({
      format: 1,
      spool: id,
      group: options.group,
      nextSeq: refusedFrom ?? seq + 1,
      streams: checkpointStreams(refusedFrom === undefined ? streams : written),
    })
  }

  const beginSegment = () => {
    inSegment = 0
    needsCheckpoint = false
    segmentLog.append(checkpoint()).then(
      ({ segment }) => {
        index.opened(segment)
        room.save()
      },
      () => {
        // No room for it: it is written when there is.
        needsCheckpoint = true
      },
    )
    for (const bytes of schemas.values()) void add({ type: 'schema', bytes })
  }

  const roll = () => {
    inSegment = 0
    segmentLog.roll().catch((error) => log.error({ err: error }, 'the spool cannot begin a segment'))
    beginSegment()
  }

  const add: Spool['add'] = async (body, extra) => {
    // What can't be encoded throws before it has a number.
    const number = seq + 1
    const bytes = encodeEnvelope({ rig, spool: id, seq: number, body, ...(number === 1 ? { predecessor } : {}) })
    seq = number
    if (extra?.stream !== undefined && extra.state) setLast(streams, extra.stream, extra.state)
    waiting += bytes.length
    inSegment += bytes.length
    if (body.type === 'schema') schemaEnvelopes.set(streamKey(body.bytes), bytes)
    if (body.type === 'gap') index.declared(body.gap.spool, body.gap.numbers, id, number)
    const { firstRowAtNs, stream, state } = extra ?? {}
    const envelope: NumberedEnvelope = {
      seq: number,
      bytes,
      ...(firstRowAtNs === undefined ? {} : { firstRowAtNs }),
      ...(body.type === 'batch' ? { times: body.batch.times, isRising: !body.batch.notRising } : {}),
      ...(body.type === 'gap' ? { gap: body.gap } : {}),
      ...(stream === undefined ? {} : { stream }),
      ...(state === undefined ? {} : { state }),
    }
    const durable = await writer.write(envelope)
    settle(bytes.length)
    return durable
  }

  const addAndRoll: Spool['add'] = (body, extra) => {
    if (body.type === 'schema') schemas.set(streamKey(body.bytes), body.bytes)
    if (inSegment > options.segmentBytesMax) roll()
    return add(body, extra)
  }

  const ask = () => {
    const now = performance.now()
    if (now - askedAtMs < askEveryMs) return
    askedAtMs = now
    options.onAsk?.()
  }

  /** Ingest lacks these for certain, and they are not here: a Gap each for what was deleted, and for what was damaged. */
  const declareLacking = (spool: string, numbers: Range[]) => {
    const damaged = index.damagedOf(spool, numbers)
    const restored = subtractRanges(numbers, damaged)
    const declare = (cause: 'ingest_restored' | 'spool_damaged', lacking: Range[]) => {
      if (lacking.length === 0) return
      const gap = lackingGap(cause, spool, lacking, index.factsOf(spool, lacking), nowNs())
      log.error({ spool, numbers: lacking, cause }, 'envelopes are lost: declared as a Gap')
      addAndRoll({ type: 'gap', gap }).then(room.save, (error) => log.error({ err: error }, 'a Gap cannot be spooled'))
    }
    for (const each of rangesApart(restored)) declare('ingest_restored', each)
    for (const each of rangesApart(damaged)) declare('spool_damaged', each)
  }

  const read = createSpoolReader({
    folder,
    index,
    segments: segmentLog.segments,
    synced: () => segmentLog.synced,
    onDamaged(spool, numbers, segment) {
      log.error({ spool, numbers, segment }, 'the spool is damaged: envelopes cannot be read; ingest is asked for them')
      ask()
    },
  })

  index.begin(id)
  beginSegment()
  return {
    id,
    predecessor,
    streams,
    add: addAndRoll,
    async drained(bytes) {
      if (waiting <= bytes) return
      await new Promise<void>((resolve) => drainWaiters.push({ bytes, resolve }))
    },
    through(names, at) {
      let isNew = false
      for (const name of names) {
        const state = streams.get(name)
        const before = state?.through?.origin === at.origin ? state.through : undefined
        isNew ||= !before
        if (before && before.position >= at.position) continue
        streams.set(name, { ...(state ?? { era: 0, position: 0, origin: '' }), through: at })
      }
      // Another file, say: a stream without a row in it must not lead back to its beginning.
      if (isNew && writer.refusedFrom() === undefined) segmentLog.append(checkpoint()).catch(() => {})
    },
    read,
    readAt: (position) => readEnvelopeAt(folder, position),
    confirm(receipt) {
      const taken = index.confirm(receipt)
      if (!taken) return false
      const missing = doubts.seen(receipt.spool, taken.lacking)
      if (missing.length > 0) declareLacking(receipt.spool, missing)
      else if (taken.lacking.length > 0 || index.hasUnlisted()) ask()
      room.forget()
      return taken.kept
    },
    isConfirmed: index.isConfirmed,
    giveUp: index.giveUp,
    schemaEnvelopes: () => [...schemaEnvelopes.values()],
    states: index.states,
    bytes: () => segmentLog.bytes,
    hasRoom: room.hasRoom,
    unconfirmed: () => index.unconfirmedCount() + writer.count(),
    async close() {
      await writer.close()
      await room.close()
      // Tells the next start how far each source was spooled; a full disk does without.
      await segmentLog.append(checkpoint()).catch(() => {})
      await segmentLog.close()
    },
  }
}

/** Which stream a schema is of, for keeping the newest of each: the name is the first field of its bytes. */
const streamKey = (schema: Uint8Array): string => Buffer.from(schema.subarray(2, 2 + schema[1]!)).toString()
