import { parseScaled } from './decimal.ts'

// Texts -> ns since 1970 UTC, exact.

const nsPerMs = 1_000_000n
const nsPerS = 1_000_000_000n
const nsPerDay = 86_400n * nsPerS

/** Returns ns since 1970 UTC, or undefined for a text that is not of the format. */
export type ParseTime = (text: string, nowNs: () => bigint) => bigint | undefined

/**
 * The parser of a format (see `time.format` of the mapping). `startNs` counts for `seconds` and `hms`; without it,
 * `seconds` count from 1970 and `hms` is a time of the day nearest to now.
 */
export function createTimeParser(format: string, zone: string, startNs?: bigint): ParseTime {
  switch (format) {
    case 'unix_s':
      return (text) => parseScaled(text, 9)
    case 'unix_ms':
      return (text) => parseScaled(text, 6)
    case 'unix_us':
      return (text) => parseScaled(text, 3)
    case 'unix_ns':
      return (text) => parseScaled(text, 0)
    case 'seconds':
      return (text) => plus(startNs ?? 0n, parseScaled(text, 9))
    case 'hms':
      return startNs === undefined ? createTimeOfDay(zone) : (text) => plus(startNs, parseHms(text))
    case 'iso':
      return createIsoParser(zone)
    default:
      return createPatternParser(format, zone)
  }
}

const plus = (a: bigint, b: bigint | undefined) => (b === undefined ? undefined : a + b)

const hms = /^\s*(\d+):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?\s*$/

function parseHms(text: string): bigint | undefined {
  const match = hms.exec(text)
  if (!match) return undefined
  const [, hours, minutes, seconds = '0', fraction = ''] = match
  if (Number(minutes) > 59 || Number(seconds) > 60) return undefined
  return (BigInt(hours!) * 3600n + BigInt(minutes!) * 60n + BigInt(seconds)) * nsPerS + fractionNs(fraction)
}

function createTimeOfDay(zone: string): ParseTime {
  const offsetNs = BigInt(zoneMinutes(zone)) * 60n * nsPerS
  return (text, nowNs) => {
    const ofDayNs = parseHms(text)
    return ofDayNs === undefined || ofDayNs > nsPerDay ? undefined : nearestDay(ofDayNs - offsetNs, nowNs())
  }
}

/** The time nearest to `nearNs` that is `ofDayNs` after a midnight UTC. */
export function nearestDay(ofDayNs: bigint, nearNs: bigint): bigint {
  const timeNs = nearNs - (((nearNs % nsPerDay) + nsPerDay) % nsPerDay) + ofDayNs
  if (timeNs - nearNs > nsPerDay / 2n) return timeNs - nsPerDay
  if (nearNs - timeNs > nsPerDay / 2n) return timeNs + nsPerDay
  return timeNs
}

/** ns of the decimal digits after the point of a second; digits below a ns are cut off. */
export const fractionNs = (digits: string): bigint =>
  digits === '' ? 0n : BigInt(Number(digits.slice(0, 9).padEnd(9, '0')))

/** Minutes east of UTC of "Z", "+09:00", "+0900" or "+09". */
export function zoneMinutes(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || '0')
  return zone.startsWith('-') ? -minutes : minutes
}

interface Civil {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  fraction: string
  zoneMinutes: number
}

/** undefined where there is no such date or time, or where it is outside of 1678 to 2261 (64 bits of ns). */
export function civilNs(civil: Civil): bigint | undefined {
  const { year, month, day, hour, minute, second } = civil
  if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1) return undefined
  if (day > 28 && day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined
  // 24:00 is the end of a day (ISO 8601); a leap second 60 is, as in Unix time, the next second.
  if (hour > 24 || (hour === 24 && (minute > 0 || second > 0)) || minute > 59 || second > 60) return undefined
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) - civil.zoneMinutes * 60_000
  return BigInt(ms) * nsPerMs + fractionNs(civil.fraction)
}

const iso =
  /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|\s+)\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?\s*$/

function createIsoParser(zone: string): ParseTime {
  const defaultMinutes = zoneMinutes(zone)
  return (text) => {
    const match = iso.exec(text)
    if (!match) return undefined
    const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '', own] = match
    return civilNs({
      year: Number(year),
      month: Number(month),
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      second: Number(second),
      fraction,
      zoneMinutes: own === undefined ? defaultMinutes : zoneMinutes(own),
    })
  }
}

/** ISO 8601 of a configuration's `start`; undefined if it is none. */
export const parseIso = (text: string, zone = 'Z'): bigint | undefined => createIsoParser(zone)(text, () => 0n)

const tokens = /YYYY|YY|MM|DDD|DD|HH|mm|ss|A/g
const widths: Record<string, number> = { YYYY: 4, YY: 2, MM: 2, DDD: 3, DD: 2, HH: 2, mm: 2, ss: 2 }
const zoneGroup = '\\s*(?<zone>Z|[+-]\\d{2}(?::?\\d{2})?)?\\s*'

function createPatternParser(pattern: string, zone: string): ParseTime {
  const whole = patternExpression(pattern)
  return (text) => {
    const groups = whole.exec(text)?.groups
    return groups && fromTokens(groups, groups.zone ?? zone)
  }
}

/** A pattern of tokens and literal text, as a regular expression with a named group for each token. */
function patternExpression(pattern: string): RegExp {
  const seen = new Set<string>()
  let source = ''
  let end = 0
  for (const { 0: token, index } of pattern.matchAll(tokens)) {
    source += literal(pattern.slice(end, index))
    end = index + token.length
    const group = seen.has(token) ? '?:' : `?<${token}>`
    seen.add(token)
    if (token === 'A') {
      source += `(${group}[AaPp]\\.?[Mm]\\.?|오전|오후)`
      continue
    }
    // Digits that run into the next token's must be all there; elsewhere zeros in front may be missing.
    const tight = token === 'YYYY' || /^(YY|MM|DD|HH|mm|ss)/.test(pattern.slice(end))
    source += `(${group}\\d{${tight ? '' : '1,'}${widths[token]}})`
    if (token === 'ss') source += '(?:[.,](?<fraction>\\d+))?'
  }
  return new RegExp(`^\\s*${source}${literal(pattern.slice(end))}${zoneGroup}$`)
}

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+')

function fromTokens(groups: Record<string, string | undefined>, zone: string): bigint | undefined {
  const number = (token: string, otherwise: number) => (groups[token] === undefined ? otherwise : Number(groups[token]))
  const half = groups.A
  let hour = number('HH', 0)
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined
    hour = (hour % 12) + (half === '오후' || /^p/i.test(half) ? 12 : 0)
  }
  const short = number('YY', 70)
  const year = number('YYYY', short < 70 ? 2000 + short : 1900 + short)
  const dayOfYear = groups.DDD
  const start = {
    year,
    month: dayOfYear === undefined ? number('MM', 1) : 1,
    day: dayOfYear === undefined ? number('DD', 1) : 1,
    hour,
    minute: number('mm', 0),
    second: number('ss', 0),
    fraction: groups.fraction ?? '',
    zoneMinutes: zoneMinutes(zone),
  }
  const ns = civilNs(start)
  if (dayOfYear === undefined || ns === undefined) return ns
  const days = Number(dayOfYear)
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return days < 1 || days > (leap ? 366 : 365) ? undefined : ns + BigInt(days - 1) * nsPerDay
}
