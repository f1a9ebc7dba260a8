import { join } from 'node:path'
import { expect } from 'vitest'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { influxConfig } from '../../ingest/sinks/influx/config.ts'
import { readInfluxRows } from '../../ingest/sinks/influx/read-back.ts'
import { openLakeReader } from '../../ingest/sinks/lake/read-lake.ts'
import type { readEcg } from './recordings.ts'

// What the stores hold, row by row, for comparing with what went in.

export type StoredValue = number | bigint | boolean | string | null
/** Values by channel. */
export type StoredRow = { timeNs: bigint; era: number; values: Record<string, StoredValue> }

const forEver = { fromNs: -(2n ** 62n), toNs: 2n ** 62n }

/** The rows of a rig's stream in the lake, by era and time. */
export async function readLake(dataFolder: string, rig: string, stream: string): Promise<StoredRow[]> {
  const catalog = openCatalog(join(dataFolder, 'catalog.sqlite'))
  const lake = await openLakeReader(join(dataFolder, 'lake'), catalog)
  const found: StoredRow[] = []
  try {
    for await (const { rows, eras, times, columns } of lake.rows(stream, rig)) {
      for (let row = 0; row < rows; row++) {
        const values: StoredRow['values'] = {}
        for (const column of columns) {
          const present = !column.validity || (column.validity[row >> 3]! >> (row & 7)) & 1
          values[column.channel] = !present ? null : valueAt(column, row)
        }
        found.push({ timeNs: times[row]!, era: eras[row]!, values })
      }
    }
  } finally {
    lake.close()
    catalog.close()
  }
  return found
}

function valueAt(
  column:
    | { kind: 'f64' | 'scaled'; values: Float64Array }
    | { kind: 'f32'; values: Float32Array }
    | { kind: 'bool'; values: Uint8Array }
    | { kind: 'int' | 'raw'; values: BigInt64Array }
    | { kind: 'text'; values: Uint32Array; dictionary: string[] },
  row: number,
): StoredValue {
  if (column.kind === 'text') return column.dictionary[column.values[row]!]!
  if (column.kind === 'bool') return column.values[row] === 1
  return column.values[row]!
}
/** The rows of a rig's stream in an InfluxDB 1.x, by era and time. */
export async function readInflux(url: string, database: string, rig: string, stream: string): Promise<StoredRow[]> {
  const found: StoredRow[] = []
  const config = influxConfig.parse({ url, database })
  for await (const { era, times, fields, columns } of readInfluxRows(config, { rig, stream, ...forEver })) {
    times.forEach((timeNs, row) => {
      const values: StoredRow['values'] = {}
      fields.forEach((field, i) => {
        values[field] = columns[i]![row]!
      })
      found.push({ timeNs, era, values })
    })
  }
  return found
}

/** The bits of a double, so that -0 and 0 differ. */
export const bitsOf = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}

/** Every row of the ECG, its times and both leads bit by bit; `sink` names the store in a failure. */
export function expectEcg(rows: StoredRow[], expected: ReturnType<typeof readEcg>, sink: string): void {
  expect(rows.length, sink).toBe(expected.length)
  const wrong = rows.filter(({ timeNs, era, values }, i) => {
    const { timeNs: time, leads } = expected[i]!
    return (
      timeNs !== time ||
      era !== 0 ||
      bitsOf(values.MLII as number) !== bitsOf(leads[0]) ||
      bitsOf(values.V5 as number) !== bitsOf(leads[1])
    )
  })
  expect(wrong.slice(0, 3), sink).toEqual([])
}
