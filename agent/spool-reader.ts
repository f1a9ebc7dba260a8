import type { LogRecord, Position, SegmentInfo } from '../common/segment-log-types.ts'
import { readSegment as readFile, sealedEnd } from '../common/segment-reader.ts'
import type { EnvelopeHeader, Range } from '../protos/types.ts'
import { type Facts, joinFacts, withGaps } from './spool-facts.ts'
import type { SegmentEntry, SpoolIndex } from './spool-index.ts'
import { bodyOf, headerOf, isCheckpoint } from './spool-start.ts'

// The backlog, read from disk: what ingest still needs, and no whole segment of which it has everything. Numbers that are missing between
// readable ones were damaged: they are noted with the times of their neighbours.

/** Enough for a checkpoint and the first envelope behind it; a larger record is read whole all the same. */
const headBytes = 8 * 1024
/** Read at a time, all into the same memory: the agent's memory is the rig's. */
const pieceBytes = 64 * 1024

/**
 * The records of one sealed segment, whose successor may say where it ends; `head`: in small pieces, for whoever needs the first few.
 * The folder is not listed for it: there may be thousands.
 */
export async function* readSegment(
  folder: string,
  segment: string,
  successor: string | undefined,
  head?: 'head',
): AsyncGenerator<LogRecord> {
  const end = head ? Number.MAX_SAFE_INTEGER : await sealedEnd(folder, segment, successor)
  const options = head ? { chunkBytes: headBytes } : {}
  for await (const records of readFile(folder, segment, 0, end, options)) yield* records
}

export interface ReadEnvelope {
  spool: string
  seq: number
  /** Written over when the next envelope is asked for. */
  bytes: Uint8Array
  position: Position
  next: Position
}

export interface SpoolReaderOptions {
  folder: string
  index: SpoolIndex
  segments(): SegmentInfo[]
  synced(): Position
  /** Numbers that cannot be read, and that nobody knew of. */
  onDamaged(spool: string, numbers: Range[], segment: string): void
}

/** Envelopes from a position (undefined: the oldest) to the end as it stands when the reading begins. */
export const createSpoolReader = ({ folder, index, segments, synced, onDamaged }: SpoolReaderOptions) => {
  /** Where the last reading stopped, and behind which number: what is missing there is noticed by the next one. */
  let stopped: { at: Position; seq: number } | undefined
  return async function* read(from: Position | undefined): AsyncGenerator<ReadEnvelope> {
    const end = synced()
    const before = createLastBatches()
    const names = segments()
    for (const [i, { name, sealed }] of names.entries()) {
      if (name > end.segment) break
      if (from && name < from.segment) continue
      const entry = index.segments.find((known) => known.name === name)
      if (sealed && entry && index.unconfirmed(entry).length === 0) continue
      const start = from?.segment === name ? from.offset : 0
      const to = name === end.segment ? end.offset : await sealedEnd(folder, name, names[i + 1]?.name)
      const goesOn = stopped?.at.segment === name && stopped.at.offset === start
      const lastSeq = goesOn ? stopped?.seq : start === 0 && entry && entry.first > 0 ? entry.first - 1 : undefined
      const watch =
        entry &&
        createWatch(entry, lastSeq, before, (spool, range, facts) => {
          const unknown = index.damaged(spool, range, facts)
          if (unknown.length > 0) onDamaged(spool, unknown, name)
        })
      try {
        for await (const records of readFile(folder, name, start, to, { chunkBytes: pieceBytes, reuse: true })) {
          for (const { position, next, bytes } of records) {
            const header = isCheckpoint(bytes) ? undefined : headerOf(bytes)
            if (!header) continue
            watch?.saw(header, bytes)
            stopped = { at: next, seq: header.seq }
            yield { spool: header.spool, seq: header.seq, bytes, position, next }
          }
        }
        watch?.ended(name !== end.segment)
      } finally {
        // Whoever reads may leave in between, and goes on behind what is missing.
        watch?.ended(false)
      }
    }
  }
}

/** The envelope at a position that was read once; undefined if it is gone or cannot be read any more. */
export async function readEnvelopeAt(folder: string, { segment, offset }: Position): Promise<Uint8Array | undefined> {
  for await (const [record] of readFile(folder, segment, offset, Number.MAX_SAFE_INTEGER, { chunkBytes: headBytes })) {
    return record?.position.offset === offset ? record.bytes : undefined
  }
  return undefined
}

/** Batches on either side of what is missing that are looked at. */
const neighboursMax = 32

interface Missing {
  range: Range
  before: Facts | undefined
}

/**
 * Notices the numbers that are missing in a segment, whose own rise from its first to its last. Which streams' rows were in them is not known,
 * and batches of several streams lie side by side, each with rows of about the same time: so the interval reaches over the batches on either side
 * until each stream of the segment was among them; if one is not near, over all that the segment is known to hold.
 */
function createWatch(
  entry: SegmentEntry,
  lastSeq: number | undefined,
  before: LastBatches,
  onMissing: (spool: string, range: Range, facts: Facts | undefined) => void,
) {
  let last = lastSeq
  const streams = entry.facts?.streams.length || Number.POSITIVE_INFINITY
  let missing: Missing[] = []
  /** Behind what is missing: streams (by schema) seen so far, and the span of their rows. */
  let seen = new Set<string>()
  let after: Facts | undefined
  let behind = 0
  before.clear()

  const tell = (whole: boolean) => {
    const until = whole ? after : spanOf(after, withGaps(entry.facts, entry.declares))
    for (const one of missing) onMissing(entry.spool, one.range, spanOf(one.before, until))
    missing = []
    after = undefined
  }
  const lost = (from: number, to: number) => {
    missing.push({ range: { from, to }, before: spanBefore(before, streams, withGaps(entry.facts, entry.declares)) })
    seen = new Set()
    behind = 0
  }

  return {
    saw(header: EnvelopeHeader, bytes: Uint8Array) {
      if (header.spool !== entry.spool) return
      if (last !== undefined && header.seq > last + 1) lost(last + 1, header.seq - 1)
      last = Math.max(last ?? 0, header.seq)
      if (header.bodyType !== 'batch') return
      if (missing.length > 0) {
        const batch = timesOf(bytes, header)
        after = spanOf(after, batch)
        if (batch) seen.add(batch.schema)
        const isWhole = seen.size >= streams
        if (isWhole || ++behind > neighboursMax) tell(isWhole)
      }
      before.add(header, bytes)
    },
    /** `whole`: nothing will be added to the segment any more. */
    ended(whole: boolean) {
      if (whole && last !== undefined && last < entry.last) lost(last + 1, entry.last)
      tell(false)
    },
  }
}

interface LastBatches {
  add(header: EnvelopeHeader, bytes: Uint8Array): void
  newestFirst(): { header: EnvelopeHeader; bytes: Uint8Array }[]
  clear(): void
}

/** Copies of the last readable batches, each in the memory of one that is no longer wanted. */
function createLastBatches(): LastBatches {
  const memories: Buffer[] = []
  let batches: { header: EnvelopeHeader; bytes: Uint8Array }[] = []
  let next = 0
  return {
    add(header, bytes) {
      let memory = memories[next]
      if (!memory || memory.length < bytes.length) {
        memory = Buffer.allocUnsafeSlow(bytes.length)
        memories[next] = memory
      }
      memory.set(bytes)
      batches[next] = { header, bytes: memory.subarray(0, bytes.length) }
      next = (next + 1) % neighboursMax
    },
    newestFirst: () => [...batches.slice(next), ...batches.slice(0, next)].reverse(),
    clear() {
      batches = []
      next = 0
    },
  }
}

/** Of the batches before: back to where each stream was among them. */
function spanBefore(before: LastBatches, streams: number, all: Facts | undefined): Facts | undefined {
  const seen = new Set<string>()
  let span: Facts | undefined
  for (const { bytes, header } of before.newestFirst()) {
    const batch = timesOf(bytes, header)
    if (!batch) continue
    span = spanOf(span, batch)
    seen.add(batch.schema)
    if (seen.size >= streams) return span
  }
  return spanOf(span, all)
}

function timesOf(bytes: Uint8Array, header: EnvelopeHeader): (Facts & { schema: string }) | undefined {
  const body = bodyOf(bytes, header)
  if (body?.type !== 'batch' || body.batch.rows === 0) return undefined
  const { times, schema } = body.batch
  let [fromNs, toNs] = [times[0]!, times[0]!]
  for (const time of times) {
    if (time < fromNs) fromNs = time
    if (time > toNs) toNs = time
  }
  return { fromNs, toNs, streams: [], rows: 0, schema: Buffer.from(schema).toString('hex') }
}

/** From the first to the last of both, of whatever streams. */
function spanOf(a: Facts | undefined, b: Facts | undefined): Facts | undefined {
  const facts = joinFacts(a, b)
  return facts && { fromNs: facts.fromNs, toNs: facts.toNs, streams: [], rows: 0 }
}
