import { type Command, Option } from 'commander'
import { UsageError } from '../common/failure.ts'
import type { MarkerAnswer, MarkersAnswer, RunAnswer, RunsAnswer } from './http/answers-runs.ts'

// `rigline run start | stop | mark | correct | list | show`: runs, by the API of an ingest.

const factKeys = ['operator', 'subject', 'cabin', 'firmware', 'calibrations', 'tags', 'description']

const times = `
Times are ISO 8601 with an offset (2026-05-01T12:00:00+09:00), ns since 1970, now, or back from now (-90s, -15m, -2h).`

interface ServerOptions {
  url?: string
  token?: string
  json?: boolean
}

interface Entered {
  why?: string
  onBehalfOf?: string
}

interface Facts {
  operator?: string
  subject?: string
  cabin?: string
  firmware?: string
  calibration?: string[]
  tag?: string[]
  description?: string
}

/** `rigline run`. */
export function addRunCommands(program: Command): void {
  const run = program
    .command('run')
    .description(
      'runs and markers of an ingest: start, stop, mark, correct, list, show (on a rig itself: "rigline agent run")',
    )
  const command = (name: string, description: string) =>
    run
      .command(name)
      .description(description)
      .option('--url <url>', 'the ingest (default: RIGLINE_URL or http://127.0.0.1:8686)')
      .option('--token <token>', 'a token (default: RIGLINE_TOKEN)')
      .option('--json', 'print the answer as JSON')
      .addHelpText('after', times)
  const entering = (name: string, description: string) =>
    command(name, description)
      .option('--why <text>', 'why, in words')
      .option('--on-behalf-of <person>', 'the person for whom it is entered')

  addStart(entering)
  named(entering('stop', 'stop a run for all its rigs'))
    .option('--at <time>', 'when; absent: now')
    .action(async (run: string | undefined, options: ServerOptions & Named & Entered & { at?: string }) => {
      const path = `${pathOf(nameOf(run, options))}/stop`
      await send<RunAnswer>(options, path, { at: options.at, ...entered(options) }, printRun)
    })
  addMark(entering)
  addCorrect(entering)
  addReading(command)
}

type Make = (name: string, description: string) => Command

const withFacts = (command: Command): Command =>
  command
    .option('--operator <who>', 'who runs it')
    .option('--subject <pseudonym>', 'who is in it: a pseudonym, never a name')
    .option('--cabin <cabin>', 'the cabin or the set-up')
    .option('--firmware <version>', "the bench's firmware")
    .option('--calibration <id...>', 'calibrations in force')
    .option('--tag <tag...>', 'tags')
    .option('--description <text>', 'what it is about')

const factsOf = ({ operator, subject, cabin, firmware, calibration, tag, description }: Facts) => ({
  ...{ operator, subject, cabin, firmware, description },
  ...{ calibrations: calibration, tags: tag },
})

const entered = ({ why, onBehalfOf }: Entered) => ({ why, onBehalfOf })

interface Named {
  run?: string
}

/** Which run: `--run NAME` as everywhere, or its bare name. */
const named = (command: Command): Command =>
  command.argument('[run]', 'the same as --run').option('--run <name>', 'which run')

function nameOf(bare: string | undefined, { run }: Named): string {
  if (bare !== undefined && run !== undefined) {
    throw new UsageError(`"${bare}" and --run ${run}: name the run once, with --run`)
  }
  const name = run ?? bare
  if (name === undefined) throw new UsageError('which run? name it with --run NAME; "rigline run list" lists them')
  return name
}

const pathOf = (run: string): string => `/v1/runs/${encodeURIComponent(run)}`

function addStart(entering: Make): void {
  withFacts(entering('start', 'start a run, or enter one that is over; prints it'))
    .requiredOption('--rig <rig...>', 'the rigs that take part')
    .option('--run <name>', 'its name; absent: one is drawn')
    .option('--from <time>', 'when; absent: now')
    .option('--to <time>', 'until when, if it is over already')
    .action(
      async (
        options: ServerOptions & Entered & Facts & { rig: string[]; run?: string; from?: string; to?: string },
      ) => {
        const { rig: rigs, run, from, to } = options
        const body = { run, rigs, from, to, facts: factsOf(options), ...entered(options) }
        await send<RunAnswer>(options, '/v1/runs', body, printRun)
      },
    )
}

function addMark(entering: Make): void {
  entering('mark <label>', 'mark a moment or an interval of a run')
    .requiredOption('--run <name>', 'which run')
    .option('--from <time>', 'when; absent: now')
    .option('--to <time>', 'until when: an interval')
    .option('--rig <rig...>', 'of these rigs; absent: of all')
    .option('--marker <name>', 'its name; absent: one is drawn')
    .action(
      async (
        label: string,
        options: ServerOptions & Entered & { run: string; from?: string; to?: string; rig?: string[]; marker?: string },
      ) => {
        const { run, from, to, rig: rigs, marker } = options
        const body = { marker, label, rigs, from, to, ...entered(options) }
        await send<MarkerAnswer>(options, `${pathOf(run)}/markers`, body, printMarker)
      },
    )
}

function addCorrect(entering: Make): void {
  withFacts(named(entering('correct', 'say what was wrong about a run: its next version')))
    .addOption(new Option('--clear <fact...>', 'take these facts back').choices(factKeys))
    .option('--from <time>', 'where the whole run begins')
    .option('--to <time>', 'where the whole run ends')
    .option('--withdrawn', 'it no longer counts')
    .addOption(new Option('--reinstated', 'it counts again').conflicts('withdrawn'))
    .option('--expect <version>', 'only if it is at this version', Number)
    .action(
      async (
        name: string | undefined,
        options: ServerOptions &
          Named &
          Entered &
          Facts & {
            clear?: string[]
            from?: string
            to?: string
            withdrawn?: boolean
            reinstated?: boolean
            expect?: number
          },
      ) => {
        const { clear = [], from, to, expect: expectVersion, reinstated } = options
        const facts = { ...factsOf(options), ...Object.fromEntries(clear.map((key) => [key, null])) }
        const withdrawn = reinstated ? false : options.withdrawn
        const body = { expectVersion, facts, from, to, withdrawn, ...entered(options) }
        await send<RunAnswer>(options, `${pathOf(nameOf(name, options))}/corrections`, body, printRun)
      },
    )
}

const filters = ['rig', 'from', 'to', 'tag', 'open', 'limit', 'after'] as const

function addReading(command: Make): void {
  command('list', 'newest first')
    .option('--rig <rig>', 'that this rig takes part in')
    .option('--from <time>', 'with a part of the time from then on')
    .option('--to <time>', 'with a part of the time up to then')
    .option('--tag <tag>', 'with this tag')
    .option('--open', 'not stopped yet')
    .option('--limit <count>', 'so many (500 at most)', '100')
    .option('--after <cursor>', 'the page after, as the one before says')
    .action(async (options: ServerOptions & Record<(typeof filters)[number], string | boolean | undefined>) => {
      const query = new URLSearchParams()
      for (const key of filters) if (options[key] !== undefined) query.set(key, String(options[key]))
      await send<RunsAnswer>(options, `/v1/runs?${query}`, undefined, printRuns)
    })
  named(command('show', 'one run: facts, parts, versions, markers')).action(
    async (bare: string | undefined, options: ServerOptions & Named) => {
      const name = nameOf(bare, options)
      const { askApi, apiServer } = await import('./api-client.ts')
      const server = apiServer(options)
      const run = await askApi<RunAnswer>(server, pathOf(name))
      const { markers, next } = await askApi<MarkersAnswer>(server, `${pathOf(name)}/markers`)
      if (options.json) return printJson({ ...run, markers, nextMarkers: next })
      printRun(run)
      for (const marker of markers) printMarker(marker)
      if (next !== null) print(`more markers: GET ${pathOf(name)}/markers?after=${next}`)
    },
  )
}

async function send<Answer>(
  options: ServerOptions,
  path: string,
  body: unknown,
  show: (answer: Answer) => void,
): Promise<void> {
  const { askApi, apiServer } = await import('./api-client.ts')
  const answer = await askApi<Answer>(apiServer(options), path, body === undefined ? {} : { body })
  if (options.json) printJson(answer)
  else show(answer)
}

/** What others entered must not steer the terminal. */
const print = (line: string) => void process.stdout.write(`${line.replace(/\p{Cc}/gu, ' ')}\n`)
const printJson = (answer: unknown) => void process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)

const time = (ns: string): string => {
  const date = new Date(Number(BigInt(ns) / 1_000_000n))
  return Number.isNaN(date.getTime()) ? `${ns} ns` : date.toISOString()
}

interface Span {
  fromNs: string
  fromClock?: string
  toNs: string | null
  toClock?: string | null
}

/** Times are by ingest's clock, but for those of which this says otherwise. */
const whose = (clock: string | null | undefined): string => (clock === 'rig' ? " (the rig's clock)" : '')
const span = ({ fromNs, fromClock, toNs, toClock }: Span, open: string): string =>
  `${time(fromNs)}${whose(fromClock)} .. ${toNs === null ? open : `${time(toNs)}${whose(toClock)}`}`
const fact = (value: unknown): string =>
  value === null ? 'taken back' : Array.isArray(value) ? value.join(', ') : String(value)

function printRuns({ runs, next }: RunsAnswer): void {
  for (const run of runs) {
    const rigs = run.rigs.map(({ rig }) => rig).join(', ')
    const tags = run.facts.tags?.length ? `  [${run.facts.tags.join(', ')}]` : ''
    print(`${run.run}  ${span(run, 'open')}  ${rigs}${tags}${run.withdrawn ? '  withdrawn' : ''}`)
  }
  if (runs.length === 0) print('no runs')
  if (next !== null) print(`more: --after ${next}`)
}

function printRun(run: RunAnswer): void {
  print(`${run.run}  version ${run.version}${run.withdrawn ? ', withdrawn' : ''}  ${span(run, 'open')}`)
  for (const [key, value] of Object.entries(run.facts)) print(`  ${key}: ${fact(value)}`)
  for (const part of run.parts) print(`  ${part.rig}  ${span(part, 'open')}  by ${part.started.author}`)
  for (const { rig, frozen } of run.rigs) {
    const facts = Object.entries(frozen ?? {}).map(([key, value]) => `${key} ${fact(value)}`)
    if (facts.length > 0) print(`  ${rig} then: ${facts.join('; ')}`)
  }
  for (const { version, author, timeNs, why, changes, fromNs, toNs, withdrawn } of run.versions.slice(1)) {
    const what = Object.entries(changes).map(([key, value]) => `${key}: ${fact(value)}`)
    if (fromNs !== undefined) what.push(`from ${time(fromNs)}`)
    if (toNs !== undefined) what.push(`to ${time(toNs)}`)
    if (withdrawn !== undefined) what.push(withdrawn ? 'withdrawn' : 'counts again')
    print(`  version ${version}, ${author}, ${time(timeNs)}: ${what.join('; ')}${why === '' ? '' : ` (${why})`}`)
  }
  for (const problem of run.problems) print(`  ! ${problem}`)
}

function printMarker(answer: MarkerAnswer): void {
  const { marker, label, of, fromNs, fromClock, toNs, withdrawn, version, rigs, problems } = answer
  const when = toNs === null ? `${time(fromNs)}${whose(fromClock)}` : span(answer, '')
  const ofRigs = rigs.length > 0 ? ` of ${rigs.join(', ')}` : ''
  const state = `${version > 1 ? `, version ${version}` : ''}${withdrawn ? ', withdrawn' : ''}`
  print(`  * ${when}  ${label}${ofRigs}  (${marker}, entered at ${of}${state})`)
  for (const problem of problems) print(`    ! ${problem}`)
}
