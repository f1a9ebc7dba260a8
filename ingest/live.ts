import type { Logger } from '../common/log.ts'
import { decodeBody } from '../protos/envelope.ts'
import { toHex } from '../protos/hex.ts'
import { ownRig } from '../protos/topics.ts'
import type { EnvelopeHeader, Gap, Schema } from '../protos/types.ts'
import { createStreamRecord, type KnownSchema, type LiveStream, type StreamRecord } from './live/live-stream.ts'
import { peekBatch, schemaHashBytes } from './live/peek-batch.ts'
import { createRecent, type RecentEntry } from './live/recent.ts'

// The live hub: what has just become durable, for those who watch. It holds nothing back and nothing up: in memory, bounded,
// and without decoding where thousands of envelopes a second pass.

export interface LiveFilter {
  rig?: string | undefined
  stream?: string | undefined
}

/** A filter that is more than one rig and one stream. */
export type LiveMatch = (rig: string, stream: string) => boolean

/** Gets each batch as encoded, with its schema. Must not throw or wait. */
export type OnBatch = (rig: string, stream: string, envelope: Uint8Array, known: KnownSchema) => void

/** A rig as the table shows it: what came since ingest's start. */
export interface LiveRig {
  rig: string
  streams: LiveStream[]
  /** Gap envelopes, and the one with the highest number that came last. */
  gaps: number
  lastGap: Gap | undefined
  /** Batches that could not be shown: their schema is not here, they can't be read, or there are too many streams. */
  notShown: number
}

export interface Live {
  /** Takes an envelope that is durable. It is kept by reference. */
  stored(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint): void
  /** Calls back for each batch from now on, in the order in which they became durable; returns how to stop that. */
  subscribe(filter: LiveFilter | LiveMatch, onBatch: OnBatch): () => void
  /** Batches kept that came at or after `sinceNs` (ingest's clock), the newest up to `bytesMax`, oldest of them first. */
  recent(filter: LiveFilter, sinceNs: bigint, bytesMax: number): RecentEntry[]
  /** The number that the next batch gets among those that `recent` tells. */
  readonly next: number
  /** Sorted by name. */
  rigs(): LiveRig[]
  /** One of them, with so many channels of each stream, or as many as usual. With none, nothing is decoded: no times either. */
  rig(rig: string, channelsMax?: number): LiveRig | undefined
  names(): Iterable<string>
  has(rig: string, stream: string): boolean
  /** Every stream, with how to read its newest row. */
  newest(): Iterable<{ rig: string; stream: string; receivedNs: bigint; read(): LiveStream }>
  /** The last Gaps of a rig since ingest's start, newest first; bounded over all rigs. */
  gapsOf(rig: string): Gap[]
  readonly keptBytes: number
  readonly subscribers: number
}

export interface LiveOptions {
  /** How long batches are kept, ms, and how many bytes of them, all streams together. */
  keepMs?: number
  bytesMax?: number
  /** The schema of a hash in lower-case hex. Asked again after a second if there is none yet. */
  schemaOf(hashHex: string): Schema | undefined
  /** Ingest's clock, the one that `receivedNs` is from. */
  nowNs?: () => bigint
  /** Channels of a stream whose values the table gets. */
  channelsMax?: number
  log?: Logger
}

/** Beyond these, rigs and streams are stored as all others are, and not shown live. */
const rigsMax = 10_000
const streamsOfRigMax = 256
const streamsMax = 10_000
/** Schemas of one rig that are remembered; the oldest is asked for anew. */
const schemasOfRigMax = 512
const askAgainAfterNs = 1_000_000_000n
/** Gaps that are kept, all rigs together, and what their envelopes may take. */
const gapsMax = 1000
const gapBytesMax = 4 * 1024 * 1024
/** Of one rig, so many are told. */
const gapsOfRigMax = 50

type Lookup = { known: KnownSchema; record: StreamRecord } | { missingSinceNs: bigint }

interface RigRecord {
  rig: string
  streams: Map<string, StreamRecord>
  /** By the hash's bytes as latin1 text: the cheapest key there is. */
  lookups: Map<string, Lookup>
  gaps: number
  lastGap: { header: EnvelopeHeader; envelope: Uint8Array } | undefined
  notShown: number
}

const keyOf = (bytes: Uint8Array, start: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, schemaHashBytes).toString('latin1')

export function createLive(options: LiveOptions): Live {
  const { keepMs = 300_000, bytesMax = 64 * 1024 * 1024, channelsMax = 64, schemaOf, log } = options
  const nowNs = options.nowNs ?? (() => BigInt(Date.now()) * 1_000_000n)
  const recent = createRecent(keepMs, bytesMax)
  const rigs = new Map<string, RigRecord>()
  const subscriptions = new Set<{ filter: LiveFilter | LiveMatch; onBatch: OnBatch }>()
  const gaps = createGaps()
  let streams = 0

  const rigOf = (rig: string): RigRecord | undefined => {
    const known = rigs.get(rig)
    if (known || rigs.size >= rigsMax) return known
    const record = { rig, streams: new Map(), lookups: new Map(), gaps: 0, lastGap: undefined, notShown: 0 }
    rigs.set(rig, record)
    return record
  }

  const streamOf = (rig: RigRecord, stream: string): StreamRecord | undefined => {
    let record = rig.streams.get(stream)
    if (record) return record
    if (rig.streams.size >= streamsOfRigMax || streams >= streamsMax) return undefined
    record = createStreamRecord(stream)
    rig.streams.set(stream, record)
    streams++
    return record
  }

  const lookUp = (rig: RigRecord, key: string, receivedNs: bigint): Lookup => {
    const seen = rig.lookups.get(key)
    if (seen && ('known' in seen || receivedNs - seen.missingSinceNs < askAgainAfterNs)) return seen
    const hash = toHex(Buffer.from(key, 'latin1'))
    const schema = schemaOf(hash)
    const record = schema && streamOf(rig, schema.stream)
    const found = record ? { known: { hash, schema }, record } : { missingSinceNs: receivedNs }
    if (rig.lookups.size >= schemasOfRigMax) rig.lookups.delete(rig.lookups.keys().next().value as string)
    rig.lookups.set(key, found)
    return found
  }

  const publish = (rig: string, stream: string, envelope: Uint8Array, known: KnownSchema) => {
    for (const subscription of subscriptions) {
      if (!matches(subscription.filter, rig, stream)) continue
      try {
        subscription.onBatch(rig, stream, envelope, known)
      } catch (error) {
        subscriptions.delete(subscription)
        log?.error({ err: error, rig, stream }, 'a watcher failed: it gets no more batches')
      }
    }
  }

  const readRig = (rig: RigRecord, now: bigint, channels: number): LiveRig => ({
    rig: rig.rig,
    gaps: rig.gaps,
    lastGap: readGap(rig.lastGap),
    notShown: rig.notShown,
    streams: [...rig.streams.values()].map((stream) => stream.read(now, channels)).sort(byStream),
  })

  return {
    stored(header, envelope, receivedNs) {
      // What ingest itself enters is shown where it belongs.
      if (header.rig === ownRig) return
      if (header.bodyType !== 'batch' && header.bodyType !== 'gap') return
      const rig = rigOf(header.rig)
      if (!rig) return
      if (header.bodyType === 'gap') {
        rig.gaps++
        rig.lastGap = { header, envelope }
        gaps.add(rig.lastGap)
        return
      }
      const peeked = peekBatch(envelope, header.bodyStart, header.bodyEnd)
      const found = peeked && lookUp(rig, keyOf(envelope, peeked.schemaStart), receivedNs)
      if (!found || !('known' in found)) {
        rig.notShown++
        return
      }
      const { known, record } = found
      record.add(known, header, envelope, receivedNs, peeked.rows)
      recent.add({ rig: header.rig, stream: record.stream, envelope, receivedNs, known })
      publish(header.rig, record.stream, envelope, known)
    },
    subscribe(filter, onBatch) {
      const subscription = { filter, onBatch }
      subscriptions.add(subscription)
      return () => subscriptions.delete(subscription)
    },
    recent: (filter, sinceNs, bytesWanted) =>
      recent.newest(({ rig, stream }) => matches(filter, rig, stream), sinceNs, bytesWanted),
    rigs() {
      const now = nowNs()
      return [...rigs.values()].sort(byRig).map((rig) => readRig(rig, now, channelsMax))
    },
    rig(name, channels = channelsMax) {
      const rig = rigs.get(name)
      return rig && readRig(rig, nowNs(), channels)
    },
    names: () => rigs.keys(),
    has: (rig, stream) => rigs.get(rig)?.streams.has(stream) ?? false,
    *newest() {
      for (const { rig, streams: records } of rigs.values()) {
        for (const record of records.values()) {
          const { stream, receivedNs } = record
          yield { rig, stream, receivedNs, read: () => record.read(nowNs(), channelsMax) }
        }
      }
    },
    gapsOf: (rig) =>
      gaps
        .of(rig)
        .slice(0, gapsOfRigMax)
        .flatMap((each) => readGap(each) ?? []),
    get next() {
      return recent.next
    },
    get keptBytes() {
      return recent.bytes
    },
    get subscribers() {
      return subscriptions.size
    },
  }
}

const matches = (filter: LiveFilter | LiveMatch, rig: string, stream: string): boolean =>
  typeof filter === 'function'
    ? filter(rig, stream)
    : (filter.rig === undefined || filter.rig === rig) && (filter.stream === undefined || filter.stream === stream)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byRig = (a: { rig: string }, b: { rig: string }): number => compare(a.rig, b.rig)
const byStream = (a: { stream: string }, b: { stream: string }): number => compare(a.stream, b.stream)

/** The last ones, oldest first. */
function createGaps() {
  const kept: NonNullable<RigRecord['lastGap']>[] = []
  let bytes = 0
  return {
    add(gap: NonNullable<RigRecord['lastGap']>) {
      kept.push(gap)
      bytes += gap.envelope.length
      while (kept.length > gapsMax || bytes > gapBytesMax) bytes -= kept.shift()!.envelope.length
    },
    of: (rig: string) => kept.filter(({ header }) => header.rig === rig).reverse(),
  }
}

function readGap(last: RigRecord['lastGap']): Gap | undefined {
  if (!last) return undefined
  try {
    const { body } = decodeBody(last.envelope, last.header)
    return body.type === 'gap' ? body.gap : undefined
  } catch {
    // Counted all the same; the sinks quarantine it with its reason.
    return undefined
  }
}
