import { nearest } from '../../common/nearest.ts'
import type { Channel, Schema } from '../../protos/types.ts'
import { createColumnNames, type LakeColumn, type LakeKind, lakeKind } from '../sinks/lake/lake-columns.ts'
import { type ChannelFacts, HistoryError } from './types.ts'

// The channels of an answer, united over all that it is read from.

export interface AnswerColumn {
  channel: string
  kind: Exclude<LakeKind, 'raw'>
  facts: ChannelFacts
}

/** What has rows: a file, or batches of the journal. */
export interface Described {
  columns: readonly Pick<LakeColumn, 'channel' | 'kind'>[]
  schemas: readonly Schema[]
}

/**
 * `sources`: oldest first. `schemas`: of the stream, newest first, for channels that are known and have no rows here. Throws HistoryError for a
 * channel that is not known.
 */
export function chooseChannels(
  sources: readonly Described[],
  schemas: readonly Schema[],
  wanted: readonly string[] | undefined,
): AnswerColumn[] {
  const found = new Map<string, { channel: string; kind: AnswerColumn['kind'] }>()
  const seen = new Set<unknown>()
  const add = (columns: Described['columns']) => {
    if (seen.has(columns)) return
    seen.add(columns)
    for (const { channel, kind } of columns) {
      if (kind === 'raw') continue
      const key = `${kind} ${channel}`
      if (!found.has(key)) found.set(key, { channel, kind })
    }
  }
  for (const { columns } of sources) add(columns)
  const newest = [...uniqueNewestFirst(sources), ...schemas]
  if (sources.length === 0 && schemas[0]) add(columnsOf(schemas[0]))
  if (wanted) {
    for (const name of wanted) {
      if ([...found.values()].some(({ channel }) => channel === name)) continue
      const schema = newest.find(({ channels }) => channels.some((channel) => channel.name === name))
      if (!schema) throw unknownChannel(name, found.values(), newest)
      add(columnsOf(schema).filter(({ channel }) => channel === name))
    }
  }
  const all = [...found.values()]
  const chosen = wanted ? [...new Set(wanted)].flatMap((name) => all.filter(({ channel }) => channel === name)) : all
  const take = createColumnNames()
  const definitions = indexDefinitions(newest)
  return chosen.map(({ channel, kind }) => ({
    channel,
    kind,
    facts: describe(definitions.get(`${kind} ${channel}`), channel, kind, take(channel, kind)),
  }))
}

export const columnsOf = ({ channels }: Schema): { channel: string; kind: LakeKind }[] =>
  channels.map((channel) => ({ channel: channel.name, kind: lakeKind(channel) }))

function uniqueNewestFirst(sources: readonly Described[]): Schema[] {
  const lists = new Set<readonly Schema[]>()
  for (const { schemas } of sources) {
    lists.delete(schemas)
    lists.add(schemas)
  }
  return [...lists].reverse().flat()
}

function indexDefinitions(newest: readonly Schema[]): Map<string, Channel> {
  const definitions = new Map<string, Channel>()
  for (const { channels } of newest) {
    for (const channel of channels) {
      const key = `${lakeKind(channel)} ${channel.name}`
      if (!definitions.has(key)) definitions.set(key, channel)
    }
  }
  return definitions
}

const describe = (
  channel: Channel | undefined,
  name: string,
  kind: AnswerColumn['kind'],
  column: string,
): ChannelFacts => ({
  name,
  column,
  kind: kind === 'scaled' ? 'f64' : kind,
  unit: channel?.unit ?? '',
  code: channel?.code ?? '',
  description: channel?.description ?? '',
  ...(channel?.min === undefined ? {} : { min: channel.min }),
  ...(channel?.max === undefined ? {} : { max: channel.max }),
})

function unknownChannel(name: string, found: Iterable<{ channel: string }>, schemas: readonly Schema[]): HistoryError {
  const names = [
    ...[...found].map(({ channel }) => channel),
    ...schemas.flatMap((schema) => schema.channels.map((c) => c.name)),
  ]
  const near = nearest(name, names)
  return new HistoryError(
    404,
    `there is no channel ${JSON.stringify(name)} in this stream${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`,
  )
}
