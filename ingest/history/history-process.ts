import { rmSync } from 'node:fs'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { createLog } from '../../common/log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { openCatalog } from '../catalog/catalog.ts'
import { lowerPriority } from '../child-program.ts'
import { createKnownSchemas } from '../sinks/known-schemas.ts'
import { createFiles } from './files.ts'
import { createKnownTimes } from './known-times.ts'
import type { Engine } from './look.ts'
import { createHistoryServer } from './serve.ts'
import { createTail } from './tail.ts'
import type { FromHistory, HistoryProcessData, ToHistory } from './wire.ts'

// The child process that answers questions about what is stored: neither a crash nor a lack of memory in it may touch receipts. Ingest starts it
// with its configuration as JSON in the first argument, and restarts it when it ends.

const log = createLog('history')
// Ingest says when to stop, by closing the channel.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
// Ingest may go away before this has started.
process.on('disconnect', () => end())
let end = () => process.exit(0)
if (process.send && !process.connected) end()
lowerPriority(5, log)
const data = JSON.parse(process.argv[2] ?? 'null') as HistoryProcessData | null
if (!data || !process.send) throw new Error('this program is started by ingest, with its configuration as JSON')
const { config, lakeFolder } = data
// The data folder's lock says that there is one ingest, and so one of these.
const folder = join(lakeFolder, 'answers')
end = () => {
  // Of ingest's own making, for this socket and those before it: nobody else would remove it if ingest was killed.
  rmSync(dirname(data.socket), { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
  // What is being answered is broken off: ingest is gone.
  process.exit(0)
}
await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })

const catalog = openCatalog(data.catalogFile, { readOnly: true })
const instance = await DuckDBInstance.create(':memory:', {
  threads: String(config.threads),
  memory_limit: `${Math.floor(config.memoryBytesMax / 1e6)}MB`,
  temp_directory: join(folder, 'spill'),
  // What comes in order is not sorted again.
  preserve_insertion_order: 'true',
  // The system keeps files in memory already; this one would count against what queries may take.
  enable_external_file_cache: 'false',
  autoinstall_known_extensions: 'false',
})
const tail = createTail({ journalFolder: data.journalFolder, bytesMax: config.tailBytesMax, log })
const counters: Record<string, number> = {}
const engine: Engine = {
  instance,
  catalog,
  tail,
  files: createFiles(lakeFolder),
  schemas: createKnownSchemas(catalog),
  counters,
  times: createKnownTimes(),
}
tail.look(catalog.cursor('lake'))

const say = (message: FromHistory) => void process.send?.(message, undefined, undefined, () => {})

// Follows along, so that a question finds the tail read.
const followEveryMs = 100
let synced: Position | undefined
let following = false
process.on('message', (message: ToHistory) => {
  synced = message.position
})
setInterval(() => {
  if (following || !synced) return
  following = true
  tail
    .follow(synced)
    .then(() => tail.look(catalog.cursor('lake')))
    .catch((error) => log.error({ err: error }, 'the journal cannot be followed'))
    .finally(() => {
      following = false
    })
}, followEveryMs)
setInterval(() => say({ type: 'status', counters: { ...counters, tailBytes: tail.bytes } }), 1000)

const server = createHistoryServer({
  engine,
  folder,
  journalFolder: data.journalFolder,
  quarantineFolder: join(dirname(data.catalogFile), 'quarantine'),
  log,
})
await mkdir(dirname(data.socket), { recursive: true, mode: 0o700 })
server.listen(data.socket, () => {
  void chmod(data.socket, 0o600).then(() => say({ type: 'ready' }))
})
