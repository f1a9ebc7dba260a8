import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { Logger } from '../../../common/log.ts'
import type { Period } from '../../../protos/types.ts'
import { fileIdentity } from '../mapping/file-identity.ts'
import { pickSignals } from '../replay/layout.ts'
import type { FrameBlock, RecordedEvent, Recording, Signal } from '../replay/recording.ts'
import type { RecordingConfig } from '../replay/recording-config.ts'
import { toUcum } from '../replay/unit.ts'
import { type AnnotationList, isTimeKeeping, parseAnnotationLists } from './annotations.ts'
import { type EdfHeader, type EdfSignal, edfHeaderBytes, isAnnotations, mainBytes, parseEdfHeader } from './header.ts'

// An EDF file: its data records are the frames of a recording.

export interface EdfFileOptions {
  path: string
  /** Names the file in errors. */
  what: string
  annotations: boolean
  config: RecordingConfig
  log: Logger
}

/** Of a data record that has no length, because there is nothing but annotations in it. */
const noDuration: Period = { num: 1n, den: 1n }

/** Records at the end that are asked when they begin. */
const edgesMax = 100

/** Throws, naming the file, if it is not there or is no EDF file. */
export async function openEdfFile(options: EdfFileOptions): Promise<Recording> {
  const { path, what } = options
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${cause.message}`
    throw new Error(`${what}: ${reason}`, { cause })
  })
  try {
    return await openRecords(file, options)
  } catch (cause) {
    await file.close()
    const { message } = cause as Error
    throw message.startsWith(what) ? cause : new Error(`${what}: ${message}`, { cause })
  }
}

async function openRecords(file: FileHandle, { what, annotations, config, log }: EdfFileOptions): Promise<Recording> {
  const stat = await file.stat()
  if (!stat.isFile()) throw new Error('is no file')
  const header = await readHeader(file, stat.size, config.zone)
  const all = createSignals(header)
  const signals = all.filter(({ list }) => !list)
  const lists = all.filter(({ list }) => list)
  const chosen = pickSignals(
    signals.map(({ signal }) => signal),
    config,
    what,
  )
  const wanted = new Set(chosen.map(({ signal }) => signal))
  const notes = sizeNotes(header, stat.size)
  const there = Math.floor((stat.size - header.bytes) / header.recordBytes)
  const frames = Math.min(there, header.records ?? there)
  const duration = header.duration ?? noDuration
  const durationNs = header.duration ? duration.num / duration.den : 0n

  const note = (text: string) => {
    if (notes.includes(text) || notes.length >= 20) return
    notes.push(text)
    log.warn({ what }, text)
  }
  const readBytes = (first: number, count: number) =>
    readExactly(file, header.bytes + first * header.recordBytes, count * header.recordBytes)
  const listsOf = (bytes: Buffer, record: number): AnnotationList[][] =>
    lists.map(({ offset, samples }) =>
      parseAnnotationLists(bytes.subarray(offset, offset + samples * 2), (problem) =>
        note(`data record ${record + 1}: ${problem}`),
      ),
    )
  /** When a record begins, as it says itself. */
  const onsetOf = (record: number, found: AnnotationList[][]): bigint | undefined => {
    const keeping = found[0]?.find(isTimeKeeping)
    if (!keeping) note(`data record ${record + 1} does not say when it begins: taken as behind the one before`)
    return keeping?.onsetNs
  }

  // EDF+C may begin within a second; every record of EDF+D says when it begins.
  const firstOnset = async () => onsetOf(0, listsOf(await readBytes(0, 1), 0))
  const beginNs = frames > 0 && lists.length > 0 ? ((await firstOnset()) ?? 0n) : 0n
  const broken = header.kind === 'EDF+D' && signals.length > 0
  if (frames === 0) note('the file has no data records')

  /** From the beginning to the end of the last record, as far as its records say when they begin. */
  const measureSpan = async (): Promise<bigint> => {
    const least = BigInt(frames) * durationNs
    for (let record = frames - 1; record > Math.max(0, frames - edgesMax); record--) {
      const onsetNs = listsOf(await readBytes(record, 1), record)[0]?.find(isTimeKeeping)?.onsetNs
      if (onsetNs === undefined) continue
      const spanNs = onsetNs + BigInt(frames - record) * durationNs - beginNs
      return spanNs > least ? spanNs : least
    }
    return least
  }

  let lastStart = { record: -1, atNs: beginNs - durationNs }
  const startOf = (record: number, found: AnnotationList[][]): bigint => {
    const skipped = BigInt(record - lastStart.record)
    const atNs = onsetOf(record, found) ?? lastStart.atNs + skipped * durationNs
    lastStart = { record, atNs }
    return atNs - beginNs
  }

  return {
    what,
    identity: createHash('sha256')
      .update(await fileIdentity(file, stat.size))
      .digest('hex')
      .slice(0, 32),
    signals: signals.map(({ signal }) => signal),
    frames,
    framesDeclared: header.records ?? frames,
    frameBytes: header.recordBytes,
    frame: duration,
    startNs: header.startNs + beginNs,
    ...(broken ? { spanNs: config.repeat ? await measureSpan() : 0n } : {}),
    async read(first, count): Promise<FrameBlock> {
      const bytes = await readBytes(first, count)
      const events: RecordedEvent[] = []
      const startsNs: bigint[] = []
      for (let frame = 0; frame < count; frame++) {
        const record = bytes.subarray(frame * header.recordBytes, (frame + 1) * header.recordBytes)
        if (!broken && !annotations) continue
        const found = listsOf(record, first + frame)
        if (broken) startsNs.push(startOf(first + frame, found))
        if (annotations) events.push(...eventsOf(found, first, frame, beginNs))
      }
      const samples = signals.map((signal, i) =>
        wanted.has(i) ? samplesOf(bytes, signal, count, header.recordBytes) : new Int16Array(0),
      )
      return { frames: count, samples, ...(broken ? { startsNs } : {}), events }
    },
    notes: () => notes,
    close: () => file.close(),
  }
}

async function readHeader(file: FileHandle, size: number, zone: string): Promise<EdfHeader> {
  if (size < mainBytes) throw new Error(`${size} bytes; an EDF file has a header of ${mainBytes} at least`)
  const length = edfHeaderBytes(await readExactly(file, 0, mainBytes))
  if (size < length) throw new Error(`ends within its header: ${size} bytes of ${length}`)
  return parseEdfHeader(await readExactly(file, 0, length), zone)
}

function sizeNotes({ bytes, records, recordBytes }: EdfHeader, size: number): string[] {
  if (records === undefined) {
    return [
      'the header does not say how many data records there are (it was not finished): as many as are whole are read',
    ]
  }
  const more = size - bytes - records * recordBytes
  return more > 0 ? [`${more} bytes behind the last data record are not read`] : []
}

interface PlacedSignal {
  signal: Signal
  /** Annotations. */
  list: boolean
  /** In the data record, bytes. */
  offset: number
  samples: number
}

function createSignals({ signals, kind }: EdfHeader): PlacedSignal[] {
  let offset = 0
  return signals.map((edf) => {
    const placed = { signal: toSignal(edf), list: isAnnotations(edf, kind), offset, samples: edf.samples }
    offset += edf.samples * 2
    return placed
  })
}

function toSignal(edf: EdfSignal): Signal {
  const { physicalMin, physicalMax, digitalMin, digitalMax } = edf
  const { unit, note } = toUcum(edf.dimension)
  const steps = digitalMax - digitalMin
  const gain = (physicalMax - physicalMin) / steps
  const notes = [edf.transducer, edf.prefilter, note].filter((text): text is string => Boolean(text))
  return {
    label: edf.label,
    perFrame: edf.samples,
    ...(unit ? { unit } : {}),
    ...(notes.length > 0 ? { description: notes.join('; ') } : {}),
    calibration: {
      gain,
      offset: physicalMin - digitalMin * gain,
      physical: (raw) => physicalMin + ((raw - digitalMin) * (physicalMax - physicalMin)) / steps,
    },
    rawMin: digitalMin,
    rawMax: digitalMax,
  }
}

/** Two's complement, two bytes, the lower one first. */
function samplesOf(bytes: Buffer, { offset, samples }: PlacedSignal, count: number, recordBytes: number): Int16Array {
  const own = new Int16Array(samples * count)
  let n = 0
  for (let frame = 0; frame < count; frame++) {
    const start = frame * recordBytes + offset
    for (let i = 0; i < samples; i++) own[n++] = bytes.readInt16LE(start + i * 2)
  }
  return own
}

function eventsOf(found: AnnotationList[][], first: number, frame: number, beginNs: bigint): RecordedEvent[] {
  return found.flatMap((lists, signal) =>
    lists.flatMap(({ onsetNs, durationNs, texts }, list) =>
      texts.flatMap((text, i) => {
        const trimmed = text.trim()
        if (trimmed === '') return []
        const atNs = onsetNs - beginNs
        return [
          {
            frame,
            atNs,
            ...(durationNs === undefined || durationNs === 0n ? {} : { untilNs: atNs + durationNs }),
            label: trimmed,
            // A label is cut where it is long; the text is not.
            ...(trimmed.length > 200 ? { text: trimmed } : {}),
            key: `${first + frame} ${signal} ${list} ${i} ${trimmed}`,
          },
        ]
      }),
    ),
  )
}

async function readExactly(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let have = 0
  while (have < length) {
    const { bytesRead } = await file.read(bytes, have, length - have, offset + have)
    if (bytesRead === 0) throw new Error(`has become shorter: it ends at byte ${offset + have}`)
    have += bytesRead
  }
  return bytes
}
