import type { LogRecord } from '../../common/segment-log-types.ts'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { reasonOf, UnknownEncodingError } from '../../protos/errors.ts'
import { toHex } from '../../protos/hex.ts'
import { type EnvelopeHeader, protocolVersion } from '../../protos/types.ts'
import { decodeJournalRecord } from '../journal-record.ts'
import type { JournalEnvelope } from './sink.ts'

/** What a record of the journal holds; or why it can't be read, in a word for counting and in words. */
export type Decoded =
  | { envelope: JournalEnvelope }
  | {
      reason: 'unreadable' | 'unknown_body' | 'unknown_encoding'
      detail: string
      header?: EnvelopeHeader
      bytes: Uint8Array
    }

/** Decodes all but the schema of a batch, whose hash it names. Never throws. */
export function decodeRecord({ position, next, bytes: record }: LogRecord): Decoded {
  let bytes = record
  let header: EnvelopeHeader | undefined
  try {
    const journaled = decodeJournalRecord(record)
    bytes = journaled.envelope
    header = readHeader(bytes)
    const { body, problems } = decodeBody(bytes, header)
    if (body.type === 'unknown') return { ...describeUnknown(header, body.field), header, bytes }
    const envelope: JournalEnvelope = {
      position,
      next,
      receivedNs: journaled.receivedNs,
      header,
      bytes,
      body,
      problems,
    }
    if (body.type === 'batch') envelope.schemaHash = toHex(body.batch.schema)
    return { envelope }
  } catch (error) {
    const reason = error instanceof UnknownEncodingError ? 'unknown_encoding' : 'unreadable'
    return { reason, detail: reasonOf(error), bytes, ...(header ? { header } : {}) }
  }
}

/** The fields of the bodies that this release knows (protos/rigline.proto). */
const firstBody = 10
const lastBody = 15

function describeUnknown(
  { version }: EnvelopeHeader,
  field: number,
): { reason: 'unreadable' | 'unknown_body'; detail: string } {
  if (version !== protocolVersion) {
    return { reason: 'unknown_body', detail: `protocol version ${version}: a newer agent's; update ingest` }
  }
  if (field >= firstBody && field <= lastBody) {
    return { reason: 'unreadable', detail: `the body (field ${field}) is cut off, or is not the only one` }
  }
  const what = field === 0 ? 'there is no body' : `the body is of the unknown field ${field}`
  return { reason: 'unknown_body', detail: `${what}: a newer agent's; update ingest` }
}
