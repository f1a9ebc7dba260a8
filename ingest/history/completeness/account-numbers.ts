import type { DuckDBConnection } from '@duckdb/node-api'
import { createRangeSet, type RangeSet, subtractRanges } from '../../../common/range-set.ts'
import { readHeader } from '../../../protos/envelope.ts'
import type { Range } from '../../../protos/types.ts'
import type { Catalog, LakeFile } from '../../catalog/types.ts'
import { decodeJournalRecord } from '../../journal-record.ts'
import { peekBatch } from '../../live/peek-batch.ts'
import { openQuarantine } from '../../quarantine.ts'
import { quoteText } from '../../sinks/lake/stage.ts'
import type { Files } from '../files.ts'
import { peekSpan } from '../peek-span.ts'
import type { Part } from '../types.ts'

// Whether every number that ingest receipted can be found again: in the lake's ledger, in the journal behind it, or put aside. Of each
// spool the numbers between the first and the last batch of the part count.

export interface Account {
  lost: number
  quarantined: number
  parked: number
  parkedRows: number
}

export interface AccountAsked {
  part: Part
  files: Files
  catalog: Catalog
  /** Of the part, see ledgerFiles. */
  ledger: readonly LakeFile[]
  tail: ReadonlyMap<string, RangeSet>
  quarantineFolder: string
}

export async function accountNumbers(connection: DuckDBConnection, asked: AccountAsked): Promise<Account> {
  const { part, catalog, ledger, tail } = asked
  const { parked, parkedRows, parkedNumbers } = parkedOf(catalog, part)
  const account: Account = { lost: 0, quarantined: 0, parked, parkedRows }
  const spans = await spoolSpans(connection, asked)
  if (spans.size === 0) return account
  const came = new Map<string, Range[]>()
  for (const { spool, ranges, gone } of catalog.ranges(part.rig).spools) {
    const span = spans.get(spool)
    if (span) came.set(spool, subtractRanges(within(ranges, span), gone))
  }
  const leave = (sets: ReadonlyMap<string, RangeSet>) => {
    for (const [spool, ranges] of came) {
      const left = subtractRanges(ranges, sets.get(spool)?.ranges() ?? [])
      if (left.length === 0) came.delete(spool)
      else came.set(spool, left)
    }
  }
  leave(await numbersIn(connection, asked, ledger, spans))
  leave(tail)
  leave(parkedNumbers)
  if (came.size === 0) return account
  // Sent again much later, or taken by the lake since it was looked at: anywhere in the ledger. Seldom.
  const all = catalog.lakeLook([{ table: '_envelopes', rig: part.rig }]).tables[0]?.files ?? []
  leave(await numbersIn(connection, asked, all, spans))
  if (came.size > 0) leave(await declaredNumbers(connection, asked, came))
  if (came.size > 0) {
    const before = countAll(came)
    leave(quarantinedOf(asked, came))
    account.quarantined = before - countAll(came)
  }
  account.lost = countAll(came)
  return account
}

const countAll = (came: ReadonlyMap<string, readonly Range[]>): number => {
  let sum = 0
  for (const ranges of came.values()) for (const { from, to } of ranges) sum += to - from + 1
  return sum
}

const within = (ranges: readonly Range[], { from, to }: Range): Range[] =>
  ranges
    .filter((range) => range.from <= to && range.to >= from)
    .map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }))

const tableOf = (files: Files, some: readonly LakeFile[]): string =>
  `read_parquet([${some.map((file) => quoteText(files.path(file))).join(', ')}], union_by_name = true)`

async function spoolSpans(
  connection: DuckDBConnection,
  { part, files, ledger }: AccountAsked,
): Promise<Map<string, Range>> {
  if (ledger.length === 0) return new Map()
  const found = await connection.runAndReadAll(
    `SELECT spool, min(seq)::DOUBLE, max(seq)::DOUBLE FROM ${tableOf(files, ledger)}
     WHERE rig = ${quoteText(part.rig)} AND first_t_ns < ${part.toNs} AND last_t_ns >= ${part.fromNs} GROUP BY spool`,
  )
  return new Map(
    (found.getRows() as [string, number, number][]).map(([spool, from, to]) => [spool, { from, to }] as const),
  )
}

/** Numbers that the ledger has, as ranges. */
async function numbersIn(
  connection: DuckDBConnection,
  { part, files }: AccountAsked,
  some: readonly LakeFile[],
  spans: ReadonlyMap<string, Range>,
): Promise<Map<string, RangeSet>> {
  const sets = new Map<string, RangeSet>()
  const filled = some.filter(({ rows }) => rows > 0)
  if (filled.length === 0) return sets
  const wanted = [...spans].map(
    ([spool, { from, to }]) => `(spool = ${quoteText(spool)} AND seq BETWEEN ${from} AND ${to})`,
  )
  const found = await connection.runAndReadAll(
    `SELECT spool, min(seq)::DOUBLE, max(seq)::DOUBLE FROM (
       SELECT spool, seq, seq - row_number() OVER (PARTITION BY spool ORDER BY seq) AS island FROM (
         SELECT DISTINCT spool, seq FROM ${tableOf(files, filled)} WHERE rig = ${quoteText(part.rig)} AND (${wanted.join(' OR ')})))
     GROUP BY spool, island ORDER BY 1, 2`,
  )
  for (const [spool, from, to] of found.getRows() as [string, number, number][]) setOf(sets, spool).add(from, to)
  return sets
}

/** What Gaps declare gone: the catalog keeps a bounded part of that. */
async function declaredNumbers(
  connection: DuckDBConnection,
  { part, files, catalog }: AccountAsked,
  came: ReadonlyMap<string, unknown>,
): Promise<Map<string, RangeSet>> {
  const sets = new Map<string, RangeSet>()
  const gaps = catalog.lakeLook([{ table: '_gaps', rig: part.rig }]).tables[0]?.files ?? []
  if (gaps.length === 0) return sets
  const spools = [...came.keys()].map(quoteText).join(', ')
  const found = await connection.runAndReadAll(
    `SELECT gap_spool, numbers FROM ${tableOf(files, gaps)} WHERE gap_spool IN (${spools})`,
  )
  for (const [spool, numbers] of found.getRows() as [string, string][]) {
    for (const { from, to } of JSON.parse(numbers) as Range[]) setOf(sets, spool).add(from, to)
  }
  return sets
}

function setOf(sets: Map<string, RangeSet>, spool: string): RangeSet {
  let set = sets.get(spool)
  if (!set) {
    set = createRangeSet()
    sets.set(spool, set)
  }
  return set
}

/** Envelopes that wait for their schema: their times can be read without it. */
function parkedOf(catalog: Catalog, { rig, fromNs, toNs }: Part) {
  const numbers = new Map<string, RangeSet>()
  const found = { parked: 0, parkedRows: 0, parkedNumbers: numbers }
  for (const { record } of catalog.parked('lake')) {
    const { envelope } = decodeJournalRecord(record)
    const header = readHeader(envelope)
    if (header.rig !== rig) continue
    setOf(numbers, header.spool).add(header.seq, header.seq)
    const rows = peekBatch(envelope, header.bodyStart, header.bodyEnd)?.rows ?? 0
    const span = peekSpan(envelope, header.bodyStart, header.bodyEnd, rows)
    if (!span || span.minNs >= toNs || span.maxNs < fromNs) continue
    found.parked++
    found.parkedRows += rows
  }
  return found
}

function quarantinedOf(
  { part, quarantineFolder }: AccountAsked,
  came: ReadonlyMap<string, unknown>,
): Map<string, RangeSet> {
  const sets = new Map<string, RangeSet>()
  for (const { by, rig, spool, seq } of openQuarantine(quarantineFolder).list()) {
    if (by !== 'lake' || rig !== part.rig || spool === undefined || seq === undefined || !came.has(spool)) continue
    setOf(sets, spool).add(seq, seq)
  }
  return sets
}
