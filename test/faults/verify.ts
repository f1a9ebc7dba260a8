import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtProgram } from '../../common/program.ts'
import type { GapsAnswer } from '../../ingest/history/types.ts'
import type { VerifyReport } from '../../ingest/verify/report.ts'
import type { FoundGap } from './account.ts'
import { streamPlans } from './rows.ts'
import type { Random } from './types.ts'
import type { RunningWorld } from './world.ts'

// What the product says of itself must agree with what was found: `verify`, the Gaps in the API, and what lies beside an export.

const verifyMs = 300_000

/** Ingest goes on with its own envelopes meanwhile: it is asked again where that came between. */
const triesMax = 3

type Verifiable = Pick<RunningWorld, 'ingestFile' | 'httpUrl' | 'startedMs'> & { rigs: readonly { rig: string }[] }

export async function verifyAll(world: Verifiable, gaps: readonly FoundGap[]): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    const problems = await verifyOnce(world, gaps)
    if (problems.length === 0 || tries === triesMax) return problems
  }
}

async function verifyOnce(world: Verifiable, gaps: readonly FoundGap[]): Promise<string[]> {
  const { code, stdout, stderr } = await runCommand(['verify', '--config', world.ingestFile, '--json'])
  if (code === undefined) return [`verify did not end in order: ${stderr.slice(-1000)}`]
  const report = parse<VerifyReport>(stdout)
  if (!report) return [`verify printed no JSON (exit code ${code}): ${stderr.slice(-1000)}`]
  const said = report.rigs.flatMap(({ rig, gaps }) => gaps.map((gap) => gapKey({ ...gap, rig })))
  const found = gaps.map((gap) => gapKey({ ...gap, fromNs: String(gap.fromNs), toNs: String(gap.toNs) }))
  const problems = differences('verify', said, found)
  if (!report.agree || code !== 0) problems.push(`verify does not agree (exit code ${code}): ${whatDiffers(report)}`)
  problems.push(...differences('the API', await apiGaps(world), found))
  return problems
}

const runCommand = (args: string[]): Promise<{ code: number | undefined; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [builtProgram('cli'), ...args],
      { timeout: verifyMs, maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code
        resolve({ code: typeof code === 'number' ? code : undefined, stdout, stderr })
      },
    )
  })

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}

interface AnyGap {
  rig: string
  fromNs: string
  toNs: string
  streams: string[]
  cause: string
}

const gapKey = ({ rig, fromNs, toNs, streams, cause }: AnyGap): string =>
  `${rig} ${cause} ${fromNs} to ${toNs} of ${streams.join(', ') || 'all streams'}`

/** As sets: a Gap that two envelopes declare is one. */
function differences(who: string, said: readonly string[], found: readonly string[]): string[] {
  const lacks = found.filter((gap) => !said.includes(gap))
  const more = said.filter((gap) => !found.includes(gap))
  return [
    ...(lacks.length > 0 ? [`${who} does not know ${lacks.length} Gaps of the lake: ${lacks[0]}`] : []),
    ...(more.length > 0 ? [`${who} has ${more.length} Gaps that the lake does not have: ${more[0]}`] : []),
  ]
}

async function apiGaps({ httpUrl, rigs, startedMs }: Verifiable): Promise<string[]> {
  const query = new URLSearchParams(rigs.map(({ rig }): [string, string] => ['rig', rig]))
  const { from, to } = wholeSpan(startedMs)
  query.set('from', from)
  query.set('to', to)
  const response = await fetch(`${httpUrl}/v1/gaps?${query}`, { signal: AbortSignal.timeout(60_000) })
  if (!response.ok) throw new Error(`/v1/gaps answers ${response.status}: ${await response.text()}`)
  const { gaps } = (await response.json()) as GapsAnswer
  return gaps.map((gap) => gapKey(gap as unknown as AnyGap))
}

const spanMs = 4 * 366 * 86_400_000

/** Clocks were set back and forth. */
const wholeSpan = (startedMs: number) => ({
  from: new Date(startedMs - spanMs).toISOString(),
  to: new Date(Date.now() + spanMs).toISOString(),
})

interface About {
  gaps: AnyGap[]
  holes: unknown[]
}

/** What lies beside an export of one stream of one rig. */
export async function checkExport(
  { httpUrl, rigs, startedMs, folder }: Omit<Verifiable, 'ingestFile'> & Pick<RunningWorld, 'folder'>,
  gaps: readonly FoundGap[],
  random: Random,
): Promise<string[]> {
  const of = { rig: random.pick(rigs).rig, stream: random.pick(streamPlans).stream }
  // Parquet is made on ingest's disk, and wants more room there than the harness gives it.
  const out = join(folder, 'exported.csv')
  const { from, to } = wholeSpan(startedMs)
  const what = ['--rig', of.rig, '--stream', of.stream, '--from', from, '--to', to, '--format', 'csv']
  const { code, stderr } = await runCommand(['export', ...what, '--out', out, '--url', httpUrl])
  if (code !== 0) return [`export of ${of.rig} ${of.stream} ends with ${code}: ${stderr.slice(-1000)}`]
  const about = parse<About>(readFileSync(join(folder, 'exported.about.json'), 'utf8'))
  if (!about) return [`export of ${of.rig} ${of.stream}: exported.about.json is no JSON`]
  const found = gaps
    .filter(({ rig, streams }) => rig === of.rig && (streams.length === 0 || streams.includes(of.stream)))
    .map((gap) => gapKey({ ...gap, fromNs: String(gap.fromNs), toNs: String(gap.toNs) }))
  const who = `the export of ${of.rig} ${of.stream}`
  const holes = about.holes.length > 0 ? [`${who} has holes: ${JSON.stringify(about.holes[0])}`] : []
  return [...differences(who, about.gaps.map(gapKey), found), ...holes]
}

function whatDiffers({ rigs, problems, influx }: VerifyReport): string {
  const words = [...problems, ...(influx?.reason ? [influx.reason] : [])]
  for (const { rig, missingSpools, spools, streams } of rigs) {
    if (missingSpools.length > 0) words.push(`${rig}: spools missing: ${missingSpools.join(', ')}`)
    for (const { spool, holes, lost, twice } of spools) {
      if (holes.length + lost.length + twice > 0)
        words.push(`${rig} ${spool}: ${JSON.stringify({ holes, lost, twice })}`)
    }
    for (const { stream, agree, problems } of streams)
      if (!agree) words.push(`${rig} ${stream}: ${problems.join('; ')}`)
  }
  return words.slice(0, 10).join(' | ')
}
