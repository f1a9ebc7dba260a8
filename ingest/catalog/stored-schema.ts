import { rigline } from '../../protos/generated/rigline.js'
import type { Channel, Kind, Schema } from '../../protos/types.ts'

const kinds: readonly (Kind | undefined)[] = [undefined, 'f64', 'f32', 'int', 'bool', 'text']

/** Decodes a schema that is in the catalog. Throws if it is none. */
export function decodeStoredSchema(bytes: Uint8Array): Schema {
  const message = rigline.v1.Schema.decode(bytes)
  const schema: Schema = { stream: message.stream, channels: message.channels.map(toChannel) }
  const num = BigInt(message.periodNumNs.toString())
  const den = BigInt(message.periodDen.toString())
  if (num > 0n && den > 0n) schema.period = { num, den }
  if (message.source) schema.source = message.source
  return schema
}

function toChannel(message: rigline.v1.Channel.$Properties): Channel {
  const kind = kinds[message.kind ?? 0]
  if (!kind) throw new Error(`channel "${message.name}": kind ${message.kind} is not known to this release`)
  const channel: Channel = { name: message.name ?? '', kind }
  if (message.unit) channel.unit = message.unit
  if (message.code) channel.code = message.code
  if (message.description) channel.description = message.description
  for (const key of ['min', 'max', 'gain', 'offset'] as const) {
    const value = message[key]
    if (typeof value === 'number') channel[key] = value
  }
  return channel
}
