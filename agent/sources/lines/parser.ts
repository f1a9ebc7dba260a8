import type { Schema } from '../../../protos/types.ts'
import { type CsvConfig, createColumnResolver, delimiterOf, fieldCountProblem, splitFields } from '../mapping/csv.ts'
import { createJsonCells, parseExactJson } from '../mapping/json.ts'
import { createMapper, type Mapper, mappingSchemas } from '../mapping/mapper.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { Row } from '../source.ts'

// The port of a line's format, and the two formats that go by a mapping.

export interface LineContext {
  nowNs(): bigint
  position?: number
}

/** Reads the lines of one feed: a file or a connection, which may begin with a header. */
export interface FeedParser {
  /** Adds the line's rows; returns what is wrong with it, if anything. */
  line(text: string, context: LineContext, rows: Row[]): string | undefined
  /** Lines that stand in front of the records (a header) have not been seen yet. */
  starting(): boolean
}

export interface LineParser {
  streams: Schema[]
  begin(): FeedParser
  /** What people should know, beside bad lines; empty if nothing. */
  detail(): string
}

export function createCsvParser(csv: CsvConfig, mapping: Mapping): LineParser {
  const delimiter = delimiterOf(csv)
  const header = csv.header ?? false
  let headerProblem = ''

  const compile = (names: readonly string[] | undefined) => {
    const { resolve, problems, columns } = createColumnResolver(names)
    const mapper = createMapper(mapping, resolve, { decimalComma: csv.decimalComma })
    return { mapper, columns, problem: problems.join('; ') }
  }
  const fixed = header === true ? undefined : compile(header === false ? undefined : header)

  return {
    streams: mappingSchemas(mapping, 'lines'),
    detail: () => headerProblem,
    begin() {
      let skip = csv.skipLines
      let compiled = fixed
      return {
        starting: () => skip > 0 || !compiled,
        line(text, context, rows) {
          if (skip > 0) {
            skip--
            return undefined
          }
          if (text.trim() === '' || (csv.comment !== undefined && text.startsWith(csv.comment))) return undefined
          const fields = splitFields(text, delimiter)
          if (!fields) return 'its quotes do not match'
          if (!compiled) {
            compiled = compile(fields)
            headerProblem = compiled.problem && `the header does not fit the mapping: ${compiled.problem}`
            return headerProblem || undefined
          }
          if (compiled.problem) return 'its header does not fit the mapping'
          return fieldCountProblem(fields, compiled.columns) ?? mapLine(compiled.mapper, fields, context, rows)
        },
      }
    },
  }
}

export function createJsonParser(mapping: Mapping): LineParser {
  const { resolve, cells } = createJsonCells()
  const mapper = createMapper(mapping, resolve)
  const parser: FeedParser = {
    starting: () => false,
    line(text, context, rows) {
      if (text.trim() === '') return undefined
      let record: unknown
      try {
        record = parseExactJson(text)
      } catch (error) {
        return `no JSON (${(error as Error).message.slice(0, 60)})`
      }
      return mapLine(mapper, cells(record), context, rows)
    },
  }
  return { streams: mappingSchemas(mapping, 'lines'), begin: () => parser, detail: () => '' }
}

const mapLine = (mapper: Mapper, cells: Parameters<Mapper['map']>[0], { nowNs, position }: LineContext, rows: Row[]) =>
  mapper.map(cells, { nowNs, index: 0, ...(position === undefined ? {} : { position }) }, rows)
