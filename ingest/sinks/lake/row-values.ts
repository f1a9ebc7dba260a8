import { isValid } from '../../verify/checksum.ts'
import { type LakeKind, lakeKind } from './lake-columns.ts'
import type { LakeChunkColumn } from './read-lake.ts'
import type { TakenBatch } from './stream-table.ts'

// The values of rows, whether they are in a batch or come from a file, so that two rows can be compared: bit by bit, with every NaN the same
// and a missing value the same as a channel that is not there.

/** Undefined: no value. Integers that a double holds exactly are numbers. */
export type Cell = number | bigint | string | undefined
export type Cells = (row: number) => Cell

/** What a row has, by kind and name; simulation time as a channel without a name. */
export type RowValues = Map<string, Cells>

/** A schema may name a channel twice: each is compared with its own. */
function createKeys(): (kind: LakeKind | 'sim', channel: string) => string {
  const occurrences = new Map<string, number>()
  return (kind, channel) => {
    const key = `${kind}\0${channel}`
    const occurrence = occurrences.get(key) ?? 0
    occurrences.set(key, occurrence + 1)
    return `${key}\0${occurrence}`
  }
}

const rawPrefix = 'raw\0'
const simulationColumn = { column: 'sim_ns', channel: '', kind: 'int' } as const
/** What to read of a file beside its channels: goes first. */
export const comparedFirst = [simulationColumn]

const plainInteger = (value: bigint): number | bigint => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** `columns`: those of comparedFirst, then the file's. */
export function valuesOfChunk(columns: readonly LakeChunkColumn[]): RowValues {
  const keyOf = createKeys()
  return new Map(
    columns.map((column, i) => {
      const { channel, kind, validity } = column
      return [keyOf(i === 0 ? 'sim' : kind, channel), present(validity, cellsOf(column))] as const
    }),
  )
}

function cellsOf(column: LakeChunkColumn): Cells {
  if (column.kind === 'text') return (row) => column.dictionary[column.values[row]!]
  const { values } = column
  return values instanceof BigInt64Array ? (row) => plainInteger(values[row]!) : (row) => values[row]
}

export function valuesOfBatch({ envelope, facts }: TakenBatch): RowValues {
  const { batch } = envelope.body
  const keyOf = createKeys()
  const found: RowValues = new Map()
  const { simulation } = batch
  found.set(keyOf('sim', ''), simulation ? (row) => plainInteger(simulation[row]!) : () => undefined)
  envelope.schema.channels.forEach((channel, i) => {
    const kind = lakeKind(channel)
    const key = keyOf(kind, channel.name)
    const column = batch.columns[i]
    if (!column) return
    const numbers = facts.numbers[i]
    found.set(
      key,
      present(
        column.validity,
        column.kind === 'text'
          ? (row) => column.dictionary[column.values[row]!] ?? ''
          : numberCells(numbers as Exclude<typeof numbers, undefined>),
      ),
    )
    // What was measured, where the physical value alone would not tell.
    if (kind === 'scaled') {
      const raw = present(column.validity, numberCells(column.values as Float64Array | BigInt64Array))
      found.set(keyOf('raw', channel.name), raw)
    }
  })
  return found
}

const numberCells = (values: Float64Array | Float32Array | Uint8Array | BigInt64Array): Cells =>
  values instanceof BigInt64Array ? (row) => plainInteger(values[row]!) : (row) => values[row]

const present = (validity: Uint8Array | undefined, cells: Cells): Cells =>
  validity === undefined ? cells : (row) => (isValid(validity, row) ? cells(row) : undefined)

const nothing: Cells = () => undefined

/** Says whether a row of the one has the values of a row of the other. */
export function createComparison(a: RowValues, b: RowValues): (rowOfA: number, rowOfB: number) => boolean {
  const pairs: [Cells, Cells][] = []
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(key), b.get(key)]
    // Files have raw integers only where the physical values do not give them back.
    if (key.startsWith(rawPrefix) && !(one && other)) continue
    pairs.push([one ?? nothing, other ?? nothing])
  }
  return (rowOfA, rowOfB) => pairs.every(([one, other]) => Object.is(one(rowOfA), other(rowOfB)))
}
