import { basename, dirname, extname, join } from 'node:path'
import { UsageError } from '../../common/failure.ts'
import { replaceFile } from '../../common/replace-file.ts'
import { ApiError, type ApiServer, askApi, fetchApi } from '../api-client.ts'
import type { Format } from '../history/types.ts'
import { createProgress, formatBytes } from './progress.ts'
import { saveBody } from './save-body.ts'

// Readings of rigs or of a run -> files, one a stream, each with what there is to know about it beside it.

/** More stay at the API. */
const markersMax = 100_000

export interface ExportWhat {
  rigs: string[]
  run: string | undefined
  streams: string[]
  channels: string[]
  from: string | undefined
  to: string | undefined
  format: Format
}

interface StreamsAnswer {
  streams: { rig: string; stream: string; channels: { name: string }[] }[]
}
interface GapsAnswer {
  gaps: unknown[]
  holes: unknown[]
}
interface RunAnswer {
  rigs: { rig: string }[]
}

export interface Exported {
  stream: string
  file: string | undefined
  bytes: number
  gaps: number
  holes: number
}

/**
 * `out`: a file (one stream), a folder (ends in "/", or several streams), "-" for standard output, or undefined for names
 * of its own in the working directory. Throws ApiError and UsageError; no half file is left.
 */
export async function exportReadings(
  server: ApiServer,
  what: ExportWhat,
  out: string | undefined,
  signal: AbortSignal,
): Promise<Exported[]> {
  const run = what.run === undefined ? undefined : await askApi<RunAnswer>(server, runPath(what.run), { signal })
  const rigs = run && what.rigs.length === 0 ? run.rigs.map(({ rig }) => rig) : what.rigs
  const streams = what.streams.length > 0 ? what.streams : await streamsOf(server, rigs, signal)
  const files = placeFiles(out, what, rigs, streams)
  const exported: Exported[] = []
  for (const [i, stream] of streams.entries()) {
    exported.push(await exportStream(server, what, stream, files[i], signal))
  }
  if (what.run !== undefined && out !== '-') await saveRun(server, what.run, run, dirname(files[0] as string), signal)
  return exported
}

/** `run.json`: the run with its versions, its markers, and the report on it, if there is one yet. */
async function saveRun(server: ApiServer, name: string, run: unknown, folder: string, signal: AbortSignal) {
  const markers: unknown[] = []
  for (let after: string | null = ''; after !== null && markers.length < markersMax; ) {
    const query = after === '' ? '' : `?after=${encodeURIComponent(after)}`
    const page: { markers: unknown[]; next: string | null } = await askApi(server, `${runPath(name)}/markers${query}`, {
      signal,
    })
    markers.push(...page.markers)
    after = page.next
  }
  const completeness = await askApi(server, `${runPath(name)}/completeness`, { signal }).catch((error: unknown) => {
    if (error instanceof ApiError && error.status >= 400) return null
    throw error
  })
  await replaceFile(join(folder, 'run.json'), `${JSON.stringify({ run, markers, completeness }, null, 2)}\n`, 0o644)
}

export const runPath = (run: string): string => `/v1/runs/${encodeURIComponent(run)}`

async function streamsOf(server: ApiServer, rigs: string[], signal: AbortSignal): Promise<string[]> {
  const names = new Set<string>()
  for (const rig of new Set(rigs)) {
    const { streams } = await askApi<StreamsAnswer>(server, `/v1/streams?rig=${encodeURIComponent(rig)}`, { signal })
    for (const { stream } of streams) names.add(stream)
  }
  if (names.size === 0) throw new UsageError(`nothing is stored yet of ${[...new Set(rigs)].join(', ')}`)
  return [...names].sort()
}

/** A file for each stream; undefined: standard output. */
function placeFiles(
  out: string | undefined,
  { run, format }: ExportWhat,
  rigs: string[],
  streams: string[],
): (string | undefined)[] {
  if (out === '-') {
    if (streams.length === 1) return [undefined]
    throw new UsageError(
      `--out -: one stream fits standard output, there are ${streams.length}: ${streams.join(', ')}; choose with --stream`,
    )
  }
  const single = new Set(rigs).size === 1 ? `${rigs[0]}-` : ''
  const names = streams.map((stream) => `${run === undefined ? single : ''}${stream}.${format}`)
  if (out === undefined) return names.map((name) => (run === undefined ? name : join(run, name)))
  if (streams.length === 1 && !out.endsWith('/')) return [out]
  return names.map((name) => join(out, name))
}

async function exportStream(
  server: ApiServer,
  what: ExportWhat,
  stream: string,
  file: string | undefined,
  signal: AbortSignal,
): Promise<Exported> {
  const span = whereQuery(what)
  span.set('stream', stream)
  const query = new URLSearchParams(span)
  for (const channel of what.channels) query.append('channel', channel)
  query.set('format', what.format)
  const response = await fetchApi(server, `/v1/readings?${query}`, { signal })
  const progress = createProgress(stream, Number(response.headers.get('rigline-bytes-about') ?? 0))
  if (!response.body) throw new Error(`${stream}: the answer has no body`)
  const bytes = await saveBody(response.body, file, progress, signal)
  const { gaps, holes } = await askApi<GapsAnswer>(server, `/v1/gaps?${span}`, { signal })
  if (file !== undefined) {
    const about = {
      exported: new Date().toISOString(),
      from: server.url,
      query: Object.fromEntries(query),
      gaps,
      holes,
    }
    await replaceFile(aboutFile(file), `${JSON.stringify(about, null, 2)}\n`, 0o644)
  }
  progress.end(
    `${formatBytes(bytes)}${file === undefined ? '' : ` in ${file}`}; ${gaps.length} ${gaps.length === 1 ? 'Gap' : 'Gaps'} and ${holes.length} ${holes.length === 1 ? 'hole' : 'holes'} in that time`,
  )
  return { stream, file, bytes, gaps: gaps.length, holes: holes.length }
}

/** `ecg.parquet` -> `ecg.about.json`. */
const aboutFile = (file: string): string => join(dirname(file), `${basename(file, extname(file))}.about.json`)

/** Both requests are to speak of the same time, so a time that is relative to now is fixed here. */
function whereQuery({ rigs, run, from, to }: ExportWhat): URLSearchParams {
  const query = new URLSearchParams()
  for (const rig of rigs) query.append('rig', rig)
  if (run !== undefined) query.set('run', run)
  if (from !== undefined) query.set('from', from)
  if (to !== undefined) query.set('to', to)
  return query
}
