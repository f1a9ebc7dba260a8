import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import * as z from 'zod'
import { ulid } from '../../common/ulid.ts'
import { isName, nameRule } from '../../protos/topics.ts'
import type { Schema, SourceHealth } from '../../protos/types.ts'
import { sleep } from './replay/pace.ts'
import { checkFault, createFaults, faultConfig } from './simulated/faults.ts'
import type { Rig } from './simulated/rig.ts'
import { rigKinds, rigs } from './simulated/rigs.ts'
import { createTimeline } from './simulated/timeline.ts'
import type { OpenSource, Row, RowChunk, SourceContext } from './source.ts'

// A rig that is computed: the same seed gives the same values, bit for bit, on every machine with the same release of
// Node. It stamps its own rows, each a whole number of periods after the first.

export const simulatedConfig = z
  .strictObject({
    type: z.literal('simulated').describe('A simulated rig.'),
    name: z
      .string()
      .refine(isName, { error: `a name of ${nameRule}` })
      .optional()
      .describe('Name of the source; by default its type.'),
    rig: z
      .enum(rigKinds)
      .describe(
        'driving-simulator: a car in traffic and its driver. bio-bench: ECG, PPG, skin conductance and temperature of a person at rest. energy-bench: PV, inverter, battery, load and grid meter.',
      ),
    seed: z.number().int().min(0).max(4294967295).default(1).describe('The same seed gives the same values.'),
    prefix: z
      .string()
      .default('')
      .describe('Put in front of the names of the streams, where an agent has several rigs of a kind.'),
    speed: z
      .number()
      .min(0)
      .max(1e6)
      .default(1)
      .describe(
        '1: real time. N: N times as fast; the times of rows then run ahead of the clock. 0: as fast as the rows are taken.',
      ),
    durationS: z.number().positive().max(1e9).optional().describe('Ends after so many seconds of its own time.'),
    start: z
      .string()
      .refine((text) => startNs(text) !== undefined, { error: 'expected a time such as 2025-01-01T00:00:00Z' })
      .optional()
      .describe(
        'Time of the first row (ISO 8601, with Z or an offset). Then the whole run can be repeated, times included, and an agent that is started again goes on where it stopped. Absent: now.',
      ),
    faults: z.array(faultConfig).max(1000).default([]).describe('What goes wrong, and when.'),
  })
  .superRefine(({ rig, prefix, faults }, context) => {
    const tooLong = rigs[rig].streams.find(({ name }) => !isName(prefix + name))
    if (tooLong) {
      const message = `"${prefix}${tooLong.name}" is no name of a stream: ${nameRule}`
      context.addIssue({ code: 'custom', path: ['prefix'], message })
    }
    faults.forEach((fault, i) => {
      const problem = checkFault(fault, rigs[rig])
      if (problem) context.addIssue({ code: 'custom', path: ['faults', i, problem.key], message: problem.message })
    })
  })

export type SimulatedConfig = z.infer<typeof simulatedConfig>

/** ISO 8601 with seconds and zone, to ns; undefined if it is not. */
function startNs(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text)
  const ms = match ? Date.parse(match[1]! + match[3]!) : Number.NaN
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt((match![2] ?? '').padEnd(9, '0'))
}

/** Rows that come due within this time travel together. */
const tickMs = 20
const rowsMax = 500
/** The clock stepped (an agent without a battery clock is set right): follow it, as the agent itself does. */
const clockStepNs = 1_000_000_000n

/**
 * Streams as the rig's table says, with prefix. A row's position is its number; the origin names seed, rig, start and
 * faults. Only with `start` does it resume, by computing what was spooled again.
 */
export const openSimulated: OpenSource<SimulatedConfig> = async (config, context) => {
  const rig: Rig = rigs[config.rig]
  const faults = createFaults(config.faults, rig)
  const timeline = createTimeline(rig, rig.createModel(config.seed), faults)
  const endTick = config.durationS === undefined ? Number.POSITIVE_INFINITY : config.durationS * rig.ticksPerS
  const origin = originOf(config)
  const waits = config.start !== undefined || config.speed === 0
  const resumeAt = context.resume?.origin === origin ? context.resume.position : 0
  const clock = createRowClock(config, context, rig)

  let state: SourceHealth['state'] = 'running'
  let lost = 0

  const skipTo = async (position: number, signal: AbortSignal) => {
    while (timeline.position() < position && !signal.aborted) {
      for (let i = 0; i < rowsMax && timeline.position() < position; i++) timeline.next()
      await setImmediate()
    }
  }

  /** The rows that are due at a tick, a chunk of them at most. */
  const take = (dueTick: number): Row[] => {
    const rows: Row[] = []
    while (rows.length < rowsMax && timeline.tick() <= dueTick && timeline.tick() < endTick) {
      const row = timeline.next()
      if (!row) {
        lost++
        // A silent stretch counts too, so that catching up on it never holds the process.
        if (lost % rowsMax === 0) break
        continue
      }
      row.timeNs = clock.startNs() + row.timeNs!
      if (waits) row.position = timeline.position()
      rows.push(row)
    }
    return rows
  }

  async function* rows(signal: AbortSignal): AsyncGenerator<RowChunk> {
    await skipTo(resumeAt, signal)
    clock.begin(timeline.tick())
    while (!signal.aborted && timeline.tick() < endTick) {
      const chunk = take(clock.dueTick())
      if (chunk.length > 0) yield waits ? { rows: chunk, origin } : { rows: chunk }
      const waitMs = clock.waitMs(timeline.tick())
      // Timers and sockets get their turn between chunks, however much is due.
      if (waitMs > 0) await sleep(Math.max(waitMs, tickMs), signal)
      else await setImmediate()
    }
    if (!signal.aborted) state = 'ended'
  }

  const health = () => {
    const tick = timeline.tick()
    const parts = [
      `${config.rig}, seed ${config.seed}, ${(Math.min(tick, endTick) / rig.ticksPerS).toFixed(1)} s simulated`,
      ...(state === 'running' ? clock.notes(tick) : []),
      ...faults.underWay(tick).map((fault) => `fault: ${fault}`),
      ...(lost > 0 ? [`${lost} rows lost to dropouts`] : []),
    ]
    return { state, badLines: 0, badLineSamples: [], detail: parts.join('; ') }
  }
  return { streams: schemasOf(rig, config.prefix), rows, health, async close() {} }
}

const schemasOf = (rig: Rig, prefix: string): Schema[] =>
  rig.streams.map(({ name, rateHz, channels }) => ({
    stream: prefix + name,
    channels,
    period: { num: 1_000_000_000n / BigInt(rateHz), den: 1n },
    source: 'simulated',
  }))

/** With `start`, the same configuration continues the same rows; without, every opening measures anew. */
function originOf({ rig, seed, start, faults }: SimulatedConfig): string {
  if (start === undefined) return `simulated:${ulid()}`
  const text = JSON.stringify([rig, seed, start, faults])
  return `simulated:${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
}

interface RowClock {
  /** From now on, rows from this tick on come due. Later calls change nothing. */
  begin(tick: number): void
  /** Time of tick 0, ns. */
  startNs(): bigint
  /** The newest tick that is due. */
  dueTick(): number
  /** Until a tick is due, ms. */
  waitMs(tick: number): number
  notes(tick: number): string[]
}

/** Paced by the monotonic clock from one anchor on, so that nothing adds up to a drift. */
function createRowClock(config: SimulatedConfig, context: SourceContext, rig: Rig): RowClock {
  const { speed } = config
  const fixed = config.start !== undefined
  let start = fixed ? startNs(config.start!)! : context.nowNs()
  let anchor: { atMs: number; tick: number } | undefined
  let steps = 0
  const elapsedMs = () => performance.now() - anchor!.atMs
  const dueMs = (tick: number) => ((tick - anchor!.tick) * 1000) / rig.ticksPerS / speed

  const followStep = () => {
    if (fixed || speed !== 1) return
    const offNs = context.nowNs() - start - BigInt(Math.round(elapsedMs() * 1e6))
    if (offNs < clockStepNs && offNs > -clockStepNs) return
    start += offNs
    steps++
  }

  return {
    begin(tick) {
      if (anchor) return
      anchor = { atMs: performance.now(), tick }
      if (!fixed) start = context.nowNs()
    },
    startNs: () => start,
    dueTick() {
      if (speed === 0) return Number.POSITIVE_INFINITY
      followStep()
      return anchor!.tick + Math.floor((elapsedMs() * rig.ticksPerS * speed) / 1000)
    },
    waitMs: (tick) => (speed === 0 ? 0 : dueMs(tick) - elapsedMs()),
    notes(tick) {
      const behindMs = anchor && speed > 0 ? elapsedMs() - dueMs(tick) : 0
      return [
        ...(behindMs > 1000 ? [`${(behindMs / 1000).toFixed(1)} s behind`] : []),
        ...(steps > 0 ? [`followed ${steps} steps of the clock`] : []),
      ]
    },
  }
}
