import * as z from 'zod'
import { isName, nameRule } from '../../protos/topics.ts'
import { createLineFeeds } from './lines/feeds.ts'
import { createFileInput } from './lines/file-input.ts'
import { type InputConfig, inputConfig, type LineInput, type Lost } from './lines/input.ts'
import { createNmeaParser } from './lines/nmea-parser.ts'
import { createCsvParser, createJsonParser, type LineParser } from './lines/parser.ts'
import { createSerial, createStdin } from './lines/stream-input.ts'
import { createTcpConnect, createTcpListen } from './lines/tcp-input.ts'
import { createUdpInput } from './lines/udp-input.ts'
import { createBadLines } from './mapping/bad-lines.ts'
import { createColumnResolver, csvConfig } from './mapping/csv.ts'
import { createJsonCells } from './mapping/json.ts'
import { createMapper } from './mapping/mapper.ts'
import { mapping } from './mapping/mapping.ts'
import { startNs } from './mapping/record-time.ts'
import type { OpenSource, RowChunk, SourceContext, SourceGap } from './source.ts'

// Lines of text as a source, a record a line: how a real device is connected on day one.

export const linesConfig = z
  .strictObject({
    type: z.literal('lines').describe('Lines of text from a device, a record a line.'),
    name: z
      .string()
      .refine(isName, { error: `a name of ${nameRule}` })
      .optional()
      .describe('Name of the source; by default its type.'),
    input: inputConfig.describe('Where the lines come from.'),
    format: z
      .enum(['csv', 'json', 'nmea'])
      .describe(
        'csv, json (an object a line) or nmea (NMEA 0183: GGA, RMC and VTG become gnss_position and gnss_motion).',
      ),
    csv: csvConfig.optional().describe('csv only: how the lines are written.'),
    nmea: z
      .strictObject({
        time: z
          .enum(['device', 'agent'])
          .default('device')
          .describe('device: times as the receiver tells them. agent: stamped when the sentence comes.'),
        checksum: z
          .enum(['required', 'optional'])
          .default('required')
          .describe('Whether sentences without a checksum are taken.'),
        streamPrefix: z
          .string()
          .regex(/^[\p{L}\p{N}._-]*$/u, { error: 'expected letters, digits, "-", "_" and "."' })
          .max(32)
          .default('')
          .describe('In front of the names of the streams, where an agent has several receivers.'),
      })
      .optional()
      .describe('nmea only.'),
    mapping: mapping.optional().describe('csv and json: which columns or paths become which channels.'),
    lineBytesMax: z
      .number()
      .int()
      .min(64)
      .max(1024 * 1024)
      .default(64 * 1024)
      .describe('A longer line is a bad one; reading goes on with the next.'),
  })
  .superRefine((config, context) => {
    for (const { path, message } of formatProblems(config)) context.addIssue({ code: 'custom', path, message })
  })

export type LinesConfig = z.infer<typeof linesConfig>
interface Problem {
  path: PropertyKey[]
  message: string
}

function formatProblems(config: Omit<LinesConfig, 'name'>): Problem[] {
  const { format, csv, nmea, mapping, input } = config
  const problems: Problem[] = []
  const unused = (key: string) => problems.push({ path: [key], message: `is of no use with format: ${format}` })
  if (csv && format !== 'csv') unused('csv')
  if (nmea && format !== 'nmea') unused('nmea')
  if (mapping && format === 'nmea') unused('mapping')
  if (csv?.header === true && input.type === 'udp') {
    problems.push({ path: ['csv', 'header'], message: 'datagrams have no header; expected false or a list of names' })
  }
  if (format === 'nmea') return problems
  if (!mapping) {
    problems.push({ path: ['mapping'], message: `expected a mapping: format ${format} needs one` })
    return problems
  }
  if (mapping.time?.format === 'rate') {
    problems.push({
      path: ['mapping', 'time', 'format'],
      message: 'lines may get lost on their way, so times cannot be counted; leave time out, and the agent stamps them',
    })
  }
  if (mapping.time?.format === 'seconds' && mapping.time.start === undefined) {
    problems.push({
      path: ['mapping', 'time', 'start'],
      message: 'expected the time of 0, such as 2024-05-01T12:00:00Z',
    })
  }
  if (mapping.time?.start !== undefined && startNs(mapping.time) === undefined) {
    problems.push({ path: ['mapping', 'time', 'start'], message: 'expected a time such as 2024-05-01T12:00:00Z' })
  }
  if (format === 'csv' && csv?.header === true) return problems
  const resolver =
    format === 'json' ? createJsonCells() : createColumnResolver(Array.isArray(csv?.header) ? csv.header : undefined)
  createMapper(mapping, resolver.resolve)
  for (const message of new Set(resolver.problems)) problems.push({ path: ['mapping'], message })
  return problems
}

/**
 * The position of a row is the byte offset behind its line where the input is a file; other inputs cannot resume. Never
 * throws for a device that is not there: it is waited for.
 */
export const openLines: OpenSource<LinesConfig> = async (config, context) => {
  const input = openInput(config.input, context)
  const parser = createParser(config)
  const bad = createBadLines()
  const feeds = createLineFeeds({
    parser,
    bad,
    nowNs: context.nowNs,
    lineBytesMax: config.lineBytesMax,
    encoding: config.csv?.encoding ?? 'utf-8',
    // JSON and NMEA tell a cut line from a whole one; a device that sends a header begins when it is opened.
    dropCutLines: config.format === 'csv' && config.csv?.header !== true,
  })

  async function* rows(signal: AbortSignal): AsyncGenerator<RowChunk> {
    for await (const blocks of input.blocks(signal)) {
      for (const chunk of feeds.read(blocks)) yield chunk
      const lost = input.takeLost?.()
      if (lost) yield { rows: [], gaps: [lostGap(lost, context.nowNs(), parser.streams.length)] }
    }
  }

  let closed: Promise<void> | undefined
  return {
    streams: parser.streams,
    rows,
    health() {
      const { state, detail } = input.status()
      const details = [detail, parser.detail()].filter((text) => text !== '').join('; ')
      return { state, badLines: bad.count, badLineSamples: bad.samples, detail: details }
    },
    close() {
      closed ??= input.close()
      return closed
    },
  }
}

function lostGap({ messages, fromMs, toMs }: Lost, nowNs: bigint, streams: number): SourceGap {
  const at = (ms: number) => nowNs - BigInt(Math.round((performance.now() - ms) * 1e6))
  return {
    fromNs: at(fromMs),
    toNs: at(toMs),
    streams: Array.from({ length: streams }, (_, i) => i),
    cause: 'agent_overloaded',
    detail: `${messages} datagrams dropped, because the agent could not take them`,
    rows: messages,
  }
}

function openInput(config: InputConfig, { folder, log, resume }: SourceContext): LineInput {
  switch (config.type) {
    case 'stdin':
      return createStdin()
    case 'file':
      return createFileInput(config, { folder, log, resume })
    case 'tcp-connect':
      return createTcpConnect(config)
    case 'tcp-listen':
      return createTcpListen(config)
    case 'udp':
      return createUdpInput(config)
    case 'serial':
      return createSerial(config)
  }
}

function createParser({ format, csv, nmea, mapping }: LinesConfig): LineParser {
  if (format === 'nmea') {
    return createNmeaParser(nmea ?? { time: 'device', checksum: 'required', streamPrefix: '' })
  }
  if (!mapping) throw new Error(`format ${format} needs a mapping`)
  return format === 'json' ? createJsonParser(mapping) : createCsvParser(csv ?? csvConfig.parse({}), mapping)
}
