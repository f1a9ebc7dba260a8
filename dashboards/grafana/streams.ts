import { profile, type StandardChannel } from '../../protos/profile.ts'
import { overTime, type Query, type Window } from './queries.ts'
import { unitOf } from './units.ts'

// The streams that the boards draw: measurement, nominal rate, channels of the profile. A rig's stream of another name has
// boards of its own: copy one, change the measurement.

export interface Stream {
  measurement: string
  rateHz: number
}

/** Two periods. */
export const leastWindow = ({ rateHz }: Stream): string => `${2000 / rateHz}ms`

/** How often agents tell of their health and their clock, s (healthEveryS, clockEveryS), twice. */
export const agentWindow = '20s'

const labelOf = (channel: StandardChannel): string => channel.replaceAll('_', ' ')

/** Channels over time, each under its own name. */
export const named = (stream: Stream, names: readonly StandardChannel[], fn: Window = 'mean'): Query[] =>
  names.map((name) => overTime(stream.measurement, name, fn, labelOf(name)))

/** The same, but that one alone needs no name beside its rig's. */
export const channels = (stream: Stream, names: readonly StandardChannel[], fn: Window = 'mean'): Query[] =>
  names.length === 1 ? [overTime(stream.measurement, names[0]!, fn, '')] : named(stream, names, fn)

/** Lowest and highest value of each window: what lies between was there. */
export const band = (stream: Stream, name: StandardChannel): Query[] => [
  overTime(stream.measurement, name, 'min', 'lowest'),
  overTime(stream.measurement, name, 'max', 'highest'),
]

/** The unit of channels that share an axis. Throws if they have not the same. */
export function sharedUnit(names: readonly StandardChannel[]): string {
  const units = [...new Set(names.map(unitOf))]
  if (units.length !== 1) throw new Error(`${names.join(', ')} have the units ${units.join(', ')}: give each a panel`)
  return units[0]!
}

export const describe = (...names: StandardChannel[]): string =>
  names.map((name) => `${profile[name].description}.`).join(' ')
