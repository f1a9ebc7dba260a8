import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockFolder } from '../../../common/data-lock.ts'
import { createLog, type Logger } from '../../../common/log.ts'
import { openCatalog } from '../../catalog/catalog.ts'
import { lowerPriority } from '../../child-program.ts'
import { openQuarantine } from '../../quarantine.ts'
import { runSink } from '../run-sink.ts'
import { processPort } from '../sink-port.ts'
import { type LakeConfig, lakeDefaults } from './lake-config.ts'
import { openLakeSink } from './lake-sink.ts'

// The child process that writes the lake: a crash of native code in it must not stop receipts. Ingest starts it with its
// configuration as JSON in the first argument, and restarts it when it ends.

export interface LakeProcessData {
  journalFolder: string
  catalogFile: string
  quarantineFolder: string
  lakeFolder: string
  config?: Partial<Pick<LakeConfig, 'partBytesMax' | 'memoryBytesMax' | 'threads'>>
  quarantineBytesMax?: number
  /** Bounds of what waits for its schema: 64 MiB and a day. */
  parkBytesMax?: number
  parkAgeMaxMs?: number
}

const log = createLog('lake')
// Ingest says when to stop; a signal to the whole group must not cut the last write short.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
lowerPriority(5, log)
const data = JSON.parse(process.argv[2] ?? 'null') as LakeProcessData | null
if (!data) throw new Error('this program is started by ingest, with its configuration as JSON')

const unlock = await lockLake(data.lakeFolder, log)
const catalog = openCatalog(data.catalogFile, { mustExist: true })
try {
  const quarantine = openQuarantine(data.quarantineFolder, data.quarantineBytesMax, log)
  const { lakeFolder, journalFolder } = data
  await runSink({
    sink: await openLakeSink(
      { ...lakeDefaults, ...data.config, lakeFolder, journalFolder },
      { catalog, quarantine, log },
    ),
    journalFolder,
    catalog,
    quarantine,
    port: processPort(),
    log,
    parkBytesMax: data.parkBytesMax ?? 64 * 1024 * 1024,
    parkAgeMaxMs: data.parkAgeMaxMs ?? 24 * 3600 * 1000,
  })
} finally {
  catalog.close()
  unlock()
}
// The channel to ingest would keep the process alive.
if (process.connected) process.disconnect()

/** The process of an ingest that was killed may be in the middle of its last write: two writers must not meet. */
async function lockLake(lakeFolder: string, log: Logger): Promise<() => void> {
  mkdirSync(lakeFolder, { recursive: true })
  for (let tries = 0; ; tries++) {
    try {
      return await lockFolder(lakeFolder)
    } catch (error) {
      if (tries > 100) throw error
      if (tries === 0) log.warn({ err: error }, 'the lake is in use: waiting')
      await sleep(200)
    }
  }
}
