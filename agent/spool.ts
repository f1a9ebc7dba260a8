import { UsageError } from '../common/failure.ts'
import type { Logger } from '../common/log.ts'
import { openSegmentLog } from '../common/segment-log.ts'
import type { SegmentFiles } from '../common/segment-log-files.ts'
import type { LogRecord, Position, SegmentLog } from '../common/segment-log-types.ts'
import { readRecords } from '../common/segment-reader.ts'
import { ulid } from '../common/ulid.ts'
import { encodeEnvelope, readHeader } from '../protos/envelope.ts'
import type { Body, Gap, Range, Receipt, SpoolState } from '../protos/types.ts'
import type { StreamState } from './batcher.ts'
import { createSpoolIndex, type SegmentEntry } from './spool-index.ts'
import { addLoss, describeLoss } from './spool-loss.ts'
import { checkpointStreams, encodeCheckpoint, isCheckpoint, readOldSpool, setLast } from './spool-start.ts'
import { createSpoolWriter, type NumberedEnvelope } from './spool-writer.ts'

// The agent's log of envelopes on disk. A number is given out once, is published only after its fsync, and is forgotten only when
// ingest has it in its journal, or when the byte limit drops the oldest, which is then declared by a Gap.

export interface SpooledEnvelope {
  spool: string
  seq: number
  bytes: Uint8Array
  position: Position
  /** Monotonic time (ns) at which the first row came, for live envelopes. */
  firstRowAtNs?: bigint
}

/** What is kept in memory while the disk can't be written. */
const heldBytesMax = 16 * 1024 * 1024

export interface SpoolOptions {
  folder: string
  rig: string
  group: string
  bytesMax: number
  segmentBytesMax: number
  log: Logger
  /** An envelope became durable. */
  onDurable(envelope: SpooledEnvelope): void
  /** An envelope is in memory alone, because the disk can't be written: publish it if there is room. */
  onVolatile(envelope: Omit<SpooledEnvelope, 'position'>): void
  /** The disk can't be written, or can again. */
  onHeld?(held: boolean): void
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
  /** Resolves when less than the given bytes wait for the disk. */
  drained(bytes: number): Promise<void>
  /** Durable envelopes from a position (undefined: the oldest) to the end as it stands now. */
  read(from: Position | undefined): AsyncIterable<SpooledEnvelope & { next: Position }>
  /** Takes a receipt. True: ingest has less than it once said, and some of it is kept here: it must be sent again. */
  confirm(receipt: Receipt): boolean
  isConfirmed(spool: string, seq: number): boolean
  /** These numbers will never be sent; a Gap says so. */
  giveUp(spool: string, range: Range): void
  /** The newest envelope with the schema of each stream: to be sent first on each connect. */
  schemaEnvelopes(): Uint8Array[]
  states(): SpoolState[]
  bytes(): number
  unconfirmed(): number
  close(): Promise<void>
}

/** Segments of earlier starts stay under their own spool ids and are only drained. Throws if the folder can't be used. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { folder, log } = options
  const index = createSpoolIndex()
  const segmentLog = await openSegmentLog({
    directory: folder,
    // The spool rolls by itself, so that each segment begins with a checkpoint.
    segmentBytesMax: options.segmentBytesMax * 4,
    bytesMax: options.bytesMax,
    recordBytesMax: 512 * 1024,
    log,
    ...(options.files ? { files: options.files } : {}),
  })
  const found = await readOldSpool(
    {
      segments: segmentLog
        .segments()
        .filter(({ sealed }) => sealed)
        .map(({ name }) => name),
      read: (segment) => readSegment(folder, segment),
    },
    index,
  )
  if (found.rig !== undefined && found.rig !== options.rig) {
    await segmentLog.close()
    throw new UsageError(
      `rig: the spool in ${folder} holds envelopes of rig "${found.rig}", and this agent is "${options.rig}"; a rig keeps its name: set rig to "${found.rig}", or give this one another data folder`,
    )
  }
  return createSpool(options, segmentLog, index, found)
}

/** The records of one segment. */
async function* readSegment(folder: string, segment: string): AsyncIterable<LogRecord> {
  for await (const record of readRecords(
    folder,
    { segment, offset: 0 },
    { segment, offset: Number.MAX_SAFE_INTEGER },
  )) {
    if (record.position.segment === segment) yield record
  }
}

function createSpool(
  options: SpoolOptions,
  segmentLog: SegmentLog,
  index: ReturnType<typeof createSpoolIndex>,
  { predecessor, streams }: { predecessor: string; streams: Map<string, StreamState> },
): Spool {
  const { folder, rig, log } = options
  const id = ulid(predecessor || undefined)
  const schemas = new Map<string, Uint8Array>()
  const schemaEnvelopes = new Map<string, Uint8Array>()
  // A quarter is kept free for what is under way while room is made, the Gaps that declare what goes among it.
  const fullBytes = options.bytesMax * 0.75
  let seq = 0
  let inSegment = 0
  let waiting = 0
  let drainWaiters: { bytes: number; resolve(): void }[] = []
  let making: Promise<void> | undefined
  let forgetting: Promise<void> | undefined
  let unwritten: Gap | undefined
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
    heldBytesMax,
    isConfirmed: (number) => index.isConfirmed(id, number),
    onWritten(envelope, position) {
      index.noted(position.segment, id, envelope.seq)
      if (segmentLog.bytes > fullBytes) void makeRoom()
      options.onDurable({ ...envelope, spool: id, position })
    },
    onVolatile: (envelope) => options.onVolatile({ ...envelope, spool: id }),
    onLost({ seq: number, bytes }) {
      index.giveUp(id, { from: number, to: number })
      unwritten = addLoss(unwritten, id, number, bytes)
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
      const gap = unwritten
      unwritten = undefined
      void add({ type: 'gap', gap })
    },
    // Some bytes go to the log's own headers.
    hasRoom: (bytes) => segmentLog.bytes + bytes + 1024 <= options.bytesMax,
    makeRoom: () => makeRoom(),
  })

  const beginSegment = () => {
    inSegment = 0
    needsCheckpoint = false
    const checkpoint = encodeCheckpoint({
      format: 1,
      spool: id,
      group: options.group,
      nextSeq: seq + 1,
      streams: checkpointStreams(streams),
    })
    segmentLog.append(checkpoint).then(
      ({ segment }) => index.opened(segment),
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
    const { firstRowAtNs } = extra ?? {}
    const envelope: NumberedEnvelope = { seq: number, bytes, ...(firstRowAtNs === undefined ? {} : { firstRowAtNs }) }
    const durable = await writer.write(envelope)
    settle(bytes.length)
    return durable
  }

  const addAndRoll: Spool['add'] = (body, extra) => {
    if (body.type === 'schema') schemas.set(streamKey(body.bytes), body.bytes)
    if (inSegment > options.segmentBytesMax) roll()
    return add(body, extra)
  }

  /** Drops the oldest segments until a quarter of the room is free; what of them ingest does not have is declared first. */
  const makeRoom = () => {
    making ??= dropUntilFree()
      .catch((error) => log.error({ err: error }, 'the spool cannot make room'))
      .finally(() => {
        making = undefined
      })
    return making
  }

  const dropUntilFree = async () => {
    await forgetting
    while (segmentLog.bytes > fullBytes) {
      const [oldest] = segmentLog.segments()
      if (!oldest) break
      if (!oldest.sealed) {
        if (inSegment === 0) break
        // Only a closed one can be dropped.
        inSegment = 0
        needsCheckpoint = true
        await segmentLog.roll()
        continue
      }
      const entry = index.segments.find(({ name }) => name === oldest.name)
      if (entry) await declareLoss(entry)
      await segmentLog.drop(oldest.name)
      index.removeSegment(oldest.name)
    }
    if (needsCheckpoint) beginSegment()
  }

  /** The Gap is on disk before the segment goes, for a kill in between would leave a hole; unless the disk takes nothing more. */
  const declareLoss = async (entry: SegmentEntry) => {
    const loss = await describeLoss(readSegment(folder, entry.name), entry, index.unconfirmed(entry))
    if (!loss) return
    const { numbers, rows } = loss.gap
    log.error({ numbers, rows, spool: entry.spool }, 'the spool is full: its oldest envelopes are dropped')
    const declared = [...loss.kept, { type: 'gap' as const, gap: loss.gap }].map((body) => add(body))
    await Promise.race([Promise.all(declared), writer.blocked()])
    for (const range of numbers) index.giveUp(entry.spool, range)
  }

  /** Deletes the segments of which ingest has everything. */
  const forget = () => {
    if (making) return
    forgetting ??= (async () => {
      for (let entry = index.droppable(); entry; entry = index.droppable()) {
        await segmentLog.drop(entry.name)
        index.removeSegment(entry.name)
      }
    })()
      .catch((error) => log.error({ err: error }, 'the spool cannot delete a segment'))
      .finally(() => {
        forgetting = undefined
      })
  }

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
    async *read(from) {
      for await (const { position, next, bytes } of readRecords(folder, from, segmentLog.synced)) {
        if (isCheckpoint(bytes)) continue
        const { spool, seq: number } = readHeader(bytes)
        yield { spool, seq: number, bytes: bytes.slice(), position, next }
      }
    },
    confirm(receipt) {
      const forgotten = index.confirm(receipt)
      if (forgotten && forgotten.gone.length > 0) {
        const detail = 'ingest once had these envelopes, has them no more, and the agent had forgotten them'
        const cause = 'ingest_restored' as const
        const gap = {
          fromNs: 0n,
          toNs: 0n,
          streams: [],
          cause,
          detail,
          spool: receipt.spool,
          numbers: forgotten.gone,
          rows: 0,
        }
        void addAndRoll({ type: 'gap', gap })
      }
      forget()
      return forgotten?.kept ?? false
    },
    isConfirmed: index.isConfirmed,
    giveUp: index.giveUp,
    schemaEnvelopes: () => [...schemaEnvelopes.values()],
    states: index.states,
    bytes: () => segmentLog.bytes,
    unconfirmed: () => index.unconfirmedCount() + writer.count(),
    async close() {
      await writer.close()
      await making
      await forgetting
      await segmentLog.close()
    },
  }
}

/** Which stream a schema is of, for keeping the newest of each: the name is the first field of its bytes. */
const streamKey = (schema: Uint8Array): string => Buffer.from(schema.subarray(2, 2 + schema[1]!)).toString()
