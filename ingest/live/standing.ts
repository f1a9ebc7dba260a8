import type { RigState } from '../state.ts'
import type { LiveStream } from './live-stream.ts'

// How a rig and its streams stand, from what is stored: the newest row of each stream, and the newest envelope of any kind.
// A connection says nothing: an agent may be connected and store nothing, or be cut off and bring everything later.
// What came at a time that is still to come was stored by a clock that has been set back: it says as little of now as what is old.

export type StreamStanding = 'live' | 'late' | 'ahead' | 'stale' | 'ended'
export type RigStanding = 'live' | 'late' | 'stale' | 'offline' | 'never_seen'

/** A stream's newest row, and what that means. */
export interface StreamLook {
  stream: LiveStream
  standing: StreamStanding
  /** Since the newest batch came, ms. */
  receivedAgoMs: number
  /** The newest row's age now and when it came, by ingest's clock, ms; undefined if its time can't be read. */
  ageMs: number | undefined
  lateMs: number | undefined
}

export interface RigLook {
  state: RigStanding
  /** What makes it so, in words; empty for live. */
  why: string
  /** Offline: when the last envelope was stored. Stale: when the last row of the stream that makes it so was. Ms since 1970. */
  sinceMs: number | undefined
  /** Of the row that was stored last, the rig's clock. */
  lastRowNs: bigint | undefined
  streams: StreamLook[]
}

const nsPerMs = 1_000_000
/** A row more than this ahead of ingest's clock has a wrong time, ms. */
const aheadMs = 1000
/** Nothing stored for longer than this, or three health reports: offline, ms. */
const offlineLeastMs = 30_000
const offlinePeriods = 3

/** Late means that rows come, but so old that a stream would be called stale after that time. */
export function standingOf(receivedAgoMs: number, lateMs: number | undefined, staleAfterMs: number): StreamStanding {
  if (receivedAgoMs > staleAfterMs) return 'stale'
  if (lateMs !== undefined && lateMs > staleAfterMs) return 'late'
  if (lateMs !== undefined && lateMs < -aheadMs) return 'ahead'
  return 'live'
}

export function lookAtStream(stream: LiveStream, rig: RigState, nowNs: bigint): StreamLook {
  const receivedAgoMs = Number(nowNs - stream.receivedNs) / nsPerMs
  // The newest row's time by ingest's clock.
  const timeNs = stream.timeNs === undefined ? undefined : stream.timeNs + (rig.clockOffsetNs ?? 0n)
  const lateMs = timeNs === undefined ? undefined : Number(stream.receivedNs - timeNs) / nsPerMs
  const standing = standingOf(Math.abs(receivedAgoMs), lateMs, stream.staleAfterMs)
  return {
    stream,
    standing: standing === 'stale' && hasEnded(stream, rig) ? 'ended' : standing,
    receivedAgoMs,
    ageMs: timeNs === undefined ? undefined : Number(nowNs - timeNs) / nsPerMs,
    lateMs,
  }
}

/**
 * Nothing more is to come: the agent runs without this stream, or its sources have all ended, or the one that bears the
 * name of the stream's kind of source has (health reports name sources, schemas kinds: they are the same unless configured).
 */
function hasEnded({ stream, source }: LiveStream, { health, measured }: RigState): boolean {
  if (measured !== undefined && !measured.has(stream)) return true
  const sources = health?.sources ?? []
  const ended = sources.filter(({ state }) => state === 'ended')
  return ended.length > 0 && (ended.length === sources.length || ended.some(({ name }) => name === source))
}

/** No envelope for longer than this: the rig is offline, ms. */
export const offlineAfterMs = ({ healthPeriodMs = 0 }: RigState): number =>
  Math.max(offlineLeastMs, offlinePeriods * healthPeriodMs)

/** When the newest envelope of any kind was stored, ms since 1970; 0 if none ever was. */
export const lastStoredMs = (rig: RigState, streams: readonly LiveStream[]): number =>
  rig.lastEnvelopeMs || streams.reduce((last, { receivedNs }) => Math.max(last, Number(receivedNs) / nsPerMs), 0)

/**
 * A rig stands as the worst of its streams that ought to be live, so that a stream in trouble is seen: those with a nominal
 * rate, unless they have ended. Irregular streams promise no rows: they count only where a rig has no others, and then the
 * best of them. A stream ahead of ingest's clock counts as live: its rows come.
 */
export function lookAtRig(rig: RigState, streams: readonly LiveStream[], nowNs: bigint): RigLook {
  const looks = streams.map((stream) => lookAtStream(stream, rig, nowNs))
  const newest = looks.reduce<StreamLook | undefined>(
    (best, look) => (look.receivedAgoMs < (best?.receivedAgoMs ?? Number.POSITIVE_INFINITY) ? look : best),
    undefined,
  )
  const look = { streams: looks, lastRowNs: newest?.stream.timeNs }
  const lastMs = lastStoredMs(rig, streams)
  const nowMs = Number(nowNs) / nsPerMs
  if (lastMs === 0) {
    return { ...look, state: 'never_seen', why: 'nothing of it was ever stored', sinceMs: undefined }
  }
  if (Math.abs(nowMs - lastMs) > offlineAfterMs(rig)) {
    return { ...look, state: 'offline', why: 'nothing of it is stored any more', sinceMs: lastMs }
  }
  return { ...look, ...worst(looks, rig) }
}

const ranks: Record<StreamStanding, number> = { ended: 0, live: 0, ahead: 0, late: 1, stale: 2 }
const live = { state: 'live', why: '', sinceMs: undefined } as const

function worst(looks: StreamLook[], { health }: RigState): Pick<RigLook, 'state' | 'why' | 'sinceMs'> {
  const going = looks.filter(({ standing }) => standing !== 'ended')
  if (going.length === 0) {
    const ended = looks.length > 0 || (health?.sources.every(({ state }) => state === 'ended') ?? false)
    if (ended) return { ...live, why: 'all that it measured has ended' }
    return { state: 'stale', why: 'its agent reports, but no row has come yet', sinceMs: undefined }
  }
  const regular = going.filter(({ stream }) => stream.periodMs !== undefined)
  const [first] = (regular.length > 0 ? regular : going).sort((a, b) =>
    regular.length > 0 ? byTrouble(b, a) : byTrouble(a, b),
  )
  const { standing, stream } = first!
  if (standing === 'stale') {
    const sinceMs = Number(stream.receivedNs) / nsPerMs
    return { state: 'stale', why: `no rows of ${namesOf(looks, 'stale')}`, sinceMs }
  }
  if (standing === 'late')
    return { state: 'late', why: `rows of ${namesOf(looks, 'late')} come late`, sinceMs: undefined }
  return live
}

const byTrouble = (a: StreamLook, b: StreamLook): number =>
  ranks[a.standing] - ranks[b.standing] || a.receivedAgoMs - b.receivedAgoMs

/** Names that are told; of more, only how many. */
const namesMax = 3

function namesOf(looks: StreamLook[], standing: StreamStanding): string {
  const names = looks.filter((look) => look.standing === standing).map(({ stream }) => stream.stream)
  const more = names.length - namesMax
  return more > 0 ? `${names.slice(0, namesMax).join(', ')} and ${more} more` : names.join(', ')
}
