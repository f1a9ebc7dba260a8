import { readFileSync } from 'node:fs'
import {
  AccessEditError,
  addIngest,
  addRig,
  addToken,
  removeIngest,
  removeRig,
  removeToken,
  rotateRig,
} from '../common/access-edit.ts'
import { type Role, readAccess, roles } from '../common/access-file.ts'
import { isName, nameRule } from '../protos/topics.ts'
import { writeMosquittoFiles } from './mosquitto-files.ts'

// The commands that change the access file. What a program may want (the secret, lists) goes to standard output.

const say = (text: string) => void process.stdout.write(`${text}\n`)
const hint = (text: string) => void process.stderr.write(`${text}\n`)

function checkName(what: string, name: string): void {
  if (!isName(name)) throw new AccessEditError(`${what} "${name}": expected ${nameRule}`)
}

function checkGroup(group: string): void {
  checkName('group', group)
  if (group === 'ingest') throw new AccessEditError('group "ingest": this name is reserved, take another')
}

interface Options {
  access: string
  mosquitto?: string
}

export async function addRigCommand(
  rig: string,
  options: Options & { group: string; secretStdin?: boolean },
): Promise<void> {
  checkName('rig', rig)
  checkGroup(options.group)
  const secret = await addRig(options.access, { rig, group: options.group }, chosenSecret(options))
  sayAgentLines(rig, options.group, secret)
  await alsoMosquitto(options, { user: rig, secret })
}

export async function rotateRigCommand(rig: string, options: Options & { secretStdin?: boolean }): Promise<void> {
  const secret = await rotateRig(options.access, rig, chosenSecret(options))
  const entry = readAccess(options.access).rigs.find((each) => each.rig === rig)
  sayAgentLines(rig, entry?.group ?? '', secret)
  await alsoMosquitto(options, { user: rig, secret })
}

export async function removeRigCommand(rig: string, options: Options): Promise<void> {
  await removeRig(options.access, rig)
  await alsoMosquitto(options)
}

export async function listRigs({ access }: Options): Promise<void> {
  for (const { rig, group } of readAccess(access).rigs) say(`${rig}\t${group}`)
}

export async function addTokenCommand(name: string, options: { access: string; role: string }): Promise<void> {
  checkName('token', name)
  if (!roles.includes(options.role as Role)) {
    throw new AccessEditError(`role "${options.role}": expected one of ${roles.join(', ')}`)
  }
  const token = await addToken(options.access, { name, role: options.role as Role })
  hint(`The token of ${name}, shown this once; it goes into the header "Authorization: Bearer TOKEN":`)
  say(token)
}

export async function listTokens({ access }: { access: string }): Promise<void> {
  for (const { name, role, created } of readAccess(access).tokens) say(`${name}\t${role}\t${created}`)
}

export const removeTokenCommand = (name: string, { access }: { access: string }): Promise<void> =>
  removeToken(access, name)

export async function addIngestCommand(name: string, options: Options & { group: string[] }): Promise<void> {
  checkName('ingest', name)
  for (const group of options.group) checkGroup(group)
  const secret = await addIngest(options.access, { name, groups: options.group })
  hint(`The secret of ${name}, shown this once. For ingest.yaml:`)
  say(
    `name: ${name}\ngroups: [${options.group.join(', ')}]\nbroker:\n  url: mqtt://127.0.0.1:1883 # the address of your broker\n  secret: ${secret}`,
  )
  await alsoMosquitto(options, { user: name, secret })
}

export async function removeIngestCommand(name: string, options: Options): Promise<void> {
  await removeIngest(options.access, name)
  await alsoMosquitto(options)
}

export const mosquittoCommand = (folder: string, { access }: { access: string }): Promise<void> =>
  alsoMosquitto({ access, mosquitto: folder })

function sayAgentLines(rig: string, group: string, secret: string): void {
  hint(`The secret of ${rig}, shown this once. For its agent.yaml:`)
  say(
    `rig: ${rig}\ngroup: ${group}\nbroker:\n  url: mqtt://127.0.0.1:1883 # the address of your broker\n  secret: ${JSON.stringify(secret)}`,
  )
}

/** Standard input without its line end. A chosen secret is stretched, but a short one is found all the same. */
function chosenSecret(options: { secretStdin?: boolean }): string | undefined {
  if (!options.secretStdin) return undefined
  const secret = readFileSync(0, 'utf8').replace(/\r?\n$/, '')
  if (secret.length < 12) throw new AccessEditError('the secret on standard input has under 12 characters; take more')
  return secret
}

async function alsoMosquitto(options: Options, secret?: { user: string; secret: string }): Promise<void> {
  if (options.mosquitto === undefined) return
  const files = await writeMosquittoFiles(options.mosquitto, readAccess(options.access), secret)
  hint(`Mosquitto: ${files.passwords}, ${files.acl}; it reads them again on SIGHUP (sample: ${files.configuration})`)
  for (const user of files.withoutPassword) {
    hint(
      `  ${user} has no password there, because its secret is known only when it is drawn; for a rig: rigline rig rotate ${user} --access ${options.access} --mosquitto ${options.mosquitto}`,
    )
  }
}
