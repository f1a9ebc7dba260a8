import { z } from '@hono/zod-openapi'
import { limitTime } from '../../../common/time-limit.ts'
import { listMax } from '../../../protos/run-events.ts'
import type { History } from '../../history/start-history.ts'
import { meant } from '../../runs/enter.ts'
import { rigsMax } from '../../runs/fold-run.ts'
import type { Run } from '../../runs/types.ts'
import type { Runs } from '../../runs.ts'
import { buildRun, type RunAnswer, runAnswer, runsAnswer } from '../answers-runs.ts'
import { type Api, json, mayDo, operation, type Who } from '../api.ts'
import {
  conflict,
  expectVersion,
  factList,
  factText,
  longText,
  newName,
  orProblem,
  pageQuery,
  pathName,
  readAfter,
  readSpan,
  readTime,
  rigName,
  signature,
  signed,
  spanQuery,
  writeAfter,
} from '../entered.ts'
import { ProblemError } from '../problem.ts'
import { timeText } from '../times.ts'
import { addMarkerRoutes } from './markers.ts'

// Runs: listed, started, stopped, corrected. They are entered on rigs too, see docs/runs.md.

export interface RunsDeps {
  runs: Runs
  /** Names of all rigs that are known. */
  rigs(): string[]
  nowNs(): bigint
  /** For the rigs' own times of one run. */
  history?: Pick<History, 'rigTimes'> | undefined
}

/** A run is shown without the rigs' own times rather than late. */
const rigTimesMsMax = 2000

const tags = ['runs']
const runPath = z.object({ run: pathName.openapi({ example: 'bench-7-20261121T093000Z-7k3q' }) })

const facts = {
  operator: factText,
  subject: factText.describe('A pseudonym, never a name or a number that others know the person by.'),
  cabin: factText,
  firmware: factText,
  calibrations: factList,
  tags: z.array(factText).max(listMax),
  description: longText,
}

const listRoute = operation('viewer', {
  method: 'get',
  path: '/v1/runs',
  tags,
  summary: 'Runs, newest first',
  request: {
    query: z.strictObject({
      rig: rigName.optional().openapi({ description: 'Only runs that this rig takes part in.' }),
      ...spanQuery,
      open: z.enum(['true', 'false']).optional().openapi({ description: 'true: not ended yet.' }),
      tag: factText.optional(),
      ...pageQuery(500, 100),
    }),
  },
  responses: json(runsAnswer, 'Those that have a part in the time asked for. Withdrawn ones too.'),
})

const startRoute = operation('researcher', {
  method: 'post',
  path: '/v1/runs',
  tags,
  summary: 'Start a run, or enter one that is over',
  description: 'Asked again with the same name and content, it answers the same and changes nothing.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              run: newName.optional().describe('Its name; one is drawn if absent.'),
              rigs: z.array(rigName).min(1).max(rigsMax),
              from: timeText.optional(),
              to: timeText.optional().describe('For a run that is over already.'),
              facts: z.strictObject(facts).partial().optional(),
              ...signature,
            })
            .openapi('RunStart'),
        },
      },
    },
  },
  responses: { ...json(runAnswer, 'The run.'), ...conflict },
})

const getRoute = operation('viewer', {
  method: 'get',
  path: '/v1/runs/{run}',
  tags,
  summary: 'One run, with all its versions',
  request: { params: runPath, query: z.strictObject({}) },
  responses: json(runAnswer, 'The run.'),
})

const stopRoute = operation('researcher', {
  method: 'post',
  path: '/v1/runs/{run}/stop',
  tags,
  summary: 'Stop a run for all its rigs',
  request: {
    params: runPath,
    body: {
      content: {
        'application/json': {
          schema: z.strictObject({ at: timeText.optional(), ...signature }).openapi('RunStop'),
        },
      },
    },
  },
  responses: { ...json(runAnswer, 'The run.'), ...conflict },
})

const correctRoute = operation('researcher', {
  method: 'post',
  path: '/v1/runs/{run}/corrections',
  tags,
  summary: 'Correct a run: a further version of it',
  request: {
    params: runPath,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              expectVersion,
              facts: z
                .strictObject({
                  operator: facts.operator.nullable(),
                  subject: facts.subject.nullable(),
                  cabin: facts.cabin.nullable(),
                  firmware: facts.firmware.nullable(),
                  calibrations: facts.calibrations.nullable(),
                  tags: facts.tags.nullable(),
                  description: facts.description.nullable(),
                })
                .partial()
                .optional()
                .describe('What changes; null takes a fact back.'),
              from: timeText.optional().describe('Where the whole run begins.'),
              to: timeText.optional().describe('Where the whole run ends.'),
              withdrawn: z.boolean().optional().describe('true: it does not count; it can still be read.'),
              ...signature,
            })
            .openapi('RunCorrection'),
        },
      },
    },
  },
  responses: { ...json(runAnswer, 'The run, at its new version.'), ...conflict },
})

/** Throws a 404 that names the nearest. */
export function findRun({ runs }: Pick<RunsDeps, 'runs'>, name: string): Run {
  const run = runs.get(name)
  if (run) return run
  throw new ProblemError(404, `there is no run ${JSON.stringify(name.slice(0, 80))}${meant(name, runs.names())}`)
}

/** Throws a 404 that names the nearest. */
export function checkRig({ rigs }: Pick<RunsDeps, 'rigs'>, rig: string): void {
  const known = rigs()
  if (known.includes(rig)) return
  throw new ProblemError(404, `there is no rig ${JSON.stringify(rig.slice(0, 80))}${meant(rig, known)}`)
}

export function addRunsRoutes(api: Api, deps: RunsDeps): void {
  const { runs, nowNs } = deps
  const build = (run: Run, who: Who): RunAnswer => buildRun(run, runs.problemsOf(run), mayDo(who.role, 'researcher'))

  api.openapi(listRoute, (c) => {
    const { rig, from, to, open, tag, limit, after } = c.req.valid('query')
    if (rig !== undefined) checkRig(deps, rig)
    const span = readSpan(given({ from, to }), nowNs())
    const filter = { rig, tag, ...span, open: open === undefined ? undefined : open === 'true' }
    const page = runs.list(filter, readAfter(after), limit)
    return c.json({ runs: page.runs.map((run) => build(run, c.get('who'))), next: writeAfter(page.next) }, 200)
  })
  api.openapi(startRoute, async (c) => {
    const { run, rigs, from, to, facts = {}, ...by } = c.req.valid('json')
    const now = nowNs()
    const asked = { run, rigs, facts: given(facts), fromNs: readTime(from, now), toNs: readTime(to, now) }
    return c.json(build(await orProblem(runs.enter.start(asked, signed(c, given(by)))), c.get('who')), 200)
  })
  api.openapi(getRoute, async (c) => {
    const run = findRun(deps, c.req.valid('param').run)
    const answer = build(run, c.get('who'))
    const limit = limitTime(rigTimesMsMax, c.req.raw.signal)
    try {
      return c.json({ ...answer, parts: await addRigTimes(deps, run, answer.parts, limit.signal) }, 200)
    } finally {
      limit.end()
    }
  })
  api.openapi(stopRoute, async (c) => {
    // The body may be absent altogether.
    const { at, ...by } = c.req.valid('json') ?? {}
    const atNs = readTime(at, nowNs())
    const run = await orProblem(runs.enter.stop(c.req.valid('param').run, atNs, signed(c, given(by))))
    return c.json(build(run, c.get('who')), 200)
  })
  api.openapi(correctRoute, async (c) => {
    const { expectVersion, facts = {}, from, to, withdrawn, ...by } = c.req.valid('json')
    const now = nowNs()
    const change = {
      expectVersion,
      facts: given(facts),
      fromNs: readTime(from, now),
      toNs: readTime(to, now),
      withdrawn,
    }
    const run = await orProblem(runs.enter.correct(c.req.valid('param').run, change, signed(c, given(by))))
    return c.json(build(run, c.get('who')), 200)
  })
  addMarkerRoutes(api, deps)
}

/** As they are where history does not answer in time. */
async function addRigTimes(
  { history, nowNs }: RunsDeps,
  run: Run,
  parts: RunAnswer['parts'],
  signal: AbortSignal,
): Promise<RunAnswer['parts']> {
  if (!history) return parts
  const now = nowNs()
  const asked = run.parts.map(({ rig, fromNs, fromClock, toNs = now, toClock }) => ({
    rig,
    fromNs,
    fromClock,
    toNs,
    toClock,
  }))
  const times = await history.rigTimes({ parts: asked }, signal).catch(() => undefined)
  if (!times) return parts
  return parts.map((part, i) => {
    const { from, to } = times.parts[i]!
    const uncertainties = [from, to].flatMap((bound) => (bound ? [bound.uncertaintyNs] : []))
    const known = uncertainties.filter((each) => each !== null)
    return {
      ...part,
      rigFromNs: from ? String(from.ns) : part.fromNs,
      rigToNs: part.toNs === null || !to ? part.toNs : String(to.ns),
      ...(uncertainties.length === 0
        ? {}
        : {
            clockUncertaintyNs:
              known.length < uncertainties.length
                ? null
                : String(known.reduce((high, each) => (each > high ? each : high))),
          }),
    }
  })
}

/** Without what is undefined, nulls kept. */
export const given = <Value extends object>(value: Value): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as ReturnType<typeof given<Value>>
