import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import type { Cause } from '../../protos/types.ts'
import { openCatalog } from '../catalog/catalog.ts'
import { requireCatalog } from '../catalog/check-catalog.ts'
import type { Catalog, LakeFile } from '../catalog/types.ts'
import type { InfluxConfig } from '../sinks/influx/config.ts'
import { InfluxReadError, whyNotReadable } from '../sinks/influx/read-back.ts'
import { openLakeReader } from '../sinks/lake/read-lake.ts'
import { checkInflux } from './check-influx.ts'
import { checkLake, expectEnvelope, type LakeFinding, withoutBoundary } from './check-stream.ts'
import { envelopeKey, isBefore, type OwedPlace, type VerifyContext } from './context.ts'
import { byTime, gapInSpan } from './gaps.ts'
import { reportSpools } from './numbers.ts'
import { readAside } from './read-aside.ts'
import { findJournal, journalEnvelopes, readJournal } from './read-journal.ts'
import { forgetDamaged, readLedger } from './read-ledger.ts'
import { removedFiles } from './removed-files.ts'
import type { InfluxStreamReport, RigReport, StreamReport, VerifyReport } from './report.ts'
import { createState, type RigState, type StreamState } from './state.ts'
import { addTally, amountOf, newTally, sameAmount } from './tally.ts'

// Shows that nothing is missing: the numbers of every spool, the ledger against the journal, the lake's rows against
// the ledger, InfluxDB's against the lake's. It reads a data folder while ingest runs on it, or doesn't.

export interface VerifyOptions {
  /** Ingest's data folder. */
  dataFolder: string
  rig?: string | undefined
  /** Of the readings' times, ns since 1970 UTC: `fromNs` included, `toNs` not. */
  fromNs?: bigint | undefined
  toNs?: bigint | undefined
  /** The InfluxDB that ingest writes to; absent: it is not compared. */
  influx?: InfluxConfig | undefined
  /** How far it is: said often, and cheap if nobody asks. */
  onProgress?(done: () => string): void
}

/**
 * Memory is bounded whatever the size of the store. Throws if the folder is no data folder or a file cannot be read; what
 * does not agree is in the report.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  requireCatalog(options.dataFolder)
  const catalog = openCatalog(join(options.dataFolder, 'catalog.sqlite'), { readOnly: true })
  try {
    for (let tries = 1; ; tries++) {
      const before = await whereItStands(options.dataFolder, catalog)
      const report = await verifyOnce(options, catalog)
      // Ingest may have dropped a part of the journal between two of the passes.
      const moved = before !== (await whereItStands(options.dataFolder, catalog))
      if (report.agree || !moved || tries === triesMax) return report
    }
  } finally {
    catalog.close()
  }
}

const triesMax = 4

/** What changes while ingest is at work: the lake's cursor, and then the journal's first segment. */
async function whereItStands(dataFolder: string, catalog: Catalog): Promise<string> {
  const journal = await findJournal(join(dataFolder, 'journal'))
  return JSON.stringify([catalog.cursor('lake') ?? null, journal?.from.segment ?? null])
}

async function verifyOnce(
  { dataFolder, rig, fromNs, toNs, influx, onProgress = () => {} }: VerifyOptions,
  catalog: Catalog,
): Promise<VerifyReport> {
  const lakeFolder = join(dataFolder, 'lake')
  const problems: string[] = []
  const why = influx && (await whyNotReadable(influx))
  const compared = influx !== undefined && why === undefined
  const snapshot = lookAt(catalog)
  const influxCursor = compared ? (catalog.cursor('influx') ?? ('none' as const)) : undefined
  const owed = compared ? owedPlaces(catalog) : []
  const lakeFiles = snapshot.files.filter((file) => isThere(lakeFolder, file, problems))
  const state = createState(rig)
  const reader = await openLakeReader(lakeFolder, {
    lakeFiles: (table) => lakeFiles.filter((file) => table === undefined || file.table === table),
  })
  try {
    for (const { rig: name, spool, predecessor, ranges, gone } of catalog.ranges().spools) {
      if (!state.wants(name)) continue
      const known = state.spool(name, spool)
      known.predecessor = predecessor
      for (const { from, to } of ranges) known.had.add(from, to)
      for (const { from, to } of gone) known.gone.add(from, to)
    }
    // Receipted, and known to be nowhere: lost until they come again or are declared.
    for (const { rig: name, spool, ranges } of catalog.lostNumbers()) {
      if (!state.wants(name)) continue
      for (const { from, to } of ranges) state.spool(name, spool).had.add(from, to)
    }
    const journalFolder = join(dataFolder, 'journal')
    const context: VerifyContext = {
      onProgress,
      state,
      span: { fromNs, toNs },
      catalog,
      reader,
      journalFolder,
      journal: await findJournal(journalFolder),
      lakeFiles,
      isRemoved: removedFiles(catalog, snapshot.files),
      lakeCursor: snapshot.cursor,
      influxCursor,
      owed,
      aside: readAside(join(dataFolder, 'quarantine'), catalog, state),
    }
    await readLedger(context, rig)
    await forgetDamaged(context, rig, await readJournal(context))
    const rigs: RigReport[] = []
    const streams = [...state.rigs.values()].reduce((sum, known) => sum + known.streams.size, 0)
    let done = 0
    const next = (name: string, stream: string) => {
      done++
      onProgress(() => `verify: stream ${done} of ${streams}, ${stream} of ${name}`)
    }
    for (const known of [...state.rigs.values()].sort((a, b) => (a.rig < b.rig ? -1 : 1))) {
      rigs.push(await reportRig(context, known, compared ? influx : undefined, next))
    }
    return {
      agree: problems.length === 0 && why === undefined && rigs.every(isGood),
      fromNs: fromNs === undefined ? null : String(fromNs),
      toNs: toNs === undefined ? null : String(toNs),
      rigs,
      quarantined: context.aside.quarantined,
      influx: influx ? { compared, ...(why === undefined ? {} : { reason: why }), owedRows: sumOwed(rigs) } : null,
      problems,
    }
  } finally {
    reader.close()
  }
}

function owedPlaces({ owed }: Catalog): OwedPlace[] {
  return [
    ...owed.owedParts('influx').filter((part) => owed.owedSum(part).files > 0),
    ...owed.filesAside('influx').map(({ file: { table, segment, fromOffset, toOffset } }) => ({
      table,
      from: { segment, offset: fromOffset },
      to: { segment, offset: toOffset },
    })),
  ]
}

const sumOwed = (rigs: readonly RigReport[]): number =>
  rigs.reduce((sum, { streams }) => streams.reduce((rows, { influx }) => rows + (influx?.owedRows ?? 0), sum), 0)

/** Files and cursor of the same moment: they change together. */
function lookAt(catalog: Catalog): { files: LakeFile[]; cursor: Position | undefined } {
  for (;;) {
    const cursor = catalog.cursor('lake')
    const files = catalog.lakeFiles()
    const after = catalog.cursor('lake')
    if (cursor === after || (cursor && after && comparePositions(cursor, after) === 0)) return { files, cursor }
  }
}

function isThere(lakeFolder: string, file: LakeFile, problems: string[]): boolean {
  const path = join(lakeFolder, file.path)
  if (!existsSync(path)) problems.push(`${path} is missing: ${file.rows} rows of ${file.table}`)
  else if (statSync(path).size !== file.bytes)
    problems.push(`${path} has ${statSync(path).size} bytes, not ${file.bytes}`)
  else return true
  return false
}

const isGood = ({ spools, missingSpools, streams }: RigReport): boolean =>
  missingSpools.length === 0 &&
  spools.every(({ holes, lost, twice }) => holes.length === 0 && lost.length === 0 && twice === 0) &&
  streams.every(({ agree }) => agree)

async function reportRig(
  context: VerifyContext,
  state: RigState,
  influx: InfluxConfig | undefined,
  next: (rig: string, stream: string) => void,
): Promise<RigReport> {
  const { span } = context
  const whole = span.fromNs === undefined && span.toNs === undefined
  const streams: StreamReport[] = []
  for (const stream of [...state.streams.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1))) {
    next(state.rig, stream.stream)
    streams.push(await reportStream(context, state.rig, stream, influx))
  }
  return {
    rig: state.rig,
    ...reportSpools(state, whole),
    gaps: state.gaps.filter((gap) => gapInSpan(span, gap)).sort(byTime),
    streams,
  }
}

async function reportStream(
  context: VerifyContext,
  rig: string,
  stream: StreamState,
  influx: InfluxConfig | undefined,
): Promise<StreamReport> {
  const finding = await checkLake(context, rig, stream)
  const problems: string[] = []
  const { ledger, ledgerInJournal, journal, pendingInLake: pending, removed } = stream
  const inside = withoutBoundary(finding, ledger.envelopes)
  if (!sameAmount(inside, ledger)) problems.push(differ('the lake', inside, 'its ledger', ledger))
  if (!sameAmount(journal, ledgerInJournal) || journal.envelopes !== ledgerInJournal.envelopes) {
    problems.push(differ('the journal', journal, "the lake's ledger of it", ledgerInJournal))
  }
  if (finding.duplicates > 0) problems.push(`${finding.duplicates} rows are there more than once`)
  const delivered = newTally()
  for (const part of [ledger, finding.boundary, pending, removed]) addTally(delivered, part)
  let fromInflux: InfluxStreamReport | null = null
  try {
    if (influx) fromInflux = await compareInflux(context, rig, stream, finding, influx)
    const gaps = fromInflux?.agree === false ? leaveOutLost(context, rig, stream) : 0
    if (influx && gaps > 0 && fromInflux && !lacks(fromInflux)) {
      const apart = await checkLake(context, rig, stream)
      fromInflux = await compareInflux(context, rig, stream, apart, influx)
      if (fromInflux) fromInflux.leftOutGaps = gaps
    }
  } catch (error) {
    if (!(error instanceof InfluxReadError)) throw error
    problems.push(error.message)
  }
  if (fromInflux && !fromInflux.agree) {
    problems.push(
      `InfluxDB has ${fromInflux.readings} readings in ${fromInflux.rows} rows, expected are ${fromInflux.expected.readings} in ${fromInflux.expected.rows}, or their values differ`,
    )
  }
  return {
    stream: stream.stream,
    delivered: { envelopes: delivered.envelopes, ...amountOf(delivered) },
    lake: {
      ...amountOf(finding.total),
      pending: { envelopes: pending.envelopes, rows: pending.rows, readings: pending.sum.count },
      removed: { envelopes: removed.envelopes, rows: removed.rows, readings: removed.sum.count },
    },
    journal: {
      envelopes: journal.envelopes,
      found: amountOf(journal),
      ledger: amountOf(ledgerInJournal),
      unreadable: stream.journalUnreadable,
    },
    influx: fromInflux,
    duplicates: finding.duplicates,
    repeated: { rows: stream.repeated.rows, readings: stream.repeated.sum.count },
    differing: stream.differingRows,
    channels: finding.channels,
    problems,
    agree: problems.length === 0,
  }
}

const differ = (
  a: string,
  found: Parameters<typeof amountOf>[0],
  b: string,
  expected: Parameters<typeof amountOf>[0],
): string => {
  const [one, other] = [amountOf(found), amountOf(expected)]
  if (one.rows === other.rows && one.readings === other.readings) return `values in ${a} differ from ${b}`
  return `${a} has ${one.rows} rows with ${one.readings} readings, ${b} says ${other.rows} with ${other.readings}`
}

/** In such a Gap InfluxDB may have more than the lake, and never less. */
const lacks = ({ rows, expected, fields }: InfluxStreamReport): boolean =>
  rows < expected.rows || fields.some((field) => field.influx.readings < field.expected.readings)

/** What the lake lost, or never got, after it had come: InfluxDB may have it. */
const lostInLake = new Set<Cause>(['ingest_restored', 'journal_damaged', 'quarantine_full', 'agent_replaced'])

/** Leaves the times of such Gaps out of the comparison with InfluxDB. Returns how many there are. */
function leaveOutLost({ state }: VerifyContext, rig: string, { stream, seen, influxLeftOut }: StreamState): number {
  const gaps = (state.rigs.get(rig)?.gaps ?? []).filter(
    ({ cause, streams }) => lostInLake.has(cause) && (streams.length === 0 || streams.includes(stream)),
  )
  for (const { fromNs, toNs } of gaps) {
    for (const era of seen.eras()) influxLeftOut.add({ era, firstNs: BigInt(fromNs), lastNs: BigInt(toNs) })
  }
  return gaps.length
}

async function compareInflux(
  context: VerifyContext,
  rig: string,
  stream: StreamState,
  { expectation }: LakeFinding,
  influx: InfluxConfig,
): Promise<InfluxStreamReport | null> {
  if (!expectation) return null
  // InfluxDB may be ahead of the lake.
  if (stream.pendingInLake.envelopes > 0) {
    for await (const envelope of journalEnvelopes(context, { from: context.lakeCursor ?? context.journal?.from })) {
      const { header, position, schema } = envelope
      if (header.rig !== rig || schema?.stream !== stream.stream) continue
      if (isBefore(position, context.lakeCursor) || !isBefore(position, context.influxCursor)) continue
      if (context.aside.influx.has(envelopeKey(rig, header.spool, header.seq))) continue
      expectEnvelope(expectation, context, stream, envelope)
    }
  }
  const found = await checkInflux(influx, rig, stream, context.span, expectation)
  const { lastNs } = expectation
  if (found.agree || context.span.toNs !== undefined || lastNs === undefined || !isInfluxMoving(context)) return found
  // Ingest is at work: what it has written since the look at the journal is newer than what is expected.
  return await checkInflux(influx, rig, stream, { ...context.span, toNs: lastNs + 1n }, expectation)
}

function isInfluxMoving({ catalog, influxCursor }: VerifyContext): boolean {
  const now = catalog.cursor('influx')
  if (now === undefined || influxCursor === undefined) return false
  return influxCursor === 'none' || comparePositions(now, influxCursor) !== 0
}

/** The report in four numbers of readings; `influx` without those that are pending. */
export function summarize({ rigs }: VerifyReport): {
  lake: number
  influx: number
  notRepresentable: number
  duplicates: number
} {
  const sums = { lake: 0, influx: 0, notRepresentable: 0, duplicates: 0 }
  for (const { streams, spools } of rigs) {
    for (const { lake, influx, duplicates } of streams) {
      sums.lake += lake.readings
      sums.influx += influx?.readings ?? 0
      sums.notRepresentable += Object.values(influx?.notRepresentable ?? {}).reduce((sum, count) => sum + count, 0)
      sums.duplicates += duplicates
    }
    for (const { twice } of spools) sums.duplicates += twice
  }
  return sums
}
