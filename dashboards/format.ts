import type { ChannelAnswer, GapAnswer } from '../ingest/http/answers.ts'

// Figures as people read them.

const trim = (value: number, digits: number): string => String(Number(value.toFixed(digits)))

/** 0.3 s, 12 s, 5 min 3 s, 3 h 12 min, 5 d 3 h, 35 y. Negative ones count as their amount. */
export function formatDuration(ms: number): string {
  const seconds = Math.abs(ms) / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 365 * 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  return `${trim(hours / 24 / 365.25, 1)} y`
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : trim(value, value < 10 ? 1 : 0)} ${byteUnits[unit]}`
}

/** Rows a second: enough digits to see that 99.8 are not 100. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0'
  if (perSecond < 1) return String(Number(perSecond.toPrecision(2)))
  return perSecond < 1000 ? trim(perSecond, 1) : String(Math.round(perSecond))
}

/** Five significant digits, trailing zeros kept, so that a figure does not change its width with every row. */
export function formatNumber(value: number): string {
  const size = Math.abs(value)
  if (Number.isInteger(value) && size < 1e9) return String(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(3)
  if (size >= 1e5) return value.toFixed(0)
  return value.toPrecision(5)
}

/** The value of a channel, without its unit. */
export function formatValue({ value, kind }: ChannelAnswer): string {
  if (value === null) return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') {
    // What is measured as a fraction keeps its digits when it happens to be whole.
    return kind === 'int' || !Number.isInteger(value) || Math.abs(value) >= 1e5
      ? formatNumber(value)
      : value.toPrecision(5)
  }
  if (value === '') return '(empty)'
  return value.length > 80 ? `${value.slice(0, 80)}…` : value
}

// UCUM (https://ucum.org) as it is usually printed.
const units: Record<string, string> = {
  '1': '',
  Cel: '°C',
  deg: '°',
  Ohm: 'Ω',
  'mm[Hg]': 'mmHg',
  'm/s2': 'm/s²',
  'W/m2': 'W/m²',
  'W.h': 'Wh',
  'kW.h': 'kWh',
  'V.A': 'VA',
  'V.A{reactive}': 'var',
  'N.m': 'N·m',
  'A.h': 'Ah',
}

export function formatUnit(ucum: string): string {
  const known = units[ucum]
  if (known !== undefined) return known
  // u is micro; words in braces are annotations.
  return ucum.replace(/\{[^}]*\}/g, '').replace(/^u(?=[A-Z])/, 'µ')
}

export const formatCount = (count: number): string => count.toLocaleString('en')

/** { unreadable: 2, too_large: 1 } as "unreadable 2, too large 1". */
export const formatCounts = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name.replaceAll('_', ' ')} ${formatCount(count)}`)
    .join(', ')

/** A time in ns since 1970 as the reader's own clock shows it. */
export function formatTime(timeNs: string): string {
  const date = new Date(Number(BigInt(timeNs) / 1_000_000n))
  return Number.isNaN(date.getTime()) ? `${timeNs} ns` : date.toLocaleString('sv')
}

/** Why, how long, and from when by the clock of who reads it: "agent down, 3.6 s from 2026-11-21 09:12:03". */
export function formatGap({ cause, fromNs, toNs }: Pick<GapAnswer, 'cause' | 'fromNs' | 'toNs'>): string {
  const lengthMs = Number((BigInt(toNs) - BigInt(fromNs)) / 1_000_000n)
  return `${cause.replaceAll('_', ' ')}, ${formatDuration(lengthMs)} from ${formatTime(fromNs)}`
}
