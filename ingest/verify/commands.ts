import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import * as z from 'zod'
import { loadConfigHere } from '../../common/config.ts'
import { UsageError } from '../../common/failure.ts'
import { parseRelativeTime } from '../../common/relative-time.ts'
import { createProgressLine } from '../progress-line.ts'
import { influxConfig } from '../sinks/influx/config.ts'

interface Options {
  config?: string
  data?: string
  rig?: string
  from?: string
  to?: string
  json?: boolean
}

/** Of ingest.yaml, or the section `ingest` of rigline.yaml: what verify needs of it. */
const section = z.looseObject({ data: z.string().default('./ingest-data'), influx: influxConfig.optional() })
const anyConfig = z.looseObject({ ingest: section.optional(), ...section.shape })

/** `rigline verify`. Exit code 0: all agrees; 1: it does not; 2: a mistake in the arguments; 3: all agrees, and InfluxDB is still owed rows. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description(
      'show that nothing is lost or there twice: numbers, journal, lake, InfluxDB; exit code 1 if not, 3 while InfluxDB is refilled from the lake',
    )
    .option('-c, --config <file>', "ingest's configuration, or that of `up`; names the data folder and InfluxDB")
    .option('-d, --data <folder>', "ingest's data folder, without InfluxDB")
    .option('-r, --rig <name>', 'this rig alone')
    .option(
      '--from <time>',
      'readings from this time on: 2026-01-31T12:00:00Z, ns since 1970, or back from now: -30s, -2h',
    )
    .option('--to <time>', 'readings before this time')
    .option('--json', 'print the whole report as JSON')
    .action(async (options: Options) => {
      const { dataFolder, influx } = where(options)
      const nowNs = BigInt(Date.now()) * 1_000_000n
      const fromNs = options.from === undefined ? undefined : parseTime('--from', options.from, nowNs)
      const toNs = options.to === undefined ? undefined : parseTime('--to', options.to, nowNs)
      if (fromNs !== undefined && toNs !== undefined && fromNs >= toNs) {
        const what = fromNs === toNs ? 'and --to are the same time' : 'is not before --to'
        throw new UsageError(`--from ${options.from} --to ${options.to}: --from ${what}`)
      }
      const { requireCatalog } = await import('../catalog/check-catalog.ts')
      requireCatalog(dataFolder)
      if (!existsSync(join(dataFolder, 'catalog.sqlite'))) {
        throw new UsageError(
          `${resolve(dataFolder)} is no data folder of an ingest: it ${existsSync(dataFolder) ? 'has no catalog.sqlite' : 'is not there'}; name one with --data. If it was lost, start ingest: agents bring again what they still hold`,
        )
      }
      const { verify } = await import('./verify.ts')
      const { printReport } = await import('./print-report.ts')
      const line = createProgressLine()
      const report = await verify({ dataFolder, rig: options.rig, fromNs, toNs, influx, onProgress: line.say }).finally(
        line.end,
      )
      process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : printReport(report))
      process.exitCode = !report.agree ? 1 : (report.influx?.owedRows ?? 0) > 0 ? 3 : 0
    })
}

function where({ config, data }: Options) {
  if (config !== undefined && data !== undefined) throw new UsageError('give --config or --data, not both')
  if (data !== undefined) return { dataFolder: data, influx: undefined }
  const file = config ?? process.env.RIGLINE_CONFIG ?? 'ingest.yaml'
  const found = loadConfigHere(anyConfig, file)
  const { data: dataFolder, influx } = found.ingest ?? found
  return { dataFolder, influx }
}

/** ns since 1970 UTC. Throws UsageError. */
export function parseTime(option: string, text: string, nowNs = 0n): bigint {
  const relative = parseRelativeTime(text, nowNs)
  if (relative !== undefined) return relative
  if (/^-?\d{10,}$/.test(text)) return BigInt(text)
  const match = /^(.*?[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/.exec(text)
  const ms = Date.parse(match ? `${match[1]}${match[3] ?? 'Z'}` : text)
  if (Number.isNaN(ms)) {
    throw new UsageError(
      `${option} ${text} is no time: write 2026-01-31, 2026-01-31T12:00:00.5Z, ns since 1970, now, or back from now (-30s, -2h)`,
    )
  }
  return BigInt(ms) * 1_000_000n + BigInt((match?.[2] ?? '').padEnd(9, '0'))
}
