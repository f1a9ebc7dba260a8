import $protobuf from 'protobufjs/minimal.js'
import { fromRangeMessage, toRangeMessage } from './bodies.ts'
import { reasonOf, UnreadableMessageError } from './errors.ts'
import { rigline } from './generated/rigline.js'
import { countFromLong, countToLong, fromLong, toLong } from './long.ts'
import type { Down, IngestStatus, Status } from './types.ts'
import { writeMessage } from './write.ts'

// The small messages beside the envelopes: status, receipts, clock probes. All decoders throw UnreadableMessageError.

function read<T>(what: string, bytes: Uint8Array, decode: (reader: $protobuf.Reader) => T): T {
  try {
    return decode($protobuf.Reader.create(bytes))
  } catch (cause) {
    throw new UnreadableMessageError(`${bytes.length} bytes that are no ${what}: ${reasonOf(cause)}`, { cause })
  }
}

export const encodeStatus = (status: Status): Uint8Array =>
  writeMessage(rigline.v1.Status, {
    online: status.online,
    sinceNs: toLong(status.sinceNs),
    version: status.version,
    spools: status.spools.map(({ spool, first, last, through }) => ({
      spool,
      first: countToLong(first, 'first'),
      last: countToLong(last, 'last'),
      through: countToLong(through, 'through'),
    })),
  })

export const decodeStatus = (bytes: Uint8Array): Status =>
  read('status', bytes, (reader) => {
    const message = rigline.v1.Status.decode(reader)
    return {
      online: message.online,
      sinceNs: fromLong(message.sinceNs),
      version: message.version,
      spools: message.spools.map(({ spool, first, last, through }) => ({
        spool: spool ?? '',
        first: first ? countFromLong(first, 'first') : 0,
        last: last ? countFromLong(last, 'last') : 0,
        through: through ? countFromLong(through, 'through') : 0,
      })),
    }
  })

export const encodeIngestStatus = (status: IngestStatus): Uint8Array =>
  writeMessage(rigline.v1.IngestStatus, {
    online: status.online,
    sinceNs: toLong(status.sinceNs),
    version: status.version,
    protocols: status.protocols,
    groups: status.groups,
    instance: status.instance,
  })

export const decodeIngestStatus = (bytes: Uint8Array): IngestStatus =>
  read('status of an ingest', bytes, (reader) => {
    const message = rigline.v1.IngestStatus.decode(reader)
    return {
      online: message.online,
      sinceNs: fromLong(message.sinceNs),
      version: message.version,
      protocols: message.protocols.slice(),
      groups: message.groups.slice(),
      instance: message.instance,
    }
  })

export const encodeDown = (down: Down): Uint8Array => writeMessage(rigline.v1.Down, toDownMessage(down))

function toDownMessage(down: Down): rigline.v1.Down.$Properties {
  switch (down.type) {
    case 'receipt': {
      const { spool, through, ranges } = down.receipt
      return { receipt: { spool, through: countToLong(through, 'through'), ranges: ranges.map(toRangeMessage) } }
    }
    case 'clock_reply': {
      const { t1Ns, t2Ns, t3Ns } = down.clockReply
      return { clockReply: { t1Ns: toLong(t1Ns), t2Ns: toLong(t2Ns), t3Ns: toLong(t3Ns) } }
    }
    case 'schema_request':
      return { schemaRequest: { schema: down.schema } }
  }
}

/** Undefined: a message of a newer ingest, to be passed over. */
export const decodeDown = (bytes: Uint8Array): Down | undefined =>
  read('message to an agent', bytes, (reader) => {
    const { body, receipt, clockReply, schemaRequest } = rigline.v1.Down.decode(reader)
    if (body === 'receipt' && receipt) {
      const { spool, through, ranges } = receipt
      return {
        type: 'receipt',
        receipt: {
          spool: spool ?? '',
          through: through ? countFromLong(through, 'through') : 0,
          ranges: (ranges ?? []).map(fromRangeMessage),
        },
      }
    }
    if (body === 'clockReply' && clockReply) {
      const time = (long: typeof clockReply.t1Ns) => (long ? fromLong(long) : 0n)
      const { t1Ns, t2Ns, t3Ns } = clockReply
      return { type: 'clock_reply', clockReply: { t1Ns: time(t1Ns), t2Ns: time(t2Ns), t3Ns: time(t3Ns) } }
    }
    if (body === 'schemaRequest' && schemaRequest) {
      return { type: 'schema_request', schema: new Uint8Array(schemaRequest.schema ?? []) }
    }
    return undefined
  })

/** `t1Ns`: the agent's wall clock as the probe leaves. */
export const encodeClockProbe = (t1Ns: bigint): Uint8Array =>
  writeMessage(rigline.v1.ClockProbe, { t1Ns: toLong(t1Ns) })

export const decodeClockProbe = (bytes: Uint8Array): bigint =>
  read('clock probe', bytes, (reader) => fromLong(rigline.v1.ClockProbe.decode(reader).t1Ns))
