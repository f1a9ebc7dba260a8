import { setFlagsFromString } from 'node:v8'
import { loadConfigHere } from '../common/config.ts'
import { runUntilSignal } from '../common/lifecycle.ts'
import { createLog } from '../common/log.ts'
import { startAgent } from './agent.ts'
import { agentConfig } from './config.ts'

/**
 * Runs an agent until a signal. Started by another program of ours (the demo, tests) with an IPC channel, it sends its
 * counters there, on request and at the end.
 */
export async function runAgent(file: string): Promise<void> {
  // V8 lets the space of young objects grow to 32 MB while a backlog drains, and the memory is the rig's. Collecting it more often costs
  // little: nearly nothing in it lives.
  setFlagsFromString('--semi-space-growth-factor=1')
  const config = loadConfigHere(agentConfig, file)
  const log = createLog(`agent ${config.rig}`)
  const agent = await startAgent(config, '.', log)
  const tell = () => process.send?.({ type: 'counters', counters: agent.counters() })
  process.on('message', tell)
  // Whoever started it with a channel is gone: nobody would stop it any more.
  if (process.send) process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  await runUntilSignal(log, async () => {
    await agent.close()
    tell()
    // The last message is out before the channel closes.
    if (process.send) await new Promise((resolve) => process.send?.({ type: 'closed' }, resolve))
  })
  process.exit(0)
}
