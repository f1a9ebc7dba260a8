import $protobuf from 'protobufjs/minimal.js'
import { channelsMax } from './batch.ts'
import { reasonOf, SchemaError } from './errors.ts'
import { rigline } from './generated/rigline.js'
import { fromLong, toUnsignedLong } from './long.ts'
import { isName, nameRule } from './topics.ts'
import type { Channel, Kind, Schema } from './types.ts'
import { wellFormed, writeMessage } from './write.ts'

// A stream's channels <-> bytes. The bytes' SHA-256 is the schema's name, so equal schemas give equal bytes.

const kinds: Record<Kind, rigline.v1.Kind> = {
  f64: rigline.v1.Kind.F64,
  f32: rigline.v1.Kind.F32,
  int: rigline.v1.Kind.INT,
  bool: rigline.v1.Kind.BOOL,
  text: rigline.v1.Kind.TEXT,
}
const kindNames = new Map(Object.entries(kinds).map(([name, kind]) => [kind, name as Kind]))

/** Throws SchemaError if the schema breaks a rule of checkSchema. */
export function encodeSchema(schema: Schema): Uint8Array {
  const problems = checkSchema(schema)
  if (problems.length > 0) throw new SchemaError(schema.stream, problems)
  const message: rigline.v1.Schema.$Properties = {
    stream: schema.stream,
    channels: schema.channels.map(toChannelMessage),
    source: wellFormed(schema.source ?? ''),
  }
  if (schema.period) {
    message.periodNumNs = toUnsignedLong(schema.period.num)
    message.periodDen = toUnsignedLong(schema.period.den)
  }
  return writeMessage(rigline.v1.Schema, message)
}

function toChannelMessage(channel: Channel): rigline.v1.Channel.$Properties {
  const { kind, description, name, unit, code, ...numbers } = channel
  const message: rigline.v1.Channel.$Properties = { name, kind: kinds[kind] }
  if (unit !== undefined) message.unit = wellFormed(unit)
  if (code !== undefined) message.code = wellFormed(code)
  if (description !== undefined) message.description = wellFormed(description)
  for (const key of ['min', 'max', 'gain', 'offset'] as const) {
    if (numbers[key] !== undefined) message[key] = numbers[key]
  }
  return message
}

/** Throws SchemaError for bytes that are no schema, and for a schema that breaks a rule of checkSchema. */
export function decodeSchema(bytes: Uint8Array): Schema {
  let message: rigline.v1.Schema
  try {
    message = rigline.v1.Schema.decode($protobuf.Reader.create(bytes))
  } catch (cause) {
    throw new SchemaError('', [`not a schema: ${reasonOf(cause)}`])
  }
  const unknown = message.channels.filter(({ kind }) => !kindNames.has(kind ?? 0))
  if (unknown.length > 0) {
    throw new SchemaError(
      message.stream,
      unknown.map(
        ({ name, kind }) => `channel ${JSON.stringify(name)} has the unknown kind ${kind ?? 0}; update ingest`,
      ),
    )
  }
  const schema: Schema = { stream: message.stream, channels: message.channels.map(fromChannelMessage) }
  const period = { num: fromLong(message.periodNumNs), den: fromLong(message.periodDen) }
  if (period.num !== 0n || period.den !== 0n) schema.period = period
  if (message.source) schema.source = message.source
  const problems = checkSchema(schema)
  if (problems.length > 0) throw new SchemaError(schema.stream, problems)
  return schema
}

function fromChannelMessage(message: rigline.v1.Channel.$Properties): Channel {
  const channel: Channel = { name: message.name ?? '', kind: kindNames.get(message.kind ?? 0)! }
  if (message.unit) channel.unit = message.unit
  if (message.code) channel.code = message.code
  for (const key of ['min', 'max', 'gain', 'offset'] as const) {
    const number = message[key]
    if (number !== undefined && number !== null) channel[key] = number
  }
  if (message.description) channel.description = message.description
  return channel
}

const channelNameLengthMax = 128

/** What is wrong with a schema, each mistake with the channel's name and the value; empty if nothing is. */
export function checkSchema(schema: Schema): string[] {
  const problems: string[] = []
  if (!isName(schema.stream)) problems.push(`stream: ${JSON.stringify(schema.stream)} is no name (${nameRule})`)
  if (schema.channels.length === 0) problems.push('there is no channel; a stream needs one at least')
  if (schema.channels.length > channelsMax) {
    problems.push(`${schema.channels.length} channels; the limit is ${channelsMax}, split the stream`)
  }
  if (schema.period && (schema.period.num <= 0n || schema.period.den <= 0n)) {
    problems.push(`period: ${schema.period.num}/${schema.period.den} ns is not above 0`)
  }
  const names = new Map<string, string>()
  for (const channel of schema.channels) {
    problems.push(...checkChannel(channel).map((text) => `channel ${JSON.stringify(channel.name)}: ${text}`))
    // Columns of the lake ignore case, so `Speed` and `speed` cannot stand side by side.
    const folded = channel.name.normalize('NFC').toLowerCase()
    const other = names.get(folded)
    if (other !== undefined) {
      problems.push(
        `channel ${JSON.stringify(channel.name)}: there is ${JSON.stringify(other)} already (case is ignored)`,
      )
    }
    names.set(folded, channel.name)
  }
  return problems
}

function checkChannel({ name, kind, min, max, gain, offset }: Channel): string[] {
  const problems: string[] = []
  if (name.length === 0 || name.length > channelNameLengthMax) {
    problems.push(`a name has 1 to ${channelNameLengthMax} characters, this one ${name.length}`)
  } else if (/[\p{Cc}\p{Cs}"\\]/u.test(name) || name.trim() !== name) {
    problems.push('a name has no control characters, quotes or backslashes, and no space at its ends')
  }
  if (!(kind in kinds)) problems.push(`kind ${JSON.stringify(kind)} is none of ${Object.keys(kinds).join(', ')}`)
  if (kind !== 'int' && (gain !== undefined || offset !== undefined)) {
    problems.push(`gain and offset are for int channels, this one is ${kind}`)
  }
  if (gain !== undefined && (!Number.isFinite(gain) || gain === 0)) problems.push(`gain ${gain} is 0 or not finite`)
  if (offset !== undefined && !Number.isFinite(offset)) problems.push(`offset ${offset} is not finite`)
  if (Number.isNaN(min) || Number.isNaN(max)) problems.push('min or max is not a number')
  if (min !== undefined && max !== undefined && min > max) problems.push(`min ${min} is above max ${max}`)
  return problems
}
