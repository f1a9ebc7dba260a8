import { openAccess } from '../common/access.ts'
import { loadConfig, loadConfigHere } from '../common/config.ts'
import { runUntilSignal } from '../common/lifecycle.ts'
import { createLog } from '../common/log.ts'
import { isLoopback } from '../common/loopback.ts'
import { version } from '../common/program.ts'
import { startBroker } from './broker.ts'
import { brokerConfig } from './config.ts'

/** `rigline broker`: runs until a signal. Throws ConfigError before anything listens. */
export async function runBroker(file: string | undefined): Promise<void> {
  const config = file === undefined ? loadConfig(brokerConfig, file) : loadConfigHere(brokerConfig, file)
  const log = createLog('broker')
  const everyone = Object.values(config.listeners).every((listener) => !listener || listener.anonymous)
  const access = everyone ? undefined : await openAccess(config.access, log)
  const broker = await startBroker(config, { access, log })
  const { tcpPort, tlsPort, wsPort, wssPort } = broker
  log.info({ version, tcpPort, tlsPort, wsPort, wssPort }, 'broker ready')
  for (const name of ['tcp', 'ws'] as const) {
    const host = config.listeners[name]?.host
    if (host === undefined || isLoopback(host)) continue
    const better = name === 'tcp' ? 'tls' : 'wss'
    log.warn({ listener: name, host }, `secrets cross the network in the clear here; listeners.${better} keeps them`)
  }
  await runUntilSignal(log, async () => {
    await broker.close()
    access?.close()
  })
}
