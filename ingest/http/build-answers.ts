import type { Gap, Schema } from '../../protos/types.ts'
import type { LiveStream } from '../live/live-stream.ts'
import type { LiveChannel } from '../live/newest.ts'
import type { Live, LiveRig } from '../live.ts'
import type { IngestState, RigState, SinkState } from '../state.ts'
import type {
  ChannelAnswer,
  GapAnswer,
  LiveSchema,
  RigAnswer,
  RigsAnswer,
  SinksAnswer,
  StreamAnswer,
  StreamStanding,
} from './answers.ts'

// From what ingest and the live hub know to what the API answers.

const nsPerMs = 1_000_000

export function buildRigs(state: IngestState, live: Live, nowNs: bigint): RigsAnswer {
  const { name, version, groups, sinceMs, online } = state
  const lives = new Map(live.rigs().map((rig) => [rig.rig, rig]))
  const rigs = state.rigs().map((rig) => {
    const answer = buildRig(rig, lives.get(rig.rig), nowNs)
    lives.delete(rig.rig)
    return answer
  })
  // What came is shown, even if nobody said that there is such a rig.
  for (const rig of lives.values()) rigs.push(buildRig(unheardOf(rig.rig), rig, nowNs))
  rigs.sort((a, b) => (a.rig < b.rig ? -1 : 1))
  const nowMs = Number(nowNs / 1_000_000n)
  return { ingest: { name, version, groups, sinceMs, nowMs, online, counters: state.counters() }, rigs }
}

const unheardOf = (rig: string): RigState => ({
  rig,
  group: '',
  online: false,
  agentVersion: '',
  lastEnvelopeMs: 0,
  envelopes: 0,
  bytes: 0,
  missing: 0,
})

function buildRig(state: RigState, live: LiveRig | undefined, nowNs: bigint): RigAnswer {
  const { rig, group, online, agentVersion, lastEnvelopeMs, envelopes, bytes, missing, health, clockOffsetNs } = state
  return {
    rig,
    group,
    online,
    agentVersion,
    lastEnvelopeMs,
    envelopes,
    bytes,
    missing,
    spoolEnvelopes: health?.spoolEnvelopes ?? null,
    spoolBytes: health?.spoolBytes ?? null,
    memoryBytes: health?.memoryBytes ?? null,
    sources: (health?.sources ?? []).map(({ name, state, rows, badLines, detail }) => ({
      name,
      state,
      rows,
      badLines,
      detail,
    })),
    clockOffsetMs: clockOffsetNs === undefined ? null : Number(clockOffsetNs) / nsPerMs,
    gaps: live?.gaps ?? 0,
    lastGap: live?.lastGap ? buildGap(live.lastGap) : null,
    notShown: live?.notShown ?? 0,
    streams: (live?.streams ?? []).map((stream) => buildStream(stream, nowNs, clockOffsetNs ?? 0n)),
  }
}

const buildGap = ({ fromNs, toNs, cause, detail, streams }: Gap): GapAnswer => ({
  fromNs: String(fromNs),
  toNs: String(toNs),
  cause,
  detail,
  streams,
})

function buildStream(live: LiveStream, nowNs: bigint, clockOffsetNs: bigint): StreamAnswer {
  const { stream, source, schemaHash, periodMs, rowsPerS, readingsPerS, batches, staleAfterMs, era } = live
  const receivedAgoMs = Number(nowNs - live.receivedNs) / nsPerMs
  // The newest row's time by ingest's clock.
  const timeNs = live.timeNs === undefined ? undefined : live.timeNs + clockOffsetNs
  const lateMs = timeNs === undefined ? null : Number(live.receivedNs - timeNs) / nsPerMs
  return {
    stream,
    source,
    schema: schemaHash,
    standing: standingOf(receivedAgoMs, lateMs, staleAfterMs),
    rowsPerS,
    nominalRowsPerS: periodMs === undefined ? null : 1000 / periodMs,
    readingsPerS,
    batches,
    timeNs: live.timeNs === undefined ? null : String(live.timeNs),
    ageMs: timeNs === undefined ? null : Number(nowNs - timeNs) / nsPerMs,
    receivedAgoMs,
    lateMs,
    staleAfterMs,
    era,
    channels: live.channels.map(buildChannel),
    channelCount: live.channelCount,
    problems: live.problems,
  }
}

/** A row more than this ahead of ingest's clock has a wrong time, ms. */
const aheadMs = 1000

/** Late means that rows come, but so old that a stream would be called stale after that time. */
export function standingOf(receivedAgoMs: number, lateMs: number | null, staleAfterMs: number): StreamStanding {
  if (receivedAgoMs > staleAfterMs) return 'stale'
  if (lateMs !== null && lateMs > staleAfterMs) return 'late'
  if (lateMs !== null && lateMs < -aheadMs) return 'ahead'
  return 'live'
}

const buildChannel = ({ name, kind, unit, value, missing, range }: LiveChannel): ChannelAnswer => ({
  name,
  kind,
  unit,
  value: jsonValue(value),
  missing,
  range,
})

/** JSON has no bigint, NaN or infinity: they become text. */
function jsonValue(value: LiveChannel['value']): ChannelAnswer['value'] {
  if (value === undefined) return null
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value)
  return value
}

export const buildSinks = (sinks: SinkState[]): SinksAnswer => ({
  sinks: sinks.map(({ name, state, waitingFor = '', behindBytes, counters }) => ({
    name,
    state,
    waitingFor,
    behindBytes,
    counters,
  })),
})

export const buildLiveSchema = (rig: string, hash: string, schema: Schema): LiveSchema => ({
  hash,
  rig,
  stream: schema.stream,
  source: schema.source ?? '',
  period: schema.period ? { num: String(schema.period.num), den: String(schema.period.den) } : null,
  channels: schema.channels.map(({ name, kind, unit = '', code = '', description = '', ...numbers }) => ({
    name,
    kind,
    unit,
    code,
    description,
    ...numbers,
  })),
})
