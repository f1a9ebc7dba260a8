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

/** Takes the starts and stops of one run in the order in which they happened. */
export interface PartsFold {
  add(record: RunEventRecord): void
  /** The rig takes part after what was added. */
  isOpen(): boolean
  parts(): RawPart[]
}

/** Starts while the rig takes part and stops while it doesn't change nothing. */
export function createPartsFold(rig: string): PartsFold {
  const parts: RawPart[] = []
  const unused: RunEventRecord[] = []
  const notStopped = (): RawPart | undefined => {
    const last = parts.at(-1)
    return last?.toNs === undefined ? last : undefined
  }
  /** By the clocks it came before the start that it was entered after: one was set back in between, or two differ. */
  const closedEarly = (part: RawPart): RawPart | undefined => {
    const stopped = unused.findLast((stop) => isEnteredAfter(part.started, stop))
    if (!stopped) return undefined
    // Of two clocks, each time stays as it is.
    const isOneClock = clockOf(stopped.rig) === clockOf(part.started.rig)
    return { ...part, stopped, ...(isOneClock ? { toNs: part.fromNs, stepped: true } : { toNs: stopped.tNs }) }
  }
  const isOpen = (): boolean => {
    const part = notStopped()
    return part !== undefined && closedEarly(part) === undefined
  }
  const closed = (): RawPart[] => {
    const part = notStopped()
    const early = part && closedEarly(part)
    return early ? [...parts.slice(0, -1), early] : parts
  }
  return {
    add(record) {
      if (startsRig(record, rig)) {
        if (isOpen()) return
        parts.splice(0, parts.length, ...closed(), { fromNs: record.tNs, started: record })
      } else if (stopsRig(record, rig)) {
        const part = notStopped()
        if (part) Object.assign(part, { toNs: record.tNs, stopped: record })
        else unused.push(record)
      }
    },
    isOpen,
    parts: closed,
  }
}

/** `records`: of one run. */
export function foldParts(records: readonly RunEventRecord[], rig: string): RawPart[] {
  const fold = createPartsFold(rig)
  for (const record of [...records].sort(byTime)) fold.add(record)
  return fold.parts()
}
