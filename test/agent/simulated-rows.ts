import { openSimulated, type SimulatedConfig, simulatedConfig } from '../../agent/sources/simulated.ts'
import type { Row, Source, SourceContext } from '../../agent/sources/source.ts'
import type { Schema } from '../../protos/types.ts'
import { createContext, readAll } from './source-rows.ts'

// What the tests of the simulated rigs share: a run of fixed length, and its channels as arrays.

export const start = '2025-03-01T09:00:00Z'
export const startNs = BigInt(Date.parse(start)) * 1_000_000n

export const openRig = (config: object, context: Partial<SourceContext> = {}): Promise<Source> =>
  openSimulated(parseRig(config), createContext('.', context))

export const parseRig = (config: object): SimulatedConfig => simulatedConfig.parse({ type: 'simulated', ...config })

export interface Run {
  streams: Schema[]
  rows: Row[]
  /** The rows of a stream. */
  of(stream: string): Row[]
  /** Physical values of a channel; null where missing. */
  values(stream: string, channel: string): (number | null)[]
  /** The same, where none is missing. */
  numbers(stream: string, channel: string): number[]
  /** Seconds since the start of a stream's rows. */
  seconds(stream: string): number[]
}

/** Runs a rig for some seconds of its own time, as fast as it goes. */
export async function run(rig: string, seed: number, durationS: number, more: object = {}): Promise<Run> {
  const source = await openRig({ rig, seed, durationS, start, speed: 0, ...more })
  const rows = await readAll(source)
  const { streams } = source
  const indexOf = (stream: string) => streams.findIndex((each) => each.stream === stream)
  const of = (stream: string) => rows.filter((row) => row.stream === indexOf(stream))
  const values = (stream: string, channel: string) => {
    const { channels } = streams[indexOf(stream)]!
    const index = channels.findIndex(({ name }) => name === channel)
    const { gain = 1, offset = 0 } = channels[index]!
    return of(stream).map((row) => {
      const value = row.values[index]
      return typeof value === 'number' ? value * gain + offset : null
    })
  }
  return {
    streams,
    rows,
    of,
    values,
    numbers: (stream, channel) =>
      values(stream, channel).map((value, i) => {
        if (value === null) throw new Error(`${stream}.${channel} is missing in row ${i}`)
        return value
      }),
    seconds: (stream) => of(stream).map(({ timeNs }) => Number(timeNs! - startNs) / 1e9),
  }
}

export const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
export const mean = (values: number[]): number => sum(values) / values.length

/** Root of the mean square. */
export const rms = (values: number[]): number => Math.sqrt(mean(values.map((value) => value * value)))

/** Pearson's coefficient. */
export function correlation(a: number[], b: number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)]
  const shared = sum(a.map((value, i) => (value - meanA) * (b[i]! - meanB)))
  return shared / (a.length * rms(a.map((value) => value - meanA)) * rms(b.map((value) => value - meanB)))
}

/** Times at which a signal has a peak above a level, at least `apartS` apart. */
export function peaks(values: number[], seconds: number[], level: number, apartS: number): number[] {
  const found: number[] = []
  for (let i = 1; i < values.length - 1; i++) {
    if (values[i]! <= level || values[i]! < values[i - 1]! || values[i]! <= values[i + 1]!) continue
    if (found.length > 0 && seconds[i]! - found.at(-1)! < apartS) continue
    // The highest within the distance.
    let best = i
    for (let j = i; j < values.length && seconds[j]! - seconds[i]! < apartS; j++)
      if (values[j]! > values[best]!) best = j
    found.push(seconds[best]!)
    i = best
  }
  return found
}
