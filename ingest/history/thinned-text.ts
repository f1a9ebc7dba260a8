import { gapJson, holeJson } from './encoder.ts'
import type { ThinnedAnswer, ThinnedQuery } from './types.ts'

// Thinned series as the JSON of the HTTP API, in pieces. Made here and not in ingest: millions of points would keep receipts waiting there.

const pointsPerPiece = 2000

export function* thinnedText({ stream, parts }: ThinnedQuery, answer: ThinnedAnswer): Generator<string> {
  const { method, pixels, rows, series, gaps, holes, cut } = answer
  const fromNs = parts.reduce((low, part) => (part.fromNs < low ? part.fromNs : low), parts[0]!.fromNs)
  const toNs = parts.reduce((high, part) => (part.toNs > high ? part.toNs : high), parts[0]!.toNs)
  const head = { stream, fromNs: String(fromNs), toNs: String(toNs), thinned: { method, pixels, rows } }
  yield `${JSON.stringify(head).slice(0, -1)},"series":[`
  for (const [i, { timesNs, values, ...facts }] of series.entries()) {
    yield `${i === 0 ? '' : ','}${JSON.stringify(facts).slice(0, -1)},"timesNs":[`
    yield* listText(timesNs.length, (at) => `"${timesNs[at]}"`)
    yield '],"values":['
    yield* listText(values.length, (at) => numberText(values[at]!))
    yield ']}'
  }
  const missing = { gaps: gaps.map(gapJson), holes: holes.map(holeJson), cut }
  yield `],${JSON.stringify(missing).slice(1)}`
}

function* listText(length: number, item: (at: number) => string): Generator<string> {
  for (let from = 0; from < length; from += pointsPerPiece) {
    const count = Math.min(pointsPerPiece, length - from)
    yield `${from === 0 ? '' : ','}${Array.from({ length: count }, (_, i) => item(from + i)).join(',')}`
  }
}

/** JSON.stringify drops the sign of zero. */
const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))
