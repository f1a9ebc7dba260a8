import { Readable } from 'node:stream'
import { z } from '@hono/zod-openapi'
import type { Schema } from '../../../protos/types.ts'
import { describeEntry, type EntryDescription } from '../../quarantine/describe-entry.ts'
import type { EntryIndex } from '../../quarantine/index-entries.ts'
import { readEntryBytes } from '../../quarantine/read-bytes.ts'
import type { Removed } from '../../quarantine/remove-entry.ts'
import { QuarantineError, type ReplayedMany, type Replays, whyNotReplayable } from '../../quarantine/replays.ts'
import type { Quarantine, QuarantineFacts } from '../../quarantine.ts'
import { problemAnswer } from '../answers.ts'
import {
  by,
  type QuarantineAnswer,
  type QuarantineDetail,
  type QuarantineEntryAnswer,
  quarantineAnswer,
  quarantineDetail,
  type ReplayManyAnswer,
  removedAnswer,
  replayAnswer,
  replayManyAnswer,
} from '../answers-quarantine.ts'
import { type Api, json, operation } from '../api.ts'
import { ProblemError } from '../problem.ts'

// What could not be read or stored: looked at, tried again, given up.

export interface QuarantineDeps {
  index: EntryIndex
  quarantine: Quarantine
  replays: Replays
  /** `who` is told in the log and in the data. */
  remove(facts: QuarantineFacts, who: string): Promise<Removed>
  schemaOf(hash: string): Schema | undefined
}

const entriesMax = 1000
const previewBytes = 256
/** Larger ones are not taken apart: no envelope is that large. */
const describedBytesMax = 4 * 1024 * 1024
const reasonsMax = 20

const idParam = z.object({ id: z.string().min(1).max(64).openapi({ example: '01JD2Y6J0V5Q2X6D4N7T9R8K3M' }) })
const none = z.strictObject({})
const filter = {
  by: by.optional(),
  reason: z.string().min(1).max(100).optional().openapi({ description: 'As schema_missing.' }),
  rig: z.string().min(1).max(256).optional(),
}
const problemOf = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemAnswer } },
})
const conflict = { 409: problemOf('It is in other hands at this moment, or cannot be replayed: why.') }
const common = { tags: ['quarantine'] }

const listRoute = operation('engineer', {
  ...common,
  method: 'get',
  path: '/v1/quarantine',
  summary: 'What could not be read or stored',
  request: {
    query: z.strictObject({
      ...filter,
      limit: z.coerce
        .number()
        .int()
        .min(1)
        .max(entriesMax)
        .default(100)
        .openapi({ description: 'Entries of one answer.' }),
      after: z.string().min(1).max(64).optional().openapi({ description: 'An id: only entries older than it.' }),
    }),
  },
  responses: json(quarantineAnswer, 'Newest first.'),
})

const showRoute = operation('engineer', {
  ...common,
  method: 'get',
  path: '/v1/quarantine/{id}',
  summary: 'One entry, and what can be read of it now',
  request: { params: idParam, query: none },
  responses: json(quarantineDetail, 'The entry.'),
})

const bytesRoute = operation('engineer', {
  ...common,
  method: 'get',
  path: '/v1/quarantine/{id}/bytes',
  summary: 'The bytes of an entry, as they came',
  request: { params: idParam, query: none },
  responses: {
    200: {
      description: 'As they came.',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
})

const replayRoute = operation('engineer', {
  ...common,
  method: 'post',
  path: '/v1/quarantine/{id}/replay',
  summary: 'Send an entry the way that it could not go before',
  description:
    'It leaves quarantine when what is in it is durable there. What failed again stays, and the answer says why. Replaying twice stores once.',
  request: { params: idParam, query: none },
  responses: { ...json(replayAnswer, 'What became of it.'), ...conflict },
})

const replayManyRoute = operation('engineer', {
  ...common,
  method: 'post',
  path: '/v1/quarantine/replay',
  summary: 'Replay all entries that match, oldest first',
  description: 'At most 1000 entries or about 20 s; `left` says how many were not come to: ask again.',
  request: {
    query: none,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            ...filter,
            limit: z.number().int().min(1).max(entriesMax).optional(),
            newerThan: z
              .string()
              .min(1)
              .max(64)
              .optional()
              .openapi({ description: 'An id: only entries newer than it.' }),
          }),
        },
      },
    },
  },
  responses: json(replayManyAnswer, 'What became of them.'),
})

const removeRoute = operation('engineer', {
  ...common,
  method: 'delete',
  path: '/v1/quarantine/{id}',
  summary: 'Remove an entry for good',
  description: 'What the lake will never have becomes a Gap; the log says who removed it.',
  request: { params: idParam, query: none },
  responses: { ...json(removedAnswer, 'What is lost by it.'), ...conflict },
})

export function addQuarantineRoutes(api: Api, deps: QuarantineDeps): void {
  const { index, quarantine, replays, remove, schemaOf } = deps

  const find = async (id: string): Promise<QuarantineFacts> => {
    const found = (await index.entries()).find((facts) => facts.id === id)
    if (!found)
      throw new ProblemError(404, `there is no entry ${JSON.stringify(id)} in quarantine; /v1/quarantine lists them`)
    return found
  }

  api.openapi(listRoute, async (c) => c.json(buildList(await index.entries(), c.req.valid('query')), 200))
  api.openapi(showRoute, async (c) => {
    const facts = await find(c.req.valid('param').id)
    return c.json(await buildDetail(facts, quarantine, schemaOf), 200)
  })
  api.openapi(bytesRoute, async (c) => {
    const { id, size } = await find(c.req.valid('param').id)
    const body = Readable.toWeb(Readable.from(readEntryBytes(quarantine.fileOf(id)), { objectMode: false }))
    return c.body(body as ReadableStream, 200, {
      'content-type': 'application/octet-stream',
      'content-length': String(size),
      'content-disposition': `attachment; filename="${id}.bin"`,
    })
  })
  api.openapi(replayManyRoute, async (c) => {
    const { limit = entriesMax, newerThan = '', ...wanted } = c.req.valid('json')
    const matching = (await index.entries()).filter((facts) => facts.id > newerThan && matches(facts, wanted))
    return c.json(summarize(matching, await replays.many(matching.slice(0, limit))), 200)
  })
  api.openapi(replayRoute, async (c) => {
    const facts = await find(c.req.valid('param').id)
    return c.json(await asProblem(replays.one(facts)), 200)
  })
  api.openapi(removeRoute, async (c) => {
    const facts = await find(c.req.valid('param').id)
    const removed = replays.alone(facts.id, () => remove(facts, c.get('who').name))
    return c.json(await asProblem(removed), 200)
  })
}

async function asProblem<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof QuarantineError) throw new ProblemError(error.status, error.message)
    throw error
  }
}

interface Wanted {
  by?: string | undefined
  reason?: string | undefined
  rig?: string | undefined
}

const matches = (facts: QuarantineFacts, wanted: Wanted): boolean =>
  (wanted.by === undefined || facts.by === wanted.by) &&
  (wanted.reason === undefined || facts.reason === wanted.reason) &&
  (wanted.rig === undefined || facts.rig === wanted.rig)

function buildList(
  all: readonly QuarantineFacts[],
  { limit, after, ...wanted }: Wanted & { limit: number; after?: string | undefined },
): QuarantineAnswer {
  const matching = all.filter((facts) => matches(facts, wanted))
  const older = after === undefined ? matching : matching.filter(({ id }) => id < after)
  const page = older.slice(-limit).reverse()
  const counts = new Map<string, QuarantineAnswer['counts'][number]>()
  for (const { by, reason, size } of all) {
    const key = `${by} ${reason}`
    const known = counts.get(key) ?? { by, reason, entries: 0, bytes: 0 }
    counts.set(key, { ...known, entries: known.entries + 1, bytes: known.bytes + size })
  }
  return {
    entries: page.map(buildEntry),
    next: older.length > page.length ? (page.at(-1)?.id ?? null) : null,
    matching: matching.length,
    counts: [...counts.values()].sort((a, b) => b.entries - a.entries),
  }
}

function buildEntry(facts: QuarantineFacts): QuarantineEntryAnswer {
  const { id, time, by, reason, detail, rig = null, topic = null, spool = null, seq = null, content, size } = facts
  const why = whyNotReplayable(facts)
  const replayable = { replayable: why === undefined, whyNotReplayable: why ?? '' }
  return { id, time, by, reason, detail, rig, topic, spool, seq, content, bytes: size, ...replayable }
}

async function buildDetail(
  facts: QuarantineFacts,
  quarantine: Quarantine,
  schemaOf: QuarantineDeps['schemaOf'],
): Promise<QuarantineDetail> {
  const { id, content, size } = facts
  let head: Uint8Array = new Uint8Array()
  for await (const piece of readEntryBytes(quarantine.fileOf(id))) {
    head = piece.subarray(0, previewBytes)
    break
  }
  const problem = `${size} bytes are more than is taken apart here; /v1/quarantine/${id}/bytes has them`
  const now: EntryDescription =
    size > describedBytesMax
      ? { envelopes: [], envelopeCount: 0, lines: [], lineCount: 0, problem }
      : describeEntry({ content, bytes: quarantine.read(id).bytes }, schemaOf)
  return {
    ...buildEntry(facts),
    preview: { hex: Buffer.from(head).toString('hex'), cut: head.length < size },
    now: { ...now, envelopes: now.envelopes.map(buildEnvelope) },
  }
}

function buildEnvelope({ bytes, header, batch, problem }: EntryDescription['envelopes'][number]) {
  return {
    bytes,
    header: header ? { ...withoutType(header), body: header.bodyType } : null,
    batch: batch
      ? {
          schema: batch.schemaHash,
          stream: batch.stream ?? null,
          rows: batch.rows,
          fromNs: batch.fromNs === undefined ? null : String(batch.fromNs),
          toNs: batch.toNs === undefined ? null : String(batch.toNs),
        }
      : null,
    problem,
  }
}

const withoutType = <T extends { bodyType: string }>({ bodyType: _, ...header }: T) => header

function summarize(
  matching: readonly QuarantineFacts[],
  { outcomes, looked, stopped }: ReplayedMany,
): ReplayManyAnswer {
  const summed = { stored: 0, duplicate: 0, renewed: 0, stays: 0 }
  const failed = new Map<string, ReplayManyAnswer['failed'][number]>()
  for (const { id, outcome, reason, detail } of outcomes) {
    summed[outcome]++
    if (outcome !== 'stays' && outcome !== 'renewed') continue
    const known = failed.get(reason) ?? { reason, detail, entries: 0, first: id }
    failed.set(reason, { ...known, entries: known.entries + 1 })
  }
  return {
    matching: matching.length,
    outcomes: summed,
    skipped: Math.max(0, looked - outcomes.length),
    left: matching.length - looked,
    last: matching[looked - 1]?.id ?? null,
    stopped,
    failed: [...failed.values()].slice(0, reasonsMax),
  }
}
