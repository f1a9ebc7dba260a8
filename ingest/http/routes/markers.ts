import { z } from '@hono/zod-openapi'
import { beginning } from '../../runs/find-markers.ts'
import { rigsMax } from '../../runs/fold-run.ts'
import type { Marker } from '../../runs/types.ts'
import { buildMarker, markerAnswer, markersAnswer } from '../answers-runs.ts'
import { type Api, json, mayDo, operation, type Who } from '../api.ts'
import {
  conflict,
  expectVersion,
  factText,
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
import { timeText } from '../times.ts'
import { checkRig, findRun, given, type RunsDeps } from './runs.ts'

// Markers: points and intervals with a label, of a run or of a rig alone.

const tags = ['runs']
const runPath = z.object({ run: pathName })
const endNs = 2n ** 63n - 1n
const startNs = -(2n ** 63n)

const ofRunRoute = operation('viewer', {
  method: 'get',
  path: '/v1/runs/{run}/markers',
  tags,
  summary: 'The markers of a run',
  description: 'Those that name it, and those that name none and begin while their rig takes part.',
  request: { params: runPath, query: z.strictObject(pageQuery(1000, 500)) },
  responses: json(markersAnswer, 'In order of time. Withdrawn ones too.'),
})

const addRoute = operation('researcher', {
  method: 'post',
  path: '/v1/runs/{run}/markers',
  tags,
  summary: 'Mark a point or an interval of a run',
  description: 'Asked again with the same name and content, it answers the same and changes nothing.',
  request: {
    params: runPath,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              marker: newName.optional().describe('Its name; one is drawn if absent.'),
              label: factText,
              rigs: z.array(rigName).max(rigsMax).optional().describe('All of the run if absent.'),
              from: timeText.optional(),
              to: timeText.optional().describe('For an interval.'),
              ...signature,
            })
            .openapi('MarkerNew'),
        },
      },
    },
  },
  responses: { ...json(markerAnswer, 'The marker.'), ...conflict },
})

const ofRigRoute = operation('viewer', {
  method: 'get',
  path: '/v1/markers',
  tags,
  summary: 'The markers of a rig, with or without a run',
  request: { query: z.strictObject({ rig: rigName, ...spanQuery, ...pageQuery(1000, 500) }) },
  responses: json(markersAnswer, 'Those that begin in the time asked for, in order of time. Withdrawn ones too.'),
})

const correctRoute = operation('researcher', {
  method: 'post',
  path: '/v1/markers/{marker}/corrections',
  tags,
  summary: 'Correct a marker: a further version of it',
  request: {
    params: z.object({ marker: pathName }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              expectVersion,
              of: rigName.optional().describe('Whose marker it is: needed where several have one of this name.'),
              label: factText.optional(),
              from: timeText.optional(),
              to: timeText.nullable().optional().describe('null: a point in time.'),
              withdrawn: z.boolean().optional(),
              ...signature,
            })
            .openapi('MarkerCorrection'),
        },
      },
    },
  },
  responses: { ...json(markerAnswer, 'The marker, at its new version.'), ...conflict },
})

export function addMarkerRoutes(api: Api, deps: RunsDeps): void {
  const { runs, nowNs } = deps
  const build = (marker: Marker & { inRun: string }, who: Who) =>
    buildMarker(marker, marker.inRun, mayDo(who.role, 'researcher'))

  api.openapi(ofRunRoute, (c) => {
    const { limit, after } = c.req.valid('query')
    const run = findRun(deps, c.req.valid('param').run)
    const { markers, next } = runs.markersOf(run, readAfter(after) ?? beginning, limit)
    return c.json({ markers: markers.map((each) => build(each, c.get('who'))), next: writeAfter(next) }, 200)
  })
  api.openapi(addRoute, async (c) => {
    const { marker, label, rigs, from, to, ...by } = c.req.valid('json')
    const now = nowNs()
    const asked = { marker, label, rigs, fromNs: readTime(from, now), toNs: readTime(to, now) }
    const added = await orProblem(runs.enter.mark(c.req.valid('param').run, asked, signed(c, given(by))))
    return c.json(build({ ...added, inRun: added.run }, c.get('who')), 200)
  })
  api.openapi(ofRigRoute, (c) => {
    const { rig, from, to, limit, after } = c.req.valid('query')
    checkRig(deps, rig)
    const { fromNs = startNs, toNs = endNs } = given(readSpan(given({ from, to }), nowNs()))
    const { markers, next } = runs.markersOfRig(rig, { fromNs, toNs }, readAfter(after) ?? beginning, limit)
    return c.json({ markers: markers.map((each) => build(each, c.get('who'))), next: writeAfter(next) }, 200)
  })
  api.openapi(correctRoute, async (c) => {
    const { expectVersion, of, label, from, to, withdrawn, ...by } = c.req.valid('json')
    const now = nowNs()
    const change = {
      expectVersion,
      of,
      label,
      fromNs: readTime(from, now),
      toNs: to === null ? null : readTime(to, now),
      withdrawn,
    }
    const { marker } = c.req.valid('param')
    const corrected = await orProblem(runs.enter.correctMarker(marker, change, signed(c, given(by))))
    return c.json(build({ ...corrected, inRun: corrected.run }, c.get('who')), 200)
  })
}
