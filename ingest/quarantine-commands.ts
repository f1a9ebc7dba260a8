import type { Command } from 'commander'
import { UsageError } from '../common/failure.ts'
import type { ApiServer } from './api-client.ts'
import type {
  QuarantineAnswer,
  QuarantineDetail,
  RemovedAnswer,
  ReplayAnswer,
  ReplayManyAnswer,
} from './http/answers-quarantine.ts'

interface ServerOptions {
  url?: string
  token?: string
  json?: boolean
}

interface Filter {
  by?: string
  reason?: string
  rig?: string
}

/** `rigline quarantine`. */
export function addQuarantineCommands(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description('what could not be read or stored: list it, look at it, send it the way again, remove it')
  const command = (name: string, description: string) =>
    quarantine
      .command(name)
      .description(description)
      .option('--url <url>', 'the ingest (default: RIGLINE_URL or http://127.0.0.1:8686)')
      .option('--token <token>', 'a token of the role engineer (default: RIGLINE_TOKEN)')
      .option('--json', 'print the answer as JSON')
  const filtered = (name: string, description: string) =>
    command(name, description)
      .option('--by <who>', 'that receive, lake or influx has put there')
      .option('--reason <word>', 'of this reason, as schema_missing')
      .option('--rig <name>', 'of this rig')

  filtered('list', 'newest first')
    .option('--limit <count>', 'so many (1000 at most)', '100')
    .option('--after <id>', 'older than this entry')
    .action(async (options: ServerOptions & Filter & { limit: string; after?: string }) => {
      const { limit, after } = options
      const query = new URLSearchParams({ ...chosen(options), limit, ...(after === undefined ? {} : { after }) })
      await say(options, `/v1/quarantine?${query}`, {}, printList)
    })
  command('show <id>', 'one entry, and what can be read of it now')
    .option('--bytes <file>', 'save its bytes')
    .action(async (id: string, options: ServerOptions & { bytes?: string }) => {
      if (options.bytes !== undefined) await saveBytes(await serverOf(options), id, options.bytes)
      await say(options, entryPath(id), {}, printDetail)
    })
  filtered('replay [id...]', 'send entries the way that they could not go before: by id, by a filter, or --all')
    .option('--all', 'all of them')
    .action(async (ids: string[], options: ServerOptions & Filter & { all?: boolean }) => {
      const filter = chosen(options)
      const isFiltered = options.all === true || Object.keys(filter).length > 0
      if (ids.length > 0 === isFiltered) {
        throw new UsageError('say what to replay: ids, or --by, --reason, --rig, or --all; not both')
      }
      for (const id of ids) {
        const answer = await say<ReplayAnswer>(options, `${entryPath(id)}/replay`, { method: 'POST' }, printReplayed)
        if (answer.outcome === 'stays' || answer.outcome === 'renewed') process.exitCode = 1
      }
      if (isFiltered) await replayMany(options, filter)
    })
  command('remove <id...>', 'for good; says what is lost by it').action(
    async (ids: string[], options: ServerOptions) => {
      for (const id of ids) await say(options, entryPath(id), { method: 'DELETE' }, printRemoved)
    },
  )
}

const entryPath = (id: string): string => `/v1/quarantine/${encodeURIComponent(id)}`

const chosen = ({ by, reason, rig }: Filter): Record<string, string> => ({
  ...(by === undefined ? {} : { by }),
  ...(reason === undefined ? {} : { reason }),
  ...(rig === undefined ? {} : { rig }),
})

async function serverOf(options: ServerOptions): Promise<ApiServer> {
  const { apiServer } = await import('./api-client.ts')
  return apiServer(options)
}

/** Asks, and prints what is answered. */
async function say<Answer>(
  options: ServerOptions,
  path: string,
  init: { body?: unknown; method?: string },
  print: (answer: Answer) => string,
): Promise<Answer> {
  const { askApi } = await import('./api-client.ts')
  const answer = await askApi<Answer>(await serverOf(options), path, init)
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : print(answer))
  return answer
}

/** As many requests as it takes. */
async function replayMany(options: ServerOptions, filter: Record<string, string>): Promise<void> {
  for (let newerThan: string | null | undefined; ; ) {
    const body = newerThan ? { ...filter, newerThan } : filter
    const answer = await say<ReplayManyAnswer>(options, '/v1/quarantine/replay', { body }, printReplayedMany)
    if (answer.outcomes.stays + answer.outcomes.renewed + answer.skipped > 0 || answer.stopped) process.exitCode = 1
    if (answer.left === 0 || answer.stopped || answer.last === null) return
    newerThan = answer.last
  }
}

async function saveBytes(server: ApiServer, id: string, file: string): Promise<void> {
  const { fetchApi } = await import('./api-client.ts')
  const { createWriteStream } = await import('node:fs')
  const { Readable } = await import('node:stream')
  const { pipeline } = await import('node:stream/promises')
  const { body } = await fetchApi(server, `${entryPath(id)}/bytes`)
  if (body) await pipeline(Readable.fromWeb(body as never), createWriteStream(file))
}

const whose = ({ rig, spool, seq }: { rig: string | null; spool: string | null; seq: number | null }): string =>
  [rig ?? '', seq === null ? '' : `${spool} ${seq}`].filter(Boolean).join(' ')

function printList({ entries, counts, matching, next }: QuarantineAnswer): string {
  if (counts.length === 0) return 'Nothing is in quarantine.\n'
  const lines = entries.map((entry) => {
    const { id, time, by, reason, bytes } = entry
    return [id, time, by.padEnd(7), reason, `${bytes} B`, whose(entry)].join('  ').trimEnd()
  })
  if (next !== null) lines.push(`... ${matching} in all; the next: --after ${next}`)
  lines.push('', ...counts.map(({ by, reason, entries, bytes }) => `${by}: ${reason}: ${entries}, ${bytes} bytes`))
  return `${lines.join('\n')}\n`
}

function printDetail(entry: QuarantineDetail): string {
  const { id, time, by, reason, detail, topic, content, bytes, replayable, whyNotReplayable, preview, now } = entry
  const lines = [
    `${id}  ${time}`,
    `put there by ${by}: ${reason}: ${detail}`,
    `${content} of ${bytes} bytes${topic === null ? '' : ` on ${topic}`}${whose(entry) ? `, of ${whose(entry)}` : ''}`,
    `${preview.hex.replace(/(.{64})/g, '$1\n')}${preview.cut ? ' ...' : ''}`,
    ...now.lines.map((line) => `  ${line}`),
    ...(now.lineCount > now.lines.length ? [`  ... ${now.lineCount} lines`] : []),
    ...now.envelopes.map(printEnvelope),
    ...(now.envelopeCount > now.envelopes.length ? [`... ${now.envelopeCount} envelopes`] : []),
    ...(now.problem ? [`now: ${now.problem}`] : []),
    replayable ? `rigline quarantine replay ${id}` : `cannot be replayed: ${whyNotReplayable}`,
  ]
  return `${lines.join('\n')}\n`
}

function printEnvelope({ header, batch, bytes, problem }: QuarantineDetail['now']['envelopes'][number]): string {
  const what = header
    ? `${header.rig} ${header.spool} ${header.seq}: ${header.body}`
    : `${bytes} bytes whose number cannot be read`
  const rows = batch ? `, ${batch.rows} rows of ${batch.stream ?? `schema ${batch.schema}`}` : ''
  return `envelope ${what}${rows}${problem ? `; now: ${problem}` : ''}`
}

const says: Record<ReplayAnswer['outcome'], string> = {
  stored: 'stored',
  duplicate: 'was there already',
  renewed: 'failed in the store, in quarantine anew',
  stays: 'failed again, stays',
}

const printReplayed = ({ id, outcome, reason, detail }: ReplayAnswer): string =>
  `${id}  ${[says[outcome], reason, detail].filter(Boolean).join(': ')}\n`

function printReplayedMany({ matching, outcomes, skipped, left, failed, stopped }: ReplayManyAnswer): string {
  if (matching === 0) return 'Nothing in quarantine matches.\n'
  const counted = Object.entries(outcomes).filter(([, count]) => count > 0)
  return `${[
    ...counted.map(([outcome, count]) => `${count} ${says[outcome as ReplayAnswer['outcome']]}`),
    ...(skipped > 0 ? [`${skipped} cannot be replayed, or are in other hands`] : []),
    ...failed.map(({ reason, detail, entries, first }) => `  ${entries} of ${reason}, as ${first}: ${detail}`),
    ...(stopped ? [`stopped: ${stopped}`] : []),
    ...(left > 0 ? [`${left} to go`] : []),
  ].join('\n')}\n`
}

const printRemoved = ({ id, lost, gap }: RemovedAnswer): string =>
  `${id}  removed: ${lost}${gap ? '' : '; the log of ingest says who removed it'}\n`
