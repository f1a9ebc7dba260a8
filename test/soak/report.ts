import type { JudgedCurves } from './bounds.ts'
import { growthOf } from './curves.ts'
import { type CurveName, curveNames, type Sample } from './sample.ts'
import { segmentAgeS, usualSegmentAgeS } from './station.ts'

// The numbers of a soak as a table, and what the catalog will be like later.

export interface CatalogRate {
  lake_files_per_segment: number
  /** Row and indexes. */
  bytes_per_lake_file: number
  bytes_per_spool: number
  /** Of the files alone, at segments of a minute and as many streams. */
  bytes_a_day_at_60_s: number
  tables: { table: string; bytes: number; rows: number }[]
}

const tablesShown = 8

export function catalogRate(samples: readonly Sample[], tables: CatalogRate['tables']): CatalogRate {
  const underLoad = samples.filter(({ quiet }) => !quiet)
  const points = (name: CurveName) => underLoad.map(({ atS, values }) => ({ atS, value: values[name] ?? 0 }))
  const seconds = growthOf(underLoad.map(({ atS }) => ({ atS, value: atS })))
  const perSegment = seconds > 0 ? (growthOf(points('lake_files')) / seconds) * segmentAgeS : 0
  const bytesPer = (name: string) => {
    const found = tables.find(({ table }) => table === name)
    return found && found.rows > 0 ? Math.round(found.bytes / found.rows) : 0
  }
  const perFile = bytesPer('lake_files')
  return {
    lake_files_per_segment: Math.round(perSegment * 10) / 10,
    bytes_per_lake_file: perFile,
    bytes_per_spool: bytesPer('spools'),
    bytes_a_day_at_60_s: Math.round(perSegment * (86_400 / usualSegmentAgeS) * perFile),
    tables: tables.slice(0, tablesShown),
  }
}

export function printCurves(curves: JudgedCurves): string {
  const head = ['curve', 'first', 'last', 'most', 'per hour', 'judgement', 'bound']
  const rows = Object.entries(curves).map(([name, { first, last, most, perHour, judgement, bound }]) => [
    name,
    ...[first, last, most, perHour].map(shown),
    judgement,
    bound,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  const isNumber = (column: number) => column >= 1 && column <= 4
  const line = (row: string[]) =>
    row
      .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}

/** The curves themselves, some beside each other. */
export function printSamples(samples: readonly Sample[]): string {
  const tables = [0, 6, 12, 18].map((from) => {
    const names = curveNames.slice(from, from + 6)
    const head = ['     s', ...names]
    const rows = samples.map(({ atS, values }) => [atS.toFixed(0), ...names.map((name) => shown(values[name] ?? 0))])
    return [head, ...rows].map((row) => row.map((cell, i) => cell.padStart(head[i]!.length)).join('  ')).join('\n')
  })
  return tables.join('\n\n')
}

const shown = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1))

export const printCatalog = (rate: CatalogRate): string =>
  [
    `catalog: ${rate.lake_files_per_segment} lake files a segment, ${rate.bytes_per_lake_file} bytes each: ${rate.bytes_a_day_at_60_s} bytes a day at segments of ${usualSegmentAgeS} s; ${rate.bytes_per_spool} bytes a spool`,
    ...rate.tables.map(({ table, bytes, rows }) => `  ${table}: ${bytes} bytes, ${rows} rows`),
  ].join('\n')
