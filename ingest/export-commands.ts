import type { Command } from 'commander'
import { UsageError } from '../common/failure.ts'
import { formats } from './history/types.ts'

interface Options {
  rig?: string[]
  run?: string
  stream?: string[]
  channel?: string[]
  from?: string
  to?: string
  format: string
  out?: string
  url?: string
  token?: string
  json?: boolean
}

/** `rigline export`. */
export function addExportCommand(program: Command): void {
  program
    .command('export')
    .description('save readings at full rate to Parquet, CSV or Arrow files, or to standard output')
    .option('--rig <name...>', 'of these rigs')
    .option('--run <name>', 'of this run: its rigs and its time, every stream')
    .option('--stream <name...>', 'these streams; all of them if left out')
    .option('--channel <name...>', 'these channels; all of them if left out')
    .option(
      '--from <time>',
      'included: 2026-11-21T09:00:00Z, or back from now: -90s, -15m, -2h, -7d (default: an hour before --to)',
    )
    .option('--to <time>', 'not included (default: now)')
    .option('--format <format>', formats.filter((format) => format !== 'json').join(', '), 'parquet')
    .option('-o, --out <file>', 'file; folder if it ends in "/"; "-" for standard output')
    .option('--url <url>', 'the ingest (default: RIGLINE_URL or http://127.0.0.1:8686)')
    .option('--token <token>', 'a token of the role researcher (default: RIGLINE_TOKEN)')
    .option('--json', 'say at the end what was written, as JSON on standard output')
    .action(async (options: Options) => {
      const { rig = [], run, stream = [], channel = [], from, to, out } = options
      if (rig.length === 0 && run === undefined) throw new UsageError('name what to export: --rig NAME or --run NAME')
      const format = formats.find((known) => known === options.format)
      if (format === undefined) throw new UsageError(`--format ${options.format}: expected ${formats.join(', ')}`)
      if (options.json && out === '-')
        throw new UsageError('--json and --out - both want standard output: leave one out')
      const { apiServer } = await import('./api-client.ts')
      const { exportReadings } = await import('./export/export.ts')
      const stop = new AbortController()
      process.once('SIGINT', () => stop.abort(new Error('stopped by Ctrl-C: no file is left half written')))
      process.once('SIGTERM', () => stop.abort(new Error('stopped: no file is left half written')))
      const nowMs = Date.now()
      const what = {
        rigs: rig,
        run,
        streams: stream,
        channels: channel,
        // A time back from now means the same in every request.
        from: fixTime(from, nowMs),
        to: fixTime(to ?? (run === undefined ? 'now' : undefined), nowMs),
        format,
      }
      const exported = await exportReadings(apiServer(options), what, out, stop.signal)
      if (options.json) process.stdout.write(`${JSON.stringify(exported)}\n`)
    })
}

const unitsMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** "now" and "-15m" -> a time; others as they are: ingest says what is wrong with them. */
export function fixTime(text: string | undefined, nowMs: number): string | undefined {
  if (text === 'now') return new Date(nowMs).toISOString()
  const back = /^-(\d{1,9})(ms|s|m|h|d)$/.exec(text ?? '')
  return back ? new Date(nowMs - Number(back[1]) * unitsMs[back[2]!]!).toISOString() : text
}
