import type { Gap, Schema } from '../../protos/types.ts'
import type { LiveStream } from '../live/live-stream.ts'
import type { LiveChannel } from '../live/newest.ts'
import { lookAtRig, type RigLook, type StreamLook } from '../live/standing.ts'
import type { Live, LiveRig } from '../live.ts'
import { unheardOf } from '../rigs.ts'
import type { IngestState, RigState, SinkState } from '../state.ts'
import type {
  ChannelAnswer,
  GapAnswer,
  LiveSchema,
  RigAnswer,
  RigDetail,
  RigsAnswer,
  SinksAnswer,
  StreamAnswer,
} from './answers.ts'

// From what ingest and the live hub know to what the API answers.

const nsPerMs = 1_000_000

/** Rigs whose names come after `after`, `limit` of them at most. */
export function buildRigs(
  state: IngestState,
  live: Live,
  nowNs: bigint,
  { after = '', limit = rigsMax }: { after?: string | undefined; limit?: number | undefined } = {},
): RigsAnswer {
  const { name, version, groups, sinceMs, online } = state
  const states = new Map(state.rigs().map((rig) => [rig.rig, rig]))
  const names = [...new Set([...states.keys(), ...live.names()])].sort().filter((rig) => rig > after)
  const rigs = names.slice(0, limit).map((rig) => {
    // What came is shown, even if nobody said that there is such a rig.
    return buildRig(lookAt(states.get(rig) ?? unheardOf(rig), state, live, nowNs))
  })
  const nowMs = Number(nowNs / 1_000_000n)
  return {
    ingest: { name, version, groups, sinceMs, nowMs, online, counters: state.counters() },
    rigs,
    next: names.length > limit ? rigs.at(-1)!.rig : null,
  }
}

/** The rigs of one answer. */
export const rigsMax = 1000

interface Looked {
  state: RigState
  live: LiveRig | undefined
  look: RigLook
}

function lookAt(rig: RigState, state: IngestState, live: Live, nowNs: bigint, channelsMax?: number): Looked {
  const found = live.rig(rig.rig, channelsMax)
  const streams = [...(found?.streams ?? []), ...state.remembered(rig.rig)].sort(byStream)
  return { state: rig, live: found, look: lookAtRig(rig, streams, nowNs) }
}

const byStream = (a: LiveStream, b: LiveStream): number => (a.stream < b.stream ? -1 : 1)

function buildRig({ state, live, look }: Looked): RigAnswer {
  const { rig, group, online, agentVersion, lastEnvelopeMs, envelopes, bytes, missing, health, clockOffsetNs } = state
  return {
    rig,
    group,
    state: look.state,
    why: look.why,
    sinceMs: look.sinceMs === undefined ? null : Math.round(look.sinceMs),
    lastRowNs: look.lastRowNs === undefined ? null : String(look.lastRowNs),
    online,
    agentVersion,
    twoAgentsSinceMs: state.twoAgentsSinceMs ?? null,
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
    streams: look.streams.map(buildStream),
  }
}

/** Missing numbers that are listed. */
const missingMax = 100

/** One rig whole; undefined if nobody ever heard of it. */
export function buildRigDetail(rig: string, state: IngestState, live: Live, nowNs: bigint): RigDetail | undefined {
  const known = state.rigs().find((each) => each.rig === rig)
  if (!known && !live.rig(rig)) return undefined
  const looked = lookAt(known ?? unheardOf(rig), state, live, nowNs, Number.POSITIVE_INFINITY)
  const missing = state.missingNumbers(rig)
  return {
    ...buildRig(looked),
    streams: looked.look.streams.map((look) => ({
      ...buildStream(look),
      channels: buildChannelDetails(look.stream),
    })),
    badLines: (looked.state.health?.sources ?? [])
      .filter(({ badLineSamples }) => badLineSamples.length > 0)
      .map(({ name, badLineSamples }) => ({ source: name, samples: badLineSamples })),
    missingNumbers: missing.slice(0, missingMax).map(({ spool, from, to }) => ({ spool, from, to })),
    missingCut: missing.length > missingMax,
    lastGaps: live.gapsOf(rig).map(buildGap),
  }
}

/** What the schema says, with the values of the newest batch where there are any. */
function buildChannelDetails({ schema, channels }: LiveStream): RigDetail['streams'][number]['channels'] {
  return (schema?.channels ?? []).map((channel, index) => {
    const { name, kind, unit = '', code = '', description = '', min = null, max = null } = channel
    const newest: LiveChannel = channels[index] ?? {
      name,
      kind,
      unit,
      value: undefined,
      missing: true,
      range: 'within',
    }
    return { ...buildChannel(newest), code, description, min, max }
  })
}

const buildGap = ({ fromNs, toNs, cause, detail, streams }: Gap): GapAnswer => ({
  fromNs: String(fromNs),
  toNs: String(toNs),
  cause,
  detail,
  streams,
})

function buildStream({ stream: live, standing, receivedAgoMs, ageMs, lateMs }: StreamLook): StreamAnswer {
  const { stream, source, schemaHash, periodMs, rowsPerS, readingsPerS, batches, staleAfterMs, era } = live
  return {
    stream,
    source,
    schema: schemaHash,
    standing,
    rowsPerS,
    nominalRowsPerS: periodMs === undefined ? null : 1000 / periodMs,
    readingsPerS,
    batches,
    timeNs: live.timeNs === undefined ? null : String(live.timeNs),
    ageMs: ageMs ?? null,
    receivedAgoMs,
    lateMs: lateMs ?? null,
    staleAfterMs,
    era,
    channels: live.channels.map(buildChannel),
    channelCount: live.channelCount,
    problems: live.problems,
  }
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
  sinks: sinks.map(({ name, state, waitingFor = '', behindBytes, owedBytes, owedRows, counters }) => ({
    name,
    state,
    waitingFor,
    behindBytes,
    ...(owedBytes === undefined ? {} : { owedBytes }),
    ...(owedRows === undefined ? {} : { owedRows }),
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
