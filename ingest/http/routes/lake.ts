import { z } from '@hono/zod-openapi'
import type { LakeStatus } from '../../retention.ts'
import { type Api, json, operation } from '../api.ts'

const count = z.number().int().min(0)

const lakeAnswer = z
  .object({
    files: count.describe('Files that readers find, tables included.'),
    bytes: count,
    oldestReceivedMs: z.number().nullable().describe('When the oldest rows of streams came; null: there are none.'),
    freeBytes: count.nullable().describe('Of the disk that the lake is on; null: it cannot be asked.'),
    retention: z.object({ ageMaxDays: z.number().nullable(), bytesMax: count.nullable() }).describe('null: no limit.'),
    removed: z
      .object({ files: count, bytes: count, lastMs: z.number().nullable().describe('When the last ones went.') })
      .describe('By retention, since ever; each left a Gap.'),
  })
  .openapi('Lake')
export type LakeAnswer = z.infer<typeof lakeAnswer>

const lakeRoute = operation('viewer', {
  method: 'get',
  path: '/v1/lake',
  tags: ['state'],
  summary: 'How much the lake holds, what retention has removed, how much room is left',
  request: { query: z.strictObject({}) },
  responses: json(lakeAnswer, 'The lake.'),
})

export function addLakeRoutes(api: Api, lake: () => Promise<LakeStatus>): void {
  api.openapi(lakeRoute, async (c) => c.json(buildLake(await lake()), 200))
}

const buildLake = ({ oldestReceivedMs, freeBytes, retention, removed, ...amounts }: LakeStatus): LakeAnswer => ({
  ...amounts,
  oldestReceivedMs: oldestReceivedMs ?? null,
  freeBytes: freeBytes ?? null,
  retention: { ageMaxDays: retention.ageMaxDays ?? null, bytesMax: retention.bytesMax ?? null },
  removed: { ...removed, lastMs: removed.lastMs ?? null },
})
