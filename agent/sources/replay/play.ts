import { isUlid, ulid } from '../../../common/ulid.ts'
import type { SourceHealth } from '../../../protos/types.ts'
import { parseIso } from '../mapping/time.ts'
import type { Row, RowChunk, Source, SourceContext, SourceEvent, Value } from '../source.ts'
import { createLayout, type Layout, type Slot } from './layout.ts'
import { createPace, sleep } from './pace.ts'
import type { FrameBlock, RecordedEvent, Recording } from './recording.ts'
import type { RecordingConfig } from './recording-config.ts'

// A recording of signals as a source: its frames become rows in the order of their times, each when it is due.
//
// The position of a row counts the rows of all rates of the recording up to it, over all repeats; the origin is the identity
// of the recording and of its start.

const rowsMax = 1000
const blockRows = 4096
const blockBytes = 1024 * 1024
/** A wait for the next row that is worth telling. */
const longWaitMs = 5000

/** Throws if the configuration asks for what the recording does not have. */
export function createPlayer(recording: Recording, config: RecordingConfig, context: SourceContext): Source {
  const { what } = recording
  const layout = createLayout(recording, config, context.name)
  const givenNs = startOf(recording, config)
  checkTimes(recording, givenNs ?? context.nowNs())
  const begin = whereToBegin(recording, config, givenNs, context)
  if (begin.notice) context.log.warn({ what, was: context.resume?.origin, is: begin.origin }, begin.notice)
  const { origin } = begin

  let { position } = begin
  let state: SourceHealth['state'] = 'running'
  let waiting = ''
  const cut = recording.framesDeclared - recording.frames
  const cutText =
    cut > 0 ? `ends after ${recording.frames} of the ${recording.framesDeclared} frames that its header speaks of` : ''
  if (cut > 0) context.log.error({ what }, `the recording ${cutText}`)

  const wait = async (waitMs: number, signal: AbortSignal) => {
    if (waitMs >= longWaitMs) {
      state = 'waiting'
      waiting = `the next row is due in ${Math.round(waitMs / 1000)} s`
    }
    await sleep(waitMs, signal)
    state = 'running'
    waiting = ''
  }

  async function* rows(signal: AbortSignal): AsyncGenerator<RowChunk> {
    const pace = createPace(config.speed)
    const timing = createTiming(recording, givenNs, context.nowNs)
    let chunk: RowChunk & { events: SourceEvent[] } = { rows: [], origin, events: [] }
    let lastNs: bigint | undefined
    for await (const block of blocks(recording, layout, timing, config.repeat, position))
      for (const item of block) {
        if (signal.aborted) return
        const waitMs = pace.waitMs(item.dueNs)
        if (waitMs > 0 || chunk.rows.length >= rowsMax || chunk.events.length >= rowsMax) {
          if (chunk.rows.length + chunk.events.length > 0) {
            yield chunk
            // The position moves on when the agent asks for more: what it has not taken is read again.
            position = chunk.rows.at(-1)?.position ?? position
            chunk = { rows: [], origin, events: [] }
          }
          if (waitMs > 0) await wait(waitMs, signal)
          if (signal.aborted) return
        }
        chunk.events.push(...item.events)
        if (item.row) {
          chunk.rows.push(item.row)
          lastNs = item.row.timeNs
        }
      }
    if (signal.aborted) return
    if (cut > 0 && lastNs !== undefined) chunk.gaps = [cutGap(lastNs)]
    if (chunk.rows.length + chunk.events.length > 0 || chunk.gaps) {
      yield chunk
      position = chunk.rows.at(-1)?.position ?? position
    }
    state = cut > 0 ? 'failed' : 'ended'
  }

  const cutGap = (lastNs: bigint) => ({
    fromNs: lastNs,
    toNs: lastNs + (BigInt(cut) * recording.frame.num) / recording.frame.den,
    streams: layout.streams.map((_, i) => i),
    detail: `the recording ${cutText}`,
    rows: cut * layout.slots.filter(({ stream }) => stream !== undefined).length,
  })

  return {
    streams: layout.streams,
    rows,
    health: () => ({
      state,
      badLines: 0,
      badLineSamples: [],
      detail: [waiting, cutText, begin.notice, ...recording.notes()].filter((text) => text !== '').join('; '),
    }),
    close: recording.close,
  }
}

/** When the first sample was taken; undefined: it is to be now. */
function startOf({ what, startNs }: Recording, { start, zone }: RecordingConfig): bigint | undefined {
  if (start === 'now') return undefined
  if (start !== 'recorded') return parseIso(start, zone)
  if (startNs !== undefined) return startNs
  throw new Error(
    `${what}: does not say when it was recorded; set start to a time such as 2024-05-01T12:00:00Z, or to now`,
  )
}

const lastNs = 2n ** 63n - 1n

/** A damaged header may speak of times that there are not. */
function checkTimes({ what, frame, framesDeclared }: Recording, startNs: bigint): void {
  const lengthNs = (BigInt(framesDeclared) * frame.num) / frame.den
  if (startNs + lengthNs <= lastNs) return
  throw new Error(
    `${what}: ${framesDeclared} frames would last ${lengthNs / 86_400_000_000_000n} days, until after 2262; are rate and start right?`,
  )
}

function whereToBegin(
  { identity, frames }: Recording,
  { start }: RecordingConfig,
  givenNs: bigint | undefined,
  { resume }: SourceContext,
): { position: number; origin: string; notice: string } {
  // Played anew at another time it has another origin, and so its events are others, too.
  const [before, birth] = resume?.origin.split('@') ?? []
  const suffix = start === 'recorded' ? undefined : givenNs === undefined ? ulid() : String(givenNs)
  const same = before === identity && (start === 'now' ? isUlid(birth ?? '') : birth === suffix)
  if (resume && same && frames > 0) return { ...resume, notice: '' }
  const origin = suffix === undefined ? identity : `${identity}@${suffix}`
  return { position: 0, origin, notice: resume ? 'not what was read before: read from its beginning' : '' }
}

interface Timing {
  row(pass: number, frame: number, slot: Slot, startNs: bigint | undefined): bigint
  event(pass: number, atNs: bigint): bigint
}

/** Times of rows and events. With no start given, the first time that is asked for is now. */
function createTiming({ frames, frame, spanNs }: Recording, givenNs: bigint | undefined, nowNs: () => bigint): Timing {
  let startNs = givenNs
  const place = (atNs: bigint) => {
    startNs ??= nowNs() - atNs
    return startNs + atNs
  }
  const passNs = (pass: number) =>
    pass === 0 ? 0n : spanNs === undefined ? (BigInt(pass * frames) * frame.num) / frame.den : BigInt(pass) * spanNs
  return {
    row(pass, index, slot, frameStartNs) {
      const den = frame.den * BigInt(slot.perFrame)
      if (frameStartNs !== undefined) return place(passNs(pass) + frameStartNs + (BigInt(slot.index) * frame.num) / den)
      // From the beginning on, so that fractions of a nanosecond do not add up.
      return place((BigInt((pass * frames + index) * slot.perFrame + slot.index) * frame.num) / den)
    },
    event: (pass, atNs) => place(passNs(pass) + atNs),
  }
}

interface Item {
  dueNs: bigint
  events: SourceEvent[]
  row?: Row
}

/** Blocks of rows from a position on, each row with the events that belong in front of it. */
async function* blocks(
  recording: Recording,
  { slots }: Layout,
  timing: Timing,
  repeat: boolean,
  position: number,
): AsyncGenerator<Iterable<Item>> {
  const { frames, frameBytes } = recording
  const perFrame = Math.max(1, slots.length)
  const perBlock = Math.max(1, Math.min(Math.floor(blockRows / perFrame), Math.floor(blockBytes / frameBytes)))
  let at = position
  while (frames > 0) {
    const pass = Math.floor(at / (frames * perFrame))
    if (pass > 0 && !repeat) return
    const firstInAll = Math.floor(at / perFrame)
    const first = firstInAll - pass * frames
    const block = await recording.read(first, Math.min(perBlock, frames - first))
    yield blockItems(block, { pass, first, firstInAll, skip: at - firstInAll * perFrame, slots, timing })
    at = (firstInAll + block.frames) * perFrame
    if (!Number.isSafeInteger(at * 2)) throw new Error(`${recording.what}: has been repeated too often`)
  }
}

interface BlockPlace {
  pass: number
  /** The block's first frame, in its pass and over all passes. */
  first: number
  firstInAll: number
  /** Rows of that frame that were read before, and its events with them. */
  skip: number
  slots: Slot[]
  timing: Timing
}

function* blockItems(block: FrameBlock, place: BlockPlace): Generator<Item> {
  const { pass, slots, timing } = place
  let event = 0
  for (let frame = 0; frame < block.frames; frame++) {
    const from = frame === 0 ? place.skip : 0
    let found: RecordedEvent[] = []
    while (block.events[event]?.frame === frame) found.push(block.events[event++]!)
    if (from > 0) found = []
    const position = (place.firstInAll + frame) * slots.length
    for (let s = from; s < slots.length; s++) {
      const slot = slots[s]!
      if (slot.stream === undefined) continue
      const timeNs = timing.row(pass, place.first + frame, slot, block.startsNs?.[frame])
      const row = { stream: slot.stream, timeNs, values: valuesOf(block, slot, frame), position: position + s + 1 }
      const events = found.length > 0 ? found.map((recorded) => toEvent(recorded, pass, timing)) : none
      found = none
      yield { dueNs: timeNs, events, row }
    }
    // Of a recording of annotations alone.
    for (const recorded of found) {
      const told = toEvent(recorded, pass, timing)
      yield { dueNs: told.timeNs, events: [told] }
    }
  }
}

const none: never[] = []

function valuesOf({ samples }: FrameBlock, { columns, perFrame, index }: Slot, frame: number): Value[] {
  const values: Value[] = new Array(columns.length)
  const sample = frame * perFrame + index
  for (let i = 0; i < values.length; i++) {
    const { signal, value } = columns[i]!
    values[i] = value(samples[signal]![sample]!)
  }
  return values
}

function toEvent({ atNs, untilNs, label, text, key }: RecordedEvent, pass: number, timing: Timing): SourceEvent {
  return {
    timeNs: timing.event(pass, atNs),
    ...(untilNs === undefined ? {} : { untilNs: timing.event(pass, untilNs) }),
    label,
    ...(text === undefined ? {} : { text }),
    key: pass === 0 ? key : `${key} ${pass}`,
  }
}
