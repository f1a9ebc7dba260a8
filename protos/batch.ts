import $protobuf from 'protobufjs/minimal.js'
import { decodeColumn, encodeColumn } from './columns.ts'
import { reasonOf, UnreadableBodyError } from './errors.ts'
import { rigline } from './generated/rigline.js'
import { countFromLong, countToLong, fromLong, toLong } from './long.ts'
import { decodeTimes, encodeTimes } from './times.ts'
import type { Batch, Period } from './types.ts'
import { wellFormed, writeMessage } from './write.ts'

// Rows of one stream <-> bytes.

/** Channels of a stream, and so columns of a batch. */
export const channelsMax = 4096
/** One bit is the least that a reading takes: what claims more rows than its bytes can hold is refused. */
export const rowsMax = 2 ** 21
const rowsPerByteMax = 8
/**
 * Twice what bits alone could fill: leaves room for columns that are too short. With the times, bounds memory to some
 * 300 bytes a byte.
 */
const readingsPerByteMax = 16
/** SHA-256. */
const hashBytes = 32
/** Texts of problems kept of one batch. */
const problemsMax = 20

/**
 * The encoded batch. Throws RangeError if a column or the times are shorter than the rows, or a value is out of its
 * kind.
 */
export const encodeBatch = (batch: Batch): Uint8Array => writeMessage(rigline.v1.Batch, toBatchMessage(batch))

export function toBatchMessage(batch: Batch): rigline.v1.Batch.$Properties {
  const { rows } = batch
  if (!Number.isInteger(rows) || rows < 0 || rows > rowsMax) throw new RangeError(`a batch of ${rows} rows`)
  if (batch.schema.length !== hashBytes) throw new RangeError(`a schema hash of ${batch.schema.length} bytes, not 32`)
  const message: rigline.v1.Batch.$Properties = {
    schema: batch.schema,
    rows,
    era: batch.era,
    times: encodeTimes(batch.times, rows, batch.period),
    monotonicNs: toLong(batch.monotonicNs),
    bootId: batch.bootId,
    notRising: batch.notRising,
    position: countToLong(batch.position, 'position'),
    origin: wellFormed(batch.origin),
    columns: batch.columns.map((column, index) => {
      try {
        return encodeColumn(column, rows)
      } catch (cause) {
        throw new RangeError(`column ${index} (${column.kind}): ${reasonOf(cause)}`, { cause })
      }
    }),
  }
  if (batch.simulation) message.simulation = encodeTimes(batch.simulation, rows, simulationPeriod(batch))
  return message
}

/** Simulators step by a fixed time whatever the wall clock says: where the first step is whole, it is worth trying. */
function simulationPeriod({ simulation, rows, period }: Batch): Period | undefined {
  if (!simulation || rows < 3) return period
  const num = simulation[1]! - simulation[0]!
  return num > 0n && simulation[2]! - simulation[1]! === num ? { num, den: 1n } : period
}

export interface DecodedBatch {
  batch: Batch
  /** What was wrong but could be kept all the same; empty for a sound batch. */
  problems: string[]
}

/**
 * Reads an encoded batch into memory of its own. Tolerant: whatever rows and values are there are kept, the rest is
 * missing and told. Throws UnknownEncodingError (a newer agent's column), and UnreadableBodyError for what is no batch
 * or claims more rows than its bytes can hold; memory is bounded by the bytes.
 */
export function decodeBatch(bytes: Uint8Array): DecodedBatch {
  let message: rigline.v1.Batch
  try {
    message = rigline.v1.Batch.decode($protobuf.Reader.create(bytes))
  } catch (cause) {
    throw new UnreadableBodyError(`not a batch: ${reasonOf(cause)}`, { cause })
  }
  refuse(message, bytes.length)
  const problems: string[] = []
  const { times, period, simulation, rows } = readTimes(message, problems)
  const batch: Batch = {
    schema: new Uint8Array(message.schema),
    rows,
    era: message.era,
    times,
    monotonicNs: fromLong(message.monotonicNs),
    bootId: new Uint8Array(message.bootId),
    notRising: message.notRising,
    position: readPosition(message, problems),
    origin: message.origin,
    columns: message.columns.map((column, index) => {
      // Rows without a time are cut off with a problem of their own: decode as sent, so that no second one is told.
      const decoded = decodeColumn(column, message.rows, index)
      problems.push(...decoded.problems)
      return decoded.column
    }),
  }
  if (rows < message.rows) batch.columns = batch.columns.map((column) => cutColumn(column, rows))
  if (period) batch.period = period
  if (simulation) batch.simulation = simulation
  return { batch, problems: bounded(problems) }
}

function refuse({ rows, columns, schema, times }: rigline.v1.Batch, bytes: number): void {
  const because = (what: string) => new UnreadableBodyError(`a batch of ${bytes} bytes ${what}`)
  if (schema.length !== hashBytes)
    throw because(`names its schema with ${schema.length} bytes, not the 32 of a SHA-256`)
  if (columns.length > channelsMax) throw because(`has ${columns.length} columns, the limit is ${channelsMax}`)
  if (rows > Math.min(rowsMax, bytes * rowsPerByteMax)) throw because(`claims ${rows} rows`)
  if (rows * columns.length > bytes * readingsPerByteMax) {
    throw because(`claims ${rows} rows of ${columns.length} columns`)
  }
  if (rows > 0 && !times) throw because('has rows without times')
}

function readTimes(message: rigline.v1.Batch, problems: string[]) {
  const wall = decodeTimes(message.times ?? {}, message.rows)
  if (wall.times.length < message.rows) {
    problems.push(`times ${wall.problem}, the other ${message.rows - wall.times.length} are left out`)
  } else if (wall.problem) problems.push(`times: ${wall.problem}`)
  const rows = wall.times.length
  if (!message.simulation) return { ...wall, rows, simulation: undefined }
  const simulation = decodeTimes(message.simulation, message.rows)
  // There is no way to say which rows have a simulation time: all of them or none.
  const complete = simulation.times.length >= rows
  if (simulation.problem) problems.push(`simulation times: ${simulation.problem}${complete ? '' : ', all left out'}`)
  return { ...wall, rows, simulation: complete ? simulation.times.slice(0, rows) : undefined }
}

function readPosition(message: rigline.v1.Batch, problems: string[]): number {
  try {
    return countFromLong(message.position, 'position')
  } catch (error) {
    problems.push(reasonOf(error))
    return 0
  }
}

/** The first rows of a column. */
function cutColumn(column: Batch['columns'][number], rows: number): Batch['columns'][number] {
  const cut = { ...column, values: column.values.slice(0, rows) } as typeof column
  if (column.validity) {
    cut.validity = column.validity.slice(0, (rows + 7) >>> 3)
    if (rows & 7) cut.validity[rows >> 3]! &= (1 << (rows & 7)) - 1
  }
  return cut
}

function bounded(problems: string[]): string[] {
  if (problems.length <= problemsMax) return problems
  return [...problems.slice(0, problemsMax), `and ${problems.length - problemsMax} more`]
}
