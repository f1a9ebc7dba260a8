import { decodeBatch } from '../../protos/batch.ts'
import { reasonOf } from '../../protos/errors.ts'
import { physicalValue } from '../../protos/physical.ts'
import type { Batch, Channel, EnvelopeHeader, Kind, Schema } from '../../protos/types.ts'

// The newest batch of a stream, read for people: its last time and each channel's last value.

export type LiveValue = number | bigint | boolean | string | undefined

export interface LiveChannel {
  name: string
  kind: Kind
  /** UCUM; empty for none. */
  unit: string
  /** The physical value of the last row that has one; undefined if the newest batch has none at all. */
  value: LiveValue
  /** The last row has no value: this one is from a row before it. */
  missing: boolean
  /** How it stands to the channel's range: beyond it, or at its very end, where a sensor clips. */
  range: 'within' | 'at_limit' | 'outside'
}

export interface NewestRow {
  /** As measured by the rig, ns since 1970 UTC; undefined if the batch can't be read or has no rows. */
  timeNs: bigint | undefined
  era: number
  /** The first ones, up to the hub's limit. */
  channels: LiveChannel[]
  /** What was wrong with the batch. */
  problems: string[]
}

/** Never throws: what can't be read is told in `problems`. */
export function readNewest(header: EnvelopeHeader, envelope: Uint8Array, schema: Schema, max: number): NewestRow {
  try {
    const { batch, problems } = decodeBatch(envelope.subarray(header.bodyStart, header.bodyEnd))
    const timeNs = batch.rows > 0 ? batch.times[batch.rows - 1] : undefined
    const channels = schema.channels.slice(0, max).map((channel, index) => readChannel(batch, channel, index))
    return { timeNs, era: batch.era, channels, problems }
  } catch (error) {
    return { timeNs: undefined, era: 0, channels: [], problems: [reasonOf(error)] }
  }
}

function readChannel(batch: Batch, channel: Channel, index: number): LiveChannel {
  const { name, kind, unit = '' } = channel
  const column = batch.columns[index]
  let value: LiveValue
  let row = batch.rows - 1
  // A column of another kind than the schema says is no value of this channel.
  if (column?.kind === kind) {
    for (; row >= 0; row--) {
      value = physicalValue(column, channel, row)
      if (value !== undefined) break
    }
  }
  return {
    name,
    kind,
    unit,
    value,
    missing: value === undefined || row < batch.rows - 1,
    range: rangeOf(value, channel),
  }
}

/** A range that begins at 0 has 0 as a usual value (a car that stands), so that end alone says nothing. */
function rangeOf(value: LiveValue, { min = -Infinity, max = Infinity }: Channel): LiveChannel['range'] {
  if (typeof value !== 'number' && typeof value !== 'bigint') return 'within'
  if (value < min || value > max) return 'outside'
  return value === max || (value === min && min !== 0) ? 'at_limit' : 'within'
}
