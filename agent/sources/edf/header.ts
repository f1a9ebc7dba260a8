import type { Period } from '../../../protos/types.ts'
import { toPeriod } from '../mapping/decimal.ts'
import { civilNs, zoneMinutes } from '../mapping/time.ts'

// The header of an EDF or EDF+ file (https://www.edfplus.info/specs/edf.html and edfplus.html): 256 bytes about the file, then
// 256 for each signal, all fields ASCII of a fixed width. The fields that say who was recorded, where and by whom (bytes 8 to
// 167) are never looked at.

export interface EdfSignal {
  label: string
  transducer: string
  dimension: string
  physicalMin: number
  physicalMax: number
  digitalMin: number
  digitalMax: number
  prefilter: string
  /** Samples in a data record. */
  samples: number
}

export interface EdfHeader {
  /** EDF+C: one record follows the other. EDF+D: there may be breaks in between. */
  kind: 'EDF' | 'EDF+C' | 'EDF+D'
  startNs: bigint
  bytes: number
  /** Of data records; undefined while the file is being written. */
  records?: number
  recordBytes: number
  /** Of a data record; absent: 0, for a file of annotations alone. */
  duration?: Period
  signals: EdfSignal[]
}

export const mainBytes = 256
const signalBytes = 256
const signalsMax = 4096
export const recordBytesMax = 64 * 1024 * 1024
export const annotationLabel = 'EDF Annotations'

/** Bytes of the whole header, from its first 256. Throws if they are not the beginning of an EDF file. */
export function edfHeaderBytes(main: Buffer): number {
  if (main.length < mainBytes) throw new Error(`${main.length} bytes; an EDF file has a header of 256 at least`)
  if (main[0] === 0xff && main.toString('latin1', 1, 8) === 'BIOSEMI') {
    throw new Error('is BDF (samples of 24 bits), not EDF; convert it to EDF')
  }
  if (field(main, 0, 8) !== '0') throw new Error('does not begin as an EDF file ("0" and seven blanks)')
  const signals = integer(main, 252, 4, 'number of signals')
  if (signals < 1 || signals > signalsMax) throw new Error(`${signals} signals; expected 1 to ${signalsMax}`)
  const bytes = integer(main, 184, 8, 'size of the header')
  const expected = mainBytes + signals * signalBytes
  if (bytes !== expected)
    throw new Error(`says its header has ${bytes} bytes; with ${signals} signals it has ${expected}`)
  return bytes
}

/** `bytes`: the whole header. Throws, naming the field, for one that cannot be. */
export function parseEdfHeader(bytes: Buffer, zone: string): EdfHeader {
  const length = edfHeaderBytes(bytes)
  if (bytes.length < length) throw new Error(`ends within its header: ${bytes.length} bytes of ${length}`)
  const count = length / signalBytes - 1
  const reserved = field(bytes, 192, 44)
  const kind = reserved.startsWith('EDF+C') ? 'EDF+C' : reserved.startsWith('EDF+D') ? 'EDF+D' : 'EDF'
  const records = integer(bytes, 236, 8, 'number of data records')
  if (records < -1) throw new Error(`${records} data records`)
  const signals = parseSignals(bytes, count, kind)
  const recordBytes = signals.reduce((sum, { samples }) => sum + samples * 2, 0)
  if (recordBytes > recordBytesMax)
    throw new Error(`data records of ${recordBytes} bytes; the limit is ${recordBytesMax}`)
  const durationS = decimal(bytes, 244, 8, 'duration of a data record')
  if (durationS < 0 || durationS > 1e9 || (durationS > 0 && durationS < 1e-9))
    throw new Error(`data records of ${durationS} s`)
  if (durationS === 0 && signals.some((signal) => !isAnnotations(signal, kind))) {
    throw new Error('data records of 0 s, with signals in them')
  }
  const header: EdfHeader = { kind, startNs: startOf(bytes, zone), bytes: length, recordBytes, signals }
  if (records >= 0) header.records = records
  if (durationS > 0) header.duration = toPeriod({ periodS: durationS })!
  return header
}

export const isAnnotations = ({ label }: EdfSignal, kind: EdfHeader['kind']): boolean =>
  kind !== 'EDF' && label === annotationLabel

/** The fields of all signals stand field by field. */
function parseSignals(bytes: Buffer, count: number, kind: EdfHeader['kind']): EdfSignal[] {
  const widths = [16, 80, 8, 8, 8, 8, 8, 80, 8, 32]
  const starts = widths.map((_, i) => mainBytes + count * widths.slice(0, i).reduce((sum, width) => sum + width, 0))
  return Array.from({ length: count }, (_, i) => {
    const at = (n: number) => [starts[n]! + i * widths[n]!, widths[n]!] as const
    const label = field(bytes, ...at(0))
    const of = (what: string) => `${what} of signal ${i + 1} (${JSON.stringify(label)})`
    const signal: EdfSignal = {
      label,
      transducer: field(bytes, ...at(1)),
      dimension: field(bytes, ...at(2)),
      physicalMin: 0,
      physicalMax: 0,
      digitalMin: 0,
      digitalMax: 0,
      prefilter: field(bytes, ...at(7)),
      samples: integer(bytes, ...at(8), of('samples in a data record')),
    }
    if (signal.samples < 1 || signal.samples * 2 > recordBytesMax) {
      throw new Error(`${of('samples in a data record')}: ${signal.samples}`)
    }
    if (isAnnotations(signal, kind)) return signal
    signal.physicalMin = decimal(bytes, ...at(3), of('physical minimum'))
    signal.physicalMax = decimal(bytes, ...at(4), of('physical maximum'))
    signal.digitalMin = integer(bytes, ...at(5), of('digital minimum'))
    signal.digitalMax = integer(bytes, ...at(6), of('digital maximum'))
    const { physicalMin, physicalMax, digitalMin, digitalMax } = signal
    if (digitalMin >= digitalMax) {
      throw new Error(`${of('digital minimum')}: ${digitalMin} is not below the digital maximum, ${digitalMax}`)
    }
    if (digitalMin < -32_768 || digitalMax > 32_767) {
      throw new Error(`${of('digital range')}: ${digitalMin} to ${digitalMax} is not within 16 bits`)
    }
    if (!Number.isFinite(physicalMax - physicalMin)) {
      throw new Error(`${of('physical range')}: ${physicalMin} to ${physicalMax}`)
    }
    if (physicalMin === physicalMax) {
      throw new Error(`${of('physical minimum')}: ${physicalMin}, the same as the physical maximum`)
    }
    return signal
  })
}

/** dd.mm.yy and hh.mm.ss; 85 to 99 are 19yy. */
function startOf(bytes: Buffer, zone: string): bigint {
  const text = `${field(bytes, 168, 8)} ${field(bytes, 176, 8)}`
  const match = /^(\d\d)[.:/-](\d\d)[.:/-](\d\d) (\d\d)[.:](\d\d)[.:](\d\d)$/.exec(text)
  const [day, month, year, hour, minute, second] = (match?.slice(1) ?? []).map(Number) as number[]
  const startNs =
    match &&
    civilNs({
      year: year! + (year! >= 85 ? 1900 : 2000),
      month: month!,
      day: day!,
      hour: hour!,
      minute: minute!,
      second: second!,
      fraction: '',
      zoneMinutes: zoneMinutes(zone),
    })
  if (startNs === undefined || startNs === null) {
    throw new Error(`start ${JSON.stringify(text)}: expected a date dd.mm.yy and a time hh.mm.ss`)
  }
  return startNs
}

const field = (bytes: Buffer, start: number, width: number): string =>
  bytes
    .toString('latin1', start, start + width)
    .replace(/[\s\0]+$/, '')
    .trimStart()

function integer(bytes: Buffer, start: number, width: number, what: string): number {
  const text = field(bytes, start, width)
  const number = /^[+-]?\d+(?:\.0*)?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) throw new Error(`${what}: ${JSON.stringify(text)} is no integer`)
  return number
}

function decimal(bytes: Buffer, start: number, width: number, what: string): number {
  const text = field(bytes, start, width)
  const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(number)) throw new Error(`${what}: ${JSON.stringify(text)} is no number`)
  return number
}
