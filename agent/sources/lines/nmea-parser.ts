import type { Channel, Schema } from '../../../protos/types.ts'
import { nearestDay } from '../mapping/time.ts'
import type { Row, Value } from '../source.ts'
import { type Gga, parseSentence, type Rmc, type Vtg } from './nmea.ts'
import type { FeedParser, LineContext, LineParser } from './parser.ts'

// NMEA sentences -> rows of two streams, with the times of the receiver: only RMC tells the date.

const positionChannels: Channel[] = [
  { name: 'latitude', kind: 'f64', unit: 'deg', code: 'VSS:Vehicle.CurrentLocation.Latitude', min: -90, max: 90 },
  { name: 'longitude', kind: 'f64', unit: 'deg', code: 'VSS:Vehicle.CurrentLocation.Longitude', min: -180, max: 180 },
  // Not VSS's Vehicle.CurrentLocation.Altitude, which counts from the ellipsoid: that is the sum of these two.
  { name: 'altitude', kind: 'f64', unit: 'm', description: 'Antenna above mean sea level' },
  { name: 'geoid_separation', kind: 'f64', unit: 'm', description: 'Mean sea level above the WGS-84 ellipsoid' },
  {
    name: 'quality',
    kind: 'int',
    min: 0,
    max: 8,
    description:
      '0 no fix, 1 GNSS, 2 differential, 3 PPS, 4 RTK fixed, 5 RTK float, 6 estimated, 7 manual, 8 simulated',
  },
  { name: 'satellites', kind: 'int', unit: '1', min: 0, description: 'Satellites in use' },
  { name: 'hdop', kind: 'f64', unit: '1', min: 0, description: 'Horizontal dilution of precision' },
]

const motionChannels: Channel[] = [
  { name: 'speed', kind: 'f64', unit: 'km/h', code: 'VSS:Vehicle.Speed', min: 0, description: 'Speed over ground' },
  {
    name: 'course',
    kind: 'f64',
    unit: 'deg',
    code: 'VSS:Vehicle.CurrentLocation.Heading',
    min: 0,
    max: 360,
    description: 'Course over ground, from true north',
  },
]

const nsPerMinute = 60_000_000_000n
const nsPerDay = 1440n * nsPerMinute
/** Rows that may wait for an RMC to tell the date; then it is the one that puts them nearest to the agent's clock. */
const undatedMax = 10
/** VTG repeats what RMC says: only where more than this many come without an RMC do they count. */
const heldVtgMax = 3

export interface NmeaOptions {
  /** Of each row: as the sentences tell, or stamped by the agent. */
  time: 'device' | 'agent'
  checksum: 'required' | 'optional'
  streamPrefix: string
}

interface Undated {
  row: Row
  /** Time of the day; null: the sentence tells none. */
  ofDayNs: bigint | null
}

export function createNmeaParser(options: NmeaOptions): LineParser {
  const streams: Schema[] = [
    { stream: `${options.streamPrefix}gnss_position`, channels: positionChannels, source: 'lines' },
    { stream: `${options.streamPrefix}gnss_motion`, channels: motionChannels, source: 'lines' },
  ]
  const dates = createDates()
  let heldVtg: Undated[] | undefined = []
  let lastOfDayNs: bigint | null = null
  let timeless = 0

  const toRow = (stream: number, values: Value[], { position }: LineContext): Row =>
    position === undefined ? { stream, values } : { stream, values, position }

  const add = (undated: Undated, { nowNs }: LineContext, rows: Row[]) => {
    if (options.time === 'agent') rows.push(undated.row)
    else if (undated.ofDayNs === null) timeless++
    else dates.add(undated.row, undated.ofDayNs, nowNs, rows)
  }

  const addGga = (gga: Gga, context: LineContext, rows: Row[]) => {
    // Without a fix some receivers repeat the last place they knew.
    const place = [gga.latitude, gga.longitude, gga.altitude, gga.geoidSeparation]
    const known = gga.quality === 0 ? place.map(() => null) : place
    const row = toRow(0, [...known, gga.quality, gga.satellites, gga.hdop], context)
    add({ row, ofDayNs: gga.ofDayNs }, context, rows)
  }

  const addRmc = (rmc: Rmc, context: LineContext, rows: Row[]) => {
    heldVtg = []
    if (rmc.valid && rmc.dayNs !== null && rmc.ofDayNs !== null) dates.set(rmc.dayNs + rmc.ofDayNs)
    add({ row: toRow(1, [rmc.speed, rmc.course], context), ofDayNs: rmc.ofDayNs }, context, rows)
  }

  const addVtg = (vtg: Vtg, context: LineContext, rows: Row[]) => {
    const undated = { row: toRow(1, [vtg.speed, vtg.course], context), ofDayNs: lastOfDayNs }
    if (!heldVtg) return add(undated, context, rows)
    if (options.time === 'agent') undated.row.timeNs = context.nowNs()
    heldVtg.push(undated)
    if (heldVtg.length <= heldVtgMax) return
    for (const held of heldVtg) add(held, context, rows)
    heldVtg = undefined
  }

  const parser: FeedParser = {
    starting: () => false,
    line(text, context, rows) {
      if (text.trim() === '') return undefined
      const sentence = parseSentence(text, options.checksum)
      if (sentence === undefined || typeof sentence === 'string') return sentence
      if (sentence.type === 'VTG') addVtg(sentence, context, rows)
      else {
        lastOfDayNs = sentence.ofDayNs
        if (sentence.type === 'GGA') addGga(sentence, context, rows)
        else addRmc(sentence, context, rows)
      }
      return undefined
    },
  }
  return {
    streams,
    begin() {
      // Rows that still wait are from another file: offsets in that one say nothing in this.
      for (const { row } of [...dates.waiting(), ...(heldVtg ?? [])]) delete row.position
      return parser
    },
    detail: () => (timeless > 0 ? `${timeless} sentences without a time were left out (no fix yet)` : ''),
  }
}

/**
 * Puts dates to times of the day. They go on from the last time, over midnight, too; behind a jump of more than a minute
 * (a receiver that was off for a night) rows wait for the next RMC.
 */
function createDates() {
  let lastNs: bigint | undefined
  let waiting: { row: Row; ofDayNs: bigint }[] = []
  const goesOn = (ofDayNs: bigint): boolean => {
    if (lastNs === undefined) return false
    const stepNs = nearestDay(ofDayNs, lastNs) - lastNs
    return stepNs <= nsPerMinute && stepNs >= -nsPerMinute
  }
  return {
    waiting: () => waiting,
    set(timeNs: bigint) {
      lastNs = timeNs
    },
    add(row: Row, ofDayNs: bigint, nowNs: () => bigint, rows: Row[]) {
      waiting.push({ row, ofDayNs })
      if (!goesOn(ofDayNs)) {
        if (waiting.length < undatedMax) return
        lastNs = nearestDay(ofDayNs % nsPerDay, nowNs())
      }
      for (const each of waiting) {
        each.row.timeNs = nearestDay(each.ofDayNs, lastNs!)
        rows.push(each.row)
      }
      lastNs = nearestDay(ofDayNs, lastNs!)
      waiting = []
    },
  }
}
