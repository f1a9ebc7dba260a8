import type { LiveStream } from '../live/live-stream.ts'
import { lastStoredMs, lookAtRig } from '../live/standing.ts'
import type { RigState, SinkState } from '../state.ts'
import type { AlertsConfig } from './config.ts'
import { createGapRule, type GapRule } from './gap-rule.ts'
import { sayBytes, sayDuration, sayTime } from './say.ts'
import type { Alert, Condition } from './types.ts'

// How everything stands to the rules, from what ingest knows of itself. What is bad, but not for long enough yet, is "between":
// so alerts that were raised before a restart of ingest stay raised until it is known that all is well.

/** What the rules look at. */
export interface Facts {
  nowMs: number
  /** Connected to the broker. */
  online: boolean
  rigs: RigState[]
  /** Without values. */
  streamsOf(rig: string): LiveStream[]
  /** Rigs that are not named in access.yaml are not watched. */
  namedOnly: boolean
  sinks: SinkState[]
  /** Undefined: not known. `daysLeft` undefined: too early to say. */
  disk: { folder: string; freeBytes: number; daysLeft: number | undefined } | undefined
  /** Entries that came within the time that the configuration says; undefined: not known. */
  quarantined: number | undefined
}

export interface Rules {
  gap: GapRule['add']
  look(facts: Facts): Condition[]
}

/** A little more than the threshold is needed to be well again. */
const margin = 1.2
const dayMs = 24 * 3600 * 1000
const healthPeriods = 3

/** `raised`: alerts of before a restart. */
export function createRules(config: AlertsConfig, raised: Alert[] = []): Rules {
  const gaps = createGapRule(config.gaps, raised)
  const waiting = createSince()
  let onlineSinceMs: number | undefined
  let offlineSinceMs: number | undefined
  const staleSince = createSince()

  const brokerRule = (nowMs: number): Condition[] => {
    if (offlineSinceMs === undefined) return []
    const text = `ingest has not been connected to its broker for ${sayDuration(nowMs - offlineSinceMs)}: no rig reaches it; look whether the broker runs, and at broker.url and the secret of ingest's configuration`
    const long = nowMs - offlineSinceMs >= config.broker.disconnectedS * 1000
    return [{ rule: 'broker', key: 'broker', standing: long ? 'bad' : 'between', sinceMs: offlineSinceMs, text }]
  }

  const rigRules = (rig: RigState, { nowMs, streamsOf }: Facts): Condition[] => {
    const streams = streamsOf(rig.rig)
    const lastMs = lastStoredMs(rig, streams)
    if (lastMs === 0) return []
    const about = { rig: rig.rig }
    if (nowMs - lastMs > config.rigs.forgetAfterD * dayMs) {
      const text = `rig ${rig.rig} is not watched any more: nothing came for ${config.rigs.forgetAfterD} days`
      return [well('rig_offline', rig.rig, text), well('rig_stale', rig.rig, text)]
    }
    // What an ingest that could hear nothing did not hear says nothing of the rig.
    const judgedMs = (sinceMs: number) =>
      onlineSinceMs === undefined ? 0 : nowMs - Math.max(sinceMs > nowMs ? 0 : sinceMs, onlineSinceMs)
    const conditions: Condition[] = []
    const silentMs = Math.max(config.rigs.offlineAfterS * 1000, healthPeriods * (rig.healthPeriodMs ?? 0))
    // Ahead of now: stored before the clock was set back.
    if (Math.abs(nowMs - lastMs) >= silentMs) {
      conditions.push({
        ...about,
        rule: 'rig_offline',
        key: `rig_offline/${rig.rig}`,
        standing: judgedMs(lastMs) >= silentMs ? 'bad' : 'between',
        sinceMs: lastMs,
        text: `rig ${rig.rig} is offline: nothing of it was stored ${lastMs > nowMs ? 'since the clock of ingest was set back' : `for ${sayDuration(nowMs - lastMs)}`} (last at ${sayTime(lastMs)}); look whether its agent runs and reaches the broker (${rig.online ? 'the broker says that it is connected' : 'the broker says that it is not connected'})`,
      })
    } else if (onlineSinceMs === undefined) {
      conditions.push(held('rig_offline', rig.rig))
    } else {
      conditions.push(well('rig_offline', rig.rig, `envelopes of rig ${rig.rig} are stored again`))
    }
    const look = lookAtRig(rig, streams, BigInt(Math.round(nowMs)) * 1_000_000n)
    if (look.state === 'stale') {
      const sinceMs = staleSince.at(rig.rig, look.sinceMs ?? nowMs)
      const text = `rig ${rig.rig} is stale for ${sayDuration(nowMs - sinceMs)}: ${look.why}; its agent reports, so look at its sources: ${saySources(rig)}`
      const long = judgedMs(sinceMs) >= config.rigs.staleAfterS * 1000
      const key = `rig_stale/${rig.rig}`
      conditions.push({ ...about, rule: 'rig_stale', key, standing: long ? 'bad' : 'between', sinceMs, text })
    } else {
      staleSince.end(rig.rig)
      // Without envelopes nobody knows of rows.
      if (look.state === 'offline' || onlineSinceMs === undefined) conditions.push(held('rig_stale', rig.rig))
      else conditions.push(well('rig_stale', rig.rig, `rows of rig ${rig.rig} are stored again`))
    }
    return conditions
  }

  const sinkRule = ({ name, state, waitingFor, behindBytes }: SinkState, nowMs: number): Condition[] => {
    const about = { rule: 'sink_lagging', key: `sink_lagging/${name}` } as const
    const stuck = state === 'waiting' || state === 'down' || state === 'closed'
    const sinceMs = stuck ? waiting.at(name, nowMs) : undefined
    if (!stuck && state !== 'starting') waiting.end(name)
    const { behindBytes: most, waitingS } = config.sinks
    const rest = `${sayBytes(behindBytes)} of the journal to go`
    const whatFor = waitingFor ? ` (${waitingFor})` : ''
    if (sinceMs !== undefined && nowMs - sinceMs >= waitingS * 1000) {
      const text = `sink ${name} is ${state} for ${sayDuration(nowMs - sinceMs)}${whatFor}, ${rest}: look whether its store runs; nothing is lost while the journal has room`
      return [{ ...about, standing: 'bad', sinceMs, text }]
    }
    if (behindBytes > most) {
      const text = `sink ${name} has ${rest}, more than ${sayBytes(most)}${whatFor}: its store is too slow or stands still; nothing is lost while the journal has room`
      return [{ ...about, standing: 'bad', text }]
    }
    if (stuck || state === 'starting' || behindBytes > most / margin)
      return [{ ...about, standing: 'between', text: '' }]
    return [{ ...about, standing: 'good', text: `sink ${name} keeps up again, ${rest}` }]
  }

  const diskRule = ({ disk }: Facts): Condition[] => {
    const about = { rule: 'disk', key: 'disk' } as const
    if (!disk) return [{ ...about, standing: 'between', text: '' }]
    const { folder, freeBytes, daysLeft } = disk
    const { days, freeBytes: least } = config.disk
    const toDo = `make room, move ${folder} to a larger disk, or let retention remove old files`
    if (freeBytes < least) {
      const text = `the disk of ${folder} has ${sayBytes(freeBytes)} free, less than ${sayBytes(least)}: ${toDo}`
      return [{ ...about, standing: 'bad', text }]
    }
    if (daysLeft !== undefined && daysLeft < days) {
      const text = `the disk of ${folder} is full in ${daysLeft.toFixed(1)} days at the rate of the last hours, ${sayBytes(freeBytes)} are free: ${toDo}`
      return [{ ...about, standing: 'bad', text }]
    }
    const well = freeBytes >= least * margin && daysLeft !== undefined && daysLeft >= days * margin
    const text = `the disk of ${folder} has ${sayBytes(freeBytes)} free`
    return [{ ...about, standing: well ? 'good' : 'between', text }]
  }

  const quarantineRule = ({ quarantined }: Facts): Condition[] => {
    const about = { rule: 'quarantine', key: 'quarantine' } as const
    const { entries, withinS } = config.quarantine
    if (quarantined === undefined) return [{ ...about, standing: 'between', text: '' }]
    if (quarantined < entries) return []
    const text = `${quarantined} ${quarantined === 1 ? 'entry' : 'entries'} came into quarantine within ${sayDuration(withinS * 1000)}: data that cannot be read or stored; look at them and at the rig that sends them`
    return [{ ...about, standing: 'bad', text }]
  }

  return {
    gap: gaps.add,
    look(facts) {
      const { nowMs, online } = facts
      onlineSinceMs = online ? (onlineSinceMs ?? nowMs) : undefined
      offlineSinceMs = online ? undefined : (offlineSinceMs ?? nowMs)
      const conditions: Condition[] = []
      if (config.broker.on) conditions.push(...brokerRule(nowMs))
      if (config.rigs.on) {
        for (const rig of facts.rigs) {
          if (rig.named || !facts.namedOnly) conditions.push(...rigRules(rig, facts), ...twoAgents(rig))
        }
      }
      if (config.gaps.on) conditions.push(...gaps.look(nowMs))
      if (config.sinks.on) for (const sink of facts.sinks) conditions.push(...sinkRule(sink, nowMs))
      if (config.disk.on) conditions.push(...diskRule(facts))
      if (config.quarantine.on) conditions.push(...quarantineRule(facts))
      return conditions
    },
  }
}

/** Known within a minute or so, and no longer true two minutes after it was seen last. */
function twoAgents({ rig, twoAgentsSinceMs }: RigState): Condition[] {
  if (twoAgentsSinceMs === undefined) return []
  const text = `two agents of rig ${rig} run at the same time: its disk was cloned, or its name was given twice; stop one of them, and give it a name and a data folder of its own: what both measure is stored under one name`
  return [{ rule: 'two_agents', key: `two_agents/${rig}`, rig, standing: 'bad', sinceMs: twoAgentsSinceMs, text }]
}

type RigRule = 'rig_offline' | 'rig_stale'
const held = (rule: RigRule, rig: string): Condition => ({ ...well(rule, rig, ''), standing: 'between' })
const well = (rule: RigRule, rig: string, text: string): Condition => ({
  rule,
  key: `${rule}/${rig}`,
  rig,
  standing: 'good',
  text,
})

/** Sources that are told. */
const sourcesMax = 5

function saySources({ health }: RigState): string {
  const sources = health?.sources ?? []
  if (sources.length === 0) return 'none are reported'
  return sources
    .slice(0, sourcesMax)
    .map(({ name, state, detail }) => `${name} ${state}${detail ? ` (${detail.slice(0, 200)})` : ''}`)
    .join(', ')
}

/** Since when something holds, by name. */
function createSince() {
  const since = new Map<string, number>()
  return {
    at(name: string, nowMs: number): number {
      const known = since.get(name)
      if (known !== undefined && known <= nowMs) return known
      since.set(name, nowMs)
      return nowMs
    },
    end: (name: string) => void since.delete(name),
  }
}
