import { z } from '@hono/zod-openapi'
import type { IngestState } from '../../state.ts'
import { sinksAnswer } from '../answers.ts'
import { type Api, json, operation } from '../api.ts'
import { buildSinks } from '../build-answers.ts'

// How the stores stand at this moment, and the metrics.

export interface StateDeps {
  state: IngestState
  metrics: { contentType: string; text(): Promise<string> }
}

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

export function addStateRoutes(api: Api, { state, metrics }: StateDeps): void {
  api.openapi(sinksRoute, (c) => c.json(buildSinks(state.sinks()), 200))
  api.openapi(metricsRoute, async (c) => c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }))
}
