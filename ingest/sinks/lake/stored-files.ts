import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Logger } from '../../../common/log.ts'
import { reasonOf } from '../../../protos/errors.ts'
import type { Catalog, LakeFile } from '../../catalog/types.ts'
import type { RowsOf, StoredFile, StoredRows } from './find-repeats.ts'
import type { LakeColumn } from './lake-columns.ts'
import { readFooter } from './lake-files.ts'
import type { RowSpan, TakenBatch } from './stream-table.ts'
import { toTimeSpan, touchesAny } from './time-spans.ts'
import { judgeFailure } from './unwritable.ts'

// What the process that writes the lake knows of the rows that are in it: the highest time of each rig, stream and era, and from the footers of
// files where their rows lie. All of it is found again from the catalog's files, so there is nothing more to keep, or to lose.

export interface StoredFiles extends StoredRows {
  /** These are in the lake now. */
  stored(batches: readonly TakenBatch[]): void
  counters: { lookups: number; unreadable_lookups: number }
}

interface Footer {
  columns: readonly LakeColumn[]
  spans: readonly RowSpan[]
}

const highestMax = 50_000
/** A file may have rows of some hundred rigs. About 100 MB. */
const spansMax = 400_000
const unreadableMax = 1000

export function openStoredFiles(
  connection: DuckDBConnection,
  lakeFolder: string,
  catalog: Pick<Catalog, 'lakeLook' | 'lakeStreams'>,
  log: Logger,
): StoredFiles {
  const highest = new Map<string, bigint>()
  const footers = createFooterCache(spansMax)
  /** Files share few lists of columns. */
  const lists = new Map<string, readonly LakeColumn[]>()
  const unreadable = new Set<string>()
  const counters = { lookups: 0, unreadable_lookups: 0 }
  let before = highestOfFiles(catalog)
  const keyOf = ({ stream, rig, era }: RowsOf): string => `${stream}\0${rig}\0${era}`

  const footerOf = async ({ path, rigs, minTimeNs, maxTimeNs, rows }: LakeFile): Promise<Footer> => {
    const known = footers.get(path)
    if (known) return known
    const { rigline_columns: columns = '[]', rigline_spans: spans } = await readFooter(
      connection,
      join(lakeFolder, path),
    )
    let list = lists.get(columns)
    if (!list) {
      if (lists.size >= 1000) lists.clear()
      list = JSON.parse(columns) as LakeColumn[]
      lists.set(columns, list)
    }
    // Files of an earlier release do not say where their rows lie: anywhere.
    const anywhere = rigs.map((rig) => ({ rig, era: -1, minNs: minTimeNs, maxNs: maxTimeNs, rows }))
    const footer = { columns: list, spans: spans === undefined ? anywhere : (JSON.parse(spans) as RowSpan[]) }
    footers.set(path, footer)
    return footer
  }

  const look: StoredFiles = {
    counters,
    mayHave(of, fromNs) {
      const atStart = before.get(`${of.stream}\0${of.rig}`)
      const since = highest.get(keyOf(of))
      return (atStart !== undefined && fromNs <= atStart) || (since !== undefined && fromNs <= since)
    },
    async find({ stream, rig, era }, spans) {
      counters.lookups++
      const found: StoredFile[] = []
      const fromNs = spans[0]!.firstNs
      const toNs = spans.at(-1)!.lastNs + 1n
      const [files] = catalog.lakeLook([{ table: stream, rig, fromNs, toNs }]).tables
      for (const file of files?.files ?? []) {
        const whole = { firstNs: BigInt(file.minTimeNs), lastNs: BigInt(file.maxTimeNs) }
        if (file.rows === 0 || !touchesAny(spans, whole)) continue
        try {
          const { columns, spans: ofFile } = await footerOf(file)
          const here = ofFile
            .filter((span) => span.rig === rig && (span.era === era || span.era === -1))
            .map(toTimeSpan)
            .filter((span) => touchesAny(spans, span))
          if (here.length > 0) found.push({ file: join(lakeFolder, file.path), columns, spans: here })
        } catch (error) {
          look.unreadable(join(lakeFolder, file.path), error)
        }
      }
      return found
    },
    unreadable(file, error) {
      if (isPassing(error)) throw error
      counters.unreadable_lookups++
      if (unreadable.has(file)) return
      if (unreadable.size < unreadableMax) unreadable.add(file)
      log.error(
        { err: error, file },
        'a file of the lake cannot be read: if its rows are sent again they will be there twice',
      )
    },
    stored(batches) {
      for (const { envelope, facts } of batches) {
        const { batch } = envelope.body
        const key = keyOf({ stream: envelope.schema.stream, rig: envelope.header.rig, era: batch.era })
        const known = highest.get(key)
        if (known === undefined || facts.lastNs > known) highest.set(key, facts.lastNs)
      }
      if (highest.size <= highestMax) return
      highest.clear()
      before = highestOfFiles(catalog)
    },
  }
  return look
}

/** Bounded by what they hold: of many, those go that came first. */
export function createFooterCache(most: number) {
  const footers = new Map<string, Footer>()
  let held = 0
  return {
    get: (path: string) => footers.get(path),
    set(path: string, footer: Footer) {
      footers.set(path, footer)
      held += 1 + footer.spans.length
      for (const [oldest, { spans }] of footers) {
        if (held <= most || oldest === path) return
        footers.delete(oldest)
        held -= 1 + spans.length
      }
    },
  }
}

/** DuckDB itself can't go on, or something is short for now: a file that could be read in a moment must not be passed over. */
const isPassing = (error: unknown): boolean =>
  judgeFailure(error) === 'restart' ||
  /too many open files|cannot allocate memory|permission denied|stale file handle|timed out/i.test(reasonOf(error))

const highestOfFiles = (catalog: Pick<Catalog, 'lakeStreams'>): Map<string, bigint> =>
  new Map(catalog.lakeStreams().map(({ stream, rig, maxTimeNs }) => [`${stream}\0${rig}`, BigInt(maxTimeNs)]))
