import { isName, nameRule } from '../../../protos/topics.ts'
import type { Channel, Period, Schema } from '../../../protos/types.ts'
import type { Value } from '../source.ts'
import type { Recording, Signal } from './recording.ts'
import type { RecordingConfig } from './recording-config.ts'

// Which signals of a recording become which channels: a stream for each rate.

export interface Layout {
  streams: Schema[]
  /** The rows of a frame in the order of their times: those of every rate of the recording, chosen or not, so that a
   * position means the same whatever is chosen. */
  slots: Slot[]
  /** Signals that are read. */
  chosen: ReadonlySet<number>
}

export interface Slot {
  /** undefined: no signal of this rate is chosen. */
  stream: number | undefined
  /** The row's number among those of its rate in the frame, and how many these are. */
  index: number
  perFrame: number
  columns: LayoutColumn[]
}

export interface LayoutColumn {
  signal: number
  value(raw: number): Value
}

/** Throws, saying what there is, if a signal that the configuration names is not there. */
export function createLayout(
  { what, signals, frame }: Pick<Recording, 'what' | 'signals' | 'frame'>,
  config: RecordingConfig,
  sourceName: string,
): Layout {
  const picks = pickSignals(signals, config, what)
  const names = new Set<string>()
  const rates = [...new Set(signals.map(({ perFrame }) => perFrame))]
  const used = rates.filter((perFrame) => picks.some(({ signal }) => signals[signal]!.perFrame === perFrame))
  const streams: Schema[] = []
  const columns = new Map<number, LayoutColumn[]>()
  for (const perFrame of used) {
    const own = picks.filter(({ signal }) => signals[signal]!.perFrame === perFrame)
    const period = reduce({ num: frame.num, den: frame.den * BigInt(perFrame) })
    const stream = streamName(config, period, used.length > 1, sourceName)
    if (!isName(stream)) throw new Error(`${what}: stream ${JSON.stringify(stream)} is no name (${nameRule})`)
    if (names.has(stream)) throw new Error(`${what}: two rates with a stream "${stream}": name them apart in "streams"`)
    names.add(stream)
    streams.push({ stream, channels: nameChannels(own, signals, config.values), period, source: sourceName })
    columns.set(
      perFrame,
      own.map(({ signal }) => ({ signal, value: converter(signals[signal]!, config.values) })),
    )
  }
  const inFrame = rates.reduce((sum, perFrame) => sum + perFrame, 0)
  if (inFrame > slotsMax)
    throw new Error(`${what}: ${inFrame} rows in a frame or data record; the limit is ${slotsMax}`)
  const slots = rates.flatMap((perFrame) => {
    const at = used.indexOf(perFrame)
    const stream = at < 0 ? undefined : at
    return Array.from({ length: perFrame }, (_, index) => ({
      stream,
      index,
      perFrame,
      columns: columns.get(perFrame) ?? [],
    }))
  })
  // a/b < c/d as integers; equal times in the order of the rates.
  slots.sort((a, b) => a.index * b.perFrame - b.index * a.perFrame)
  return { streams, slots, chosen: new Set(picks.map(({ signal }) => signal)) }
}

const slotsMax = 500_000

interface Chosen {
  signal: number
  config: Partial<NonNullable<RecordingConfig['channels']>[number]>
}

/** Which signals the configuration names, by their labels alone: known before anything of them is opened. */
export function pickSignals(signals: { label: string }[], { channels }: RecordingConfig, what: string): Chosen[] {
  if (!channels) return signals.map((_, signal) => ({ signal, config: {} }))
  return channels.map((config) => {
    const { signal } = config
    const fold = (text: string) => text.trim().normalize('NFC').toLowerCase()
    const found =
      typeof signal === 'number'
        ? signals[signal] && signal
        : firstOf([
            signals.findIndex(({ label }) => label === signal),
            signals.findIndex(({ label }) => fold(label) === fold(signal)),
          ])
    if (found !== undefined) return { signal: found, config }
    const there = signals.map(({ label }) => JSON.stringify(label)).join(', ')
    throw new Error(
      `${what}: there is no signal ${JSON.stringify(signal)}; there are ${there.slice(0, 2000) || 'none'}`,
    )
  })
}

const firstOf = (indexes: number[]): number | undefined => indexes.find((index) => index >= 0)

function streamName({ stream, streams }: RecordingConfig, period: Period, several: boolean, source: string): string {
  const rateHz = (1e9 * Number(period.den)) / Number(period.num)
  const named = streams.find((entry) => Math.abs(entry.rateHz - rateHz) <= rateHz * 1e-6)
  const base = stream ?? source
  return named?.name ?? (several ? `${base}_${Number(rateHz.toPrecision(6))}hz` : base)
}

/** Names that stand apart, whatever the case of their letters, and that the schema allows. */
function nameChannels(picks: Chosen[], signals: Signal[], values: RecordingConfig['values']): Channel[] {
  const taken = new Set<string>()
  return picks.map(({ signal, config }) => {
    const plain = (config.name ?? signals[signal]!.label)
      .replace(/[\p{Cc}\p{Cs}"\\]/gu, '_')
      .trim()
      .slice(0, 120)
      .trim()
    const base = plain === '' ? `signal_${signal + 1}` : plain
    let name = base
    const folded = () => name.normalize('NFC').toLowerCase()
    for (let i = 2; taken.has(folded()); i++) name = `${base}_${i}`
    taken.add(folded())
    return toChannel(name, signals[signal]!, config, values)
  })
}

function toChannel(name: string, signal: Signal, config: Chosen['config'], values: RecordingConfig['values']): Channel {
  const { calibration, rawMin, rawMax } = signal
  const raw = values === 'raw' || !calibration
  const channel: Channel = { name, kind: raw ? 'int' : 'f64' }
  const unit = config.unit ?? signal.unit
  const description = config.description ?? signal.description
  if (unit) channel.unit = unit
  if (config.code) channel.code = config.code
  if (description) channel.description = description
  if (raw && calibration) Object.assign(channel, { gain: calibration.gain, offset: calibration.offset })
  if (rawMin !== undefined && rawMax !== undefined) {
    // In the arithmetic of whoever compares with them, so that the last raw value is not beyond.
    const physical = (value: number) =>
      !calibration ? value : raw ? value * calibration.gain + calibration.offset : calibration.physical(value)
    channel.min = Math.min(physical(rawMin), physical(rawMax))
    channel.max = Math.max(physical(rawMin), physical(rawMax))
  }
  return channel
}

function converter({ missing, calibration }: Signal, values: RecordingConfig['values']): (raw: number) => Value {
  const convert = values === 'physical' ? calibration?.physical : undefined
  if (convert) return (raw) => (raw === missing ? null : convert(raw))
  return missing === undefined ? (raw) => raw : (raw) => (raw === missing ? null : raw)
}

function reduce({ num, den }: Period): Period {
  let [a, b] = [num, den]
  while (b > 0n) [a, b] = [b, a % b]
  return { num: num / a, den: den / a }
}
