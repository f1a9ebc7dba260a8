// Says where a value breaks a JSON schema, as far as the OpenAPI document uses the language. Enough to hold answers against
// the document; not a general validator.

type Schema = Record<string, unknown>

/** The mistakes, each with its path; empty if there are none. `root`: the document that $ref points into. */
export function mistakesOf(value: unknown, schema: Schema, root: unknown, path = '$'): string[] {
  if (typeof schema.$ref === 'string') return mistakesOf(value, follow(schema.$ref, root), root, path)
  if (schema.allOf) return mistakesOf(value, merge(schema, root), root, path)
  const alternatives = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined
  if (alternatives) {
    const all = alternatives.map((each) => mistakesOf(value, each, root, path))
    return all.some((mistakes) => mistakes.length === 0)
      ? []
      : [`${path}: none of its alternatives: ${all.flat().join('; ')}`]
  }
  const mistakes: string[] = []
  if (schema.enum && !(schema.enum as unknown[]).includes(value))
    mistakes.push(`${path}: ${show(value)} is none of ${show(schema.enum)}`)
  if ('const' in schema && schema.const !== value) mistakes.push(`${path}: ${show(value)} is not ${show(schema.const)}`)
  const types = [schema.type ?? []].flat() as string[]
  if (types.length > 0 && !types.some((type) => isOf(type, value))) {
    return [...mistakes, `${path}: ${show(value)} is no ${types.join(' or ')}`]
  }
  if (typeof value === 'string' && typeof schema.pattern === 'string' && !new RegExp(schema.pattern, 'u').test(value)) {
    mistakes.push(`${path}: ${show(value)} does not match ${schema.pattern}`)
  }
  if (typeof value === 'number' && typeof schema.minimum === 'number' && value < schema.minimum) {
    mistakes.push(`${path}: ${value} is below ${schema.minimum}`)
  }
  if (Array.isArray(value) && schema.items) {
    mistakes.push(...value.flatMap((item, i) => mistakesOf(item, schema.items as Schema, root, `${path}[${i}]`)))
  }
  if (isOf('object', value)) mistakes.push(...mistakesInObject(value as Schema, schema, root, path))
  return mistakes
}

function mistakesInObject(value: Schema, schema: Schema, root: unknown, path: string): string[] {
  const properties = (schema.properties ?? {}) as Record<string, Schema>
  const missing = ((schema.required ?? []) as string[]).filter((key) => !(key in value))
  const mistakes = missing.map((key) => `${path}.${key}: missing`)
  for (const [key, item] of Object.entries(value)) {
    const known =
      properties[key] ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined)
    if (known) mistakes.push(...mistakesOf(item, known as Schema, root, `${path}.${key}`))
    // What the document does not tell is a mistake of the document.
    else if (schema.properties) mistakes.push(`${path}.${key}: not in the document`)
  }
  return mistakes
}

const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? 'nothing'

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      // The rest of the types of JSON schema are those of typeof.
      return typeof value === type
  }
}

/** `allOf` as one schema: what one of them does not name, another may. */
function merge({ allOf, ...own }: Schema, root: unknown): Schema {
  const merged: Schema = { properties: {}, required: [] }
  for (const each of [...(allOf as Schema[]), own]) {
    const part = typeof each.$ref === 'string' ? follow(each.$ref, root) : each
    const { properties, required, ...rest } = part.allOf ? merge(part, root) : part
    Object.assign(merged, rest, {
      properties: { ...(merged.properties as Schema), ...(properties as Schema | undefined) },
      required: [...(merged.required as string[]), ...((required as string[] | undefined) ?? [])],
    })
  }
  return merged
}

function follow(ref: string, root: unknown): Schema {
  const found = ref
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Schema | undefined)?.[key], root)
  if (found === undefined) throw new Error(`the document has no ${ref}`)
  return found as Schema
}
