import type { Cause, Kind } from '../../../protos/types.ts'

// What a report on completeness says. It is saved as JSON and sent as such: times in ns since 1970 UTC and other 64-bit integers
// are decimal text, seconds are numbers. docs/completeness.md defines each figure.

/** Worst last. */
export const verdicts = ['complete', 'empty', 'gaps_declared', 'incomplete'] as const
export type Verdict = (typeof verdicts)[number]

export interface Completeness {
  verdict: Verdict
  /** For people, worst first. */
  findings: string[]
  parts: PartReport[]
  madeFrom: MadeFrom
  /** When it was made, ms since 1970, and how long that took. */
  madeMs: number
  tookMs: number
}

/** What the report rests on. When it changes, so may the report. */
export interface MadeFrom {
  lakeFiles: number
  lakeRows: number
  /** Up to where the journal was read, as segment and offset; null: it was empty. */
  journal: { segment: string; offset: number } | null
  /** Bytes of the journal that the lake had not taken yet. */
  journalBytes: number
  /** Numbers missing then. */
  missing: number
}

/** Of one rig, rows with fromNs <= t < toNs. */
export interface PartReport {
  rig: string
  fromNs: string
  toNs: string
  verdict: Verdict
  findings: string[]
  clock: ClockReport | null
  /** Numbers that are missing and that nobody declared. Their streams are not known, so each is a hole of all. */
  holes: HoleReport[]
  holesCut: boolean
  /** Numbers missing in them, all together. */
  numbersMissing: number
  /** Numbers that ingest receipted and that are neither in the lake nor in the journal nor put aside. */
  numbersLost: number
  /** Envelopes that the lake has put aside: refused, or waiting for their schema. */
  aside: { quarantined: number; parked: number; parkedRows: number }
  streams: StreamReport[]
}

export interface HoleReport {
  spool: string
  from: number
  to: number
  fromNs: string | null
  toNs: string | null
}

export interface StreamReport {
  stream: string
  verdict: Verdict
  findings: string[]
  /** What ingest has receipted: by the lake's ledger, and of the journal behind it. */
  delivered: { rows: number; envelopes: number }
  /** `removedRows`: delivered, and since removed from the lake by its retention. */
  stored: { lakeRows: number; journalRows: number; removedRows: number }
  /** Delivered and stored differ: how. */
  trouble: string | null
  firstNs: string | null
  lastNs: string | null
  gaps: GapSums
  rate: RateReport
  channels: ChannelReport[]
}

export interface GapSums {
  count: number
  /** Of the union of all, clipped to the span. */
  seconds: number
  /** Rows gone, where the rig knew. */
  rows: number
  byCause: { cause: Cause; count: number; seconds: number }[]
  /** The longest ones, in order of time. */
  list: { fromNs: string; toNs: string; cause: Cause; detail: string; rows: number }[]
  cut: boolean
}

export interface RateReport {
  /** null: an irregular stream, or its schema is not known. */
  nominalRowsPerS: number | null
  rowsPerS: number | null
  /** Measured by nominal. */
  ratio: number | null
  medianIntervalS: number | null
  /** The longest time without a row that no Gap explains; between rows. */
  longestPauseS: number
  longestPauseFromNs: string | null
  /** Such times longer than 5 periods, and their sum. 0 for an irregular stream. */
  pauses: number
  pausesS: number
  /** From the span's beginning to the first row and from the last row to its end, without Gaps. */
  beforeFirstS: number
  afterLastS: number
}

export interface ClockReport {
  /** Samples in the span, and those that the line was laid through. */
  samples: number
  used: number
  atNs: string
  /** Ingest's clock less the rig's at `atNs`, ms. */
  offsetMs: number
  offsetUncertaintyMs: number
  /** How fast the offset grows: above 0 the rig's clock is slow. */
  driftPpm: number
  driftUncertaintyPpm: number
  steps: { atNs: string; stepMs: number }[]
  stepsCut: boolean
}

export interface ChannelReport {
  channel: string
  kind: Kind
  unit: string
  min: number | null
  max: number | null
  readings: number
  missing: number
  nan: number
  infinite: number
  /** Of numbers; null for bool and text. */
  numbers: NumbersReport | null
}

export interface NumbersReport {
  lowest: number | null
  highest: number | null
  /** Never changed in the span. */
  constant: boolean
  changes: number
  /** 95 of 100 pauses between changes are no longer. */
  usualPauseS: number | null
  outOfRange: { readings: number; share: number; firstNs: string | null }
  clipped: ClippedReport[]
  longestStill: StillReport | null
  /** The longest one that is judged to be a fault. */
  stuck: StillReport | null
}

export interface ClippedReport {
  side: 'min' | 'max'
  /** At the range's limit, or at the most extreme value seen. */
  at: 'range' | 'extreme'
  value: number
  readings: number
  runs: number
  longestRows: number
  longestS: number
  firstNs: string
  /** `rest`: a value at which this channel rests by its nature. */
  judged: 'clipped' | 'rest'
}

export interface StillReport {
  seconds: number
  rows: number
  fromNs: string
  value: number
}

const rank = (verdict: Verdict): number => verdicts.indexOf(verdict)

/** Of several: the worst. Empty only if all are. */
export function worst(all: readonly Verdict[]): Verdict {
  const filled = all.filter((verdict) => verdict !== 'empty')
  if (filled.length === 0) return 'empty'
  return filled.reduce((a, b) => (rank(b) > rank(a) ? b : a))
}
