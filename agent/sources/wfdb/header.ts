import type { Period } from '../../../protos/types.ts'
import { toPeriod } from '../mapping/decimal.ts'
import { civilNs, fractionNs, zoneMinutes } from '../mapping/time.ts'

// The header of a WFDB record, as header(5) of the WFDB Applications Guide defines it
// (https://physionet.org/physiotools/wag/header-5.htm): a record line, then a line for each signal.

export interface WfdbSignal {
  file: string
  format: string
  samplesPerFrame: number
  /** In sample intervals. */
  skew: number
  /** Offset of the first sample in its file. */
  byteOffset: number
  /** Steps of the converter in one physical unit; 0: not calibrated. */
  gain: number
  /** The raw value at 0 physical units. */
  baseline: number
  unit: string
  /** Bits of the converter; 0: not said. */
  resolution: number
  zero: number
  initial?: number
  checksum?: number
  description: string
}

export interface WfdbHeader {
  record: string
  /** Of a frame. */
  period: Period
  /** Absent: as many as the files hold. */
  frames?: number
  startNs?: bigint
  signals: WfdbSignal[]
  comments: number
}

const signalsMax = 4096
const samplesPerFrameMax = 10_000
const framesMax = 1e12
/** A sample in eleven days; what is below is no rate of a recording. */
export const rateHzLeast = 1e-6

/** Throws, with the line, for what is no header. */
export function parseWfdbHeader(text: string, zone: string): WfdbHeader {
  const all = text.split(/\r?\n/)
  const lines = all.flatMap((line, i) => {
    const trimmed = line.trim()
    return trimmed === '' || trimmed.startsWith('#') ? [] : [{ text: trimmed, number: i + 1 }]
  })
  const comments = all.filter((line) => line.trim().startsWith('#')).length
  const [first, ...rest] = lines
  if (!first) throw new Error('it has no record line; is it the header of a WFDB record?')
  const fail = (problem: string): never => {
    throw new Error(`line ${first.number}: ${problem}: ${first.text.slice(0, 120)}`)
  }
  const [name = '', count = '', rate = '250', samples = '0', time, date] = first.text.split(/\s+/)
  if (name.includes('/')) fail('the record has several segments; give the record of one of them')
  const signals = integer(count)
  if (signals === undefined) return fail(`expected the number of signals, found ${JSON.stringify(count)}`)
  if (signals === 0) fail('the record has no signals')
  if (signals > signalsMax) fail(`${signals} signals; the limit is ${signalsMax}`)
  // 360/24(100): the frequency, and how a counter of the recorder ran; the latter is of no use here.
  const rateText = rate.split(/[/(]/)[0]!
  const rateHz = decimal(rateText)
  if (rateHz === undefined || rateHz < rateHzLeast || rateHz > 1e9)
    return fail(`${JSON.stringify(rateText)} is no frequency`)
  const frames = integer(samples)
  if (frames === undefined || frames > framesMax) return fail(`${JSON.stringify(samples)} is no number of samples`)
  if (rest.length < signals) {
    throw new Error(`it speaks of ${signals} signals and describes ${rest.length}`)
  }
  const header: WfdbHeader = {
    record: name,
    period: toPeriod({ rateHz })!,
    signals: rest.slice(0, signals).map(({ text, number }) => parseSignal(text, number)),
    comments,
  }
  if (frames > 0) header.frames = frames
  if (time !== undefined && date !== undefined) {
    const startNs = parseStart(time, date, zone)
    if (startNs === undefined) fail(`${time} ${date} is no time and date (HH:MM:SS DD/MM/YYYY)`)
    else header.startNs = startNs
  }
  return header
}

const formatPattern = /^(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?$/
const gainPattern = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)?(?:\(([+-]?\d+)\))?(?:\/(\S+))?$/

function parseSignal(text: string, number: number): WfdbSignal {
  const fail = (problem: string): never => {
    throw new Error(`line ${number}: ${problem}: ${text.slice(0, 120)}`)
  }
  const [file = '', formatText = '', ...more] = text.split(/\s+/)
  const format = formatPattern.exec(formatText)
  if (!format) return fail(`${JSON.stringify(formatText)} is no signal format`)
  const signal: WfdbSignal = {
    file,
    format: format[1]!,
    samplesPerFrame: Number(format[2] ?? 1),
    skew: Number(format[3] ?? 0),
    byteOffset: Number(format[4] ?? 0),
    gain: 0,
    baseline: 0,
    unit: '',
    resolution: 0,
    zero: 0,
    description: '',
  }
  if (signal.samplesPerFrame < 1 || signal.samplesPerFrame > samplesPerFrameMax) {
    fail(`${signal.samplesPerFrame} samples in a frame; expected 1 to ${samplesPerFrameMax}`)
  }
  if (!Number.isSafeInteger(signal.byteOffset)) fail(`${format[4]} is no offset`)
  const gain = gainPattern.exec(more[0] ?? '')
  if (!gain) return fail(`${JSON.stringify(more[0])} is no gain, such as 200(1024)/mV`)
  signal.gain = Number(gain[1] ?? 0)
  if (!Number.isFinite(signal.gain) || (signal.gain !== 0 && !Number.isFinite(1 / signal.gain)))
    fail(`${JSON.stringify(gain[1])} is no gain`)
  signal.unit = gain[3] ?? 'mV'
  // Resolution, zero, initial value, checksum and block size are optional, but only from the right.
  const numbers = more.slice(1, 6).map((field) => integer(field) ?? fail(`${JSON.stringify(field)} is no integer`))
  const [resolution = 0, zero = 0, initial, checksum] = numbers
  signal.resolution = resolution
  signal.zero = zero
  signal.baseline = gain[2] === undefined ? zero : Number(gain[2])
  if (initial !== undefined) signal.initial = initial
  if (checksum !== undefined) signal.checksum = checksum
  signal.description = /^(?:\S+\s+){8}(.*)$/.exec(text)?.[1]?.trim() ?? ''
  return signal
}

const integer = (text: string): number | undefined => {
  const number = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(number) ? number : undefined
}

const decimal = (text: string): number | undefined =>
  /^\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : undefined

/** HH:MM:SS with a fraction or without (or MM:SS, or SS), and DD/MM/YYYY. */
function parseStart(time: string, date: string, zone: string): bigint | undefined {
  const day = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(date)
  const clock = /^(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,2})(?:\.(\d+))?$/.exec(time)
  if (!day || !clock) return undefined
  const second = civilNs({
    year: Number(day[3]),
    month: Number(day[2]),
    day: Number(day[1]),
    hour: Number(clock[1] ?? 0),
    minute: Number(clock[2] ?? 0),
    second: Number(clock[3]),
    fraction: '',
    zoneMinutes: zoneMinutes(zone),
  })
  return second === undefined ? undefined : second + fractionNs(clock[4] ?? '')
}
