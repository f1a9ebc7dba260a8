import type { Command } from 'commander'
import * as z from 'zod'
import { startBroker } from './broker/broker.ts'
import { brokerConfig } from './broker/config.ts'
import { openAccess } from './common/access.ts'
import { loadConfigHere } from './common/config.ts'
import { drawSecret } from './common/credentials.ts'
import { runUntilSignal } from './common/lifecycle.ts'
import { createLog, type Logger } from './common/log.ts'
import { ingestSection } from './ingest/config.ts'
import { type Ingest, startIngest } from './ingest/ingest.ts'
import { exitWhenTakenOver } from './ingest/run.ts'

// `rigline up`: broker, ingest and page in one process, the embedded default.

export const upConfig = z.strictObject({
  broker: brokerConfig.prefault({}),
  ingest: ingestSection.prefault({}),
})

export interface Up {
  tcpPort: number
  ingest: Ingest
  close(): Promise<void>
}

/** Starts the broker, then ingest with a secret of its own. Throws if a port or the data folder can't be used. */
export async function startUp(config: z.infer<typeof upConfig>, log: Logger, anonymous = false): Promise<Up> {
  const access = anonymous ? undefined : await openAccess(config.broker.access, log)
  const secret = drawSecret()
  // Ingest reaches the broker without TLS on loopback, whatever else is configured for the rigs.
  const tcp = config.broker.listeners.tcp ?? { host: '127.0.0.1', port: 0, anonymous: false }
  const broker = await startBroker(
    { ...config.broker, listeners: { ...config.broker.listeners, tcp } },
    { access, ingests: [{ name: config.ingest.name, secret }], log },
  )
  const host = tcp.host === '0.0.0.0' || tcp.host === '::' ? '127.0.0.1' : tcp.host
  const url = `mqtt://${host.includes(':') ? `[${host}]` : host}:${broker.tcpPort}`
  const ingest = await startIngest(
    { ...config.ingest, broker: { url, secret, keepaliveS: 30 } },
    { log, access },
  ).catch(async (error) => {
    await broker.close()
    throw error
  })
  return {
    tcpPort: broker.tcpPort,
    ingest,
    async close() {
      await ingest.close()
      await broker.close()
      access?.close()
    },
  }
}

export function addUpCommand(program: Command): void {
  program
    .command('up')
    .description('run broker, ingest and page in one process')
    .option('-c, --config <file>', 'its configuration', process.env.RIGLINE_CONFIG ?? 'rigline.yaml')
    .action(async ({ config }: { config: string }) => {
      const log = createLog('rigline')
      const up = await startUp(loadConfigHere(upConfig, config), log)
      exitWhenTakenOver(up.ingest.takenOver, log, up.close)
      await runUntilSignal(log, up.close)
      process.exit(0)
    })
}
