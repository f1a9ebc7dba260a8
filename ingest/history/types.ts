import type { Cause } from '../../protos/types.ts'

// What can be asked of history, and what it answers: all that is durable, wherever it is at this moment. The lake has it up to
// its cursor in the journal, the journal has the rest: the two meet at that position, so nothing is there twice and nothing
// is missing between them.

/** Of one rig: rows with fromNs <= t < toNs, ns since 1970 UTC. */
export interface Part {
  rig: string
  fromNs: bigint
  toNs: bigint
}

export type ClockName = 'rig' | 'ingest'

/** A part whose bounds are by the clocks named. */
export interface ClockedPart extends Part {
  fromClock: ClockName
  toClock: ClockName
}

export interface RigTimesQuery {
  parts: ClockedPart[]
}

/** A bound by the rig's clock, see clock-map.ts. */
export interface RigBound {
  ns: bigint
  /** Ingest's clock less the rig's. */
  offsetNs: bigint
  /** null: there is no sample of the rig's clock; the offset is taken to be 0. */
  uncertaintyNs: bigint | null
}

export interface RigTimesAnswer {
  /** In the order of the question. */
  parts: {
    rig: string
    /** Undefined: it was by the rig's clock already. */
    from?: RigBound
    to?: RigBound
    /** What the rig's clock went through, in order, not touching: several where it was set meanwhile, none where nothing lies between. */
    through: { fromNs: bigint; toNs: bigint }[]
  }[]
}

export const formats = ['arrow', 'csv', 'parquet', 'json'] as const
export type Format = (typeof formats)[number]

export interface ReadingsQuery {
  /** At least one; the answer has them in this order. Parts of one rig do not overlap. */
  parts: Part[]
  stream: string
  /** In this order; absent: all of the stream. */
  channels?: string[] | undefined
  format: Format
  /** Numbers that ingest has not got, see `gaps`. */
  missing: MissingNumbers[]
}

/** Numbers of one rig's spool that neither came nor were declared gone, though a higher one came. */
export interface MissingNumbers {
  rig: string
  spool: string
  /** Inclusive. */
  from: number
  to: number
}

export interface ChannelFacts {
  name: string
  /**
   * Of the answer: the channel's name, unless that is taken (names that differ in case alone, a channel of two kinds, the answer's
   * own columns): then name__kind.
   */
  column: string
  kind: 'f64' | 'f32' | 'int' | 'bool' | 'text'
  unit: string
  code: string
  description: string
  min?: number
  max?: number
}

export interface DeclaredGap {
  rig: string
  fromNs: bigint
  toNs: bigint
  /** Empty: all streams of the rig. */
  streams: string[]
  cause: Cause
  detail: string
  rows: number
}

/** Seen, not declared: numbers are missing. What they held is not known, so it is of all streams of the rig. */
export interface Hole {
  rig: string
  /** From the newest row before the missing numbers to the oldest after them, as far as known. */
  fromNs: bigint | null
  toNs: bigint | null
  spool: string
  from: number
  to: number
}

export interface GapsAnswer {
  gaps: DeclaredGap[]
  holes: Hole[]
  /** More of them than are listed. */
  cut: boolean
}

/** What an answer at full rate says before its first byte. */
export interface ReadingsHead extends GapsAnswer {
  contentType: string
  channels: ChannelFacts[]
  /** From the files' own counts: the answer may have fewer, because a file may hold more than is asked for. */
  rowsMost: number
  bytesAbout: number
}

export interface ThinnedQuery {
  parts: Part[]
  stream: string
  channels?: string[] | undefined
  /** Points of each channel and part, at most. */
  points: number
  missing: MissingNumbers[]
}

/**
 * M4 (Jugel and others, "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014): the span of time is cut into
 * equal pixels, and of each pixel the first, the lowest, the highest and the last row of a channel are kept, exactly as
 * measured. A line drawn at that width is the line of all rows.
 */
export interface ThinnedAnswer extends GapsAnswer {
  method: 'm4'
  pixels: number
  /** Rows that were looked at. */
  rows: number
  series: {
    rig: string
    channel: ChannelFacts
    /** Never falling, whatever their era; rows of one time in the order in which they came. */
    timesNs: BigInt64Array
    values: Float64Array
    /** Rows of the channel that have a finite value, have none, and have one that is not finite (left out). */
    present: number
    missing: number
    notFinite: number
  }[]
}

export interface GapsQuery {
  parts: Part[]
  /** Absent: of all streams. */
  stream?: string | undefined
  missing: MissingNumbers[]
}

export interface StreamFacts {
  rig: string
  stream: string
  channels: ChannelFacts[]
  /** Oldest and newest row; null if there is none. */
  fromNs: bigint | null
  toNs: bigint | null
  /** A file's rows are shared out evenly over its rigs. */
  rowsAbout: number
}

export interface HistoryStatus {
  state: 'starting' | 'running' | 'down' | 'closed'
  waitingFor?: string
  /** Of the process that answers, while there is one. */
  pid?: number
  restarts: number
  counters: Record<string, number>
}

/** A mistake of whoever asks: becomes a problem of the HTTP API. */
export class HistoryError extends Error {
  readonly status: 400 | 404 | 503
  constructor(status: 400 | 404 | 503, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}
