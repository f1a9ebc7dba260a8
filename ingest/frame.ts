import { splitBundle } from '../protos/bundle.ts'
import { readHeader } from '../protos/envelope.ts'
import { type EnvelopeHeader, envelopeBytesMax } from '../protos/types.ts'

export interface Framed {
  header: EnvelopeHeader
  bytes: Uint8Array
}

export interface Unframed {
  reason: 'too_large' | 'unreadable' | 'wrong_rig'
  detail: string
  bytes: Uint8Array
  content: 'payload' | 'envelope'
}

/**
 * Takes an MQTT payload of a rig's `up` topic apart into envelopes, reading no more of each than its number. What can't be
 * read at all, or names another rig than its topic, is handed to `onUnframed` with the reason; the rest flows.
 */
export function frame(rig: string, payload: Uint8Array, onUnframed: (unframed: Unframed) => void): Framed[] {
  if (payload.length > envelopeBytesMax) {
    const detail = `${payload.length} bytes, limit ${envelopeBytesMax}`
    onUnframed({ reason: 'too_large', detail, bytes: payload, content: 'payload' })
    return []
  }
  let envelopes: Uint8Array[]
  try {
    envelopes = splitBundle(payload)
  } catch (error) {
    onUnframed({ reason: 'unreadable', detail: messageOf(error), bytes: payload, content: 'payload' })
    return []
  }
  const framed: Framed[] = []
  for (const bytes of envelopes) {
    try {
      const header = readHeader(bytes)
      if (header.rig === rig) framed.push({ header, bytes })
      else {
        const detail = `an envelope of rig "${header.rig}" on the topic of rig "${rig}"`
        onUnframed({ reason: 'wrong_rig', detail, bytes, content: 'envelope' })
      }
    } catch (error) {
      onUnframed({ reason: 'unreadable', detail: messageOf(error), bytes, content: 'envelope' })
    }
  }
  return framed
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
