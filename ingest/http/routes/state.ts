import { z } from '@hono/zod-openapi'
import type { Live } from '../../live.ts'
import type { IngestState } from '../../state.ts'
import { rigsAnswer, sinksAnswer } from '../answers.ts'
import { type Api, json, operation } from '../api.ts'
import { buildRigs, buildSinks } from '../build-answers.ts'

// How ingest, its rigs and its sinks stand at this moment.

export interface StateDeps {
  state: IngestState
  live: Live
  nowNs(): bigint
  metrics: { contentType: string; text(): Promise<string> }
}

const rigsRoute = operation('viewer', {
  method: 'get',
  path: '/v1/rigs',
  tags: ['state'],
  summary: 'Ingest, rigs, streams, rates and newest values',
  request: { query: z.strictObject({}) },
  responses: json(rigsAnswer, 'Sorted by name.'),
})

const sinksRoute = operation('viewer', {
  method: 'get',
  path: '/v1/sinks',
  tags: ['state'],
  summary: 'The stores, what they wait for, how far they are behind',
  request: { query: z.strictObject({}) },
  responses: json(sinksAnswer, 'In the order of the configuration.'),
})

const metricsRoute = operation('viewer', {
  method: 'get',
  path: '/metrics',
  tags: ['state'],
  summary: 'Metrics for Prometheus',
  responses: { 200: { description: 'Text format 0.0.4.', content: { 'text/plain': { schema: z.string() } } } },
})

export function addStateRoutes(api: Api, { state, live, nowNs, metrics }: StateDeps): void {
  api.openapi(rigsRoute, (c) => c.json(buildRigs(state, live, nowNs()), 200))
  api.openapi(sinksRoute, (c) => c.json(buildSinks(state.sinks()), 200))
  api.openapi(metricsRoute, async (c) => c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }))
}
