import type { Channel, Period, Schema } from '../../../protos/types.ts'
import type { Row, Value } from '../source.ts'
import { toPeriod } from './decimal.ts'
import type { ChannelMapping, Mapping } from './mapping.ts'
import { compileTime } from './record-time.ts'
import { type Cell, createValueParser, type ParseValue } from './value.ts'

// A record -> a row of each stream it belongs to.

export interface RecordContext {
  /** The agent's clock, ns. */
  nowNs(): bigint
  /** Number of the record, from 0: for times by rate. */
  index: number
  /** Where the source goes on after the record, if it can resume. */
  position?: number
}

export interface Mapper {
  /**
   * Adds the record's rows. Returns what is wrong with it, if anything: a value that can't be read is missing from its
   * row; without a readable time there is no row.
   */
  map(cells: readonly Cell[], context: RecordContext, rows: Row[]): string | undefined
}

/** Index of a column's cell in the records. */
export type Resolve = (column: string | number) => number

/** The streams of a mapping, as the agent publishes them. */
export const mappingSchemas = (mapping: Mapping, source: string): Schema[] =>
  mapping.streams.map((stream) => {
    const schema: Schema = { stream: stream.name, channels: stream.channels.map(toChannel), source }
    const period = toPeriod(stream)
    if (period) schema.period = period
    return schema
  })

function toChannel({ name, kind, unit, code, min, max, gain, offset, description }: ChannelMapping): Channel {
  const entries = Object.entries({ name, kind, unit, code, min, max, gain, offset, description })
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as unknown as Channel
}

interface StreamMapper {
  channels: { name: string; cell: number; parse: ParseValue }[]
  when?: { cell: number; equals: string }
  period?: Period
}

/**
 * `rateStartNs`: rows without a time of their own are timed from here by their stream's rate; else the agent stamps.
 * `decimalComma`: 3,14 is a number.
 */
export function createMapper(
  mapping: Mapping,
  resolve: Resolve,
  options: { decimalComma?: boolean; rateStartNs?: bigint } = {},
): Mapper {
  const time = mapping.time && mapping.time.format !== 'rate' ? compileTime(mapping.time, resolve) : undefined
  const simulation =
    mapping.simulation && compileTime({ column: mapping.simulation.column, format: 'seconds', zone: 'Z' }, resolve)
  const streams = mapping.streams.map((stream): StreamMapper => {
    const channels = stream.channels.map((channel) => ({
      name: channel.name,
      cell: resolve(channel.from ?? channel.name),
      parse: createValueParser(channel, options.decimalComma ?? false),
    }))
    const mapper: StreamMapper = { channels }
    if (stream.when) mapper.when = { cell: resolve(stream.when.from), equals: String(stream.when.equals) }
    const period = toPeriod(stream)
    if (period) mapper.period = period
    return mapper
  })
  const { rateStartNs } = options
  const selective = mapping.streams.some(({ when }) => when !== undefined)

  return {
    map(cells, context, rows) {
      let timeNs: bigint | undefined
      if (time) {
        timeNs = time.read(cells, context.nowNs)
        if (timeNs === undefined) return time.problem(cells)
      }
      const simulationNs = simulation?.read(cells, context.nowNs)
      let problem = simulation && simulationNs === undefined ? simulation.problem(cells) : undefined
      let count = 0
      for (let s = 0; s < streams.length; s++) {
        const { channels, when, period } = streams[s]!
        if (when && String(cells[when.cell]) !== when.equals) continue
        const values: Value[] = new Array(channels.length)
        let found = false
        for (let i = 0; i < channels.length; i++) {
          const channel = channels[i]!
          const cell = cells[channel.cell]
          if (cell !== undefined) found = true
          const value = channel.parse(cell)
          if (value === undefined) problem ??= `${channel.name}: ${quote(cell)} is no value of its kind`
          values[i] = value ?? null
        }
        if (!found) continue
        count++
        const row: Row = { stream: s, values }
        if (timeNs !== undefined) row.timeNs = timeNs
        else if (rateStartNs !== undefined && period) {
          row.timeNs = rateStartNs + (BigInt(context.index) * period.num) / period.den
        }
        if (simulationNs !== undefined) row.simulationNs = simulationNs
        if (context.position !== undefined) row.position = context.position
        rows.push(row)
      }
      if (count === 0 && !selective) return 'none of the mapped columns is in it'
      return problem
    },
  }
}

export const quote = (cell: Cell): string => {
  const text = JSON.stringify(cell) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
