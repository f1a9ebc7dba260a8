import type { Resolve } from './mapper.ts'
import type { TimeMapping } from './mapping.ts'
import { createTimeParser, parseIso } from './time.ts'
import type { Cell } from './value.ts'

// The time of a record, out of one column or several.

const int64Most = 2n ** 63n - 1n

export interface RecordTime {
  /** ns since 1970 UTC; undefined if the record has no readable time. */
  read(cells: readonly Cell[], nowNs: () => bigint): bigint | undefined
  /** What is wrong with the time of the record. */
  problem(cells: readonly Cell[]): string
}

/** `start` must have been checked (`startProblem`). */
export function compileTime(time: TimeMapping, resolve: Resolve): RecordTime {
  const text = time.columns === undefined ? oneColumn(resolve(time.column!)) : template(time.columns, resolve)
  const parse = createTimeParser(time.format, time.zone, time.start === undefined ? undefined : startNs(time))
  return {
    read(cells, nowNs) {
      const timeText = text(cells)
      const timeNs = timeText === undefined ? undefined : parse(timeText, nowNs)
      return timeNs !== undefined && timeNs <= int64Most && timeNs >= -int64Most ? timeNs : undefined
    },
    problem: (cells) =>
      `the time ${JSON.stringify(text(cells)?.slice(0, 60)) ?? 'is missing: it'} is not ${time.format}`,
  }
}

/** Time of `start`, ns since 1970; undefined if it is no ISO time. */
export const startNs = (time: TimeMapping): bigint | undefined =>
  time.start === undefined ? undefined : parseIso(time.start, time.zone)

const toText = (cell: Cell): string | undefined =>
  typeof cell === 'string' ? cell : typeof cell === 'number' ? String(cell) : undefined

const oneColumn = (cell: number) => (cells: readonly Cell[]) => toText(cells[cell])

/** "{0}-{2}T{time}" -> the cells put into their places. */
function template(columns: string, resolve: Resolve): (cells: readonly Cell[]) => string | undefined {
  const literals: string[] = []
  const places: number[] = []
  let end = 0
  for (const match of columns.matchAll(/\{([^{}]+)\}/g)) {
    literals.push(columns.slice(end, match.index))
    places.push(resolve(match[1]!))
    end = match.index + match[0].length
  }
  const last = columns.slice(end)
  return (cells) => {
    let text = ''
    for (let i = 0; i < places.length; i++) {
      const cell = toText(cells[places[i]!])
      if (cell === undefined) return undefined
      text += literals[i]! + cell.trim()
    }
    return text + last
  }
}
