import type { Command } from 'commander'
import { UsageError } from '../common/failure.ts'
import type { ApiServer } from './api-client.ts'
import { fixTime } from './export-commands.ts'
import type { Completeness } from './history/completeness/report.ts'
import type { ReportComing } from './http/answers-completeness.ts'
import type { RunReport } from './reports.ts'

interface Options {
  run?: string
  rig?: string[]
  from?: string
  to?: string
  stream?: string[]
  fresh?: boolean
  json?: boolean
  url?: string
  token?: string
}

/** `rigline completeness`. Exit code 0: complete, or Gaps say what is not there; 1: incomplete, or nothing there; 2: a mistake. */
export function addCompletenessCommand(program: Command): void {
  program
    .command('completeness')
    .description('what is there of a run or a time: delivered, stored, Gaps, holes, rates, clocks, faulty channels')
    .option('--run <name>', 'of this run: the report that was made when it ended')
    .option('--rig <name...>', 'of these rigs')
    .option(
      '--from <time>',
      'included: 2026-11-21T09:00:00Z, or back from now: -90s, -15m, -2h, -7d (default: an hour before --to)',
    )
    .option('--to <time>', 'not included (default: now)')
    .option('--stream <name...>', 'these streams; all of them if left out')
    .option('--fresh', 'make the report of the run anew, also while it goes on')
    .option('--json', 'print the whole report as JSON')
    .option('--url <url>', 'the ingest (default: RIGLINE_URL or http://127.0.0.1:8686)')
    .option('--token <token>', 'a token of any role (default: RIGLINE_TOKEN)')
    .action(async (options: Options) => {
      const { run, rig, from, to, stream, fresh } = options
      if ((run === undefined) === (rig === undefined)) {
        throw new UsageError('name what to look at: --run NAME, or --rig NAME with --from and --to')
      }
      if (run !== undefined && (from ?? to ?? stream) !== undefined) {
        throw new UsageError('--run has its own time and all its streams: leave out --from, --to and --stream')
      }
      if (run === undefined && fresh)
        throw new UsageError('--fresh goes with --run: of a time, the report is always new')
      const { apiServer, ApiError } = await import('./api-client.ts')
      const { printCompleteness } = await import('./completeness/print.ts')
      const server = apiServer(options)
      try {
        const report = run === undefined ? await ofSpan(server, options) : await ofRun(server, run, fresh === true)
        process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : printCompleteness(report))
        process.exitCode = report.verdict === 'complete' || report.verdict === 'gaps_declared' ? 0 : 1
      } catch (error) {
        if (error instanceof ApiError && (error.status === 400 || error.status === 404)) {
          throw new UsageError(error.message)
        }
        throw error
      }
    })
}

async function ofSpan(server: ApiServer, { rig = [], from, to, stream = [] }: Options): Promise<Completeness> {
  const { askApi } = await import('./api-client.ts')
  const nowMs = Date.now()
  const query = new URLSearchParams()
  for (const one of rig) query.append('rig', one)
  for (const one of stream) query.append('stream', one)
  const times = { from: fixTime(from, nowMs), to: fixTime(to, nowMs) }
  for (const [key, time] of Object.entries(times)) if (time !== undefined) query.set(key, time)
  return await askApi<Completeness>(server, `/v1/completeness?${query}`)
}

const askEveryMs = 1000
/** A report that is still not made then is one to come back for. */
const waitMsMax = 120_000

async function ofRun(server: ApiServer, run: string, fresh: boolean): Promise<RunReport> {
  const { askApi } = await import('./api-client.ts')
  const path = `/v1/runs/${encodeURIComponent(run)}/completeness${fresh ? '?fresh=true' : ''}`
  const until = performance.now() + waitMsMax
  for (let told = false; ; told = true) {
    const answer = await askApi<RunReport | ReportComing>(server, path)
    if (!('state' in answer)) return answer
    if (performance.now() > until) {
      throw new Error(
        `the report on run ${run} is not made yet; ask again later, or with --fresh for one of what is there`,
      )
    }
    if (!told) process.stderr.write('the run has ended just now: waiting for its report\n')
    await new Promise((resolve) => setTimeout(resolve, askEveryMs))
  }
}
