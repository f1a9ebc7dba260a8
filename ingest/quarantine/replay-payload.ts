import { encodeBundle } from '../../protos/bundle.ts'
import { frame, type Unframed } from '../frame.ts'
import type { QuarantineEntry } from '../quarantine.ts'
import type { Fate, Receive } from '../receive.ts'
import type { ReplayOutcome } from '../sinks/sink.ts'

/**
 * What came off the wire and could not be read goes through `receive` again. Resolves when every envelope in it is durable, was there
 * already, or is known not to go.
 */
export async function replayPayload(receive: Receive, entry: QuarantineEntry): Promise<ReplayOutcome> {
  const { id, rig = '', topic = '', content } = entry
  // An envelope came in a bundle, and goes through the same door.
  const payload = content === 'envelope' ? encodeBundle([entry.bytes]) : entry.bytes
  const unframed: Unframed[] = []
  const count = frame(rig, payload, () => {}).length
  const fates: Fate[] = []
  await new Promise<void>((resolve) => {
    receive(rig, topic, payload, {
      unframed: (part) => unframed.push(part),
      envelope(_, fate) {
        if (fates.push(fate) === count) resolve()
      },
    })
    if (count === 0) resolve()
  })
  const [first] = unframed
  if (first) {
    const others = count > 0 ? `; ${count} other envelopes of it are in the journal or on their way` : ''
    return { id, outcome: 'stays', reason: first.reason, detail: first.detail + others }
  }
  const failed = fates.find((fate) => fate !== 'stored' && fate !== 'duplicate')
  if (failed) return { id, outcome: 'stays', reason: failed, detail: whyNot[failed] }
  if (fates.includes('stored')) return { id, outcome: 'stored', reason: '', detail: '' }
  return { id, outcome: 'duplicate', reason: '', detail: 'its numbers came, or were declared gone, in the meantime' }
}

const whyNot: Record<Exclude<Fate, 'stored' | 'duplicate'>, string> = {
  pending: 'the same number is on its way into the journal at this moment; try again',
  out_of_bounds: 'its spool has too many holes, or its rig too many spools',
  journal_full: 'the journal is full or cannot be written; try again when it has room',
}
