// The topics of Rigline, as docs/ARCHITECTURE.md lists them. Names of groups and rigs are one level each.

const prefix = 'rigline/v1'

export type RigTopic = 'up' | 'down' | 'clock' | 'status'
const rigTopics: readonly string[] = ['up', 'down', 'clock', 'status']

export const rigTopic = (group: string, rig: string, topic: RigTopic): string => `${prefix}/${group}/${rig}/${topic}`

export const ingestStatusTopic = (name: string): string => `${prefix}/ingest/${name}/status`

/** What an ingest of a group subscribes to: every rig's up, clock and status. */
export const groupFilters = (group: string): string[] =>
  ['up', 'clock', 'status'].map((topic) => `${prefix}/${group}/+/${topic}`)

export type ParsedTopic =
  | { type: RigTopic; group: string; rig: string }
  | { type: 'ingest_status'; name: string }
  | undefined

/** Takes a topic apart; undefined if it is none of Rigline's. */
export function parseTopic(topic: string): ParsedTopic {
  const parts = topic.split('/')
  if (parts.length !== 5 || parts[0] !== 'rigline' || parts[1] !== 'v1') return undefined
  const [, , group, rig, type] = parts as [string, string, string, string, string]
  if (group === 'ingest') return type === 'status' && isName(rig) ? { type: 'ingest_status', name: rig } : undefined
  if (!isName(group) || !isRigName(rig) || !rigTopics.includes(type)) return undefined
  return { type: type as RigTopic, group, rig }
}

/**
 * Names of rigs, groups, streams and sites: letters and digits of any script, '-', '_' and '.', 1 to 64 characters,
 * beginning with a letter or digit, so that they are safe in topics, in file names and as InfluxDB tags.
 */
export const isName = (name: string): boolean => /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{0,63}$/u.test(name)

/** `ingest` is the name under which ingest's own envelopes are numbered: runs, rig history, removals. */
export const ownRig = 'ingest'

export const isRigName = (name: string): boolean => isName(name) && name !== ownRig

export const nameRule = 'letters, digits, "-", "_" and ".", 1 to 64 of them, the first a letter or digit'
