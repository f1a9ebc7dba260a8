import type { Clock } from '../common/clock.ts'
import type { Batch, Gap, Schema } from '../protos/types.ts'
import { type ColumnBuilder, createColumnBuilder } from './column-builder.ts'
import type { Row } from './sources/source.ts'

// Rows of one stream -> batches: closed by count, by age, by size, and wherever a batch must not go on (a new era, rows
// that do not rise, another origin). What it says about time is decided here and nowhere else.

const nsPerS = 1_000_000_000n
/** At most one new era a minute; rows that do not rise in between are flagged. */
const eraEveryNs = 60n * nsPerS
/** A periodic stream that jumps further than this many periods (and at least 2 s) has missed rows: a Gap. */
const jumpPeriods = 10n
const jumpLeastNs = 2n * nsPerS

/** What is known of a stream's last spooled rows; kept in the spool's checkpoints. */
export interface StreamState {
  /** The highest time of its era, ns; undefined: nothing was ever spooled. */
  lastNs?: bigint
  /** The time of the row that was spooled last, where that is not the highest: the clock was set back. */
  lastRowNs?: bigint
  era: number
  position: number
  origin: string
  /** How far the source's rows of this stream are spooled for certain, whether it had any there or not. */
  through?: { position: number; origin: string }
}

export interface BatchLimits {
  rowsMax: number
  ageMaxMs: number
  /** Bound of the estimated encoded size. */
  bytesMax: number
}

export interface BatcherOptions {
  schema: Schema
  schemaHash: Uint8Array
  limits: BatchLimits
  clock: Clock
  state: StreamState
  /** Takes each closed batch in order; the second is the monotonic time (ns) at which its first row came. */
  onBatch(batch: Batch, firstRowAtNs: bigint): void
  onGap(gap: Gap): void
  /** The open batch must close: closes it, with those of the source's other streams. Without it, it closes alone. */
  onDue?(): void
}

export interface Batcher {
  add(row: Row, origin: string): void
  /** Closes the open batch, if any. */
  flush(): void
  /** The source goes on where it had stopped: nothing is missing, even if no row is left there. */
  resumed(): void
  /** Of the open batch's last row; 0 if there is none, or if the source can't resume. */
  openPosition(): number
  counters: { rows: number; readings: number; refused: number; notRising: number }
}

export function createBatcher(options: BatcherOptions): Batcher {
  const { schema, clock, limits } = options
  const columns: ColumnBuilder[] = schema.channels.map((channel) => createColumnBuilder(channel.kind))
  // Only texts differ in size from row to row; 10 bytes for the row's time.
  const texts = schema.channels.flatMap(({ kind }, i) => (kind === 'text' ? [i] : []))
  const fixedBytes = columns.reduce((sum, column, i) => sum + (texts.includes(i) ? 0 : column.bytesOf(null)), 10)
  const counters = { rows: 0, readings: 0, refused: 0, notRising: 0 }
  const jumpNs = schema.period ? bigMax(jumpLeastNs, (jumpPeriods * schema.period.num) / schema.period.den) : undefined

  // The stream so far.
  let lastNs = options.state.lastNs
  const spooledNs = options.state.lastRowNs ?? lastNs
  let era = options.state.era
  let eraSinceNs: bigint | undefined
  let first = true
  const resumedAfter = options.state.position
  const resumedOrigin = options.state.origin

  // The open batch.
  let times = new BigInt64Array(Math.min(limits.rowsMax, 1024))
  let simulation: BigInt64Array | undefined
  let rows = 0
  let bytes = 0
  let notRising = false
  let position = 0
  let origin = ''
  let monotonicNs = 0n
  let age: NodeJS.Timeout | undefined

  const close = () => {
    if (rows > 0) (options.onDue ?? flush)()
  }

  const flush = () => {
    clearTimeout(age)
    age = undefined
    if (rows === 0) return
    const batch: Batch = {
      schema: options.schemaHash,
      rows,
      era,
      times: times.slice(0, rows),
      monotonicNs,
      bootId: clock.bootId,
      notRising,
      position,
      origin,
      columns: columns.map((column) => column.take()),
    }
    if (schema.period) batch.period = schema.period
    if (simulation) batch.simulation = simulation.slice(0, rows)
    rows = 0
    bytes = 0
    simulation = undefined
    options.onBatch(batch, monotonicNs)
  }

  /** Decides era and flag of a row by its time; closes the open batch where it may not go on. */
  const place = (timeNs: bigint) => {
    if (lastNs === undefined || timeNs > lastNs) {
      if (notRising) close()
      notRising = false
      declareJump(timeNs)
      lastNs = timeNs
    } else if (eraSinceNs === undefined || clock.monotonicNs() - eraSinceNs >= eraEveryNs) {
      close()
      notRising = false
      declareStart(timeNs)
      era++
      eraSinceNs = clock.monotonicNs()
      lastNs = timeNs
    } else {
      if (!notRising) close()
      notRising = true
      counters.notRising++
    }
    first = false
  }

  /**
   * Rows between the last row before the start and the first after it were not measured, unless the source resumed. The clock
   * may have been set back meanwhile: the Gap reaches from the lower to the higher of the two, so that whoever asks at either finds it.
   */
  const declareStart = (timeNs: bigint) => {
    if (!first || lastNs === undefined || spooledNs === undefined) return
    // A source that goes on where it stopped has missed nothing, unless it dates its rows anew (a replay from now on).
    if (resumed && (jumpNs === undefined || timeNs - lastNs <= jumpNs)) return
    const [fromNs, toNs] = spooledNs < timeNs ? [spooledNs, timeNs] : [timeNs, spooledNs]
    const detail = resumed
      ? 'the agent was not running; the source went on where it had stopped'
      : 'the agent was not running'
    options.onGap(createGap(schema.stream, fromNs, toNs, 'agent_down', detail))
  }

  const declareJump = (timeNs: bigint) => {
    if (first) return declareStart(timeNs)
    if (jumpNs === undefined || timeNs - lastNs! <= jumpNs) return
    options.onGap(createGap(schema.stream, lastNs!, timeNs, 'source_down', 'the source yielded no rows'))
  }

  let resumed = false

  const bytesOf = (row: Row): number =>
    texts.reduce((sum, i) => sum + columns[i]!.bytesOf(row.values[i] ?? null), fixedBytes)

  const add = (row: Row, rowOrigin: string) => {
    if (row.position !== undefined && resumedAfter > 0 && rowOrigin === resumedOrigin) {
      // The source goes over rows again that are spooled.
      if (row.position <= resumedAfter) return
      resumed = true
    }
    let timeNs = row.timeNs
    if (timeNs === undefined) {
      timeNs = clock.nowNs()
      if (lastNs !== undefined && timeNs <= lastNs && lastNs - timeNs < nsPerS) timeNs = lastNs + 1n
    }
    if (rowOrigin !== origin) {
      close()
      origin = rowOrigin
    }
    let rowBytes = bytesOf(row)
    if (rowBytes > limits.bytesMax) {
      counters.refused++
      options.onGap({
        ...createGap(
          schema.stream,
          timeNs - 1n,
          timeNs + 1n,
          'refused',
          `a row of ${rowBytes} bytes, limit ${limits.bytesMax}`,
        ),
        rows: 1,
      })
      return
    }
    if (bytes + rowBytes > limits.bytesMax) {
      close()
      // A text that the closed batch had in its dictionary counts in full again.
      rowBytes = bytesOf(row)
    }
    place(timeNs)

    if (rows === 0) {
      monotonicNs = clock.monotonicNs()
      age = setTimeout(close, limits.ageMaxMs)
    }
    if (rows === times.length) times = grow(times, limits.rowsMax)
    times[rows] = timeNs
    if (row.simulationNs !== undefined) {
      simulation ??= new BigInt64Array(times.length)
      if (simulation.length < times.length) simulation = grow(simulation, times.length)
      simulation[rows] = row.simulationNs
    }
    for (let i = 0; i < columns.length; i++) {
      if (columns[i]!.add(row.values[i] ?? null)) counters.readings++
    }
    position = row.position ?? 0
    rows++
    bytes += rowBytes
    counters.rows++
    if (rows >= limits.rowsMax) close()
  }

  return {
    add,
    flush,
    resumed() {
      resumed = true
    },
    openPosition: () => (rows > 0 ? position : 0),
    counters,
  }
}

/** A stream's state after a batch. */
export function stateAfter(batch: Batch, before: StreamState | undefined): StreamState {
  const lastRowNs = batch.times[batch.rows - 1]
  const lastNs = batch.notRising ? before?.lastNs : lastRowNs
  return {
    era: batch.era,
    position: batch.position,
    origin: batch.origin,
    ...(lastNs === undefined ? {} : { lastNs }),
    ...(lastRowNs === undefined || lastRowNs === lastNs ? {} : { lastRowNs }),
  }
}

export const createGap = (stream: string, fromNs: bigint, toNs: bigint, cause: Gap['cause'], detail: string): Gap => ({
  fromNs,
  toNs,
  streams: stream ? [stream] : [],
  cause,
  detail,
  spool: '',
  numbers: [],
  rows: 0,
})

const bigMax = (a: bigint, b: bigint): bigint => (a > b ? a : b)

function grow(times: BigInt64Array, rowsMax: number): BigInt64Array<ArrayBuffer> {
  const larger = new BigInt64Array(Math.min(Math.max(rowsMax, times.length), times.length * 2))
  larger.set(times)
  return larger
}
