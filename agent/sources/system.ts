import { stat } from 'node:fs/promises'
import { parse, resolve } from 'node:path'
import * as z from 'zod'
import { isName, nameRule } from '../../protos/topics.ts'
import type { Schema } from '../../protos/types.ts'
import { sleep } from './replay/pace.ts'
import type { OpenSource, RowChunk, Source, SourceContext } from './source.ts'
import {
  createDiskMeasure,
  createLoadMeasure,
  createMemoryMeasure,
  createNetworkMeasure,
  createProcessorMeasure,
  createSpaceMeasure,
  createTemperatureMeasure,
  type Machine,
  type Measure,
  thisMachine,
} from './system/measures.ts'

// This machine as a rig: any computer can be watched. Linux tells everything; elsewhere what Node knows.

export const systemConfig = z.strictObject({
  type: z.literal('system').describe('This machine: processor, memory, disk, network, temperatures.'),
  name: z
    .string()
    .refine(isName, { error: `a name of ${nameRule}` })
    .optional()
    .describe('Name of the source; by default its type.'),
  prefix: z
    .string()
    .default('')
    .refine((prefix) => isName(`${prefix}system`), { error: `expected the beginning of a name (${nameRule})` })
    .describe('Put in front of the name of the stream, "system".'),
  periodS: z.number().min(0.1).max(3600).default(1).describe('Seconds from reading to reading.'),
  path: z
    .string()
    .min(1)
    .optional()
    .describe('A folder on the disk whose used and free bytes are measured; by default the root of the system disk.'),
  interfaces: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Network interfaces whose bytes are counted (Linux); by default all that are hardware.'),
})

export type SystemConfig = z.infer<typeof systemConfig>

/** Throws if the path is not there, or none of the interfaces. */
export const openSystem: OpenSource<SystemConfig> = (config, context) => openMachine(config, context, thisMachine)

/** Rates need two readings: the first row comes this long after the start, ms, or a period if that is shorter. */
const firstMs = 500

export async function openMachine(config: SystemConfig, context: SourceContext, machine: Machine): Promise<Source> {
  const path = config.path === undefined ? parse(process.cwd()).root : resolve(context.folder, config.path)
  await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`system "${context.name}": path ${path} cannot be measured: ${cause.message}`, { cause })
  })
  const network = createNetworkMeasure(machine, config.interfaces)
  if (config.interfaces && !network && machine.platform === 'linux') {
    throw new Error(`system "${context.name}": there is no network interface ${config.interfaces.join(', ')}`)
  }
  const space = createSpaceMeasure(path)
  const parts: Record<string, Measure | undefined> = {
    processor: createProcessorMeasure(machine),
    'load average': createLoadMeasure(machine),
    memory: createMemoryMeasure(machine),
    'disk space': space,
    'disk traffic': createDiskMeasure(machine),
    'network traffic': network,
    temperatures: createTemperatureMeasure(machine),
  }
  const measures = Object.values(parts).filter((measure) => measure !== undefined)
  const missing = Object.keys(parts).filter((name) => !parts[name])
  const channels = measures.flatMap((measure) => measure.channels)
  const stream: Schema = {
    stream: `${config.prefix}system`,
    channels,
    period: { num: BigInt(Math.round(config.periodS * 1e9)), den: 1n },
    source: 'system',
  }
  const readAll = () => {
    const nowS = performance.now() / 1000
    return measures.flatMap((measure) => measure.read(nowS))
  }

  async function* rows(signal: AbortSignal): AsyncGenerator<RowChunk> {
    const periodMs = config.periodS * 1000
    readAll()
    let dueMs = performance.now() + Math.min(firstMs, periodMs)
    while (!signal.aborted) {
      await sleep(dueMs - performance.now(), signal)
      await space.refresh()
      if (signal.aborted) return
      yield { rows: [{ stream: 0, timeNs: context.nowNs(), values: readAll() }] }
      // What was slept through can't be measured any more: on with the next that is due.
      const periods = Math.floor((performance.now() - dueMs) / periodMs) + 1
      dueMs += Math.max(1, periods) * periodMs
    }
  }

  const health = () => {
    const problem = space.problem()
    const details = [
      `${channels.length} channels every ${config.periodS} s`,
      ...(missing.length > 0 ? [`not measured here: ${missing.join(', ')}`] : []),
      ...(problem ? [problem] : []),
    ]
    return { state: 'running' as const, badLines: 0, badLineSamples: [], detail: details.join('; ') }
  }
  return { streams: [stream], rows, health, async close() {} }
}
