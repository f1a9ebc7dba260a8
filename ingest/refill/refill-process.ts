import { createLog } from '../../common/log.ts'
import { reasonOf } from '../../protos/errors.ts'
import { openCatalog } from '../catalog/catalog.ts'
import { lowerPriority } from '../child-program.ts'
import { openQuarantine } from '../quarantine.ts'
import type { InfluxConfig } from '../sinks/influx/config.ts'
import { createInfluxSink } from '../sinks/influx/influx-sink.ts'
import { openFileReader } from './read-file.ts'
import { refillFiles } from './refill-files.ts'

// The child process that writes to InfluxDB, out of the lake, what it is owed. Live readings go first: it runs at low priority, with one
// write under way, and rests while ingest says so. How far it is stands in the catalog. It ends when nothing is owed.

export interface RefillProcessData {
  catalogFile: string
  lakeFolder: string
  quarantineFolder: string
  config: InfluxConfig
  quarantineBytesMax?: number
}

export type ToRefill = { type: 'go' } | { type: 'rest' }
export interface FromRefill {
  type: 'status'
  rows: number
  waitingFor?: string
}

const filesPerLook = 100

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
const reader = await openFileReader(data.lakeFolder, catalog)
let rows = 0
setInterval(() => {
  const { waitingFor } = sink.status()
  const status: FromRefill = { type: 'status', rows, ...(waitingFor === undefined ? {} : { waitingFor }) }
  process.send?.(status, undefined, undefined, () => {})
}, 1000)

try {
  for (;;) {
    const found = catalog.owed.owedParts('influx').flatMap((part) => {
      const files = catalog.owed.owedFiles(part, filesPerLook)
      return files.length > 0 ? [{ part, files }] : []
    })[0]
    if (!found) break
    await refillFiles(found.files, {
      reader,
      sink,
      signal: new AbortController().signal,
      gate: async () => await resting,
      onRows(more) {
        rows += more
      },
      onStored: ({ row }) => catalog.owed.owedDone('influx', found.part, row),
    })
  }
  log.info({ rows, lines: sink.status().counters.lines }, 'InfluxDB has what it was owed')
} catch (error) {
  log.error({ err: error }, `InfluxDB cannot be refilled: ${reasonOf(error)}`)
  process.exit(1)
}
process.exit(0)
