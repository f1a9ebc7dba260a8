import type { Logger } from '../../../common/log.ts'
import type { Quarantine } from '../../quarantine.ts'
import type { JournalEnvelope } from '../sink.ts'
import { beyondRetentionIn, conflictIn, type InfluxTransport, type WriteAnswer } from './answer.ts'
import type { InfluxConfig } from './config.ts'
import type { FieldNames } from './field-names.ts'
import type { Layout } from './layouts.ts'
import { addLineEnd, type EncodeCounts, encodeBatch, type LineEnds, noCounts } from './line-protocol.ts'
import { createLineWriter } from './line-writer.ts'
import type { Patience } from './patience.ts'
import { tableLines } from './table-lines.ts'
import { createWriteSpans, type WriteSpans } from './write-spans.ts'

// One write: the lines of some envelopes, sent until each of them is in InfluxDB or in quarantine.

export interface Write {
  /** Encodes envelopes from `held[from]` on until the write is full; returns the index of the first it did not take. */
  take(held: readonly JournalEnvelope[], from: number): number
  /** Resolves when nothing of it is owed any more. Rejects only when `signal` aborts. */
  store(signal: AbortSignal): Promise<void>
  /** Of what was taken. */
  readonly spans: WriteSpans
}

export interface WriteContext {
  config: InfluxConfig
  transport: InfluxTransport
  names: FieldNames
  layouts: (envelope: JournalEnvelope) => Layout | undefined
  patience: Patience
  quarantine: Pick<Quarantine, 'put'>
  /** Added to when the write is stored. */
  counts: EncodeCounts
  counters: Record<'writes' | 'retries' | 'refused_lines' | 'beyond_retention' | 'renamed_fields', number>
  log: Logger
  saySeldom: (key: string, say: (heldBack: number) => void) => void
}

/** Bytes of lines in one quarantine entry, about. */
const entryBytesMax = 64 * 1024

export function createWrite(context: WriteContext): Write {
  const { config, transport, names, layouts, patience, counters, log } = context
  const writer = createLineWriter()
  const spans = createWriteSpans()
  const lines: LineEnds = { ends: new Uint32Array(1024), count: 0 }
  let taken: readonly JournalEnvelope[] = []
  let counts = noCounts()
  let namesVersion = names.version
  let refused = new Map<string, Buffer[]>()

  const begin = () => {
    writer.reset()
    lines.count = 0
    counts = noCounts()
    namesVersion = names.version
    refused = new Map()
  }

  const encode = (envelope: JournalEnvelope) => {
    if (envelope.body.type !== 'batch') return encodeTables(envelope)
    const layout = layouts(envelope)
    if (!envelope.schema || !layout) return
    encodeBatch(envelope.body.batch, envelope.schema, layout.series, layout.fields, writer, lines, counts)
  }

  const encodeTables = (envelope: JournalEnvelope) => {
    const { lines: texts, outOfRange } = tableLines(envelope)
    for (const text of texts) {
      const bytes = Buffer.from(text)
      writer.ensure(bytes.length)
      writer.bytes(bytes)
      addLineEnd(lines, writer.length)
      counts.lines++
    }
    counts.left.time_out_of_range += outOfRange
  }

  /** The bytes of lines `from` up to `to`. */
  const view = (from: number, to: number): Buffer =>
    writer.view(from === 0 ? 0 : lines.ends[from - 1]!, to === 0 ? 0 : lines.ends[to - 1]!)

  const post = (from: number, to: number, signal: AbortSignal) =>
    patience.until(async (again) => {
      counters.writes++
      if (again > 0) counters.retries++
      const answer = await transport.write(view(from, to), signal)
      if (answer.outcome !== 'wait' || !answer.missing) return answer
      const created = await transport.prepare()
      return created.outcome === 'wait'
        ? { ...answer, reason: `${answer.reason}; creating it: ${created.reason}` }
        : { ...answer, retryAfterMs: again === 0 ? 0 : 1000 }
    }, signal)

  /** Sends lines, halving what is refused. True if the names of fields have changed: the lines must be made anew. */
  const send = async (from: number, to: number, signal: AbortSignal): Promise<boolean> => {
    if (from === to) return false
    const answer = await post(from, to, signal)
    if (answer.outcome === 'stored') return false
    if (answer.outcome === 'refused') {
      const gone = beyondRetentionIn(answer.reason)
      if (gone !== undefined) {
        counters.beyond_retention += gone
        counts.lines -= gone
        return false
      }
      if (namesChanged(answer.reason)) return true
    }
    if (to - from === 1) {
      const { reason } = answer
      const line = Buffer.from(view(from, to))
      const alike = refused.get(reason)
      if (alike) alike.push(line)
      else refused.set(reason, [line])
      return false
    }
    const middle = from + ((to - from) >> 1)
    return (await send(from, middle, signal)) || (await send(middle, to, signal))
  }

  const namesChanged = (reason: string): boolean => {
    const conflict = conflictIn(reason)
    if (!conflict) return false
    if (namesVersion !== names.version) return true
    if (!names.learn(conflict.measurement, conflict.field, conflict.influxKind)) return false
    counters.renamed_fields++
    log.warn(conflict, `${transport.target} has this field as another kind: ours is written as name__kind`)
    return true
  }

  const quarantineRefused = async (signal: AbortSignal) => {
    for (const [reason, found] of refused) {
      counters.refused_lines += found.length
      counts.lines -= found.length
      for (const bytes of inEntries(found)) {
        await patience.until(async () => putAside(context.quarantine, reason, bytes), signal)
      }
      context.saySeldom(reason, (heldBack) =>
        log.error({ lines: found.length, heldBack, reason }, `${transport.target} refuses lines: put in quarantine`),
      )
    }
  }

  return {
    spans,
    take(held, from) {
      begin()
      spans.clear()
      let next = from
      while (next < held.length && writer.length < config.writeBytes && lines.count < config.writeLines) {
        spans.add(held[next]!)
        encode(held[next++]!)
      }
      taken = held.slice(from, next)
      return next
    },
    async store(signal) {
      while (await send(0, lines.count, signal)) {
        begin()
        for (const envelope of taken) encode(envelope)
      }
      await quarantineRefused(signal)
      addCounts(context.counts, counts)
      taken = []
    },
  }
}

function putAside(quarantine: Pick<Quarantine, 'put'>, reason: string, bytes: Uint8Array): WriteAnswer {
  try {
    quarantine.put({ by: 'influx', reason: 'refused_by_influx', detail: reason, content: 'lines', bytes })
    return { outcome: 'stored' }
  } catch (error) {
    return { outcome: 'wait', reason: `it refuses lines, and the quarantine can't be written: ${String(error)}` }
  }
}

/** Lines together, so that many are not as many files. */
function inEntries(lines: readonly Buffer[]): Buffer[] {
  const entries: Buffer[] = []
  let together: Buffer[] = []
  let bytes = 0
  for (const line of lines) {
    if (bytes > 0 && bytes + line.length > entryBytesMax) {
      entries.push(Buffer.concat(together))
      together = []
      bytes = 0
    }
    together.push(line)
    bytes += line.length
  }
  entries.push(Buffer.concat(together))
  return entries
}

function addCounts(sum: EncodeCounts, more: EncodeCounts): void {
  sum.lines += more.lines
  sum.values += more.values
  for (const rule of Object.keys(sum.left) as (keyof EncodeCounts['left'])[]) sum.left[rule] += more.left[rule]
}
