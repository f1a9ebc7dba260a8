import type { LogRecord, Position, SegmentInfo } from '../common/segment-log-types.ts'
import { readSegment as readFile, sealedEnd } from '../common/segment-reader.ts'
import type { EnvelopeHeader, Range } from '../protos/types.ts'
import type { Facts } from './spool-facts.ts'
import type { SegmentEntry, SpoolIndex } from './spool-index.ts'
import { bodyOf, headerOf, isCheckpoint } from './spool-start.ts'

// The backlog, read from disk: what ingest still needs, and no whole segment of which it has everything. Numbers that are missing between
// readable ones were damaged: they are noted with the times of their neighbours.

/** Enough for a checkpoint and the first envelope behind it; a larger record is read whole all the same. */
const headBytes = 8 * 1024
/** Small: what is under way keeps alive the piece that it was read with, and the agent's memory is the rig's. */
const pieceBytes = 32 * 1024

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
        createWatch(entry, lastSeq, (spool, range, facts) => {
          const unknown = index.damaged(spool, range, facts)
          if (unknown.length > 0) onDamaged(spool, unknown, name)
        })
      for await (const records of readFile(folder, name, start, to, { chunkBytes: pieceBytes })) {
        for (const { position, next, bytes } of records) {
          const header = isCheckpoint(bytes) ? undefined : headerOf(bytes)
          if (!header) continue
          watch?.saw(header, bytes)
          stopped = { at: next, seq: header.seq }
          yield { spool: header.spool, seq: header.seq, bytes, position, next }
        }
      }
      watch?.ended(name !== end.segment)
    }
  }
}

/** Notices the numbers that are missing in a segment, whose own rise from its first to its last. */
function createWatch(
  entry: SegmentEntry,
  lastSeq: number | undefined,
  onMissing: (spool: string, range: Range, facts: Facts | undefined) => void,
) {
  let last = lastSeq
  /** The last readable batch: its rows are next to those that are missing. */
  let before: { bytes: Uint8Array; header: EnvelopeHeader } | undefined
  let missing: { range: Range; before: Facts | undefined }[] = []

  const tell = (after: Facts | undefined) => {
    for (const one of missing) {
      const [a, b] = [one.before ?? entry.facts, after ?? entry.facts]
      onMissing(entry.spool, one.range, a && b ? spanOf(a, b) : (a ?? b))
    }
    missing = []
  }
  const lost = (from: number, to: number) =>
    missing.push({ range: { from, to }, before: before && timesOf(before.bytes, before.header) })

  return {
    saw(header: EnvelopeHeader, bytes: Uint8Array) {
      if (header.spool !== entry.spool) return
      if (last !== undefined && header.seq > last + 1) lost(last + 1, header.seq - 1)
      last = Math.max(last ?? 0, header.seq)
      if (header.bodyType !== 'batch') return
      if (missing.length > 0) tell(timesOf(bytes, header))
      before = { bytes, header }
    },
    /** `whole`: nothing will be added to the segment any more. */
    ended(whole: boolean) {
      if (whole && last !== undefined && last < entry.last) lost(last + 1, entry.last)
      tell(undefined)
    },
  }
}

function timesOf(bytes: Uint8Array, header: EnvelopeHeader): Facts | undefined {
  const body = bodyOf(bytes, header)
  if (body?.type !== 'batch' || body.batch.rows === 0) return undefined
  const { times } = body.batch
  let [fromNs, toNs] = [times[0]!, times[0]!]
  for (const time of times) {
    if (time < fromNs) fromNs = time
    if (time > toNs) toNs = time
  }
  return { fromNs, toNs, streams: [], rows: 0 }
}

/** Streams that are flushed together lie side by side in the log, each with its own rows of the same time: all of their span. */
const spanOf = (a: Facts, b: Facts): Facts => ({
  fromNs: a.fromNs < b.fromNs ? a.fromNs : b.fromNs,
  toNs: a.toNs > b.toNs ? a.toNs : b.toNs,
  streams: [],
  rows: 0,
})
