import { z } from '@hono/zod-openapi'
import { factCharsMax, listMax, textCharsMax } from '../../../protos/run-events.ts'
import { buildEntry, buildHistory, entryAnswer, historyAnswer } from '../answers-runs.ts'
import { type Api, json, mayDo, operation } from '../api.ts'
import {
  conflict,
  expectVersion,
  factText,
  orProblem,
  pathName,
  readTime,
  rigPath,
  signature,
  signed,
} from '../entered.ts'
import { timeText } from '../times.ts'
import { checkRig, given, type RunsDeps } from './runs.ts'

// What was true of a rig since when. A rig that moves keeps its name and its data.

const tags = ['rigs']
const rigParam = z.object({ rig: rigPath.openapi({ example: 'car-sim-1' }) })

// Empty: not known any more.
const fact = z.string().max(factCharsMax)
const facts = {
  site: fact,
  cabin: fact,
  firmware: fact,
  calibrations: z.array(factText).max(listMax),
  note: z.string().max(textCharsMax),
}

const getRoute = operation('viewer', {
  method: 'get',
  path: '/v1/rigs/{rig}/history',
  tags,
  summary: "A rig's history: site, cabin, firmware, calibration, and since when",
  request: { params: rigParam, query: z.strictObject({}) },
  responses: json(historyAnswer, 'The history. Withdrawn entries too.'),
})

const addRoute = operation('engineer', {
  method: 'post',
  path: '/v1/rigs/{rig}/history',
  tags,
  summary: 'Say what is true of a rig from some time on',
  description: 'What an entry does not name stays as it was. Runs that have frozen their facts keep them.',
  request: {
    params: rigParam,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              validFrom: timeText.optional().describe('Default: now.'),
              facts: z.strictObject(facts).partial(),
              ...signature,
            })
            .openapi('RigEntryNew'),
        },
      },
    },
  },
  responses: { ...json(entryAnswer, 'The entry.'), ...conflict },
})

const correctRoute = operation('engineer', {
  method: 'post',
  path: '/v1/rigs/{rig}/history/{entry}/corrections',
  tags,
  summary: "Correct an entry of a rig's history: a further version of it",
  request: {
    params: rigParam.extend({ entry: pathName }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              expectVersion,
              validFrom: timeText.optional(),
              facts: z
                .strictObject({
                  site: facts.site.nullable(),
                  cabin: facts.cabin.nullable(),
                  firmware: facts.firmware.nullable(),
                  calibrations: facts.calibrations.nullable(),
                  note: facts.note.nullable(),
                })
                .partial()
                .optional()
                .describe('What changes; null: the entry does not say it any more.'),
              withdrawn: z.boolean().optional(),
              ...signature,
            })
            .openapi('RigEntryCorrection'),
        },
      },
    },
  },
  responses: { ...json(entryAnswer, 'The entry, at its new version.'), ...conflict },
})

export function addRigHistoryRoutes(api: Api, deps: RunsDeps): void {
  const { runs, nowNs } = deps

  api.openapi(getRoute, (c) => {
    const { rig } = c.req.valid('param')
    checkRig(deps, rig)
    return c.json(
      buildHistory(rig, runs.factsAt(rig, nowNs()), runs.history(rig), mayDo(c.get('who').role, 'researcher')),
      200,
    )
  })
  api.openapi(addRoute, async (c) => {
    const { validFrom, facts, ...by } = c.req.valid('json')
    const asked = { validFromNs: readTime(validFrom, nowNs()), facts: given(facts) }
    const entry = await orProblem(runs.enter.describe(c.req.valid('param').rig, asked, signed(c, given(by))))
    return c.json(buildEntry(entry, true), 200)
  })
  api.openapi(correctRoute, async (c) => {
    const { expectVersion, validFrom, facts = {}, withdrawn, ...by } = c.req.valid('json')
    const { rig, entry } = c.req.valid('param')
    const change = { expectVersion, validFromNs: readTime(validFrom, nowNs()), facts: given(facts), withdrawn }
    const corrected = await orProblem(runs.enter.correctEntry(rig, entry, change, signed(c, given(by))))
    return c.json(buildEntry(corrected, true), 200)
  })
}
