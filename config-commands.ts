import type { Command } from 'commander'
import * as z from 'zod'
import { agentConfig } from './agent/config.ts'
import { brokerConfig } from './broker/config.ts'
import { loadConfigHere } from './common/config.ts'
import { UsageError } from './common/failure.ts'
import { ingestConfig } from './ingest/config.ts'
import { upConfig } from './up.ts'

const schemas: Record<string, z.ZodType> = {
  agent: agentConfig,
  broker: brokerConfig,
  ingest: ingestConfig,
  up: upConfig,
}
const kinds = Object.keys(schemas).join(', ')

const schemaOf = (kind: string): z.ZodType => {
  const schema = schemas[kind]
  if (!schema) throw new UsageError(`there is no configuration "${kind}": one of ${kinds}`)
  return schema
}

/** `rigline config check KIND FILE` and `rigline config reference KIND`. */
export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('check a configuration, or print what can be configured')
  config
    .command('check')
    .description('read a configuration and say every mistake in it; exit code 2 if there is one')
    .argument('<kind>', kinds)
    .argument('<file>')
    .action((kind: string, file: string) => {
      loadConfigHere(schemaOf(kind), file)
      process.stdout.write(`${file}: good\n`)
    })
  config
    .command('reference')
    .description('print every key with its meaning, default and limits')
    .argument('<kind>', kinds)
    .action((kind: string) => {
      const schema = z.toJSONSchema(schemaOf(kind), { io: 'input', unrepresentable: 'any' })
      process.stdout.write(`${describeKeys(schema as JsonSchema, '').join('\n')}\n`)
    })
}

interface JsonSchema {
  type?: string
  description?: string
  default?: unknown
  enum?: unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
}

function describeKeys(schema: JsonSchema, path: string): string[] {
  const lines = Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const at = path ? `${path}.${key}` : key
    const required = schema.required?.includes(key) && property.default === undefined
    return [`${at}: ${describeKey(property, required ?? false)}`, ...describeKeys(property, at)]
  })
  const variants = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]
  return [
    ...lines,
    ...(schema.items ? describeKeys(schema.items, `${path}[]`) : []),
    ...variants.flatMap((variant) => {
      const type = variant.properties?.type?.const
      return describeKeys(variant, type === undefined ? path : `${path}(${String(type)})`)
    }),
  ]
}

function describeKey(schema: JsonSchema, required: boolean): string {
  const limits = [
    ...(schema.minimum !== undefined && schema.minimum > Number.MIN_SAFE_INTEGER ? [`from ${schema.minimum}`] : []),
    ...(schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? [`to ${schema.maximum}`] : []),
    ...(schema.enum ? [`one of ${schema.enum.join(', ')}`] : []),
    ...(schema.const !== undefined ? [`"${String(schema.const)}"`] : []),
    ...(schema.default !== undefined && typeof schema.default !== 'object'
      ? [`default ${String(schema.default)}`]
      : []),
    ...(required ? ['required'] : []),
  ]
  return `${schema.type ?? ''}${limits.length > 0 ? ` (${limits.join(', ')})` : ''}${schema.description ? `  ${schema.description}` : ''}`
}
