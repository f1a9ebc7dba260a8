import type { ChannelReport, ClockReport, PartReport, StreamReport, Verdict } from './report.ts'

// The figures in sentences for people, worst first, and the verdict.

/** Lower is worse. */
interface Finding {
  rank: number
  text: string
}

const ranks = {
  lost: 0,
  differs: 1,
  hole: 2,
  pause: 3,
  gap: 4,
  late: 5,
  stuck: 6,
  clipped: 7,
  range: 8,
  rate: 9,
  clock: 10,
}
/** Sentences of one stream; the figures have the rest. */
const findingsMax = 20
/** Measured and nominal rate may differ by this before it is said. */
const rateTolerance = 0.01
/** Time without rows at the edges of the span that is worth a sentence: so many intervals, and so many seconds. */
const edgeIntervals = 5
const edgeSMin = 1
const driftPpmMax = 100

export const sortFindings = (findings: Finding[]): string[] =>
  findings
    .sort((a, b) => a.rank - b.rank)
    .slice(0, findingsMax)
    .map(({ text }) => text)

export type StreamFigures = Omit<StreamReport, 'verdict' | 'findings'>

export function streamVerdict({ delivered, stored, trouble, gaps }: StreamFigures): Verdict {
  if (trouble !== null) return 'incomplete'
  if (gaps.count > 0) return 'gaps_declared'
  return delivered.rows === 0 && stored.lakeRows + stored.journalRows === 0 ? 'empty' : 'complete'
}

export function streamFindings(figures: StreamFigures): string[] {
  const { stream, delivered, trouble, gaps, rate, channels } = figures
  const found: Finding[] = []
  const say = (rank: number, text: string) => found.push({ rank, text: `${stream}: ${text}` })
  if (trouble !== null) say(ranks.differs, trouble)
  if (gaps.count > 0) {
    const causes = gaps.byCause.map(({ cause, seconds }) => `${cause} ${inWords(seconds)}`).join(', ')
    say(ranks.gap, `${plural(gaps.count, 'Gap')}, ${inWords(gaps.seconds)} together (${causes})`)
  }
  if (delivered.rows === 0) {
    if (gaps.count === 0) say(ranks.late, 'no rows, and no Gap says why')
    return sortFindings(found)
  }
  if (rate.pauses > 0) {
    say(
      ranks.pause,
      `${plural(rate.pauses, 'pause')} that no Gap explains, ${inWords(rate.pausesS)} together, the longest ${inWords(rate.longestPauseS)} at ${timeText(rate.longestPauseFromNs)}`,
    )
  }
  const intervalS = rate.nominalRowsPerS ? 1 / rate.nominalRowsPerS : (rate.medianIntervalS ?? 0)
  const edgeS = Math.max(edgeSMin, edgeIntervals * intervalS)
  if (rate.beforeFirstS > edgeS) say(ranks.late, `the first row is ${inWords(rate.beforeFirstS)} after the beginning`)
  if (rate.afterLastS > edgeS) say(ranks.late, `the last row is ${inWords(rate.afterLastS)} before the end`)
  if (rate.ratio !== null && Math.abs(rate.ratio - 1) > rateTolerance) {
    say(
      ranks.rate,
      `${round(rate.rowsPerS ?? 0)} rows/s, ${percent(Math.abs(rate.ratio - 1))} ${rate.ratio < 1 ? 'below' : 'above'} the nominal ${round(rate.nominalRowsPerS ?? 0)}`,
    )
  }
  for (const channel of channels) for (const one of channelFindings(channel)) say(one.rank, one.text)
  return sortFindings(found)
}

function channelFindings({ channel, unit, readings, missing, nan, infinite, numbers }: ChannelReport): Finding[] {
  const found: Finding[] = []
  const say = (rank: number, text: string) => found.push({ rank, text: `${channel} ${text}` })
  const value = (number: number) => `${round(number)}${unit === '' || unit === '1' ? '' : ` ${unit}`}`
  const all = readings + missing
  if (missing > 0) say(ranks.range + 0.5, `is missing in ${ofAll(missing, all)} rows`)
  if (nan + infinite > 0) say(ranks.range, `is no number in ${ofAll(nan + infinite, readings)} readings`)
  if (!numbers) return found
  const { outOfRange, clipped, stuck } = numbers
  if (stuck) {
    say(
      ranks.stuck,
      `did not change for ${inWords(stuck.seconds)} from ${timeText(stuck.fromNs)}, at ${value(stuck.value)}`,
    )
  }
  for (const { judged, at, side, value: limit, readings: count, longestS, longestRows } of clipped) {
    if (judged === 'rest') continue
    const where =
      at === 'range' ? `the ${side === 'min' ? 'lower' : 'upper'} end of its range` : 'its most extreme value'
    const longest = longestS > 0 ? `${longestRows} rows, ${inWords(longestS)}` : `${longestRows} rows`
    say(
      ranks.clipped,
      `is clipped at ${value(limit)}, ${where}: ${ofAll(count, readings)} readings, the longest ${longest}`,
    )
  }
  if (outOfRange.readings > 0) {
    say(
      ranks.range,
      `is out of its range in ${ofAll(outOfRange.readings, readings)} readings, first at ${timeText(outOfRange.firstNs)}`,
    )
  }
  return found
}

export type PartFigures = Omit<PartReport, 'verdict' | 'findings'>

/** Of the rig itself; its streams' findings are theirs. */
export function partFindings({ holes, numbersMissing, numbersLost, aside, clock }: PartFigures): string[] {
  const found: Finding[] = []
  const say = (rank: number, text: string) => found.push({ rank, text })
  if (numbersLost > 0) say(ranks.lost, `${plural(numbersLost, 'envelope')} came and cannot be found any more`)
  if (numbersMissing > 0) {
    const [first] = holes
    const where = first
      ? `, the first ${first.fromNs === null ? 'before' : 'after'} ${timeText(first.fromNs ?? first.toNs)}`
      : ''
    say(
      ranks.hole,
      `${plural(numbersMissing, 'envelope')} missing that nobody has declared (on their way, or lost)${where}`,
    )
  }
  if (aside.quarantined > 0) say(ranks.hole, `${plural(aside.quarantined, 'envelope')} in quarantine, not in the lake`)
  if (aside.parked > 0) say(ranks.hole, `${plural(aside.parked, 'envelope')} waiting for the schema`)
  for (const text of clock ? clockFindings(clock) : []) say(ranks.clock, text)
  return sortFindings(found)
}

function clockFindings({ steps, driftPpm, driftUncertaintyPpm }: ClockReport): string[] {
  const found: string[] = []
  for (const { atNs, stepMs } of steps.slice(0, 3)) {
    found.push(
      `the rig's clock was set ${stepMs > 0 ? 'forward' : 'back'} by ${inWords(Math.abs(stepMs) / 1000)} at ${timeText(atNs)}`,
    )
  }
  if (Math.abs(driftPpm) - driftUncertaintyPpm > driftPpmMax) {
    found.push(
      `the rig's clock is ${driftPpm > 0 ? 'slow' : 'fast'} by ${round(Math.abs(driftPpm))} ppm (± ${round(driftUncertaintyPpm)})`,
    )
  }
  return found
}

export function partVerdict(figures: PartFigures): Verdict {
  const { numbersMissing, numbersLost, aside, streams } = figures
  if (numbersMissing > 0 || numbersLost > 0 || aside.quarantined > 0 || aside.parked > 0) return 'incomplete'
  const has = (verdict: Verdict) => streams.some((stream) => stream.verdict === verdict)
  if (has('incomplete')) return 'incomplete'
  if (has('gaps_declared')) return 'gaps_declared'
  return has('complete') ? 'complete' : 'empty'
}

const plural = (count: number, what: string): string => `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

const ofAll = (count: number, all: number): string =>
  `${count.toLocaleString('en')} of ${all.toLocaleString('en')} (${percent(count / all)})`

export function percent(share: number): string {
  const number = share * 100
  if (number > 0 && number < 0.01) return '< 0.01 %'
  return `${number >= 10 ? number.toFixed(0) : number >= 1 ? number.toFixed(1) : number.toFixed(2)} %`
}

/** Up to 4 digits that say something. */
export const round = (value: number): string => String(Number(value.toPrecision(4)))

export function inWords(seconds: number): string {
  if (seconds < 0.0005) return `${round(seconds * 1e6)} us`
  if (seconds < 1) return `${round(seconds * 1e3)} ms`
  if (seconds < 60) return `${round(seconds)} s`
  const whole = Math.round(seconds)
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  if (parts[0] === 0) return `${parts[1]} min ${parts[2]} s`
  return `${parts[0]} h ${parts[1]} min`
}

/** To the millisecond, UTC. */
export function timeText(ns: string | null): string {
  if (ns === null) return 'an unknown time'
  const ms = Number(BigInt(ns) / 1_000_000n)
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ns} ns`
}
