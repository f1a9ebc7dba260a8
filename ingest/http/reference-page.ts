import { html, type raw } from 'hono/html'
import type { OpenApiDocument } from './openapi.ts'

// The reference of the API as a page to read, made from the OpenAPI document. It runs no script.

type Schema = Record<string, unknown> & { $ref?: string; type?: string | string[]; description?: string }
interface Parameter {
  name: string
  in: string
  required?: boolean
  description?: string
  schema?: Schema
}
interface Operation {
  summary?: string
  description?: string
  tags?: string[]
  parameters?: Parameter[]
  requestBody?: { content?: Record<string, { schema?: Schema }> }
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }>
  'x-role'?: string
}

export function renderReference(document: OpenApiDocument) {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
  )
  const tags = (document.tags ?? []).filter(({ name }) =>
    operations.some(({ operation }) => operation.tags?.includes(name)),
  )
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Rigline API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/page.css" />
  </head>
  <body class="reference">
    <header><h1>Rigline API</h1><p class="quiet">version ${document.info.version}</p></header>
    <main id="main">
      <p>${document.info.description ?? ''}</p>
      <p>For programs: <a href="/v1/openapi.json">/v1/openapi.json</a>. Live batches: WebSocket at <code>/v1/live</code>, see docs/http.md. Without a token: <a href="/health">/health</a> and this page.</p>
      <pre><code>curl -H "Authorization: Bearer $TOKEN" "http://127.0.0.1:8686/v1/readings?rig=car-sim-1&amp;stream=vehicle&amp;from=-10m&amp;points=1000"</code></pre>
      <nav aria-label="Contents"><ul>${tags.map(
        (tag) => html`<li><a href="#${tag.name}">${tag.name}</a>: ${tag.description ?? ''}</li>`,
      )}<li><a href="#schemas">schemas</a>: what answers are made of.</li></ul></nav>
      ${tags.map(
        (tag) =>
          html`<section id="${tag.name}"><h2>${tag.name}</h2>${operations
            .filter(({ operation }) => operation.tags?.includes(tag.name))
            .map(renderOperation)}</section>`,
      )}
      <section id="schemas"><h2>schemas</h2>${Object.entries(schemas)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(
          ([name, schema]) =>
            html`<section id="schema-${name}"><h3>${name}</h3>${schema.description ? html`<p>${schema.description}</p>` : ''}${renderFields(schema)}</section>`,
        )}</section>
    </main>
  </body>
</html>`
}

function renderOperation({ path, method, operation }: { path: string; method: string; operation: Operation }) {
  const { summary, description, parameters = [], requestBody, responses = {} } = operation
  const body = Object.values(requestBody?.content ?? {})[0]?.schema
  return html`<section>
    <h3><code>${method.toUpperCase()} ${path}</code></h3>
    <p><strong>${summary ?? ''}.</strong> ${description ?? ''}</p>
    ${
      parameters.length === 0
        ? ''
        : html`<table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">What</th></tr></thead><tbody>${parameters.map(
            (parameter) =>
              html`<tr><td><code>${parameter.name}</code>${parameter.required ? '' : ' (optional)'}</td><td>${parameter.in}</td><td><span class="quiet">${typeOf(parameter.schema)}</span> ${parameter.description ?? parameter.schema?.description ?? ''}</td></tr>`,
          )}</tbody></table>`
    }
    ${body ? html`<p>Body: ${typeOf(body)}</p>${renderFields(body)}` : ''}
    <ul>${Object.entries(responses)
      .filter(([status]) => status < '400' || status === '409')
      .map(
        ([status, response]) =>
          html`<li><code>${status}</code> ${Object.entries(response.content ?? {}).map(
            ([type, { schema }]) => html`${type}: ${typeOf(schema)} `,
          )}${response.description ?? ''}</li>`,
      )}</ul>
  </section>`
}

function renderFields(schema: Schema) {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
  if (properties.length === 0) return schema.$ref ? '' : html`<p>${typeOf(schema)}</p>`
  const required = (schema.required ?? []) as string[]
  return html`<table><thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">What</th></tr></thead><tbody>${properties.map(
    ([name, field]) =>
      html`<tr><td><code>${name}</code>${required.includes(name) ? '' : ' (optional)'}</td><td>${typeOf(field)}</td><td>${field.description ?? ''}</td></tr>`,
  )}</tbody></table>`
}

/** A schema in a few words, with links to the named ones. */
function typeOf(schema: Schema | undefined): ReturnType<typeof raw> | string {
  if (!schema) return ''
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? ''
    return html`<a href="#schema-${name}">${name}</a>` as ReturnType<typeof raw>
  }
  if (schema.enum) return (schema.enum as unknown[]).map((value) => JSON.stringify(value)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  const alternatives = (schema.anyOf ?? schema.oneOf ?? schema.allOf) as Schema[] | undefined
  if (alternatives) {
    return html`${alternatives.map((each, i) => html`${i > 0 ? ' | ' : ''}${typeOf(each)}`)}` as ReturnType<typeof raw>
  }
  const types = [schema.type].flat().filter((type): type is string => type !== undefined)
  if (types.includes('array')) {
    return html`list of ${typeOf(schema.items as Schema)}` as ReturnType<typeof raw>
  }
  const inner = schema.additionalProperties
  if (types.includes('object') && inner && typeof inner === 'object') {
    return html`map of ${typeOf(inner as Schema)}` as ReturnType<typeof raw>
  }
  return types.join(' | ')
}
