import type { LogRecord } from '../common/segment-log-types.ts'
import { decodeBody, readHeader } from '../protos/envelope.ts'
import { decodeSchema } from '../protos/schema.ts'
import { hashSchema } from '../protos/schema-hash.ts'
import type { StreamState } from './batcher.ts'
import type { SpoolIndex } from './spool-index.ts'

// What a start finds in the spool of earlier starts.

/** The first record of each segment, as JSON: what the agent knew of its streams when the segment began. */
export interface Checkpoint {
  format: 1
  spool: string
  group: string
  nextSeq: number
  /** In the order of their last batches. */
  streams: { stream: string; lastNs?: string; era: number; position: number; origin: string }[]
}

const openBrace = 0x7b

/** An encoded envelope never begins with '{': that would be field 15 with a wire type that does not exist in it. */
export const isCheckpoint = (record: Uint8Array): boolean => record[0] === openBrace

export const encodeCheckpoint = (checkpoint: Checkpoint): Uint8Array => Buffer.from(JSON.stringify(checkpoint))

export const checkpointStreams = (streams: ReadonlyMap<string, StreamState>): Checkpoint['streams'] =>
  [...streams].map(([stream, { lastNs, ...state }]) => ({
    stream,
    ...state,
    ...(lastNs === undefined ? {} : { lastNs: String(lastNs) }),
  }))

/** Sets a stream's state and makes it the last of the map, so that the map's order tells which stream was spooled last. */
export function setLast(streams: Map<string, StreamState>, stream: string, state: StreamState): void {
  streams.delete(stream)
  streams.set(stream, state)
}

export interface FoundSpool {
  /** The rig whose envelopes these are; undefined if there are none. */
  rig?: string
  predecessor: string
  streams: Map<string, StreamState>
}

/** What the start needs of the log: its segments of earlier starts, oldest first, and their records. */
export interface OldLog {
  segments: string[]
  read(segment: string): AsyncIterable<LogRecord>
}

/**
 * Reads what earlier starts left: fills the index with the numbers of each segment, and finds the last state of each
 * stream from the newest checkpoint and the batches behind it. Whole segments are read only where one spool ends.
 */
export async function readOldSpool(log: OldLog, index: SpoolIndex): Promise<FoundSpool> {
  let rig: string | undefined
  for (const [i, segment] of log.segments.entries()) {
    const head = await firstEnvelope(log, segment)
    if (!head) {
      index.segments.push({ name: segment, spool: '', first: 0, last: 0 })
      continue
    }
    rig = head.rig
    index.noted(segment, head.spool, head.seq)
    const next = log.segments[i + 1]
    const nextHead = next === undefined ? undefined : await firstEnvelope(log, next)
    if (nextHead?.spool === head.spool) index.noted(segment, head.spool, nextHead.seq - 1)
    else {
      for await (const { bytes } of log.read(segment)) {
        if (!isCheckpoint(bytes)) index.noted(segment, head.spool, readHeader(bytes).seq)
      }
    }
  }
  const predecessor = index.segments.findLast(({ spool }) => spool !== '')?.spool ?? ''
  const { checkpoint, streams } = await lastStates(log)
  return { predecessor: predecessor || (checkpoint?.spool ?? ''), streams, ...(rig === undefined ? {} : { rig }) }
}

async function firstEnvelope(
  log: OldLog,
  segment: string,
): Promise<{ rig: string; spool: string; seq: number } | undefined> {
  for await (const { bytes } of log.read(segment)) {
    if (!isCheckpoint(bytes)) return readHeader(bytes)
  }
  return undefined
}

async function lastStates(log: OldLog): Promise<{ checkpoint?: Checkpoint; streams: Map<string, StreamState> }> {
  const streams = new Map<string, StreamState>()
  let checkpoint: Checkpoint | undefined
  let start = log.segments.length - 1
  for (; start >= 0 && !checkpoint; start--) {
    for await (const { bytes } of log.read(log.segments[start]!)) {
      if (isCheckpoint(bytes)) checkpoint = JSON.parse(Buffer.from(bytes).toString()) as Checkpoint
      break
    }
  }
  for (const { stream, lastNs, ...state } of checkpoint?.streams ?? []) {
    streams.set(stream, lastNs === undefined ? state : { ...state, lastNs: BigInt(lastNs) })
  }
  const names = new Map<string, string>()
  for (const segment of log.segments.slice(Math.max(0, start + 1))) {
    for await (const { bytes } of log.read(segment)) {
      if (!isCheckpoint(bytes)) applyEnvelope(bytes, streams, names)
    }
  }
  return checkpoint ? { checkpoint, streams } : { streams }
}

/** Brings the streams' states up to an envelope. `names`: streams by the hash of their schema. */
function applyEnvelope(bytes: Uint8Array, streams: Map<string, StreamState>, names: Map<string, string>): void {
  const { body } = decodeBody(bytes, readHeader(bytes))
  if (body.type === 'schema') {
    names.set(Buffer.from(hashSchema(body.bytes)).toString('hex'), decodeSchema(body.bytes).stream)
  }
  if (body.type !== 'batch') return
  const { batch } = body
  const stream = names.get(Buffer.from(batch.schema).toString('hex'))
  if (stream === undefined) return
  const before = streams.get(stream)
  const lastNs = batch.notRising ? before?.lastNs : batch.times[batch.rows - 1]
  setLast(streams, stream, {
    era: batch.era,
    position: batch.position,
    origin: batch.origin,
    ...(lastNs !== undefined ? { lastNs } : {}),
  })
}
