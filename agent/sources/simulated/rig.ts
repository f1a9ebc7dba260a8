import type { Channel } from '../../../protos/types.ts'
import type { Value } from '../source.ts'

// What a simulated rig is to the source: streams at whole rates on one tick, and a model that is read along it.

export interface RigStream {
  name: string
  /** Divides the rig's `ticksPerS`. */
  rateHz: number
  channels: Channel[]
}

export interface RigModel {
  /** The values of a stream's row at a tick, in the order of its channels. Ticks never fall; equal ones rise in stream. */
  read(stream: number, tick: number): Value[]
}

export interface Rig {
  ticksPerS: number
  streams: RigStream[]
  /** Channels that an instrument computes from another ("stream.channel"): without that one they have no value. */
  computedFrom: Record<string, string>
  /** Whether it is a simulator by itself, whose rows carry its simulation time. */
  simulator: boolean
  createModel(seed: number): RigModel
}

export const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)
