import type { rigline } from './generated/rigline.js'
import { countFromLong, countToLong, fromLong, toLong, toUnsignedLong } from './long.ts'
import { type ClockSample, causes, type Event, type Gap, type Health, type Range, type SourceHealth } from './types.ts'
import { wellFormed } from './write.ts'

// The small bodies of envelopes, between memory and the generated code. What a newer agent says in words that are not
// known here becomes the nearest known one and a problem.

type Say = (problem: string) => void

export const toEventMessage = (event: Event): rigline.v1.Event.$Properties => ({
  tNs: toLong(event.tNs),
  type: wellFormed(event.type),
  author: wellFormed(event.author),
  text: wellFormed(event.text),
  facts: Object.fromEntries(Object.entries(event.facts).map(([key, fact]) => [wellFormed(key), wellFormed(fact)])),
  id: event.id,
})

export const fromEventMessage = (message: rigline.v1.Event): Event => ({
  tNs: fromLong(message.tNs),
  type: message.type,
  author: message.author,
  text: message.text,
  facts: { ...message.facts },
  id: message.id,
})

export const toClockSampleMessage = (sample: ClockSample): rigline.v1.ClockSample.$Properties => ({
  tNs: toLong(sample.tNs),
  offsetNs: toLong(sample.offsetNs),
  roundTripNs: toUnsignedLong(sample.roundTripNs),
  stepNs: toLong(sample.stepNs),
  monotonicNs: toLong(sample.monotonicNs),
  bootId: sample.bootId,
})

export const fromClockSampleMessage = (message: rigline.v1.ClockSample): ClockSample => ({
  tNs: fromLong(message.tNs),
  offsetNs: fromLong(message.offsetNs),
  roundTripNs: fromLong(message.roundTripNs),
  stepNs: fromLong(message.stepNs),
  monotonicNs: fromLong(message.monotonicNs),
  bootId: new Uint8Array(message.bootId),
})

export const toRangeMessage = ({ from, to }: Range): rigline.v1.Range.$Properties => ({
  from: countToLong(from, 'from'),
  to: countToLong(to, 'to'),
})

export const fromRangeMessage = ({ from, to }: rigline.v1.Range.$Properties): Range => ({
  from: from ? countFromLong(from, 'from') : 0,
  to: to ? countFromLong(to, 'to') : 0,
})

/** The place in `causes` is the number on the wire. */
export const toGapMessage = (gap: Gap): rigline.v1.Gap.$Properties => ({
  fromNs: toLong(gap.fromNs),
  toNs: toLong(gap.toNs),
  streams: gap.streams,
  cause: causes.indexOf(gap.cause),
  detail: wellFormed(gap.detail),
  spool: gap.spool,
  numbers: gap.numbers.map(toRangeMessage),
  rows: countToLong(gap.rows, 'rows'),
  rig: gap.rig ?? '',
})

export function fromGapMessage(message: rigline.v1.Gap, say: Say): Gap {
  const cause = causes[message.cause]
  if (cause === undefined) say(`the cause ${message.cause} of a Gap is not known here; a newer agent may have sent it`)
  return {
    fromNs: fromLong(message.fromNs),
    toNs: fromLong(message.toNs),
    streams: message.streams.slice(),
    cause: cause ?? 'unspecified',
    detail: message.detail,
    spool: message.spool,
    numbers: message.numbers.map(fromRangeMessage),
    rows: countFromLong(message.rows, 'rows'),
    ...(message.rig === '' ? {} : { rig: message.rig }),
  }
}

export const toHealthMessage = (health: Health): rigline.v1.Health.$Properties => ({
  tNs: toLong(health.tNs),
  version: health.version,
  memoryBytes: countToLong(health.memoryBytes, 'memoryBytes'),
  spoolBytes: countToLong(health.spoolBytes, 'spoolBytes'),
  spoolEnvelopes: countToLong(health.spoolEnvelopes, 'spoolEnvelopes'),
  sources: health.sources.map((source) => ({
    name: wellFormed(source.name),
    state: source.state,
    rows: countToLong(source.rows, 'rows'),
    badLines: countToLong(source.badLines, 'badLines'),
    badLineSamples: source.badLineSamples.map(wellFormed),
    detail: wellFormed(source.detail),
  })),
})

export const fromHealthMessage = (message: rigline.v1.Health, say: Say): Health => ({
  tNs: fromLong(message.tNs),
  version: message.version,
  memoryBytes: countFromLong(message.memoryBytes, 'memoryBytes'),
  spoolBytes: countFromLong(message.spoolBytes, 'spoolBytes'),
  spoolEnvelopes: countFromLong(message.spoolEnvelopes, 'spoolEnvelopes'),
  sources: message.sources.map((source) => fromSourceHealth(source, say)),
})

const states: Record<SourceHealth['state'], true> = { running: true, waiting: true, failed: true, ended: true }
const isState = (state: string): state is SourceHealth['state'] => Object.hasOwn(states, state)

function fromSourceHealth(message: rigline.v1.SourceHealth.$Properties, say: Say): SourceHealth {
  const name = message.name ?? ''
  const state = message.state ?? ''
  const known = isState(state)
  if (!known) say(`source ${JSON.stringify(name)} is in the unknown state ${JSON.stringify(state)}: shown as failed`)
  return {
    name,
    state: known ? state : 'failed',
    rows: message.rows ? countFromLong(message.rows, 'rows') : 0,
    badLines: message.badLines ? countFromLong(message.badLines, 'badLines') : 0,
    badLineSamples: [...(message.badLineSamples ?? [])],
    detail: message.detail ?? '',
  }
}
