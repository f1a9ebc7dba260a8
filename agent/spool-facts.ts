import type { Gap, Range } from '../protos/types.ts'
import type { StreamState } from './batcher.ts'

/** What is remembered of the rows behind numbers, for the Gap that may have to stand for them. */
export interface Facts {
  fromNs: bigint
  toNs: bigint
  /** Empty: not known. */
  streams: string[]
  /** 0: not known. */
  rows: number
}

export type FactsOfRange = Range & Facts

export const unknownFacts: Facts = { fromNs: 0n, toNs: 0n, streams: [], rows: 0 }

const streamsMax = 64

export function joinFacts(a: Facts | undefined, b: Facts | undefined): Facts | undefined {
  if (!a || !b) return a ?? b
  const streams = a.streams.length && b.streams.length ? [...new Set([...a.streams, ...b.streams])] : []
  return {
    fromNs: a.fromNs < b.fromNs ? a.fromNs : b.fromNs,
    toNs: a.toNs > b.toNs ? a.toNs : b.toNs,
    streams: streams.length > streamsMax ? [] : streams,
    rows: a.rows > 0 && b.rows > 0 ? a.rows + b.rows : 0,
  }
}

/** What the rows of a batch add to the facts of their segment; changes them in place, for it is done for each batch. */
export function addRows(
  facts: Facts | undefined,
  stream: string | undefined,
  times: BigInt64Array,
  isRising = false,
): Facts | undefined {
  if (times.length === 0) return facts
  const grown = facts ?? { fromNs: times[0]!, toNs: times[0]!, streams: [], rows: 0 }
  const isFirst = grown.rows === 0
  // What rises begins and ends with its bounds: this is done for each batch.
  const bounds = isRising ? [times[0]!, times.at(-1)!] : times
  for (const time of bounds) {
    if (time < grown.fromNs) grown.fromNs = time
    if (time > grown.toNs) grown.toNs = time
  }
  grown.rows += times.length
  if (stream === undefined) grown.streams = []
  else if ((isFirst || grown.streams.length > 0) && !grown.streams.includes(stream)) {
    if (grown.streams.length < streamsMax) grown.streams.push(stream)
    else grown.streams = []
  }
  return grown
}

/** No rig measured before this: a clock that was not set yet, and no interval that means anything. */
const clockSetNs = BigInt(Date.UTC(2000, 0)) * 1_000_000n

/** What a Gap of a segment adds to the interval that its loss leaves unsaid. */
export function addGap(declares: Facts | undefined, { fromNs, toNs, streams }: Gap): Facts | undefined {
  if (fromNs < clockSetNs || toNs < fromNs) return declares
  return joinFacts(declares, { fromNs, toNs, streams: [...streams], rows: 0 })
}

/** The rows of a segment, and what its Gaps speak of. */
export function withGaps(facts: Facts | undefined, declares: Facts | undefined): Facts | undefined {
  const all = joinFacts(facts, declares)
  return all && { ...all, rows: facts?.rows ?? 0 }
}

/** What was spooled between two checkpoints: the streams that went on, from where they stood to where they stood then. */
export function factsBetween(
  before: ReadonlyMap<string, StreamState>,
  after: ReadonlyMap<string, StreamState>,
): Facts | undefined {
  let facts: Facts | undefined
  for (const [stream, { lastNs, lastRowNs = lastNs, era, position }] of after) {
    const was = before.get(stream)
    if (lastNs === undefined) continue
    const wasRowNs = was?.lastRowNs ?? was?.lastNs
    if (was?.lastNs === lastNs && wasRowNs === lastRowNs && was.era === era && was.position === position) continue
    const times = [lastNs, lastRowNs, was?.lastNs, wasRowNs].filter((ns) => ns !== undefined)
    const fromNs = times.reduce((low, ns) => (ns < low ? ns : low))
    const toNs = times.reduce((high, ns) => (ns > high ? ns : high))
    facts = joinFacts(facts, { fromNs, toNs, streams: [stream], rows: 0 })
  }
  return facts
}

/**
 * The facts of some numbers, from those of the ranges that they lie in. Rows are known where whole ranges are meant;
 * undefined if nothing is known of any of the numbers.
 */
export function factsOf(numbers: readonly Range[], known: readonly FactsOfRange[]): Facts | undefined {
  let facts: Facts | undefined
  for (const { from, to, ...part } of known) {
    const touching = numbers.find((range) => range.from <= to && range.to >= from)
    if (!touching) continue
    const isWhole = touching.from <= from && touching.to >= to
    facts = joinFacts(facts, isWhole ? part : { ...part, rows: 0 })
  }
  const counted = numbers.every(({ from, to }) => {
    let next = from
    for (const range of known) if (range.from <= next && range.to >= next) next = range.to + 1
    return next > to
  })
  return facts && !counted ? { ...facts, rows: 0 } : facts
}
