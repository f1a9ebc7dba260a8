import type { Channel, Column, Schema } from '../../../protos/types.ts'
import { isValid } from '../../verify/checksum.ts'
import type { JournalEnvelope } from '../sink.ts'
import type { TableRow } from './body-tables.ts'
import type { BatchFacts } from './inspect-batch.ts'
import { type ColumnPlan, type LakeColumn, planColumns } from './lake-columns.ts'
import type { StagedColumn } from './stage.ts'

// The batches of one stream in a part, laid out as the columns of its file: sorted by rig, era and time, schemas united.

export interface TakenBatch {
  envelope: JournalEnvelope & { body: { type: 'batch' }; schema: Schema }
  facts: BatchFacts
  /** Its row in `_envelopes`. */
  ledger: TableRow
  /** Where its rows stood in the batch that came, if some of that are left out. */
  rowIndexes?: Int32Array
}

export interface StreamTable {
  rows: number
  columns: StagedColumn[]
  /** What the file must be sorted by, if the batches overlap; else its rows come sorted. */
  orderBy: string[] | undefined
  channels: LakeColumn[]
  minNs: bigint
  maxNs: bigint
  rigs: string[]
  spans: RowSpan[]
}

/** Where in time the rows of one rig and era lie: several where they are more than a minute apart. */
export interface RowSpan {
  rig: string
  era: number
  /** ns as decimal text, both included. */
  minNs: string
  maxNs: string
  rows: number
}

const compare = (a: string | number | bigint, b: string | number | bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** `batches`: at least one. Columns are copies; the batches can be let go afterwards. */
export function layOutStream(batches: readonly TakenBatch[]): StreamTable {
  const sorted = [...batches].sort(
    (a, b) =>
      compare(a.envelope.header.rig, b.envelope.header.rig) ||
      a.envelope.body.batch.era - b.envelope.body.batch.era ||
      compare(a.facts.firstNs, b.facts.firstNs) ||
      compare(a.envelope.header.spool, b.envelope.header.spool) ||
      a.envelope.header.seq - b.envelope.header.seq,
  )
  const rows = sorted.reduce((sum, { envelope }) => sum + envelope.body.batch.rows, 0)
  const schemas = [...new Map(sorted.map(({ envelope }) => [schemaKey(envelope), envelope.schema])).entries()]
  const plan = planColumns(schemas.map(([, schema]) => schema))
  const indexOf = new Map(schemas.map(([key], i) => [key, i]))
  const pieces = sorted.map((taken) => ({
    ...taken,
    channelOf: invert(plan, indexOf.get(schemaKey(taken.envelope)) as number),
  }))
  const channels = plan.columns.flatMap((column, i) => layOutChannel(pieces, rows, column, i, plan))
  return {
    rows,
    columns: [...layOutOwn(sorted, rows), ...channels.map(({ staged }) => staged)],
    orderBy: isSorted(sorted) ? undefined : ['rig', 'era', 't_ns', 'spool', 'seq', 'row'],
    channels: channels.map(({ column }) => column),
    minNs: sorted.reduce((min, { facts }) => (facts.firstNs < min ? facts.firstNs : min), sorted[0]!.facts.firstNs),
    maxNs: sorted.reduce((max, { facts }) => (facts.lastNs > max ? facts.lastNs : max), sorted[0]!.facts.lastNs),
    rigs: [...new Set(sorted.map(({ envelope }) => envelope.header.rig))],
    spans: spansOf(sorted),
  }
}

const apartNs = 60_000_000_000n
const spansOfEraMax = 16

/** `sorted`: by rig, era and first time. */
function spansOf(sorted: readonly TakenBatch[]): RowSpan[] {
  const spans: { rig: string; era: number; minNs: bigint; maxNs: bigint; rows: number }[] = []
  let ofEra = 0
  for (const { envelope, facts } of sorted) {
    const { rig } = envelope.header
    const { era, rows } = envelope.body.batch
    const last = spans.at(-1)
    const same = last?.rig === rig && last.era === era
    ofEra = same ? ofEra : 0
    if (last && same && (facts.firstNs - last.maxNs <= apartNs || ofEra >= spansOfEraMax)) {
      if (facts.lastNs > last.maxNs) last.maxNs = facts.lastNs
      last.rows += rows
    } else {
      spans.push({ rig, era, minNs: facts.firstNs, maxNs: facts.lastNs, rows })
      ofEra++
    }
  }
  return spans.map(({ minNs, maxNs, ...span }) => ({ ...span, minNs: String(minNs), maxNs: String(maxNs) }))
}

const schemaKey = (envelope: JournalEnvelope): string => envelope.schemaHash ?? JSON.stringify(envelope.schema)

/** From a column of the file to the channel of a schema that goes there. */
const invert = (plan: ColumnPlan, schema: number): (number | undefined)[] => {
  const channelOf: (number | undefined)[] = new Array(plan.columns.length).fill(undefined)
  plan.bySchema[schema]!.forEach((column, channel) => {
    channelOf[column] = channel
  })
  return channelOf
}

function isSorted(batches: readonly TakenBatch[]): boolean {
  return batches.every((batch, i) => {
    const before = batches[i - 1]
    if (!batch.facts.rising) return false
    if (!before || before.envelope.header.rig !== batch.envelope.header.rig) return true
    if (before.envelope.body.batch.era !== batch.envelope.body.batch.era) return true
    if (before.facts.lastNs < batch.facts.firstNs) return true
    return before.facts.lastNs === batch.facts.firstNs && comesBefore(before.envelope.header, batch.envelope.header)
  })
}

const comesBefore = (a: JournalEnvelope['header'], b: JournalEnvelope['header']): boolean =>
  a.spool < b.spool || (a.spool === b.spool && a.seq < b.seq)

function layOutOwn(batches: readonly TakenBatch[], rows: number): StagedColumn[] {
  const rigs = wordColumn(rows)
  const spools = wordColumn(rows)
  const era = new Int32Array(rows)
  const tNs = new BigInt64Array(rows)
  const simNs = batches.some(({ envelope }) => envelope.body.batch.simulation) ? new BigInt64Array(rows) : undefined
  const simValid = new Uint8Array(rows)
  const seq = new BigInt64Array(rows)
  const row = new Int32Array(rows)
  const flags = new Int32Array(rows)
  const receivedNs = new BigInt64Array(rows)
  let at = 0
  for (const { envelope, facts, rowIndexes } of batches) {
    const { batch } = envelope.body
    const end = at + batch.rows
    rigs.fill(envelope.header.rig, at, end)
    spools.fill(envelope.header.spool, at, end)
    era.fill(batch.era, at, end)
    tNs.set(batch.times, at)
    if (simNs && batch.simulation) {
      simNs.set(batch.simulation, at)
      simValid.fill(1, at, end)
    }
    seq.fill(BigInt(envelope.header.seq), at, end)
    if (rowIndexes) row.set(rowIndexes, at)
    else for (let i = 0; i < batch.rows; i++) row[at + i] = i
    flags.set(facts.flags, at)
    receivedNs.fill(envelope.receivedNs, at, end)
    at = end
  }
  return [
    { name: 'rig', type: 'word', values: rigs.values, words: rigs.words },
    { name: 'era', type: 'integer', values: era },
    { name: 't_ns', type: 'bigint', values: tNs },
    { name: 'time', type: 'time', values: tNs },
    { name: 'sim_ns', type: 'bigint', values: simNs ?? new BigInt64Array(rows), valid: simValid },
    { name: 'spool', type: 'word', values: spools.values, words: spools.words },
    { name: 'seq', type: 'bigint', values: seq },
    { name: 'row', type: 'integer', values: row },
    { name: 'flags', type: 'integer', values: flags },
    { name: 'received_ns', type: 'bigint', values: receivedNs },
  ]
}

function wordColumn(rows: number) {
  const values = new Uint32Array(rows)
  const words: string[] = []
  const codes = new Map<string, number>()
  return {
    values,
    words,
    fill(word: string, from: number, to: number) {
      let code = codes.get(word)
      if (code === undefined) {
        code = words.push(word) - 1
        codes.set(word, code)
      }
      values.fill(code, from, to)
    },
  }
}

interface Piece extends TakenBatch {
  channelOf: (number | undefined)[]
}

interface Placed {
  at: number
  rows: number
  column: Column
  channel: Channel
  numbers: BatchFacts['numbers'][number]
}

function layOutChannel(
  pieces: readonly Piece[],
  rows: number,
  column: LakeColumn,
  index: number,
  plan: ColumnPlan,
): { column: LakeColumn; staged: StagedColumn }[] {
  const placed: Placed[] = []
  let at = 0
  for (const { envelope, facts, channelOf } of pieces) {
    const { batch } = envelope.body
    const i = channelOf[index]
    const found = i === undefined ? undefined : batch.columns[i]
    if (found && i !== undefined) {
      const channel = envelope.schema.channels[i]!
      placed.push({ at, rows: batch.rows, column: found, channel, numbers: facts.numbers[i] })
    }
    at += batch.rows
  }
  const valid = validBytes(placed, rows)
  const name = column.column
  const staged: StagedColumn[] = [{ name, valid, ...copyValues(placed, rows, column) }]
  const result = [{ column, staged: staged[0]! }]
  if (column.kind === 'scaled' && !placed.every(givesRawBack)) {
    const raw = plan.take(name, 'raw')
    const values = copyIntegers(placed, rows, ({ column }) => column.values as Float64Array | BigInt64Array)
    result.push({
      column: { column: raw, channel: column.channel, kind: 'raw' },
      staged: { name: raw, valid, type: 'bigint', values },
    })
  }
  return result
}

/** undefined if every row has a value. */
function validBytes(placed: readonly Placed[], rows: number): Uint8Array | undefined {
  const complete = placed.reduce((sum, piece) => sum + (piece.column.validity ? 0 : piece.rows), 0)
  if (complete === rows) return undefined
  const valid = new Uint8Array(rows)
  for (const { at, rows, column } of placed) {
    if (!column.validity) valid.fill(1, at, at + rows)
    else for (let i = 0; i < rows; i++) valid[at + i] = isValid(column.validity, i) ? 1 : 0
  }
  return valid
}

/** Whether raw = round((physical - offset) / gain) for all values of a batch. */
function givesRawBack({ rows, column, channel, numbers }: Placed): boolean {
  const { gain = 1, offset = 0 } = channel
  const raw = column.values
  for (let i = 0; i < rows; i++) {
    if (!isValid(column.validity, i)) continue
    const back = Math.round((Number((numbers as Float64Array)[i]) - offset) / gain)
    const exact = raw instanceof BigInt64Array ? Number.isSafeInteger(back) && BigInt(back) === raw[i] : back === raw[i]
    if (!exact) return false
  }
  return true
}

function copyValues(
  placed: readonly Placed[],
  rows: number,
  { kind }: LakeColumn,
): { type: 'double' | 'exact'; values: Float64Array } | Exclude<Values, { type: 'double' | 'exact' }> {
  if (kind === 'text') {
    const values: string[] = new Array(rows).fill('')
    for (const { at, rows, column } of placed) {
      if (column.kind !== 'text') continue
      for (let i = 0; i < rows; i++) {
        if (isValid(column.validity, i)) values[at + i] = column.dictionary[column.values[i]!] ?? ''
      }
    }
    return { type: 'text', values }
  }
  if (kind === 'int' && placed.some(({ numbers }) => numbers instanceof BigInt64Array)) {
    return { type: 'bigint', values: copyIntegers(placed, rows, ({ numbers }) => numbers as Float64Array) }
  }
  if (kind === 'f32') return { type: 'float', values: copyNumbers(placed, new Float32Array(rows)) }
  if (kind === 'bool') return { type: 'boolean', values: copyNumbers(placed, new Uint8Array(rows)) }
  return { type: kind === 'int' ? 'exact' : 'double', values: copyNumbers(placed, new Float64Array(rows)) }
}

type Values = StagedColumn extends infer C ? (C extends StagedColumn ? Omit<C, 'name' | 'valid'> : never) : never

function copyNumbers<T extends Float64Array | Float32Array | Uint8Array>(placed: readonly Placed[], to: T): T {
  for (const { at, numbers } of placed) to.set(numbers as Float64Array, at)
  return to
}

function copyIntegers(
  placed: readonly Placed[],
  rows: number,
  from: (piece: Placed) => Float64Array | BigInt64Array,
): BigInt64Array {
  const to = new BigInt64Array(rows)
  for (const piece of placed) {
    const values = from(piece)
    if (values instanceof BigInt64Array) to.set(values, piece.at)
    else for (let i = 0; i < values.length; i++) to[piece.at + i] = BigInt(values[i]!)
  }
  return to
}
