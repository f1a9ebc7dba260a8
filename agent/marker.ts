import { createHash } from 'node:crypto'
import { encodeRunEvent, factCharsMax, textCharsMax } from '../protos/run-events.ts'
import type { Event } from '../protos/types.ts'
import type { SourceEvent } from './sources/source.ts'

// An event of a source -> a marker: of whichever run is open on the rig.

/** Whose event it is: what its key counts in. */
export interface EventOwner {
  rig: string
  source: string
  origin: string
}

/**
 * Its name and id come from where it was read, so that reading it again (after a crash, before the agent's position was on
 * disk) enters the same event again and not another one.
 */
export function markerOf({ timeNs, untilNs, label, text = '', key }: SourceEvent, owner: EventOwner): Event {
  const { rig, source, origin } = owner
  const id = idOf(JSON.stringify([rig, source, origin, key]))
  return encodeRunEvent(
    {
      type: 'marker',
      marker: id,
      run: '',
      rigs: [],
      label: cut(label, factCharsMax),
      fromNs: timeNs,
      ...(untilNs === undefined ? {} : { toNs: untilNs }),
    },
    { tNs: timeNs, author: source, text: cut(text, textCharsMax), id },
  )
}

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 128 bits of the text's SHA-256, written as a ULID is. */
function idOf(text: string): string {
  let value = BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 32)}`)
  let id = ''
  for (let i = 0; i < 26; i++, value >>= 5n) id = digits[Number(value & 31n)] + id
  return id
}

const cut = (text: string, charsMax: number): string => text.slice(0, charsMax).replace(/[\uD800-\uDBFF]$/, '')
