import {
  decodeRunEvent,
  isForIngestAlone,
  isRunEvent,
  type RunEvent,
  signedByToken,
} from '../../../protos/run-events.ts'
import { ownRig } from '../../../protos/topics.ts'
import type { ClockSample, Event, Gap, Health } from '../../../protos/types.ts'
import type { JournalEnvelope } from '../sink.ts'
import { escapeKey, quoteText, storableName } from './escape.ts'
import { tables } from './measurements.ts'
import { timeMaxNs, timeMinNs } from './representable.ts'

// What travels beside the batches, as lines of measurements of its own, for boards: see docs/grafana.md. Rare, so lines are
// plain strings. A line follows from its envelope alone: writing it again changes nothing. Every line has all fields of its
// measurement, because Grafana drops an annotation that lacks one. All texts are in the lake in full; whose subject or
// operator a run has, and for whom a token entered something, stays there too, because boards are for everyone.

/** Longer texts are cut: InfluxDB is not their home. */
const textCharsMax = 4000
const sourcesMax = 64
/**
 * Two events, or two Gaps, of one rig and kind can begin at one ns (two marks of the same second, two streams' last rows). Their
 * envelopes' numbers lie close together: the number modulo this is the tag that keeps them apart, and few series.
 */
const slots = 64

type Field = number | string | boolean

export interface TableLines {
  lines: string[]
  /** Whose and when, of each line. */
  points: { rig: string; tNs: bigint }[]
  /** Times that InfluxDB doesn't have. */
  outOfRange: number
}

/** The lines of an envelope that is no batch; none if its kind has no measurement. */
export function tableLines({ header, body }: Pick<JournalEnvelope, 'header' | 'body'>): TableLines {
  const found: TableLines = { lines: [], points: [], outOfRange: 0 }
  const add = (measurement: string, tags: Record<string, string>, fields: Record<string, Field>, tNs: bigint) => {
    if (tNs < timeMinNs || tNs > timeMaxNs) found.outOfRange++
    else {
      found.lines.push(makeLine(measurement, tags, fields, tNs))
      found.points.push({ rig: tags.rig ?? '', tNs })
    }
  }
  const { rig } = header
  const slot = String(header.seq % slots)
  switch (body.type) {
    case 'event': {
      const { fields, type, rigs, fromNs } = describeEvent(body.event, rig)
      for (const whose of rigs) add(tables.events, { rig: whose, slot, type }, fields, fromNs)
      break
    }
    case 'gap': {
      const { gap } = body
      add(tables.gaps, { cause: gap.cause, rig: gap.rig ?? rig, slot }, gapFields(gap, rig), gap.fromNs)
      break
    }
    case 'health': {
      const { health } = body
      add(tables.health, { rig }, healthFields(health), health.tNs)
      for (const { name, state, rows, badLines, detail } of health.sources.slice(0, sourcesMax)) {
        add(tables.sources, { rig, source: name }, { state, rows, bad_lines: badLines, detail }, health.tNs)
      }
      break
    }
    case 'clock_sample':
      add(tables.clock, { rig }, clockFields(body.clockSample), body.clockSample.tNs)
      break
    default:
  }
  return found
}

const seconds = (ns: bigint): number => Number(ns) / 1e9
/** Whole ms, as Grafana has times: to the same one for the same time. */
const wholeMs = (ns: bigint): number => Number(ns / 1_000_000n)
const span = (fromNs: bigint, toNs: bigint) => ({
  to_ms: wholeMs(toNs),
  to_ns: String(toNs),
  duration_s: seconds(toNs - fromNs),
})

function gapFields({ fromNs, toNs, streams, cause, detail, rows }: Gap, sender: string): Record<string, Field> {
  const which = streams.join(', ')
  const title = `Gap: ${cause.replaceAll('_', ' ')}`
  const text = [which === '' ? 'all streams' : which, `${seconds(toNs - fromNs).toFixed(3)} s`, detail]
  return {
    ...span(fromNs, toNs),
    title,
    text: text.filter((part) => part !== '').join(' · '),
    detail,
    streams: which,
    rows,
    sender,
  }
}

function healthFields({ version, memoryBytes, spoolBytes, spoolEnvelopes, sources }: Health): Record<string, Field> {
  const running = sources.filter(({ state }) => state === 'running').length
  return {
    version,
    memory_bytes: memoryBytes,
    spool_bytes: spoolBytes,
    spool_envelopes: spoolEnvelopes,
    sources: sources.length,
    sources_running: running,
    rows: sources.reduce((sum, source) => sum + source.rows, 0),
    bad_lines: sources.reduce((sum, source) => sum + source.badLines, 0),
  }
}

const clockFields = ({ offsetNs, roundTripNs, stepNs }: ClockSample): Record<string, Field> => ({
  offset_s: seconds(offsetNs),
  round_trip_s: seconds(roundTripNs),
  step_s: seconds(stepNs),
})

interface DescribedEvent {
  /** A tag must have few values: what is none of ours is `other`, its own name is in the field `event`. */
  type: string
  /** Whose: those it names, else the sender. */
  rigs: string[]
  fromNs: bigint
  fields: Record<string, Field>
}

function describeEvent(event: Event, sender: string): DescribedEvent {
  const { tNs, text, id } = event
  const author = signedByToken(event.author, sender)
  const known = readEvent(event, sender)
  const { run = '', marker = '', label = '' } = event.facts
  // A line stands where that begins which its event tells of.
  const { fromNs, toNs } = spanOf(known, tNs)
  const withdrawn = known !== undefined && 'withdrawn' in known && known.withdrawn === true
  const title = titleOf(event, { run, label }, withdrawn)
  return {
    type: typeOf(event, sender),
    rigs: rigsOf(known, sender),
    fromNs,
    fields: {
      ...span(fromNs, toNs),
      event: event.type,
      title,
      text: [text, author === '' ? '' : `(${author})`].filter((part) => part !== '').join(' ') || title,
      run,
      marker,
      label,
      author,
      sender,
      id,
      withdrawn,
      entered_ns: String(tNs),
    },
  }
}

/** Facts that can't be read, or that are not the sender's to tell, leave the event as a point with what it says of itself. */
function readEvent(event: Event, sender: string): RunEvent | undefined {
  try {
    const known = decodeRunEvent(event)
    return known && (sender === ownRig || !isForIngestAlone(known)) ? known : undefined
  } catch {
    return undefined
  }
}

function spanOf(event: RunEvent | undefined, tNs: bigint): { fromNs: bigint; toNs: bigint } {
  if (event?.type === 'rig.described') return { fromNs: event.validFromNs, toNs: event.validFromNs }
  if (event?.type !== 'marker' && event?.type !== 'run.corrected') return { fromNs: tNs, toNs: tNs }
  const { fromNs = tNs, toNs = fromNs } = event
  return { fromNs, toNs }
}

function rigsOf(event: RunEvent | undefined, sender: string): string[] {
  // A rig speaks for itself alone.
  if (sender !== ownRig) return [sender]
  if (event && 'rig' in event) return [event.rig]
  return event && 'rigs' in event && event.rigs.length > 0 ? [...new Set(event.rigs)] : [sender]
}

const typeOf = ({ type }: Event, sender: string): string =>
  isRunEvent(type) && (sender === ownRig || !isForIngestAlone({ type })) ? type : 'other'

const titles: Record<string, string> = {
  'run.started': 'Run started',
  'run.stopped': 'Run stopped',
  'run.corrected': 'Run corrected',
  'run.froze': 'Run took over the facts of its rig',
  marker: 'Marker',
  'rig.described': 'Rig described',
}

function titleOf({ type }: Event, { run, label }: { run: string; label: string }, withdrawn: boolean): string {
  const what = titles[type] ?? type
  const name = type === 'marker' && label !== '' ? label : run
  return `${withdrawn ? 'Withdrawn: ' : ''}${name === '' ? what : `${what}: ${name}`}`
}

const makeLine = (
  measurement: string,
  tags: Record<string, string>,
  fields: Record<string, Field>,
  tNs: bigint,
): string => {
  const tagText = Object.entries(tags).map(
    ([name, value]) => `,${name}=${escapeKey(storableName(value).slice(0, 128))}`,
  )
  const fieldText = Object.entries(fields).map(([name, value]) => `${name}=${fieldValue(value)}`)
  return `${measurement}${tagText.join('')} ${fieldText.join(',')} ${tNs}\n`
}

/** Numbers are always floats, as those of batches are. */
const fieldValue = (value: Field): string =>
  typeof value === 'string'
    ? quoteText(cut(value))
    : String(typeof value === 'number' && !Number.isFinite(value) ? 0 : value)

const cut = (text: string): string => (text.length <= textCharsMax ? text : `${text.slice(0, textCharsMax - 1)}…`)
