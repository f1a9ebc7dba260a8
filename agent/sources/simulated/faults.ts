import * as z from 'zod'
import type { Channel } from '../../../protos/types.ts'
import type { Value } from '../source.ts'
import { clamp, type Rig } from './rig.ts'

// Faults on demand: what goes wrong with real rigs, at a known time.

const at = z.number().min(0).max(1e9).describe('When it begins, s after the first row.')
const durationS = z.number().positive().max(1e9).optional().describe('How long it lasts, s; absent: to the end.')
const stream = z.string().optional().describe('The stream, without the prefix; absent: all of them.')
const channel = z.string().optional().describe('The channel; absent: all of the stream.')

export const faultConfig = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z
        .literal('lead_off')
        .describe('An electrode or sensor is off: its values are missing, and so is what is computed from them.'),
      at,
      durationS,
      stream,
      channel,
    }),
    z.strictObject({
      kind: z.literal('saturation').describe('The amplifier is overdriven: values are clipped at the range.'),
      at,
      durationS,
      stream,
      channel,
    }),
    z.strictObject({
      kind: z.literal('dropout').describe('The connection is lost: no rows at all.'),
      at,
      durationS,
      stream,
    }),
    z.strictObject({
      kind: z.literal('clock_step').describe("The device's clock jumps: times of all streams are shifted."),
      at,
      durationS,
      stepS: z
        .number()
        .min(-1e8)
        .max(1e8)
        .refine((step) => step !== 0, { error: 'a step of 0 is none' })
        .describe('By how much, s; below 0 into the past. After durationS, if given, the clock is set right again.'),
    }),
  ],
  { error: 'expected a fault with "kind": lead_off, saturation, dropout or clock_step' },
)
export type FaultConfig = z.infer<typeof faultConfig>

/** What is wrong with the names in a fault, by its key; undefined if nothing is. */
export function checkFault(fault: FaultConfig, rig: Rig): { key: 'stream' | 'channel'; message: string } | undefined {
  const { stream, channel } = { stream: undefined, channel: undefined, ...fault }
  if (stream === undefined) {
    if (channel === undefined) return undefined
    return { key: 'stream', message: 'a channel needs its stream' }
  }
  const found = rig.streams.find(({ name }) => name === stream)
  if (!found) return { key: 'stream', message: `the rig has ${rig.streams.map(({ name }) => name).join(', ')}` }
  const names = found.channels.map(({ name }) => name)
  if (channel === undefined || names.includes(channel)) return undefined
  return { key: 'channel', message: `the stream has ${names.join(', ')}` }
}

/** How much an overdriven amplifier amplifies too much. */
const overdrive = 20

interface Span {
  fromTick: number
  toTick: number
  fault: FaultConfig
  /** By stream: which channels are hit. */
  hits: boolean[][]
}

export interface Faults {
  /** Applies what is due to a row's values, in place; false: the row is lost. */
  apply(stream: number, tick: number, values: Value[]): boolean
  /** By how much the source's clock is off, ns. */
  stepNs(tick: number): bigint
  /** Those that are under way, in words. */
  underWay(tick: number): string[]
}

export function createFaults(configs: FaultConfig[], rig: Rig): Faults {
  // A fault that begins between two ticks shows at the next; 1e-6 of a tick forgives the rounding of decimal seconds.
  const toTick = (seconds: number) => Math.ceil(seconds * rig.ticksPerS - 1e-6)
  const spans = configs.map<Span>((fault) => ({
    fromTick: toTick(fault.at),
    toTick: fault.durationS === undefined ? Number.POSITIVE_INFINITY : toTick(fault.at + fault.durationS),
    fault,
    hits: findHits(fault, rig),
  }))
  const isDue = ({ fromTick, toTick }: Span, tick: number) => tick >= fromTick && tick < toTick

  return {
    apply(stream, tick, values) {
      for (const span of spans) {
        if (!isDue(span, tick)) continue
        const hits = span.hits[stream]!
        if (span.fault.kind === 'dropout') {
          if (hits.includes(true)) return false
        } else if (span.fault.kind !== 'clock_step') {
          const { channels } = rig.streams[stream]!
          const off = span.fault.kind === 'lead_off'
          for (let i = 0; i < values.length; i++) {
            if (hits[i]) values[i] = off ? null : saturate(values[i]!, channels[i]!)
          }
        }
      }
      return true
    },
    stepNs(tick) {
      let sum = 0n
      for (const span of spans) {
        if (span.fault.kind !== 'clock_step' || !isDue(span, tick)) continue
        sum += BigInt(Math.round(span.fault.stepS * 1e9))
      }
      return sum
    },
    underWay: (tick) => spans.filter((span) => isDue(span, tick)).map(({ fault }) => describe(fault)),
  }
}

function findHits(fault: FaultConfig, rig: Rig): boolean[][] {
  const { stream, channel } = { stream: undefined, channel: undefined, ...fault }
  const hits = rig.streams.map(({ name, channels }) =>
    channels.map(
      (each) => (stream === undefined || stream === name) && (channel === undefined || channel === each.name),
    ),
  )
  if (fault.kind !== 'lead_off') return hits
  const isHit = (path: string) =>
    rig.streams.some((each, s) => each.channels.some(({ name }, c) => `${each.name}.${name}` === path && hits[s]![c]))
  return rig.streams.map(({ name, channels }, s) =>
    channels.map((each, c) => hits[s]![c]! || isHit(rig.computedFrom[`${name}.${each.name}`] ?? '')),
  )
}

function saturate(value: Value, { min, max, gain = 1, offset = 0 }: Channel): Value {
  if (typeof value !== 'number' || min === undefined || max === undefined) return value
  const middle = (min + max) / 2
  const physical = clamp(middle + overdrive * (value * gain + offset - middle), min, max)
  return gain === 1 && offset === 0 ? physical : Math.round((physical - offset) / gain)
}

function describe(fault: FaultConfig): string {
  if (fault.kind === 'clock_step') return `clock_step of ${fault.stepS} s`
  const { stream, channel } = { channel: undefined, ...fault }
  return `${fault.kind} of ${stream === undefined ? 'all streams' : channel === undefined ? stream : `${stream}.${channel}`}`
}
