import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Logger } from '../common/log.ts'
import { replaceFile } from '../common/replace-file.ts'
import { errorCode } from '../common/segment-log-files.ts'
import type { Range } from '../protos/types.ts'
import type { FactsOfRange } from './spool-facts.ts'

// What the agent remembers of its spools over its own starts, in one small file beside the segments: what ingest has
// confirmed, what of that has been deleted, what Gaps stand for. It is written before a segment goes, and when segments begin
// or are confirmed; not for each receipt. Without it the agent starts all the same and asks ingest.

/** Numbers that a Gap stands for, and that Gap's own number. */
export interface Declared extends Range {
  by: string
  at: number
}

export interface RememberedSpool {
  spool: string
  /** The group whose ingest has confirmed it. */
  group: string
  /** What was on disk. */
  first: number
  last: number
  confirmed: Range[]
  /** Deleted here, and ingest had it. */
  forgotten: Range[]
  /** Confirmed from memory, and never on disk. */
  unwritten?: FactsOfRange[]
  /** Of numbers that are deleted, and of those that were on disk. */
  facts: FactsOfRange[]
  declared: Declared[]
}

export const memoryFile = (folder: string): string => join(folder, 'remembered')

const bytesMax = 16 * 1024 * 1024
const format = 1

/** Undefined if there is none, or none that can be read: it is not worth a start that fails. */
export async function readMemory(folder: string, log: Logger): Promise<RememberedSpool[] | undefined> {
  const file = memoryFile(folder)
  try {
    const { size } = await stat(file)
    if (size > bytesMax) throw new Error(`${size} bytes, the limit is ${bytesMax}`)
    return decodeMemory(await readFile(file, 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    log.warn({ err: error, file }, 'what the spool remembers cannot be read: ingest is asked what it has')
    return undefined
  }
}

export const writeMemory = async (folder: string, spools: RememberedSpool[]): Promise<void> =>
  replaceFile(memoryFile(folder), encodeMemory(spools), 0o644)

function encodeMemory(spools: RememberedSpool[]): string {
  const json = JSON.stringify({ format, spools }, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

function decodeMemory(text: string): RememberedSpool[] {
  const json = text.slice(9).trimEnd()
  if (text.slice(0, 8) !== crc32(json).toString(16).padStart(8, '0')) throw new Error('damaged: its CRC32 is another')
  const read = JSON.parse(json) as { format: number; spools: RememberedSpool[] }
  if (read.format !== format) throw new Error(`format ${read.format}; this release reads ${format}`)
  for (const { facts, unwritten = [] } of read.spools) {
    for (const one of [...facts, ...unwritten])
      Object.assign(one, { fromNs: BigInt(one.fromNs), toNs: BigInt(one.toNs) })
  }
  return read.spools
}
