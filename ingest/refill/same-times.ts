import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Catalog, LakeFile } from '../catalog/types.ts'
import { rowFlags } from '../sinks/lake/lake-columns.ts'
import { readFooter } from '../sinks/lake/lake-files.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import type { RowSpan } from '../sinks/lake/stream-table.ts'
import { type TimeSpan, toTimeSpan, touchesAny, uniteSpans } from '../sinks/lake/time-spans.ts'

// Which files have rows that came with other values for a time that was there. Hardly any has, and a month of a stream are forty thousand: each
// is asked once, some at a time.

export interface SameTimes {
  /** Files with such rows in the span, in the order in which they came. */
  files(table: string, rig: string | undefined, span: TimeSpan): Promise<LakeFile[]>
}

export interface SameTimesParts {
  connection: DuckDBConnection
  lakeFolder: string
  catalog: Pick<Catalog, 'lakeLook'>
}

const filesAtOnce = 100
const knownMax = 100_000

export function createSameTimes({ connection, lakeFolder, catalog }: SameTimesParts): SameTimes {
  /** Of each file from the first to the last of such rows, if it has any. */
  const known = new Map<string, TimeSpan | undefined>()

  /** One that cannot be read is passed over: its rows come when it is refilled itself. */
  const look = async (files: readonly LakeFile[]) => {
    try {
      await lookTogether(files)
    } catch (error) {
      if (/out of memory/i.test((error as Error).message)) throw error
      if (files.length > 1) for (const file of files) await look([file])
    }
  }

  const lookTogether = async (files: readonly LakeFile[]) => {
    const paths = files.map(({ path }) => quoteText(join(lakeFolder, path)))
    const found = await connection.runAndReadAll(
      `SELECT file_index, min(t_ns), max(t_ns) FROM read_parquet([${paths.join(', ')}], union_by_name = true)
       WHERE (flags & ${rowFlags.sameTime}) <> 0 GROUP BY file_index`,
    )
    if (known.size > knownMax) known.clear()
    for (const { path } of files) known.set(path, undefined)
    for (const [index, firstNs, lastNs] of found.getRows() as [bigint, bigint, bigint][]) {
      known.set(files[Number(index)]!.path, { firstNs, lastNs })
    }
  }

  return {
    async files(table, rig, { firstNs, lastNs }) {
      const files = catalog.lakeLook([{ table, rig, fromNs: firstNs, toNs: lastNs + 1n }]).tables[0]?.files ?? []
      const having: LakeFile[] = []
      for (let at = 0; at < files.length; at += filesAtOnce) {
        const some = files.slice(at, at + filesAtOnce)
        const unknown = some.filter(({ path }) => !known.has(path))
        if (unknown.length > 0) await look(unknown)
        for (const file of some) {
          const span = known.get(file.path)
          if (span && touchesAny([span], { firstNs, lastNs })) having.push(file)
        }
      }
      return having
    },
  }
}

/** Where in time a file's rows lie: a rig that boots in 1970 and is set right later has some at either end. */
export async function spansOfFile(
  { connection, lakeFolder }: Omit<SameTimesParts, 'catalog'>,
  { path, minTimeNs, maxTimeNs }: LakeFile,
  rig: string | undefined,
): Promise<TimeSpan[]> {
  const { rigline_spans: spans } = await readFooter(connection, join(lakeFolder, path))
  // Files of an earlier release do not say.
  if (spans === undefined) return [{ firstNs: BigInt(minTimeNs), lastNs: BigInt(maxTimeNs) }]
  return uniteSpans(
    (JSON.parse(spans) as RowSpan[]).filter((span) => rig === undefined || span.rig === rig).map(toTimeSpan),
  )
}
