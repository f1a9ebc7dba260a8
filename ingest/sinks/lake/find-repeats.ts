import type { DuckDBConnection } from '@duckdb/node-api'
import { type LakeColumn, rowFlags } from './lake-columns.ts'
import { readChunk, selectFrom } from './read-lake.ts'
import { comparedFirst, createComparison, type RowValues, valuesOfBatch, valuesOfChunk } from './row-values.ts'
import { quoteText } from './stage.ts'
import type { TakenBatch } from './stream-table.ts'
import { byTime, type TimeSpan, touchesAny, uniteSpans } from './time-spans.ts'

// Finds the rows that the lake has already. (rig, stream, era, t) names a row; an agent whose disk was restored from an older copy, or
// cloned, reads its file again and sends the same rows under new numbers. Batches above all that is stored cost a comparison; the others are
// looked up together, a part at a time, in the files that have rows of their times.

/** Of a row: not there yet; there with the same values; there with others. */
export const rowMarks = { isNew: 0, repeated: 1, differs: 2 } as const

/** What identities are counted within. */
export interface RowsOf {
  stream: string
  rig: string
  era: number
}

export interface StoredFile {
  /** Absolute path. */
  file: string
  columns: readonly LakeColumn[]
  /** Where its rows of the rig and era lie. */
  spans: readonly TimeSpan[]
}

export interface StoredRows {
  /** False: nothing at this time or later is stored. No I/O. */
  mayHave(of: RowsOf, fromNs: bigint): boolean
  /** Files that have rows in one of the spans. */
  find(of: RowsOf, spans: readonly TimeSpan[]): Promise<StoredFile[]>
  /** A file could not be read: what is in it counts as not stored. Throws if looking has to end. */
  unreadable(file: string, error: unknown): void
}

/** A mark a row, for those batches in which a row is there already. `batches`: as they came. */
export async function findRepeats(
  connection: DuckDBConnection,
  stored: StoredRows,
  batches: readonly TakenBatch[],
): Promise<Map<TakenBatch, Uint8Array>> {
  const groups = new Map<string, { of: RowsOf; batches: TakenBatch[] }>()
  for (const taken of batches) {
    const { header, schema, body } = taken.envelope
    // Rows that say of themselves that they do not rise have no time of their own.
    if (body.batch.notRising || body.batch.rows === 0) continue
    const of = { stream: schema.stream, rig: header.rig, era: body.batch.era }
    const key = `${of.stream}\0${of.rig}\0${of.era}`
    const group = groups.get(key)
    if (group) group.batches.push(taken)
    else groups.set(key, { of, batches: [taken] })
  }
  const found = new Map<TakenBatch, Uint8Array>()
  for (const group of groups.values()) {
    const { files, involved } = await chooseBatches(stored, group.of, group.batches)
    if (involved.length > 0) await markRows({ connection, stored, of: group.of, files, involved, found })
  }
  return found
}

/** The batches that may have rows twice, with each other or with files. On an ordinary day there are none. */
async function chooseBatches(stored: StoredRows, of: RowsOf, batches: readonly TakenBatch[]) {
  const behind: TakenBatch[] = []
  let highestNs: bigint | undefined
  let isInOrder = true
  for (const taken of batches) {
    const { firstNs, lastNs } = taken.facts
    if (stored.mayHave(of, firstNs)) behind.push(taken)
    if (highestNs !== undefined && firstNs <= highestNs) isInOrder = false
    if (highestNs === undefined || lastNs > highestNs) highestNs = lastNs
  }
  const files = behind.length > 0 ? await stored.find(of, uniteSpans(behind.map(({ facts }) => facts))) : []
  const chosen = new Set(isInOrder ? [] : overlappingBatches(batches))
  for (const taken of behind) if (files.some(({ spans }) => touchesAny(spans, taken.facts))) chosen.add(taken)
  // As they came: what InfluxDB holds in the end is what came last.
  return { files, involved: batches.filter((taken) => chosen.has(taken)) }
}

function* overlappingBatches(batches: readonly TakenBatch[]): Generator<TakenBatch> {
  const sorted = [...batches].sort((a, b) => byTime(a.facts, b.facts))
  let furthest: TakenBatch | undefined
  for (const taken of sorted) {
    if (furthest && taken.facts.firstNs <= furthest.facts.lastNs) {
      yield furthest
      yield taken
    }
    if (!furthest || taken.facts.lastNs > furthest.facts.lastNs) furthest = taken
  }
}

interface Marking {
  connection: DuckDBConnection
  stored: StoredRows
  of: RowsOf
  files: readonly StoredFile[]
  involved: readonly TakenBatch[]
  found: Map<TakenBatch, Uint8Array>
}

/** A row of the batches: the batch's index, and the row's in it. */
interface Place {
  batch: number
  row: number
}

async function markRows(marking: Marking): Promise<void> {
  const { involved, files, found, stored } = marking
  const values = involved.map(valuesOfBatch)
  const marks = involved.map(({ envelope }) => new Uint8Array(envelope.body.batch.rows))
  /** Of each time the first row: the one to look up in files. Later ones are compared with the one before them. */
  const firsts = new Map<bigint, Place>()
  const latest = new Map<bigint, Place>()
  const compare = createComparisons(values)
  involved.forEach(({ envelope, facts }, batch) => {
    const { times, rows } = envelope.body.batch
    for (let row = 0; row < rows; row++) {
      if (facts.flags[row]! & rowFlags.notRising) continue
      const tNs = times[row]!
      const place = { batch, row }
      const before = latest.get(tNs) ?? firsts.get(tNs)
      if (!before) firsts.set(tNs, place)
      else {
        latest.set(tNs, place)
        marks[batch]![row] = compare(before, place) ? rowMarks.repeated : rowMarks.differs
      }
    }
  })
  const ranks = new Map<Place, bigint>()
  for (const file of files) {
    try {
      await markFromFile(marking, file, firsts, ranks, values, marks)
    } catch (error) {
      stored.unreadable(file.file, error)
    }
  }
  involved.forEach((taken, i) => {
    if (marks[i]!.some((mark) => mark !== rowMarks.isNew)) found.set(taken, marks[i]!)
  })
}

function createComparisons(values: readonly RowValues[]) {
  const known = new Map<string, (a: number, b: number) => boolean>()
  return (a: Place, b: Place): boolean => {
    const key = `${a.batch} ${b.batch}`
    let comparison = known.get(key)
    if (!comparison) {
      comparison = createComparison(values[a.batch]!, values[b.batch]!)
      // Batches that overlap come near one another.
      if (known.size > 1000) known.clear()
      known.set(key, comparison)
    }
    return comparison(a.row, b.row)
  }
}

/** Rows with a time of their own: those that rise, and those that came for a time that was there. */
const namedRows = `(flags & ${rowFlags.notRising | rowFlags.sameTime}) <> ${rowFlags.notRising}`

async function markFromFile(
  { connection, of, involved }: Marking,
  { file, columns }: StoredFile,
  firsts: ReadonlyMap<bigint, Place>,
  ranks: Map<Place, bigint>,
  values: readonly RowValues[],
  marks: readonly Uint8Array[],
): Promise<void> {
  const span = await findTimes(connection, file, of, hullOf(involved), firsts)
  if (!span) return
  const wanted = [...comparedFirst, ...columns]
  const select = selectFrom([file], [...comparedFirst, ...columns], wanted, of.rig, of.era, span)
  const result = await connection.stream(`${select} AND ${namedRows}`)
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return
    const rows = readChunk(chunk, wanted)
    const there = valuesOfChunk(rows.columns)
    const comparisons = new Map<number, (a: number, b: number) => boolean>()
    for (let i = 0; i < rows.rows; i++) {
      const place = firsts.get(rows.times[i]!)
      if (!place) continue
      // Of several that are stored, the one that came last is the one that InfluxDB has.
      const rank = rows.receivedNs[i]!
      const known = ranks.get(place)
      if (known !== undefined && known > rank) continue
      ranks.set(place, rank)
      let same = comparisons.get(place.batch)
      if (!same) {
        same = createComparison(there, values[place.batch]!)
        comparisons.set(place.batch, same)
      }
      marks[place.batch]![place.row] = same(i, place.row) ? rowMarks.repeated : rowMarks.differs
    }
  }
}

function hullOf(batches: readonly TakenBatch[]): TimeSpan {
  let { firstNs, lastNs } = batches[0]!.facts
  for (const { facts } of batches) {
    if (facts.firstNs < firstNs) firstNs = facts.firstNs
    if (facts.lastNs > lastNs) lastNs = facts.lastNs
  }
  return { firstNs, lastNs }
}

/** From the first to behind the last of the times that are also in the file; undefined if none is: then its values need not be read. */
async function findTimes(
  connection: DuckDBConnection,
  file: string,
  { rig, era }: RowsOf,
  { firstNs, lastNs }: TimeSpan,
  firsts: ReadonlyMap<bigint, unknown>,
): Promise<{ fromNs: bigint; toNs: bigint } | undefined> {
  const result = await connection.stream(
    `SELECT t_ns FROM read_parquet(${quoteText(file)}) WHERE rig = ${quoteText(rig)} AND era = ${era}
     AND t_ns >= ${firstNs} AND t_ns <= ${lastNs} AND ${namedRows}`,
  )
  let span: { fromNs: bigint; toNs: bigint } | undefined
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return span
    const { items } = chunk.getColumnVector(0) as unknown as { items: BigInt64Array }
    for (let i = 0; i < chunk.rowCount; i++) {
      const tNs = items[i]!
      if (!firsts.has(tNs)) continue
      if (!span) span = { fromNs: tNs, toNs: tNs + 1n }
      else if (tNs < span.fromNs) span.fromNs = tNs
      else if (tNs >= span.toNs) span.toNs = tNs + 1n
    }
  }
}
