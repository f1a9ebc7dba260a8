import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { decodeSchema } from '../../protos/schema.ts'
import type { Schema } from '../../protos/types.ts'
import type { LakeFile } from '../catalog/types.ts'
import type { LakeColumn } from '../sinks/lake/lake-columns.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import type { RowSpan } from '../sinks/lake/stream-table.ts'

// What the files of the lake say of themselves in their footers, remembered: files never change.

export interface FileFacts {
  columns: readonly LakeColumn[]
  schemas: readonly Schema[]
  /** Where the rows of each rig lie. */
  spans: ReadonlyMap<string, readonly RowSpan[]>
}

export interface Files {
  /** In the order of `files`. Rejects if one cannot be read. */
  facts(connection: DuckDBConnection, files: readonly LakeFile[], signal: AbortSignal): Promise<FileFacts[]>
  path(file: LakeFile): string
}

const knownMax = 60_000
const filesPerQuery = 200

export function createFiles(lakeFolder: string): Files {
  const known = new Map<string, FileFacts>()
  // A stream's files mostly say the same: kept once.
  const columnLists = createInterned((text) => JSON.parse(text) as LakeColumn[])
  const schemaLists = createInterned(parseSchemas)
  const path = (file: LakeFile) => join(lakeFolder, file.path)

  const load = async (connection: DuckDBConnection, files: readonly LakeFile[]) => {
    const list = files.map((file) => quoteText(path(file))).join(', ')
    const result = await connection.runAndReadAll(
      `SELECT file_name, decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata([${list}])
       WHERE decode(key) IN ('rigline_columns', 'rigline_schemas', 'rigline_spans')`,
    )
    const footers = new Map<string, Record<string, string>>()
    for (const [file, key, value] of result.getRows() as [string, string, string][]) {
      const footer = footers.get(file)
      if (footer) footer[key] = value
      else footers.set(file, { [key]: value })
    }
    const withoutSpans: LakeFile[] = []
    for (const file of files) {
      const { rigline_columns, rigline_schemas = '[]', rigline_spans } = footers.get(path(file)) ?? {}
      if (rigline_columns === undefined) {
        throw new Error(`${path(file)}: the footer does not say what the columns are: no file of the lake`)
      }
      if (rigline_spans === undefined) withoutSpans.push(file)
      known.set(file.path, {
        columns: columnLists(rigline_columns),
        schemas: schemaLists(rigline_schemas),
        spans: byRig(JSON.parse(rigline_spans ?? '[]') as RowSpan[]),
      })
    }
    if (withoutSpans.length > 0) await loadSpans(connection, withoutSpans)
  }

  /** Files of an earlier release do not say where their rows lie: their times are read. */
  const loadSpans = async (connection: DuckDBConnection, files: readonly LakeFile[]) => {
    const list = files.map((file) => quoteText(path(file))).join(', ')
    const result = await connection.runAndReadAll(
      `SELECT filename, rig, era, CAST(min(t_ns) AS VARCHAR), CAST(max(t_ns) AS VARCHAR), CAST(count(*) AS INTEGER)
       FROM read_parquet([${list}], filename = true) GROUP BY ALL`,
    )
    const spans = new Map<string, RowSpan[]>()
    for (const [file, rig, era, minNs, maxNs, rows] of result.getRows() as [
      string,
      string,
      number,
      string,
      string,
      number,
    ][]) {
      const span = { rig, era, minNs, maxNs, rows }
      const list = spans.get(file)
      if (list) list.push(span)
      else spans.set(file, [span])
    }
    for (const file of files) {
      known.set(file.path, { ...known.get(file.path)!, spans: byRig(spans.get(path(file)) ?? []) })
    }
  }

  return {
    path,
    async facts(connection, files, signal) {
      const missing = files.filter((file) => !known.has(file.path))
      for (let from = 0; from < missing.length; from += filesPerQuery) {
        signal.throwIfAborted()
        await load(connection, missing.slice(from, from + filesPerQuery))
      }
      const facts = files.map((file) => known.get(file.path)!)
      for (const path of known.keys()) {
        if (known.size <= knownMax) break
        known.delete(path)
      }
      return facts
    },
  }
}

function byRig(spans: readonly RowSpan[]): Map<string, RowSpan[]> {
  const found = new Map<string, RowSpan[]>()
  for (const span of spans) {
    const list = found.get(span.rig)
    if (list) list.push(span)
    else found.set(span.rig, [span])
  }
  return found
}

function parseSchemas(text: string): Schema[] {
  const schemas: Schema[] = []
  for (const { encoded } of JSON.parse(text) as { encoded: string | null }[]) {
    try {
      if (encoded !== null) schemas.push(decodeSchema(Buffer.from(encoded, 'base64')))
    } catch {
      // Of a later release: its channels are there, without their units.
    }
  }
  return schemas
}

/** Parses each text once, of the last thousand. */
function createInterned<T>(parse: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const parsed = parse(text)
    if (known.size >= 1000) known.delete(known.keys().next().value as string)
    known.set(text, parsed)
    return parsed
  }
}
