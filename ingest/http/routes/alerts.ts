import { z } from '@hono/zod-openapi'
import type { Alert } from '../../alerts/types.ts'
import type { AlertsNow } from '../../alerts.ts'
import { type AlertAnswer, alertsAnswer } from '../answers.ts'
import { type Api, json, operation } from '../api.ts'

const alertsRoute = operation('viewer', {
  method: 'get',
  path: '/v1/alerts',
  tags: ['state'],
  summary: 'Alerts that are raised, and the last ones',
  request: { query: z.strictObject({}) },
  responses: json(alertsAnswer, 'Raised: oldest first. Recent: newest first, 200 at most.'),
})

export function addAlertsRoutes(api: Api, alerts: () => AlertsNow): void {
  api.openapi(alertsRoute, (c) => {
    const { raised, recent, webhook } = alerts()
    return c.json({ raised: raised.map(build), recent: recent.map(build), webhook: webhook ?? null }, 200)
  })
}

const build = ({ rule, key, rig, state, sinceMs, atMs, text }: Alert): AlertAnswer => ({
  rule,
  key,
  rig: rig ?? null,
  state,
  sinceMs: Math.round(sinceMs),
  atMs: Math.round(atMs),
  text,
})
