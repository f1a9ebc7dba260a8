import { isScaled } from '../../../protos/physical.ts'
import type { Channel } from '../../../protos/types.ts'
import type { Limits } from './channel-tally.ts'

/**
 * A channel's range as its readings can have it: of f32 the nearest float, of a scaled integer the nearest of its steps. So a reading
 * that was clamped at the limit is equal to it, and not outside.
 */
export function limitsOf(channel: Channel | undefined): Limits {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = channel ?? {}
  if (!channel) return { min, max }
  return { min: asKept(channel, min), max: asKept(channel, max) }
}

function asKept(channel: Channel, limit: number): number {
  if (!Number.isFinite(limit)) return limit
  if (channel.kind === 'f32') return Math.fround(limit)
  if (channel.kind !== 'int' || !isScaled(channel)) return limit
  const { gain = 1, offset = 0 } = channel
  return gain === 0 ? limit : Math.round((limit - offset) / gain) * gain + offset
}
