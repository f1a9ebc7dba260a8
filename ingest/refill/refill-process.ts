import { setTimeout as sleep } from 'node:timers/promises'
import { createLog } from '../../common/log.ts'
import { reasonOf } from '../../protos/errors.ts'
import { openCatalog } from '../catalog/catalog.ts'
import type { NumberedFile } from '../catalog/owed-table.ts'
import { lowerPriority } from '../child-program.ts'
import { openQuarantine } from '../quarantine.ts'
import type { InfluxConfig } from '../sinks/influx/config.ts'
import { createInfluxSink } from '../sinks/influx/influx-sink.ts'
import { type FileReader, openFileReader } from './read-file.ts'
import { refillFiles } from './refill-files.ts'

// The child process that writes to InfluxDB, out of the lake, what it is owed. Live readings go first: it runs at low priority, with one
// write under way, and rests while ingest says so. How far it is stands in the catalog. It ends when nothing is owed.

export interface RefillProcessData {
  catalogFile: string
  lakeFolder: string
  quarantineFolder: string
  config: InfluxConfig
  quarantineBytesMax?: number
  /** After this long, files that could not be read are tried again; 10 min. */
  unreadableAgainMs?: number
}

export type ToRefill = { type: 'go' } | { type: 'rest' }
export interface FromRefill {
  type: 'status'
  rows: number
  waitingFor?: string
}

const filesPerLook = 100
const lookAgainMs = 1000

const log = createLog('refill')
// Ingest says when to stop, by closing the channel; what was being written is written again.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit(0))
if (process.send && !process.connected) process.exit(0)
lowerPriority(10, log)
const data = JSON.parse(process.argv[2] ?? 'null') as RefillProcessData | null
if (!data || !process.send) throw new Error('this program is started by ingest, with its configuration as JSON')

let resting: Promise<void> | undefined
let go = () => {}
process.on('message', ({ type }: ToRefill) => {
  if (type === 'go') {
    go()
    resting = undefined
  } else
    resting ??= new Promise((resolve) => {
      go = resolve
    })
})

const catalog = openCatalog(data.catalogFile, { mustExist: true })
const quarantine = openQuarantine(data.quarantineFolder, data.quarantineBytesMax, log)
const sink = createInfluxSink({ ...data.config, writesInFlight: 1 }, { catalog, quarantine, log })
let rows = 0
setInterval(() => {
  const { waitingFor } = sink.status()
  const status: FromRefill = { type: 'status', rows, ...(waitingFor === undefined ? {} : { waitingFor }) }
  process.send?.(status, undefined, undefined, () => {})
}, 1000)

const { owed } = catalog
const parts = {
  sink,
  signal: new AbortController().signal,
  gate: async () => await resting,
  onRows(more: number) {
    rows += more
  },
}

/** Writes the next files that are owed; false if there are none. */
async function refillNext(reader: FileReader): Promise<boolean> {
  for (const part of owed.owedParts('influx')) {
    const files = owed.owedFiles(part, filesPerLook)
    if (files.length === 0) continue
    await refillFiles(files, {
      ...parts,
      reader,
      onStored: ({ row }) => owed.owedDone('influx', part, row),
      onUnreadable: (file) => owed.setAside('influx', part, file),
    })
    return true
  }
  return false
}

/** Tries those that could not be read, as they are on the disk now. */
async function retryAside(files: readonly NumberedFile[]): Promise<void> {
  const reader = await openFileReader(data!.lakeFolder, catalog)
  let unreadable = 0
  let why = ''
  for (const file of files) {
    await refillFiles([file], {
      ...parts,
      reader,
      onStored: () => owed.asideDone('influx', file.file.path),
      onUnreadable(_file, { message }) {
        unreadable++
        why ||= message
      },
    })
  }
  reader.close()
  if (unreadable > 0)
    log.error({ files: unreadable }, `InfluxDB stays owed files of the lake; they are tried again: ${why}`)
}

try {
  const reader = await openFileReader(data.lakeFolder, catalog)
  for (let againAtMs = 0; ; ) {
    if (await refillNext(reader)) continue
    const aside = owed.filesAside('influx')
    if (aside.length === 0) break
    if (performance.now() < againAtMs) await sleep(lookAgainMs)
    else {
      await retryAside(aside)
      againAtMs = performance.now() + (data.unreadableAgainMs ?? 10 * 60_000)
    }
  }
  log.info({ rows, lines: sink.status().counters.lines }, 'InfluxDB has what it was owed')
} catch (error) {
  log.error({ err: error }, `InfluxDB cannot be refilled: ${reasonOf(error)}`)
  process.exit(1)
}
process.exit(0)
