import { parentPort, workerData } from 'node:worker_threads'
import { createLog } from '../../../common/log.ts'
import { openCatalog } from '../../catalog/catalog.ts'
import { lowerPriority } from '../../child-program.ts'
import { openQuarantine } from '../../quarantine.ts'
import { runSink } from '../run-sink.ts'
import { workerPort } from '../sink-port.ts'
import type { InfluxConfig } from './config.ts'
import { createInfluxSink } from './influx-sink.ts'

// The worker thread that writes to InfluxDB, so that making lines doesn't hold up receipts.

export interface InfluxWorkerData {
  journalFolder: string
  catalogFile: string
  quarantineFolder: string
  config: InfluxConfig
  quarantineBytesMax?: number
  /** Bounds of what waits for its schema: 64 MiB and a day. */
  parkBytesMax?: number
  parkAgeMaxMs?: number
}

const data = workerData as InfluxWorkerData
const log = createLog('influx')
// While it catches up, receipts go first. On Linux a thread has a priority of its own; elsewhere this would be the whole ingest's.
if (process.platform === 'linux') lowerPriority(5, log)
const catalog = openCatalog(data.catalogFile, { mustExist: true })
const quarantine = openQuarantine(data.quarantineFolder, data.quarantineBytesMax, log)
try {
  await runSink({
    sink: createInfluxSink(data.config, { catalog, quarantine, log }),
    journalFolder: data.journalFolder,
    catalog,
    quarantine,
    port: workerPort(),
    log,
    parkBytesMax: data.parkBytesMax ?? 64 * 1024 * 1024,
    parkAgeMaxMs: data.parkAgeMaxMs ?? 24 * 3600 * 1000,
  })
} finally {
  catalog.close()
}
// Its listener would keep the thread alive.
parentPort?.close()
