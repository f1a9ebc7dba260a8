import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Logger } from '../../../common/log.ts'
import { toPeriod } from '../mapping/decimal.ts'
import { pickSignals } from '../replay/layout.ts'
import type { FrameBlock, RecordedEvent, Recording, Signal } from '../replay/recording.ts'
import type { RecordingConfig } from '../replay/recording-config.ts'
import { toUcum } from '../replay/unit.ts'
import { parseAnnotations } from './annotations.ts'
import { createChecks } from './checks.ts'
import { parseWfdbHeader, type WfdbHeader, type WfdbSignal } from './header.ts'
import { formats } from './sample-formats.ts'
import { openSignalFiles } from './signal-files.ts'

// A WFDB record: header, signal files and annotations put together.

const headerBytesMax = 1024 * 1024
/** 36 years: what is behind is damage, and would not fit the times there are. */
const atNsMost = 2n ** 60n
const annotationBytesMax = 4 * 1024 * 1024

export interface WfdbRecordOptions {
  /** Of the header. */
  path: string
  /** Names the record in errors. */
  what: string
  annotators: string[]
  config: RecordingConfig
  log: Logger
}

/** Throws, naming the file, if one of the record's is not there, too large, or none of its kind. */
export async function openWfdbRecord({ path, what, annotators, config, log }: WfdbRecordOptions): Promise<Recording> {
  const bytes = await readBounded(path, headerBytesMax, what)
  const header = inContext(what, () => parseWfdbHeader(bytes.toString('utf8'), config.zone))
  const signals = header.signals.map(toSignal)
  // Comment lines often say who was recorded, and of what he or she suffers.
  if (header.comments > 0) log.info({ what }, `${header.comments} comment lines of the header stay where they are`)
  const chosen = new Set(pickSignals(signals, config, what).map(({ signal }) => signal))
  const { files, notes } = await openSignalFiles(path, header, chosen).catch((cause: Error) => {
    throw new Error(`${what}: ${cause.message}`, { cause })
  })
  const close = async () => {
    for (const file of files) await file.close()
  }
  try {
    for (const note of notes) log.info({ what }, note)
    const available = Math.min(...files.map((file) => file.frames))
    const frames = Math.min(available, header.frames ?? available)
    const events = (
      await Promise.all(annotators.map((annotator) => readEvents(path, annotator, header, frames, what, notes)))
    )
      .flat()
      .sort((a, b) => a.frame - b.frame || Number(a.atNs - b.atNs))
    const checks = createChecks(
      header.signals,
      chosen,
      header.frames === undefined ? undefined : frames === header.frames,
    )
    if (frames === 0) notes.push('the record has no samples')

    return {
      what,
      identity: identityOf(bytes, files),
      signals,
      frames,
      framesDeclared: header.frames ?? frames,
      frameBytes: files.reduce((sum, file) => sum + file.frameBytes, 0),
      frame: header.period,
      ...(header.startNs === undefined ? {} : { startNs: header.startNs }),
      async read(first, count): Promise<FrameBlock> {
        const samples: Int16Array[] = header.signals.map(() => new Int16Array(0))
        for (const file of files) await file.read(first, count, samples)
        const problems = checks.add(first, count, frames, samples)
        for (const problem of problems) {
          log.warn({ what }, problem)
          notes.push(problem)
        }
        return { frames: count, samples, events: eventsOf(events, first, count) }
      },
      notes: () => notes,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function readBounded(path: string, bytesMax: number, what: string): Promise<Buffer> {
  const fail = (cause: NodeJS.ErrnoException): never => {
    const reason = cause.code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${cause.message}`
    throw new Error(`${what}: ${reason}`, { cause })
  }
  const found = await stat(path).catch(fail)
  if (!found.isFile()) throw new Error(`${what}: is no file`)
  if (found.size > bytesMax) throw new Error(`${what}: ${found.size} bytes; the limit is ${bytesMax}`)
  return await readFile(path).catch(fail)
}

function inContext<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Error(`${what}: ${(cause as Error).message}`, { cause })
  }
}

/** The header decides what the samples mean, so it is part of the record's identity. */
const identityOf = (header: Buffer, files: { identity: string }[]): string =>
  createHash('sha256')
    .update(header)
    .update(JSON.stringify(files.map(({ identity }) => identity)))
    .digest('hex')
    .slice(0, 32)

function toSignal(signal: WfdbSignal): Signal {
  const { gain, baseline, resolution, zero, samplesPerFrame } = signal
  const { unit, note } = toUcum(signal.unit)
  const notes = [...(gain === 0 ? ['not calibrated: raw values of the converter'] : []), ...(note ? [note] : [])]
  const built: Signal = { label: signal.description, perFrame: samplesPerFrame }
  const format = formats[signal.format]
  if (format) built.missing = format.missing
  if (notes.length > 0) built.description = notes.join('; ')
  if (gain !== 0) {
    if (unit) built.unit = unit
    built.calibration = { gain: 1 / gain, offset: -baseline / gain, physical: (raw) => (raw - baseline) / gain }
  }
  if (format && resolution > 0 && resolution <= format.bits) {
    built.rawMin = zero - 2 ** (resolution - 1)
    built.rawMax = zero + 2 ** (resolution - 1) - 1
  }
  return built
}

async function readEvents(
  path: string,
  annotator: string,
  header: WfdbHeader,
  frames: number,
  what: string,
  notes: string[],
): Promise<RecordedEvent[]> {
  const file = path.replace(/\.hea$/, `.${annotator}`)
  const bytes = await readBounded(file, annotationBytesMax, `${what}: annotations ${file}`)
  const { list, ticksHz, cut } = inContext(`${what}: annotations ${file}`, () => parseAnnotations(bytes))
  if (cut) notes.push(`the annotations .${annotator} end without an end mark: some may be missing`)
  const tick = ticksHz === undefined ? header.period : toPeriod({ rateHz: ticksHz })!
  const events = list.flatMap(({ tick: at, code, channel, subtype, num, aux }, i) => {
    const atNs = (BigInt(at) * tick.num) / tick.den
    if (atNs > atNsMost) return []
    const frame = Number((BigInt(at) * tick.num * header.period.den) / (tick.den * header.period.num))
    const details = [
      ...(code.meaning ? [code.meaning] : []),
      ...(channel > 0 ? [`signal ${header.signals[channel]?.description || channel}`] : []),
      ...(subtype !== 0 ? [`subtype ${subtype}`] : []),
      ...(num !== 0 ? [`number ${num}`] : []),
    ]
    const label = aux === '' ? code.label : `${code.label} ${aux}`
    return {
      // What comes behind the last sample is told with it.
      frame: Math.min(frame, Math.max(0, frames - 1)),
      atNs,
      label,
      text: details.join(', '),
      key: `${annotator} ${i} ${at} ${label}`,
    }
  })
  const beyond = list.length - events.length
  if (beyond > 0)
    notes.push(`${beyond} annotations .${annotator} lie more than 36 years behind the beginning: left out`)
  return events
}

/** Those of some frames, which then count from the first of these. */
function eventsOf(events: RecordedEvent[], first: number, count: number): RecordedEvent[] {
  const from = firstFrom(events, first)
  const to = firstFrom(events, first + count)
  return events.slice(from, to).map((event) => ({ ...event, frame: event.frame - first }))
}

function firstFrom(events: RecordedEvent[], frame: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (events[middle]!.frame < frame) low = middle + 1
    else high = middle
  }
  return low
}
