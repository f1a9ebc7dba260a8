import { z } from '@hono/zod-openapi'
import { nearest } from '../../../common/nearest.ts'
import type { Live } from '../../live.ts'
import type { IngestState } from '../../state.ts'
import { rigDetail, rigsAnswer } from '../answers.ts'
import { type Api, json, operation } from '../api.ts'
import { buildRigDetail, buildRigs, rigsMax } from '../build-answers.ts'
import { ProblemError } from '../problem.ts'

// Rigs: all of them in short, one of them whole.

export interface RigsDeps {
  state: IngestState
  live: Live
  nowNs(): bigint
}

const nameText = z.string().min(1).max(256)

const rigsRoute = operation('viewer', {
  method: 'get',
  path: '/v1/rigs',
  tags: ['rigs'],
  summary: 'Ingest, rigs, streams, rates and newest values',
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(rigsMax).optional().openapi({ description: 'Rigs of one answer.' }),
      after: nameText.optional().openapi({ description: 'Only rigs whose names come after this one.' }),
    }),
  },
  responses: json(rigsAnswer, `Sorted by name, ${rigsMax} at most.`),
})

const rigRoute = operation('viewer', {
  method: 'get',
  path: '/v1/rigs/{rig}',
  tags: ['rigs'],
  summary: 'One rig whole: streams with all their channels, spool, clock, Gaps and missing numbers',
  request: { params: z.object({ rig: nameText.openapi({ example: 'car-sim-1' }) }), query: z.strictObject({}) },
  responses: json(rigDetail, 'The rig.'),
})

export function addRigsRoutes(api: Api, { state, live, nowNs }: RigsDeps): void {
  api.openapi(rigsRoute, (c) => c.json(buildRigs(state, live, nowNs(), c.req.valid('query')), 200))
  api.openapi(rigRoute, (c) => {
    const { rig } = c.req.valid('param')
    const found = buildRigDetail(rig, state, live, nowNs())
    if (found) return c.json(found, 200)
    const near = nearest(rig, [...state.rigs().map((each) => each.rig), ...live.names()])
    const hint = near === undefined ? '/v1/rigs lists them' : `did you mean ${JSON.stringify(near)}?`
    throw new ProblemError(404, `there is no rig ${JSON.stringify(rig.slice(0, 80))}; ${hint}`)
  })
}
