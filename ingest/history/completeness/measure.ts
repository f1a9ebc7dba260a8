import type { DuckDBConnection } from '@duckdb/node-api'
import { comparePositions, type Position } from '../../../common/segment-log-types.ts'
import type { LakeFile } from '../../catalog/types.ts'
import { declaredGaps, gapsOf, type KnownGaps, ledgerWanted } from '../gaps.ts'
import { describeLook, type Engine, type Look, openPart, type PartLook, takeLook } from '../look.ts'
import { type DeclaredGap, HistoryError, type MissingNumbers, type Part } from '../types.ts'
import { type Account, accountNumbers } from './account-numbers.ts'
import { partFindings, partVerdict, streamFindings, streamVerdict } from './findings.ts'
import { uniteIntervals } from './intervals.ts'
import { type Delivered, deliveredStreams, ledgerFiles, readDelivered } from './ledger.ts'
import { measureClock } from './measure-clock.ts'
import { measureRows, type RowsMeasured } from './measure-rows.ts'
import { readRigTail } from './read-tail.ts'
import { type Completeness, type PartReport, type StreamReport, worst } from './report.ts'
import { sumGaps, touches } from './sum-gaps.ts'

// A report on what is there of some rigs' time: part by part, stream by stream, each from one consistent look.

export interface CompletenessQuery {
  /** At least one. */
  parts: Part[]
  /** Absent: all that have rows or Gaps there. */
  streams?: string[] | undefined
  missing: MissingNumbers[]
  /** By ingest's clock: a span that ends later is looked at up to here. */
  nowNs: bigint
}

export interface MeasureOptions {
  engine: Engine
  gaps: KnownGaps
  journalFolder: string
  quarantineFolder: string
  synced: Position | undefined
  /** Rows looked at, of about so many. */
  onProgress?: (rows: number, rowsAbout: number) => void
}

const partsMax = 1000
const streamsMax = 1000
const holesListed = 100
/** A stream that has rows this close to the span and none in it is told of, ns. */
const closeNs = 3_600_000_000_000n
/** Files of one table that a part may have. */
const filesMax = 50_000

/** Rejects with HistoryError for a question that cannot be answered, and when `signal` aborts. */
export async function measureCompleteness(
  connection: DuckDBConnection,
  query: CompletenessQuery,
  options: MeasureOptions,
  signal: AbortSignal,
): Promise<Completeness> {
  const started = performance.now()
  const { parts } = query
  if (parts.length > partsMax) throw new HistoryError(400, `${parts.length} parts: ${partsMax} at most`)
  const rest = createRest(connection, query, options, signal)
  const reports: PartReport[] = []
  for (const part of parts) reports.push(await measurePart(rest, part))
  const findings = reports.flatMap((report) => [
    ...report.findings.map((text) => `${report.rig}: ${text}`),
    ...report.streams.flatMap((stream) => stream.findings.map((text) => `${report.rig}/${text}`)),
  ])
  return {
    verdict: worst(reports.map(({ verdict }) => verdict)),
    findings,
    parts: reports,
    madeFrom: {
      lakeFiles: rest.files.size,
      lakeRows: [...rest.files.values()].reduce((sum, rows) => sum + rows, 0),
      journal: options.synced ?? null,
      journalBytes: options.engine.tail.bytes,
      missing: query.missing.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    },
    madeMs: Number(query.nowNs / 1_000_000n),
    tookMs: Math.round(performance.now() - started),
  }
}

/** What all parts share. */
type Rest = ReturnType<typeof createRest>

function createRest(
  connection: DuckDBConnection,
  query: CompletenessQuery,
  options: MeasureOptions,
  signal: AbortSignal,
) {
  let rows = 0
  let rowsAbout = 0
  return {
    connection,
    query,
    options,
    signal,
    /** Of streams, with the rows they hold. */
    files: new Map<string, number>(),
    /** Of all rigs: asked once. */
    lakeStreams: options.engine.catalog.lakeStreams(),
    expect(more: number) {
      rowsAbout += more
    },
    progress(more: number) {
      rows += more
      options.onProgress?.(rows, Math.max(rows, rowsAbout))
    },
  }
}

async function measurePart(rest: Rest, part: Part): Promise<PartReport> {
  const { connection, query, options, signal } = rest
  const { engine, gaps: known, synced } = options
  const wanted = { parts: [part], missing: query.missing.filter(({ rig }) => rig === part.rig) }
  const look = await takeLook(engine, {
    parts: [part],
    synced,
    gapsVersion: known.version,
    ledger: ledgerWanted(wanted),
  })
  const { holes } = await gapsOf(connection, known, engine.files, look, wanted)
  const declared = await declaredGaps(connection, known, look, { parts: [part] })
  const streams: StreamReport[] = []
  const ledger = new Map<string, LakeFile>()
  const names = query.streams ?? (await streamsOf(rest, part, declared))
  if (names.length > streamsMax) {
    throw new HistoryError(400, `${names.length} streams: ${streamsMax} at most; name fewer`)
  }
  for (const stream of names) {
    const { report, ledger: some } = await measureStream(rest, part, stream)
    for (const file of some) ledger.set(file.path, file)
    if (report) streams.push(report)
  }
  const { account, clock } = await measureRig(rest, part, [...ledger.values()])
  const figures = {
    rig: part.rig,
    fromNs: String(part.fromNs),
    toNs: String(part.toNs),
    clock,
    holes: holes.slice(0, holesListed).map(({ spool, from, to, fromNs, toNs }) => ({
      spool,
      from,
      to,
      fromNs: fromNs === null ? null : String(fromNs),
      toNs: toNs === null ? null : String(toNs),
    })),
    holesCut: holes.length > holesListed,
    numbersMissing: holes.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    numbersLost: account.lost,
    aside: { quarantined: account.quarantined, parked: account.parked, parkedRows: account.parkedRows },
    streams,
  }
  signal.throwIfAborted()
  return { ...figures, verdict: partVerdict(figures), findings: partFindings(figures) }
}

/** Streams that have rows near the part, or had some in it by the ledger, and those that Gaps name. */
async function streamsOf(
  { connection, options, lakeStreams }: Rest,
  part: Part,
  declared: readonly DeclaredGap[],
): Promise<string[]> {
  const { engine } = options
  const names = new Set<string>()
  for (const { rig, stream, minTimeNs, maxTimeNs } of lakeStreams) {
    if (rig === part.rig && BigInt(minTimeNs) < part.toNs + closeNs && BigInt(maxTimeNs) >= part.fromNs - closeNs) {
      names.add(stream)
    }
  }
  const { cursor, tables } = engine.catalog.lakeLook([{ table: '_envelopes', ...part, filesMax }])
  for (const name of await deliveredStreams(connection, engine.files, tables[0]?.files ?? [], part)) names.add(name)
  const tail = engine.tail.look(cursor)
  for (const key of tail.schemas(part.rig)) {
    const schema = schemaOf(engine, Buffer.from(key, 'latin1').toString('hex'))
    if (schema) names.add(schema.stream)
  }
  for (const { streams } of declared) for (const name of streams) names.add(name)
  return [...names].sort()
}

function schemaOf({ schemas }: Engine, hash: string) {
  try {
    return schemas.get(hash)
  } catch {
    return undefined
  }
}

async function measureStream(
  rest: Rest,
  part: Part,
  stream: string,
): Promise<{ report: StreamReport | undefined; ledger: LakeFile[] }> {
  const { connection, query, options, signal } = rest
  const { engine, gaps: known, synced } = options
  signal.throwIfAborted()
  const look = await takeLook(engine, {
    parts: [part],
    stream,
    synced,
    gapsVersion: known.version,
    ledger: [{ table: '_envelopes', ...part, filesMax: filesMax + 1 }],
  })
  const [partLook] = look.parts as [PartLook]
  const ledger = ledgerFiles(engine.catalog, look.ledger[0] ?? [], partLook.files, part)
  if (ledger.length > filesMax) {
    throw new HistoryError(400, `more than ${filesMax} files of the lake are of that time: ask for a shorter one`)
  }
  const declared = await declaredGaps(connection, known, look, { parts: [part], stream })
  const gaps = declared.filter((gap) => touches(gap, part))
  const asked = { part, stream, files: engine.files, catalog: engine.catalog, ledger, look: partLook }
  const delivered = await readDelivered(connection, asked)
  const rows = await measureStreamRows(rest, look, stream, gaps)
  // They are in the journal once more, and count once.
  delivered.journalRows -= rows.repeatedRows
  const isThere = rows.rows > 0 || gaps.length > 0 || delivered.lakeRows > 0 || query.streams !== undefined
  if (!isThere && !isClose(engine, part, stream)) return { report: undefined, ledger }
  const { channels, rate, firstNs, lastNs } = rows
  const lakeRows = rows.rows - Math.min(rows.rows, delivered.journalRows)
  const figures = {
    stream,
    delivered: { rows: delivered.lakeRows + delivered.journalRows, envelopes: delivered.envelopes },
    stored: { lakeRows, journalRows: rows.rows - lakeRows, removedRows: delivered.removedRows },
    trouble: troubleOf(delivered, rows.rows),
    firstNs,
    lastNs,
    gaps: sumGaps(gaps, part),
    rate,
    channels,
  }
  return { report: { ...figures, verdict: streamVerdict(figures), findings: streamFindings(figures) }, ledger }
}

/** Delivered and stored differ: how; null if they don't. */
function troubleOf({ lakeRows, removedRows, journalRows }: Delivered, stored: number): string | null {
  const expected = lakeRows - removedRows + journalRows
  if (expected === stored) return null
  const difference = Math.abs(expected - stored).toLocaleString('en')
  return expected > stored
    ? `${difference} rows are missing: ${expected.toLocaleString('en')} were delivered, ${stored.toLocaleString('en')} are stored`
    : `${difference} rows are stored that the ledger does not have, or are there twice: ${expected.toLocaleString('en')} were delivered, ${stored.toLocaleString('en')} are stored`
}

async function measureStreamRows(
  rest: Rest,
  look: Look,
  stream: string,
  gaps: readonly DeclaredGap[],
): Promise<RowsMeasured & { repeatedRows: number }> {
  const { connection, query, options, signal } = rest
  const [partLook] = look.parts as [PartLook]
  const { part } = partLook
  const { described, schemas } = await describeStream(rest, look, stream)
  for (const [i, file] of partLook.files.entries()) {
    const rows = (partLook.facts[i]?.spans.get(part.rig) ?? []).reduce((sum, span) => sum + span.rows, 0)
    rest.files.set(file.path, rows)
    rest.expect(rows)
  }
  rest.expect(partLook.tail.reduce((sum, { batch }) => sum + batch.rows, 0))
  const { sources, repeatedRows, close } = await openPart(options.engine, connection, partLook, signal)
  try {
    const endNs = part.toNs < query.nowNs ? part.toNs : query.nowNs
    const united = uniteIntervals(gaps, part)
    const asked = { part, sources, described, schemas, gaps: united, endNs, onRows: rest.progress }
    return { ...(await measureRows(connection, asked, signal)), repeatedRows }
  } finally {
    await close()
  }
}

/** A stream that only a Gap names has no schema yet; one that somebody names must be known. */
async function describeStream({ connection, query, options, signal }: Rest, look: Look, stream: string) {
  try {
    return await describeLook(options.engine, connection, look, stream, signal)
  } catch (error) {
    if (query.streams === undefined && error instanceof HistoryError && error.status === 404) {
      return { described: [], schemas: [] }
    }
    throw error
  }
}

const isClose = ({ catalog }: Engine, { rig, fromNs, toNs }: Part, stream: string): boolean => {
  const near = { table: stream, rig, fromNs: fromNs - closeNs, toNs: toNs + closeNs, filesMax: 1 }
  return (catalog.lakeLook([near]).tables[0]?.files ?? []).length > 0
}

async function measureRig({ connection, options, signal }: Rest, part: Part, ledger: readonly LakeFile[]) {
  const { engine, journalFolder, quarantineFolder, synced } = options
  const { catalog, files } = engine
  const { cursor, tables } = catalog.lakeLook([{ table: '_clock', ...part, filesMax }])
  const upTo = catalog.cursor('ranges')
  // The numbers that the catalog knows may be newer than what was asked for: they are in the journal all the same.
  const to = synced && upTo && comparePositions(upTo, synced) > 0 ? upTo : synced
  const tail = await readRigTail(journalFolder, part.rig, cursor, to, signal)
  const clock = await measureClock(connection, files, part, tables[0]?.files ?? [], tail.clock)
  const asked = { part, files, catalog, ledger, tail: tail.numbers, quarantineFolder }
  const account: Account = await accountNumbers(connection, asked)
  return { account, clock }
}
