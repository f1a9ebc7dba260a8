import type { Cause, Range } from '../../protos/types.ts'

// What `verify` finds, as `--json` prints it. Times are ns since 1970 UTC as decimal text; checksums are 16 hex digits, see
// checksum.ts.

/** Rows, the readings in them, and the checksum over these. */
export interface Amount {
  rows: number
  readings: number
  checksum: string
}

export interface ChannelReport {
  channel: string
  /** How the lake keeps it. */
  kind: string
  lake: { readings: number; checksum: string }
}

/** InfluxDB knows fields, which channels of one name and kind share. */
export interface FieldReport {
  field: string
  /** What of the lake InfluxDB can hold. */
  expected: { readings: number; checksum: string }
  influx: { readings: number; checksum: string }
}

export interface InfluxStreamReport {
  rows: number
  readings: number
  /** Of the lake and the journal, but for what is pending or cannot be represented. */
  expected: Amount
  /** Readings left out, by rule: overwritten (another came for the same time, with another value), not_rising, nan, infinity, int_beyond_2_53, string_too_long, time_out_of_range, refused ... */
  notRepresentable: Record<string, number>
  /** Not yet consumed. */
  pending: { envelopes: number; rows: number }
  /** Rows of these that are refilled from the lake, because the journal could not hold them. */
  owedRows: number
  /** Gaps in whose times it was not compared: what they declare missing came, and InfluxDB may have it though the lake does not. */
  leftOutGaps: number
  fields: FieldReport[]
  agree: boolean
}

export interface StreamReport {
  stream: string
  /** What the ledger says was taken from the journal, and what waits there. */
  delivered: Amount & { envelopes: number }
  lake: Amount & {
    pending: { envelopes: number; rows: number; readings: number }
    /** By retention: a Gap says so. InfluxDB is not compared there. */
    removed: { envelopes: number; rows: number; readings: number }
  }
  /**
   * What of the delivered the journal still has, read anew, beside what the ledger says of it. `unreadable`: envelopes that the lake took, and
   * whose bytes in the journal are damaged since: not compared.
   */
  journal: { envelopes: number; found: Amount; ledger: Amount; unreadable: number }
  influx: InfluxStreamReport | null
  /** Rows that are there more than once: same era and time, not flagged as not rising. */
  duplicates: number
  /** Rows that came once more with the same values, and are there once; in the span, by the batch. */
  repeated: { rows: number; readings: number }
  /** Rows that came with other values for a time that was there: in the lake beside the ones before, flagged. */
  differing: number
  channels: ChannelReport[]
  /** Whatever does not agree, in words. */
  problems: string[]
  agree: boolean
}

export interface SpoolReport {
  spool: string
  predecessor: string
  /** Numbers that came. */
  numbers: Range[]
  /** Numbers that did not come, and no Gap speaks of them. */
  holes: Range[]
  /** Numbers that a Gap declares gone. */
  declared: Range[]
  /** Numbers that had come and are in no store, nor on the way there. */
  lost: Range[]
  twice: number
  /** Numbers that came once more, and of which nothing is there twice. */
  again: number
  quarantined: number
  parked: number
}

export interface GapReport {
  fromNs: string
  toNs: string
  /** Empty: all. */
  streams: string[]
  cause: Cause
  detail: string
  rows: number
  spool: string
  numbers: Range[]
}

export interface RigReport {
  rig: string
  spools: SpoolReport[]
  /** Spools that a later one names as its predecessor and of which nothing came, though older ones did. */
  missingSpools: string[]
  gaps: GapReport[]
  streams: StreamReport[]
}

export interface VerifyReport {
  agree: boolean
  fromNs: string | null
  toNs: string | null
  rigs: RigReport[]
  /** How many entries the quarantine has, by who put them there and why. */
  quarantined: Record<string, number>
  /** Whether InfluxDB was compared; why not, if it could not be. `owedRows`: it is complete when they are refilled from the lake. */
  influx: { compared: boolean; reason?: string; owedRows: number } | null
  /** What is wrong beyond a stream: files missing ... */
  problems: string[]
}
