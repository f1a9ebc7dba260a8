import * as z from 'zod'
import type { Resolve } from './mapper.ts'

// CSV (RFC 4180) and its relatives: what a line means. Where records begin and end is record-reader.ts's.

export const csvConfig = z
  .strictObject({
    delimiter: z
      .enum([',', ';', '\t', 'tab', '|', 'whitespace'])
      .default(',')
      .describe(
        'Between fields: "," ";" "|" tab, or whitespace (any run of blanks and tabs; those in front count for nothing).',
      ),
    header: z
      .union([z.boolean(), z.array(z.string())], { error: 'expected true, false or a list of column names' })
      .optional()
      .describe(
        'true: the first line names the columns. false: there are no names, use indexes. A list: the names, where the data has none. Default: true for replay, false for lines.',
      ),
    skipLines: z
      .number()
      .int()
      .min(0)
      .max(100_000)
      .default(0)
      .describe('Lines in front (of the header, if any) to pass over.'),
    comment: z.string().min(1).optional().describe('Lines that begin with this are passed over.'),
    decimalComma: z.boolean().default(false).describe('3,14 is a number. The delimiter must be another one.'),
    encoding: z
      .enum(['utf-8', 'euc-kr'])
      .default('utf-8')
      .describe('utf-8, or euc-kr for the files of older Korean programs (also known as CP949).'),
  })
  .superRefine(({ delimiter, decimalComma }, context) => {
    if (decimalComma && delimiter === ',') {
      context.addIssue({
        code: 'custom',
        path: ['delimiter'],
        message: 'with decimalComma, expected ; tab | or whitespace',
      })
    }
  })

export type CsvConfig = z.infer<typeof csvConfig>

/** A character, or ' ' for any run of blanks and tabs. */
export const delimiterOf = ({ delimiter }: CsvConfig): string =>
  delimiter === 'tab' ? '\t' : delimiter === 'whitespace' ? ' ' : delimiter

/** The fields of a record (without its newline); undefined where its quotes make no sense. */
export function splitFields(text: string, delimiter: string): string[] | undefined {
  if (text.includes('"')) return splitQuoted(text, delimiter)
  if (delimiter !== ' ') return text.split(delimiter)
  const trimmed = text.trim()
  return trimmed === '' ? [] : trimmed.split(/[ \t]+/)
}

const isBlank = (char: string | undefined) => char === ' ' || char === '\t'

function splitQuoted(text: string, delimiter: string): string[] | undefined {
  const runs = delimiter === ' '
  const isDelimiter = (char: string | undefined) => (runs ? isBlank(char) : char === delimiter)
  const fields: string[] = []
  let at = 0
  for (;;) {
    while (runs && isBlank(text[at])) at++
    if (runs && at >= text.length) return fields
    if (text[at] === '"') {
      let value = ''
      let from = at + 1
      for (;;) {
        const quote = text.indexOf('"', from)
        if (quote < 0) return undefined
        at = quote + 1
        value += text.slice(from, quote)
        if (text[at] !== '"') break
        value += '"'
        from = at + 1
      }
      if (at < text.length && !isDelimiter(text[at])) return undefined
      fields.push(value)
    } else {
      const from = at
      while (at < text.length && !isDelimiter(text[at])) at++
      fields.push(text.slice(from, at))
    }
    if (at >= text.length) return fields
    at++
  }
}

/**
 * Says what is wrong with the number of a record's fields: a line cut short must not pass for a whole one. More fields
 * than columns are fine if they are empty (a delimiter at the end of the line).
 */
export function fieldCountProblem(
  fields: readonly string[],
  columns: { names: number; least: number },
): string | undefined {
  const expected = columns.names || columns.least
  if (fields.length < expected)
    return `${fields.length} fields, expected ${columns.names ? '' : 'at least '}${expected}`
  if (columns.names && fields.length > expected && fields.slice(expected).some((field) => field.trim() !== '')) {
    return `${fields.length} fields, expected ${expected}`
  }
  return undefined
}

export interface ColumnResolver {
  resolve: Resolve
  /** Which columns could not be found, in words. */
  problems: string[]
  /** Columns with names (0 if there are none), and those that the mapping needs. */
  columns: { names: number; least: number }
}

/** `names` undefined: the records have no column names, so that only indexes are understood. */
export function createColumnResolver(names: readonly string[] | undefined): ColumnResolver {
  const trimmed = names?.map((name) => name.trim())
  const problems: string[] = []
  const columns = { names: names?.length ?? 0, least: 0 }
  const find = (column: string | number): number => {
    if (typeof column === 'number') {
      if (trimmed && column >= trimmed.length)
        problems.push(`there is no column ${column}, only 0 to ${trimmed.length - 1}`)
      return column
    }
    const name = column.trim()
    const index = trimmed?.indexOf(name) ?? -1
    if (index >= 0) {
      if (trimmed!.indexOf(name, index + 1) >= 0) problems.push(`there are several columns "${name}": give the index`)
      return index
    }
    if (/^\d+$/.test(name)) return find(Number(name))
    problems.push(
      trimmed
        ? `there is no column "${name}"`
        : `"${name}" needs column names: set csv.header, or use the index of the column`,
    )
    return 0
  }
  return {
    resolve(column) {
      const index = find(column)
      columns.least = Math.max(columns.least, index + 1)
      return index
    },
    problems,
    columns,
  }
}
