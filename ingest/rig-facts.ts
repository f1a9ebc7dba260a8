import { decodeBody } from '../protos/envelope.ts'
import { decodeSchema } from '../protos/schema.ts'
import type { EnvelopeHeader, Health } from '../protos/types.ts'
import { createAgentWatch } from './rig-agents.ts'

// What a rig's envelopes say of the rig itself: its agent's health and how often that comes, its clock, and which streams it
// measures now. Kept in the catalog, so that it is known again after a restart of ingest, before anything comes.

/** Streams of one rig that are remembered as measured. */
const measuredMax = 256
/** Distances between health reports that are remembered. */
const distancesMax = 5
/** Reports further apart were not sent one after the other, ms. */
const distanceMaxMs = 3_600_000
/** Spools of one rig whose clock is remembered. */
const offsetsMax = 8

export interface RigFacts {
  /** The newest report. Without samples of bad lines after a restart. */
  health?: Health
  /** How often reports come, as seen, ms. */
  healthPeriodMs?: number
  /** Ingest's clock less the rig's, ns. */
  clockOffsetNs?: bigint
  /**
   * The streams that its agent measures: an agent names each of them, by its schema, at the head of its spool. Absent: not
   * known yet.
   */
  measured?: ReadonlySet<string>
  /** Two agents of this rig live at once, ms since 1970. */
  twoAgentsSinceMs?: number
}

export interface FactsOfRig {
  /** What of it holds for a while alone is looked at anew each time. */
  readonly facts: RigFacts
  /** Takes an envelope of the rig; throws if its body can't be read. Backlog changes nothing that newer ones have said. */
  stored(header: EnvelopeHeader, envelope: Uint8Array): void
  /** For the catalog. */
  toText(): string
}

interface At {
  spool: string
  seq: number
}

/** Spool ids sort by birth. */
const isOlder = (header: At, than: At | undefined): boolean =>
  than !== undefined && (header.spool < than.spool || (header.spool === than.spool && header.seq < than.seq))

/** `text`: as `toText` wrote it; what can't be read of it is forgotten. */
export function createFacts(text: string): FactsOfRig {
  let measuredIn = ''
  const facts: RigFacts = fromText(text)
  let healthAt: At | undefined
  let clockAt: At | undefined
  const distancesMs: number[] = facts.healthPeriodMs === undefined ? [] : [facts.healthPeriodMs]

  const addHealth = (health: Health, { spool, seq }: EnvelopeHeader) => {
    const before = healthAt?.spool === spool ? facts.health : undefined
    const distanceMs = before ? Number(health.tNs - before.tNs) / 1e6 : 0
    // One that was lost or is still on its way makes one distance of two.
    if (distanceMs > 0 && distanceMs <= distanceMaxMs) {
      distancesMs.push(distanceMs)
      if (distancesMs.length > distancesMax) distancesMs.shift()
      facts.healthPeriodMs = [...distancesMs].sort((a, b) => a - b)[distancesMs.length >> 1]!
    }
    facts.health = health
    healthAt = { spool, seq }
  }

  const addSchema = (stream: string, spool: string) => {
    if (spool < measuredIn) return
    // A new spool is a new start of the agent, perhaps with another configuration.
    const known = spool === measuredIn ? facts.measured : undefined
    measuredIn = spool
    if (known?.has(stream) || (known?.size ?? 0) >= measuredMax) return
    facts.measured = new Set([...(known ?? []), stream])
  }

  const agents = createAgentWatch()
  /** Of the newest spools; each agent has a clock of its own. */
  const offsetsNs = new Map<string, bigint>()
  const sampled = (spool: string, offsetNs: bigint) => {
    offsetsNs.delete(spool)
    if (offsetsNs.size >= offsetsMax) offsetsNs.delete(offsetsNs.keys().next().value as string)
    offsetsNs.set(spool, offsetNs)
  }

  return {
    get facts() {
      const nowMs = performance.now()
      const sinceMs = agents.sinceMs(nowMs)
      if (sinceMs === undefined) delete facts.twoAgentsSinceMs
      else facts.twoAgentsSinceMs ??= Math.round(Date.now() - (nowMs - sinceMs))
      return facts
    },
    stored(header, envelope) {
      const { bodyType } = header
      if (bodyType !== 'health' && bodyType !== 'clock_sample' && bodyType !== 'schema') return
      const { body } = decodeBody(envelope, header)
      if (body.type === 'clock_sample' && body.clockSample.stepNs === 0n)
        sampled(header.spool, body.clockSample.offsetNs)
      if (body.type === 'health') {
        agents.heard(header.spool, body.health.tNs + (offsetsNs.get(header.spool) ?? 0n), performance.now())
      }
      if (body.type === 'health' && !isOlder(header, healthAt)) addHealth(body.health, header)
      if (body.type === 'clock_sample' && body.clockSample.stepNs === 0n && !isOlder(header, clockAt)) {
        clockAt = { spool: header.spool, seq: header.seq }
        facts.clockOffsetNs = body.clockSample.offsetNs
      }
      if (body.type === 'schema') addSchema(decodeSchema(body.bytes).stream, header.spool)
    },
    toText() {
      const { health, healthPeriodMs, clockOffsetNs, measured } = facts
      return JSON.stringify({
        health: health && {
          ...health,
          tNs: String(health.tNs),
          sources: health.sources.map((source) => ({ ...source, badLineSamples: [] })),
        },
        healthPeriodMs,
        clockOffsetNs: clockOffsetNs === undefined ? undefined : String(clockOffsetNs),
        measured: measured && [...measured],
        measuredIn,
      })
    },
  }

  function fromText(text: string): RigFacts {
    if (text === '') return {}
    try {
      const read = JSON.parse(text)
      measuredIn = typeof read.measuredIn === 'string' ? read.measuredIn : ''
      return {
        ...(read.health ? { health: { ...read.health, tNs: BigInt(read.health.tNs) } } : {}),
        ...(typeof read.healthPeriodMs === 'number' ? { healthPeriodMs: read.healthPeriodMs } : {}),
        ...(typeof read.clockOffsetNs === 'string' ? { clockOffsetNs: BigInt(read.clockOffsetNs) } : {}),
        ...(Array.isArray(read.measured) ? { measured: new Set<string>(read.measured) } : {}),
      }
    } catch {
      // Written by another release: the rig says it all again within seconds.
      return {}
    }
  }
}
