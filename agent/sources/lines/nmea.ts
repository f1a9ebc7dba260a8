import { parseScaled } from '../mapping/decimal.ts'
import { parseNumber } from '../mapping/value.ts'

// Sentences of NMEA 0183 (IEC 61162-1): "$GPGGA,085411.000,5222.3215,N,...*61". Fields as in the standard's section 8.

/** Any talker: GP, GN, GL, GA, GB ... Values that a sentence leaves empty are null. */
export type Sentence = Gga | Rmc | Vtg

export interface Gga {
  type: 'GGA'
  /** Time of the day, ns UTC. */
  ofDayNs: bigint | null
  latitude: number | null
  longitude: number | null
  quality: number | null
  satellites: number | null
  hdop: number | null
  /** m above mean sea level. */
  altitude: number | null
  /** m of the geoid above the WGS-84 ellipsoid. */
  geoidSeparation: number | null
}

export interface Rmc {
  type: 'RMC'
  ofDayNs: bigint | null
  /** Midnight UTC of the date, ns since 1970. */
  dayNs: bigint | null
  /** The receiver calls its values valid. */
  valid: boolean
  /** km/h over ground, and degrees from true north. */
  speed: number | null
  course: number | null
}

export interface Vtg {
  type: 'VTG'
  speed: number | null
  course: number | null
}

/** 1 knot is 1.852 km/h, exactly (international nautical mile, 1929). */
const kmhPerKnot = 1.852

/**
 * Reads a sentence. undefined: sound, but of another type. A string: what is wrong with it. What stands before the `$`
 * (a TAG block of NMEA 4.10) is passed over only if it ends with a backslash. `checksum` optional: sentences without
 * one are taken, a wrong one is wrong all the same.
 */
export function parseSentence(line: string, checksum: 'required' | 'optional'): Sentence | undefined | string {
  const text = line.trimEnd()
  const begin = text.startsWith('\\') ? text.indexOf('\\', 1) + 1 : 0
  if (text[begin] !== '$' && text[begin] !== '!') return 'does not begin with $'
  const star = text.lastIndexOf('*')
  if (star < 0 && checksum === 'required') return 'has no checksum'
  const body = text.slice(begin + 1, star < 0 ? undefined : star)
  if (star >= 0) {
    const told = text.slice(star + 1)
    const sum = checksumOf(body)
    if (told.toUpperCase() !== sum) return `its checksum is ${told.slice(0, 10)}, the sentence adds up to ${sum}`
  }
  const fields = body.split(',')
  // Proprietary sentences ($PUBX) have no talker.
  if (text[begin] !== '$' || fields[0]!.length !== 5 || fields[0]!.startsWith('P')) return undefined
  try {
    switch (fields[0]!.slice(2)) {
      case 'GGA':
        return parseGga(fields)
      case 'RMC':
        return parseRmc(fields)
      case 'VTG':
        return parseVtg(fields)
    }
  } catch (error) {
    return (error as Error).message
  }
  return undefined
}

/** All characters between $ and *, exclusive-or'ed, as two hexadecimal digits. */
export function checksumOf(body: string): string {
  let sum = 0
  for (let i = 0; i < body.length; i++) sum ^= body.charCodeAt(i) & 0xff
  return sum.toString(16).toUpperCase().padStart(2, '0')
}

function parseGga(fields: string[]): Gga {
  expectFields(fields, 12)
  return {
    type: 'GGA',
    ofDayNs: timeOfDay(fields[1]!),
    latitude: degrees(fields[2]!, fields[3]!, 'NS', 90),
    longitude: degrees(fields[4]!, fields[5]!, 'EW', 180),
    quality: number(fields[6]!, 'quality'),
    satellites: number(fields[7]!, 'number of satellites'),
    hdop: number(fields[8]!, 'HDOP'),
    altitude: number(fields[9]!, 'altitude'),
    geoidSeparation: number(fields[11]!, 'geoid separation'),
  }
}

function parseRmc(fields: string[]): Rmc {
  expectFields(fields, 10)
  const valid = fields[2] === 'A'
  const knots = number(fields[7]!, 'speed')
  return {
    type: 'RMC',
    ofDayNs: timeOfDay(fields[1]!),
    dayNs: day(fields[9]!),
    valid,
    speed: valid && knots !== null ? knots * kmhPerKnot : null,
    course: valid ? number(fields[8]!, 'course') : null,
  }
}

/** Since NMEA 2.3 with a mode, in which N says that nothing is valid; before 2.0 without letters between the values. */
function parseVtg(fields: string[]): Vtg {
  expectFields(fields, 5)
  const old = fields[2] !== 'T'
  if (!old) expectFields(fields, 9)
  const valid = fields[9] !== 'N'
  return {
    type: 'VTG',
    speed: valid ? number(fields[old ? 4 : 7]!, 'speed') : null,
    course: valid ? number(fields[1]!, 'course') : null,
  }
}

function expectFields(fields: string[], least: number): void {
  if (fields.length < least) throw new Error(`${fields[0]} has ${fields.length} fields, expected ${least} or more`)
}

function number(text: string, what: string): number | null {
  if (text === '') return null
  const value = parseNumber(text)
  if (value === undefined || !Number.isFinite(value)) throw new Error(`the ${what} "${text}" is no number`)
  return value
}

/** ddmm.mmmm and a hemisphere -> degrees; two roundings, far below what receivers tell. */
function degrees(text: string, hemisphere: string, hemispheres: string, most: number): number | null {
  if (text === '') return null
  const match = /^(\d{2,3})(\d{2}(?:\.\d*)?)$/.exec(text)
  const side = hemisphere.length === 1 ? hemispheres.indexOf(hemisphere) : -1
  const value = match ? Number(match[1]) + Number(match[2]) / 60 : Number.NaN
  if (!match || Number(match[2]) >= 60 || side < 0 || value > most) {
    throw new Error(`"${text},${hemisphere}" is neither a latitude nor a longitude where it stands`)
  }
  return side === 0 ? value : -value
}

/** hhmmss.sss, exact; 60 is a leap second. */
function timeOfDay(text: string): bigint | null {
  if (text === '') return null
  const match = /^(\d{2})(\d{2})(\d{2}(?:\.\d*)?)$/.exec(text)
  if (!match || Number(match[1]) > 23 || Number(match[2]) > 59 || Number(match[3]) >= 61) {
    throw new Error(`"${text}" is no time of the day`)
  }
  return BigInt(Number(match[1]) * 3600 + Number(match[2]) * 60) * 1_000_000_000n + parseScaled(match[3]!, 9)!
}

/** ddmmyy; 80 to 99 are of the last century, when GPS began. */
function day(text: string): bigint | null {
  if (text === '') return null
  const match = /^(\d{2})(\d{2})(\d{2})$/.exec(text)
  const year = Number(match?.[3]) + (Number(match?.[3]) >= 80 ? 1900 : 2000)
  const date = new Date(Date.UTC(year, Number(match?.[2]) - 1, Number(match?.[1])))
  if (!match || date.getUTCMonth() !== Number(match[2]) - 1 || date.getUTCDate() !== Number(match[1])) {
    throw new Error(`"${text}" is no date`)
  }
  return BigInt(date.getTime()) * 1_000_000n
}
