import type { FileHandle } from 'node:fs/promises'
import type { BadLines } from '../mapping/bad-lines.ts'
import { type CsvConfig, createColumnResolver, delimiterOf, fieldCountProblem, splitFields } from '../mapping/csv.ts'
import { createMapper } from '../mapping/mapper.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { createRecordReader, type RecordReader } from '../mapping/record-reader.ts'
import { startNs } from '../mapping/record-time.ts'
import { createTextDecoder } from '../mapping/text.ts'
import type { Row } from '../source.ts'

// A CSV file, read in blocks from any record on; never loaded whole.

const blockBytes = 256 * 1024
const recordBytesMax = 1024 * 1024

export interface CsvFile {
  /** Goes to the first record behind `position` (0: the first of the file). */
  begin(position: number): Promise<void>
  /** Adds the rows of the next record (none for a bad or an empty one); false: read a block, then ask again. */
  next(rows: Row[]): boolean
  /** false: the file has ended. */
  readBlock(): Promise<boolean>
  /** Offset of the end of what was read. */
  bytesRead(): number
}

export interface CsvFileOptions {
  /** Names the file in errors. */
  what: string
  nowNs(): bigint
  bad: BadLines
}

/** Reads the header; throws if it lacks a column of the mapping. */
export async function openCsvFile(
  file: FileHandle,
  csv: CsvConfig,
  mapping: Mapping,
  options: CsvFileOptions,
): Promise<CsvFile> {
  const { what, bad, nowNs } = options
  const delimiter = delimiterOf(csv)
  const decode = createTextDecoder(csv.encoding)
  let reader: RecordReader
  let offset = 0
  let ended = false
  let index = 0

  const seek = (to: number) => {
    reader = createRecordReader({ offset: to, bytesMax: recordBytesMax, delimiter })
    offset = to
    ended = false
  }

  const readBlock = async (): Promise<boolean> => {
    if (ended) return false
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, offset)
    if (bytesRead === 0) {
      ended = true
      reader.end()
      return true
    }
    reader.feed(offset === 0 ? withoutMark(reader, buffer.subarray(0, bytesRead), what) : buffer.subarray(0, bytesRead))
    offset += bytesRead
    return true
  }

  const nextRecord = async (): Promise<boolean> => {
    while (!reader.next()) if (!(await readBlock())) return false
    return true
  }

  const isEmpty = (text: string) =>
    text.length === 0 ||
    (csv.comment !== undefined && text.startsWith(csv.comment)) ||
    (delimiter === ' ' && text.trim() === '')

  /** Reads what stands before the records: returns the names of the columns, if there are any. */
  const readHead = async (): Promise<readonly string[] | undefined> => {
    seek(0)
    const header = csv.header ?? true
    const lines = createRecordReader({ offset: 0, bytesMax: recordBytesMax })
    reader = lines
    for (let i = 0; i < csv.skipLines; i++) {
      if (!(await nextRecord())) throw new Error(`${what}: has fewer lines than csv.skipLines (${csv.skipLines})`)
    }
    const after = reader.after
    seek(after)
    if (header !== true) return header === false ? undefined : header
    while (await nextRecord()) {
      const text = decode(reader.bytes())
      if (isEmpty(text)) continue
      const names = reader.tooLong ? undefined : splitFields(text, delimiter)
      if (!names) throw new Error(`${what}: the header cannot be read: ${text.slice(0, 100)}`)
      return names
    }
    throw new Error(`${what}: has no header line; set csv.header to false or to the names of the columns`)
  }

  const names = await readHead()
  const firstRecord = reader!.after
  const { resolve, columns, problems } = createColumnResolver(names)
  const { time } = mapping
  const byRate = time === undefined || time.format === 'rate'
  const mapper = createMapper(mapping, resolve, {
    decimalComma: csv.decimalComma,
    ...(byRate ? { rateStartNs: (time && startNs(time)) ?? 0n } : {}),
  })
  if (problems.length > 0) {
    const there = names ? `; its columns are ${names.map((name) => JSON.stringify(name.trim())).join(', ')}` : ''
    throw new Error(`${what}: ${[...new Set(problems)].join('; ')}${there.slice(0, 2000)}`)
  }

  const context = { nowNs, index: 0, position: 0 }
  const mapRecord = (text: string, rows: Row[]): string | undefined => {
    if (reader.tooLong) return `longer than ${recordBytesMax} bytes`
    const fields = splitFields(text, delimiter)
    if (!fields) return 'its quotes do not match'
    context.index = index
    context.position = reader.after
    const problem = fieldCountProblem(fields, columns) ?? mapper.map(fields, context, rows)
    return problem ?? (text.includes('\uFFFD') ? `bytes that are not ${csv.encoding}` : undefined)
  }

  return {
    async begin(position) {
      seek(firstRecord)
      index = 0
      if (byRate) {
        // The number of a record gives its time, so those in front are counted; bad ones have their place, too.
        while (reader.after < position && (await nextRecord())) if (!isEmpty(decode(reader.bytes()))) index++
      }
      if (position > firstRecord) seek(position)
    },
    next(rows) {
      if (!reader.next()) return false
      const text = decode(reader.bytes())
      if (isEmpty(text)) return true
      const problem = mapRecord(text, rows)
      if (problem !== undefined) bad.add(`byte ${reader.start}: ${problem}`, text)
      index++
      return true
    },
    readBlock,
    bytesRead: () => offset,
  }
}

/** Passes over the byte order mark of UTF-8; throws at the one of UTF-16. */
function withoutMark(reader: RecordReader, bytes: Buffer, what: string): Buffer {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    reader.skip(3)
    return bytes.subarray(3)
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new Error(`${what}: is written in UTF-16; save it as UTF-8 (CSV UTF-8 in spreadsheets)`)
  }
  return bytes
}
