import { type FileHandle, open } from 'node:fs/promises'
import { resolve as resolvePath } from 'node:path'
import * as z from 'zod'
import { isName, nameRule } from '../../protos/topics.ts'
import type { SourceHealth } from '../../protos/types.ts'
import { createBadLines } from './mapping/bad-lines.ts'
import { csvConfig } from './mapping/csv.ts'
import { fileIdentity, isSameFile } from './mapping/file-identity.ts'
import { mappingSchemas } from './mapping/mapper.ts'
import { type Mapping, mapping } from './mapping/mapping.ts'
import { startNs } from './mapping/record-time.ts'
import { openCsvFile } from './replay/csv-file.ts'
import { createPace, sleep } from './replay/pace.ts'
import type { OpenSource, Row, RowChunk, Source, SourceContext } from './source.ts'

// A CSV file as a source: at the speed it was recorded with, faster, or as fast as it goes.

export const replayConfig = z
  .strictObject({
    type: z.literal('replay').describe('A recorded CSV file.'),
    name: z
      .string()
      .refine(isName, { error: `a name of ${nameRule}` })
      .optional()
      .describe('Name of the source; by default its type.'),
    file: z.string().min(1).describe('The CSV file; relative to the folder of this configuration.'),
    csv: csvConfig.prefault({}).describe('How the file is written.'),
    speed: z.number().min(0).max(1e6).default(1).describe('1: as recorded. N: N times as fast. 0: as fast as it goes.'),
    start: z
      .enum(['recorded', 'now'])
      .default('recorded')
      .describe(
        'recorded: rows keep their times. now: all times are shifted by the same span, so that the first row that is read after a start of the agent is now.',
      ),
    mapping: mapping.describe('Which columns become which channels.'),
  })
  .superRefine(({ mapping, start }, context) => {
    for (const { path, message } of timeProblems(mapping, start)) {
      context.addIssue({ code: 'custom', path: ['mapping', ...path], message })
    }
  })

export type ReplayConfig = z.infer<typeof replayConfig>

function timeProblems(mapping: Mapping, start: 'recorded' | 'now'): { path: PropertyKey[]; message: string }[] {
  const problems: { path: PropertyKey[]; message: string }[] = []
  const { time } = mapping
  const byRate = time === undefined || time.format === 'rate'
  if (time?.start !== undefined && startNs(time) === undefined) {
    problems.push({ path: ['time', 'start'], message: 'expected a time such as 2024-05-01T12:00:00Z' })
  }
  if (start === 'recorded' && byRate && time?.start === undefined) {
    problems.push({
      path: ['time'],
      message: 'name the time column; or give format: rate and the start; or set start: now',
    })
  } else if (
    start === 'recorded' &&
    (time?.format === 'seconds' || time?.format === 'hms') &&
    time.start === undefined
  ) {
    problems.push({
      path: ['time', 'start'],
      message: 'expected the time of 0 (such as 2024-05-01T12:00:00Z), or start: now',
    })
  }
  if (!byRate) return problems
  mapping.streams.forEach(({ rateHz, periodS }, i) => {
    if (rateHz === undefined && periodS === undefined) {
      problems.push({ path: ['streams', i, 'rateHz'], message: 'without a time column, expected rateHz or periodS' })
    }
  })
  return problems
}

const rowsMax = 1000
/** A wait for the next row that is worth telling. */
const longWaitMs = 5000

/**
 * A row's position is the byte offset behind its record; the origin is the identity of the file's content. Where times
 * go by rate, the records in front of the position are counted at the start. Throws if the file or a column of it is
 * not there.
 */
export const openReplay: OpenSource<ReplayConfig> = async (config, context) => {
  const path = resolvePath(context.folder, config.file)
  const what = `replay "${context.name}": ${path}`
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${cause.message}`
    throw new Error(`${what}: ${reason}`, { cause })
  })
  try {
    return await startReplay(file, what, config, context)
  } catch (error) {
    await file.close()
    throw error
  }
}

async function startReplay(
  file: FileHandle,
  what: string,
  config: ReplayConfig,
  context: SourceContext,
): Promise<Source> {
  const stat = await file.stat()
  if (!stat.isFile()) throw new Error(`${what}: is no file; devices and pipes are read by a source of type lines`)
  const { position: start, origin, notice } = await whereToStart(file, stat.size, context.resume)
  if (notice) context.log.warn({ what, was: context.resume?.origin, is: origin }, notice)
  const bad = createBadLines()
  const csv = await openCsvFile(file, config.csv, config.mapping, { what, nowNs: context.nowNs, bad })

  let state: SourceHealth['state'] = 'running'
  let detail = notice
  let position = start

  /** Shifts the record's rows, waits until they are due; false if aborted meanwhile. */
  const createSchedule = (signal: AbortSignal) => {
    const pace = createPace(config.speed)
    let shiftNs = config.start === 'now' ? undefined : 0n
    return {
      waitMs(record: Row[]): number {
        shiftNs ??= context.nowNs() - record[0]!.timeNs!
        const waitMs = pace.waitMs(record[0]!.timeNs!)
        if (shiftNs !== 0n) for (const row of record) row.timeNs = row.timeNs! + shiftNs
        return waitMs
      },
      async wait(waitMs: number) {
        if (waitMs >= longWaitMs) {
          state = 'waiting'
          detail = `the next row is due in ${Math.round(waitMs / 1000)} s`
        }
        await sleep(waitMs, signal)
        if (state === 'waiting') detail = notice
        state = 'running'
      },
    }
  }

  async function* rows(signal: AbortSignal): AsyncGenerator<RowChunk> {
    const schedule = createSchedule(signal)
    await csv.begin(position)
    const record: Row[] = []
    let chunk: Row[] = []
    // The position moves on when the agent asks for more: what it has not taken is read again.
    const take = () => {
      position = chunk.at(-1)!.position!
      chunk = []
    }
    while (!signal.aborted) {
      record.length = 0
      if (!csv.next(record)) {
        if (await csv.readBlock()) continue
        break
      }
      if (record.length === 0) continue
      const waitMs = schedule.waitMs(record)
      if (waitMs > 0 || chunk.length >= rowsMax) {
        if (chunk.length > 0) {
          yield { rows: chunk, origin }
          take()
        }
        if (waitMs > 0) await schedule.wait(waitMs)
        if (signal.aborted) return
      }
      for (const row of record) chunk.push(row)
    }
    if (signal.aborted) return
    if (chunk.length > 0) {
      yield { rows: chunk, origin }
      take()
    }
    const cut = csv.bytesRead() < stat.size
    state = cut ? 'failed' : 'ended'
    if (cut)
      detail = `the file has become shorter while it was read: it ends at byte ${csv.bytesRead()} of ${stat.size}`
  }

  let closed: Promise<void> | undefined
  return {
    streams: mappingSchemas(config.mapping, 'replay'),
    rows,
    health: () => ({ state, badLines: bad.count, badLineSamples: bad.samples, detail }),
    close() {
      closed ??= file.close()
      return closed
    },
  }
}

async function whereToStart(
  file: FileHandle,
  size: number,
  resume: SourceContext['resume'],
): Promise<{ position: number; origin: string; notice: string }> {
  if (resume && (await isSameFile(file, size, resume.origin))) return { ...resume, notice: '' }
  const origin = await fileIdentity(file, size)
  return { position: 0, origin, notice: resume ? 'not the file that was read before: read from its beginning' : '' }
}
