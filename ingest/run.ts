import { type Access, openAccess } from '../common/access.ts'
import { loadConfigHere } from '../common/config.ts'
import { runUntilSignal } from '../common/lifecycle.ts'
import { createLog, type Logger } from '../common/log.ts'
import { ingestConfig } from './config.ts'
import { startIngest } from './ingest.ts'

/** Exit code of an ingest whose groups were taken over by another one. */
const takenOverCode = 3
const closeMostMs = 10_000

/** Closes and exits when another ingest has taken over. */
export function exitWhenTakenOver(takenOver: Promise<never>, log: Logger, close: () => Promise<void>): void {
  takenOver.catch(async (error: Error) => {
    log.error({ err: error }, 'giving way')
    setTimeout(() => process.exit(takenOverCode), closeMostMs)
    await close().catch((err) => log.error({ err }, 'not closed in order'))
    process.exit(takenOverCode)
  })
}

/** Runs ingest until a signal. */
export async function runIngest(file: string): Promise<void> {
  const config = loadConfigHere(ingestConfig, file)
  const log = createLog(`ingest ${config.name}`)
  const access: Access | undefined = config.access === undefined ? undefined : await openAccess(config.access, log)
  const ingest = await startIngest(config, { log, access })
  exitWhenTakenOver(ingest.takenOver, log, ingest.close)
  await runUntilSignal(log, async () => {
    await ingest.close()
    access?.close()
  })
  process.exit(0)
}
