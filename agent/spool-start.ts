import type { LogRecord } from '../common/segment-log-types.ts'
import { decodeBody, readHeader } from '../protos/envelope.ts'
import { toHex } from '../protos/hex.ts'
import { decodeSchema } from '../protos/schema.ts'
import { hashSchema } from '../protos/schema-hash.ts'
import type { Body, EnvelopeHeader } from '../protos/types.ts'
import { type StreamState, stateAfter } from './batcher.ts'
import { addRows, type Facts, factsBetween, joinFacts } from './spool-facts.ts'
import type { SegmentEntry, SpoolIndex } from './spool-index.ts'
import type { RememberedSpool } from './spool-memory.ts'

// What a start finds in the spool of earlier starts. Nothing in it may keep an agent from starting: what can't be read is passed
// over, and the numbers that are missing then are declared once ingest has said that it lacks them too.

/** The first record of each segment, as JSON: what the agent knew of its streams when the segment began. */
export interface Checkpoint {
  format: 1
  spool: string
  group: string
  nextSeq: number
  /** In the order of their last batches. */
  streams: {
    stream: string
    lastNs?: string
    lastRowNs?: string
    era: number
    position: number
    origin: string
    through?: { position: number; origin: string }
  }[]
}

const openBrace = 0x7b

/** An encoded envelope never begins with '{': that would be field 15 with a wire type that does not exist in it. */
export const isCheckpoint = (record: Uint8Array): boolean => record[0] === openBrace

export const encodeCheckpoint = (checkpoint: Checkpoint): Uint8Array => Buffer.from(JSON.stringify(checkpoint))

/** Undefined for one that an error in memory or on the bus has changed before its CRC was made. */
function decodeCheckpoint(record: Uint8Array): Checkpoint | undefined {
  try {
    const read = JSON.parse(Buffer.from(record).toString()) as Checkpoint
    const isSound = typeof read.spool === 'string' && Number.isSafeInteger(read.nextSeq) && Array.isArray(read.streams)
    if (isSound) readStreams(read)
    return isSound ? read : undefined
  } catch {
    return undefined
  }
}

export const checkpointStreams = (streams: ReadonlyMap<string, StreamState>): Checkpoint['streams'] =>
  [...streams].map(([stream, { lastNs, lastRowNs, ...state }]) => ({
    stream,
    ...state,
    ...(lastNs === undefined ? {} : { lastNs: String(lastNs) }),
    ...(lastRowNs === undefined ? {} : { lastRowNs: String(lastRowNs) }),
  }))

const readStreams = ({ streams }: Checkpoint): Map<string, StreamState> =>
  new Map(
    streams.map(({ stream, lastNs, lastRowNs, ...state }) => [
      stream,
      {
        ...state,
        ...(lastNs === undefined ? {} : { lastNs: BigInt(lastNs) }),
        ...(lastRowNs === undefined ? {} : { lastRowNs: BigInt(lastRowNs) }),
      },
    ]),
  )

/** Sets a stream's state and makes it the last of the map, so that the map's order tells which stream was spooled last. */
export function setLast(streams: Map<string, StreamState>, stream: string, state: StreamState): void {
  const through = streams.get(stream)?.through
  streams.delete(stream)
  streams.set(stream, through && !state.through ? { ...state, through } : state)
}

/** Undefined for bytes that are no envelope. */
export function headerOf(bytes: Uint8Array): EnvelopeHeader | undefined {
  try {
    return readHeader(bytes)
  } catch {
    return undefined
  }
}

/** Undefined for a body that can't be read. */
export function bodyOf(bytes: Uint8Array, header: EnvelopeHeader): Body | undefined {
  try {
    return decodeBody(bytes, header).body
  } catch {
    return undefined
  }
}

export interface FoundSpool {
  /** The rig whose envelopes these are; undefined if there are none. */
  rig?: string
  predecessor: string
  streams: Map<string, StreamState>
  /** Segments without anything readable, of which it is not known whose numbers they held. */
  unreadable: string[]
}

/** What the start needs of the log: its segments of earlier starts, oldest first, and their records. */
export interface OldLog {
  segments: string[]
  /** `head`: the first few will do. */
  read(segment: string, head?: 'head'): AsyncIterable<LogRecord>
}

interface Head {
  segment: string
  checkpoint?: Checkpoint
  envelope?: EnvelopeHeader
}

/**
 * Reads what earlier starts left: fills the index with the numbers of each segment, and finds the last state of each
 * stream from the newest checkpoint and the batches behind it. Whole segments are read only where one spool ends.
 */
export async function readOldSpool(
  log: OldLog,
  index: SpoolIndex,
  remembered: readonly RememberedSpool[] = [],
): Promise<FoundSpool> {
  const heads: Head[] = []
  for (const segment of log.segments) heads.push(await readHead(log, segment))
  const unreadable = await noteNumbers(log, heads, index)
  index.recall(remembered)
  const { checkpoint, streams } = await lastStates(log, heads, index)
  await noteFacts(log, heads, streams, index)
  const predecessor = index.segments.findLast(({ spool }) => spool !== '')?.spool ?? checkpoint?.spool ?? ''
  const rig = heads.findLast(({ envelope }) => envelope)?.envelope?.rig
  return { predecessor, streams, unreadable, ...(rig === undefined ? {} : { rig }) }
}

async function readHead(log: OldLog, segment: string): Promise<Head> {
  let checkpoint: Checkpoint | undefined
  for await (const { bytes } of log.read(segment, 'head')) {
    if (isCheckpoint(bytes)) {
      checkpoint ??= decodeCheckpoint(bytes)
      continue
    }
    const envelope = headerOf(bytes)
    if (envelope) return { segment, envelope, ...(checkpoint ? { checkpoint } : {}) }
  }
  return checkpoint ? { segment, checkpoint } : { segment }
}

/** Returns the segments that can't be read and that no numbers can be told of. */
async function noteNumbers(log: OldLog, heads: Head[], index: SpoolIndex): Promise<string[]> {
  let unreadable: string[] = []
  const unknown: string[] = []
  // One pass for each, for there may be thousands of segments.
  const lastOf = new Map<string, SegmentEntry>()
  /** The highest number that a checkpoint of the spool knew of. */
  const told = new Map<string, number>()
  for (const { checkpoint } of heads) {
    if (checkpoint) told.set(checkpoint.spool, Math.max(told.get(checkpoint.spool) ?? 0, checkpoint.nextSeq - 1))
  }
  const following: (EnvelopeHeader | undefined)[] = []
  heads.reduceRight<EnvelopeHeader | undefined>((next, { envelope }, i) => {
    following[i] = next
    return envelope ?? next
  }, undefined)
  for (const [i, { segment, checkpoint, envelope }] of heads.entries()) {
    if (!envelope) {
      index.segments.push({ name: segment, spool: '', first: 0, last: 0 })
      if (!checkpoint) unreadable.push(segment)
      continue
    }
    const { spool, seq } = envelope
    const before = lastOf.get(spool)?.last
    const entry = index.noted(segment, spool, seq, checkpoint?.spool === spool ? checkpoint.group : undefined)
    // If these were deleted long ago, ingest has them, and says so before anything is declared.
    const nextSeq = checkpoint?.spool === spool ? Math.min(checkpoint.nextSeq, seq) : seq
    const from = before !== undefined ? before + 1 : unreadable.length > 0 ? 1 : nextSeq
    if (from < seq) {
      index.noted(segment, spool, from)
      index.damaged(spool, { from, to: seq - 1 }, undefined)
    } else unknown.push(...unreadable)
    unreadable = []
    lastOf.set(spool, entry)
    const next = following[i]
    if (next?.spool === spool) {
      index.noted(segment, spool, Math.max(entry.last, next.seq - 1))
      continue
    }
    for await (const { bytes } of log.read(segment)) {
      const header = isCheckpoint(bytes) ? undefined : headerOf(bytes)
      if (header?.spool === spool) index.noted(segment, spool, header.seq)
    }
    // A later checkpoint of the spool, in a segment whose envelopes are gone.
    const last = told.get(spool) ?? 0
    if (last <= entry.last) continue
    index.damaged(spool, { from: entry.last + 1, to: last }, undefined)
    index.noted(segment, spool, last)
  }
  return [...unknown, ...unreadable]
}

/**
 * The times of each segment's rows, from its own checkpoint and the next one's: nothing is read for it, but where a stream begins, whose
 * first time no checkpoint has.
 */
async function noteFacts(
  log: OldLog,
  heads: Head[],
  streams: ReadonlyMap<string, StreamState>,
  index: SpoolIndex,
): Promise<void> {
  let after: ReadonlyMap<string, StreamState> = streams
  const entries = new Map(index.segments.map((entry) => [entry.name, entry]))
  for (const { segment, checkpoint } of heads.toReversed()) {
    if (!checkpoint) continue
    const before = readStreams(checkpoint)
    const entry = entries.get(segment)
    const begins = [...after.keys()].some((stream) => !before.has(stream))
    const between = factsBetween(before, after)
    const read = begins ? await readFacts(log, segment) : undefined
    // What of it can't be read the next checkpoint knows of.
    const facts = read ? { ...(joinFacts(read, between) ?? read), rows: read.rows } : between
    if (entry && facts) entry.facts = facts
    after = before
  }
}

async function readFacts(log: OldLog, segment: string): Promise<Facts | undefined> {
  const names = new Map<string, string>()
  let facts: Facts | undefined
  for await (const { bytes } of log.read(segment)) {
    const header = isCheckpoint(bytes) ? undefined : headerOf(bytes)
    const body = header && bodyOf(bytes, header)
    if (body?.type === 'schema') noteSchema(body.bytes, names)
    if (body?.type === 'batch') facts = addRows(facts, names.get(toHex(body.batch.schema)), body.batch.times)
  }
  return facts
}

async function lastStates(
  log: OldLog,
  heads: Head[],
  index: SpoolIndex,
): Promise<{ checkpoint?: Checkpoint; streams: Map<string, StreamState> }> {
  const start = Math.max(
    0,
    heads.findLastIndex(({ checkpoint }) => checkpoint),
  )
  const checkpoint = heads[start]?.checkpoint
  let streams = checkpoint ? readStreams(checkpoint) : new Map<string, StreamState>()
  const names = new Map<string, string>()
  for (const { segment } of heads.slice(start)) {
    for await (const { bytes } of log.read(segment)) {
      if (!isCheckpoint(bytes)) applyEnvelope(bytes, streams, names, index)
      else {
        // The one that an orderly end has left is newer than what stands before it.
        const read = decodeCheckpoint(bytes)
        if (read) streams = readStreams(read)
      }
    }
  }
  return checkpoint ? { checkpoint, streams } : { streams }
}

/** Brings the streams' states up to an envelope. `names`: streams by the hash of their schema. */
function applyEnvelope(
  bytes: Uint8Array,
  streams: Map<string, StreamState>,
  names: Map<string, string>,
  index: SpoolIndex,
): void {
  const header = headerOf(bytes)
  const body = header && bodyOf(bytes, header)
  if (!header || !body) return
  if (body.type === 'schema') noteSchema(body.bytes, names)
  // The agent may have been killed before it noted down what it had declared.
  if (body.type === 'gap') index.declared(body.gap.spool, body.gap.numbers, header.spool, header.seq)
  if (body.type !== 'batch') return
  const { batch } = body
  const stream = names.get(toHex(batch.schema))
  if (stream === undefined) return
  setLast(streams, stream, stateAfter(batch, streams.get(stream)))
}

function noteSchema(schema: Uint8Array, names: Map<string, string>): void {
  const stream = streamOf(schema)
  if (stream !== undefined) names.set(toHex(hashSchema(schema)), stream)
}

function streamOf(schema: Uint8Array): string | undefined {
  try {
    return decodeSchema(schema).stream
  } catch {
    return undefined
  }
}
