import { ulidTimeMs } from '../../common/ulid.ts'
import { inWords } from '../history/completeness/findings.ts'
import { lengthOf, secondsOf, uniteIntervals } from '../history/completeness/intervals.ts'
import { countRanges } from './numbers.ts'
import type { GapReport, InfluxStreamReport, RigReport, SpoolReport, StreamReport, VerifyReport } from './report.ts'

/** The report for people. */
export function printReport(report: VerifyReport): string {
  const lines: string[] = []
  const { fromNs, toNs } = report
  if (fromNs !== null || toNs !== null) {
    lines.push(
      `Readings from ${fromNs === null ? 'the beginning' : time(fromNs)} to ${toNs === null ? 'now' : time(toNs)}`,
    )
  }
  if (report.rigs.length === 0) lines.push('No rig has delivered anything here.')
  for (const rig of report.rigs) lines.push('', ...printRig(rig))
  if (report.rigs.length > 0) lines.push('', legend(report))
  lines.push('')
  for (const [kind, count] of Object.entries(report.quarantined)) lines.push(`In quarantine, by ${kind}: ${count}`)
  if (report.influx?.compared === false) lines.push(`InfluxDB was not compared: ${report.influx.reason}`)
  const { owedRows = 0 } = report.influx ?? {}
  if (owedRows > 0) {
    lines.push(
      `InfluxDB is owed ${number(owedRows)} rows: it was away for longer than the journal holds; ingest refills it from the lake.`,
    )
  }
  lines.push(...report.problems)
  lines.push(
    report.agree
      ? `All agree: nothing is missing that no Gap declares, nothing is there twice.${declaredText(report)}${owedRows > 0 ? ' InfluxDB is NOT COMPLETE yet.' : ''}`
      : 'NOT ALL AGREES: see the lines marked with ! above.',
  )
  return `${lines.join('\n').trim()}\n`
}

const always = { fromNs: -(2n ** 63n), toNs: 2n ** 63n }

/** How much is declared missing, by cause: of each rig the time within Gaps, several streams at once counted once. */
function declaredText({ rigs }: VerifyReport): string {
  const byCause = new Map<string, { gaps: number; ns: bigint }>()
  for (const { gaps } of rigs) {
    for (const cause of new Set(gaps.map((gap) => gap.cause))) {
      const intervals = gaps
        .filter((gap) => gap.cause === cause)
        .map(({ fromNs, toNs }) => ({ fromNs: BigInt(fromNs), toNs: BigInt(toNs) }))
      const sum = byCause.get(cause) ?? { gaps: 0, ns: 0n }
      sum.gaps += intervals.length
      sum.ns += lengthOf(uniteIntervals(intervals, always))
      byCause.set(cause, sum)
    }
  }
  const causes = [...byCause].map(([cause, { gaps, ns }]) => `${cause} ${number(gaps)} (${inWords(secondsOf(ns))})`)
  return causes.length === 0 ? '' : ` Gaps: ${causes.join(', ')}.`
}

/** What the columns count; the numbers beside them differ by it. */
const legend = ({ influx }: VerifyReport): string =>
  influx
    ? 'Columns count rows, "left out" the readings that InfluxDB cannot hold; pending: in the journal alone, for the lake / for InfluxDB.'
    : 'Columns count rows; pending: in the journal alone, not in the lake yet.'

function printRig({ rig, streams, spools, missingSpools, gaps }: RigReport): string[] {
  const header = ['stream', 'rows delivered', 'in the lake', 'pending', 'InfluxDB', 'left out', 'twice', '']
  const table = [header, ...streams.map(streamRow)]
  const removed = streams.filter(({ lake }) => lake.removed.rows > 0)
  const widths = header.map((_, i) => Math.max(...table.map((row) => width(row[i]!))))
  const pad = (cell: string, i: number) => {
    const space = ' '.repeat(widths[i]! - width(cell))
    return i === 0 || i === 7 ? cell + space : space + cell
  }
  return [
    `Rig ${rig}`,
    ...table.map((row) => `  ${row.map(pad).join('  ').trimEnd()}`),
    ...streams.flatMap(({ stream, problems }) => problems.map((problem) => `  ! ${stream}: ${problem}`)),
    ...removed.map(
      ({ stream, lake }) => `  ${stream}: retention has removed ${number(lake.removed.rows)} rows from the lake`,
    ),
    ...streams.flatMap(printAgain),
    ...printSpools(spools),
    ...missingSpools
      .slice(0, spoolsPrinted)
      .map((spool) => `  ! spool ${spool} (${spoolTime(spool)}): nothing of it came`),
    ...(missingSpools.length > spoolsPrinted
      ? [`  ! nor of ${number(missingSpools.length - spoolsPrinted)} more spools; --json has them all`]
      : []),
    ...printGaps(gaps),
  ]
}

const printAgain = ({ stream, repeated, differing, journal, influx }: StreamReport): string[] => [
  ...(influx && influx.leftOutGaps > 0
    ? [`  ${stream}: InfluxDB has rows that the lake has lost: not compared within ${number(influx.leftOutGaps)} gaps`]
    : []),
  ...(journal.unreadable > 0
    ? [
        `  ${stream}: ${number(journal.unreadable)} envelopes that the lake has cannot be read in the journal any more: its bytes are damaged`,
      ]
    : []),
  ...(repeated.rows > 0 ? [`  ${stream}: ${number(repeated.rows)} rows came once more and are there once`] : []),
  ...(differing > 0
    ? [
        `  ${stream}: ${number(differing)} rows came with other values for a time that was there: the lake has both, InfluxDB the last`,
      ]
    : []),
]

/** Hangul and other wide letters take two columns of a terminal. */
const width = (text: string): number =>
  [...text].reduce(
    (sum, letter) =>
      sum +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(letter)
        ? 2
        : 1),
    0,
  )

const number = (count: number): string => count.toLocaleString('en-US')

function streamRow({ stream, delivered, lake, influx, duplicates, agree }: StreamReport): string[] {
  return [
    stream,
    number(delivered.rows),
    number(lake.rows),
    pendingText(lake.pending.rows, influx),
    influx ? number(influx.rows) : '-',
    influx ? leftOut(influx) : '-',
    number(duplicates),
    agree ? 'agree' : '! DIFFER',
  ]
}

const pendingText = (lake: number, influx: InfluxStreamReport | null): string =>
  influx ? `${number(lake)}/${number(influx.pending.rows)}` : number(lake)

function leftOut({ notRepresentable }: InfluxStreamReport): string {
  const rules = Object.entries(notRepresentable)
  return rules.length === 0 ? '0' : rules.map(([rule, count]) => `${number(count)} ${rule}`).join(', ')
}

/** Of a rig: an agent has one for each of its starts. */
const spoolsPrinted = 20

/** All that lack something or wait for something, and of the others the newest. */
function printSpools(spools: readonly SpoolReport[]): string[] {
  const isPlain = ({ holes, lost, twice, quarantined, parked }: SpoolReport) =>
    holes.length + lost.length + twice + quarantined + parked === 0
  const plain = spools.filter(isPlain)
  const left = new Set(spools.length > spoolsPrinted ? plain.slice(0, -spoolsPrinted / 2) : [])
  if (left.size === 0) return spools.flatMap(printSpool)
  const sumOf = (count: (spool: SpoolReport) => number) => [...left].reduce((sum, spool) => sum + count(spool), 0)
  const declared = sumOf((spool) => countRanges(spool.declared))
  const facts = [
    `${number(sumOf(({ numbers }) => countRanges(numbers)))} envelopes`,
    ...(declared > 0 ? [`${number(declared)} declared gone`] : []),
  ]
  return [
    `  ${number(left.size)} older spools that lack nothing: ${facts.join(', ')}; --json has them all`,
    ...spools.filter((spool) => !left.has(spool)).flatMap(printSpool),
  ]
}

function printSpool({
  spool,
  numbers,
  holes,
  declared,
  lost,
  twice,
  again,
  quarantined,
  parked,
}: SpoolReport): string[] {
  const facts = [
    `${number(countRanges(numbers))} envelopes`,
    ...(declared.length > 0 ? [`${number(countRanges(declared))} declared gone`] : []),
    ...(again > 0 ? [`${number(again)} came once more`] : []),
    ...(quarantined > 0 ? [`${number(quarantined)} in quarantine`] : []),
    ...(parked > 0 ? [`${number(parked)} waiting for their schema`] : []),
  ]
  return [
    `  spool ${spool} (${spoolTime(spool)}): ${facts.join(', ')}`,
    ...(holes.length > 0 ? [`  ! ${number(countRanges(holes))} numbers did not come: ${ranges(holes)}`] : []),
    ...(lost.length > 0 ? [`  ! ${number(countRanges(lost))} came and are in no store: ${ranges(lost)}`] : []),
    ...(twice > 0 ? [`  ! ${number(twice)} are there twice`] : []),
  ]
}

function ranges(list: readonly { from: number; to: number }[]): string {
  const shown = list.slice(0, 5).map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`))
  return list.length > 5 ? `${shown.join(', ')} and more` : shown.join(', ')
}

/** Of a rig. A month with a bad link has thousands. */
const gapsPrinted = 40

function printGaps(gaps: readonly GapReport[]): string[] {
  if (gaps.length <= gapsPrinted) return gaps.map(printGap)
  const half = gapsPrinted / 2
  const counts = new Map<string, number>()
  for (const { cause } of gaps.slice(half, -half)) counts.set(cause, (counts.get(cause) ?? 0) + 1)
  const causes = [...counts].map(([cause, count]) => `${cause} ${number(count)}`).join(', ')
  const between = `  ... ${number(gaps.length - gapsPrinted)} more gaps, between these in time (${causes}); --json has them all`
  return [...gaps.slice(0, half).map(printGap), between, ...gaps.slice(-half).map(printGap)]
}

function printGap({ fromNs, toNs, streams, cause, detail, rows }: GapReport): string {
  const what = streams.length === 0 ? 'all streams' : streams.join(', ')
  const known = rows > 0 ? `, ${number(rows)} rows` : ''
  return `  gap in ${what} from ${time(fromNs)} to ${time(toNs)}: ${cause}${known}${detail ? ` (${detail})` : ''}`
}

const time = (ns: string): string => {
  const ms = Number(BigInt(ns) / 1_000_000n)
  return Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : `${ns} ns`
}

const spoolTime = (spool: string): string => {
  try {
    return new Date(ulidTimeMs(spool)).toISOString()
  } catch {
    return 'of unknown age'
  }
}
