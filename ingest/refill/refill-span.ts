import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../../common/failure.ts'
import { silentLog } from '../../common/log.ts'
import { openCatalog } from '../catalog/catalog.ts'
import type { FilesWanted, NumberedFile } from '../catalog/owed-table.ts'
import type { Catalog } from '../catalog/types.ts'
import { openQuarantine, quarantineFolder } from '../quarantine.ts'
import type { InfluxConfig } from '../sinks/influx/config.ts'
import { createInfluxSink } from '../sinks/influx/influx-sink.ts'
import { lakeFolder } from '../sinks/lake/lake-config.ts'
import type { Sink } from '../sinks/sink.ts'
import { openFileReader } from './read-file.ts'
import { refillFiles } from './refill-files.ts'

// Writes a span of time of the lake to InfluxDB: the same points that the sink writes, so what is there already stays as it is. Beside a running
// ingest, or without one.

export interface SpanOptions extends FilesWanted {
  /** Ingest's data folder. */
  dataFolder: string
  influx: InfluxConfig
  quarantineBytesMax?: number | undefined
  /** How long InfluxDB is waited for, from its last answer on. */
  waitMsMax: number
  signal: AbortSignal
  onProgress?(now: SpanProgress): void
}

export interface SpanProgress {
  /** Rows of the lake that were read, events and Gaps among them, and about how many there are. */
  rows: number
  rowsAbout: number
  waitingFor: string | undefined
}

export interface SpanResult {
  rows: number
  /** Points in InfluxDB. */
  lines: number
  /** Lines that it refused: they are in quarantine. */
  refused: number
  /** Files of the lake that could not be read, and why; of these there may be less. */
  unreadable: string[]
  /** Lines older than it keeps. */
  beyondRetention: number
}

const filesPerLook = 100
const progressEveryMs = 200

/** Throws UsageError if the lake has nothing of that; what was written by then stays when it throws. */
export async function refillSpan(options: SpanOptions): Promise<SpanResult> {
  const { dataFolder, influx, onProgress, stream, rig, fromNs, toNs } = options
  const catalog = openCatalog(join(dataFolder, 'catalog.sqlite'), { mustExist: true })
  const wanted: FilesWanted = { stream, rig, fromNs, toNs }
  try {
    checkNames(catalog, wanted)
    const quarantine = openQuarantine(quarantineFolder(dataFolder), options.quarantineBytesMax)
    const sink = createInfluxSink({ ...influx, writesInFlight: 1 }, { catalog, quarantine, log: silentLog })
    const reader = await openFileReader(lakeFolder(dataFolder), catalog)
    const watch = watchSink(sink, options)
    const unreadable: string[] = []
    const progress: SpanProgress = { rows: 0, rowsAbout: catalog.owed.rowsInSpan(wanted), waitingFor: undefined }
    const timer = setInterval(
      () => onProgress?.({ ...progress, waitingFor: sink.status().waitingFor }),
      progressEveryMs,
    )
    try {
      await refillFiles(filesOf(catalog, wanted), {
        reader,
        sink,
        signal: watch.signal,
        wanted,
        onRows(rows) {
          progress.rows += rows
        },
        onStored() {},
        onUnreadable: (_file, { message }) => unreadable.push(message),
      })
    } catch (error) {
      watch.signal.throwIfAborted()
      throw error
    } finally {
      clearInterval(timer)
      watch.close()
      reader.close()
      await sink.close()
    }
    if (progress.rows === 0 && unreadable.length === 0)
      throw new UsageError(`the lake has nothing of that time${sayExtent(catalog, wanted)}`)
    const { lines = 0, refused_lines = 0, beyond_retention = 0 } = sink.status().counters
    return { rows: progress.rows, lines, refused: refused_lines, unreadable, beyondRetention: beyond_retention }
  } finally {
    catalog.close()
  }
}

/** A page at a time: a lake may have a million files. */
function* filesOf(catalog: Catalog, wanted: FilesWanted): Generator<NumberedFile> {
  for (let after = 0; ; ) {
    const files = catalog.owed.filesInSpan(wanted, after, filesPerLook)
    yield* files
    const last = files.at(-1)
    if (!last) return
    after = last.row
  }
}

function checkNames(catalog: Catalog, { stream, rig }: FilesWanted): void {
  const known = catalog.lakeStreams()
  const check = (what: string, name: string | undefined, names: readonly string[]) => {
    if (name === undefined || names.includes(name)) return
    const some = [...new Set(names)].sort().slice(0, 20)
    throw new UsageError(
      `the lake has nothing of the ${what} ${name}; it has ${some.length === 0 ? 'none' : some.join(', ')}`,
    )
  }
  // Of a rig without readings there may be events.
  const rigs = stream === undefined ? catalog.rigs().map((each) => each.rig) : []
  check('rig', rig, [...rigs, ...known.map((each) => each.rig)])
  const ofRig = known.filter((each) => rig === undefined || each.rig === rig)
  check(
    'stream',
    stream,
    ofRig.map((each) => each.stream),
  )
}

function sayExtent(catalog: Catalog, { stream, rig }: FilesWanted): string {
  const known = catalog
    .lakeStreams()
    .filter((each) => (stream === undefined || each.stream === stream) && (rig === undefined || each.rig === rig))
  if (known.length === 0) return ': it has no readings yet'
  const say = (ns: bigint) => new Date(Number(ns / 1_000_000n)).toISOString()
  const times = known
    .flatMap((each) => [BigInt(each.minTimeNs), BigInt(each.maxTimeNs)])
    .sort((a, b) => (a < b ? -1 : 1))
  return `: it has readings from ${say(times[0]!)} to ${say(times.at(-1)!)}`
}

/** A signal that aborts when the caller's does, or when InfluxDB has been waited for too long. */
function watchSink(sink: Sink, { signal, waitMsMax }: SpanOptions): { signal: AbortSignal; close(): void } {
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal.reason)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  const watch = async () => {
    let since: number | undefined
    while (!stop.signal.aborted) {
      await sleep(100, undefined, { signal: stop.signal })
      const { waitingFor } = sink.status()
      if (waitingFor === undefined) since = undefined
      else {
        since ??= performance.now()
        if (performance.now() - since > waitMsMax) stop.abort(new Error(`gave up waiting for ${waitingFor}`))
      }
    }
  }
  watch().catch(() => {})
  return {
    signal: stop.signal,
    close() {
      signal.removeEventListener('abort', onAbort)
      stop.abort()
    },
  }
}
