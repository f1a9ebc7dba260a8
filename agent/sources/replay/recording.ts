import type { Period } from '../../../protos/types.ts'

// The port of a recording of signals (WFDB, EDF): frames of equal length, in each of which every signal has a fixed number of
// samples. What it is made into is in layout.ts, how it is played in play.ts.

export interface Signal {
  /** As the file names it. */
  label: string
  /** Samples in a frame. */
  perFrame: number
  /** UCUM; absent: none, or none that is known. */
  unit?: string
  description?: string
  /** The raw value that stands for "no value". */
  missing?: number
  /** Absent: not calibrated, so there are raw values alone. */
  calibration?: Calibration
  /** What the converter could give, raw. */
  rawMin?: number
  rawMax?: number
}

export interface Calibration {
  /** physical = raw * gain + offset, but for the rounding. */
  gain: number
  offset: number
  /** The physical value, in the order of arithmetic that the format defines. */
  physical(raw: number): number
}

export interface Recording {
  /** Names it in errors and notices. */
  what: string
  /** Of its content: another recording has another one. */
  identity: string
  signals: Signal[]
  /** Frames that are there, and frames that its header speaks of. */
  frames: number
  framesDeclared: number
  frameBytes: number
  /** Length of a frame, ns. */
  frame: Period
  /** When it begins, ns since 1970 UTC; absent if it does not say. */
  startNs?: bigint
  /** Only if frames do not follow each other without a break: ns from the beginning to the end of the last one. */
  spanNs?: bigint
  /** Up to `count` frames from `first` on, one at least; both within `frames`. Throws if they cannot be read. */
  read(first: number, count: number): Promise<FrameBlock>
  /** What people should know about it; it may grow while reading. */
  notes(): string[]
  close(): Promise<void>
}

export interface FrameBlock {
  frames: number
  /** By signal: its raw samples, one frame behind the other. Empty for a signal that is not read. */
  samples: Int16Array[]
  /** Only if frames do not follow each other without a break: when each begins, ns from the beginning. */
  startsNs?: bigint[]
  /** In the order of their frames. */
  events: RecordedEvent[]
}

export interface RecordedEvent {
  /** The frame of the block with whose first row it is told. */
  frame: number
  /** ns from the beginning of the recording. */
  atNs: bigint
  untilNs?: bigint
  label: string
  text?: string
  /** Its own in the recording, and the same whenever that is read. */
  key: string
}
