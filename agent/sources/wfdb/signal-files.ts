import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join } from 'node:path'
import { fileIdentity } from '../mapping/file-identity.ts'
import type { WfdbHeader, WfdbSignal } from './header.ts'
import { formats, type SampleFormat } from './sample-formats.ts'

// The signal files of a WFDB record: signals that name the same file take turns in it, frame by frame.

export interface SignalFile {
  name: string
  identity: string
  /** Whole frames that are in the file. */
  frames: number
  frameBytes: number
  /** Reads frames: by signal of the record, its samples into the given arrays. */
  read(first: number, frames: number, into: Int16Array[]): Promise<void>
  close(): Promise<void>
}

export interface WfdbFiles {
  files: SignalFile[]
  /** Files that have been renamed, with their record. */
  notes: string[]
}

/** Opens the files of the chosen signals. Throws, closing what is open, if one is not there or cannot be read. */
export async function openSignalFiles(
  headerPath: string,
  header: WfdbHeader,
  chosen: ReadonlySet<number>,
): Promise<WfdbFiles> {
  const names = [...new Set([...chosen].map((index) => header.signals[index]!.file))]
  const opened: WfdbFiles = { files: [], notes: [] }
  try {
    for (const name of names) {
      const members = header.signals.flatMap((signal, index) => (signal.file === name ? [{ signal, index }] : []))
      opened.files.push(await openSignalFile(headerPath, header.record, members, opened.notes))
    }
    return opened
  } catch (error) {
    for (const file of opened.files) await file.close()
    throw error
  }
}

interface Member {
  signal: WfdbSignal
  index: number
}

async function openSignalFile(
  headerPath: string,
  record: string,
  members: Member[],
  notes: string[],
): Promise<SignalFile> {
  const { file: name, byteOffset } = members[0]!.signal
  checkName(name)
  const format = commonFormat(name, members)
  const { file, renamed } = await openNamed(headerPath, name, record, members)
  if (renamed) notes.push(`${name} of the header is read from ${renamed}`)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new Error(`signal file ${name}: is no file`)
    const samplesInFrame = members.reduce((sum, { signal }) => sum + signal.samplesPerFrame, 0)
    return {
      name,
      identity: await fileIdentity(file, stat.size),
      frames: Math.floor(format.samplesIn(Math.max(0, stat.size - byteOffset)) / samplesInFrame),
      frameBytes: samplesInFrame * 2,
      async read(first, frames, into) {
        const from = first * samplesInFrame
        const { start, end } = format.span(from, frames * samplesInFrame)
        const bytes = await readExactly(file, byteOffset + start, end - start, name)
        const samples = format.decode(bytes, from, frames * samplesInFrame)
        separate(samples, frames, members, into)
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** A header from elsewhere must not make the agent publish other files of the machine. */
function checkName(name: string): void {
  const parts = name.split(/[/\\]/)
  if (isAbsolute(name) || parts.includes('..') || /^[A-Za-z]:/.test(name) || name === '-' || name.includes('\0')) {
    throw new Error(`signal file ${JSON.stringify(name)}: expected a file in the folder of the header, or below`)
  }
}

function commonFormat(name: string, members: Member[]): SampleFormat {
  const { format, byteOffset } = members[0]!.signal
  for (const { signal } of members) {
    if (signal.format !== format || signal.byteOffset !== byteOffset) {
      throw new Error(`signal file ${name}: its signals differ in their format (${format}, ${signal.format}) or offset`)
    }
    if (signal.skew !== 0) {
      throw new Error(
        `signal file ${name}: signals with a skew (${signal.skew} samples) cannot be read; convert it with xform`,
      )
    }
  }
  const known = formats[format]
  if (known) return known
  throw new Error(
    `signal file ${name}: format ${format} cannot be read, only ${Object.keys(formats).join(' and ')}; convert it (xform -o 16)`,
  )
}

/** A record that was renamed has a header that names its files as they were. */
async function openNamed(
  headerPath: string,
  name: string,
  record: string,
  members: Member[],
): Promise<{ file: FileHandle; renamed?: string }> {
  const folder = dirname(headerPath)
  try {
    return { file: await open(join(folder, name), 'r') }
  } catch (error) {
    const cause = error as NodeJS.ErrnoException
    if (cause.code !== 'ENOENT') throw new Error(`signal file ${name}: cannot be read: ${cause.message}`, { cause })
    const stem = basename(headerPath, '.hea')
    const renamed = `${stem}${extname(name)}`
    if (basename(name, extname(name)) === record && renamed !== name) {
      const file = await open(join(folder, renamed), 'r').catch(() => undefined)
      if (file) return { file, renamed }
    }
    const labels = members.map(({ signal, index }) => signal.description || String(index)).join(', ')
    throw new Error(
      `signal file ${name} is not in ${folder}; without it, leave out the signals ${labels.slice(0, 500)} by listing the others under "channels"`,
      { cause },
    )
  }
}

async function readExactly(file: FileHandle, offset: number, length: number, name: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let have = 0
  while (have < length) {
    const { bytesRead } = await file.read(bytes, have, length - have, offset + have)
    if (bytesRead === 0) throw new Error(`signal file ${name}: has become shorter; it ends at byte ${offset + have}`)
    have += bytesRead
  }
  return bytes
}

function separate(samples: Int16Array, frames: number, members: Member[], into: Int16Array[]): void {
  const inFrame = samples.length / frames
  let offset = 0
  for (const { signal, index } of members) {
    const { samplesPerFrame } = signal
    const own = new Int16Array(frames * samplesPerFrame)
    if (samplesPerFrame === 1) for (let f = 0; f < frames; f++) own[f] = samples[f * inFrame + offset]!
    else {
      for (let f = 0; f < frames; f++) {
        const from = f * inFrame + offset
        own.set(samples.subarray(from, from + samplesPerFrame), f * samplesPerFrame)
      }
    }
    into[index] = own
    offset += samplesPerFrame
  }
}
