import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { AccessFile } from '../common/access-file.ts'
import { replaceFile } from '../common/replace-file.ts'
import { groupFilters, ingestStatusTopic, rigTopic } from '../protos/topics.ts'
import { envelopeBytesMax } from '../protos/types.ts'

// The same access with Mosquitto: its password file, its ACL file and a configuration that uses them.
// The ACL follows from access.yaml. A password needs the secret itself, which is known only when it is drawn: a rig that
// was added without `--mosquitto` has to be rotated with it.

/**
 * A line of Mosquitto's password file, as `mosquitto_passwd` 2.0 writes it: `user:$7$iterations$salt$hash`, the hash
 * PBKDF2-HMAC-SHA512 of 64 bytes, the salt 12 bytes, both in base 64. 101 iterations is Mosquitto's own number; it
 * computes them on its only thread, and a drawn secret of 192 bits needs no stretching.
 */
export function mosquittoPasswordLine(user: string, secret: string, iterations = 101): string {
  const salt = randomBytes(12)
  const hash = pbkdf2Sync(secret, salt, iterations, 64, 'sha512')
  return `${user}:$7$${iterations}$${salt.toString('base64')}$${hash.toString('base64')}`
}

/** Mosquitto's ACL file: what is not named here is denied, as topic-rights.ts has it for our own broker. */
export function mosquittoAcl(access: AccessFile): string {
  const lines = ['# Written by rigline from its access file: changes made here are lost.']
  for (const { rig, group } of access.rigs) {
    lines.push('', `user ${rig}`)
    for (const topic of ['up', 'clock', 'status'] as const) lines.push(`topic write ${rigTopic(group, rig, topic)}`)
    lines.push(`topic read ${rigTopic(group, rig, 'down')}`, `topic read ${ingestStatusTopic('+')}`)
  }
  for (const { name, groups } of access.ingests) {
    lines.push('', `user ${name}`)
    for (const group of groups) {
      for (const filter of groupFilters(group)) lines.push(`topic read ${filter}`)
      lines.push(`topic write ${rigTopic(group, '+', 'down')}`)
    }
    lines.push(`topic write ${ingestStatusTopic(name)}`, `topic read ${ingestStatusTopic('+')}`)
  }
  return `${lines.join('\n')}\n`
}

const sampleConfiguration = (
  folder: string,
): string => `# A configuration for Mosquitto 2 with Rigline's users. Yours to change: rigline writes it once.
# Mosquitto must be able to read the files: chgrp -R mosquitto ${folder}
listener 1883 127.0.0.1
# For other machines, with TLS:
#listener 8883
#certfile /etc/mosquitto/certs/server.pem
#keyfile /etc/mosquitto/certs/server.key

allow_anonymous false
password_file ${join(folder, 'passwords')}
acl_file ${join(folder, 'acl')}

# The largest packet of ours, with its header; a client that announces more is cut off.
max_packet_size ${envelopeBytesMax + 1024}
max_keepalive 600
# Nothing of ours depends on what the broker keeps: what has no receipt is sent again.
persistence false
max_queued_bytes 67108864
`

export interface MosquittoFiles {
  passwords: string
  acl: string
  configuration: string
  /** Users without a password yet. */
  withoutPassword: string[]
}

/**
 * Brings the files in `folder` up to what `access` says. `secret` is the one just drawn, if one was. Lines of users who
 * are no longer there go. Mosquitto reads both files again on SIGHUP.
 */
export async function writeMosquittoFiles(
  folder: string,
  access: AccessFile,
  secret?: { user: string; secret: string },
): Promise<MosquittoFiles> {
  const at = resolve(folder)
  await mkdir(at, { recursive: true, mode: 0o750 })
  const files = { passwords: join(at, 'passwords'), acl: join(at, 'acl'), configuration: join(at, 'mosquitto.conf') }
  const users = [...access.rigs.map((each) => each.rig), ...access.ingests.map((each) => each.name)]

  const lines = new Map<string, string>()
  const before = existsSync(files.passwords) ? await readFile(files.passwords, 'utf8') : ''
  for (const line of before.split('\n')) {
    const user = line.split(':')[0] ?? ''
    if (users.includes(user)) lines.set(user, line)
  }
  if (secret) lines.set(secret.user, mosquittoPasswordLine(secret.user, secret.secret))

  await replaceFile(files.passwords, [...lines.values()].map((line) => `${line}\n`).join(''), 0o640)
  await replaceFile(files.acl, mosquittoAcl(access), 0o640)
  if (!existsSync(files.configuration)) await replaceFile(files.configuration, sampleConfiguration(at), 0o640)
  return { ...files, withoutPassword: users.filter((user) => !lines.has(user)) }
}
