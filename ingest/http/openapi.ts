import type { Api } from './api.ts'

// The OpenAPI document, made from the routes themselves.

export type OpenApiDocument = ReturnType<Api['getOpenAPI31Document']>

export function describeApi(api: Api, version: string): OpenApiDocument {
  api.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description:
      'A token that "rigline token add NAME --role ROLE" made. Roles: a viewer sees what is live and thinned, a researcher also takes data at full rate and enters runs, an engineer may do all.',
  })
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Rigline',
      version,
      description:
        'Errors are application/problem+json (RFC 9457); their detail says which value is wrong and what to do. 64-bit integers and times in nanoseconds are decimal text. Times in requests are ISO 8601 with an offset, ns since 1970 as digits, "now", or back from now: -90s, -15m, -2h, -7d.',
    },
    tags: [
      { name: 'state', description: 'How rigs, streams and stores stand at this moment.' },
      { name: 'rigs', description: 'What is known of a rig: streams, history, Gaps and holes.' },
      { name: 'readings', description: 'What was measured, at full rate or thinned.' },
      { name: 'runs', description: 'Runs, their versions and markers, and whether they are complete.' },
      { name: 'quarantine', description: 'What could not be read or stored.' },
    ],
  })
}

/** Whether the document has the path for another method: for 405 instead of 404. Its methods, in capitals. */
export function methodsOf(document: OpenApiDocument, path: string): string[] {
  for (const [pattern, item] of Object.entries(document.paths ?? {})) {
    const matches = new RegExp(`^${pattern.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`)
    if (matches.test(path)) return Object.keys(item as object).map((method) => method.toUpperCase())
  }
  return []
}
