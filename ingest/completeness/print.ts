import { inWords, percent, round, timeText } from '../history/completeness/findings.ts'
import type { Completeness, PartReport, StreamReport, Verdict } from '../history/completeness/report.ts'
import type { RunReport } from '../reports.ts'

// A report on completeness for people: what is wrong first, then the figures.

const findingsShown = 40

const words: Record<Verdict, string> = {
  complete: 'complete',
  empty: 'EMPTY: nothing was delivered, and no Gap says why',
  gaps_declared: 'stored whole, with declared Gaps',
  incomplete: 'INCOMPLETE',
}

export function printCompleteness(report: Completeness | RunReport): string {
  const { verdict, findings, parts, madeMs, tookMs } = report
  const lines: string[] = []
  if ('run' in report) lines.push(`Run ${report.run}, version ${report.version}: ${words[verdict]}`)
  else lines.push(words[verdict].replace(/^./, (letter) => letter.toUpperCase()))
  if ('outdated' in report && report.outdated) lines.push('More has come since: the report is being made again.')
  if (findings.length > 0) {
    lines.push('', ...findings.slice(0, findingsShown).map((finding) => `  ${finding}`))
    if (findings.length > findingsShown)
      lines.push(`  and ${findings.length - findingsShown} more: --json has them all`)
  }
  for (const part of parts) lines.push('', ...printPart(part))
  lines.push('', `Made ${new Date(madeMs).toISOString()} in ${inWords(tookMs / 1000)}.`)
  return `${lines.join('\n')}\n`
}

const header = ['stream', 'verdict', 'delivered', 'stored', 'Gaps', 'rows/s', 'nominal', 'unexplained', 'channels']

function printPart({ rig, fromNs, toNs, streams, clock, holes, numbersMissing }: PartReport): string[] {
  const span = inWords(Number(BigInt(toNs) - BigInt(fromNs)) / 1e9)
  const lines = [`Rig ${rig}, ${timeText(fromNs)} to ${timeText(toNs)} (${span})`]
  if (streams.length === 0) lines.push('  no streams')
  else lines.push(...layOut([header, ...[...streams].sort(worstFirst).map(streamRow)]))
  if (clock) {
    lines.push(
      `  clock: ${inWords(Math.abs(clock.offsetMs) / 1000)} ${clock.offsetMs < 0 ? 'ahead' : 'behind'} ± ${inWords(clock.offsetUncertaintyMs / 1000)}, drift ${round(clock.driftPpm)} ± ${round(clock.driftUncertaintyPpm)} ppm, ${clock.used} of ${clock.samples} samples`,
    )
  }
  if (numbersMissing > 0) {
    const shown = holes.slice(0, 5).map(({ spool, from, to }) => `${spool} ${from === to ? from : `${from}-${to}`}`)
    lines.push(`  holes: ${shown.join(', ')}${holes.length > 5 ? ' and more' : ''}`)
  }
  return lines
}

const order: readonly Verdict[] = ['incomplete', 'empty', 'gaps_declared', 'complete']
const worstFirst = (a: StreamReport, b: StreamReport): number =>
  order.indexOf(a.verdict) - order.indexOf(b.verdict) || b.findings.length - a.findings.length

const number = (count: number): string => count.toLocaleString('en')

function streamRow({ stream, verdict, delivered, stored, gaps, rate, channels }: StreamReport): string[] {
  const unexplained = rate.pausesS + rate.beforeFirstS + rate.afterLastS
  return [
    stream,
    verdict,
    number(delivered.rows),
    number(stored.lakeRows + stored.journalRows),
    gaps.count === 0 ? '-' : `${number(gaps.count)}, ${inWords(gaps.seconds)}`,
    rate.rowsPerS === null ? '-' : round(rate.rowsPerS),
    rate.nominalRowsPerS === null ? 'irregular' : round(rate.nominalRowsPerS),
    unexplained < 0.5 ? '-' : inWords(unexplained),
    channelsText(channels),
  ]
}

function channelsText(channels: StreamReport['channels']): string {
  const count = (what: string, is: (channel: StreamReport['channels'][number]) => boolean) => {
    const found = channels.filter(is).length
    return found === 0 ? [] : [`${found} ${what}`]
  }
  const troubles = [
    ...count('stuck', ({ numbers }) => numbers?.stuck != null),
    ...count('clipped', ({ numbers }) => numbers?.clipped.some(({ judged }) => judged === 'clipped') ?? false),
    ...count('out of range', ({ numbers }) => (numbers?.outOfRange.readings ?? 0) > 0),
    ...count('NaN', ({ nan, infinite }) => nan + infinite > 0),
    ...count('constant', ({ numbers }) => numbers?.constant ?? false),
    ...missingText(channels),
  ]
  return troubles.length === 0 ? `${channels.length} fine` : `of ${channels.length}: ${troubles.join(', ')}`
}

function missingText(channels: StreamReport['channels']): string[] {
  const [missing, all] = channels.reduce(
    (sums, channel) => [sums[0] + channel.missing, sums[1] + channel.missing + channel.readings] as [number, number],
    [0, 0],
  )
  return missing === 0 ? [] : [`${percent(missing / all)} missing`]
}

const numbersColumns = new Set([2, 3, 5, 6])

function layOut(table: string[][]): string[] {
  const widths = table[0]!.map((_, i) => Math.max(...table.map((row) => width(row[i]!))))
  return table.map((row) => {
    const cells = row.map((cell, i) => {
      const space = ' '.repeat(widths[i]! - width(cell))
      return numbersColumns.has(i) ? space + cell : cell + space
    })
    return `  ${cells.join('  ').trimEnd()}`
  })
}

/** Hangul and other wide letters take two columns of a terminal. */
const width = (text: string): number =>
  [...text].reduce(
    (sum, letter) => sum + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/.test(letter) ? 2 : 1),
    0,
  )
