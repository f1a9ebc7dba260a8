import type { Resolve } from './mapper.ts'
import type { Cell } from './value.ts'

// JSON records: paths to their values, and numbers without the loss of a double.

/** Numbers of more than 15 digits, and the NaN and Infinity that Python writes. */
const needsQuotes = /[\d.]{16}|NaN|Infinity/
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)\b|-?\d[\d.]{14,}(?:[eE][+-]?\d+)?/g

/**
 * Parses JSON; numbers whose digits a double does not hold, and NaN and infinities, come as strings of just these
 * digits. Throws SyntaxError.
 */
export function parseExactJson(text: string): unknown {
  const exact = needsQuotes.test(text)
    ? text.replace(stringOrNumber, (match) => (match.startsWith('"') ? match : `"${match}"`))
    : text
  return JSON.parse(exact)
}

/** The steps of a path: a.b[0], $.a, a['key with . in it']. undefined: not a path. */
export function parsePath(path: string): (string | number)[] | undefined {
  const steps: (string | number)[] = []
  const step = /\.?([^.[\]'"]+)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]/y
  let rest = path.trim()
  if (rest === '$') return steps
  if (rest.startsWith('$.') || rest.startsWith('$[')) rest = rest.slice(1)
  while (step.lastIndex < rest.length) {
    const match = step.exec(rest)
    if (!match) return undefined
    const [, key, index, single, double] = match
    steps.push(index !== undefined ? Number(index) : (key ?? single ?? double ?? ''))
  }
  return steps.length > 0 ? steps : undefined
}

/** Collects the paths of a mapping; then turns records into cells in their order. */
export function createJsonCells(): { resolve: Resolve; problems: string[]; cells(record: unknown): Cell[] } {
  const paths: (string | number)[][] = []
  const known = new Map<string | number, number>()
  const problems: string[] = []
  return {
    problems,
    resolve(column) {
      const present = known.get(column)
      if (present !== undefined) return present
      const path = typeof column === 'number' ? [column] : parsePath(column)
      if (!path) problems.push(`"${column}" is no path; expected one such as a.b[0]`)
      known.set(column, paths.length)
      return paths.push(path ?? []) - 1
    },
    cells: (record) => paths.map((path) => follow(record, path)),
  }
}

function follow(record: unknown, path: (string | number)[]): Cell {
  let value = record
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value as Cell
}
