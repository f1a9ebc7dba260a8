import type { Logger } from '../common/log.ts'
import { LogFullError, openSegmentLog } from '../common/segment-log.ts'
import type { SegmentFiles } from '../common/segment-log-files.ts'
import type { LogRecord, Position, SegmentLog } from '../common/segment-log-types.ts'
import { readRecords } from '../common/segment-reader.ts'
import { ulid } from '../common/ulid.ts'
import { encodeEnvelope, readHeader } from '../protos/envelope.ts'
import type { Body, Gap, Range, Receipt, SpoolState } from '../protos/types.ts'
import type { StreamState } from './batcher.ts'
import { createHeld, type HeldEnvelope } from './held.ts'
import { createSpoolIndex } from './spool-index.ts'
import { addLoss, describeLoss } from './spool-loss.ts'
import { checkpointStreams, encodeCheckpoint, isCheckpoint, readOldSpool, setLast } from './spool-start.ts'

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
  /** Gives the next number; resolves when the envelope is durable, or in memory because the disk can't be written. `state`: of the stream after this batch. */
  add(body: Body, options?: { firstRowAtNs?: bigint; stream?: string; state?: StreamState }): Promise<void>
  /** Resolves when less than the given bytes wait for the disk. */
  drained(bytes: number): Promise<void>
  /** Durable envelopes from a position (undefined: the oldest) to the end as it stands now. */
  read(from: Position | undefined): AsyncIterable<SpooledEnvelope & { next: Position }>
  /** Takes a receipt; `restored` is called if ingest has less than it once said, with the first number to send again. */
  confirm(receipt: Receipt, restored: (fromSeq: number) => void): void
  isConfirmed(spool: string, seq: number): boolean
  isOvertaken(spool: string, seq: number): boolean
  /** These numbers will never be sent; a Gap says so. */
  giveUp(spool: string, range: Range): void
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
    bytesMax: options.bytesMax + options.segmentBytesMax,
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
  let seq = 0
  let inSegment = 0
  let waiting = 0
  let drainWaiters: { bytes: number; resolve(): void }[] = []
  let dropping: Promise<void> | undefined
  let unwritten: Gap | undefined
  let lastError: unknown

  const settle = (bytes: number) => {
    waiting -= bytes
    drainWaiters = drainWaiters.filter((waiter) => {
      if (waiting > waiter.bytes) return true
      waiter.resolve()
      return false
    })
  }

  const beginSegment = () => {
    inSegment = 0
    const checkpoint = encodeCheckpoint({
      format: 1,
      spool: id,
      group: options.group,
      nextSeq: seq + 1,
      streams: checkpointStreams(streams),
    })
    segmentLog.append(checkpoint).catch((error) => log.error({ err: error }, 'the spool cannot write its checkpoint'))
    for (const bytes of schemas.values()) void add({ type: 'schema', bytes })
  }

  const roll = () => {
    inSegment = 0
    segmentLog.roll().catch((error) => log.error({ err: error }, 'the spool cannot begin a segment'))
    beginSegment()
  }

  /** Appends, and makes room if there is none. Rejects if there is none to be made, or the disk can't be written. */
  const append = async (bytes: Uint8Array): Promise<Position> => {
    for (;;) {
      try {
        if (segmentLog.bytes + bytes.length > options.bytesMax) await dropOldest()
        return await segmentLog.append(bytes)
      } catch (error) {
        if (!(error instanceof LogFullError) || !(await dropOldest())) throw error
      }
    }
  }
  const add: Spool['add'] = async (body, extra) => {
    // What can't be encoded throws before it has a number.
    const number = seq + 1
    const bytes = encodeEnvelope({ rig, spool: id, seq: number, body, ...(number === 1 ? { predecessor } : {}) })
    seq = number
    if (extra?.stream !== undefined && extra.state) setLast(streams, extra.stream, extra.state)
    waiting += bytes.length
    inSegment += bytes.length
    const { firstRowAtNs } = extra ?? {}
    const envelope = { seq: number, bytes, ...(firstRowAtNs === undefined ? {} : { firstRowAtNs }) }
    try {
      written(envelope, await append(bytes))
    } catch (error) {
      lastError = error
      held.hold(envelope)
    } finally {
      settle(bytes.length)
    }
  }

  const written = (envelope: HeldEnvelope, position: Position) => {
    index.noted(position.segment, id, envelope.seq)
    declareUnwritten()
    options.onDurable({ ...envelope, spool: id, position })
  }

  const held = createHeld({
    bytesMax: heldBytesMax,
    isConfirmed: (number) => index.isConfirmed(id, number),
    write: append,
    onWritten: written,
    onVolatile: (envelope) => options.onVolatile({ ...envelope, spool: id }),
    onLost({ seq: number, bytes }) {
      giveUp(id, { from: number, to: number })
      unwritten = addLoss(unwritten, id, number, bytes)
    },
    onChange(isHeld) {
      if (isHeld)
        log.error(
          { err: lastError },
          'the spool cannot be written: envelopes are kept in memory, and lost if the agent ends',
        )
      else log.warn('the spool can be written again')
      declareUnwritten()
      options.onHeld?.(isHeld)
    },
  })

  /** Declares what could not be written, as soon as something can be again. */
  const declareUnwritten = () => {
    if (!unwritten) return
    const gap = unwritten
    unwritten = undefined
    void add({ type: 'gap', gap })
  }

  const addAndRoll: Spool['add'] = (body, extra) => {
    if (body.type === 'schema') schemas.set(streamKey(body.bytes), body.bytes)
    if (inSegment > options.segmentBytesMax) roll()
    return add(body, extra)
  }

  /** Drops the oldest segment for want of room and declares what of it ingest does not have. False: there is none. */
  const dropOldest = async (): Promise<boolean> => {
    if (dropping) {
      await dropping
      return true
    }
    const entry = index.segments[0]
    if (!entry || index.segments.length < 2) {
      if (inSegment === 0) return false
      roll()
      return entry !== undefined && index.segments.length >= 2
    }
    let done = () => {}
    dropping = new Promise((resolve) => {
      done = resolve
    })
    try {
      const loss = await describeLoss(readSegment(folder, entry.name), entry, index.unconfirmed(entry))
      index.removeSegment(entry.name)
      await segmentLog.drop(entry.name)
      if (loss) {
        const { numbers, rows } = loss.gap
        for (const range of numbers) giveUp(entry.spool, range)
        log.error({ numbers, rows, spool: entry.spool }, 'the spool is full: its oldest envelopes are gone')
        for (const body of [...loss.kept, { type: 'gap' as const, gap: loss.gap }]) void add(body)
      }
      return true
    } finally {
      dropping = undefined
      done()
    }
  }

  const giveUp = (spool: string, range: Range) => index.giveUp(spool, range)

  const forget = () => {
    for (const entry of index.droppable()) {
      index.removeSegment(entry.name)
      segmentLog.drop(entry.name).catch((error) => log.error({ err: error }, 'the spool cannot delete a segment'))
    }
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
    confirm({ spool, through, ranges }, restored) {
      const gone = index.confirm(spool, through, ranges, restored)
      if (gone) {
        const detail = 'ingest once had these envelopes, has them no more, and the agent had forgotten them'
        const gap = {
          fromNs: 0n,
          toNs: 0n,
          streams: [],
          cause: 'ingest_restored' as const,
          detail,
          spool,
          numbers: [gone],
          rows: 0,
        }
        void addAndRoll({ type: 'gap', gap })
      }
      forget()
    },
    isConfirmed: index.isConfirmed,
    isOvertaken: index.isOvertaken,
    giveUp,
    states: index.states,
    bytes: () => segmentLog.bytes,
    unconfirmed: () => index.unconfirmedCount() + held.count(),
    async close() {
      await held.close()
      await segmentLog.close()
    },
  }
}

/** Which stream a schema is of, for keeping the newest of each: the name is the first field of its bytes. */
const streamKey = (schema: Uint8Array): string => Buffer.from(schema.subarray(2, 2 + schema[1]!)).toString()
