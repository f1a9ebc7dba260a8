import $protobuf from 'protobufjs/minimal.js'
import { decodeBatch, toBatchMessage } from './batch.ts'
import {
  fromClockSampleMessage,
  fromEventMessage,
  fromGapMessage,
  fromHealthMessage,
  toClockSampleMessage,
  toEventMessage,
  toGapMessage,
  toHealthMessage,
} from './bodies.ts'
import { reasonOf, UnknownEncodingError, UnreadableBodyError, UnreadableEnvelopeError } from './errors.ts'
import { rigline } from './generated/rigline.js'
import { countFromLong, countToLong } from './long.ts'
import { isName, ownRig } from './topics.ts'
import { type Body, type BodyType, type EnvelopeHeader, type Gap, protocolVersion } from './types.ts'
import { writeMessage } from './write.ts'

// The numbered message. Ingest reads headers only; bodies are read by sinks.

const bodyTypes = new Map<number, BodyType>([
  [10, 'schema'],
  [11, 'batch'],
  [12, 'event'],
  [13, 'clock_sample'],
  [14, 'gap'],
  [15, 'health'],
])
/** Fields below are the header's, today's and later ones; from here on they are bodies. */
const firstBodyField = 9

export interface Envelope {
  rig: string
  spool: string
  /** From 1. */
  seq: number
  /** In seq 1 alone. */
  predecessor?: string
  body: Body
}

/**
 * The bytes that any encoder of rigline.proto gives. Not checked against envelopeBytesMax. Throws RangeError for a
 * number that is none and for values that their fields cannot hold.
 */
export function encodeEnvelope({ rig, spool, seq, predecessor, body }: Envelope): Uint8Array {
  if (seq < 1) throw new RangeError(`seq is ${seq}, it counts from 1`)
  const message: rigline.v1.Envelope.$Properties = {
    version: protocolVersion,
    rig,
    spool,
    seq: countToLong(seq, 'seq'),
    predecessor: predecessor ?? '',
  }
  addBody(message, body)
  return writeMessage(rigline.v1.Envelope, message)
}

function addBody(message: rigline.v1.Envelope.$Properties, body: Body): void {
  switch (body.type) {
    case 'schema':
      message.schema = body.bytes
      return
    case 'batch':
      message.batch = toBatchMessage(body.batch)
      return
    case 'event':
      message.event = toEventMessage(body.event)
      return
    case 'clock_sample':
      message.clockSample = toClockSampleMessage(body.clockSample)
      return
    case 'gap':
      message.gap = toGapMessage(body.gap)
      return
    case 'health':
      message.health = toHealthMessage(body.health)
      return
    case 'unknown':
      throw new RangeError(`a body of the unknown field ${body.field} cannot be encoded`)
  }
}

/**
 * Reads what the journal needs, without looking into the body. If number, rig and spool can be read, nothing else is an
 * error: a body that is missing, double, cut off or of an unknown field or protocol version is 'unknown', for sinks to
 * park or quarantine. Throws UnreadableEnvelopeError otherwise.
 */
export function readHeader(bytes: Uint8Array): EnvelopeHeader {
  const header: EnvelopeHeader = {
    version: 0,
    rig: '',
    spool: '',
    seq: 0,
    predecessor: '',
    bodyType: 'unknown',
    bodyStart: bytes.length,
    bodyEnd: bytes.length,
  }
  let broken: unknown
  try {
    readFields($protobuf.Reader.create(bytes), header)
  } catch (error) {
    broken = error
    header.bodyType = 'unknown'
  }
  const missing = missingIn(header)
  if (missing !== undefined) {
    throw new UnreadableEnvelopeError(broken === undefined ? missing : `${missing} (${reasonOf(broken)})`, {
      cause: broken,
    })
  }
  if (!isName(header.predecessor)) header.predecessor = ''
  if (header.version !== protocolVersion) header.bodyType = 'unknown'
  return header
}

function readFields(reader: $protobuf.Reader, header: EnvelopeHeader): void {
  let bodies = 0
  while (reader.pos < reader.len) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        header.version = reader.uint32()
        continue
      case 18:
        header.rig = reader.stringVerify()
        continue
      case 26:
        header.spool = reader.stringVerify()
        continue
      case 32:
        header.seq = countFromLong(reader.uint64() as Parameters<typeof countFromLong>[0], 'seq')
        continue
      case 42:
        header.predecessor = reader.stringVerify()
        continue
    }
    const field = tag >>> 3
    const wireType = tag & 7
    const type = wireType === 2 ? bodyTypes.get(field) : undefined
    if (type === undefined) {
      const start = reader.pos
      reader.skipType(wireType, 0, field)
      // A later field beside a known body does not make that unknown.
      if (field >= firstBodyField && bodies === 0) {
        header.bodyStart = start
        header.bodyEnd = reader.pos
      }
      continue
    }
    const length = reader.size()
    const start = reader.pos
    reader.skip(length)
    header.bodyStart = start
    header.bodyEnd = reader.pos
    // Two bodies under one number: storing either would lose the other in silence.
    header.bodyType = bodies++ === 0 ? type : 'unknown'
  }
}

function missingIn({ rig, spool, seq }: EnvelopeHeader): string | undefined {
  if (!isName(rig)) return `rig ${JSON.stringify(rig.slice(0, 80))} is no name`
  if (!isName(spool)) return `spool ${JSON.stringify(spool.slice(0, 80))} is no spool id`
  if (seq < 1) return `no number: seq is ${seq}`
  return undefined
}

export interface DecodedBody {
  body: Body
  /** What was wrong but could be kept all the same. */
  problems: string[]
}

/**
 * Reads the body into memory of its own. Throws UnknownEncodingError (a batch of a newer agent) and UnreadableBodyError
 * (no such body can be read from the bytes). A schema's bytes are not looked into: decodeSchema does that.
 */
export function decodeBody(bytes: Uint8Array, header: EnvelopeHeader): DecodedBody {
  const body = bytes.subarray(header.bodyStart, header.bodyEnd)
  const problems: string[] = []
  try {
    switch (header.bodyType) {
      case 'schema':
        return { body: { type: 'schema', bytes: new Uint8Array(body) }, problems }
      case 'batch': {
        const decoded = decodeBatch(body)
        return { body: { type: 'batch', batch: decoded.batch }, problems: decoded.problems }
      }
      case 'unknown':
        return { body: { type: 'unknown', field: unknownField(bytes) }, problems }
      default:
        return { body: decodeSmallBody(header, header.bodyType, body, (problem) => problems.push(problem)), problems }
    }
  } catch (cause) {
    if (cause instanceof UnknownEncodingError || cause instanceof UnreadableBodyError) throw cause
    throw new UnreadableBodyError(`not a ${header.bodyType}: ${reasonOf(cause)}`, { cause })
  }
}

function decodeSmallBody(
  { rig }: EnvelopeHeader,
  type: Exclude<BodyType, 'schema' | 'batch' | 'unknown'>,
  bytes: Uint8Array,
  say: (problem: string) => void,
): Body {
  const reader = $protobuf.Reader.create(bytes)
  switch (type) {
    case 'event':
      return { type, event: fromEventMessage(rigline.v1.Event.decode(reader)) }
    case 'clock_sample':
      return { type, clockSample: fromClockSampleMessage(rigline.v1.ClockSample.decode(reader)) }
    case 'gap':
      return { type, gap: ofSender(fromGapMessage(rigline.v1.Gap.decode(reader), say), rig, say) }
    case 'health':
      return { type, health: fromHealthMessage(rigline.v1.Health.decode(reader), say) }
  }
}

/** A rig speaks for itself alone: what it says of another must not explain that one's holes. */
function ofSender(gap: Gap, sender: string, say: (problem: string) => void): Gap {
  const { rig, ...own } = gap
  if (rig === undefined || sender === ownRig) return gap
  if (rig !== sender) say(`${sender} declares a Gap of rig ${rig}, which ingest alone may: taken as its own`)
  return own
}

/** The last body's field; 0 if there is none or it cannot be read. */
function unknownField(bytes: Uint8Array): number {
  const reader = $protobuf.Reader.create(bytes)
  let last = 0
  try {
    while (reader.pos < reader.len) {
      const tag = reader.tag()
      if (tag >>> 3 >= firstBodyField) last = tag >>> 3
      reader.skipType(tag & 7, 0, tag >>> 3)
    }
  } catch {
    // Cut off: the field that was begun is the answer.
  }
  return last
}
