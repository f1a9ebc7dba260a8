import { createThrottle, type Logger } from '../../common/log.ts'
import { decodeBody } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { ownRig } from '../../protos/topics.ts'
import type { EnvelopeHeader, Gap, Schema } from '../../protos/types.ts'
import type { BegunStream } from '../catalog/replaced-table.ts'
import type { Catalog } from '../catalog/types.ts'
import { peekBatch, schemaHashBytes } from '../live/peek-batch.ts'
import type { Own } from '../own.ts'
import type { Sequence } from '../sequence.ts'
import { standingOf } from './spool-chains.ts'

// A rig whose disk is lost begins with an empty one: a spool that names no predecessor, of a rig that had earlier ones. What the old disk
// had not delivered is gone and no number tells of it, so a Gap does, stream by stream: from the last row that is stored to the
// first one of the new spool. Where the streams stood is noted when the first envelope of any new spool comes, because a moment later
// newer rows have taken their place.

/** A stream that does not come again by then has its Gap up to the beginning of the spool. */
const comesWithinNs = 600_000_000_000n
/** Of a spool whose first number does not come no more is known by then. */
const forgetAfterNs = 7n * 86_400_000_000_000n
/** An old spool's first number seldom comes, and a rig may have a hundred thousand spools. */
const lookAgainMs = 30_000
/** Streams that are noted, all rigs together. */
const notedMax = 20_000

export interface BegunAnew {
  /** An envelope is durable, and the newest rows do not have it yet. Does not throw. */
  stored(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint): void
  /** Declares what is due. Rejects if the journal can't take it now. */
  look(): Promise<void>
}

export interface BegunOptions {
  catalog: Pick<Catalog, 'ranges' | 'replaced'>
  sequence: () => Pick<Sequence, 'spools' | 'absent' | 'undeclared'>
  own: () => Pick<Own, 'add'>
  /** The newest row of each stream of the rig. */
  lastRows(rig: string): { stream: string; timeNs: bigint; receivedNs: bigint }[]
  schemaOf(hash: string): Schema | undefined
  clockOffsetNs(rig: string): bigint | undefined
  nowNs(): bigint
  log: Logger
}

interface Begun {
  rig: string
  spool: string
  streams: Map<string, BegunStream>
  /** What tells is not here: no use to look again before (monotonic). */
  lookAfterMs: number
}

const keyOf = (rig: string, spool: string): string => `${rig} ${spool}`

export function createBegunAnew(options: BegunOptions): BegunAnew {
  const { log } = options
  const catalog = options.catalog.replaced
  const throttle = createThrottle()
  const known = new Map<string, Set<string>>()
  const begun = new Map<string, Begun>()
  let noted = 0
  for (const { rig, spool } of options.catalog.ranges().spools) spoolsOf(rig).add(spool)
  for (const each of catalog.begun()) {
    spoolsOf(each.rig).add(each.spool)
    note(each)
  }

  function spoolsOf(rig: string): Set<string> {
    const spools = known.get(rig) ?? new Set()
    known.set(rig, spools)
    return spools
  }

  function note(each: BegunStream): void {
    const key = keyOf(each.rig, each.spool)
    const spool = begun.get(key) ?? { rig: each.rig, spool: each.spool, streams: new Map(), lookAfterMs: 0 }
    begun.set(key, spool)
    if (!spool.streams.has(each.stream)) noted++
    spool.streams.set(each.stream, each)
  }

  const settle = (rig: string, spool: string, streams?: readonly string[]) => {
    const key = keyOf(rig, spool)
    const entry = begun.get(key)
    if (!entry) return
    for (const stream of streams ?? [...entry.streams.keys()]) {
      if (!entry.streams.delete(stream)) continue
      noted--
      catalog.removeBegun(rig, spool, stream)
    }
    if (entry.streams.size === 0) begun.delete(key)
  }

  const begin = ({ rig, spool, seq, predecessor }: EnvelopeHeader, receivedNs: bigint) => {
    const spools = spoolsOf(rig)
    if (spools.has(spool)) return
    const isFirst = spools.size === 0
    spools.add(spool)
    if (isFirst || (seq === 1 && predecessor !== '')) return
    const rows = options.lastRows(rig)
    if (noted + rows.length > notedMax) {
      throttle('noted', () =>
        log.error({ rig, spool }, `${noted} streams of new spools are noted: of this one no lost disk is told`),
      )
      return
    }
    const streams = rows.map(({ stream, timeNs, receivedNs: lastReceivedNs }) => ({
      ...{ rig, spool, stream, lastNs: timeNs, lastReceivedNs, begunNs: receivedNs },
      first: undefined,
    }))
    for (const each of streams) note(each)
    catalog.saveBegun(streams)
  }

  const takeFirst = ({ streams }: Begun, header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint) => {
    const peeked = peekBatch(envelope, header.bodyStart, header.bodyEnd)
    if (!peeked || peeked.rows === 0) return
    const hash = toHex(envelope.subarray(peeked.schemaStart, peeked.schemaStart + schemaHashBytes))
    const at = streams.get(options.schemaOf(hash)?.stream ?? '')
    if (!at || (at.first && at.first.seq <= header.seq)) return
    const { body } = decodeBody(envelope, header)
    if (body.type !== 'batch') return
    const now = { ...at, first: { seq: header.seq, ns: body.batch.times[0]!, receivedNs } }
    streams.set(at.stream, now)
    catalog.saveBegun([now])
  }

  /** A Gap of ingest's own that says so already: the look may have been broken off behind it. */
  const takeGap = (header: EnvelopeHeader, envelope: Uint8Array) => {
    const { body } = decodeBody(envelope, header)
    if (body.type !== 'gap' || body.gap.cause !== 'agent_replaced' || body.gap.numbers.length > 0) return
    settle(body.gap.rig ?? '', body.gap.spool, body.gap.streams)
  }

  const take: BegunAnew['stored'] = (header, envelope, receivedNs) => {
    if (header.rig === ownRig) {
      if (header.bodyType === 'gap') takeGap(header, envelope)
      return
    }
    begin(header, receivedNs)
    if (begun.size > 0 && (header.seq === 1 || header.bodyType === 'gap'))
      for (const each of begun.values()) if (each.rig === header.rig) each.lookAfterMs = 0
    const entry = begun.size === 0 ? undefined : begun.get(keyOf(header.rig, header.spool))
    if (!entry) return
    if (header.seq === 1 && header.predecessor !== '') settle(header.rig, header.spool)
    else if (header.bodyType === 'batch') takeFirst(entry, header, envelope, receivedNs)
  }

  const gapOf = ({ rig, spool, stream, lastNs, lastReceivedNs, begunNs, first }: BegunStream): Gap => {
    const beganNs = begunNs - (options.clockOffsetNs(rig) ?? 0n)
    const risenNs = lastNs + positive((first?.receivedNs ?? begunNs) - lastReceivedNs)
    const toNs = first?.ns ?? beganNs
    return {
      fromNs: lastNs,
      // The clock of the new machine may stand before that of the old one: then what passed at ingest counts.
      toNs: toNs > lastNs ? toNs : risenNs,
      streams: [stream],
      cause: 'agent_replaced',
      detail:
        'the rig began with an empty disk: what the one before had not delivered is not here, however much that was',
      spool,
      numbers: [],
      rows: 0,
      rig,
    }
  }

  const isDue = (each: BegunStream, sequence: Pick<Sequence, 'absent'>): boolean =>
    each.first
      ? // Nothing before it is still on its way.
        sequence.absent(each.rig, each.spool, [{ from: 1, to: each.first.seq }]).length === 0
      : options.nowNs() - each.begunNs > comesWithinNs

  return {
    stored(header, envelope, receivedNs) {
      try {
        take(header, envelope, receivedNs)
      } catch (error) {
        // In memory it is known all the same.
        throttle('stored', (heldBack) =>
          log.warn({ err: error, rig: header.rig, heldBack }, 'where the streams of a rig stood cannot be noted'),
        )
      }
    },
    async look() {
      const due = [...begun.values()].filter(({ lookAfterMs }) => performance.now() >= lookAfterMs)
      if (due.length === 0) return
      const sequence = options.sequence()
      const rigs = new Map(due.map(({ rig }) => [rig, [...sequence.spools(rig)]]))
      for (const entry of due) {
        const { rig, spool, streams } = entry
        const standing = standingOf(spool, rigs.get(rig)!)
        if (standing === 'unknown') entry.lookAfterMs = performance.now() + lookAgainMs
        const [any] = streams.values()
        const isOld = any !== undefined && positive(options.nowNs() - any.begunNs) > forgetAfterNs
        if (standing === 'continues' || (standing === 'unknown' && isOld)) settle(rig, spool)
        if (standing !== 'replaced') continue
        for (const each of [...streams.values()]) {
          if (!isDue(each, sequence)) continue
          const gap = gapOf(each)
          await options.own().add({ type: 'gap', gap })
          settle(rig, spool, [each.stream])
          log.warn(
            { rig, spool, stream: each.stream },
            'the rig began with an empty disk: a Gap says that the one before may not have delivered all',
          )
        }
      }
    },
  }
}

const positive = (ns: bigint): bigint => (ns > 0n ? ns : 0n)
