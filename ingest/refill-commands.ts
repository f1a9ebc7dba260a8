import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import * as z from 'zod'
import { loadConfigHere } from '../common/config.ts'
import { UsageError } from '../common/failure.ts'
import { createRefillProgress } from './refill/progress.ts'
import { influxConfig } from './sinks/influx/config.ts'
import { parseTime } from './verify/commands.ts'

interface Options {
  config?: string
  from: string
  to: string
  rig?: string
  stream?: string
  timeout: string
  json?: boolean
}

/** Of ingest.yaml, or the section `ingest` of rigline.yaml: what a refill needs of it. */
const section = z.looseObject({
  data: z.string().default('./ingest-data'),
  influx: influxConfig.optional(),
  quarantineBytesMax: z.int().optional(),
})
const notInLake =
  'the newest rows are in the journal alone and were not written; if InfluxDB lost some of these, run the same again when the lake has them (journal.segmentAgeMaxS, a minute)'
const anyConfig = z.looseObject({ ingest: section.optional(), ...section.shape })

/** `rigline refill`. Exit code 0: all of it is in InfluxDB; 1: not all; 2: a mistake in the arguments. */
export function addRefillCommand(program: Command): void {
  const refill = program.command('refill').description('write to a store again what the lake has')
  refill
    .command('influx')
    .description('write a span of time of the lake to InfluxDB: what is there already stays as it is')
    .option('-c, --config <file>', "ingest's configuration, or that of `up`; names the data folder and InfluxDB")
    .requiredOption(
      '--from <time>',
      'readings from this time on: 2026-01-31T12:00:00Z, ns since 1970, or back from now: -30s, -2h',
    )
    .option('--to <time>', 'readings before this time', 'now')
    .option('-r, --rig <name>', 'of this rig alone')
    .option('-s, --stream <name>', 'this stream alone; without it events, Gaps and health are written too')
    .option('--timeout <seconds>', 'give up when InfluxDB has not answered for so long', '60')
    .option('--json', 'print what was written as JSON')
    .action(async (options: Options) => {
      const { rig, stream } = options
      const nowNs = BigInt(Date.now()) * 1_000_000n
      const fromNs = parseTime('--from', options.from, nowNs)
      const toNs = parseTime('--to', options.to, nowNs)
      if (fromNs >= toNs) throw new UsageError(`--from ${options.from} --to ${options.to}: --from is not before --to`)
      const timeoutS = Number(options.timeout)
      if (!(timeoutS > 0 && timeoutS <= 604_800))
        throw new UsageError(`--timeout ${options.timeout}: seconds, from above 0 up to 604800 (a week)`)
      const { dataFolder, influx, quarantineBytesMax } = where(options.config)
      const stop = new AbortController()
      const said = 'what was written is in InfluxDB; to write the rest run the same again'
      process.once('SIGINT', () => stop.abort(new Error(`stopped by Ctrl-C: ${said}`)))
      process.once('SIGTERM', () => stop.abort(new Error(`stopped: ${said}`)))
      const progress = createRefillProgress()
      const { refillSpan } = await import('./refill/refill-span.ts')
      const { isLakeBehind } = await import('./refill/lake-behind.ts')
      try {
        const result = await refillSpan({
          ...{ dataFolder, influx, quarantineBytesMax, rig, stream, fromNs, toNs },
          waitMsMax: timeoutS * 1000,
          signal: stop.signal,
          onProgress: progress.now,
        })
        progress.end(result)
        if (await isLakeBehind(dataFolder)) process.stderr.write(`refill: ${notInLake}\n`)
        if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)
        for (const message of result.unreadable.slice(0, 20)) process.stderr.write(`refill: ${message}\n`)
        if (result.refused + result.unreadable.length > 0) process.exitCode = 1
      } catch (error) {
        progress.clear()
        throw error
      }
    })
}

function where(config: string | undefined) {
  const file = config ?? process.env.RIGLINE_CONFIG ?? 'ingest.yaml'
  const found = loadConfigHere(anyConfig, file)
  const { data: dataFolder, influx, quarantineBytesMax } = found.ingest ?? found
  if (!influx) throw new UsageError(`${file} names no InfluxDB: there is no section influx`)
  if (!existsSync(join(dataFolder, 'catalog.sqlite')))
    throw new UsageError(`${dataFolder} is no data folder of an ingest: it has no catalog.sqlite; see data in ${file}`)
  return { dataFolder, influx, quarantineBytesMax }
}
