import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import * as z from 'zod'
import { describeIssue } from './describe-issue.ts'

// One YAML file a process, one zod schema each. Every mistake is reported at once, with its path and what is allowed.

export class ConfigError extends Error {
  readonly problems: string[]
  constructor(file: string, problems: string[]) {
    super(
      `${file}: ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}\n${problems.map((p) => `  ${p}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads a YAML file and checks it. Environment variables RIGLINE_A__B_C override the key a.bC (two underscores step
 * into a section, one begins a capital); their text is read as YAML, so numbers and lists work. `file` undefined: the
 * schema's defaults and the environment alone. Throws ConfigError.
 */
export function loadConfig<T extends z.ZodType>(
  schema: T,
  file: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): z.infer<T> {
  const from = file ?? 'configuration'
  const value = file === undefined ? {} : readYaml(file)
  const problems = overrideFromEnv(value, env)
  const result = schema.safeParse(value)
  if (!result.success)
    problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, value, unknownKeyOf(schema))))
  if (problems.length > 0 || !result.success) throw new ConfigError(from, problems)
  return result.data
}

/**
 * Loads a program's configuration and makes the file's folder the working directory: relative paths in a configuration
 * start at the file, wherever the program was started.
 */
export function loadConfigHere<T extends z.ZodType>(schema: T, file: string): z.infer<T> {
  if (!existsSync(file)) return loadConfig(schema, file)
  process.chdir(dirname(resolve(file)))
  return loadConfig(schema, basename(file))
}

function readYaml(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    throw new ConfigError(file, [
      code === 'ENOENT' ? 'there is no such file; name another one with --config' : `cannot be read: ${String(cause)}`,
    ])
  }
  const document = parseDocument(text, { prettyErrors: true })
  if (document.errors.length > 0) {
    throw new ConfigError(
      file,
      document.errors.map((error) => `not valid YAML: ${error.message.trim()}`),
    )
  }
  const value: unknown =
    toValue(document, (problem) => {
      throw new ConfigError(file, [problem])
    }) ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new ConfigError(file, [`expected keys and values, found ${JSON.stringify(value)?.slice(0, 60)}`])
  }
  return value as Record<string, unknown>
}

/** Aliases that name nothing, or so many of them that they would fill the memory, are found only now. */
function toValue(document: ReturnType<typeof parseDocument>, refuse: (problem: string) => void): unknown {
  try {
    return document.toJS()
  } catch (error) {
    refuse(`not valid YAML: ${(error as Error).message.trim()}`)
    return {}
  }
}

const unknownKeyOf = (schema: z.ZodType) => (key: string, path: PropertyKey[]) => {
  const isKeyOf = ([, section]: [string, z.core.$ZodType]) => shapeOf(section)[key] !== undefined
  const section = path.length === 0 ? Object.entries(shapeOf(schema)).find(isKeyOf) : undefined
  if (section) return `it belongs under ${section[0]}: write ${section[0]}: { ${key}: ... }`
  return 'unknown key; it may be misspelt, see "rigline config reference"'
}

/** The keys of a section, beneath its defaults; none of what is no section. */
function shapeOf(schema: z.core.$ZodType): Record<string, z.core.$ZodType> {
  if (schema instanceof z.ZodObject) return schema.shape
  const inner = (schema._zod.def as { innerType?: z.core.$ZodType }).innerType
  return inner ? shapeOf(inner) : {}
}

/** Variables that are switches of the programs, not keys of a configuration. */
const notKeys = new Set(['RIGLINE_LOG', 'RIGLINE_CONFIG', 'RIGLINE_URL', 'RIGLINE_TOKEN', 'RIGLINE_ACCESS'])

function overrideFromEnv(value: Record<string, unknown>, env: NodeJS.ProcessEnv): string[] {
  const problems: string[] = []
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('RIGLINE_') || notKeys.has(name) || text === undefined) continue
    const path = name
      .slice('RIGLINE_'.length)
      .split('__')
      .map((part) => part.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()))
    let section = value
    for (const key of path.slice(0, -1)) {
      if (typeof section[key] !== 'object' || section[key] === null) section[key] = {}
      section = section[key] as Record<string, unknown>
    }
    const document = parseDocument(text)
    if (document.errors.length > 0) problems.push(`${name}: not valid YAML: ${document.errors[0]!.message.trim()}`)
    else section[path.at(-1)!] = toValue(document, (problem) => problems.push(`${name}: ${problem}`))
  }
  return problems
}
