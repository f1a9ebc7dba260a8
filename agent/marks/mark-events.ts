import type { Clock } from '../../common/clock.ts'
import { ulidPlus } from '../../common/ulid.ts'
import type { Changes, Entered, RunEvent, RunFacts } from '../../protos/run-events.ts'
import { factNames, type Mark } from './mark-file.ts'

// Marks become events. A rig's events speak for that rig alone.

/** What a marker was told to be last: a correction says only what changes. */
export interface MarkerVersion {
  label: string
  run: string
  fromNs: bigint
  toNs?: bigint
}

export interface MarkContext {
  rig: string
  /** ULID of the file: what it holds gets the same event ids however often it is read. */
  id: string
  /** When the file was written, by its file system. */
  mtimeNs: bigint
  clock: Pick<Clock, 'nowNs' | 'monotonicNs' | 'bootId'>
  markers: ReadonlyMap<string, MarkerVersion>
}

export interface MarkEvent {
  event: RunEvent
  entered: Entered
}

/** The event of one mark; `index`: its place in the file. Throws, in words, if what it corrects is not known. */
export function eventOf(mark: Mark, index: number, context: MarkContext): MarkEvent {
  const { rig } = context
  const id = ulidPlus(context.id, index)
  const tNs = timeOf(mark, context)
  const entered = { tNs, id, author: mark.author ?? 'control program', text: mark.text ?? '' }
  switch (mark.do) {
    case 'start': {
      const run = mark.run ?? drawRunName(rig, tNs, id)
      const facts = factsOf(mark) as RunFacts
      return { entered, event: { type: 'run.started', run, rigs: [rig], facts } }
    }
    case 'stop':
      return { entered, event: { type: 'run.stopped', run: mark.run ?? '' } }
    case 'mark':
      return { entered, event: markerEvent(mark, rig, id, tNs, context.markers) }
    case 'correct': {
      const { run, from, to, withdrawn } = mark
      const span = { ...(from === undefined ? {} : { fromNs: from }), ...(to === undefined ? {} : { toNs: to }) }
      checkSpan(from, to)
      const event = { type: 'run.corrected' as const, run, facts: factsOf(mark), ...span }
      return { entered, event: withdrawn ? { ...event, withdrawn } : event }
    }
  }
}

function markerEvent(
  mark: Mark & { do: 'mark' },
  rig: string,
  id: string,
  tNs: bigint,
  markers: ReadonlyMap<string, MarkerVersion>,
): RunEvent {
  const marker = mark.marker ?? id
  const before = markers.get(marker)
  const label = mark.label ?? before?.label ?? (mark.withdrawn ? '' : undefined)
  if (label === undefined) {
    throw new Error(`label: needed, for the marker "${marker}" is not among the last that were entered on this rig`)
  }
  const fromNs = mark.from ?? before?.fromNs ?? tNs
  const toNs = mark.to === null ? undefined : (mark.to ?? before?.toNs)
  checkSpan(fromNs, toNs)
  return {
    type: 'marker',
    marker,
    run: mark.run ?? before?.run ?? '',
    rigs: [rig],
    label,
    fromNs,
    ...(toNs === undefined ? {} : { toNs }),
    ...(mark.withdrawn ? { withdrawn: true } : {}),
  }
}

function checkSpan(fromNs: bigint | undefined, toNs: bigint | undefined): void {
  if (fromNs === undefined || toNs === undefined || toNs >= fromNs) return
  throw new Error(`to: ends before it begins (from ${isoTime(fromNs)} to ${isoTime(toNs)})`)
}

function factsOf(mark: Mark & { do: 'start' | 'correct' }): Changes<RunFacts> {
  return Object.fromEntries(factNames.filter((key) => mark[key] !== undefined).map((key) => [key, mark[key]]))
}

/**
 * When it happened. A mark of the command line tells its monotonic time too: an agent of the same boot then says by its own
 * clock, which stamps the readings, when that was, even if the wall clock was set in between (a rig that boots in 1970).
 */
function timeOf({ time, timeNs, clock: told }: Mark, { clock, mtimeNs }: MarkContext): bigint {
  if (time !== undefined) return time
  if (told && told.boot === hexOf(clock.bootId)) {
    const agoNs = clock.monotonicNs() - told.monotonicNs
    if (agoNs >= 0n) return clock.nowNs() - agoNs
  }
  return timeNs ?? mtimeNs
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export const isoTime = (timeNs: bigint): string => new Date(Number(timeNs / 1_000_000n)).toISOString()

/** "bench-7-20261121T093000Z-7k3q": readable, and unique by four letters of the event's id. */
export function drawRunName(rig: string, tNs: bigint, id: string): string {
  const stamp = isoTime(tNs)
    .replace(/\.\d+/, '')
    .replace(/[^0-9TZ]/g, '')
  return `${[...rig].slice(0, 42).join('')}-${stamp}-${id.slice(-4).toLowerCase()}`
}
