import type { Logger } from '../../common/log.ts'
import { comparePositions, type LogRecord, type Position } from '../../common/segment-log-types.ts'
import { readChunks } from '../../common/segment-reader.ts'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import type { EnvelopeHeader } from '../../protos/types.ts'
import { decodeJournalRecord, journalRecordHead } from '../journal-record.ts'
import { peekBatch, schemaHashBytes } from '../live/peek-batch.ts'
import type { KnownSample } from './clock-map.ts'
import { peekSpan, type Span } from './peek-span.ts'

// The journal's part that is not in the lake yet: its batches and Gaps, kept encoded in memory, so that a journal segment may be
// dropped while somebody reads them. Beyond a bound of bytes only what times they have is kept; they are read again when there is room.

export interface TailBatch {
  record: LogRecord
  header: EnvelopeHeader
  /** Of its schema, the 32 bytes as latin1 text. */
  schema: string
  rows: number
  /** Undefined if it has no rows. Read at the first call. */
  span(): Span | undefined
}

export interface TailGap {
  record: LogRecord
  header: EnvelopeHeader
}

export interface Beyond {
  rig: string
  schema: string
  span: Span
  bytes: number
}

export interface Tail {
  /** Reads all that is durable up to there. Rejects if the journal cannot be read. */
  follow(to: Position): Promise<void>
  /**
   * What lies at or behind the lake's cursor, up to where it was followed; what lies before is let go. Cursors never go back. Asked in the same tick
   * in which the cursor was read together with the lake's files, the two are one consistent whole.
   */
  look(cursor: Position | undefined): TailLook
  readonly bytes: number
  readonly followed: Position | undefined
}

export interface TailLook {
  /** Schemas (see TailBatch) of the rig's batches. */
  schemas(rig: string): string[]
  batches(rig: string, schema: string): TailBatch[]
  rigs(): string[]
  gaps(): TailGap[]
  /** Clock samples of the rig. */
  clock(rig: string): KnownSample[]
  /** Batches that there is no room for. */
  beyond(rig: string): Beyond[]
  /** Bytes of the journal that the lake has not got. */
  readonly bytes: number
}

interface Block {
  from: Position
  to: Position
  bytes: number
  batches: Map<string, Beyond>
}

const entryBytes = 300
const blockBytesMax = 4 * 1024 * 1024

export function createTail(options: { journalFolder: string; bytesMax: number; log: Logger }): Tail {
  const { journalFolder, bytesMax, log } = options
  const rigs = new Map<string, Map<string, TailBatch[]>>()
  /** All that is kept, oldest first. */
  let kept: { position: Position; bytes: number; batch: TailBatch | undefined }[] = []
  let gaps: TailGap[] = []
  let clocks: { position: Position; rig: string; sample: KnownSample }[] = []
  let beyond: Block[] = []
  let bytes = 0
  let dropped: Position | undefined
  let followed: Position | undefined
  let following: Promise<void> = Promise.resolve()

  const keep = (record: LogRecord, header: EnvelopeHeader, batch: TailBatch | undefined) => {
    const size = record.bytes.length + entryBytes
    bytes += size
    kept.push({ position: record.position, bytes: size, batch })
    if (header.bodyType === 'clock_sample') {
      const sample = readSample(record, header)
      if (sample) clocks.push({ position: record.position, rig: header.rig, sample })
      return
    }
    if (!batch) {
      gaps.push({ record, header })
      return
    }
    const bySchema = rigs.get(header.rig) ?? new Map<string, TailBatch[]>()
    if (bySchema.size === 0) rigs.set(header.rig, bySchema)
    const list = bySchema.get(batch.schema)
    if (list) list.push(batch)
    else bySchema.set(batch.schema, [batch])
  }

  const noteBeyond = (record: LogRecord, batch: TailBatch | undefined) => {
    const last = beyond.at(-1)
    const { position, next } = record
    let block = last
    if (!block || block.bytes >= blockBytesMax || block.from.segment !== position.segment) {
      block = { from: position, to: next, bytes: 0, batches: new Map() }
      beyond.push(block)
    }
    block.to = next
    block.bytes += record.bytes.length
    const span = batch?.span()
    if (!batch || !span) return
    const { rig } = batch.header
    const key = `${rig} ${batch.schema}`
    const known = block.batches.get(key)
    if (!known) block.batches.set(key, { rig, schema: batch.schema, span, bytes: record.bytes.length })
    else {
      known.bytes += record.bytes.length
      known.span = {
        minNs: span.minNs < known.span.minNs ? span.minNs : known.span.minNs,
        maxNs: span.maxNs > known.span.maxNs ? span.maxNs : known.span.maxNs,
      }
    }
  }

  const take = (record: LogRecord) => {
    // The lake may have got ahead while this was being read.
    if (isBefore(record.position, dropped)) return
    const read = readRecord(record)
    if (!read) return
    if (beyond.length > 0 || bytes >= bytesMax) noteBeyond(record, read.batch)
    else keep(record, read.header, read.batch)
  }

  const readTo = async (from: Position | undefined, to: Position, use: (record: LogRecord) => void) => {
    for await (const records of readChunks(journalFolder, from, to)) {
      for (const record of records) use(record)
    }
  }

  /** Reads again what there was no room for, oldest first. */
  const makeUp = async () => {
    while (beyond[0] && bytes + beyond[0].bytes <= bytesMax) {
      const [block] = beyond as [Block]
      const records: LogRecord[] = []
      await readTo(block.from, block.to, (record) => records.push(record))
      // The lake may have got past it meanwhile.
      if (beyond[0] !== block) continue
      beyond.shift()
      for (const record of records) {
        const read = readRecord(record)
        if (read && !isBefore(record.position, dropped)) keep(record, read.header, read.batch)
      }
    }
  }

  const follow = async (to: Position) => {
    await makeUp()
    if (followed && comparePositions(followed, to) >= 0) return
    const before = beyond.length
    await readTo(followed, to, take)
    if (before === 0 && beyond.length > 0)
      log.warn({ bytes }, 'the lake is far behind: not all of the newest readings can be asked for')
    if (!followed || comparePositions(followed, to) < 0) followed = to
  }

  const drop = (cursor: Position) => {
    if (dropped && comparePositions(cursor, dropped) <= 0) return
    dropped = cursor
    if (!followed || comparePositions(followed, cursor) < 0) followed = cursor
    let count = 0
    const touched = new Map<string, Set<string>>()
    while (count < kept.length && isBefore(kept[count]!.position, cursor)) {
      const { batch, bytes: size } = kept[count++]!
      bytes -= size
      if (!batch) continue
      const { rig } = batch.header
      const schemas = touched.get(rig)
      if (schemas) schemas.add(batch.schema)
      else touched.set(rig, new Set([batch.schema]))
    }
    if (count > 0) kept = kept.slice(count)
    gaps = gaps.filter(({ record }) => !isBefore(record.position, cursor))
    clocks = clocks.filter(({ position }) => !isBefore(position, cursor))
    beyond = beyond.filter((block) => comparePositions(block.to, cursor) > 0)
    for (const [rig, schemas] of touched) {
      const bySchema = rigs.get(rig)
      for (const schema of schemas) {
        // New arrays: whoever took the old ones in a look keeps them.
        const left = bySchema?.get(schema)?.filter(({ record }) => !isBefore(record.position, cursor)) ?? []
        if (left.length > 0) bySchema?.set(schema, left)
        else bySchema?.delete(schema)
      }
      if (bySchema?.size === 0) rigs.delete(rig)
    }
  }

  return {
    follow(to) {
      following = following.catch(() => {}).then(() => follow(to))
      return following
    },
    look(cursor) {
      if (cursor) drop(cursor)
      const blocks = [...beyond]
      return {
        schemas: (rig) => [...(rigs.get(rig)?.keys() ?? [])],
        batches: (rig, schema) => [...(rigs.get(rig)?.get(schema) ?? [])],
        rigs: () => [...rigs.keys()],
        gaps: () => [...gaps],
        clock: (rig) => clocks.filter((one) => one.rig === rig).map(({ sample }) => sample),
        beyond: (rig) => blocks.flatMap(({ batches }) => [...batches.values()].filter((one) => one.rig === rig)),
        bytes: bytes + blocks.reduce((sum, block) => sum + block.bytes, 0),
      }
    },
    get bytes() {
      return bytes
    },
    get followed() {
      return followed
    },
  }
}

const isBefore = (position: Position, cursor: Position | undefined): boolean =>
  cursor !== undefined && comparePositions(position, cursor) < 0

function readSample({ bytes }: LogRecord, header: EnvelopeHeader): KnownSample | undefined {
  try {
    const { receivedNs, envelope } = decodeJournalRecord(bytes)
    const { body } = decodeBody(envelope, header)
    if (body.type !== 'clock_sample') return undefined
    const { bootId, ...sample } = body.clockSample
    return { ...sample, boot: toHex(bootId), spool: header.spool, seq: header.seq, receivedNs }
  } catch {
    return undefined
  }
}

/** Undefined for what holds neither readings nor a Gap nor a clock sample, and for what cannot be read: the lake will not have it either. */
function readRecord(record: LogRecord): { header: EnvelopeHeader; batch: TailBatch | undefined } | undefined {
  try {
    const envelope = record.bytes.subarray(journalRecordHead)
    const header = readHeader(envelope)
    if (header.bodyType === 'gap' || header.bodyType === 'clock_sample') return { header, batch: undefined }
    if (header.bodyType !== 'batch') return undefined
    const peeked = peekBatch(envelope, header.bodyStart, header.bodyEnd)
    if (!peeked) return undefined
    const { rows, schemaStart } = peeked
    let known: { span: Span | undefined } | undefined
    const batch: TailBatch = {
      record,
      header,
      schema: Buffer.from(envelope.buffer, envelope.byteOffset + schemaStart, schemaHashBytes).toString('latin1'),
      rows,
      span() {
        known ??= { span: peekSpan(envelope, header.bodyStart, header.bodyEnd, rows) }
        return known.span
      },
    }
    return { header, batch }
  } catch {
    return undefined
  }
}
