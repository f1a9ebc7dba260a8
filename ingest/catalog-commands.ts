import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import * as z from 'zod'
import { loadConfigHere } from '../common/config.ts'
import { UsageError } from '../common/failure.ts'
import { createProgressLine } from './progress-line.ts'
import type { Rebuilt } from './rebuild/rebuild.ts'

interface Options {
  config?: string
  data?: string
  json?: boolean
  quiet?: boolean
}

/** Of ingest.yaml, or the section `ingest` of rigline.yaml: what is needed of it. */
const section = z.looseObject({ data: z.string().default('./ingest-data'), parkBytesMax: z.number().optional() })
const anyConfig = z.looseObject({ ingest: section.optional(), ...section.shape })

/** `rigline catalog`. */
export function addCatalogCommands(program: Command): void {
  program
    .command('catalog')
    .description('what ingest knows of its journal and lake: make it anew when it is lost or damaged')
    .command('rebuild')
    .description(
      'make catalog.sqlite anew from journal and lake, while ingest is stopped; the old one is kept beside it',
    )
    .option('-c, --config <file>', "ingest's configuration, or that of `up`; names the data folder")
    .option('-d, --data <folder>', "ingest's data folder")
    .option('--json', 'print what was done as JSON')
    .option('--quiet', 'no progress')
    .action(async (options: Options) => {
      const { dataFolder, parkBytesMax } = where(options)
      if (!existsSync(dataFolder)) throw new UsageError(`${dataFolder}: there is no such folder; name one with --data`)
      const { rebuildCatalog } = await import('./rebuild/rebuild.ts')
      const { createLog } = await import('../common/log.ts')
      const line = createProgressLine()
      const onProgress = (done: string) => (options.quiet ? undefined : line.say(() => done))
      const rebuilt = await rebuildCatalog({ dataFolder, parkBytesMax, onProgress, log: createLog('catalog') }).finally(
        line.end,
      )
      process.stdout.write(options.json ? `${JSON.stringify(rebuilt, undefined, 2)}\n` : describe(rebuilt))
    })
}

function where({ config, data }: Options): { dataFolder: string; parkBytesMax: number | undefined } {
  if (config !== undefined && data !== undefined) throw new UsageError('give --config or --data, not both')
  if (data !== undefined) return { dataFolder: data, parkBytesMax: undefined }
  const found = loadConfigHere(anyConfig, config ?? process.env.RIGLINE_CONFIG ?? 'ingest.yaml')
  const { data: dataFolder, parkBytesMax } = found.ingest ?? found
  return { dataFolder, parkBytesMax }
}

function describe(rebuilt: Rebuilt): string {
  const { files, records, spools, runs, schemas, seconds, keptAs } = rebuilt
  const counts: [count: number, what: string][] = [
    [rebuilt.removed, 'files were removed by retention, as Gaps say'],
    [rebuilt.again, 'half-written files will be written again from the journal'],
    [
      rebuilt.aside,
      'half-written files of what had waited for its schema are renamed to *.incomplete: their numbers count as not here',
    ],
    [rebuilt.parked, 'envelopes wait for their schema again'],
    [rebuilt.owed, 'parts of the journal are owed to InfluxDB, as the old catalog said'],
    [rebuilt.lost, 'envelopes that the old catalog knew are nowhere: ingest asks for them again, or declares them'],
    [rebuilt.damagedBytes, 'bytes of the journal hold nothing that can be read'],
    [rebuilt.unaccounted, 'envelopes of the journal are in no book of the lake: their numbers count as not here'],
    [rebuilt.unreadable.length, `files cannot be read: ${some(rebuilt.unreadable)}`],
    [rebuilt.missing.length, `files are not there and no Gap says so: ${some(rebuilt.missing)}`],
  ]
  return [
    `catalog.sqlite is made from ${files} files of the lake and ${records} records of the journal in ${seconds.toFixed(1)} s: ${spools} spools, ${runs} runs, ${schemas} schemas`,
    ...counts.filter(([count]) => count > 0).map(([count, what]) => `  ${count} ${what}`),
    ...(keptAs === undefined ? [] : [`  the old one is ${keptAs}`]),
    'Start ingest. InfluxDB gets again what the journal has; what it lacks of before: "rigline refill influx".',
    '',
  ].join('\n')
}

const some = (paths: readonly string[]): string => `${paths.slice(0, 5).join(', ')}${paths.length > 5 ? ', ...' : ''}`
