import { ownRig } from '../../protos/topics.ts'
import { byTime, clockOf, isEnteredAfter, type RunEventRecord } from './types.ts'

// When one rig took part in one run: its starts and stops in the order in which they happened, so that it does not matter
// in which order they arrive.

export interface RawPart {
  fromNs: bigint
  toNs?: bigint
  started: RunEventRecord
  stopped?: RunEventRecord
  /** By one clock, the stop was before the start. */
  stepped?: boolean
}

export const startsRig = ({ rig: sender, event }: RunEventRecord, rig: string): boolean =>
  event.type === 'run.started' && (sender === ownRig ? event.rigs.includes(rig) : sender === rig)

export const stopsRig = ({ rig: sender, event }: RunEventRecord, rig: string): boolean =>
  event.type === 'run.stopped' && (sender === ownRig || sender === rig)

/** `records`: of one run. Starts while it takes part and stops while it doesn't change nothing. */
export function foldParts(records: readonly RunEventRecord[], rig: string): RawPart[] {
  const parts: RawPart[] = []
  let early: RunEventRecord | undefined
  for (const record of [...records].sort(byTime)) {
    const last = parts.at(-1)
    const isOpen = last !== undefined && last.toNs === undefined
    if (startsRig(record, rig)) {
      if (!isOpen) parts.push({ fromNs: record.tNs, started: record })
    } else if (stopsRig(record, rig)) {
      if (isOpen) Object.assign(last, { toNs: record.tNs, stopped: record })
      else if (!last) early = record
    }
  }
  const [first] = parts
  // A clock was set back in between, or two clocks differ: then each time stays as it is.
  if (parts.length === 1 && first && first.toNs === undefined && early && isEnteredAfter(first.started, early)) {
    const isOneClock = clockOf(early.rig) === clockOf(first.started.rig)
    Object.assign(first, {
      stopped: early,
      ...(isOneClock ? { toNs: first.fromNs, stepped: true } : { toNs: early.tNs }),
    })
  }
  return parts
}
