import { existsSync } from 'node:fs'
import * as z from 'zod'
import { isName, nameRule, ownRig } from '../protos/topics.ts'
import { ConfigError, loadConfig } from './config.ts'
import { hashPattern } from './credentials.ts'

// access.yaml: who may connect, as hashes. The broker and ingest read it, `rigline rig add` and its like write it.

const name = z.string().refine(isName, `expected ${nameRule}`)
const group = name.refine((text) => text !== 'ingest', '"ingest" is reserved; name the group otherwise')
const hash = z
  .string()
  .regex(hashPattern, 'expected a hash as "rigline rig add" writes it (sha256:... or scrypt:...), never the secret')

export const roles = ['engineer', 'researcher', 'viewer'] as const
export type Role = (typeof roles)[number]

export const accessSchema = z
  .strictObject({
    rigs: z
      .array(
        z.strictObject({
          rig: name
            .refine((text) => text !== ownRig, `"${ownRig}" is reserved; name the rig otherwise`)
            .describe('Name of the rig; also its user name at the broker'),
          group: group.describe('The group whose ingest serves the rig'),
          secret: hash.describe("Hash of the agent's secret"),
        }),
      )
      .nullish()
      .transform((list) => list ?? [])
      .describe('The rigs whose agents may connect'),
    ingests: z
      .array(
        z.strictObject({
          name: name.describe('Name of the ingest; also its user name at the broker'),
          groups: z.array(group).min(1, 'expected at least one group').describe('The groups it serves'),
          secret: hash.describe("Hash of the ingest's secret"),
        }),
      )
      .nullish()
      .transform((list) => list ?? [])
      .describe('The ingests that may connect to a broker of its own'),
    tokens: z
      .array(
        z.strictObject({
          name: name.describe('Whose token it is'),
          role: z.enum(roles, `expected one of ${roles.join(', ')}`).describe('What it may do'),
          hash: hash
            .refine((text) => text.startsWith('sha256:'), 'expected sha256:..., tokens are always drawn')
            .describe('Hash of the token'),
          created: z.string().describe('When it was made, ISO 8601'),
        }),
      )
      .nullish()
      .transform((list) => list ?? [])
      .describe('Bearer tokens for HTTP'),
  })
  .superRefine((file, context) => {
    const users = [
      ...file.rigs.map((entry, i) => ({ name: entry.rig, path: ['rigs', i, 'rig'] })),
      ...file.ingests.map((entry, i) => ({ name: entry.name, path: ['ingests', i, 'name'] })),
    ]
    const tokens = file.tokens.map((entry, i) => ({ name: entry.name, path: ['tokens', i, 'name'] }))
    for (const list of [users, tokens]) {
      const seen = new Set<string>()
      for (const { name, path } of list) {
        if (seen.has(name)) context.addIssue({ code: 'custom', path, message: 'this name is there twice; remove one' })
        seen.add(name)
      }
    }
  })

export type AccessFile = z.infer<typeof accessSchema>

/** Reads and checks the file; throws ConfigError with every mistake. */
export function readAccess(file: string): AccessFile {
  if (!existsSync(file)) {
    throw new ConfigError(file, [
      `there is no such file; "rigline rig add NAME --group GROUP --access ${file}" makes it`,
    ])
  }
  return loadConfig(accessSchema, file, {})
}
