import { Readable } from 'node:stream'
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { nearest } from '../../../common/nearest.ts'
import { isName, nameRule } from '../../../protos/topics.ts'
import type { History } from '../../history/start-history.ts'
import {
  type ClockedPart,
  type ClockName,
  type Format,
  formats,
  type GapsAnswer,
  HistoryError,
  type MissingNumbers,
  type Part,
} from '../../history/types.ts'
import { rigPartsOf } from '../../rig-parts.ts'
import { type GapsJson, gapsAnswer, streamsAnswer, thinnedAnswer } from '../answers-readings.ts'
import { type Api, type ApiEnv, json, mayDo, operation } from '../api.ts'
import { ProblemError } from '../problem.ts'
import { parseTime, timeText } from '../times.ts'

// Readings that are stored: at full rate, or thinned for a chart; with the Gaps and holes among them.

export interface ReadingsDeps {
  history: History
  /** Names of all rigs that are known. */
  rigs(): string[]
  /** What each rig's part in a run was, by the clocks of those who entered it; undefined if there is no such run. */
  partsOfRun(run: string): ClockedPart[] | undefined
  runs(): string[]
  /** Numbers of a rig that neither came nor were declared gone. */
  missing(rig: string): MissingNumbers[]
  nowNs(): bigint
}

export const rigsMax = 64
const channelsMax = 1024
/** Spans beyond this are taken for a mistake; an answer is bounded anyway, but not its time. */
const spanMaxNs = 3660n * 86_400_000_000_000n

const name = z.string().refine(isName, { error: `expected ${nameRule}` })
/** A parameter that may be given several times. */
export const list = <Item extends z.ZodType>(item: Item, max: number, what: string) =>
  z
    .preprocess((value) => (value === undefined ? undefined : [value].flat()), z.array(item).min(1).max(max).optional())
    .openapi({ type: 'array', items: { type: 'string' }, description: what })

const where = {
  rig: list(name, rigsMax, `Name of a rig; up to ${rigsMax} of them.`),
  run: name.optional().openapi({ description: 'Instead of rigs and times: what belongs to this run.' }),
  from: timeText.optional().openapi({
    description:
      "By the rig's own clock, as its rows are; included. Default: an hour before `to`, or the beginning of the run.",
  }),
  to: timeText
    .optional()
    .openapi({ description: "By the rig's own clock; not included. Default: now, or the end of the run." }),
  clock: z.enum(['rig', 'ingest']).default('rig').openapi({
    description:
      "ingest: `from` and `to` are by ingest's clock and are converted to each rig's by its clock samples. What belongs to a run always is.",
  }),
}

/** Said of an answer whose times were converted. */
const clockHeaders =
  "Where times were converted from ingest's clock, the header rigline-clock-uncertainty-ms says how well, and rigline-clock-unknown lists rigs (encoded as in addresses, with commas between) whose clock was never compared and is taken to agree."

const readingsQuery = z.strictObject({
  ...where,
  stream: name,
  channel: list(z.string().min(1).max(128), channelsMax, 'Name of a channel; all of them if absent.'),
  points: z
    .string()
    .regex(/^\d{1,9}$/, { error: 'expected a whole number of 4 to 100000' })
    .transform(Number)
    .pipe(z.number().int().min(4).max(100_000))
    .optional()
    .openapi({
      type: 'integer',
      minimum: 4,
      maximum: 100_000,
      description:
        'Thin to so many points a channel (M4, exact); absent: every row. A viewer may ask for thinned series alone.',
    }),
  format: z.enum(formats).default('json').openapi({ description: 'arrow is an IPC stream. Thinned series are JSON.' }),
})

const readingsRoute = operation('viewer', {
  method: 'get',
  path: '/v1/readings',
  tags: ['readings'],
  summary: 'Readings of a stream, at full rate or thinned',
  description:
    'Full rate needs the role researcher. Columns: rig, t_ns, time, era, flags, then the channels; rows of each rig by era and time. The headers rigline-rows-most and rigline-bytes-about say how much may come. A transfer that breaks off is not whole: it never ends as if it were. ' +
    clockHeaders,
  request: { query: readingsQuery },
  responses: {
    200: {
      description: 'With `points` the thinned series; without, all rows in the format asked for.',
      content: {
        'application/json': { schema: thinnedAnswer },
        'application/vnd.apache.arrow.stream': { schema: z.string().openapi({ format: 'binary' }) },
        'application/vnd.apache.parquet': { schema: z.string().openapi({ format: 'binary' }) },
        'text/csv': { schema: z.string() },
      },
    },
  },
})

const gapsRoute = operation('viewer', {
  method: 'get',
  path: '/v1/gaps',
  tags: ['readings'],
  summary: 'What is missing: Gaps, which are declared with their cause, and holes, which are only seen',
  description: clockHeaders,
  request: { query: z.strictObject({ ...where, stream: name.optional() }) },
  responses: json(gapsAnswer, 'Those that touch the time asked for, in order of time.'),
})

const streamsRoute = operation('viewer', {
  method: 'get',
  path: '/v1/streams',
  tags: ['rigs'],
  summary: 'Streams that are stored, and their channels',
  request: { query: z.strictObject({ rig: name.optional() }) },
  responses: json(streamsAnswer, 'Sorted by rig and stream.'),
})

export function addReadingsRoutes(api: Api, deps: ReadingsDeps): void {
  const { history } = deps

  api.openapi(readingsRoute, async (c) => {
    const query = c.req.valid('query')
    const parts = await findParts(query, deps, c)
    const missing = missingOf(parts, deps)
    const asked = {
      parts,
      stream: query.stream,
      missing,
      ...(query.channel ? { channels: query.channel as string[] } : {}),
    }
    if (query.points === undefined) {
      const { name, role } = c.get('who')
      if (!mayDo(role, 'researcher')) {
        throw new ProblemError(
          403,
          `${name} is a ${role}: every row, and so an export, needs the role researcher ("rigline token add NAME --role researcher" makes a token for it); thinned series, GET /v1/readings with points=1000, are for every role`,
        )
      }
      return (await sendAll(c, deps, { ...asked, format: query.format })) as never
    }
    if (query.format !== 'json') {
      throw new ProblemError(
        400,
        `format: thinned series are JSON (found ${JSON.stringify(query.format)}); leave out format, or points`,
      )
    }
    const body = await orProblem(history.thinned({ ...asked, points: query.points }, c.req.raw.signal))
    return send(c, body, { 'content-type': 'application/json' }) as never
  })

  api.openapi(gapsRoute, async (c) => {
    const query = c.req.valid('query')
    const parts = await findParts(query, deps, c)
    const missing = missingOf(parts, deps)
    const found = await orProblem(history.gaps({ parts, missing, stream: query.stream }, c.req.raw.signal))
    return c.json(gapsJson(found), 200)
  })

  api.openapi(streamsRoute, async (c) => {
    const { rig } = c.req.valid('query')
    if (rig !== undefined) checkRig(rig, deps.rigs())
    const streams = await orProblem(history.streams(rig, c.req.raw.signal))
    return c.json(
      {
        streams: streams.map(({ fromNs, toNs, ...facts }) => ({
          ...facts,
          fromNs: fromNs === null ? null : String(fromNs),
          toNs: toNs === null ? null : String(toNs),
        })),
      },
      200,
    )
  })
}

const extensions: Record<Format, string> = { arrow: 'arrow', csv: 'csv', parquet: 'parquet', json: 'json' }

async function sendAll(
  c: Context<ApiEnv>,
  { history }: ReadingsDeps,
  query: Parameters<History['readings']>[0],
): Promise<Response> {
  const { head, body } = await orProblem(history.readings(query, c.req.raw.signal))
  const rig = query.parts.length === 1 ? `${query.parts[0]?.rig}-` : ''
  const file = encodeURIComponent(`${rig}${query.stream}.${extensions[query.format]}`)
  return send(c, body, {
    'content-type': head.contentType,
    'content-disposition': `attachment; filename*=UTF-8''${file}`,
    'cache-control': 'no-store',
    'rigline-rows-most': String(head.rowsMost),
    'rigline-bytes-about': String(head.bytesAbout),
    'rigline-gaps': String(head.gaps.length),
    'rigline-holes': String(head.holes.length),
  })
}

function send(c: Context<ApiEnv>, body: Readable, more: Record<string, string>): Response {
  const headers = { ...clockHeadersOf(c), ...more }
  if (c.req.method !== 'HEAD') return new Response(Readable.toWeb(body) as ReadableStream, { headers })
  // Nobody will read it, and history would wait for that.
  body.on('error', () => {}).destroy()
  return new Response(null, { headers })
}

export const missingOf = (parts: Part[], { missing }: Pick<ReadingsDeps, 'missing'>): MissingNumbers[] =>
  [...new Set(parts.map(({ rig }) => rig))].flatMap(missing)

interface Where {
  rig?: unknown
  run?: string | undefined
  from?: string | undefined
  to?: string | undefined
  clock?: ClockName | undefined
}

type FindDeps = Omit<ReadingsDeps, 'history'> & { history: Pick<History, 'rigTimes'> }

const hourNs = 3_600_000_000_000n

/**
 * Whose readings, and of when by the rigs' own clocks. Throws ProblemError for names that are not known and times that make no
 * span; says with headers how well times were converted.
 */
export async function findParts(where: Where, deps: FindDeps, c: Context<ApiEnv>): Promise<Part[]> {
  const nowNs = deps.nowNs()
  const time = (text: string | undefined) => (text === undefined ? undefined : parseTime(text, nowNs))
  const { run, from, to, clock = 'rig' } = where
  const [fromNs, toNs] = [time(from), time(to)]
  const convert = async (parts: ClockedPart[]): Promise<Part[]> => {
    const found = await orProblem(rigPartsOf(deps.history, parts, c.req.raw.signal))
    const { uncertaintyNs, unknown } = found
    if (uncertaintyNs !== undefined) {
      c.header('rigline-clock-uncertainty-ms', String(Number(uncertaintyNs / 1000n) / 1000))
    }
    if (unknown.length > 0) c.header('rigline-clock-unknown', unknown.map(encodeURIComponent).join(','))
    return found.parts
  }
  if (run === undefined) {
    const parts = await convert(spansOf(where, deps, nowNs, fromNs, toNs))
    if (parts.length > 0) return parts
    throw new ProblemError(
      400,
      "from, to: the rig's clock was set back and has none of that time; ask for a longer one",
    )
  }
  if (fromNs !== undefined && toNs !== undefined) checkOrder(fromNs, toNs, 'from: it is not before to')
  const parts = await convert(partsOfRun(where, run, deps))
  const rigs = [...new Set(parts.map(({ rig }) => rig))]
  const spans = rigs.map((rig) => ({ rig, fromNs: fromNs ?? alwaysFrom, toNs: toNs ?? alwaysTo }))
  const wanted =
    clock === 'rig' || (fromNs === undefined && toNs === undefined)
      ? spans
      : await convert(
          // An end that is not given is no time that could be converted.
          spans.map((span) => ({
            ...span,
            fromClock: fromNs === undefined ? 'rig' : 'ingest',
            toClock: toNs === undefined ? 'rig' : 'ingest',
          })),
        )
  return cut(parts, wanted)
}

/** As int64 has them. */
const alwaysFrom = -(2n ** 63n)
const alwaysTo = 2n ** 63n - 1n

function partsOfRun({ rig }: Where, run: string, deps: FindDeps): ClockedPart[] {
  const rigs = rig as string[] | undefined
  const parts = deps.partsOfRun(run)
  if (!parts) throw new ProblemError(404, `there is no run ${JSON.stringify(run)}${hint(run, deps.runs())}`)
  for (const one of rigs ?? []) {
    if (!parts.some((part) => part.rig === one))
      throw new ProblemError(404, `rig ${JSON.stringify(one)} has no part in run ${JSON.stringify(run)}`)
  }
  return parts.filter((part) => rigs === undefined || rigs.includes(part.rig))
}

function spansOf(
  { rig, from, to, clock = 'rig' }: Where,
  deps: FindDeps,
  nowNs: bigint,
  askedFromNs: bigint | undefined,
  askedToNs: bigint | undefined,
): ClockedPart[] {
  const rigs = rig as string[] | undefined
  if (rigs === undefined) throw new ProblemError(400, 'rig: expected the name of a rig, or run=NAME (found nothing)')
  for (const one of rigs) checkRig(one, deps.rigs())
  const toNs = askedToNs ?? nowNs
  const fromNs = askedFromNs ?? toNs - hourNs
  checkOrder(fromNs, toNs, `from: ${from} is not before to: ${to ?? 'now'}`)
  if (toNs - fromNs > spanMaxNs)
    throw new ProblemError(400, `from: the span is longer than ten years (found ${from} to ${to ?? 'now'})`)
  return [...new Set(rigs)].map((one) => ({ rig: one, fromNs, toNs, fromClock: clock, toClock: clock }))
}

function checkOrder(fromNs: bigint, toNs: bigint, isNotBefore: string): void {
  if (fromNs === toNs) throw new ProblemError(400, 'from and to are the same time; to has to be later')
  if (fromNs > toNs) throw new ProblemError(400, `${isNotBefore}; exchange them`)
}

/** What of the parts lies in what is wanted of their rig. */
function cut(parts: Part[], wanted: Part[]): Part[] {
  const left = parts.flatMap((part) =>
    wanted
      .filter(({ rig }) => rig === part.rig)
      .map(({ fromNs, toNs }) => ({
        rig: part.rig,
        fromNs: fromNs > part.fromNs ? fromNs : part.fromNs,
        toNs: toNs < part.toNs ? toNs : part.toNs,
      }))
      .filter(({ fromNs, toNs }) => fromNs < toNs),
  )
  if (left.length === 0)
    throw new ProblemError(400, 'from, to: the run has no part in that time; leave them out for all of it')
  return left
}

/** As findParts has set them: a Response of one's own needs them again. */
function clockHeadersOf(c: Context<ApiEnv>): Record<string, string> {
  const names = ['rigline-clock-uncertainty-ms', 'rigline-clock-unknown']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = c.res.headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
}

function checkRig(rig: string, rigs: string[]): void {
  if (!rigs.includes(rig)) throw new ProblemError(404, `there is no rig ${JSON.stringify(rig)}${hint(rig, rigs)}`)
}

function hint(name: string, names: string[]): string {
  const near = nearest(name, names)
  return near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
}

export async function orProblem<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof HistoryError) throw new ProblemError(error.status, error.message, { cause: error })
    throw error
  }
}

const gapsJson = ({ gaps, holes, cut }: GapsAnswer): GapsJson => ({
  gaps: gaps.map((gap) => ({ ...gap, fromNs: String(gap.fromNs), toNs: String(gap.toNs) })),
  holes: holes.map((hole) => ({
    ...hole,
    fromNs: hole.fromNs === null ? null : String(hole.fromNs),
    toNs: hole.toNs === null ? null : String(hole.toNs),
  })),
  cut,
})
