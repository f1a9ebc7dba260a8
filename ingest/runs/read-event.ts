import { createHash } from 'node:crypto'
import { decodeBody } from '../../protos/envelope.ts'
import { decodeRunEvent, factCharsMax, isForIngestAlone, textCharsMax } from '../../protos/run-events.ts'
import { ownRig } from '../../protos/topics.ts'
import type { EnvelopeHeader } from '../../protos/types.ts'
import type { RunEventRecord } from './types.ts'

/**
 * The event in an envelope, as the catalog keeps it (the lake has all of it). Undefined if it is not about runs. Throws,
 * saying which fact, if it cannot be read, and if a rig says what is ingest's alone to say.
 */
export function readEvent(
  header: EnvelopeHeader,
  envelope: Uint8Array,
  receivedNs: bigint,
): RunEventRecord | undefined {
  const { body } = decodeBody(envelope, header)
  const event = body.type === 'event' ? decodeRunEvent(body.event) : undefined
  if (body.type !== 'event' || !event) return undefined
  const { rig, spool, seq } = header
  if (rig !== ownRig && isForIngestAlone(event)) throw new Error(`${event.type} is for ingest alone to say`)
  const { tNs, author, text } = body.event
  return {
    rig,
    spool,
    seq,
    receivedNs,
    tNs,
    author: author.slice(0, factCharsMax),
    text: text.slice(0, textCharsMax),
    // A version before ids: then its number is one.
    id: bounded(body.event.id) || `${spool} ${seq}`,
    event,
    run: 'run' in event ? event.run : '',
  }
}

const idCharsMax = 64

/** Long ones that begin alike stay apart. */
const bounded = (id: string): string => (id.length <= idCharsMax ? id : createHash('sha256').update(id).digest('hex'))
