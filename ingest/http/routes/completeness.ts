import { z } from '@hono/zod-openapi'
import { isName, nameRule } from '../../../protos/topics.ts'
import type { Reports } from '../../reports.ts'
import type { Runs } from '../../runs.ts'
import { completenessAnswer, reportComing, runCompletenessAnswer } from '../answers-completeness.ts'
import { type Api, json, operation } from '../api.ts'
import { pathName } from '../entered.ts'
import { ProblemError } from '../problem.ts'
import { timeText } from '../times.ts'
import { findParts, list, missingOf, orProblem, type ReadingsDeps, rigsMax } from './readings.ts'
import { findRun } from './runs.ts'

// Reports on what is there of a time, and of a run.

export interface RunReportsDeps {
  runs: Runs
  reports: Reports
  history: Pick<ReadingsDeps['history'], 'status'>
}

const streamsMax = 256
const tags = ['completeness']
const name = z.string().refine(isName, { error: `expected ${nameRule}` })

const spanRoute = operation('viewer', {
  method: 'get',
  path: '/v1/completeness',
  tags,
  summary: 'What is there of a time: delivered, stored, Gaps, holes, rate, clock, and what is wrong with channels',
  description: 'Reads every row of that time. One report is made at a time; others wait.',
  request: {
    query: z.strictObject({
      rig: list(name, rigsMax, `Name of a rig; up to ${rigsMax} of them.`),
      from: timeText.optional().openapi({ description: 'Included. Default: an hour before `to`.' }),
      to: timeText.optional().openapi({ description: 'Not included. Default: now.' }),
      stream: list(name, streamsMax, 'Name of a stream; all that were there about that time if absent.'),
    }),
  },
  responses: json(completenessAnswer, 'The report, a part a rig.'),
})

const runRoute = operation('viewer', {
  method: 'get',
  path: '/v1/runs/{run}/completeness',
  tags,
  summary: 'The report on a run: made when it ends, and again when late data come',
  request: {
    params: z.object({ run: pathName.openapi({ example: 'bench-7-20261121T093000Z-7k3q' }) }),
    query: z.strictObject({
      fresh: z
        .enum(['true', 'false'])
        .optional()
        .openapi({ description: 'true: made anew, also of a run that is not over, up to now.' }),
    }),
  },
  responses: {
    ...json(runCompletenessAnswer, 'The report that is saved, or the fresh one.'),
    202: {
      description: 'The run has ended, and its report is being made.',
      content: { 'application/json': { schema: reportComing } },
    },
  },
})

export function addCompletenessRoute(api: Api, deps: ReadingsDeps): void {
  api.openapi(spanRoute, async (c) => {
    const { stream, ...where } = c.req.valid('query')
    const parts = await findParts(where, deps, c)
    const streams = stream as string[] | undefined
    const query = {
      parts,
      missing: missingOf(parts, deps),
      nowNs: deps.nowNs(),
      ...(streams ? { streams: [...new Set(streams)] } : {}),
    }
    return c.json(await orProblem(deps.history.completeness(query, c.req.raw.signal)), 200)
  })
}

export function addRunReportRoute(api: Api, deps: RunReportsDeps): void {
  const { reports, history } = deps
  api.openapi(runRoute, async (c) => {
    const run = findRun(deps, c.req.valid('param').run)
    if (c.req.valid('query').fresh === 'true') {
      const fresh = await orProblem(reports.make(run.run))
      if (fresh) return c.json(fresh, 200)
      throw new ProblemError(404, `run ${JSON.stringify(run.run)} has no time yet: no rig has taken part in it`)
    }
    const saved = reports.get(run.run)
    if (saved && run.toNs !== undefined) return c.json(saved, 200)
    if (reports.isComing(run.run)) {
      const { reportRows: rows = 0, reportRowsAbout: rowsAbout = 0 } = history.status().counters
      return c.json({ run: run.run, state: 'making' as const, rows, rowsAbout }, 202)
    }
    const why =
      run.toNs === undefined
        ? 'is not over: its report is made when it ends'
        : run.withdrawn
          ? 'is withdrawn, and nobody has asked for a report on it'
          : 'ended too long ago for a report to be made by itself'
    throw new ProblemError(404, `run ${JSON.stringify(run.run)} ${why}; ?fresh=true makes one now`)
  })
}
