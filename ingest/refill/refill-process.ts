import { setTimeout as sleep } from 'node:timers/promises'
import { createLog } from '../../common/log.ts'
import { reasonOf } from '../../protos/errors.ts'
import { openCatalog } from '../catalog/catalog.ts'
import type { OwedPart } from '../catalog/owed-table.ts'
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
const reader = await openFileReader(data.lakeFolder, catalog)
let rows = 0
setInterval(() => {
  const { waitingFor } = sink.status()
  const status: FromRefill = { type: 'status', rows, ...(waitingFor === undefined ? {} : { waitingFor }) }
  process.send?.(status, undefined, undefined, () => {})
}, 1000)

const { unreadableAgainMs = 10 * 60_000 } = data
const keyOf = ({ from }: OwedPart): string => `${from.segment} ${from.offset}`
/** Parts that hold a file which cannot be read. */
const aside = new Set<string>()
/** The next files of a part that is not aside. */
const findOwed = () =>
  catalog.owed.owedParts('influx').flatMap((part) => {
    const files = aside.has(keyOf(part)) ? [] : catalog.owed.owedFiles(part, filesPerLook)
    return files.length > 0 ? [{ part, files }] : []
  })[0]
/** Until more is owed, or what is aside is to be tried again. */
const rest = async () => {
  const untilMs = performance.now() + unreadableAgainMs
  while (performance.now() < untilMs && !findOwed()) await sleep(lookAgainMs)
  if (performance.now() >= untilMs) aside.clear()
}

try {
  for (;;) {
    const found = findOwed()
    if (!found && aside.size === 0) break
    if (!found) {
      await rest()
      continue
    }
    await refillFiles(found.files, {
      reader,
      sink,
      signal: new AbortController().signal,
      gate: async () => await resting,
      onRows(more) {
        rows += more
      },
      onStored({ row }) {
        if (!aside.has(keyOf(found.part))) catalog.owed.owedDone('influx', found.part, row)
      },
      onUnreadable(file, { message }) {
        aside.add(keyOf(catalog.owed.setApart('influx', found.part, file)))
        log.error(`InfluxDB is still owed a file of the lake: ${message}; put it back from a copy, it is tried again`)
      },
    })
  }
  log.info({ rows, lines: sink.status().counters.lines }, 'InfluxDB has what it was owed')
} catch (error) {
  log.error({ err: error }, `InfluxDB cannot be refilled: ${reasonOf(error)}`)
  process.exit(1)
}
process.exit(0)
