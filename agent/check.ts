import { createClock } from '../common/clock.ts'
import { loadConfigHere } from '../common/config.ts'
import { UsageError } from '../common/failure.ts'
import { createLog } from '../common/log.ts'
import type { Channel, Schema } from '../protos/types.ts'
import { agentConfig } from './config.ts'
import type { Row, Value } from './sources/source.ts'
import { openSource, type SourceConfig } from './sources/table.ts'

interface StreamSeen {
  rows: number
  present: number[]
  newest: Value[]
  lastNs?: bigint
  fellBack: number
  outOfRange: number[]
}

/** Runs every source for some seconds without publishing and prints what it read; exit code 1 if one read nothing. */
export async function checkSources(file: string, secondsText: string): Promise<void> {
  const seconds = Number(secondsText)
  if (!(seconds > 0 && seconds <= 3600))
    throw new UsageError(`--seconds ${secondsText}: expected a number from 0 to 3600`)
  const config = loadConfigHere(agentConfig, file)
  const results = await Promise.all(config.sources.map((source) => checkSource(source, '.', seconds)))
  process.stdout.write(`${results.map(({ text }) => text).join('\n')}\n`)
  process.exit(results.every(({ good }) => good) ? 0 : 1)
}

async function checkSource(
  config: SourceConfig,
  folder: string,
  seconds: number,
): Promise<{ text: string; good: boolean }> {
  const name = config.name ?? config.type
  const clock = createClock()
  const source = await openSource(config, { name, log: createLog(name), nowNs: clock.nowNs, folder })
  const seen = source.streams.map<StreamSeen>(({ channels }) => ({
    rows: 0,
    present: channels.map(() => 0),
    newest: channels.map(() => null),
    fellBack: 0,
    outOfRange: channels.map(() => 0),
  }))
  const stop = new AbortController()
  const timeout = setTimeout(() => stop.abort(), seconds * 1000)
  const startedMs = performance.now()
  let failure = ''
  let events = 0
  try {
    for await (const { rows, events: told = [] } of source.rows(stop.signal)) {
      events += told.length
      for (const row of rows) look(row, source.streams[row.stream]!, seen[row.stream]!, clock.nowNs())
      if (stop.signal.aborted) break
    }
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  }
  clearTimeout(timeout)
  const tookS = (performance.now() - startedMs) / 1000
  const health = source.health()
  await source.close()
  const lines = [
    `${name} (${config.type}): ${failure ? `failed: ${failure}` : health.state}${health.detail ? `, ${health.detail}` : ''}`,
    ...source.streams.flatMap((stream, i) => describeStream(stream, seen[i]!, tookS)),
    ...(events > 0 ? [`  ${events} markers`] : []),
    ...(health.badLines > 0 ? [`  ${health.badLines} lines could not be read, such as:`] : []),
    ...health.badLineSamples.slice(0, 3).map((line) => `    ${line}`),
  ]
  return { text: lines.join('\n'), good: failure === '' && (events > 0 || seen.some(({ rows }) => rows > 0)) }
}

function look(row: Row, schema: Schema, seen: StreamSeen, nowNs: bigint): void {
  seen.rows++
  const timeNs = row.timeNs ?? nowNs
  if (seen.lastNs !== undefined && timeNs <= seen.lastNs) seen.fellBack++
  seen.lastNs = timeNs
  schema.channels.forEach((channel, i) => {
    const value = row.values[i] ?? null
    if (value === null) return
    seen.present[i]!++
    seen.newest[i] = value
    const physical = physicalOf(channel, value)
    if (physical < (channel.min ?? -Infinity) || physical > (channel.max ?? Infinity)) seen.outOfRange[i]!++
  })
}

const physicalOf = (channel: Channel, value: NonNullable<Value>): number =>
  typeof value === 'number' || typeof value === 'bigint'
    ? Number(value) * (channel.gain ?? 1) + (channel.offset ?? 0)
    : Number.NaN

function describeStream(schema: Schema, seen: StreamSeen, tookS: number): string[] {
  const nominal = schema.period ? `, nominal ${(1e9 * Number(schema.period.den)) / Number(schema.period.num)} Hz` : ''
  const newest = seen.lastNs === undefined ? '' : `, newest ${new Date(Number(seen.lastNs / 1_000_000n)).toISOString()}`
  const fellBack = seen.fellBack > 0 ? `, ${seen.fellBack} rows whose time does not rise` : ''
  return [
    `  ${schema.stream}: ${seen.rows} rows, ${(seen.rows / tookS).toFixed(1)} a second${nominal}${newest}${fellBack}`,
    ...schema.channels.map((channel, i) => {
      const value = seen.newest[i] ?? null
      const shown =
        value === null
          ? 'no value'
          : typeof value === 'string' || typeof value === 'boolean'
            ? String(value)
            : String(physicalOf(channel, value))
      const missing = seen.rows - seen.present[i]!
      const notes = [
        ...(missing > 0 ? [`${missing} missing`] : []),
        ...(seen.outOfRange[i]! > 0
          ? [`${seen.outOfRange[i]} out of range ${channel.min ?? ''}..${channel.max ?? ''}`]
          : []),
      ]
      return `    ${channel.name.padEnd(28)} ${shown} ${channel.unit ?? ''}${notes.length > 0 ? `  (${notes.join(', ')})` : ''}`
    }),
  ]
}
