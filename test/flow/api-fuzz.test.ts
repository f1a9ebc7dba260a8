import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addRig, addToken } from '../../common/access-edit.ts'
import { temporaryFolder } from '../services/debian.ts'
import { mistakesOf } from '../services/json-schema.ts'
import { type Station, startAgentProgram, startStation, waitFor } from '../services/rigline.ts'

// Every route of the OpenAPI document, asked with what it wants and with what it does not want, by everybody: the answers
// are those that the document tells, and ingest goes on as before.

const callsPerRoute = 150
const secondsMax = 120

type Schema = Record<string, unknown>
interface Parameter {
  name: string
  in: 'query' | 'path' | 'header'
  required?: boolean
  schema?: Schema
}
interface Operation {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>
  'x-role'?: string
}
type Document = { paths: Record<string, Record<string, Operation>> }

const awkward = fc.constantFrom(
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  '999999999999999999999',
  'NaN',
  'null',
  '../../etc/passwd',
  '%00',
  "';DROP TABLE runs;--",
  '주행-1',
  'cabin-1',
  'vehicle',
  'speed',
  'now',
  '-1h',
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '1970-01-01T00:00:00Z',
  'x'.repeat(5000),
)

/** Mostly what the schema asks for, often something else. */
function valueFor(schema: Schema | undefined, document: Document, depth = 0): fc.Arbitrary<unknown> {
  if (!schema || depth > 4) return fc.anything({ maxDepth: 1 })
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.split('/').at(-1) as string
    const schemas = (document as unknown as { components: { schemas: Record<string, Schema> } }).components.schemas
    return valueFor(schemas[name], document, depth + 1)
  }
  const right = (): fc.Arbitrary<unknown> => {
    if (schema.enum) return fc.constantFrom(...(schema.enum as unknown[]))
    const alternatives = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined
    if (alternatives) return fc.oneof(...alternatives.map((each) => valueFor(each, document, depth + 1)))
    switch ([schema.type].flat()[0]) {
      case 'object':
        return fc.record(
          Object.fromEntries(
            Object.entries((schema.properties ?? {}) as Record<string, Schema>).map(([key, each]) => [
              key,
              valueFor(each, document, depth + 1),
            ]),
          ),
          { requiredKeys: [] },
        )
      case 'array':
        return fc.array(valueFor(schema.items as Schema, document, depth + 1), { maxLength: 5 })
      case 'integer':
      case 'number':
        return fc.oneof(fc.integer(), fc.double(), fc.constantFrom(4, 100, 1000))
      case 'boolean':
        return fc.boolean()
      default:
        return fc.oneof(awkward, fc.string({ unit: 'binary', maxLength: 40 }))
    }
  }
  return fc.oneof({ weight: 5, arbitrary: right() }, { weight: 1, arbitrary: fc.anything({ maxDepth: 1 }) })
}

function callOf(path: string, operation: Operation, document: Document) {
  const parameters = operation.parameters ?? []
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  return fc.record({
    path: fc.constant(path),
    inPath: fc.record(
      Object.fromEntries(
        parameters
          .filter((each) => each.in === 'path')
          .map((each) => [
            each.name,
            fc.oneof(
              fc.constantFrom('cabin-1', 'drive-1', 'mark-1'),
              awkward,
              fc.string({ minLength: 1, maxLength: 20 }),
            ),
          ]),
      ),
    ),
    inQuery: fc.record(
      Object.fromEntries(
        parameters
          .filter((each) => each.in === 'query')
          .map((each) => [
            each.name,
            fc.oneof({ weight: 3, arbitrary: awkward }, { weight: 2, arbitrary: valueFor(each.schema, document) }),
          ]),
      ),
      { requiredKeys: parameters.filter((each) => each.required && each.in === 'query').map((each) => each.name) },
    ),
    extra: fc.option(fc.constantFrom('limt', '__proto__', 'rig[]'), { freq: 6 }),
    body: body ? fc.option(valueFor(body, document), { freq: 8 }) : fc.constant(undefined),
    token: fc.constantFrom('viewer', 'researcher', 'engineer', 'none', 'wrong'),
  })
}

/** As a person would begin: nothing but the names that the path needs. */
const plain = (path: string) => ({
  path,
  inPath: { rig: 'cabin-1', run: 'drive-1', marker: 'mark-1' },
  inQuery: {},
  extra: null,
  body: undefined,
  token: 'engineer',
})

const asText = (value: unknown): string => {
  try {
    return typeof value === 'string' ? value : String(value)
  } catch {
    return ''
  }
}

it('answers as its document tells, whatever it is asked', { timeout: 240_000 }, async () => {
  const folder = await temporaryFolder()
  const access = join(folder, 'access.yaml')
  await addRig(access, { rig: 'cabin-1', group: 'bench' })
  const tokens: Record<string, string> = {
    viewer: await addToken(access, { name: 'vera', role: 'viewer' }),
    researcher: await addToken(access, { name: 'rita', role: 'researcher' }),
    engineer: await addToken(access, { name: 'emil', role: 'engineer' }),
    wrong: 'rigline-nobody-knows-this',
  }
  const station = await startStation({
    folder,
    ingest: { access },
    ...(tokens.engineer ? { token: tokens.engineer } : {}),
  })
  const agent = startAgentProgram({
    folder,
    rig: 'cabin-1',
    mqtt: station.mqtt,
    sources: [{ type: 'simulated', rig: 'driving-simulator' }],
  })
  try {
    await waitFor('readings', 30_000, async () => (await station.rigs()).rigs.some(({ streams }) => streams.length > 0))
    const enter = (path: string, body: unknown) =>
      fetch(`${station.http}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens.engineer}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect((await enter('/v1/runs', { run: 'drive-1', rigs: ['cabin-1'] })).status).toBe(200)
    expect((await enter('/v1/runs/drive-1/markers', { marker: 'mark-1', label: 'here' })).status).toBe(200)
    const document = (await (await fetch(`${station.http}/v1/openapi.json`)).json()) as Document
    const until = performance.now() + secondsMax * 1000
    const statuses = new Map<string, number>()
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        for (const call of [plain(path), ...fc.sample(callOf(path, operation, document), callsPerRoute)]) {
          if (performance.now() > until) throw new Error(`not done after ${secondsMax} s, at ${method} ${path}`)
          const status = await ask(station, method, operation, call, tokens, document)
          statuses.set(`${method} ${path} ${status}`, (statuses.get(`${method} ${path} ${status}`) ?? 0) + 1)
        }
      }
    }
    // Not only refusals: each route that needs nothing was also answered.
    for (const route of ['/v1/rigs', '/v1/rigs/{rig}', '/v1/runs', '/v1/runs/{run}', '/v1/streams', '/v1/quarantine']) {
      expect([route, statuses.get(`get ${route} 200`) ?? 0]).toEqual([
        route,
        expect.toSatisfy((count: number) => count > 0),
      ])
    }
    const readings = `${station.http}/v1/readings?rig=cabin-1&stream=vehicle&from=-1m`
    const statusFor = async (role: string, more = '') =>
      (await fetch(`${readings}${more}`, { headers: { authorization: `Bearer ${tokens[role]}` } })).status
    expect([
      await statusFor('viewer'),
      await statusFor('viewer', '&points=100'),
      await statusFor('researcher'),
    ]).toEqual([403, 200, 200])
    expect(station.ingest.child.exitCode).toBeNull()
    expect((await station.rigs()).ingest.online).toBe(true)
  } finally {
    await agent.stop()
    await station.close()
  }
})

type Call = {
  path: string
  inPath: Record<string, unknown>
  inQuery: Record<string, unknown>
  extra: string | null
  body?: unknown
  token: string
}

async function ask(
  station: Station,
  method: string,
  operation: Operation,
  call: Call,
  tokens: Record<string, string>,
  document: Document,
): Promise<number> {
  const path = call.path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const part = encodeURIComponent(asText(call.inPath[name]))
    // An address has no part like that: fetch folds "." and "..", and another route would be asked.
    return /^\.{0,2}$/.test(part) ? '%20' : part
  })
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(call.inQuery))
    for (const each of [value].flat()) query.append(key, asText(each))
  if (call.extra) query.append(call.extra, '1')
  const headers: Record<string, string> = {}
  if (call.token !== 'none') headers.authorization = `Bearer ${tokens[call.token]}`
  const hasBody = call.body !== undefined && call.body !== null && method !== 'get'
  if (hasBody) headers['content-type'] = 'application/json'
  const text = hasBody
    ? (JSON.stringify(call.body, (_, each) => (typeof each === 'bigint' ? String(each) : each)) ?? '')
    : undefined
  const said = `${method} ${path.slice(0, 200)}?${String(query).slice(0, 300)} ${text?.slice(0, 300) ?? ''} as ${call.token}`
  const response = await fetch(`${station.http}${path}?${query}`, {
    method,
    headers,
    ...(text === undefined ? {} : { body: text }),
    signal: AbortSignal.timeout(20_000),
  }).catch((cause) => {
    throw new Error(`no answer to ${said}`, { cause })
  })
  const { status } = response
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const answer = await response.arrayBuffer()
  const shown = Buffer.from(answer).toString('utf8')
  if (status >= 500 && status !== 503) throw new Error(`${status} to ${said}: ${shown.slice(0, 500)}`)
  if (call.token === 'none' || call.token === 'wrong') {
    expect([said, status]).toEqual([said, 401])
    return status
  }
  // Who may not is told so whatever was asked, before anything is looked at.
  const ranks = ['viewer', 'researcher', 'engineer']
  if (ranks.indexOf(call.token) < ranks.indexOf(operation['x-role'] ?? 'viewer'))
    expect([said, status]).toEqual([said, 403])
  const told = operation.responses[String(status)]
  // A path that fits no route any more (an empty name, a slash) is nobody's.
  if (status === 404 || status === 405 || status === 413) expect(type).toBe('application/problem+json')
  else if (!told) throw new Error(`the document does not tell of ${status} to ${said}: ${shown.slice(0, 500)}`)
  const schema = told?.content?.[type]?.schema
  if (told?.content && status < 400)
    expect([said, Object.keys(told.content)]).toEqual([said, expect.arrayContaining([type])])
  if (schema && type.includes('json')) {
    const mistakes = mistakesOf(JSON.parse(shown), schema, document)
    if (mistakes.length > 0 && !operation.responses['200']?.content?.['text/csv']) {
      throw new Error(`the answer to ${said} is not as the document tells:\n${mistakes.slice(0, 10).join('\n')}`)
    }
  }
  return status
}
